//! Imports as GraphQL answers them: the connection, single imports and the counts of a status bar.
//!
//! Each function takes arguments and a compiled selection, lowers the arguments to a filter and a page request, reads what the
//! selection needs, and writes the answer.

pub mod rest;
mod table;

pub use self::table::{
    Column, Import, ImportConnection, ImportEdge, ImportFilter, ImportFilteredBy, ImportSort, ImportSortedBy,
    ImportStatus, ImportStatusFilter, ImportStatusIncluded,
};

use super::table::{fields, row_id};
use super::{Caller, FieldError, arguments, connection};
use crate::auth::Viewer;
use crate::json::Json;
use crate::list::{self, COUNT_CAP};
use crate::selection::compiled::Selection;
use crate::selection::table::object;
use crate::store;

/// The arguments of `imports`, as they were given.
pub type Arguments = arguments::Arguments<ImportFilter, ImportSort>;

/// Writes a page of the caller's imports.
///
/// # Errors
///
/// What is wrong with the arguments; what the database says. Nothing has been written then.
pub async fn imports(
    caller: Caller<'_>,
    selected: &Selection<ImportConnection>,
    arguments: &Arguments,
    json: &mut Json,
) -> Result<(), FieldError> {
    connection::page::<Column, _, _, _>(caller, selected, arguments, json).await
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
) -> Result<(), FieldError> {
    let ids = id.as_slice();
    let found = store::query::by_ids::<Column>(caller.store, caller.viewer, ids, fields(selected)).await?;
    match found.first() {
        Some(import) => selected.write(import, json),
        None => json.null(),
    }
    Ok(())
}

/// The row id of an import's global id, where that is one of the caller's account.
#[must_use]
pub fn import_id(viewer: &Viewer, id: &str) -> Option<i64> {
    row_id::<Import>(viewer, id)
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
) -> Result<(), FieldError> {
    let filter = arguments::conditions::<Column>(filter, caller.list_items)?.filter();
    let names = &entity::ImportStatus::NAMES;
    let counts = list::counts(caller.store, caller.viewer, &filter, Column::Status, names).await?;
    json.list(names.iter().zip(counts), |json, (status, count)| {
        selected.write(Counted { status, count }, json);
    });
    Ok(())
}

/// A status and its number of imports, counted one further than is shown.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    status: &'static str,
    count: u64,
}

object! {
    /// How many imports there are of one status.
    pub ImportStatusCount<'a>(Counted);

    /// The status.
    "status": ImportStatus = |counted, json| json.upper(counted.status);
    /// Its imports, counted up to 500.
    "count": i32 = |counted, json| json.number(counted.count.min(COUNT_CAP as u64) as i64);
    /// Whether there are more than 500.
    "capped": bool = |counted, json| json.boolean(counted.count > COUNT_CAP as u64);
}
