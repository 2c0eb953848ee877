//! The rules of a single page.

use std::collections::BTreeSet;

use entity::imports;

use super::history::{Page, Walk, Writes};
use super::judge::{compare, end};
use super::violation::{Rule, Violation};

/// What the service counts up to.
const COUNTED_UP_TO: usize = 500;

/// A page, and what was in the list while it was asked for.
pub(super) struct PageRules<'a> {
    walk: &'a Walk,
    writes: &'a Writes,
    page: &'a Page,
    number: usize,
    /// The row at whose cursor the page was asked for; none on the first page.
    from: Option<&'a imports::Model>,
    /// The rows that the filter admits and that stood throughout the request.
    certain: Vec<&'a imports::Model>,
    /// Each row that the filter admits and that can have been there at some moment of the request.
    possible: Vec<&'a imports::Model>,
}

impl<'a> PageRules<'a> {
    pub(super) fn new(
        walk: &'a Walk,
        writes: &'a Writes,
        page: &'a Page,
        number: usize,
        from: Option<&'a imports::Model>,
    ) -> Self {
        let (mut certain, mut possible) = (Vec::new(), Vec::new());
        for key in writes.keys(walk.account_id) {
            certain.extend(writes.stood(key, page.invoked, page.returned));
            possible.extend(writes.possible(key, page.invoked, page.returned));
        }
        certain.retain(|row| walk.filter.admits(row));
        possible.retain(|row| walk.filter.admits(row));
        Self {
            walk,
            writes,
            page,
            number,
            from,
            certain,
            possible,
        }
    }

    /// Adds each place where the page breaks a rule.
    pub(super) fn check(&self, found: &mut Vec<Violation>) {
        let mut break_rule = |rule, text| {
            found.push(Violation {
                rule,
                page: self.number,
                text,
            })
        };
        for (row, _) in &self.page.rows {
            self.row(row, &mut break_rule);
        }
        self.order(&mut break_rule);
        self.skipped(&mut break_rule);
        self.flags(&mut break_rule);
        self.count(&mut break_rule);
    }

    fn row(&self, row: &imports::Model, break_rule: &mut impl FnMut(Rule, String)) {
        let is_shown = |stored: &imports::Model| same(stored, row);
        let (page, key) = (self.page, (self.walk.account_id, row.id));
        let mut possible = self.writes.possible(key, page.invoked, page.returned);
        if !possible.any(is_shown) {
            let mut ever = self.writes.ever(row.id).filter(|stored| is_shown(stored));
            match ever.next().map(|stored| stored.account_id) {
                Some(account_id) if account_id != self.walk.account_id => {
                    break_rule(
                        Rule::Account,
                        format!("import {} is account {account_id}'s", row.id),
                    );
                }
                Some(_) => break_rule(
                    Rule::Version,
                    format!("import {} was so at another time: {row:?}", row.id),
                ),
                None => break_rule(Rule::Version, format!("import {} was never so: {row:?}", row.id)),
            }
        }
        if !self.walk.filter.admits(row) {
            break_rule(
                Rule::Filter,
                format!("import {} is not among what was asked for: {row:?}", row.id),
            );
        }
        if self
            .from
            .is_some_and(|from| compare(self.walk, row, from).is_le())
        {
            break_rule(
                Rule::Cursor,
                format!("import {} does not lie beyond the cursor", row.id),
            );
        }
    }

    /// The order of the rows, how many there are, and the cursors at both ends.
    fn order(&self, break_rule: &mut impl FnMut(Rule, String)) {
        let rows = &self.page.rows;
        for pair in rows.windows(2) {
            if !self.walk.sort.compare(&pair[0].0, &pair[1].0).is_lt() {
                break_rule(
                    Rule::Order,
                    format!("import {} stands before {}", pair[0].0.id, pair[1].0.id),
                );
            }
        }
        let says_more = if self.walk.backward {
            self.page.has_previous
        } else {
            self.page.has_next
        };
        if rows.len() > self.walk.size || rows.len() < self.walk.size && says_more {
            let (shown, size) = (rows.len(), self.walk.size);
            break_rule(
                Rule::Size,
                format!("{shown} rows of {size}, and more to come: {says_more}"),
            );
        }
        let ends = [
            (&self.page.start_cursor, rows.first()),
            (&self.page.end_cursor, rows.last()),
        ];
        for (cursor, row) in ends {
            if cursor.as_deref() != row.map(|(_, text)| text.as_str()) {
                break_rule(
                    Rule::CursorText,
                    format!("an end has the cursor {cursor:?}, its row is {row:?}"),
                );
            }
        }
    }

