//! Imports as GraphQL answers them: the connection, single imports and the counts of a status bar.
//!
//! Each function takes arguments and a compiled selection, lowers the arguments to a filter and a page request, reads what the
//! selection needs, and writes the answer.

pub mod changes;
pub mod counts;
pub mod rest;
mod table;

pub use self::changes::{ChangesQuestion, ImportChange};
use self::counts::CountsError;
pub use self::counts::{ImportCountBucket, ImportCounts};

pub use self::table::{
    Column, Import, ImportConnection, ImportEdge, ImportFilter, ImportFilteredBy, ImportSort, ImportSortedBy,
    ImportStatus, ImportStatusFilter, ImportStatusIncluded, ImportTypeFilter, ImportTypeIncluded,
};

use async_graphql::OneofObject;
use keyset::Position;

use super::sort::Sorted as _;
use super::sort::{self, Start};
use super::table::{fields, row_id};
use super::{Caller, FieldError, arguments, connection};
use crate::auth::Viewer;
use crate::calendar::Zone;
use crate::json::Json;
use crate::list::{self, COUNT_CAP, NameCount};
use crate::scalars::{BigInt, DateTime};
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
    connection::page::<Column, _, _, _>(caller, caller.changes, selected, arguments, json).await
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
    json.list(names.iter().zip(counts), |json, (status, counted)| {
        let NameCount { count, is_cut } = counted;
        let most = COUNT_CAP as u64;
        let counted = Counted {
            status,
            count: count.min(most),
            is_capped: is_cut || count > most,
        };
        selected.write(counted, json);
    });
    Ok(())
}

/// The arguments of `importCounts`, as they were given.
#[derive(Clone, Debug)]
pub struct CountsArguments {
    /// Which imports.
    pub filter: Option<ImportFilter>,
    /// By what; by days where it is left out.
    pub by: Option<ImportCountBucket>,
    /// The time zone's name; UTC where it is left out.
    pub time_zone: Option<String>,
    /// The first instant that counts.
    pub from: Option<DateTime>,
    /// The first instant that does not count any more.
    pub to: Option<DateTime>,
}

/// Writes how many imports meet the filter, by time and status.
///
/// # Errors
///
/// What is wrong with the arguments; what the database says. Nothing has been written then.
pub async fn counts(
    caller: Caller<'_>,
    selected: &Selection<ImportCounts>,
    arguments: &CountsArguments,
    json: &mut Json,
) -> Result<(), FieldError> {
    let zone = arguments.time_zone.as_deref().unwrap_or("UTC");
    let zone = Zone::named(zone).ok_or_else(|| FieldError::Input {
        argument: "timeZone",
        message:
            "`timeZone` must be the name of a zone of the IANA database, such as `Europe/Berlin` or `UTC`."
                .to_owned(),
    })?;
    let question = counts::Question {
        filter: arguments::conditions::<Column>(arguments.filter.as_ref(), caller.list_items)?.filter(),
        unit: arguments.by.unwrap_or(ImportCountBucket::Day).into(),
        zone,
        from: arguments.from.map(|from| from.0),
        to: arguments.to.map(|to| to.0),
    };
    let counts = counts::count(caller.store, caller.viewer, &question).await;
    let counts = counts.map_err(|error| match error {
        CountsError::Store(error) => error.into(),
        CountsError::TooMany(error) => FieldError::Input {
            argument: "by",
            message: format!("`by` {error}."),
        },
    })?;
    selected.write(&counts, json);
    Ok(())
}

/// A position in the list: a value of exactly one sort key, whether an import has it or not.
#[derive(Clone, Copy, Debug, OneofObject)]
pub enum ImportPosition {
    /// An id of the REST API.
    Id(BigInt),
    /// A time of upload.
    CreatedAt(DateTime),
    /// A time of change.
    UpdatedAt(DateTime),
}

/// Writes the cursor that stands in front of a position; null where nothing can stand in front of it.
///
/// # Errors
///
/// What is wrong with the arguments. Nothing has been written then.
pub fn cursor_at(
    caller: Caller<'_>,
    position: ImportPosition,
    sort: Option<&[ImportSort]>,
    json: &mut Json,
) -> Result<(), FieldError> {
    let (column, start) = match position {
        ImportPosition::Id(id) => (Column::Id, Start::Number(id.nearest())),
        ImportPosition::CreatedAt(instant) => (Column::CreatedAt, Start::Moment(instant.0)),
        ImportPosition::UpdatedAt(instant) => (Column::UpdatedAt, Start::Moment(instant.0)),
    };
    let asked = arguments::order(sort, caller.list_items)?;
    let order = sort::order_from(asked, column).map_err(|key| {
        let name = key.column.graphql_name();
        FieldError::Input {
            argument: "position",
            message: format!("`position` must be of the first sort key, which is `{name}`."),
        }
    })?;
    let value = start.value(&order);
    match Position::in_front_of(order, value) {
        Some(position) => json.plain(keyset::encode(&position).as_bytes()),
        None => json.null(),
    }
    Ok(())
}

/// A status and its number of imports.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    status: &'static str,
    count: u64,
    is_capped: bool,
}

impl Counted {
    /// Where all of them were counted.
    fn whole(status: &'static str, count: u64) -> Self {
        Self {
            status,
            count,
            is_capped: false,
        }
    }
}

object! {
    /// How many imports there are of one status.
    pub ImportStatusCount<'a>(Counted);

    /// The status.
    "status": ImportStatus = |counted, json| json.upper(counted.status);
    /// Its imports; of `importStatusCounts` counted up to 500.
    "count": i32 = |counted, json| json.number(counted.count as i64);
    /// Of `importStatusCounts`: whether there are more than 500, or, of a search, may be more than were counted.
    "capped": bool = |counted, json| json.boolean(counted.is_capped);
}
