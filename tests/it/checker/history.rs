//! What a checker knows: which row was written when, and which pages were asked for and answered when.
//!
//! A write takes effect at one moment between its start and its commit, a page shows the table at one moment between its
//! request and its answer. Which moments these are nobody knows, so a question about a row has two answers: the state
//! that it had for certain throughout an interval, and the states that it can have had at some moment in it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use entity::imports;

use crate::laws::question::{Filter, Sort};

/// A moment of a history: nanoseconds of a clock that never goes back, or steps of a simulation. 0 is before the first.
pub(crate) type Moment = u64;

/// A row's key: account and id.
pub(crate) type RowKey = (i64, i64);

/// What a row is from one write on; `None` where it is not there.
#[derive(Clone, Debug)]
struct State {
    row: Option<imports::Model>,
    started: Moment,
    /// `None` while the write runs, and for good where nobody knows whether it took effect.
    committed: Option<Moment>,
}

/// Everything written to a table, by row.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    /// In the order in which the writes of the row took effect. The first state is that before the history.
    states: BTreeMap<RowKey, Vec<State>>,
}

/// A write that has begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    key: RowKey,
    place: usize,
}

impl Writes {
    /// Nothing written yet to a table of these rows.
    pub(crate) fn over(rows: &[imports::Model]) -> Self {
        let state = |row: &imports::Model| {
            let row = Some(row.clone());
            vec![State {
                row,
                started: 0,
                committed: Some(0),
            }]
        };
        let states = rows.iter().map(|row| ((row.account_id, row.id), state(row)));
        Self {
            states: states.collect(),
        }
    }

    /// Notes that a row is about to be written, or deleted. Two writes of one row never run at once.
    pub(crate) fn begin(&mut self, key: RowKey, row: Option<imports::Model>, started: Moment) -> Begun {
        let states = self.states.entry(key).or_insert_with(|| {
            vec![State {
                row: None,
                started: 0,
                committed: Some(0),
            }]
        });
        states.push(State {
            row,
            started,
            committed: None,
        });
        Begun {
            key,
            place: states.len() - 1,
        }
    }

    /// Notes that a write has taken effect. Without this nobody knows: it may have, at any time.
    pub(crate) fn commit(&mut self, begun: Begun, committed: Moment) {
        if let Some(states) = self.states.get_mut(&begun.key) {
            states[begun.place].committed = Some(committed);
        }
    }

    /// The keys of all rows of an account that were ever there.
    pub(crate) fn keys(&self, account_id: i64) -> impl Iterator<Item = RowKey> {
        let keys = self.states.range((account_id, i64::MIN)..=(account_id, i64::MAX));
        keys.map(|(key, _)| *key)
    }

    /// The row that stood there unchanged throughout an interval; `None` where there was none, or where it is not certain.
    pub(crate) fn stood(&self, key: RowKey, from: Moment, to: Moment) -> Option<&imports::Model> {
        let states = self.states.get(&key)?;
        let latest = states.iter().rev().find(|state| state.started <= to)?;
        let is_certain = latest.committed.is_some_and(|committed| committed <= from);
        latest.row.as_ref().filter(|_| is_certain)
    }

    /// Each row that can have been there at some moment of an interval.
    pub(crate) fn possible(
        &self,
        key: RowKey,
        from: Moment,
        to: Moment,
    ) -> impl Iterator<Item = &imports::Model> {
        let states = self.states.get(&key).map_or(&[][..], Vec::as_slice);
        let end = states.partition_point(|state| state.started <= to);
        let is_before = |state: &State| state.committed.is_some_and(|committed| committed < from);
        let start = states[..end].iter().rposition(is_before).unwrap_or(0);
        states[start..end].iter().filter_map(|state| state.row.as_ref())
    }

    /// Each row that was ever written under an id, in any account.
    pub(crate) fn ever(&self, id: i64) -> impl Iterator<Item = &imports::Model> {
        let of_id = self.states.iter().filter(move |(key, _)| key.1 == id);
        of_id.flat_map(|(_, states)| states.iter().filter_map(|state| state.row.as_ref()))
    }
}

/// The writes to a table that several threads or tasks note, under one clock.
#[derive(Debug)]
pub(crate) struct History {
    origin: Instant,
    writes: Mutex<Writes>,
}

