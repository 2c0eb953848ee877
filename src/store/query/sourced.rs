//! Plans with conditions that no index serves in the sort's order: a range on another column than the sort's (or two
//! ranges, of which one at most is the sort's), and checks.
//!
//! Several forms answer them. Each reads entries of one index, checks what it can by what the index holds, and looks the
//! rows of the page up afterwards:
//!
//! - [`range`] reads all entries of one [`Source`] and keeps the first few in the sort's order. Bound: the source.
//! - [`walk`] reads the sort's own index, at most [`WALK_ENTRIES`] entries of it, past those that do not meet the
//!   conditions. Bound: [`WALK_ENTRIES`]; but it may end before the page is full. Without that bound it is a scan, for
//!   plans that have no source.
//! - [`search`] is a walk of at most [`SEARCH_ENTRIES`] that tells how far it came, for plans that search a text.
//!
//! [`probe`] counts each source up to [`NARROW_ENTRIES`]: if one is narrow, its range answers; if none is, the walk is
//! tried, and where it ends early, the range or the scan, but for a search: its page is then cut. So a page costs at most a
//! probe and a walk more than its range, and a search never more than a probe and a walk. The form is chosen here and not
//! by a planner, whose estimates take the instants for independent of each other. That `updated_at >= created_at` would make
//! most of these ranges ranges of both columns, but applications write the table and nothing in the database holds them
//! to it: so it is not used.
//!
//! **What the indexes hold.** Those on the instants hold the other instants. On PostgreSQL the primary key and the indexes
//! on creation and change also hold the state, the folded name and the type's start, and those on types and ends all but the
//! name; on SQLite the primary key is the table. Where a check needs more (by state), each entry is looked up in the table:
//! the bound in entries is the same.

use keyset::{Key, Plan};
use sea_orm::DbBackend;

use super::scan::{self, Condition, Part, Role, Source, Walk};
use super::slots::Slot;
use super::sql::{Limit, Read, Sql};
use super::statement::{MOST_ROWS, counted};
use super::table::{Column, Fields, Table};
use crate::store::statement_kind::{Named, StatementKind};

/// A range with no more index entries is read whole.
///
/// Source: measured on 1,200,000 imports of one account, PostgreSQL 15: 10,000 entries of a range take 108 buffers
/// and 2 ms.
pub(super) const NARROW_ENTRIES: usize = 10_000;

/// As many index entries of the sort are looked through for rows of a wide range.
const WALK_ENTRIES: usize = 10_000;

/// As many index entries are looked through for a text.
///
/// Source: measured on 2,000,000 imports of one account, PostgreSQL 15: 50,000 entries take 727 buffers and 10 to 14 ms.
pub(super) const SEARCH_ENTRIES: usize = 50_000;

/// As many are looked through before the index of trigrams is asked: a term that many names have is found among them, and
/// an account with fewer imports needs no other search. A tenth of a whole search.
const GLANCE_ENTRIES: usize = 5_000;

/// As many matches at most, each with a row that is looked up, are taken from the index of trigrams.
const MATCHES: usize = 1_000;

/// As many index entries are counted by time.
pub(super) const SLOT_ENTRIES: usize = 20_000;

/// The entries of a source of a plan, and the conditions that are left to check of each.
struct Entries<'a, C> {
    plan: &'a Plan<C>,
    source: Source<C>,
    walks: Vec<Walk<'a, C>>,
    bounds: Vec<Condition<C>>,
    rest: Vec<Condition<C>>,
}

impl<'a, C: Column> Entries<'a, C> {
    fn of(source: Source<C>, plan: &'a Plan<C>, part: Part) -> Self {
        Self {
            plan,
            source,
            walks: source.walks(plan.filter()),
            bounds: source.bounds(plan, part),
            rest: source.rest(plan, part),
        }
    }

    /// Those of the plan's own order: name by name, or whatever the rows' names.
    fn of_order(plan: &'a Plan<C>, part: Part, is_by_name: bool) -> Self {
        let lead = plan.order().keys()[0].column;
        let source = if is_by_name { Source::Order } else { Source::Whole };
        Self::of(source(lead), plan, part)
    }

