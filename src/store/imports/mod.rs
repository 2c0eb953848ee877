//! Reading imports: plans in, rows out.
//!
//! Each function runs one statement, or none where the plan says that no row can meet it; up to three where a range
//! stands beside a sort by another column, as then the first statements find out which form is the cheap one. The account
//! is part of the plan's filter, put there by `list`; only [`by_ids`] takes it by itself, from the [`Viewer`].

pub mod check;
mod column;
mod row;
mod scan;
mod sql;
mod statement;

use entity::{ImportStatus, imports};
use keyset::{Direction, Filter, Key, Order, Plan};
use sea_orm::{DbBackend, DbErr, QueryResult};

pub use column::Column;
pub use row::{Field, Fields, Unreadable};

use self::scan::Source;
use super::fetch::Gather;
use super::shape::Named;
use super::{Store, StoreError};
use crate::auth::Viewer;

/// What a page statement gave.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The rows, in the plan's order.
    pub rows: Vec<imports::Model>,
    /// What the count plan counted; 0 where none was given.
    pub count: u64,
}

/// The rows of `plan` and, where a `count` plan is given, its number of rows: one statement for both.
///
/// The rows of `count` must be among those that `plan` would read without its limit, and it must have the same filter:
/// where there is no row, nothing is counted. Fields that are neither asked for nor compared are left empty.
///
/// A plan with a range on another column than its order's first takes a probe before, and two statements where the range
/// is wide and its rows lie far from the start of the page.
///
/// **Errors**: [`StoreError`].
pub async fn page(
    store: &Store,
    viewer: &Viewer,
    plan: &Plan<Column>,
    fields: Fields,
    count: Option<&Plan<Column>>,
) -> Result<Fetched, StoreError> {
    let fields = fields.union(statement::key_fields(plan));
    let backend = store.backend();
    let read = async |named: Named| {
        let nothing = || Decoded::new(viewer, plan.limit(), fields, count.is_some());
        store.gather(named, nothing).await?.told(store).fetched(plan)
    };
    let Some(widest) = Source::of(plan).first().copied().filter(|_| is_filtered(plan)) else {
        return read(statement::page(backend, plan, fields, count)).await;
    };
    if let Some(narrow) = narrowest(store, plan).await? {
        return read(statement::range(backend, plan, narrow, fields, count)).await;
    }
    let counted = count.map(|count| (count, widest));
    let walked = read(statement::walk(backend, plan, fields, counted)).await?;
    if walked.rows.len() == plan.limit() {
        return Ok(walked);
    }
    read(statement::range(backend, plan, widest, fields, count)).await
}

/// How many rows the plan has, its limit at most.
///
/// **Errors**: [`StoreError`].
pub async fn count(store: &Store, plan: &Plan<Column>) -> Result<u64, StoreError> {
    let backend = store.backend();
    let named = match (plan.filter().ranges.as_slice(), plan.from(), plan.until()) {
        ([], _, _) => statement::count(backend, plan),
        // Where nothing but the range bounds it, its own order counts as well as any.
        ([range], None, None) => match along(plan.filter(), range.column, plan.limit()) {
            Some(plan) => statement::count(backend, &plan),
            None => return Ok(0),
        },
        ([range, ..], _, _) => {
            let narrow = narrowest(store, plan).await?;
            let source = narrow.unwrap_or(Source::Range(range.column));
            statement::range_count(backend, plan, source)
        }
    };
    let rows = store.rows(named).await?;
    Ok(rows.first().map_or(Ok(0), |row| number(row, 0))?)
}

/// How many rows of `filter` there are of each of the ten statuses, `cap` at most each; 0 where the filter leaves a
/// status out. One statement for all, and a probe where the filter has two ranges.
///
/// **Errors**: [`StoreError`].
pub async fn status_counts(
    store: &Store,
    filter: &Filter<Column>,
    cap: usize,
) -> Result<Vec<(ImportStatus, u64)>, StoreError> {
    let mut lead = filter.ranges.first().map_or(Column::Id, |range| range.column);
    if filter.ranges.len() > 1
        && let Some(plan) = along(filter, Column::Id, cap)
        && let Some(narrow) = narrowest(store, &plan).await?
    {
        lead = narrow.column();
    }
    let plans = statement::status_plans(filter, lead, cap);
    let asked: Vec<_> = plans.iter().filter_map(|(_, plan)| plan.clone()).collect();
    let rows = if asked.is_empty() {
        Vec::new()
    } else {
        store
            .rows(statement::status_counts(store.backend(), &asked))
            .await?
    };
    let mut column = 0;
    let mut counts = Vec::with_capacity(plans.len());
    for (status, plan) in &plans {
        let counted = match (plan, rows.first()) {
            (Some(_), Some(row)) => {
                column += 1;
                number(row, column - 1)?
            }
            _ => 0,
        };
        counts.push((*status, counted));
    }
    Ok(counts)
}

/// Every statement that [`page`] may run for a plan, in the order in which it would: for tests and measurements, which
/// hold each to its bound.
#[must_use]
pub fn page_statements(
    backend: DbBackend,
    plan: &Plan<Column>,
    fields: Fields,
    count: Option<&Plan<Column>>,
) -> Vec<Named> {
    let fields = fields.union(statement::key_fields(plan));
    let sources = Source::of(plan);
    let Some(widest) = sources.first().copied().filter(|_| is_filtered(plan)) else {
        return vec![statement::page(backend, plan, fields, count)];
    };
    let counted = count.map(|count| (count, widest));
    let mut statements = vec![statement::probe(backend, plan, &sources)];
    statements.push(statement::walk(backend, plan, fields, counted));
    let ranges = sources.into_iter();
    statements.extend(ranges.map(|source| statement::range(backend, plan, source, fields, count)));
    statements
}

