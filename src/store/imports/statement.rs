//! From a [`Plan`] to the statement whose cost is known.
//!
//! **The bound.** For the sorts by id, creation and change (with their tie-break) a statement reads as many index entries
//! as the plan's limit, once for each status asked for, plus one descent of the index each: never more with the size of
//! the table or the depth of the page. Three things hold that bound:
//! a row value `(created_at, id) < ($2, $3)` is one index range; several statuses are one ordered walk each, merged; and
//! PostgreSQL sees a literal inner LIMIT, so that a generic plan (whose outer limit is a parameter) is still made for few
//! rows. For other orders the bound is the page and the largest group of ties of the first key, which is sorted.
//! A range on another column than the sort's is met by filtering that walk: its bound is the time limit of a statement.
//!
//! Nothing that a user wrote becomes a statement's text: columns and statuses are closed sets, values are bound.

use keyset::{Comparison, Filter, Key, Plan, Predicate, Value};
use sea_orm::{DbBackend, Statement};

use super::{Column, Field, Fields};
use entity::ImportStatus;

/// The most rows that one page statement can be asked for: a page of 100 and a neighbour on each side.
///
/// It stands as a literal in the text, so that the planner knows it whatever the page size.
const MOST_ROWS: usize = 102;

/// The rows of a plan, of a width of `fields`, and with `count` a last column with the number of rows of that plan.
pub(super) fn page(
    backend: DbBackend,
    plan: &Plan<Column>,
    fields: Fields,
    count: Option<&Plan<Column>>,
) -> Statement {
    debug_assert!(
        plan.limit() <= MOST_ROWS,
        "pages are bounded before they are planned"
    );
    let mut sql = Sql::new(backend);
    let branches = branches(plan.filter());
    let plain = backend == DbBackend::Sqlite && branches.len() == 1;
    sql.push("SELECT ");
    sql.columns(fields);
    if let Some(count) = count {
        sql.push(", (");
        sql.count(count);
        sql.push(")");
    }
    if plain {
        // The walk itself: SQLite plans every statement for its own values and needs no second limit.
        sql.push(" FROM imports WHERE ");
        sql.conditions(plan, branches[0]);
        sql.order_by(plan.order().keys());
    } else {
        sql.push(" FROM (");
        for (index, branch) in branches.iter().enumerate() {
            sql.push(if index == 0 { "" } else { " UNION ALL " });
            sql.branch(plan, *branch, fields);
        }
        if backend == DbBackend::Sqlite {
            // A compound is merged from its walks only where it has one outer ORDER BY and its members no LIMIT.
            sql.order_by(plan.order().keys());
            sql.push(" LIMIT ");
            sql.bind_int(plan.limit());
            sql.push(") AS page");
            return sql.finish();
        }
        sql.push(") AS page");
        sql.order_by(plan.order().keys());
    }
    sql.push(" LIMIT ");
    sql.bind_int(plan.limit());
    sql.finish()
}

/// How many rows a plan has, its limit at most.
pub(super) fn count(backend: DbBackend, plan: &Plan<Column>) -> Statement {
    let mut sql = Sql::new(backend);
    sql.count(plan);
    sql.finish()
}

/// How many rows each plan has, as one row with one column a plan.
pub(super) fn counts(backend: DbBackend, plans: &[Plan<Column>]) -> Statement {
    let mut sql = Sql::new(backend);
    for (index, plan) in plans.iter().enumerate() {
        sql.push(if index == 0 { "SELECT (" } else { ", (" });
        sql.count(plan);
        sql.push(")");
    }
    sql.finish()
}

/// The rows of one account with one of these ids, in no order.
pub(super) fn by_ids(backend: DbBackend, account_id: i64, ids: &[i64], fields: Fields) -> Statement {
    let mut sql = Sql::new(backend);
    sql.push("SELECT ");
    sql.columns(fields);
    sql.push(" FROM imports WHERE account_id = ");
    sql.bind(sea_orm::Value::from(account_id));
    if let [id] = ids {
        sql.push(" AND id = ");
        sql.bind(sea_orm::Value::from(*id));
    } else if backend == DbBackend::Sqlite {
        // One parameter, so one text for every number of ids.
        sql.push(" AND id IN (SELECT value FROM json_each(");
        sql.bind(sea_orm::Value::from(format!("{ids:?}")));
        sql.push("))");
    } else {
        sql.push(" AND id = ANY(");
        sql.bind(sea_orm::Value::from(ids.to_vec()));
        sql.push(")");
    }
    sql.finish()
}

