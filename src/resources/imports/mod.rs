//! Imports as GraphQL answers them: the connection, single imports and the counts of a status bar.
//!
//! Each function takes arguments and a compiled selection, lowers the arguments to a filter and a window, reads what the
//! selection needs, and writes the answer.

mod arguments;
mod connection;
pub mod filter;
mod node;
pub mod rest;
pub mod sort;

pub use arguments::{
    Arguments, DateTimeFilter, DateTimeRange, ImportFilter, ImportSort, ImportStatusFilter, SortDirection,
};
pub use connection::ImportConnection;
pub(crate) use node::fields;
pub use node::{Import, ImportStatus};

use super::{Caller, Failure};
use crate::auth::Viewer;
use crate::json::Json;
use crate::list::{self, COUNT_CAP};
use crate::relay;
use crate::selection::compiled::Selection;
use crate::selection::table::{Object as _, object};
use crate::store;

/// Writes a page of the caller's imports.
///
/// # Errors
///
/// What is wrong with the arguments; what the database says. Nothing has been written then.
pub async fn imports(
    caller: Caller<'_>,
    selected: &Selection<ImportConnection>,
    arguments: Arguments,
    json: &mut Json,
) -> Result<(), Failure> {
    let question = arguments::lower(&arguments, caller.list_items)?;
    let wanted = connection::wanted(selected.needs());
    let listing = list::list(
        caller.store,
        caller.viewer,
        &question.filter,
        &question.window,
        wanted,
    )
    .await?;
    selected.write(&connection::Answer { listing, question }, json);
    Ok(())
}

/// Writes the caller's import with this row id; null where there is none.
///
/// # Errors
///
/// What the database says. Nothing has been written then.
pub async fn import(
    caller: Caller<'_>,
    selected: &Selection<Import>,
    id: Option<i64>,
    json: &mut Json,
) -> Result<(), Failure> {
    let found = match id {
        Some(id) => store::imports::by_ids(caller.store, caller.viewer, &[id], fields(selected)).await?,
        None => Vec::new(),
    };
    match found.first() {
        Some(import) => selected.write(import, json),
        None => json.null(),
    }
    Ok(())
}

/// The row id of an import's global id, where that is one of the caller's account.
///
/// An id of another account is none, like one that is malformed: nothing is read for it.
#[must_use]
pub fn row_id(viewer: &Viewer, id: &str) -> Option<i64> {
    let row = relay::global_row(Import::NAME, id)?;
    (row.account_id == viewer.account_id()).then_some(row.id)
}

/// Writes how many imports of each status meet the filter: always ten entries.
///
/// # Errors
///
/// What is wrong with the filter; what the database says. Nothing has been written then.
pub async fn status_counts(
    caller: Caller<'_>,
    selected: &Selection<ImportStatusCount>,
    filter: Option<&ImportFilter>,
    json: &mut Json,
) -> Result<(), Failure> {
    let filter = arguments::lower_filter(filter, caller.list_items)?.filter();
    let counts = list::status_counts(caller.store, caller.viewer, &filter).await?;
    json.list(counts, |json, (status, count)| {
        selected.write(Counted { status, count }, json);
    });
    Ok(())
}

/// A status and its number of imports, counted one further than is shown.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    status: entity::ImportStatus,
    count: u64,
}

object! {
    /// How many imports there are of one status.
    pub ImportStatusCount<'a>(Counted);

    /// The status.
    "status": ImportStatus = |counted, json| node::write_status(counted.status, json);
    /// Its imports, counted up to 500.
    "count": i32 = |counted, json| json.number(counted.count.min(COUNT_CAP as u64) as i64);
    /// Whether there are more than 500.
    "capped": bool = |counted, json| json.boolean(counted.count > COUNT_CAP as u64);
}
