//! Reading imports: plans in, rows out.
//!
//! Each function runs one statement, or none where the plan says that no row can meet it. The account is part of the
//! plan's filter, put there by `list`; only [`by_ids`] takes it by itself, from the [`Viewer`].

mod column;
mod row;
mod statement;

use entity::{ImportStatus, imports};
use keyset::{Filter, Plan};
use sea_orm::{DbErr, QueryResult};

pub use column::Column;
pub use row::{Field, Fields};

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
/// The rows of `count` must be among those that `plan` would read without its limit: where there is no row, nothing is
/// counted. Fields that are neither asked for nor compared are left empty.
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
    let found = store
        .rows(statement::page(store.backend(), plan, fields, count))
        .await?;
    let counted = match found.first() {
        Some(row) if count.is_some() => number(row, fields.iter().count())?,
        _ => 0,
    };
    let rows = found
        .iter()
        .map(|row| row::decode(row, viewer.account_id(), fields));
    let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
    // A subquery's order survives in practice, in SQLite without a promise; this costs one comparison a row.
    if !rows.is_sorted_by(|left, right| plan.order().compare(left, right).is_lt()) {
        rows.sort_by(|left, right| plan.order().compare(left, right));
    }
    Ok(Fetched { rows, count: counted })
}

/// How many rows the plan has, its limit at most.
///
/// **Errors**: [`StoreError`].
pub async fn count(store: &Store, plan: &Plan<Column>) -> Result<u64, StoreError> {
    let rows = store.rows(statement::count(store.backend(), plan)).await?;
    Ok(rows.first().map_or(Ok(0), |row| number(row, 0))?)
}

/// How many rows of `filter` there are of each of the ten statuses, `cap` at most each; 0 where the filter leaves a
/// status out. One statement for all.
///
/// **Errors**: [`StoreError`].
pub async fn status_counts(
    store: &Store,
    filter: &Filter<Column>,
    cap: usize,
) -> Result<Vec<(ImportStatus, u64)>, StoreError> {
    let plans = statement::status_plans(filter, cap);
    let asked: Vec<_> = plans.iter().filter_map(|(_, plan)| plan.clone()).collect();
    let rows = if asked.is_empty() {
        Vec::new()
    } else {
        store.rows(statement::counts(store.backend(), &asked)).await?
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
    let rows = found
        .iter()
        .map(|row| row::decode(row, viewer.account_id(), fields));
    Ok(rows.collect::<Result<_, _>>()?)
}

fn number(row: &QueryResult, index: usize) -> Result<u64, DbErr> {
    let number: i64 = row.try_get_by_index(index)?;
    u64::try_from(number).map_err(|_| DbErr::Type("a negative count".to_owned()))
}