/// One walk a status; a single walk where the filter names none or one.
fn branches(filter: &Filter<Column>) -> Vec<Option<Value>> {
    match &filter.one_of {
        Some((_, statuses)) => statuses.iter().copied().map(Some).collect(),
        None => vec![None],
    }
}

/// A statement in the making: text and bound values grow together, so they cannot disagree.
struct Sql {
    backend: DbBackend,
    text: String,
    values: Vec<sea_orm::Value>,
}

impl Sql {
    fn new(backend: DbBackend) -> Self {
        Self {
            backend,
            text: String::with_capacity(512),
            values: Vec::with_capacity(8),
        }
    }

    fn finish(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.text, self.values)
    }

    fn push(&mut self, text: &'static str) {
        self.text.push_str(text);
    }

    fn bind(&mut self, value: sea_orm::Value) {
        // A value that stands in every branch is bound once.
        let index = self
            .values
            .iter()
            .position(|bound| *bound == value)
            .unwrap_or_else(|| {
                self.values.push(value);
                self.values.len() - 1
            });
        let sign = if self.backend == DbBackend::Sqlite {
            '?'
        } else {
            '$'
        };
        self.text.push(sign);
        self.text.push_str(&(index + 1).to_string());
    }

    fn bind_int(&mut self, number: usize) {
        self.bind(sea_orm::Value::from(number as i64));
    }

    fn bind_value(&mut self, value: Value) {
        let bound = match value {
            Value::Int(number) => sea_orm::Value::from(number),
            Value::Name(name) => sea_orm::Value::from(name),
            // The end of a half-open range may be the first instant of the year 10000.
            Value::Instant(micros) if self.backend == DbBackend::Sqlite => sea_orm::Value::from(micros),
            Value::Instant(micros) => {
                sea_orm::Value::ChronoDateTimeUtc(chrono::DateTime::from_timestamp_micros(micros))
            }
        };
        self.bind(bound);
    }

    fn columns(&mut self, fields: Fields) {
        for (index, field) in fields.iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            self.push(field.column_name());
        }
    }

    /// One walk of one index, as a member of a UNION ALL.
    fn branch(&mut self, plan: &Plan<Column>, status: Option<Value>, fields: Fields) {
        let parenthesized = self.backend != DbBackend::Sqlite;
        self.push(if parenthesized { "(SELECT " } else { "SELECT " });
        self.columns(fields);
        self.push(" FROM imports WHERE ");
        self.conditions(plan, status);
        if parenthesized {
            self.order_by(plan.order().keys());
            self.push(" LIMIT 102)");
        }
    }

    /// `SELECT count(*)` of at most `limit` rows.
    fn count(&mut self, plan: &Plan<Column>) {
        let branches = branches(plan.filter());
        let ordered = branches.len() == 1 || self.backend != DbBackend::Sqlite;
        let walk_limit = if self.backend == DbBackend::Sqlite {
            None
        } else {
            Some(plan.limit())
        };
        self.push("SELECT count(*) FROM (");
        for (index, branch) in branches.iter().enumerate() {
            self.push(if index == 0 { "" } else { " UNION ALL " });
            self.push(if branches.len() > 1 && ordered {
                "(SELECT 1 FROM imports WHERE "
            } else {
                "SELECT 1 FROM imports WHERE "
            });
            self.conditions(plan, *branch);
            if ordered {
                // Not for the order: so that the planner walks the index of the order, whatever it believes of the table.
                self.order_by(plan.order().keys());
            }
            if branches.len() > 1
                && let Some(limit) = walk_limit
            {
                self.limit_literal(limit);
                self.push(")");
            }
        }
        self.limit_literal(plan.limit());
        self.push(") AS counted");
    }

    /// A limit that is one of our constants, never a caller's number.
    fn limit_literal(&mut self, limit: usize) {
        self.push(" LIMIT ");
        self.text.push_str(&limit.to_string());
    }

    fn conditions(&mut self, plan: &Plan<Column>, status: Option<Value>) {
        let filter = plan.filter();
        let mut conditions = Vec::with_capacity(6);
        for (column, value) in &filter.equals {
            conditions.push(Predicate::compare(*column, Comparison::Equal, *value));
        }
        if let (Some(status), Some((column, _))) = (status, &filter.one_of) {
            conditions.push(Predicate::compare(*column, Comparison::Equal, status));
        }
        conditions.extend(plan.from().map(|cut| cut.predicate_behind(plan.order())));
        conditions.extend(plan.until().map(|cut| cut.predicate_ahead(plan.order())));
        for range in &filter.ranges {
            conditions.extend(
                range
                    .from
                    .map(|value| Predicate::compare(range.column, Comparison::GreaterOrEqual, value)),
            );
            conditions.extend(
                range
                    .until
                    .map(|value| Predicate::compare(range.column, Comparison::Less, value)),
            );
        }
        self.predicate(&Predicate::All(conditions));
    }

    fn predicate(&mut self, predicate: &Predicate<Column>) {
        match predicate {
            Predicate::All(parts) => self.joined(parts, " AND ", "TRUE"),
            Predicate::Any(parts) => {
                self.push("(");
                self.joined(parts, " OR ", "FALSE");
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
                self.push(match comparison {
                    Comparison::Less => " < ",
                    Comparison::LessOrEqual => " <= ",
                    Comparison::Equal => " = ",
                    Comparison::GreaterOrEqual => " >= ",
                    Comparison::Greater => " > ",
                });
                self.push(if tuple { "(" } else { "" });
                for (index, value) in values.iter().enumerate() {
                    self.push(if index == 0 { "" } else { ", " });
                    self.bind_value(*value);
                }
                self.push(if tuple { ")" } else { "" });
            }
            Predicate::OneOf { column, values } => {
                let equal = |value: &Value| Predicate::compare(*column, Comparison::Equal, *value);
                self.predicate(&Predicate::Any(values.iter().map(equal).collect()));
            }
        }
    }

    fn joined(&mut self, parts: &[Predicate<Column>], separator: &'static str, empty: &'static str) {
        if parts.is_empty() {
            self.push(empty);
        }
        for (index, part) in parts.iter().enumerate() {
            self.push(if index == 0 { "" } else { separator });
            let nested = matches!(part, Predicate::All(_));
            self.push(if nested { "(" } else { "" });
            self.predicate(part);
            self.push(if nested { ")" } else { "" });
        }
    }

    fn order_by(&mut self, keys: &[Key<Column>]) {
        for (index, key) in keys.iter().enumerate() {
            self.push(if index == 0 { " ORDER BY " } else { ", " });
            self.push(key.column.name());
            self.push(if key.direction == keyset::Direction::Desc {
                " DESC"
            } else {
                ""
            });
        }
    }
}

