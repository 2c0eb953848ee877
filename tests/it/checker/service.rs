//! A small list service in memory that pages correctly, or with one mistake.
//!
//! Takes a table as it is at one moment and a cursor, gives a page. It shares nothing with the real service.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use entity::imports;

use super::history::RowKey;
use crate::app::row;
use crate::databases::instant;
use crate::laws::question::{Filter, Sort};

/// A table at one moment.
pub(super) type Table = BTreeMap<RowKey, imports::Model>;

/// A mistake that a list service can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    NoTieBreak,
    CursorIncluded,
    MicrosecondsCut,
    FlagFromPageLength,
    AccountForgotten,
    OffsetForCursor,
    FilterForgotten,
    FilterAfterLimit,
    OrderedById,
    BackwardPageReversed,
    LookaheadCursor,
    OutdatedCopy,
    SamePageAgain,
    DeletedRowsShown,
    PreviousFlagFalse,
    DirectionTurned,
    CountWithoutFilter,
}

/// What the service answers.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) rows: Vec<(imports::Model, String)>,
    pub(super) has_next: bool,
    pub(super) has_previous: bool,
    pub(super) start_cursor: Option<String>,
    pub(super) end_cursor: Option<String>,
    pub(super) count: usize,
}

/// The service towards one client that walks.
pub(super) struct Session {
    pub(super) mistake: Option<Mistake>,
    pub(super) account_id: i64,
    pub(super) sort: Sort,
    pub(super) filter: Filter,
    pub(super) backward: bool,
    pub(super) size: usize,
    /// Pages answered so far.
    pub(super) pages: usize,
    /// The table as it was at the first page, where that is what is read.
    pub(super) copy: Option<Table>,
    pub(super) last: Option<Answer>,
}

