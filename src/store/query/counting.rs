//! Counting rows: those of a plan, those of each name, and those of each name and slot of time.

use keyset::{Filter, Plan, Value};
use sea_orm::DbBackend;

use super::scan::{self, Source};
use super::slots::{Slots, grouped};
use super::table::Column;
use super::{along, narrowest_of, number, sourced, statement};
use crate::store::statement_kind::Named;
use crate::store::{Store, StoreError};

/// How a plan's rows are counted.
#[derive(Clone, Debug)]
pub enum CountQuery {
    /// There are none in any table.
    Nothing,
    /// By this statement.
    Statement(Named),
    /// Among the entries of its narrowest source, which a probe finds.
    Probe,
}

impl CountQuery {
    /// The query for one database.
    #[must_use]
    pub fn new<C: Column>(backend: DbBackend, plan: &Plan<C>) -> Self {
        let filter = plan.filter();
        match (filter.ranges.as_slice(), plan.from(), plan.until()) {
            _ if !filter.checks.is_empty() => Self::Probe,
            ([], _, _) => Self::Statement(statement::count(backend, plan)),
            // Where nothing but the range bounds it, its own order counts as well as any. Not where it may be NULL: no
            // order is by that.
            ([range], None, None) if !range.column.is_optional() => {
                match along(plan.filter(), range.column, plan.limit()) {
                    Some(plan) => Self::Statement(statement::count(backend, &plan)),
                    None => Self::Nothing,
                }
            }
            _ => Self::Probe,
        }
    }
}

/// How many rows the plan has, its limit at most.
///
/// # Errors
///
/// [`StoreError`].
pub async fn count<C: Column>(store: &Store, plan: &Plan<C>) -> Result<u64, StoreError> {
    let backend = store.backend();
    let named = match CountQuery::new(backend, plan) {
        CountQuery::Nothing => return Ok(0),
        CountQuery::Statement(named) => named,
        CountQuery::Probe => {
            let sources = Source::of(plan);
            match narrowest_of(store, plan, &sources).await? {
                Some(source) => sourced::range_count(backend, plan, source),
                None if scan::is_search(plan.filter()) => sourced::searched_count(backend, plan),
                None => {
                    let order = Source::Order(plan.order().keys()[0].column);
                    sourced::range_count(backend, plan, sources.first().copied().unwrap_or(order))
                }
            }
        }
    };
    let rows = store.rows(named).await?;
    Ok(rows.first().map_or(Ok(0), |row| number(row, 0))?)
}

/// How many rows of a filter have each of some names in a column: a plan a name, and one statement for all.
#[derive(Clone, Debug)]
pub struct CountsQuery<C> {
    plans: Vec<Option<Plan<C>>>,
}

impl<C: Column> CountsQuery<C> {
    /// The query, of `cap` rows a name at most. `lead` is the column whose index is read where the filter has two ranges;
    /// `None`: that of the first range.
    #[must_use]
    pub fn new(filter: &Filter<C>, lead: Option<C>, column: C, names: &[&'static str], cap: usize) -> Self {
        let first = filter.ranges.first().map_or(C::ID, |range| range.column);
        let plans = statement::plans_by_name(filter, lead.unwrap_or(first), column, names, cap);
        Self { plans }
    }

    /// The statement; `None` where no row can meet the filter.
    #[must_use]
    pub fn statement(&self, backend: DbBackend) -> Option<Named> {
        let plans: Vec<_> = self.plans.iter().flatten().cloned().collect();
        (!plans.is_empty()).then(|| statement::counts(backend, &plans))
    }
}

/// How many rows have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameCount {
    /// As many were counted.
    pub count: u64,
    /// Whether counting stopped before all were looked at.
    pub is_cut: bool,
}

/// How many rows of `filter` have each of `names` in `column`, `cap` at most each; 0 where the filter leaves a name out.
///
/// One statement for all, and a probe where the filter has two ranges or checks. A search looks at a limited number of rows,
/// the newest ones.
///
/// # Errors
///
/// [`StoreError`].
pub async fn counts<C: Column>(
    store: &Store,
    filter: &Filter<C>,
    column: C,
    names: &[&'static str],
    cap: usize,
) -> Result<Vec<NameCount>, StoreError> {
    let mut lead = None;
    if let Some(plan) = along(filter, C::TIMELINE, cap).filter(|plan| !plan.filter().checks.is_empty()) {
        let narrow = narrowest_of(store, &plan, &Source::of(&plan)).await?;
        if narrow.is_some() || scan::is_search(filter) {
            let source = narrow.unwrap_or(Source::Whole(C::TIMELINE));
            let limit = sourced::SEARCH_ENTRIES;
            let Slots { slots, is_cut } = grouped(store, &plan, source, column, None, limit).await?;
            let counted = names.iter().map(|name| {
                let met = slots
                    .iter()
                    .filter(|slot| slot.name == *name)
                    .map(|slot| slot.count);
                let count = met.sum::<u64>().min(cap as u64);
                let is_asked = filter
                    .one_of
                    .as_ref()
                    .is_none_or(|(_, asked)| asked.contains(&Value::Name(name)));
                NameCount {
                    count,
                    is_cut: is_cut && is_asked,
                }
            });
            return Ok(counted.collect());
        }
    } else if filter.ranges.len() > 1
        && let Some(plan) = along(filter, C::ID, cap)
    {
        let narrow = narrowest_of(store, &plan, &Source::of(&plan)).await?;
        lead = narrow.map(Source::column).filter(|column| !column.is_optional());
    }
    let query = CountsQuery::new(filter, lead, column, names, cap);
    let rows = match query.statement(store.backend()) {
        Some(named) => store.rows(named).await?,
        None => Vec::new(),
    };
    let mut place = 0;
    let mut counts = Vec::with_capacity(names.len());
    for plan in &query.plans {
        let count = match (plan, rows.first()) {
            (Some(_), Some(row)) => {
                place += 1;
                number(row, place - 1)?
            }
            _ => 0,
        };
        counts.push(NameCount { count, is_cut: false });
    }
    Ok(counts)
}