    /// Every row that stood between the cursor and the page's end is on the page.
    fn skipped(&self, break_rule: &mut impl FnMut(Rule, String)) {
        let shown: BTreeSet<i64> = self.page.rows.iter().map(|(row, _)| row.id).collect();
        let goes_on = self.page.goes_on(self.walk.backward);
        let end = end(self.walk, self.page).filter(|_| goes_on);
        for row in self.certain.iter().filter(|row| self.is_ahead(row)) {
            let is_reached = end.is_none_or(|end| compare(self.walk, row, end).is_le());
            if is_reached && !shown.contains(&row.id) {
                break_rule(
                    Rule::Skipped,
                    format!("import {} stood there and is not on the page", row.id),
                );
            }
        }
    }

    fn flags(&self, break_rule: &mut impl FnMut(Rule, String)) {
        let flags = [
            (
                Rule::NextFlag,
                self.page.has_next,
                Self::is_behind as fn(&Self, &imports::Model) -> bool,
            ),
            (Rule::PreviousFlag, self.page.has_previous, Self::is_before),
        ];
        for (rule, flag, lies_there) in flags {
            if let Some(row) = self.certain.iter().find(|row| lies_there(self, row))
                && !flag
            {
                break_rule(rule, format!("false, but import {} stood there", row.id));
            }
            if flag && !self.possible.iter().any(|row| lies_there(self, row)) {
                break_rule(rule, "true, but nothing can have been there".to_owned());
            }
        }
    }

    fn count(&self, break_rule: &mut impl FnMut(Rule, String)) {
        let Some(count) = self.page.count else {
            return;
        };
        let ids = |rows: &[&imports::Model]| {
            let ahead = rows.iter().filter(|row| self.is_ahead(row));
            let ids: BTreeSet<i64> = ahead.map(|row| row.id).collect();
            ids.len().min(COUNTED_UP_TO)
        };
        let (least, most) = (ids(&self.certain), ids(&self.possible));
        if !(least..=most).contains(&count) {
            break_rule(
                Rule::Count,
                format!("{count}, but from {least} to {most} were there"),
            );
        }
    }

    /// Whether a row lies beyond the cursor that the page was asked for with.
    fn is_ahead(&self, row: &imports::Model) -> bool {
        self.from.is_none_or(|from| compare(self.walk, row, from).is_gt())
    }

    /// Whether a row lies behind the page in the list; behind the gap where the page is empty.
    fn is_behind(&self, row: &imports::Model) -> bool {
        let order = |other: &imports::Model| self.walk.sort.compare(row, other);
        match (self.page.rows.last(), self.from) {
            (Some((last, _)), _) => order(last).is_gt(),
            (None, None) => !self.walk.backward,
            (None, Some(from)) if self.walk.backward => order(from).is_ge(),
            (None, Some(from)) => order(from).is_gt(),
        }
    }

    /// Whether a row lies before the page in the list; before the gap where the page is empty.
    fn is_before(&self, row: &imports::Model) -> bool {
        let order = |other: &imports::Model| self.walk.sort.compare(row, other);
        match (self.page.rows.first(), self.from) {
            (Some((first, _)), _) => order(first).is_lt(),
            (None, None) => self.walk.backward,
            (None, Some(from)) if self.walk.backward => order(from).is_lt(),
            (None, Some(from)) => order(from).is_le(),
        }
    }
}

/// Whether a row that is shown is the one stored, but for the account, which is not shown.
fn same(stored: &imports::Model, shown: &imports::Model) -> bool {
    let account_id = shown.account_id;
    // The name differs most often, and to compare it copies nothing.
    stored.file_name == shown.file_name
        && imports::Model {
            account_id,
            ..stored.clone()
        } == *shown
}
