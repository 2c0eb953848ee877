//! Reading tables: plans in, rows out.
//!
//! Each function runs one statement, or none where the plan says that no row can meet it; up to three where a range
//! stands beside a sort by another column, as then the first statements find out which form is the cheap one. The account
//! is part of the plan's filter, put there by `list`; only [`by_ids`] takes it by itself, from the [`Viewer`].

pub mod check;
mod checks;
mod counting;
mod gathered;
mod rows;
mod scan;
mod slots;
mod sourced;
mod sql;
mod statement;
pub mod table;
mod trigrams;

use std::time::Duration;

use keyset::{Direction, Filter, Key, Order, Plan};
use sea_orm::{DbBackend, DbErr, QueryResult};

pub use self::counting::{CountQuery, CountsQuery, NameCount, count, counts};
use self::gathered::Decoded;
pub use self::rows::Unreadable;
pub(super) use self::rows::decode;
pub use self::scan::Source;
pub use self::slots::{Counted, Slot, SlotLength, Slots, slots};
use self::table::{Column, Fields};
use super::statement_kind::{Named, StatementKind};
use super::{Store, StoreError};
use crate::auth::Viewer;

/// What a page statement gave.
#[derive(Clone, Debug)]
pub struct Fetched<T> {
    /// The rows, in the plan's order.
    pub rows: Vec<T>,
    /// What the count plan counted; 0 where none was given. Of a search it is a lower bound.
    pub count: u64,
    /// The last row that a search looked at, where it stopped before the plan's end and its limit.
    pub reached: Option<T>,
}

impl<T> Default for Fetched<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            count: 0,
            reached: None,
        }
    }
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
    /// Of a plan with conditions that no index serves in its order; else empty.
    sources: Vec<Source<C>>,
    /// The matches of a search, where the index of trigrams may be asked for them.
    matching: Option<Source<C>>,
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
    /// The same without a limit.
    Scan,
    /// A walk of limited length that tells how far it came.
    Search,
    /// A shorter one, before the index of trigrams is asked.
    Glance,
    /// How many matches the index of trigrams has; it gives no rows.
    Trigrams,
    /// Among all entries of a source.
    Range(Source<C>),
}

impl<'a, C: Column> PageQuery<'a, C> {
    /// The query for one database.
    #[must_use]
    pub fn new(backend: DbBackend, plan: &'a Plan<C>, fields: Fields, count: Option<&'a Plan<C>>) -> Self {
        Self {
            backend,
            plan,
            fields: fields.union(statement::key_fields(plan)),
            count,
            sources: if is_ordered(plan) {
                Vec::new()
            } else {
                Source::of(plan)
            },
            matching: None,
        }
    }

    /// The same, where the index of trigrams may be asked for the term of a search.
    #[must_use]
    pub fn with_trigrams(self) -> Self {
        let matching = scan::searched(self.plan.filter()).map(|(column, _)| Source::Matching(column));
        Self { matching, ..self }
    }

    /// The forms that may answer it, in the order in which [`page`] tries them.
    pub fn forms(&self) -> impl Iterator<Item = Form<C>> {
        let probe = (!self.sources.is_empty()).then_some(Form::Probe);
        let sources = self.sources.iter().chain(&self.matching);
        let ranges = sources.map(|source| Form::Range(*source));
        let trigrams = self.matching.map(|_| [Form::Glance, Form::Trigrams]);
        let (walk, last) = match () {
            () if is_ordered(self.plan) => (Form::Ordered, None),
            () if scan::is_search(self.plan.filter()) => (Form::Search, None),
            () if self.sources.is_empty() => (Form::Walk, Some(Form::Scan)),
            () => (Form::Walk, None),
        };
        let first = probe.into_iter().chain(trigrams.into_iter().flatten());
        first.chain([walk]).chain(ranges).chain(last)
    }

    /// The statement of one of its forms.
    #[must_use]
    pub fn statement(&self, form: Form<C>) -> Named {
        let (backend, plan, fields, count) = (self.backend, self.plan, self.fields, self.count);
        let order = Source::Order(plan.order().keys()[0].column);
        let counted = |source: Option<&Source<C>>| count.map(|count| (count, *source.unwrap_or(&order)));
        match form {
            Form::Ordered => statement::page(backend, plan, fields, count),
            Form::Probe => sourced::probe(backend, plan, &self.sources, StatementKind::Probe),
            Form::Trigrams => {
                sourced::probe(backend, plan, self.matching.as_slice(), StatementKind::Trigrams)
            }
            Form::Walk => sourced::walk(backend, plan, fields, counted(self.sources.first()), false),
            Form::Scan => sourced::walk(backend, plan, fields, counted(None), true),
            Form::Search | Form::Glance => {
                sourced::search(backend, plan, fields, count, form == Form::Glance)
            }
            Form::Range(source) => sourced::range(backend, plan, source, fields, count),
        }
    }
}

