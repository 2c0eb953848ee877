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
//! What no index serves in the sort's order is for [`sourced`].
//!
//! **Few texts.** A text depends on which columns, conditions and how many statuses there are, never on a value.

use keyset::{Direction, Filter, Key, Order, Plan, Value};
use sea_orm::DbBackend;

use super::scan::{self, Condition, Part, Role, Source, Walk};
use super::sourced;
use super::sql::{Limit, Read, Sql};
use super::table::{Column, Fields, Table};
use crate::store::statement_kind::{Named, StatementKind};

/// The most rows that one page statement can be asked for: a page of 100 and a neighbour on each side.
///
/// It stands as a constant in the text, so that the planner knows it whatever the page size.
pub(super) const MOST_ROWS: usize = 102;

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
    let walks = scan::walks(plan.filter());
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
    let walked = scan::by_name(plan.filter());
    let mut read = Read {
        filter: plan.filter(),
        walks: &walked,
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
    let mut sql = Sql::new(backend, scan::walks(plan.filter()));
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
        if plan.filter().ranges.is_empty() && plan.filter().checks.is_empty() {
            // Of most names there are few: not worth a look at the cap first.
            let bounds: Vec<_> = scan::cuts(plan, Part::Count).collect();
            let walks = scan::by_name(plan.filter());
            let key = plan.order().keys()[0];
            counted(&mut sql, plan.filter(), &walks, &bounds, key, plan.limit());
        } else {
            sourced::source_count(&mut sql, plan, Source::Order(plan.order().keys()[0].column));
        }
        sql.push(")");
    }
    sql.finish(StatementKind::StatusCounts)
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

/// `SELECT` the number of rows of a plan without further ranges, its limit at most.
///
/// PostgreSQL is first asked for the row at the limit, where one index range is read: most lists are longer, and a walk to
/// one row costs a quarter less than a walk that counts. Where there is none the rows are fewer, and are counted.
fn ordered_count<C: Column>(sql: &mut Sql<C>, plan: &Plan<C>) {
    let bounds: Vec<_> = scan::cuts(plan, Part::Count).collect();
    let (key, limit) = (plan.order().keys()[0], plan.limit());
    let walks = scan::by_name(plan.filter());
    if sql.is_sqlite() || limit == 0 || walks.len() > 1 {
        return counted(sql, plan.filter(), &walks, &bounds, key, limit);
    }
    let keys = [key];
    let last = Read {
        limit: Limit::Nth(limit),
        ..first(plan.filter(), &walks, &bounds, &keys, limit)
    };
    sql.push("SELECT coalesce((");
    sql.read(|sql| sql.number(limit), &last);
    sql.push("), (");
    counted(sql, plan.filter(), &walks, &bounds, key, limit);
    sql.push("))");
}

/// `SELECT count(*)` of at most `limit` entries of an index that begins with the column of `key`.
pub(super) fn counted<C: Column>(
    sql: &mut Sql<C>,
    filter: &Filter<C>,
    walks: &[Walk<'_, C>],
    bounds: &[Condition<C>],
    key: Key<C>,
    limit: usize,
) {
    sql.push("SELECT count(*) FROM (");
    sql.read(|sql| sql.push("1"), &first(filter, walks, bounds, &[key], limit));
    sql.push(") AS counted");
}

/// The first entries of an index that begins with the column of the key.
fn first<'a, C: Column>(
    filter: &'a Filter<C>,
    walks: &'a [Walk<'a, C>],
    bounds: &'a [Condition<C>],
    keys: &'a [Key<C>; 1],
    limit: usize,
) -> Read<'a, C> {
    Read {
        filter,
        walks,
        bounds,
        lead: keys[0].column,
        // Not for the order: so that the planner walks this index, whatever it believes of the table.
        keys,
        merged: false,
        limit: Limit::Constant(limit),
    }
}
