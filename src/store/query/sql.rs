//! A statement in the making: text and bound values grow together, so they cannot disagree.
//!
//! Takes columns, conditions and limits; gives a [`Named`] statement. Nothing that a user wrote becomes text: columns are a
//! closed set, values are bound, each role to a placeholder of its own that every branch of the statement shares.

use std::fmt::Write as _;

use case_folding::Term;
use keyset::{Comparison, Direction, Filter, Key, Predicate, Value};
use sea_orm::DbBackend;

use super::scan::{self, Condition, Role, Walk};
use super::table::{Column, Fields, Table};
use crate::store::statement_kind::{Named, StatementKind};

/// How much of some rows is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    /// A constant of ours, written out so that the planner knows it.
    Constant(usize),
    /// The row in this place alone, written out; places begin at 1.
    Nth(usize),
    /// The number of rows wanted, bound.
    Bound(usize),
    /// All, but the statement around it cannot be moved into it: the index range is read as it stands here.
    All,
}

/// How the rows of an index range are read.
pub(super) struct Read<'a, C> {
    pub(super) filter: &'a Filter<C>,
    pub(super) walks: &'a [Walk<'a, C>],
    pub(super) bounds: &'a [Condition<C>],
    /// The column of the index that is read, behind account and name.
    pub(super) lead: C,
    pub(super) keys: &'a [Key<C>],
    /// Whether the rows of several walks come in one order, or one walk after the other.
    pub(super) merged: bool,
    pub(super) limit: Limit,
}

/// A statement over the table of `C`.
pub(super) struct Sql<C> {
    backend: DbBackend,
    text: String,
    values: Vec<sea_orm::Value>,
    roles: Vec<(Role, Option<C>)>,
}

impl<C: Column> Sql<C> {
    pub(super) fn new(backend: DbBackend, walks: usize) -> Self {
        Self {
            backend,
            text: String::with_capacity(384 + 384 * walks),
            values: Vec::with_capacity(16),
            roles: Vec::with_capacity(16),
        }
    }

    pub(super) fn finish(self, kind: StatementKind) -> Named {
        Named::new(kind, self.backend, self.text, self.values)
    }

    pub(super) fn is_sqlite(&self) -> bool {
        self.backend == DbBackend::Sqlite
    }

    pub(super) fn push(&mut self, text: &'static str) {
        self.text.push_str(text);
    }

    /// The placeholder of a role, made with its value where the statement has none yet.
    pub(super) fn bind(
        &mut self,
        role: Role,
        column: Option<C>,
        value: impl FnOnce(DbBackend) -> sea_orm::Value,
    ) {
        let known = self.roles.iter().position(|bound| *bound == (role, column));
        let index = known.unwrap_or_else(|| {
            self.roles.push((role, column));
            self.values.push(value(self.backend));
            self.roles.len() - 1
        });
        let sign = if self.is_sqlite() { '?' } else { '$' };
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{sign}{}", index + 1);
    }

    pub(super) fn limit(&mut self, limit: Limit) {
        match limit {
            Limit::Constant(rows) => {
                let _ = write!(self.text, " LIMIT {rows}");
            }
            Limit::Nth(place) => {
                let _ = write!(self.text, " LIMIT 1 OFFSET {}", place - 1);
            }
            Limit::Bound(rows) => {
                self.push(" LIMIT ");
                self.bind(Role::Limit, None, |_| sea_orm::Value::from(rows as i64));
            }
            Limit::All => self.push(if self.is_sqlite() {
                " LIMIT -1"
            } else {
                " OFFSET 0"
            }),
        }
    }

    /// A constant of ours.
    pub(super) fn constant(&mut self, number: i64) {
        let _ = write!(self.text, "{number}");
    }

    /// A constant of ours, as wide as a count.
    pub(super) fn number(&mut self, number: usize) {
        let _ = write!(self.text, "CAST({number} AS bigint)");
    }

