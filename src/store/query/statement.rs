//! From a [`Plan`] to the statement whose cost is known.
//!
//! **The bound.** For the sorts by id, creation and change (with their tie-break), with or without statuses and a range
//! on the sort's own column, a page reads as many index entries and rows as the plan's limit, and one descent of an
//! index and one row more for each status: never more with the size of the table or the depth of the page. A count reads
//! as many index entries as its cap, and the same descents; on PostgreSQL, of a list shorter than the cap, those of the
//! list twice. Three things hold that bound:
//!
//! - A row value `(created_at, id) < ($2, $3)` is one index range, and a range on the sort's own column is merged with
//!   the cursor into it before any statement is made.
//! - Several statuses are one ordered walk each, merged.
//! - PostgreSQL sees a constant inner LIMIT, so that a generic plan (whose outer limit is a parameter) is made for few
//!   rows; and a status is compared with `=`, as `= ANY($1)` turns into a scan of the account in a generic plan.
//!
//! For other orders the bound is the page and the largest group of rows with one value of the first key: both databases
//! walk the index of that key and sort one such group after the other, PostgreSQL 32 rows of each walk at least.
//! SQLite is told by name which index that is: left alone it reads the whole account by its primary key and sorts it.
//!
//! **A range on another column than the sort's** (or two ranges, of which one at most is the sort's) is served by no
//! index in the sort's order. Two forms answer it; both read only what an index holds, as the indexes on the instants
//! hold the other instant too (those on ids hold none, so a walk by id may look at rows), and look the rows of the page
//! up afterwards:
//!
//! - [`range`] reads all entries of one [`Source`] and keeps the first few in the sort's order. Bound: the range.
//! - [`walk`] reads the sort's own index, at most [`WALK_ENTRIES`] entries of it, past those outside the range. Bound:
//!   [`WALK_ENTRIES`]; but it may end before the page is full.
//!
//! [`probe`] counts each source up to [`NARROW_ENTRIES`]: if one is narrow, its range answers, if none is, the walk is
//! tried, and where the walk ends early, the range. So a page costs at most a probe and a walk more than its range. The
//! form is chosen here and not by a planner, whose estimates take the two instants for independent of each other. That
//! `updated_at >= created_at` would make most of these ranges ranges of both columns, but applications write the table
//! and nothing in the database holds them to it: so it is not used.
//!
//! **Few texts.** A text depends on which columns, conditions and how many statuses there are, never on a value.

use keyset::{Direction, Filter, Key, Order, Plan, Value};
use sea_orm::DbBackend;

use super::scan::{self, Condition, Part, Role, Source};
use super::sql::{Limit, Read, Sql};
use super::table::{Column, Fields, Table};
use crate::store::statement_kind::{Named, StatementKind};

/// The most rows that one page statement can be asked for: a page of 100 and a neighbour on each side.
///
/// It stands as a constant in the text, so that the planner knows it whatever the page size.
const MOST_ROWS: usize = 102;

/// A range with no more index entries is read whole.
///
/// Source: measured on 1,200,000 imports of one account, PostgreSQL 15: 10,000 entries of a range take 108 buffers
/// and 2 ms.
pub(super) const NARROW_ENTRIES: usize = 10_000;

/// As many index entries of the sort are looked through for rows of a wide range.
const WALK_ENTRIES: usize = 10_000;