/// The plans of [`counts`]: one a status, in the order of [`ImportStatus::ALL`].
pub(super) fn status_plans(filter: &Filter<Column>, cap: usize) -> Vec<(ImportStatus, Option<Plan<Column>>)> {
    // The walk is the one of the range's own column, so that a range costs no more than its rows.
    let lead = filter.ranges.first().map_or(Column::Id, |range| range.column);
    let key = Key {
        column: lead,
        direction: keyset::Direction::Desc,
    };
    let asked = |status: &ImportStatus| match &filter.one_of {
        Some((_, statuses)) => statuses.contains(&Value::Name(status.name())),
        None => true,
    };
    let plan = |status: ImportStatus| {
        let order = keyset::Order::new(&[key], Column::TIE_BREAK).ok()?;
        let one_of = Some((Column::Status, vec![Value::Name(status.name())]));
        let filter = Filter {
            one_of,
            ..filter.clone()
        };
        asked(&status)
            .then(|| Plan::new(&filter, order, None, None, cap))
            .flatten()
    };
    ImportStatus::ALL
        .into_iter()
        .map(|status| (status, plan(status)))
        .collect()
}

/// Which fields a row of `plan` needs at the least: those that its order compares.
pub(super) fn key_fields(plan: &Plan<Column>) -> Fields {
    let fields = plan.order().keys().iter().map(|key| match key.column {
        Column::CreatedAt => Field::CreatedAt,
        Column::UpdatedAt => Field::UpdatedAt,
        Column::Id | Column::Status | Column::AccountId => Field::Id,
    });
    fields.fold(Fields::NONE.with(Field::Id), Fields::with)
}
