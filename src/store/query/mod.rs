//! Reading tables: plans in, rows out.
//!
//! Each function runs one statement, or none where the plan says that no row can meet it; up to three where a range
//! stands beside a sort by another column, as then the first statements find out which form is the cheap one. The account
//! is part of the plan's filter, put there by `list`; only [`by_ids`] takes it by itself, from the [`Viewer`].

pub mod check;
mod gathered;
mod rows;
mod scan;
mod sql;
mod statement;
pub mod table;

use keyset::{Direction, Filter, Key, Order, Plan};
use sea_orm::{DbBackend, DbErr, QueryResult};

use self::gathered::Decoded;
pub use self::rows::Unreadable;
pub use self::scan::Source;
use self::table::{Column, Fields};
use super::statement_kind::Named;
use super::{Store, StoreError};
use crate::auth::Viewer;

/// What a page statement gave.
#[derive(Clone, Debug)]
pub struct Fetched<T> {
    /// The rows, in the plan's order.
    pub rows: Vec<T>,
    /// What the count plan counted; 0 where none was given.
    pub count: u64,
}

/// A page as it is read: the rows of `plan` and, where a `count` plan is given, its number of rows.
///
/// The rows of `count` must be among those that `plan` would read without its limit, and it must have the same filter:
/// where there is no row, nothing is counted. Fields that are neither asked for nor compared are left empty.
#[derive(Clone, Debug)]
pub struct PageQuery<'a, C> {
    backend: DbBackend,
    plan: &'a Plan<C>,
    fields: Fields,
    count: Option<&'a Plan<C>>,
    /// Of a plan with a range on another column than its order's first; else empty.
    sources: Vec<Source<C>>,
}

/// A form of a page's statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form<C> {
    /// Along the order's index: the only form where every bound is one of that index.
    Ordered,
    /// How large each source is; it gives no rows.
    Probe,
    /// A walk of limited length along the order's index, which may end before the page is full.
    Walk,
    /// Among all entries of a source.
    Range(Source<C>),
}

impl<'a, C: Column> PageQuery<'a, C> {
    /// The query for one database.
    #[must_use]
    pub fn new(backend: DbBackend, plan: &'a Plan<C>, fields: Fields, count: Option<&'a Plan<C>>) -> Self {
        let has_range = !plan.filter().ranges.is_empty();
        Self {
            backend,
            plan,
            fields: fields.union(statement::key_fields(plan)),
            count,
            sources: if has_range { Source::of(plan) } else { Vec::new() },
        }
    }

    /// The forms that may answer it, in the order in which [`page`] tries them.
    pub fn forms(&self) -> impl Iterator<Item = Form<C>> {
        let first = match self.sources.is_empty() {
            true => [Some(Form::Ordered), None],
            false => [Some(Form::Probe), Some(Form::Walk)],
        };
        let ranges = self.sources.iter().map(|source| Form::Range(*source));
        first.into_iter().flatten().chain(ranges)
    }

    /// The statement of one of its forms.
    #[must_use]
    pub fn statement(&self, form: Form<C>) -> Named {
        let (backend, plan, fields, count) = (self.backend, self.plan, self.fields, self.count);
        match form {
            Form::Ordered => statement::page(backend, plan, fields, count),
            Form::Probe => statement::probe(backend, plan, &self.sources),
            Form::Walk => {
                let counted = count.zip(self.sources.first().copied());
                statement::walk(backend, plan, fields, counted)
            }
            Form::Range(source) => statement::range(backend, plan, source, fields, count),
        }
    }
}