/// The rows of a plan without further ranges, of a width of `fields`, and with `count` a last column with the number of
/// rows of that plan.
pub(super) fn page<C: Column>(
    backend: DbBackend,
    plan: &Plan<C>,
    fields: Fields,
    count: Option<&Plan<C>>,
) -> Named {
    debug_assert!(
        plan.limit() <= MOST_ROWS,
        "pages are bounded before they are planned"
    );
    let walks = scan::names(plan.filter()).len();
    let mut sql = Sql::new(backend, walks * (1 + usize::from(count.is_some())));
    let columns = |sql: &mut Sql<C>| {
        sql.fields(fields);
        if let Some(count) = count {
            sql.push(", (");
            ordered_count(sql, count);
            sql.push(")");
        }
    };
    let bounds: Vec<_> = scan::cuts(plan, Part::Page).collect();
    let mut read = Read {
        filter: plan.filter(),
        bounds: &bounds,
        lead: plan.order().keys()[0].column,
        keys: plan.order().keys(),
        merged: true,
        limit: Limit::Bound(plan.limit()),
    };
    if sql.is_sqlite() && walks == 1 {
        sql.read(columns, &read);
        return sql.finish(StatementKind::Page);
    }
    sql.push("SELECT ");
    columns(&mut sql);
    sql.push(" FROM (");
    if sql.is_sqlite() {
        // SQLite plans every statement for its own values and needs no second limit.
        sql.read(|sql| sql.fields(fields), &read);
        sql.push(") AS page");
    } else {
        read.limit = Limit::Constant(MOST_ROWS);
        sql.read(|sql| sql.fields(fields), &read);
        sql.push(") AS page");
        sql.order_by(plan.order().keys());
        sql.limit(Limit::Bound(plan.limit()));
    }
    sql.finish(if walks > 1 {
        StatementKind::Merge
    } else {
        StatementKind::Page
    })
}

/// How many rows a plan without further ranges has, its limit at most.
pub(super) fn count<C: Column>(backend: DbBackend, plan: &Plan<C>) -> Named {
    let mut sql = Sql::new(backend, scan::names(plan.filter()).len());
    ordered_count(&mut sql, plan);
    sql.finish(StatementKind::Count)
}

/// How many rows each plan has, as one row with one column a plan. The plans share filter and cuts but for the name.
///
/// A second range is checked in the index that the first one reads: its bound is then the first range, not the limit.
pub(super) fn counts<C: Column>(backend: DbBackend, plans: &[Plan<C>]) -> Named {
    let mut sql = Sql::new(backend, plans.len());
    for (index, plan) in plans.iter().enumerate() {
        sql.push(if index == 0 { "SELECT (" } else { ", (" });
        if plan.filter().ranges.is_empty() {
            // Of most names there are few: not worth a look at the cap first.
            let bounds: Vec<_> = scan::cuts(plan, Part::Count).collect();
            counted(
                &mut sql,
                plan.filter(),
                &bounds,
                plan.order().keys()[0],
                plan.limit(),
            );
        } else {
            source_count(&mut sql, plan, Source::Order(plan.order().keys()[0].column));
        }
        sql.push(")");
    }
    sql.finish(StatementKind::StatusCounts)
}

/// How many index entries each source of a plan has, up to one more than [`NARROW_ENTRIES`], as one row with one column
/// a source.
pub(super) fn probe<C: Column>(backend: DbBackend, plan: &Plan<C>, sources: &[Source<C>]) -> Named {
    let walks = scan::names(plan.filter()).len();
    let mut sql = Sql::new(backend, walks * sources.len());
    for (index, source) in sources.iter().enumerate() {
        sql.push(if index == 0 { "SELECT (" } else { ", (" });
        let bounds = source.bounds(plan, Part::Page);
        let limit = NARROW_ENTRIES + 1;
        counted(&mut sql, plan.filter(), &bounds, source.counting_key(plan), limit);
        sql.push(")");
    }
    sql.finish(StatementKind::Probe)
}

/// The rows of a plan, chosen among all entries of a source of it; `count` as in [`page`], whatever its ranges.
pub(super) fn range<C: Column>(
    backend: DbBackend,
    plan: &Plan<C>,
    source: Source<C>,
    fields: Fields,
    count: Option<&Plan<C>>,
) -> Named {
    let mut sql = Sql::new(backend, 2 * scan::names(plan.filter()).len());
    sql.push("SELECT ");
    sql.fields(fields);
    if let Some(count) = count {
        sql.push(", (");
        source_count(&mut sql, count, source);
        sql.push(")");
    }
    let bounds = source.bounds(plan, Part::Page);
    let entries = Read {
        filter: plan.filter(),
        bounds: &bounds,
        lead: source.column(),
        keys: &[],
        merged: false,
        limit: Limit::All,
    };
    looked_up(&mut sql, plan, &entries, source.rest(plan, Part::Page));
    sql.finish(StatementKind::Range)
}