    /// The first ones in the plan's order.
    fn along(&self, limit: Limit) -> Read<'_, C> {
        self.read(self.plan.order().keys(), true, limit)
    }

    /// All of them. `key` is not for the order: it makes the planner read this index, however much of the table it is.
    fn all<'b>(&'b self, key: &'b [Key<C>]) -> Read<'b, C> {
        self.read(key, false, Limit::All)
    }

    fn read<'b>(&'b self, keys: &'b [Key<C>], merged: bool, limit: Limit) -> Read<'b, C> {
        Read {
            filter: self.plan.filter(),
            walks: &self.walks,
            bounds: &self.bounds,
            lead: self.source.column(),
            keys,
            merged,
            limit,
        }
    }
}

/// A source with no more entries is read whole.
pub(super) fn narrow<C>(source: Source<C>) -> usize {
    match source {
        Source::Matching(_) => MATCHES,
        _ => NARROW_ENTRIES,
    }
}

/// How many index entries each source of a plan has, up to one more than is [`narrow`], as one row with one column a
/// source.
pub(super) fn probe<C: Column>(
    backend: DbBackend,
    plan: &Plan<C>,
    sources: &[Source<C>],
    kind: StatementKind,
) -> Named {
    let mut sql = Sql::new(backend, scan::walks(plan.filter()) * sources.len());
    for (index, source) in sources.iter().enumerate() {
        sql.push(if index == 0 { "SELECT (" } else { ", (" });
        let entries = Entries::of(*source, plan, Part::Page);
        let (key, limit) = (source.counting_key(plan), narrow(*source) + 1);
        counted(
            &mut sql,
            plan.filter(),
            &entries.walks,
            &entries.bounds,
            key,
            limit,
        );
        sql.push(")");
    }
    sql.finish(kind)
}

/// The rows of a plan, chosen among all entries of a source of it; with `count` a last column with the number of rows of
/// that plan.
pub(super) fn range<C: Column>(
    backend: DbBackend,
    plan: &Plan<C>,
    source: Source<C>,
    fields: Fields,
    count: Option<&Plan<C>>,
) -> Named {
    let mut sql = Sql::new(backend, 2 * scan::walks(plan.filter()));
    sql.push("SELECT ");
    sql.fields(fields);
    if let Some(count) = count {
        sql.push(", (");
        source_count(&mut sql, count, source);
        sql.push(")");
    }
    let entries = Entries::of(source, plan, Part::Page);
    sql.push(" FROM (");
    chosen(
        &mut sql,
        plan,
        &entries.all(&[source.counting_key(plan)]),
        &entries.rest,
    );
    sql.push(") AS page");
    looked_up(&mut sql, plan);
    sql.finish(StatementKind::Range)
}

/// The rows of a plan among the first [`WALK_ENTRIES`] of its order: all that it has where they are as many as its limit,
/// perhaps too few where they are not. A scan has no such bound, and gives them all.
///
/// With `count` the last column is that plan's number of rows, or NULL where the rows are too few.
pub(super) fn walk<C: Column>(
    backend: DbBackend,
    plan: &Plan<C>,
    fields: Fields,
    count: Option<(&Plan<C>, Source<C>)>,
    is_scan: bool,
) -> Named {
    let mut sql = Sql::new(backend, 2 * scan::walks(plan.filter()));
    sql.push("SELECT ");
    sql.fields(fields);
    if let Some((count, source)) = count {
        if is_scan {
            sql.push(", (");
        } else {
            sql.push(", CASE WHEN count(*) OVER () = ");
            sql.bind(Role::Limit, None, |_| sea_orm::Value::from(plan.limit() as i64));
            sql.push(" THEN (");
        }
        source_count(&mut sql, count, source);
        sql.push(if is_scan { ")" } else { ") END" });
    }
    let limit = if is_scan {
        Limit::All
    } else {
        Limit::Constant(WALK_ENTRIES)
    };
    let entries = Entries::of_order(plan, Part::Page, true);
    sql.push(" FROM (");
    chosen(&mut sql, plan, &entries.along(limit), &entries.rest);
    sql.push(") AS page");
    looked_up(&mut sql, plan);
    sql.finish(if is_scan {
        StatementKind::Scan
    } else {
        StatementKind::Walk
    })
}

