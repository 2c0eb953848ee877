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

use async_graphql::SimpleObject;

pub use arguments::{
    Arguments, DateTimeFilter, DateTimeRange, ImportFilter, ImportSort, ImportStatusFilter, SortDirection,
};
pub use connection::{
    DateTimeBound, ImportConnection, ImportEdge, ImportFilteredBy, ImportSortedBy, ImportStatusIncluded,
};
pub use node::{Import, ImportStatus};
pub(crate) use node::{Row, fields};

use super::{Caller, Failure};
use crate::auth::Viewer;
use crate::json::Json;
use crate::list::{self, COUNT_CAP};
use crate::relay;
use crate::selection::{Composite, Selected};
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

/// Writes a page of the caller's imports.
pub(crate) async fn imports(
    caller: Caller<'_>,
    selected: &[Selected],
    arguments: Arguments,
    json: &mut Json,
) -> Result<(), Failure> {
    let question = arguments::lower(&arguments, caller.list_items)?;
    let wanted = connection::wanted(selected);
    let listing = list::list(
        caller.store,
        caller.viewer,
        &question.filter,
        &question.window,
        wanted,
    )
    .await?;
    connection::Answer { listing, question }.write(selected, json);
    Ok(())
}

/// Writes the caller's import with this row id; null where there is none.
pub(crate) async fn import(
    caller: Caller<'_>,
    selected: &[Selected],
    id: Option<i64>,
    json: &mut Json,
) -> Result<(), Failure> {
    let fields = fields(selected).unwrap_or(Fields::NONE);
    let found = match id {
        Some(id) => store::imports::by_ids(caller.store, caller.viewer, &[id], fields).await?,
        None => Vec::new(),
    };
    match found.first() {
        Some(import) => Row(import).write(selected, json),
        None => json.null(),
    }
    Ok(())
}

/// The row id of an import's global id, where that is one of the caller's account.
///
/// An id of another account is none, like one that is malformed: nothing is read for it.
pub(crate) fn row_id(viewer: &Viewer, id: &str) -> Option<i64> {
    let row = relay::global_row("Import", id)?;
    (row.account_id == viewer.account_id()).then_some(row.id)
}

/// Writes how many imports of each status meet the filter: always ten entries.
pub(crate) async fn status_counts(
    caller: Caller<'_>,
    selected: &[Selected],
    filter: Option<&ImportFilter>,
    json: &mut Json,
) -> Result<(), Failure> {
    let filter = arguments::lower_filter(filter, caller.list_items)?.filter();
    let counts = list::status_counts(caller.store, caller.viewer, &filter).await?;
    json.list(counts, |json, (status, count)| {
        Counted { status, count }.write(selected, json)
    });
    Ok(())
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

    fn field(&self, selected: &Selected, json: &mut Json) {
        match selected.name.as_str() {
            "status" => json.plain(node::graphql_name(self.status).as_bytes()),
            "count" => json.number(self.count.min(COUNT_CAP as u64) as i64),
            "capped" => json.boolean(self.count > COUNT_CAP as u64),
            _ => json.null(),
        }
    }
}