/// The rows of a plan among the first [`WALK_ENTRIES`] of its order: all that it has where they are as many as its limit,
/// perhaps too few where they are not.
///
/// With `count` the last column is that plan's number of rows, or NULL where the rows are too few.
pub(super) fn walk<C: Column>(
    backend: DbBackend,
    plan: &Plan<C>,
    fields: Fields,
    count: Option<(&Plan<C>, Source<C>)>,
) -> Named {
    let mut sql = Sql::new(backend, 2 * scan::names(plan.filter()).len());
    sql.push("SELECT ");
    sql.fields(fields);
    if let Some((count, source)) = count {
        sql.push(", CASE WHEN count(*) OVER () = ");
        sql.bind(Role::Limit, None, |_| sea_orm::Value::from(plan.limit() as i64));
        sql.push(" THEN (");
        source_count(&mut sql, count, source);
        sql.push(") END");
    }
    let bounds: Vec<_> = scan::cuts(plan, Part::Page).collect();
    let entries = Read {
        filter: plan.filter(),
        bounds: &bounds,
        lead: plan.order().keys()[0].column,
        keys: plan.order().keys(),
        merged: true,
        limit: Limit::Constant(WALK_ENTRIES),
    };
    let rest = scan::ranges(plan.filter(), |_| true).collect();
    looked_up(&mut sql, plan, &entries, rest);
    sql.finish(StatementKind::Walk)
}

/// How many rows a plan has, its limit at most, counted among the entries of a source of it.
pub(super) fn range_count<C: Column>(backend: DbBackend, plan: &Plan<C>, source: Source<C>) -> Named {
    let mut sql = Sql::new(backend, scan::names(plan.filter()).len());
    source_count(&mut sql, plan, source);
    sql.finish(StatementKind::RangeCount)
}

/// The rows of one account with one of these ids, in no order.
pub(super) fn by_ids<C: Column>(backend: DbBackend, account_id: i64, ids: &[i64], fields: Fields) -> Named {
    let mut sql = Sql::<C>::new(backend, 1);
    sql.push("SELECT ");
    sql.fields(fields);
    sql.push(" FROM ");
    sql.push(C::Row::NAME);
    sql.push(" WHERE account_id = ");
    sql.bind(Role::Equal, None, |_| sea_orm::Value::from(account_id));
    if let [id] = ids {
        sql.push(" AND id = ");
        sql.bind(Role::Ids, None, |_| sea_orm::Value::from(*id));
    } else if sql.is_sqlite() {
        // One parameter, so one text for every number of ids.
        sql.push(" AND id IN (SELECT value FROM json_each(");
        sql.bind(Role::Ids, None, |_| sea_orm::Value::from(format!("{ids:?}")));
        sql.push("))");
    } else {
        sql.push(" AND id = ANY(");
        sql.bind(Role::Ids, None, |_| sea_orm::Value::from(ids.to_vec()));
        sql.push(")");
    }
    sql.finish(StatementKind::ByIds)
}

/// The plans of [`counts`]: one a name, `None` where no row can have it.
///
/// Their order is the range's own column, so that a range costs no more than its rows; it plays no other part.
pub(super) fn plans_by_name<C: Column>(
    filter: &Filter<C>,
    lead: C,
    column: C,
    names: &[&'static str],
    cap: usize,
) -> Vec<Option<Plan<C>>> {
    let key = Key {
        column: lead,
        direction: Direction::Desc,
    };
    let plan = |name: &&'static str| {
        let name = Value::Name(name);
        if filter
            .one_of
            .as_ref()
            .is_some_and(|(_, asked)| !asked.contains(&name))
        {
            return None;
        }
        let order = Order::new(&[key], C::TIE_BREAK).ok()?;
        let filter = Filter {
            one_of: Some((column, vec![name])),
            ..filter.clone()
        };
        Plan::new(&filter, order, None, None, cap)
    };
    names.iter().map(plan).collect()
}

/// Which fields a row of `plan` needs at the least: the id, and those that its order compares.
pub(super) fn key_fields<C: Column>(plan: &Plan<C>) -> Fields {
    let keys = plan.order().keys().iter();
    keys.fold(Fields::NONE.with(C::ID), |fields, key| fields.with(key.column))
}