/// The rows of a plan among the first [`SEARCH_ENTRIES`] of its order, each with a column that says that it is one; and
/// where they are fewer than its limit and the order goes on, the last of those entries, whose column says that it is none.
///
/// With `count` the last column is the number of rows of that plan among those entries. A glance looks at
/// [`GLANCE_ENTRIES`], and gives the last of them also where they leave the count open.
pub(super) fn search<C: Column>(
    backend: DbBackend,
    plan: &Plan<C>,
    fields: Fields,
    count: Option<&Plan<C>>,
    is_glance: bool,
) -> Named {
    let mut sql = Sql::new(backend, 2);
    let entries = Entries::of_order(plan, Part::Page, false);
    let most_entries = if is_glance { GLANCE_ENTRIES } else { SEARCH_ENTRIES };
    let walk = entries.along(Limit::Constant(most_entries));
    let most = count.map(|count| MOST_ROWS.max(count.limit() + 1));
    match most {
        None => {
            sql.push("WITH found AS (");
            chosen(&mut sql, plan, &walk, &entries.rest);
        }
        // One walk for both: as many matches as either wants.
        Some(most) => {
            sql.push("WITH matched AS MATERIALIZED (SELECT ");
            sql.looked_at(plan.order().keys(), None, &[]);
            met(&mut sql, plan, &walk, &entries.rest, Limit::Constant(most));
            sql.push("), found AS (SELECT id AS page_id FROM matched");
            sql.order_by(plan.order().keys());
            sql.limit(Limit::Bound(plan.limit()));
        }
    }
    sql.push(") SELECT ");
    sql.fields(fields);
    sql.push(", is_found");
    if let Some(count) = count {
        sql.push(", (SELECT count(*) FROM (SELECT 1 FROM matched");
        sql.filtered(scan::cuts(count, Part::Count));
        sql.limit(Limit::Constant(count.limit()));
        sql.push(") AS counted)");
    }
    sql.push(" FROM (SELECT page_id, 1 AS is_found FROM found UNION ALL SELECT id, 0 FROM (");
    sql.read(|sql| sql.push("id"), &entries.along(Limit::Nth(most_entries)));
    match most.filter(|_| is_glance) {
        None => {
            sql.push(") AS reached WHERE (SELECT count(*) FROM found) < ");
            sql.bind(Role::Limit, None, |_| sea_orm::Value::from(plan.limit() as i64));
        }
        Some(most) => {
            sql.push(") AS reached WHERE (SELECT count(*) FROM matched) < ");
            sql.number(most);
        }
    }
    sql.push(") AS page");
    looked_up(&mut sql, plan);
    sql.finish(if is_glance {
        StatementKind::Glance
    } else {
        StatementKind::Search
    })
}

/// How many rows a plan has, its limit at most, counted among the entries of a source of it.
pub(super) fn range_count<C: Column>(backend: DbBackend, plan: &Plan<C>, source: Source<C>) -> Named {
    let mut sql = Sql::new(backend, scan::walks(plan.filter()));
    source_count(&mut sql, plan, source);
    sql.finish(StatementKind::RangeCount)
}

/// The same of a plan that searches a text, among the first [`SEARCH_ENTRIES`] of its order.
pub(super) fn searched_count<C: Column>(backend: DbBackend, plan: &Plan<C>) -> Named {
    let mut sql = Sql::new(backend, 1);
    let entries = Entries::of_order(plan, Part::Count, false);
    let walk = entries.along(Limit::Constant(SEARCH_ENTRIES));
    count_of(&mut sql, plan, &walk, &entries.rest);
    sql.finish(StatementKind::RangeCount)
}

