//! The road from a caller and a question to a page.
//!
//! Takes the [`Viewer`], a filter and a page request; gives rows, flags and a bounded count in as few statements as what is
//! wanted allows. This is the one place where the caller's account becomes a condition: no argument and no cursor can
//! reach around it.

use keyset::{Filter, Page, PageRequest, Reading, Value};

use crate::auth::Viewer;
use crate::store::query::table::{Column, Fields};
pub use crate::store::query::{NameCount, Slot, SlotLength, Slots};
use crate::store::{Store, StoreError, query};

/// How far anything is counted. **Unit**: rows.
pub const COUNT_CAP: usize = 500;

/// What of a page is projection; the rest is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Projection {
    /// The fields of the rows, `None`: no rows.
    pub rows: Option<Fields>,
    /// Whether there are rows on either side.
    pub flags: bool,
    /// How many rows there are from the start of the page on.
    pub count: bool,
}

/// A page, and what was wanted of its surroundings; what was not wanted is empty.
#[derive(Clone, Debug)]
pub struct Listing<T> {
    /// The rows, in the order's direction.
    pub rows: Vec<T>,
    /// The row after the page in the direction of reading.
    pub lookahead: Option<T>,
    /// Whether the filtered list goes on after the page, in the order's direction.
    pub has_next: bool,
    /// Whether the filtered list has rows before the page, in the order's direction.
    pub has_previous: bool,
    /// Rows from the start of the page on, in the direction of reading, up to [`COUNT_CAP`].
    pub count: u64,
    /// Whether reading stopped before it was known what follows. There may be nothing, though the flag says that there is.
    pub is_cut: bool,
    /// Of a page that is cut before it is full: the last row looked at, behind which the next page starts.
    pub reached: Option<T>,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            lookahead: None,
            has_next: false,
            has_previous: false,
            count: 0,
            is_cut: false,
            reached: None,
        }
    }
}

/// A page of the caller's rows.
///
/// One statement where rows or flags are wanted (the count rides along), one where only the count is, none where the
/// question contradicts itself; and one more where the row of the near bound is gone and the flag behind it is projection.
/// A range on another column than the sort's takes one or two more, which find out how to read it.
///
/// # Errors
///
/// [`StoreError`].
pub async fn list<C: Column>(
    store: &Store,
    viewer: &Viewer,
    filter: &Filter<C>,
    window: &PageRequest<C>,
    projection: Projection,
) -> Result<Listing<C::Row>, StoreError> {
    let filter = scoped(viewer, filter);
    let count_plan = if projection.count {
        window.count_plan(&filter, COUNT_CAP)
    } else {
        None
    };
    let fields = projection.rows.filter(|_| window.size() > 0);
    if fields.is_none() && !projection.flags {
        let count = match &count_plan {
            Some(plan) => query::count(store, plan).await?,
            None => 0,
        };
        return Ok(Listing {
            count,
            ..Listing::default()
        });
    }
    let fields = fields.unwrap_or(Fields::NONE);
    let fetched = match window.rows_plan(&filter) {
        Some(plan) => query::page(store, viewer, &plan, fields, count_plan.as_ref()).await?,
        None => query::Fetched::default(),
    };
    let count = fetched.count;
    let page = window.page(fetched.rows, fetched.reached);
    let has_preceding = if projection.flags {
        has_preceding(store, viewer, &filter, window, &page).await?
    } else {
        false
    };
    let has_following = page.lookahead.is_some() || page.is_cut;
    let (has_next, has_previous) = match window.reading() {
        Reading::Forward => (has_following, has_preceding),
        Reading::Backward => (has_preceding, has_following),
    };
    Ok(Listing {
        rows: page.rows,
        lookahead: page.lookahead,
        has_next,
        has_previous,
        count,
        is_cut: page.is_cut,
        reached: page.reached,
    })
}

/// How many of the caller's rows that meet the filter have each of `names` in a column, counted up to one more than
/// [`COUNT_CAP`], so that a caller can tell "500" from "more than 500".
///
/// # Errors
///
/// [`StoreError`].
pub async fn counts<C: Column>(
    store: &Store,
    viewer: &Viewer,
    filter: &Filter<C>,
    column: C,
    names: &[&'static str],
) -> Result<Vec<NameCount>, StoreError> {
    query::counts(store, &scoped(viewer, filter), column, names, COUNT_CAP + 1).await
}

/// The caller's rows that meet the filter, by a column of names and by time, as [`query::slots`] counts them.
///
/// # Errors
///
/// [`StoreError`].
pub async fn slots<C: Column>(
    store: &Store,
    viewer: &Viewer,
    filter: &Filter<C>,
    column: C,
    slot: Slot,
) -> Result<Slots, StoreError> {
    query::slots(store, &scoped(viewer, filter), column, slot).await
}

/// The filter within the caller's account.
fn scoped<C: Column>(viewer: &Viewer, filter: &Filter<C>) -> Filter<C> {
    let mut scoped = filter.clone();
    scoped
        .equals
        .insert(0, (C::ACCOUNT, Value::Int(viewer.account_id())));
    scoped
}

async fn has_preceding<C: Column>(
    store: &Store,
    viewer: &Viewer,
    filter: &Filter<C>,
    window: &PageRequest<C>,
    page: &Page<C::Row>,
) -> Result<bool, StoreError> {
    if let Some(known) = page.has_preceding {
        return Ok(known);
    }
    // As many entries as a search may look at were looked at already: there may be a row.
    if page.is_cut {
        return Ok(true);
    }
    match window.preceding_plan(filter) {
        Some(plan) => {
            let found = query::page(store, viewer, &plan, Fields::NONE, None).await?;
            // Where a search was cut before it found a row, there may be one.
            Ok(!found.rows.is_empty() || found.reached.is_some())
        }
        None => Ok(false),
    }
}