/// `FROM` the rows of the plan that are among `entries` and meet `rest`: the first in its order are chosen by what the
/// index holds, then looked up by their key, one by one.
fn looked_up<C: Column>(sql: &mut Sql<C>, plan: &Plan<C>, entries: &Read<'_, C>, rest: Vec<Condition<C>>) {
    sql.push(" FROM (SELECT id AS page_id FROM (");
    sql.read(Sql::indexed, entries);
    sql.push(") AS entries");
    if !rest.is_empty() {
        sql.push(" WHERE ");
        sql.conditions(rest);
    }
    sql.order_by(plan.order().keys());
    sql.limit(Limit::Bound(plan.limit()));
    // Neither database may look at all rows of the account first: CROSS keeps SQLite's order of loops, LIMIT PostgreSQL's.
    if sql.is_sqlite() {
        sql.push(") AS page CROSS JOIN ");
        sql.push(C::Row::NAME);
        sql.push(" ON ");
        sql.conditions(scan::equalities(plan.filter()));
        sql.push(" AND id = page_id");
    } else {
        sql.push(") AS page, LATERAL (SELECT * FROM ");
        sql.push(C::Row::NAME);
        sql.push(" WHERE ");
        sql.conditions(scan::equalities(plan.filter()));
        sql.push(" AND id = page_id LIMIT 1) AS row");
    }
}

/// `SELECT` the number of rows of a plan without further ranges, its limit at most.
///
/// PostgreSQL is first asked for the row at the limit, where one index range is read: most lists are longer, and a walk to
/// one row costs a quarter less than a walk that counts. Where there is none the rows are fewer, and are counted.
fn ordered_count<C: Column>(sql: &mut Sql<C>, plan: &Plan<C>) {
    let bounds: Vec<_> = scan::cuts(plan, Part::Count).collect();
    let (key, limit) = (plan.order().keys()[0], plan.limit());
    if sql.is_sqlite() || limit == 0 || scan::names(plan.filter()).len() > 1 {
        return counted(sql, plan.filter(), &bounds, key, limit);
    }
    let keys = [key];
    let last = Read {
        limit: Limit::Nth(limit),
        ..first(plan.filter(), &bounds, &keys, limit)
    };
    sql.push("SELECT coalesce((");
    sql.read(|sql| sql.number(limit), &last);
    sql.push("), (");
    counted(sql, plan.filter(), &bounds, key, limit);
    sql.push("))");
}

/// `SELECT count(*)` of at most `limit` entries of an index that begins with the column of `key`.
fn counted<C: Column>(
    sql: &mut Sql<C>,
    filter: &Filter<C>,
    bounds: &[Condition<C>],
    key: Key<C>,
    limit: usize,
) {
    sql.push("SELECT count(*) FROM (");
    sql.read(|sql| sql.push("1"), &first(filter, bounds, &[key], limit));
    sql.push(") AS counted");
}

/// The first entries of an index that begins with the column of the key.
fn first<'a, C: Column>(
    filter: &'a Filter<C>,
    bounds: &'a [Condition<C>],
    keys: &'a [Key<C>; 1],
    limit: usize,
) -> Read<'a, C> {
    Read {
        filter,
        bounds,
        lead: keys[0].column,
        // Not for the order: so that the planner walks this index, whatever it believes of the table.
        keys,
        merged: false,
        limit: Limit::Constant(limit),
    }
}

/// `SELECT count(*)` of a plan, among the entries of a source of it.
fn source_count<C: Column>(sql: &mut Sql<C>, plan: &Plan<C>, source: Source<C>) {
    let bounds = source.bounds(plan, Part::Count);
    let entries = Read {
        filter: plan.filter(),
        bounds: &bounds,
        lead: source.column(),
        keys: &[source.counting_key(plan)],
        merged: false,
        limit: Limit::All,
    };
    sql.push("SELECT count(*) FROM (SELECT 1 FROM (");
    sql.read(Sql::indexed, &entries);
    sql.push(") AS entries");
    let rest = source.rest(plan, Part::Count);
    if !rest.is_empty() {
        sql.push(" WHERE ");
        sql.conditions(rest);
    }
    sql.limit(Limit::Constant(plan.limit()));
    sql.push(") AS counted");
}