/// The entries of a source, or the first `limit` of a plan's order, by a name and a slot of time: a row has the name, the
/// slot's start, how many entries meet the plan's conditions, how many there are, and their first instant.
///
/// The plan's order begins with an instant. Without slots all of time is one, whose start is NULL. **Unit**: starts in seconds
/// since 1970, shifted as the slots are; instants in microseconds since then.
pub(super) fn grouped<C: Column>(
    backend: DbBackend,
    plan: &Plan<C>,
    source: Source<C>,
    by: C,
    slot: Option<Slot>,
    limit: usize,
) -> Named {
    let mut sql = Sql::new(backend, scan::walks(plan.filter()));
    let lead = plan.order().keys()[0].column;
    let entries = Entries::of(source, plan, Part::Page);
    let rest = &entries.rest;
    let read = match source {
        Source::Order(_) | Source::Whole(_) => entries.along(Limit::Constant(limit)),
        _ => entries.all(&[]),
    };
    sql.push("SELECT name, ");
    sql.seconds("slot");
    sql.push(", count(CASE WHEN is_met THEN 1 END), count(*), ");
    sql.push(if sql.is_sqlite() {
        "min(at)"
    } else {
        "CAST(extract(epoch FROM min(at)) * 1000000 AS bigint)"
    });
    sql.push(" FROM (SELECT ");
    sql.push(by.name());
    sql.push(" AS name, ");
    sql.push(lead.name());
    sql.push(" AS at, ");
    sql.slot(lead, slot);
    sql.push(" AS slot, ");
    sql.met(rest);
    sql.push(" AS is_met FROM (");
    sql.read(|sql| sql.looked_at(plan.order().keys(), Some(by), rest), &read);
    sql.push(") AS entries) AS judged GROUP BY name, slot");
    sql.finish(StatementKind::Grouped)
}

/// `SELECT` the ids of the first rows in the plan's order that are among `entries` and meet `rest`.
fn chosen<C: Column>(sql: &mut Sql<C>, plan: &Plan<C>, entries: &Read<'_, C>, rest: &[Condition<C>]) {
    sql.push("SELECT id AS page_id");
    met(sql, plan, entries, rest, Limit::Bound(plan.limit()));
}

/// The first of `entries` in the plan's order that meet `rest`, behind the list of columns.
fn met<C: Column>(
    sql: &mut Sql<C>,
    plan: &Plan<C>,
    entries: &Read<'_, C>,
    rest: &[Condition<C>],
    limit: Limit,
) {
    sql.push(" FROM (");
    sql.read(|sql| sql.looked_at(plan.order().keys(), None, rest), entries);
    sql.push(") AS entries");
    sql.filtered(rest.iter().cloned());
    sql.order_by(plan.order().keys());
    sql.limit(limit);
}

/// The rows of the ids of `page`, looked up by their key, one by one.
fn looked_up<C: Column>(sql: &mut Sql<C>, plan: &Plan<C>) {
    // Neither database may look at all rows of the account first: CROSS keeps SQLite's order of loops, LIMIT PostgreSQL's.
    if sql.is_sqlite() {
        sql.push(" CROSS JOIN ");
        sql.push(C::Row::NAME);
        sql.push(" ON ");
        sql.conditions(scan::equalities(plan.filter()));
        sql.push(" AND id = page_id");
    } else {
        sql.push(", LATERAL (SELECT * FROM ");
        sql.push(C::Row::NAME);
        sql.push(" WHERE ");
        sql.conditions(scan::equalities(plan.filter()));
        sql.push(" AND id = page_id LIMIT 1) AS row");
    }
}

/// `SELECT count(*)` of a plan, among the entries of a source of it.
pub(super) fn source_count<C: Column>(sql: &mut Sql<C>, plan: &Plan<C>, source: Source<C>) {
    let entries = Entries::of(source, plan, Part::Count);
    count_of(
        sql,
        plan,
        &entries.all(&[source.counting_key(plan)]),
        &entries.rest,
    );
}

fn count_of<C: Column>(sql: &mut Sql<C>, plan: &Plan<C>, entries: &Read<'_, C>, rest: &[Condition<C>]) {
    sql.push("SELECT count(*) FROM (SELECT 1 FROM (");
    sql.read(|sql| sql.looked_at(entries.keys, None, rest), entries);
    sql.push(") AS entries");
    sql.filtered(rest.iter().cloned());
    sql.limit(Limit::Constant(plan.limit()));
    sql.push(") AS counted");
}