/// The statement that counts a plan without a range on another column than its order's first: what [`page_statements`]
/// is to [`page`].
#[must_use]
pub fn count_statement(backend: DbBackend, plan: &Plan<Column>) -> Named {
    statement::count(backend, plan)
}

/// The statement that counts each status of a filter that has no two ranges and can be met.
#[must_use]
pub fn status_counts_statement(backend: DbBackend, filter: &Filter<Column>, cap: usize) -> Named {
    let lead = filter.ranges.first().map_or(Column::Id, |range| range.column);
    let plans = statement::status_plans(filter, lead, cap);
    let asked: Vec<_> = plans.into_iter().filter_map(|(_, plan)| plan).collect();
    statement::status_counts(backend, &asked)
}

/// The caller's imports with these ids, in no order; an id that is not there, or another account's, is left out.
///
/// **Errors**: [`StoreError`].
pub async fn by_ids(
    store: &Store,
    viewer: &Viewer,
    ids: &[i64],
    fields: Fields,
) -> Result<Vec<imports::Model>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let fields = fields.with(Field::Id);
    let found = store
        .rows(statement::by_ids(
            store.backend(),
            viewer.account_id(),
            ids,
            fields,
        ))
        .await?;
    let mut decoded = Decoded::new(viewer, found.len(), fields, false);
    for row in found {
        decoded.take(row);
    }
    decoded.told(store).rows()
}

/// Whether a range is left over that the plan's order does not walk.
fn is_filtered(plan: &Plan<Column>) -> bool {
    !plan.filter().ranges.is_empty()
}

/// The smallest source of a plan, where one is small enough to be read whole.
async fn narrowest(store: &Store, plan: &Plan<Column>) -> Result<Option<Source>, StoreError> {
    let sources = Source::of(plan);
    let rows = store
        .rows(statement::probe(store.backend(), plan, &sources))
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut smallest = None;
    for (index, source) in sources.into_iter().enumerate() {
        let entries = number(row, index)?;
        if entries <= statement::NARROW_ENTRIES as u64 && smallest.is_none_or(|(fewest, _)| entries < fewest)
        {
            smallest = Some((entries, source));
        }
    }
    Ok(smallest.map(|(_, source)| source))
}

/// All rows of a filter, along one column.
fn along(filter: &Filter<Column>, column: Column, limit: usize) -> Option<Plan<Column>> {
    let direction = Direction::Desc;
    let order = Order::new(&[Key { column, direction }], Column::TIE_BREAK).ok()?;
    Plan::new(filter, order, None, None, limit)
}

/// The rows of a page statement, each decoded as it comes, and the count in its last column.
struct Decoded {
    account_id: i64,
    fields: Fields,
    is_counted: bool,
    rows: Vec<imports::Model>,
    count: u64,
    /// What is wrong with the first row that could not be decoded.
    failure: Option<DbErr>,
    /// Values that could not be read, or only in part.
    unreadable: Vec<Unreadable>,
}

impl Decoded {
    fn new(viewer: &Viewer, limit: usize, fields: Fields, is_counted: bool) -> Self {
        Self {
            account_id: viewer.account_id(),
            fields,
            is_counted,
            rows: Vec::with_capacity(limit),
            count: 0,
            failure: None,
            unreadable: Vec::new(),
        }
    }

    fn decode(&mut self, row: &QueryResult) -> Result<(), DbErr> {
        // Every row has the same count, and NULL says that there is none.
        if self.is_counted && self.rows.is_empty() {
            let count: Option<i64> = row.try_get_by_index(self.fields.iter().count())?;
            self.count = unsigned(count.unwrap_or(0))?;
        }
        match row::decode(row, self.account_id, self.fields, &mut self.unreadable) {
            Ok(import) => self.rows.push(import),
            Err(unreadable) => {
                self.unreadable.push(unreadable.clone());
                return Err(unreadable.into());
            }
        }
        Ok(())
    }

    /// The same, once operators know of what could not be read. A row that fails its request is logged with the request.
    fn told(self, store: &Store) -> Self {
        for unreadable in &self.unreadable {
            store.metrics().unreadable(unreadable.column);
        }
        if self.failure.is_none() {
            for unreadable in &self.unreadable {
                let Unreadable {
                    account_id,
                    id,
                    column,
                    reason,
                } = unreadable;
                tracing::warn!(
                    account_id,
                    id,
                    column,
                    reason,
                    "a value is shown with U+FFFD in it"
                );
            }
        }
        self
    }

    /// What was read, as it came.
    fn rows(self) -> Result<Vec<imports::Model>, StoreError> {
        match self.failure {
            Some(failure) => Err(failure.into()),
            None => Ok(self.rows),
        }
    }

    /// What was read, in the order of `plan`.
    fn fetched(self, plan: &Plan<Column>) -> Result<Fetched, StoreError> {
        let count = self.count;
        let mut rows = self.rows()?;
        // A subquery's order survives in practice, in SQLite without a promise; this costs one comparison a row.
        if !rows.is_sorted_by(|left, right| plan.order().compare(left, right).is_lt()) {
            rows.sort_by(|left, right| plan.order().compare(left, right));
        }
        Ok(Fetched { rows, count })
    }
}

impl Gather for Decoded {
    fn take(&mut self, row: QueryResult) {
        if self.failure.is_none() {
            self.failure = self.decode(&row).err();
        }
    }
}

fn number(row: &QueryResult, index: usize) -> Result<u64, DbErr> {
    unsigned(row.try_get_by_index(index)?)
}

fn unsigned(number: i64) -> Result<u64, DbErr> {
    u64::try_from(number).map_err(|_| DbErr::Type("a negative count".to_owned()))
}
