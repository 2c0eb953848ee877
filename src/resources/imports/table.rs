//! The table `imports`, described: its columns, what its lists can be sorted and filtered by, and its connection.

use async_graphql::{Enum, OneofObject};
use entity::imports;

use crate::json::Json;
use crate::resources::connection::connection;
use crate::resources::filter::{
    AppliedValue, Asked, DateTimeBound, DateTimeFilter, ImportTextFilter, ImportTextMatched, Listed,
    OperatorKind, Operators, Paths, Shows, filters, listed,
};
use crate::resources::sort::sorts;
use crate::resources::table::{RowId, Shown, table};
use crate::resources::{FieldError, ListItems};
use crate::scalars::{BigInt, DateTime};
use crate::selection::table::object;
use crate::store::query::table::Kind;

table! {
    /// An uploaded file and what became of it.
    pub Import: imports::Model, table "imports", each "import", newer by UpdatedAt, counted by CreatedAt,
        changes "import_changes" noting [CompletedAt, FileName, Kind, Status, CreatedAt, UpdatedAt];

    /// The id of the REST API.
    Id: RowId = id, "id", "databaseId", rest "The import's id, unique in its account.",
        sorts(1, "", "imports_status_id");
    /// When the import ended; null while it has not.
    CompletedAt: Option<DateTime> = completed_at, "completed_at", "completedAt",
        index("imports_completed");
    /// The name of the uploaded file.
    FileName: String = file_name, "file_name", "fileName", derived("file_name_search");
    /// The size of the file, in bytes.
    FileSize: BigInt = file_size, "file_size", "fileSize", rest "The size of the file in bytes, as a decimal string.";
    /// What was noted of the import, if anything.
    Note: Option<String> = note, "note", "note";
    /// What is imported, such as `VehicleImport`. New types may come at any time.
    Kind: String = kind, "type", "type", index("imports_type"), derived("type_prefix");
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

    /// Imports in one of these states, or in none of them.
    Status: ImportStatusFilter = status, "status", shown "The filter on the state." as ImportStatusIncluded,
        rest "On the state.", "one of these states: one state, or several";
    /// Imports created in this time.
    CreatedAt: DateTimeFilter = created_at, "createdAt", shown "A bound on the time of the upload." as DateTimeBound,
        rest "On the time of the upload.", "Imports uploaded";
    /// Imports last changed in this time.
    UpdatedAt: DateTimeFilter = updated_at, "updatedAt", shown "A bound on the time of the last change." as DateTimeBound,
        rest "On the time of the last change.", "Imports last changed";
    /// Imports of one of these types, or of none of them.
    Kind: ImportTypeFilter = kind, "type", shown "The filter on the type." as ImportTypeIncluded,
        rest "On the type.", "one of these types: one type, or several";
    /// Imports of files with such names.
    FileName: ImportTextFilter = file_name, "fileName", shown "The search in the names of files." as ImportTextMatched,
        rest "On the name of the file.", "Imports whose file name";
    /// Imports that ended in this time; one that has not ended is outside every time.
    CompletedAt: DateTimeFilter = completed_at, "completedAt", shown "A bound on the time of the end." as DateTimeBound,
        rest "On the time of the end.", "Imports ended";
    /// Whether imports have ended, that is, whether they have a `completedAt`.
    CompletedAt: bool = is_completed, "isCompleted", shown "Whether imports have ended." is bool,
        rest "Whether it has ended.", "Whether imports have ended, that is, have a `completed_at`: `true` or `false`.",
        named "is_completed";
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

/// A filter on the state of an import: exactly one list.
#[derive(Clone, Debug, OneofObject)]
pub enum ImportStatusFilter {
    /// The states to include, at least one.
    Include(Vec<ImportStatus>),
    /// The states to leave out, at least one.
    Exclude(Vec<ImportStatus>),
}

impl Operators for ImportStatusFilter {
    const KIND: OperatorKind = OperatorKind::Names {
        several: "statuses",
        example: "partially_complete,complete",
    };

    fn asked(&self, paths: Paths, most: ListItems) -> Result<Asked, FieldError> {
        let (statuses, is_excluded) = match self {
            Self::Include(statuses) => (statuses, false),
            Self::Exclude(statuses) => (statuses, true),
        };
        let names = statuses
            .iter()
            .map(|status| entity::ImportStatus::from(*status).name());
        listed(names.collect(), is_excluded, paths, most).map(Asked::Names)
    }
}

/// A filter on the type of an import: exactly one list. Types are compared as they are, their case too.
#[derive(Clone, Debug, OneofObject)]
pub enum ImportTypeFilter {
    /// The types to include, at least one.
    Include(Vec<String>),
    /// The types to leave out, at least one.
    Exclude(Vec<String>),
}

impl Operators for ImportTypeFilter {
    const KIND: OperatorKind = OperatorKind::Texts {
        several: "types",
        example: "VehicleImport,FuelEntryImport",
    };

    fn asked(&self, paths: Paths, most: ListItems) -> Result<Asked, FieldError> {
        let (types, is_excluded) = match self {
            Self::Include(types) => (types, false),
            Self::Exclude(types) => (types, true),
        };
        listed(types.clone(), is_excluded, paths, most).map(Asked::Texts)
    }
}

object! {
    /// The states that were asked for.
    pub ImportStatusIncluded<'a>(&'a Listed<&'static str>);

    /// The states that are included, each once: those asked for, or all but those excluded.
    "include": Vec<ImportStatus> = |names, json| {
        let is_in = |name: &&'static str| names.items.contains(name) != names.is_excluded;
        let all = entity::ImportStatus::NAMES;
        let left: Vec<_> = all.into_iter().filter(is_in).collect();
        json.list(if names.is_excluded { &left } else { &names.items }, |json, name| json.upper(name));
    };
    /// The states that were excluded, each once; null where none were.
    "exclude": Option<Vec<ImportStatus>> = |names, json| match names.is_excluded {
        true => json.list(&names.items, |json, name| json.upper(name)),
        false => json.null(),
    };
}

impl Shows for ImportStatusIncluded {
    fn source(value: AppliedValue<'_>) -> Option<&Listed<&'static str>> {
        match value {
            AppliedValue::Names(names) => Some(names),
            _ => None,
        }
    }
}

object! {
    /// The types that were asked for: one key is set, the other is null.
    pub ImportTypeIncluded<'a>(&'a Listed<String>);

    /// The types that were included, each once.
    "include": Option<Vec<String>> = |types, json| write_types(types, false, json);
    /// The types that were excluded, each once.
    "exclude": Option<Vec<String>> = |types, json| write_types(types, true, json);
}

impl Shows for ImportTypeIncluded {
    fn source(value: AppliedValue<'_>) -> Option<&Listed<String>> {
        match value {
            AppliedValue::Texts(texts) => Some(texts),
            _ => None,
        }
    }
}

fn write_types(types: &Listed<String>, is_excluded: bool, json: &mut Json) {
    if types.is_excluded == is_excluded {
        json.list(&types.items, |json, text| json.string(text));
    } else {
        json.null();
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
