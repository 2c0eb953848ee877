//! One import as GraphQL shows it.

use async_graphql::{Enum, ID};
use entity::{Instant, imports};

use crate::json::Json;
use crate::relay;
use crate::scalars::{BigInt, DateTime};
use crate::selection::compiled::Selection;
use crate::selection::table::{self, Needs, Object, leaf};
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

/// The type `Import`; an import is written from its row.
#[derive(Debug)]
pub struct Import;

impl Object for Import {
    const NAME: &'static str = "Import";
    const DESCRIPTION: &'static str = "An uploaded file and what became of it.";
    const IMPLEMENTS: &'static [&'static str] = &["Node"];
    const FIELDS: &'static [table::Field<Self>] = &[
        leaf::<Self, ID>("id", "Opaque, for refetching with `node`.", |row, json| {
            relay::write_node_id(Self::NAME, row.id, json);
        })
        .needs(column(Field::Id)),
        leaf::<Self, BigInt>("databaseId", "The id of the REST API.", |row, json| {
            json.number_string(row.id);
        })
        .needs(column(Field::Id)),
        leaf::<Self, Option<DateTime>>(
            "completedAt",
            "When the import ended; null while it has not.",
            |row, json| match row.completed_at {
                Some(completed_at) => write_instant(completed_at, json),
                None => json.null(),
            },
        )
        .needs(column(Field::CompletedAt)),
        leaf::<Self, String>("fileName", "The name of the uploaded file.", |row, json| {
            json.string(&row.file_name);
        })
        .needs(column(Field::FileName)),
        leaf::<Self, BigInt>("fileSize", "The size of the file, in bytes.", |row, json| {
            json.number_string(row.file_size);
        })
        .needs(column(Field::FileSize)),
        leaf::<Self, Option<String>>(
            "note",
            "What was noted of the import, if anything.",
            |row, json| match &row.note {
                Some(note) => json.string(note),
                None => json.null(),
            },
        )
        .needs(column(Field::Note)),
        leaf::<Self, String>(
            "type",
            "What is imported, such as `VehicleImport`. New types may come at any time.",
            |row, json| json.string(&row.kind),
        )
        .needs(column(Field::Kind)),
        leaf::<Self, ImportStatus>("status", "The state of the import.", |row, json| {
            json.plain(graphql_name(row.status).as_bytes());
        })
        .needs(column(Field::Status)),
        leaf::<Self, DateTime>("createdAt", "When the file was uploaded.", |row, json| {
            write_instant(row.created_at, json);
        })
        .needs(column(Field::CreatedAt)),
        leaf::<Self, DateTime>("updatedAt", "When the import last changed.", |row, json| {
            write_instant(row.updated_at, json);
        })
        .needs(column(Field::UpdatedAt)),
    ];
    type Source<'a> = &'a imports::Model;
}

const fn column(field: Field) -> Needs {
    Needs::columns(Fields::NONE.with(field).bits())
}

fn write_instant(instant: Instant, json: &mut Json) {
    json.plain(&instant.to_text());
}

/// The columns that a selection of an import needs.
pub(crate) fn fields(selected: &Selection<Import>) -> Fields {
    Fields::of_bits(selected.needs().columns)
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
