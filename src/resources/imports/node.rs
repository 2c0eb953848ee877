//! One import as GraphQL shows it.

use async_graphql::{Enum, ID, SimpleObject};
use entity::{Instant, imports};

use crate::json::Json;
use crate::relay::{self, GlobalRow};
use crate::scalars::{BigInt, DateTime};
use crate::selection::{Composite, Selected};
use crate::store::imports::{Field, Fields};

/// The state of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::ImportStatus")]
pub enum ImportStatus {
    /// Created; nothing has happened yet.
    New,
    /// Waiting for a worker.
    Queued,
    /// Being read.
    Processing,
    /// Ended; some records were stored and some were not.
    PartiallyComplete,
    /// Ended; nothing was stored.
    Failed,
    /// Ended; every record was stored.
    Complete,
    /// Ended before all records were read.
    Incomplete,
    /// Undone.
    RolledBack,
    /// Being undone.
    RollingBack,
    /// Refused: the file is of no kind that can be imported.
    Unsupported,
}

/// An uploaded file and what became of it.
#[derive(Clone, Debug, SimpleObject)]
pub struct Import {
    /// Opaque, for refetching with `node`.
    pub id: ID,
    /// The id of the REST API.
    pub database_id: BigInt,
    /// When the import ended; null while it has not.
    pub completed_at: Option<DateTime>,
    /// The name of the uploaded file.
    pub file_name: String,
    /// The size of the file, in bytes.
    pub file_size: BigInt,
    /// What was noted of the import, if anything.
    pub note: Option<String>,
    /// What is imported, such as `VehicleImport`. New types may come at any time.
    #[graphql(name = "type")]
    pub kind: String,
    /// The state of the import.
    pub status: ImportStatus,
    /// When the file was uploaded.
    pub created_at: DateTime,
    /// When the import last changed.
    pub updated_at: DateTime,
}

/// A row that writes itself as an `Import`.
pub(crate) struct Row<'a>(pub(crate) &'a imports::Model);

impl Composite for Row<'_> {
    fn type_name(&self) -> &'static str {
        "Import"
    }

    fn field(&self, selected: &Selected, json: &mut Json) {
        let import = self.0;
        let instant = |json: &mut Json, instant: Instant| json.plain(&instant.to_text());
        match selected.name.as_str() {
            "id" => {
                let (account_id, id) = (import.account_id, import.id);
                json.plain(relay::node_id("Import", GlobalRow { account_id, id }).as_bytes());
            }
            "databaseId" => json.number_string(import.id),
            "completedAt" => match import.completed_at {
                Some(completed_at) => instant(json, completed_at),
                None => json.null(),
            },
            "fileName" => json.string(&import.file_name),
            "fileSize" => json.number_string(import.file_size),
            "note" => match &import.note {
                Some(note) => json.string(note),
                None => json.null(),
            },
            "type" => json.string(&import.kind),
            "status" => json.plain(graphql_name(import.status).as_bytes()),
            "createdAt" => instant(json, import.created_at),
            "updatedAt" => instant(json, import.updated_at),
            _ => json.null(),
        }
    }
}

/// The name of a state in the public schema.
pub(super) const fn graphql_name(status: entity::ImportStatus) -> &'static str {
    match status {
        entity::ImportStatus::New => "NEW",
        entity::ImportStatus::Queued => "QUEUED",
        entity::ImportStatus::Processing => "PROCESSING",
        entity::ImportStatus::PartiallyComplete => "PARTIALLY_COMPLETE",
        entity::ImportStatus::Failed => "FAILED",
        entity::ImportStatus::Complete => "COMPLETE",
        entity::ImportStatus::Incomplete => "INCOMPLETE",
        entity::ImportStatus::RolledBack => "ROLLED_BACK",
        entity::ImportStatus::RollingBack => "ROLLING_BACK",
        entity::ImportStatus::Unsupported => "UNSUPPORTED",
    }
}

/// The columns that the selected fields of an import need; `None` where nothing is selected.
pub(crate) fn fields(selected: &[Selected]) -> Option<Fields> {
    let column = |selected: &Selected| match selected.name.as_str() {
        "completedAt" => Field::CompletedAt,
        "fileName" => Field::FileName,
        "fileSize" => Field::FileSize,
        "note" => Field::Note,
        "type" => Field::Kind,
        "status" => Field::Status,
        "createdAt" => Field::CreatedAt,
        "updatedAt" => Field::UpdatedAt,
        _ => Field::Id,
    };
    (!selected.is_empty()).then(|| selected.iter().map(column).fold(Fields::NONE, Fields::with))
}
