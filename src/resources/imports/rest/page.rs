//! The JSON of a page and of a record: the wire types, which the API's description is derived from too.

use entity::{ImportStatus, Instant, imports};
use keyset::{Direction, Key};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use super::Question;
use crate::list::Listing;
use crate::store::imports::Column;

/// A page of imports.
#[derive(Serialize, ToSchema)]
pub struct Page<'a> {
    /// The cursor at which this page starts; null where it is empty.
    #[schema(required)]
    start_cursor: Option<String>,
    /// The cursor at which the next page starts; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
    /// The page size in force.
    #[schema(minimum = 2, maximum = 100)]
    per_page: usize,
    /// Imports from the start of this page on, this page included; counted up to 500.
    #[schema(maximum = 500)]
    estimated_remaining_count: u64,
    /// The filters applied, as they were asked for, one object each.
    filtered_by: &'a [FilteredBy],
    /// The sort keys applied, most significant first, one object each.
    sorted_by: &'a [SortedBy],
    /// The imports.
    records: Vec<Record<'a>>,
}

impl<'a> Page<'a> {
    /// What was read for a question, with the question's echoes.
    #[must_use]
    pub fn new(question: &'a Question, listing: &'a Listing) -> Self {
        let cursor = |import: &imports::Model| keyset::encode(&question.window.order().position(import));
        Self {
            start_cursor: listing.rows.first().map(cursor),
            next_cursor: listing.beyond.as_ref().map(cursor),
            per_page: question.window.size(),
            estimated_remaining_count: listing.count,
            filtered_by: &question.filtered_by,
            sorted_by: &question.sorted_by,
            records: listing.rows.iter().map(Record::from).collect(),
        }
    }
}

/// An import.
#[derive(Serialize, ToSchema)]
pub struct Record<'a> {
    /// The import's id, unique in its account.
    id: i64,
    /// When the import ended; null while it has not.
    #[serde(serialize_with = "optional_instant")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    completed_at: Option<Instant>,
    /// The name of the uploaded file.
    file_name: &'a str,
    /// The size of the file in bytes, as a decimal string.
    #[serde(serialize_with = "decimal")]
    #[schema(value_type = String, pattern = "^[0-9]+$")]
    file_size: i64,
    /// What was noted of the import, if anything.
    #[schema(required)]
    note: Option<&'a str>,
    /// What is imported, such as `VehicleImport`. New types may come at any time.
    #[serde(rename = "type")]
    kind: &'a str,
    /// The state of the import.
    #[schema(schema_with = status_schema)]
    status: &'static str,
    /// When the file was uploaded.
    #[serde(serialize_with = "instant")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    /// When the import last changed.
    #[serde(serialize_with = "instant")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Instant,
}

impl<'a> From<&'a imports::Model> for Record<'a> {
    fn from(import: &'a imports::Model) -> Self {
        Self {
            id: import.id,
            completed_at: import.completed_at,
            file_name: &import.file_name,
            file_size: import.file_size,
            note: import.note.as_deref(),
            kind: &import.kind,
            status: import.status.name(),
            created_at: import.created_at,
            updated_at: import.updated_at,
        }
    }
}

/// A filter that was applied: its field, its operator, and the value as it came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FilteredBy {
    /// On the state.
    Status(StatusFilter),
    /// On the time of the upload.
    CreatedAt(TimeFilter),
    /// On the time of the last change.
    UpdatedAt(TimeFilter),
}

/// A filter on the state that was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusFilter {
    /// The states included, as the comma list that came in.
    Include(String),
}

/// A bound on an instant that was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeFilter {
    /// Before it.
    Lt(String),
    /// Before it or at it.
    Lte(String),
    /// After it.
    Gt(String),
    /// After it or at it.
    Gte(String),
}

/// A sort key that was applied, and its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortedBy {
    /// By id.
    Id(SortDirection),
    /// By the time of the upload.
    CreatedAt(SortDirection),
    /// By the time of the last change.
    UpdatedAt(SortDirection),
}

/// Which way a key sorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortDirection {
    /// Smallest or oldest first.
    Asc,
    /// Largest or newest first.
    Desc,
}

impl SortedBy {
    /// The echo of a key; none for a column that no client can sort by.
    pub(super) fn new(key: Key<Column>) -> Option<Self> {
        let direction = match key.direction {
            Direction::Asc => SortDirection::Asc,
            Direction::Desc => SortDirection::Desc,
        };
        match key.column {
            Column::Id => Some(Self::Id(direction)),
            Column::CreatedAt => Some(Self::CreatedAt(direction)),
            Column::UpdatedAt => Some(Self::UpdatedAt(direction)),
            Column::Status | Column::AccountId => None,
        }
    }
}

fn instant<S: Serializer>(instant: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    let text = instant.to_text();
    serializer.serialize_str(str::from_utf8(&text).map_err(serde::ser::Error::custom)?)
}

fn optional_instant<S: Serializer>(value: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => instant(value, serializer),
        None => serializer.serialize_none(),
    }
}

fn decimal<S: Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

fn status_schema() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("The state of the import."))
        .enum_values(Some(ImportStatus::ALL.map(ImportStatus::name)))
        .build()
}
