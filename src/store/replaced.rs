//! The log of values that are shown with U+FFFD: a line a minute for each column, however many there are.
//!
//! Takes what a statement found. Each such value is counted in the metrics besides, and `migrate check` lists them all.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::query::Unreadable;

/// How long a column is not logged again.
const INTERVAL: Duration = Duration::from_secs(60);

/// What was logged last.
#[derive(Debug, Default)]
pub(super) struct ReplacedLog(Mutex<HashMap<&'static str, Logged>>);

#[derive(Debug)]
struct Logged {
    at: Instant,
    /// Values that were found since and not logged.
    passed_over: u64,
}

impl ReplacedLog {
    /// Logs the first value of each column that was not logged within the last minute, and how many more there were.
    pub(super) fn tell(&self, found: &[Unreadable]) {
        let mut columns: Vec<(&Unreadable, u64)> = Vec::new();
        for value in found {
            match columns.iter_mut().find(|(first, _)| first.column == value.column) {
                Some((_, others)) => *others += 1,
                None => columns.push((value, 0)),
            }
        }
        for (first, others) in columns {
            let Some(more) = self.due(first.column, others, Instant::now()) else {
                continue;
            };
            let Unreadable {
                account_id,
                id,
                column,
                reason,
                ..
            } = first;
            tracing::warn!(
                account_id,
                id,
                column,
                reason,
                more,
                "a value is shown with U+FFFD in it; `migrate check` lists all of them"
            );
        }
    }

    /// How many values a line stands for besides its own, where one is due for a value and `others` of its column.
    fn due(&self, column: &'static str, others: u64, now: Instant) -> Option<u64> {
        // An entry is replaced as a whole, so a panic leaves none half-written.
        let mut columns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match columns.get_mut(column) {
            Some(logged) if now.saturating_duration_since(logged.at) < INTERVAL => {
                logged.passed_over += others + 1;
                return None;
            }
            Some(logged) => logged.passed_over,
            None => 0,
        };
        let passed_over = 0;
        columns.insert(column, Logged { at: now, passed_over });
        Some(before + others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_logged_once_a_minute_with_how_many_more_there_were() {
        let (log, start) = (ReplacedLog::default(), Instant::now());
        let due = |column, others, seconds| log.due(column, others, start + Duration::from_secs(seconds));
        assert_eq!(due("note", 4, 0), Some(4));
        assert_eq!(due("note", 0, 1), None);
        assert_eq!(due("file_name", 0, 2), Some(0));
        assert_eq!(due("note", 9, 59), None);
        assert_eq!(due("note", 2, 60), Some(1 + 10 + 2));
        assert_eq!(due("note", 0, 119), None);
        assert_eq!(due("note", 0, 500), Some(1));
        assert_eq!(due("file_name", 3, 500), Some(3));
    }
}
