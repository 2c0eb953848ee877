//! Checks as SQL, and what entries of an index are looked at for.
//!
//! A check reads what the indexes hold: on PostgreSQL the folded name and the start of the type, on SQLite the columns
//! themselves.

use keyset::{Check, Key, Predicate};
use sea_orm::DbBackend;

use super::scan::{self, Condition, Role};
use super::slots::Slot;
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

    /// The start of the slot of time that an instant is in, as [`Sql::seconds`] reads it.
    pub(super) fn slot(&mut self, instant: C, slot: Option<Slot>) {
        let Some(Slot { length, shift }) = slot else {
            return self.push("NULL");
        };
        let name = instant.name();
        if self.is_sqlite() {
            let micros = length.seconds() * 1_000_000;
            let shifted = |sql: &mut Self| {
                for part in ["(", name, " + "] {
                    sql.push(part);
                }
                sql.bind(Role::Shift, None, |_| sea_orm::Value::from(shift * 1_000_000));
                sql.push(")");
            };
            // Its remainder has the sign of what is divided.
            shifted(self);
            self.push(" - (");
            shifted(self);
            self.push(" % ");
            self.constant(micros);
            self.push(" + ");
            self.constant(micros);
            self.push(") % ");
            self.constant(micros);
        } else {
            // No division: it would be one of `numeric`, or not exact in the year 9999.
            for part in [
                "date_trunc('",
                length.name(),
                "', ",
                name,
                " AT TIME ZONE 'UTC' + ",
            ] {
                self.push(part);
            }
            self.bind(Role::Shift, None, |_| sea_orm::Value::from(shift));
            self.push(" * interval '1 second')");
        }
    }

    /// The start of a slot in seconds since 1970.
    pub(super) fn seconds(&mut self, slot: &'static str) {
        let (before, after) = match self.is_sqlite() {
            true => ("", " / 1000000"),
            false => ("CAST(extract(epoch FROM CAST(", " AS timestamp)) AS bigint)"),
        };
        for part in [before, slot, after] {
            self.push(part);
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
                // Not EXISTS, for which the planner may look at the whole table first.
                self.push(" IS NULL THEN (SELECT stored.");
                self.push(of.name());
                self.push(" ~ ");
                self.bind(Role::LongTerm, Some(*of), |_| sea_orm::Value::from(term.regex()));
                self.push(" FROM ");
                self.push(C::Row::NAME);
                self.push(
                    " AS stored WHERE stored.account_id = entries.account_id AND stored.id = entries.id",
                );
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
