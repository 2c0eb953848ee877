//! A schema with the arguments of the real one; `asked` shows what a resolver was given.

use async_graphql::{
    EmptyMutation, EmptySubscription, Enum, ID, InputObject, InputValueError, InputValueResult, Object,
    OneofObject, Scalar, ScalarType, Schema, SimpleObject, Value,
};

pub(super) struct BigInt(String);

#[Scalar(name = "BigInt")]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            value => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

#[derive(Debug)]
pub(super) struct DateTime(String);

#[Scalar(name = "DateTime")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            value => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
pub(super) enum ImportStatus {
    New,
    Failed,
    PartiallyComplete,
}

#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
pub(super) enum SortDirection {
    Asc,
    Desc,
}

#[derive(Debug, InputObject)]
pub(super) struct ImportFilter {
    status: Option<ImportStatusFilter>,
    created_at: Option<DateTimeFilter>,
    updated_at: Option<DateTimeFilter>,
}

#[derive(Debug, InputObject)]
pub(super) struct ImportStatusFilter {
    include: Vec<ImportStatus>,
}

/// One bound.
#[derive(Debug, OneofObject)]
pub(super) enum DateTimeFilter {
    Lt(DateTime),
    Gte(DateTime),
    Between(DateTimeRange),
}

#[derive(Debug, InputObject)]
pub(super) struct DateTimeRange {
    gte: DateTime,
    lt: DateTime,
}

#[derive(Debug, OneofObject)]
pub(super) enum ImportSort {
    Id(SortDirection),
    CreatedAt(SortDirection),
}

#[derive(SimpleObject)]
pub(super) struct Import {
    id: ID,
    database_id: BigInt,
    note: Option<String>,
    status: ImportStatus,
}

#[derive(SimpleObject)]
pub(super) struct ImportEdge {
    cursor: String,
    node: Import,
}

#[derive(SimpleObject)]
pub(super) struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(SimpleObject)]
pub(super) struct ImportConnection {
    edges: Vec<ImportEdge>,
    nodes: Vec<Import>,
    page_info: PageInfo,
    estimated_remaining_count: i32,
    asked: String,
}

#[derive(SimpleObject)]
pub(super) struct ImportStatusCount {
    status: ImportStatus,
    count: i32,
}

fn import() -> Import {
    Import {
        id: ID::from("1"),
        database_id: BigInt("1".to_owned()),
        note: None,
        status: ImportStatus::PartiallyComplete,
    }
}

pub(super) struct Query;

/// The root.
#[Object]
impl Query {
    #[allow(clippy::too_many_arguments)]
    async fn imports(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ImportFilter>,
        sort: Option<Vec<ImportSort>>,
    ) -> Option<ImportConnection> {
        Some(ImportConnection {
            edges: vec![ImportEdge {
                cursor: "c".to_owned(),
                node: import(),
            }],
            nodes: vec![import()],
            page_info: PageInfo {
                has_next_page: false,
                end_cursor: None,
            },
            estimated_remaining_count: 1,
            asked: format!("{first:?} {after:?} {last:?} {before:?} {filter:?} {sort:?}"),
        })
    }

    async fn import(&self, id: ID) -> Option<Import> {
        (id == "1").then(import)
    }

    async fn import_by_database_id(&self, database_id: BigInt) -> Option<Import> {
        (database_id.0 == "1").then(import)
    }

    async fn import_status_counts(&self, filter: Option<ImportFilter>) -> Option<Vec<ImportStatusCount>> {
        filter.is_none().then(|| {
            vec![ImportStatusCount {
                status: ImportStatus::New,
                count: 0,
            }]
        })
    }

    /// A field with an argument that has a default.
    async fn import_counts(&self, #[graphql(default = "UTC")] time_zone: String) -> String {
        time_zone
    }

    async fn nodes(&self, ids: Vec<ID>) -> Vec<Option<Import>> {
        ids.iter().map(|_| None).collect()
    }
}

pub(super) type TestSchema = Schema<Query, EmptyMutation, EmptySubscription>;

pub(super) fn schema() -> TestSchema {
    Schema::new(Query, EmptyMutation, EmptySubscription)
}