    pub(super) fn fields(&mut self, fields: Fields) {
        for (index, field) in fields.iter::<C>().enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            self.push(field.name());
        }
    }

    pub(super) fn order_by(&mut self, keys: &[Key<C>]) {
        for (index, key) in keys.iter().enumerate() {
            self.push(if index == 0 { " ORDER BY " } else { ", " });
            self.push(key.column.name());
            self.push(if key.direction == Direction::Desc {
                " DESC"
            } else {
                ""
            });
        }
    }

    /// The rows of one index range a walk, as a query without parentheses around it.
    ///
    /// Several walks are merged: by PostgreSQL where each has its own ORDER BY and LIMIT, by SQLite where the compound has
    /// one and its members none.
    pub(super) fn read(&mut self, columns: impl Fn(&mut Self), read: &Read<'_, C>) {
        let several = read.walks.len() > 1;
        let nested = several && !self.is_sqlite();
        for (index, walk) in read.walks.iter().enumerate() {
            self.push(if index == 0 { "" } else { " UNION ALL " });
            self.push(if nested { "(SELECT " } else { "SELECT " });
            columns(self);
            self.push(" FROM ");
            if let Walk::Term(column, term) = walk {
                self.matching(*column, term);
            } else {
                self.push(C::Row::NAME);
            }
            if self.is_sqlite() {
                self.indexed_by(walk, read.lead);
            }
            self.push(" WHERE ");
            self.scope(read.filter, walk);
            for condition in read.bounds {
                self.push(" AND ");
                self.condition(condition);
            }
            if nested {
                if walk.is_ordered() {
                    self.order_by(read.keys);
                }
                self.limit(read.limit);
                self.push(")");
            }
        }
        if read.merged || !several {
            self.order_by(read.keys);
        }
        self.limit(read.limit);
    }

    /// The rows of all accounts whose text has a term, as PostgreSQL's index of trigrams finds them.
    ///
    /// OFFSET keeps the account's condition out of it: beside that the planner may take an index of the account's for the
    /// better one, and look at all of its rows.
    fn matching(&mut self, column: C, term: &Term) {
        self.push("(SELECT * FROM ");
        self.push(C::Row::NAME);
        self.push(" WHERE ");
        self.push(column.derived().unwrap_or(column.name()));
        self.push(" LIKE ");
        self.bind(Role::Term, Some(column), |_| sea_orm::Value::from(term.like()));
        self.push(" OFFSET 0) AS matching");
    }

    /// The index of a walk, for SQLite: where the order goes on behind the index, it would read and sort the whole account.
    fn indexed_by(&mut self, walk: &Walk<'_, C>, lead: C) {
        let lead = match walk {
            Walk::Text(column, ..) => *column,
            _ => lead,
        };
        let index = lead.indexes().map_or("", |indexes| match walk {
            Walk::Name(..) => indexes.by_name.unwrap_or(indexes.plain),
            _ => indexes.plain,
        });
        // The primary key is the table itself.
        if !index.is_empty() {
            self.push(" INDEXED BY ");
            self.push(index);
        }
    }

    /// The equalities that every index begins with.
    fn scope(&mut self, filter: &Filter<C>, walk: &Walk<'_, C>) {
        self.conditions(scan::equalities(filter));
        match *walk {
            Walk::Whole | Walk::Term(..) => {}
            Walk::Long(column) => {
                self.push(" AND ");
                self.push(column.derived().unwrap_or(column.name()));
                self.push(" IS NULL");
            }
            Walk::Name(column, name) => {
                self.push(" AND ");
                self.push(column.name());
                self.push(" = ");
                self.bind_name(name);
            }
            Walk::Text(column, place, text) => {
                let derived = column.derived().filter(|_| !self.is_sqlite());
                self.push(" AND ");
                self.push(derived.unwrap_or(column.name()));
                self.push(" = ");
                self.bind(Role::Text(place), Some(column), |_| sea_orm::Value::from(text));
            }
        }
    }

    fn bind_name(&mut self, name: &'static str) {
        self.bind(Role::Name(name), None, |_| sea_orm::Value::from(name));
    }

    /// All of the conditions, none of them a group that needs parentheses of its own.
    pub(super) fn conditions(&mut self, conditions: impl IntoIterator<Item = Condition<C>>) {
        for (index, condition) in conditions.into_iter().enumerate() {
            self.push(if index == 0 { "" } else { " AND " });
            self.condition(&condition);
        }
    }

    /// ` WHERE` with all of the conditions; nothing where there are none.
    pub(super) fn filtered(&mut self, conditions: impl IntoIterator<Item = Condition<C>>) {
        let mut conditions = conditions.into_iter().peekable();
        if conditions.peek().is_some() {
            self.push(" WHERE ");
            self.conditions(conditions);
        }
    }

    pub(super) fn condition(&mut self, condition: &Condition<C>) {
        self.predicate(condition.role, &condition.predicate);
    }

    fn predicate(&mut self, role: Role, predicate: &Predicate<C>) {
        match predicate {
            Predicate::All(parts) => self.joined(role, parts, " AND ", "TRUE"),
            Predicate::Any(parts) => {
                self.push("(");
                self.joined(role, parts, " OR ", "FALSE");
                self.push(")");
            }
            Predicate::Compare {
                columns,
                comparison,
                values,
            } => {
                let tuple = columns.len() > 1;
                self.push(if tuple { "(" } else { "" });
                for (index, column) in columns.iter().enumerate() {
                    self.push(if index == 0 { "" } else { ", " });
                    self.push(column.name());
                }
                self.push(if tuple { ")" } else { "" });
                self.push(operator(*comparison));
                self.push(if tuple { "(" } else { "" });
                for (index, (column, value)) in columns.iter().zip(values).enumerate() {
                    self.push(if index == 0 { "" } else { ", " });
                    match value {
                        // Names are told apart by themselves, as several may stand for one column.
                        Value::Name(name) => self.bind_name(name),
                        value => self.bind(role, Some(*column), |backend| bound(backend, *value)),
                    }
                }
                self.push(if tuple { ")" } else { "" });
            }
            Predicate::OneOf { column, values } => {
                let equal = |value: &Value| Predicate::compare(*column, Comparison::Equal, *value);
                self.predicate(role, &Predicate::Any(values.iter().map(equal).collect()));
            }
            Predicate::Check(check) => self.check(check),
        }
    }

    fn joined(&mut self, role: Role, parts: &[Predicate<C>], separator: &'static str, empty: &'static str) {
        if parts.is_empty() {
            self.push(empty);
        }
        for (index, part) in parts.iter().enumerate() {
            self.push(if index == 0 { "" } else { separator });
            let nested = matches!(part, Predicate::All(_));
            self.push(if nested { "(" } else { "" });
            self.predicate(role, part);
            self.push(if nested { ")" } else { "" });
        }
    }
}

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Less => " < ",
        Comparison::LessOrEqual => " <= ",
        Comparison::Equal => " = ",
        Comparison::GreaterOrEqual => " >= ",
        Comparison::Greater => " > ",
    }
}

fn bound(backend: DbBackend, value: Value) -> sea_orm::Value {
    match value {
        Value::Int(number) => sea_orm::Value::from(number),
        Value::Name(name) => sea_orm::Value::from(name),
        // The end of a half-open range may be the first instant of the year 10000.
        Value::Instant(micros) if backend == DbBackend::Sqlite => sea_orm::Value::from(micros),
        Value::Instant(micros) => {
            sea_orm::Value::ChronoDateTimeUtc(chrono::DateTime::from_timestamp_micros(micros))
        }
    }
}
