//! Imports as GraphQL answers them: the connection, single imports and the counts of a status bar.
//!
//! Each resolver takes arguments, lowers them to a filter and a window, and calls `list`; what was selected decides what
//! is read.

mod arguments;
mod connection;
pub mod filter;
mod node;
pub mod rest;
pub mod sort;

use async_graphql::resolver_utils::enum_value;
use async_graphql::{Context, SimpleObject, Value};

pub use arguments::{
    DateTimeFilter, DateTimeRange, ImportFilter, ImportSort, ImportStatusFilter, Paging, SortDirection,
};
pub use connection::{
    DateTimeBound, ImportConnection, ImportEdge, ImportFilteredBy, ImportSortedBy, ImportStatusIncluded,
};
pub use node::{Import, ImportStatus};
pub(crate) use node::{Row, fields};

use super::{Failure, parts};
use crate::list::{self, COUNT_CAP};
use crate::relay;
use crate::selection::{Composite, Selected, Written, collect};
use crate::store;
use crate::store::imports::Fields;

/// How many imports there are of one status.
#[derive(Clone, Debug, SimpleObject)]
pub struct ImportStatusCount {
    /// The status.
    pub status: ImportStatus,
    /// Its imports, counted up to 500.
    pub count: i32,
    /// Whether there are more than 500.
    pub capped: bool,
}

/// A page of the caller's imports.
pub(crate) async fn imports(
    context: &Context<'_>,
    paging: Paging,
    filter: Option<ImportFilter>,
    sort: Option<Vec<ImportSort>>,
) -> Result<Written<ImportConnection>, Failure> {
    let (store, viewer) = parts(context)?;
    let selected = collect(context, "ImportConnection");
    let question = arguments::lower(&paging, filter.as_ref(), sort.as_deref())?;
    let wanted = connection::wanted(&selected);
    let listing = list::list(store, viewer, &question.filter, &question.window, wanted).await?;
    Ok(Written::new(
        connection::Answer { listing, question }.write(&selected),
    ))
}

/// The caller's import with this row id, if there is one.
pub(crate) async fn import(
    context: &Context<'_>,
    id: Option<i64>,
) -> Result<Option<Written<Import>>, Failure> {
    let (store, viewer) = parts(context)?;
    let Some(id) = id else { return Ok(None) };
    let selected = collect(context, "Import");
    let fields = fields(&selected).unwrap_or(Fields::NONE);
    let found = store::imports::by_ids(store, viewer, &[id], fields).await?;
    Ok(found
        .first()
        .map(|import| Written::new(Row(import).write(&selected))))
}

/// The row id of an import's global id.
pub(crate) fn row_id(id: &str) -> Option<i64> {
    relay::row_id("Import", id)
}

/// How many imports of each status meet the filter: always ten entries.
pub(crate) async fn status_counts(
    context: &Context<'_>,
    filter: Option<ImportFilter>,
) -> Result<Written<Vec<ImportStatusCount>>, Failure> {
    let (store, viewer) = parts(context)?;
    let filter = arguments::lower_filter(filter.as_ref())?.filter();
    let selected = collect(context, "ImportStatusCount");
    let counts = list::status_counts(store, viewer, &filter).await?;
    let entries = counts
        .into_iter()
        .map(|(status, count)| Counted { status, count }.write(&selected));
    Ok(Written::new(Value::List(entries.collect())))
}

/// A status and its number of imports, counted one further than is shown.
struct Counted {
    status: entity::ImportStatus,
    count: u64,
}

impl Composite for Counted {
    fn type_name(&self) -> &'static str {
        "ImportStatusCount"
    }

    fn field(&self, selected: &Selected) -> Value {
        match selected.name.as_str() {
            "status" => enum_value(ImportStatus::from(self.status)),
            "count" => Value::from(self.count.min(COUNT_CAP as u64)),
            "capped" => Value::from(self.count > COUNT_CAP as u64),
            _ => Value::Null,
        }
    }
}