impl Session {
    fn errs(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    /// On every page but the first.
    fn errs_later(&self, mistake: Mistake) -> bool {
        self.errs(mistake) && self.pages > 0
    }

    /// Answers with the next page; `deleted` are rows as they were when they were deleted.
    pub(super) fn page(&mut self, table: &Table, deleted: &Table, cursor: Option<&str>) -> Answer {
        if self.copy.is_none() && self.errs(Mistake::OutdatedCopy) {
            self.copy = Some(table.clone());
        }
        let answer = match &self.last {
            Some(last) if self.errs(Mistake::SamePageAgain) => last.clone(),
            _ => self.answer(self.copy.as_ref().unwrap_or(table), deleted, cursor),
        };
        self.last = Some(answer.clone());
        self.pages += 1;
        answer
    }

    fn answer(&self, table: &Table, deleted: &Table, cursor: Option<&str>) -> Answer {
        let mut rows: Vec<&imports::Model> = table.values().collect();
        if self.errs(Mistake::DeletedRowsShown) {
            rows.extend(deleted.values());
        }
        if !self.errs_later(Mistake::AccountForgotten) {
            rows.retain(|row| row.account_id == self.account_id);
        }
        rows.sort_by(|left, right| self.order(left, right));
        let position = cursor.map(|cursor| self.position(cursor));
        let is_ahead = |row: &&imports::Model| {
            position
                .as_ref()
                .is_none_or(|position| self.is_ahead(row, position))
        };
        let unfiltered = rows.iter().copied().filter(is_ahead).count();
        let filters_early =
            !self.errs_later(Mistake::FilterForgotten) && !self.errs(Mistake::FilterAfterLimit);
        if filters_early {
            rows.retain(|row| self.filter.admits(row));
        }
        let offset = rows.len().min(self.pages * self.size);
        let ahead: Vec<_> = match (self.errs(Mistake::OffsetForCursor), self.backward) {
            (true, false) => rows[offset..].to_vec(),
            (true, true) => rows[..rows.len() - offset].to_vec(),
            (false, _) => rows.iter().copied().filter(is_ahead).collect(),
        };
        let count = if self.errs(Mistake::CountWithoutFilter) {
            unfiltered
        } else {
            ahead.len()
        };
        let (shown, lookahead) = self.cut(&ahead);
        let is_more = if self.errs(Mistake::FlagFromPageLength) {
            shown.len() == self.size
        } else {
            ahead.len() > self.size
        };
        let is_behind = ahead.len() < rows.len();
        self.finish(shown, lookahead, count, is_more, is_behind)
    }

    /// The rows of the page, and the row beyond it.
    fn cut<'a>(&self, ahead: &[&'a imports::Model]) -> (Vec<&'a imports::Model>, Option<&'a imports::Model>) {
        let (mut shown, lookahead) = if self.backward {
            let start = ahead.len().saturating_sub(self.size);
            (ahead[start..].to_vec(), ahead[..start].last().copied())
        } else {
            let end = ahead.len().min(self.size);
            (ahead[..end].to_vec(), ahead.get(end).copied())
        };
        if self.errs(Mistake::FilterAfterLimit) {
            shown.retain(|row| self.filter.admits(row));
        }
        if self.errs(Mistake::OrderedById) {
            shown.sort_by_key(|row| row.id);
        }
        if self.errs(Mistake::BackwardPageReversed) && self.backward {
            shown.reverse();
        }
        (shown, lookahead)
    }

    fn finish(
        &self,
        shown: Vec<&imports::Model>,
        lookahead: Option<&imports::Model>,
        count: usize,
        is_more: bool,
        is_behind: bool,
    ) -> Answer {
        let mut start_cursor = shown.first().map(|row| cursor(row));
        let mut end_cursor = shown.last().map(|row| cursor(row));
        if let Some(row) = lookahead.filter(|_| self.errs(Mistake::LookaheadCursor)) {
            let end = if self.backward {
                &mut start_cursor
            } else {
                &mut end_cursor
            };
            *end = Some(cursor(row));
        }
        let [has_next, has_previous] = if self.backward {
            [is_behind, is_more]
        } else {
            [is_more, is_behind]
        };
        Answer {
            rows: shown.into_iter().map(|row| (row.clone(), cursor(row))).collect(),
            has_next,
            has_previous: has_previous && !self.errs(Mistake::PreviousFlagFalse),
            start_cursor,
            end_cursor,
            count,
        }
    }

    fn order(&self, left: &imports::Model, right: &imports::Model) -> Ordering {
        if self.errs(Mistake::NoTieBreak) && !self.sort.0.is_empty() {
            // Rows of the same keys come as they please, on each page differently.
            let place = |row: &imports::Model| (row.id * 7_919 + self.pages as i64 * 31) % 101;
            return self
                .order_of_keys(left, right)
                .then(place(left).cmp(&place(right)));
        }
        let ordering = self.sort.compare(left, right);
        if self.errs_later(Mistake::DirectionTurned) {
            ordering.reverse()
        } else {
            ordering
        }
    }

    /// By the keys that the client named, and no tie-break.
    fn order_of_keys(&self, left: &imports::Model, right: &imports::Model) -> Ordering {
        let keys = self.sort.0.iter().map(|(field, descends)| {
            let ordering = field.of(left).cmp(&field.of(right));
            if *descends { ordering.reverse() } else { ordering }
        });
        keys.fold(Ordering::Equal, Ordering::then)
    }

    fn is_ahead(&self, row: &imports::Model, position: &imports::Model) -> bool {
        let ordering = if self.errs(Mistake::NoTieBreak) && !self.sort.0.is_empty() {
            self.order_of_keys(row, position)
        } else {
            self.order(row, position)
        };
        let ordering = if self.backward {
            ordering.reverse()
        } else {
            ordering
        };
        ordering.is_gt() || self.errs(Mistake::CursorIncluded) && ordering.is_eq()
    }

    /// A row at the place that a cursor names.
    fn position(&self, cursor: &str) -> imports::Model {
        let numbers: Vec<i64> = cursor.split('/').map(|number| number.parse().unwrap()).collect();
        let unit = if self.errs(Mistake::MicrosecondsCut) {
            1_000
        } else {
            1
        };
        let cut = |micros: i64| instant(micros - micros % unit);
        imports::Model {
            created_at: cut(numbers[0]),
            updated_at: cut(numbers[1]),
            ..row(self.account_id, numbers[2])
        }
    }
}

fn cursor(row: &imports::Model) -> String {
    format!(
        "{}/{}/{}",
        row.created_at.micros(),
        row.updated_at.micros(),
        row.id
    )
}
