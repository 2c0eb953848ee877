//! The table `imports`, described: its columns, what its lists can be sorted and filtered by, and its connection.

use async_graphql::{Enum, InputObject};
use entity::imports;

use crate::resources::connection::connection;
use crate::resources::filter::{
    AppliedValue, Asked, DateTimeBound, DateTimeFilter, OperatorKind, Operators, Shows, filters, included,
};
use crate::resources::sort::sorts;
use crate::resources::table::{RowId, Shown, table};
use crate::resources::{FieldError, ListItems};
use crate::scalars::{BigInt, DateTime};
use crate::selection::table::object;
use crate::store::query::table::Kind;

table! {
    /// An uploaded file and what became of it.
    pub Import: imports::Model, table "imports", each "import", newer by UpdatedAt;

    /// The id of the REST API.
    Id: RowId = id, "id", "databaseId", rest "The import's id, unique in its account.",
        sorts(1, "", "imports_status_id");
    /// When the import ended; null while it has not.
    CompletedAt: Option<DateTime> = completed_at, "completed_at", "completedAt";
    /// The name of the uploaded file.
    FileName: String = file_name, "file_name", "fileName";
    /// The size of the file, in bytes.
    FileSize: BigInt = file_size, "file_size", "fileSize", rest "The size of the file in bytes, as a decimal string.";
    /// What was noted of the import, if anything.
    Note: Option<String> = note, "note", "note";
    /// What is imported, such as `VehicleImport`. New types may come at any time.
    Kind: String = kind, "type", "type";
    /// The state of the import.
    Status: ImportStatus = status, "status", "status";
    /// When the file was uploaded.
    CreatedAt: DateTime = created_at, "created_at", "createdAt",
        sorts(2, "imports_created", "imports_status_created");
    /// When the import last changed.
    UpdatedAt: DateTime = updated_at, "updated_at", "updatedAt",
        sorts(3, "imports_updated", "imports_status_updated");
}

sorts! {
    pub ImportSort, shown as ImportSortedBy;

    /// By the id of the REST API.
    Id = "id", rest "By id.";
    /// By the time of the upload.
    CreatedAt = "createdAt";
    /// By the time of the last change.
    UpdatedAt = "updatedAt";
}

filters! {
    /// Filters of a list of imports; all that are given must hold.
    pub ImportFilter, shown as ImportFilteredBy;

    /// Imports in one of these states.
    Status: ImportStatusFilter = status, "status", shown "The filter on the state." as ImportStatusIncluded,
        rest "On the state.", "Imports in one of these states: one state, or several";
    /// Imports created in this time.
    CreatedAt: DateTimeFilter = created_at, "createdAt", shown "A bound on the time of the upload." as DateTimeBound,
        rest "On the time of the upload.", "Imports uploaded";
    /// Imports last changed in this time.
    UpdatedAt: DateTimeFilter = updated_at, "updatedAt", shown "A bound on the time of the last change." as DateTimeBound,
        rest "On the time of the last change.", "Imports last changed";
}

connection! {
    pub ImportConnection of Import: "import", "An import", "imports", "Imports";
    edge ImportEdge, filtered ImportFilteredBy, sorted ImportSortedBy;
}

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

impl Shown for ImportStatus {
    type Graphql = Self;
    const KIND: Kind = Kind::Names(&entity::ImportStatus::NAMES);
}

/// A filter on the state of an import.
#[derive(Clone, Debug, InputObject)]
pub struct ImportStatusFilter {
    /// The states to include, at least one.
    pub include: Vec<ImportStatus>,
}

impl Operators for ImportStatusFilter {
    const KIND: OperatorKind = OperatorKind::Names {
        several: "statuses",
        example: "partially_complete,complete",
    };

    fn asked(
        &self,
        argument: &'static str,
        field: &'static str,
        most: ListItems,
    ) -> Result<Asked, FieldError> {
        most.check(argument, &self.include)?;
        let names = self
            .include
            .iter()
            .map(|status| entity::ImportStatus::from(*status).name());
        included(names, argument, field)
    }
}

object! {
    /// The states that were included.
    pub ImportStatusIncluded<'a>(&'a [&'static str]);

    /// The states, each once.
    "include": Vec<ImportStatus> = |statuses, json| json.list(statuses, |json, status| json.upper(status));
}

impl Shows for ImportStatusIncluded {
    fn source(value: AppliedValue<'_>) -> Option<&[&'static str]> {
        match value {
            AppliedValue::Names(names) => Some(names),
            AppliedValue::Bound(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sea_orm::{ColumnTrait as _, IdenStatic as _, Iterable as _};

    use super::Column;
    use crate::store::query::table::Column as _;

    #[test]
    fn the_table_is_described_as_its_entity_has_it() {
        let of_entity = entity::imports::Column::iter();
        let of_entity: BTreeMap<_, _> = of_entity
            .map(|column| (column.as_str(), column.def().is_null()))
            .collect();
        let described = Column::ALL.iter().chain([&Column::ACCOUNT]);
        let described: BTreeMap<_, _> = described
            .map(|column| (column.name(), column.is_optional()))
            .collect();
        assert_eq!(described, of_entity);
        for (place, column) in Column::ALL.iter().enumerate() {
            assert_eq!(usize::from(column.place()), place, "{column:?}");
        }
    }
}
