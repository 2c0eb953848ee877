//! One import as GraphQL shows it.

use async_graphql::{Enum, ID, SimpleObject, Value};
use entity::imports;

use crate::relay;
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

    fn field(&self, selected: &Selected) -> Value {
        let import = self.0;
        match selected.name.as_str() {
            "id" => Value::String(relay::node_id("Import", import.id)),
            "databaseId" => BigInt::write(import.id),
            "completedAt" => import.completed_at.map_or(Value::Null, DateTime::write),
            "fileName" => Value::from(import.file_name.as_str()),
            "fileSize" => BigInt::write(import.file_size),
            "note" => import.note.as_deref().map_or(Value::Null, Value::from),
            "type" => Value::from(import.kind.as_str()),
            "status" => async_graphql::resolver_utils::enum_value(ImportStatus::from(import.status)),
            "createdAt" => DateTime::write(import.created_at),
            "updatedAt" => DateTime::write(import.updated_at),
            _ => Value::Null,
        }
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
