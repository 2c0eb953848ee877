//! One import as GraphQL shows it.

use async_graphql::{Enum, ID};
use entity::{Instant, imports};

use crate::json::Json;
use crate::relay::{self, GlobalRow};
use crate::scalars::{BigInt, DateTime};
use crate::selection::compiled::Selection;
use crate::selection::table::{Needs, object};
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

object! {
    /// An uploaded file and what became of it.
    pub Import<'a>(&'a imports::Model) implements "Node";

    /// Opaque, for refetching with `node`.
    "id": ID = |row, json| relay::write_node_id(Self::NAME, global(row), json), needs column(Field::Id);
    /// The id of the REST API.
    "databaseId": BigInt = |row, json| json.number_string(row.id), needs column(Field::Id);
    /// When the import ended; null while it has not.
    "completedAt": Option<DateTime> = |row, json| match row.completed_at {
        Some(completed_at) => write_instant(completed_at, json),
        None => json.null(),
    }, needs column(Field::CompletedAt);
    /// The name of the uploaded file.
    "fileName": String = |row, json| json.string(&row.file_name), needs column(Field::FileName);
    /// The size of the file, in bytes.
    "fileSize": BigInt = |row, json| json.number_string(row.file_size), needs column(Field::FileSize);
    /// What was noted of the import, if anything.
    "note": Option<String> = |row, json| match &row.note {
        Some(note) => json.string(note),
        None => json.null(),
    }, needs column(Field::Note);
    /// What is imported, such as `VehicleImport`. New types may come at any time.
    "type": String = |row, json| json.string(&row.kind), needs column(Field::Kind);
    /// The state of the import.
    "status": ImportStatus = |row, json| write_status(row.status, json), needs column(Field::Status);
    /// When the file was uploaded.
    "createdAt": DateTime = |row, json| write_instant(row.created_at, json), needs column(Field::CreatedAt);
    /// When the import last changed.
    "updatedAt": DateTime = |row, json| write_instant(row.updated_at, json), needs column(Field::UpdatedAt);
}

const fn column(field: Field) -> Needs {
    Needs::of_columns(Fields::NONE.with(field).bits())
}

/// What an import's `id` names. The account is the caller's: it is known without a column.
fn global(row: &imports::Model) -> GlobalRow {
    GlobalRow {
        account_id: row.account_id,
        id: row.id,
    }
}

fn write_instant(instant: Instant, json: &mut Json) {
    json.plain(&instant.to_text());
}

/// The columns that a selection of an import needs.
pub(crate) fn fields(selected: &Selection<Import>) -> Fields {
    Fields::of_bits(selected.needs().columns())
}

/// Writes a state under its name in the public schema.
pub(super) fn write_status(status: entity::ImportStatus, json: &mut Json) {
    let name = match status {
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
    };
    json.plain(name.as_bytes());
}