impl History {
    /// Nothing written yet to a table of these rows.
    pub(crate) fn over(rows: &[imports::Model]) -> Self {
        Self {
            origin: Instant::now(),
            writes: Mutex::new(Writes::over(rows)),
        }
    }

    /// This moment; never 0.
    pub(crate) fn now(&self) -> Moment {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap().max(1)
    }

    /// The writes so far. A thread that panicked while it held them has left no half of a note.
    pub(crate) fn writes(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's way through a list, page by page.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    pub(crate) account_id: i64,
    pub(crate) sort: Sort,
    pub(crate) filter: Filter,
    pub(crate) backward: bool,
    pub(crate) size: usize,
    /// In the order in which they were asked for: the first without a cursor, each other with the cursor at the end of the
    /// one before.
    pub(crate) pages: Vec<Page>,
}

/// One page, and when it was asked for and answered.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) invoked: Moment,
    pub(crate) returned: Moment,
    /// The rows shown and the cursor of each, in the order shown. Their account is not shown; it is taken for the walk's.
    pub(crate) rows: Vec<(imports::Model, String)>,
    pub(crate) has_next: bool,
    pub(crate) has_previous: bool,
    pub(crate) start_cursor: Option<String>,
    pub(crate) end_cursor: Option<String>,
    /// The rows from the page's start on, the page included, in the direction of the walk; where it was asked for.
    pub(crate) count: Option<usize>,
}

impl Page {
    /// Whether the walk goes on behind this page: it says so, and has a cursor to go on from.
    pub(crate) fn goes_on(&self, backward: bool) -> bool {
        let says_so = if backward {
            self.has_previous
        } else {
            self.has_next
        };
        says_so && !self.rows.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::row;

    fn stood(writes: &Writes, from: Moment, to: Moment) -> Option<i64> {
        writes.stood((1, 1), from, to).map(|row| row.file_size)
    }

    fn possible(writes: &Writes, from: Moment, to: Moment) -> Vec<i64> {
        let sizes = writes.possible((1, 1), from, to).map(|row| row.file_size);
        sizes.collect()
    }

    fn version(file_size: i64) -> imports::Model {
        imports::Model {
            file_size,
            ..row(1, 1)
        }
    }

    #[test]
    fn between_a_writes_start_and_its_commit_either_state_is_possible_and_none_is_certain() {
        let mut writes = Writes::over(&[version(0)]);
        let begun = writes.begin((1, 1), Some(version(1)), 10);
        writes.commit(begun, 20);
        assert_eq!(
            (stood(&writes, 1, 9), possible(&writes, 1, 9)),
            (Some(0), vec![0])
        );
        assert_eq!(
            (stood(&writes, 1, 10), possible(&writes, 1, 10)),
            (None, vec![0, 1])
        );
        assert_eq!(
            (stood(&writes, 12, 15), possible(&writes, 12, 15)),
            (None, vec![0, 1])
        );
        assert_eq!(
            (stood(&writes, 20, 30), possible(&writes, 21, 30)),
            (Some(1), vec![1])
        );
    }

    #[test]
    fn what_is_deleted_and_inserted_again_was_not_there_throughout() {
        let mut writes = Writes::over(&[version(0)]);
        let deleted = writes.begin((1, 1), None, 10);
        writes.commit(deleted, 11);
        let inserted = writes.begin((1, 1), Some(version(0)), 20);
        writes.commit(inserted, 21);
        assert_eq!(
            (stood(&writes, 12, 15), possible(&writes, 12, 15)),
            (None, vec![])
        );
        assert_eq!((stood(&writes, 5, 30), stood(&writes, 22, 30)), (None, Some(0)));
    }

    #[test]
    fn a_write_of_unknown_outcome_stays_possible_until_a_later_one_is_certain() {
        let mut writes = Writes::over(&[version(0)]);
        writes.begin((1, 1), Some(version(1)), 10);
        assert_eq!(
            (stood(&writes, 90, 99), possible(&writes, 90, 99)),
            (None, vec![0, 1])
        );
        let begun = writes.begin((1, 1), Some(version(2)), 100);
        writes.commit(begun, 110);
        assert_eq!(
            (stood(&writes, 111, 120), possible(&writes, 111, 120)),
            (Some(2), vec![2])
        );
        assert_eq!(possible(&writes, 105, 120), [0, 1, 2]);
    }
}