/// The rows of `plan`, and the number of those of `count`, as [`PageQuery`] says.
///
/// A plan with a range on another column than its order's first takes a probe before, and two statements where the range
/// is wide and its rows lie far from the start of the page.
///
/// # Errors
///
/// [`StoreError`].
pub async fn page<C: Column>(
    store: &Store,
    viewer: &Viewer,
    plan: &Plan<C>,
    fields: Fields,
    count: Option<&Plan<C>>,
) -> Result<Fetched<C::Row>, StoreError> {
    let query = PageQuery::new(store.backend(), plan, fields, count);
    let mut fetched = Fetched {
        rows: Vec::new(),
        count: 0,
    };
    let mut narrow = None;
    for form in query.forms() {
        match (form, narrow) {
            (Form::Probe, _) => {
                narrow = narrowest(store, query.statement(form), &query.sources).await?;
                continue;
            }
            (Form::Walk, Some(_)) => continue,
            (Form::Range(source), Some(narrow)) if source != narrow => continue,
            _ => {}
        }
        let nothing = || Decoded::new(viewer, plan.limit(), query.fields, count.is_some());
        let sink = store.read_into(query.statement(form), nothing).await?;
        fetched = sink.told(store).fetched(plan)?;
        if form != Form::Walk || fetched.rows.len() == plan.limit() {
            break;
        }
    }
    Ok(fetched)
}

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
        match (plan.filter().ranges.as_slice(), plan.from(), plan.until()) {
            ([], _, _) => Self::Statement(statement::count(backend, plan)),
            // Where nothing but the range bounds it, its own order counts as well as any.
            ([range], None, None) => match along(plan.filter(), range.column, plan.limit()) {
                Some(plan) => Self::Statement(statement::count(backend, &plan)),
                None => Self::Nothing,
            },
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
            let probe = statement::probe(backend, plan, &sources);
            let narrow = narrowest(store, probe, &sources).await?;
            match narrow.or(sources.first().copied()) {
                Some(source) => statement::range_count(backend, plan, source),
                None => return Ok(0),
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

/// How many rows of `filter` have each of `names` in `column`, `cap` at most each; 0 where the filter leaves a name out.
/// One statement for all, and a probe where the filter has two ranges.
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
) -> Result<Vec<u64>, StoreError> {
    let backend = store.backend();
    let mut lead = None;
    if filter.ranges.len() > 1
        && let Some(plan) = along(filter, C::ID, cap)
    {
        let sources = Source::of(&plan);
        let probe = statement::probe(backend, &plan, &sources);
        lead = narrowest(store, probe, &sources).await?.map(Source::column);
    }
    let query = CountsQuery::new(filter, lead, column, names, cap);
    let rows = match query.statement(backend) {
        Some(named) => store.rows(named).await?,
        None => Vec::new(),
    };
    let mut place = 0;
    let mut counts = Vec::with_capacity(names.len());
    for plan in &query.plans {
        counts.push(match (plan, rows.first()) {
            (Some(_), Some(row)) => {
                place += 1;
                number(row, place - 1)?
            }
            _ => 0,
        });
    }
    Ok(counts)
}

/// The caller's rows with these ids, in no order; an id that is not there, or another account's, is left out.
///
/// # Errors
///
/// [`StoreError`].
pub async fn by_ids<C: Column>(
    store: &Store,
    viewer: &Viewer,
    ids: &[i64],
    fields: Fields,
) -> Result<Vec<C::Row>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let fields = fields.with(C::ID);
    let named = statement::by_ids::<C>(store.backend(), viewer.account_id(), ids, fields);
    let nothing = || Decoded::new(viewer, ids.len(), fields, false);
    store.read_into(named, nothing).await?.told(store).rows()
}

/// The smallest of the sources that a probe counted, where one is small enough to be read whole.
async fn narrowest<C: Column>(
    store: &Store,
    probe: Named,
    sources: &[Source<C>],
) -> Result<Option<Source<C>>, StoreError> {
    let rows = store.rows(probe).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut smallest = None;
    for (place, source) in sources.iter().enumerate() {
        let entries = number(row, place)?;
        if entries <= statement::NARROW_ENTRIES as u64 && smallest.is_none_or(|(fewest, _)| entries < fewest)
        {
            smallest = Some((entries, *source));
        }
    }
    Ok(smallest.map(|(_, source)| source))
}

/// All rows of a filter, along one column.
fn along<C: Column>(filter: &Filter<C>, column: C, limit: usize) -> Option<Plan<C>> {
    let direction = Direction::Desc;
    let order = Order::new(&[Key { column, direction }], C::TIE_BREAK).ok()?;
    Plan::new(filter, order, None, None, limit)
}

fn number(row: &QueryResult, place: usize) -> Result<u64, DbErr> {
    unsigned(row.try_get_by_index(place)?)
}

fn unsigned(number: i64) -> Result<u64, DbErr> {
    u64::try_from(number).map_err(|_| DbErr::Type("a negative count".to_owned()))
}