/// Whether a filter searches a text: what its page shows may then depend on how long the search may take.
#[must_use]
pub fn is_search<C: Column>(filter: &Filter<C>) -> bool {
    scan::is_search(filter)
}

/// Whether an index serves all conditions of a plan in its order.
fn is_ordered<C: Column>(plan: &Plan<C>) -> bool {
    plan.filter().ranges.is_empty() && plan.filter().checks.is_empty()
}

/// The rows of `plan`, and the number of those of `count`, as [`PageQuery`] says.
///
/// A plan with conditions that no index serves in its order takes a probe before, and two statements where what it may
/// read is wide and its rows lie far from the start of the page. A search never takes the second, and may be cut. Where the
/// index of trigrams serves its term, a glance comes first, and one more probe with a time limit of its own.
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
    let mut query = PageQuery::new(store.backend(), plan, fields, count);
    let search = trigrams::Search::of(store, plan.filter());
    if search.is_some() {
        query = query.with_trigrams();
    }
    let mut fetched = Fetched::default();
    let mut narrow = None;
    for form in query.forms() {
        match (form, narrow) {
            (Form::Probe, _) => {
                narrow = narrowest(store, query.statement(form), &query.sources, None).await?;
                continue;
            }
            (Form::Trigrams, None) => {
                if let Some(search) = &search {
                    narrow = search.narrow(store, query.statement(form)).await?;
                }
                continue;
            }
            (Form::Walk | Form::Search | Form::Glance | Form::Trigrams, Some(_)) => continue,
            (Form::Range(source), Some(narrow)) if source != narrow => continue,
            _ => {}
        }
        let is_search = matches!(form, Form::Search | Form::Glance);
        let nothing = || Decoded::new(viewer, plan.limit(), query.fields, is_search, count.is_some());
        let sink = store.read_into(query.statement(form), nothing).await?;
        fetched = sink.told(store).fetched(plan)?;
        let is_answer = match form {
            Form::Walk => fetched.rows.len() == plan.limit(),
            Form::Glance => fetched.reached.is_none(),
            _ => true,
        };
        if is_answer {
            break;
        }
    }
    Ok(fetched)
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
    let nothing = || Decoded::new(viewer, ids.len(), fields, false, false);
    store.read_into(named, nothing).await?.told(store).rows()
}

/// The smallest of the sources that a probe counted, where one is small enough to be read whole. The probe may have a time
/// limit of its own.
async fn narrowest<C: Column>(
    store: &Store,
    probe: Named,
    sources: &[Source<C>],
    limit: Option<Duration>,
) -> Result<Option<Source<C>>, StoreError> {
    let rows = match limit {
        Some(limit) => store.rows_within(probe, limit).await?,
        None => store.rows(probe).await?,
    };
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut smallest = None;
    for (place, source) in sources.iter().enumerate() {
        let entries = number(row, place)?;
        if entries <= sourced::narrow(*source) as u64 && smallest.is_none_or(|(fewest, _)| entries < fewest) {
            smallest = Some((entries, *source));
        }
    }
    Ok(smallest.map(|(_, source)| source))
}

/// The same, with its probe; or the matches of a search, where the index of trigrams has few.
async fn narrowest_of<C: Column>(
    store: &Store,
    plan: &Plan<C>,
    sources: &[Source<C>],
) -> Result<Option<Source<C>>, StoreError> {
    let (backend, mut narrow) = (store.backend(), None);
    if !sources.is_empty() {
        let probe = sourced::probe(backend, plan, sources, StatementKind::Probe);
        narrow = narrowest(store, probe, sources, None).await?;
    }
    if narrow.is_none()
        && let Some(search) = trigrams::Search::of(store, plan.filter())
    {
        let probe = sourced::probe(backend, plan, &[search.source()], StatementKind::Trigrams);
        narrow = search.narrow(store, probe).await?;
    }
    Ok(narrow)
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
