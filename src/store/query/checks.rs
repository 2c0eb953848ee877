//! Checks as SQL, and what entries of an index are looked at for.
//!
//! A check reads what the indexes hold: on PostgreSQL the folded name and the start of the type, on SQLite the columns
//! themselves.

use keyset::{Check, Key, Predicate};
use sea_orm::DbBackend;

use super::scan::{self, Condition, Role};
use super::sql::Sql;
use super::table::{Column, Table};

impl<C: Column> Sql<C> {
    /// The columns by which entries of an index are chosen and sorted: the id, those of `keys` and those of `conditions`; and
    /// one that is wanted besides.
    pub(super) fn looked_at(&mut self, keys: &[Key<C>], also: Option<C>, conditions: &[Condition<C>]) {
        let mut columns = vec![C::ID.name()];
        let mut add = |column| {
            if !columns.contains(&column) {
                columns.push(column);
            }
        };
        keys.iter().for_each(|key| add(key.column.name()));
        also.iter().for_each(|column| add(column.name()));
        for condition in conditions {
            match &condition.predicate {
                Predicate::Check(check) => {
                    add(self.checked(check));
                    if matches!(check, Check::Matches { .. }) && !self.is_sqlite() {
                        add(C::ACCOUNT.name());
                    }
                }
                predicate => each_column(predicate, &mut |column: C| add(column.name())),
            }
        }
        for (index, column) in columns.into_iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            self.push(column);
        }
    }

    /// The number of the slot of time that an instant is in; slots are as many seconds long.
    pub(super) fn slot(&mut self, instant: C, seconds: i64) {
        let bind = |sql: &mut Self| {
            sql.bind(Role::Slot, None, |backend| match backend {
                DbBackend::Sqlite => sea_orm::Value::from(seconds * 1_000_000),
                _ => sea_orm::Value::from(seconds),
            });
        };
        let name = instant.name();
        if self.is_sqlite() {
            // Its division cuts towards 0.
            for part in ["(", name, " - ((", name, " % "] {
                self.push(part);
            }
            bind(self);
            self.push(") + ");
            bind(self);
            self.push(") % ");
            bind(self);
            self.push(") / ");
            bind(self);
        } else {
            for part in ["CAST(floor(extract(epoch FROM ", name, ") / "] {
                self.push(part);
            }
            bind(self);
            self.push(") AS bigint)");
        }
    }

    /// Whether all of the conditions hold.
    pub(super) fn met(&mut self, conditions: &[Condition<C>]) {
        if conditions.is_empty() {
            self.push("TRUE");
        }
        self.conditions(conditions.iter().cloned());
    }

    /// The column that a check looks at: PostgreSQL's indexes hold some texts in another form.
    fn checked(&self, check: &Check<C>) -> &'static str {
        let column = check.column();
        let derived = column.derived().filter(|_| !self.is_sqlite());
        match check {
            Check::OneOfTexts { texts, .. } if !texts.iter().all(|text| scan::is_short(text)) => {
                column.name()
            }
            _ => derived.unwrap_or(column.name()),
        }
    }

    /// A condition on one column, which an index may hold in another form.
    pub(super) fn check(&mut self, check: &Check<C>) {
        let column = self.checked(check);
        match check {
            Check::IsNull { is_null, .. } => {
                self.push(column);
                self.push(if *is_null { " IS NULL" } else { " IS NOT NULL" });
            }
            Check::OneOfTexts {
                texts, is_excluded, ..
            } => {
                let role = Role::Texts {
                    is_excluded: *is_excluded,
                };
                self.push(column);
                // One parameter, so one text for every number of texts.
                let (sqlite, postgres) = match is_excluded {
                    false => (" IN (SELECT value FROM json_each(", " = ANY("),
                    true => (" NOT IN (SELECT value FROM json_each(", " <> ALL("),
                };
                self.push(if self.is_sqlite() { sqlite } else { postgres });
                self.bind(role, Some(check.column()), |backend| match backend {
                    DbBackend::Sqlite => {
                        sea_orm::Value::from(serde_json::Value::from(texts.clone()).to_string())
                    }
                    _ => sea_orm::Value::from(texts.clone()),
                });
                self.push(if self.is_sqlite() { "))" } else { ")" });
            }
            Check::Matches { term, .. } if self.is_sqlite() => {
                self.push(column);
                self.push(" GLOB ");
                self.bind(Role::Term, Some(check.column()), |_| {
                    sea_orm::Value::from(term.glob())
                });
            }
            Check::Matches { column: of, term } => {
                // A name that is too long for the index is looked at where it is stored.
                self.push("CASE WHEN ");
                self.push(column);
                self.push(" IS NULL THEN EXISTS (SELECT FROM ");
                self.push(C::Row::NAME);
                self.push(" AS stored WHERE stored.account_id = entries.account_id AND stored.id = entries.id AND stored.");
                self.push(of.name());
                self.push(" ~ ");
                self.bind(Role::LongTerm, Some(*of), |_| sea_orm::Value::from(term.regex()));
                self.push(") ELSE ");
                self.push(column);
                self.push(" LIKE ");
                self.bind(Role::Term, Some(*of), |_| sea_orm::Value::from(term.like()));
                self.push(" END");
            }
        }
    }
}

/// Gives each column of a predicate without checks.
fn each_column<C: Copy>(predicate: &Predicate<C>, give: &mut impl FnMut(C)) {
    match predicate {
        Predicate::All(parts) | Predicate::Any(parts) => {
            parts.iter().for_each(|part| each_column(part, give))
        }
        Predicate::Compare { columns, .. } => columns.iter().copied().for_each(give),
        Predicate::OneOf { column, .. } => give(*column),
        Predicate::Check(check) => give(check.column()),
    }
}
