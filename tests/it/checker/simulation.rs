//! Walks through the service in memory while rows are written, in an order that follows from a seed.
//!
//! Takes a seed and a mistake, gives what the checker finds. Writes begin and end before, within and around requests.

use entity::{ImportStatus, imports};

use super::history::{Begun, Moment, Page, RowKey, Walk, Writes};
use super::judge::judge;
use super::service::{Mistake, Session, Table};
use super::violation::Violation;
use crate::app::row;
use crate::databases::instant;
use crate::laws::question::{Field, Filter, Sort};
use crate::rng::Rng;

const WALKS: usize = 12;
/// Ids of each account, of which some are not there.
const IDS: i64 = 40;
/// Pages of one walk at the most; a mistake may have it go on forever.
const PAGES: usize = 60;
/// Around which imports are created and change; a whole number of milliseconds. **Unit**: microseconds.
const BASE: i64 = 1_790_000_000_000_000;

/// What became of a simulation.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) pages: usize,
    pub(super) violations: Vec<Violation>,
}

/// A table that changes.
struct Simulation {
    rng: Rng,
    clock: Moment,
    table: Table,
    deleted: Table,
    writes: Writes,
    versions: u64,
    /// The row of a write that has begun and not ended.
    open: Option<RowKey>,
}

/// Walks of every kind beside writers.
pub(super) fn simulate(seed: u64, mistake: Option<Mistake>) -> Outcome {
    let mut simulation = Simulation::new(seed);
    let mut outcome = Outcome::default();
    for number in 0..WALKS {
        let walk = simulation.walk(number, mistake);
        outcome.pages += walk.pages.len();
        outcome.violations.extend(judge(&walk, &simulation.writes));
    }
    outcome
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut simulation = Self {
            rng: Rng::new(seed),
            clock: 0,
            table: Table::new(),
            deleted: Table::new(),
            writes: Writes::default(),
            versions: 0,
            open: None,
        };
        for (account_id, id) in (1..=2).flat_map(|account_id| (1..=IDS).map(move |id| (account_id, id))) {
            if !simulation.rng.one_in(5) {
                let row = simulation.version((account_id, id));
                simulation.table.insert((account_id, id), row);
            }
        }
        let rows: Vec<_> = simulation.table.values().cloned().collect();
        simulation.writes = Writes::over(&rows);
        simulation
    }

    /// A row like no other, with sort keys that many others have too, or that differ from theirs by microseconds.
    fn version(&mut self, (account_id, id): RowKey) -> imports::Model {
        self.versions += 1;
        let mut moment = || {
            let (millis, micros) = (self.rng.below(3) as i64, self.rng.below(4) as i64);
            instant(BASE + millis * 1_000 + micros)
        };
        let (created_at, updated_at) = (moment(), moment());
        imports::Model {
            file_name: format!("account {account_id}, version {}", self.versions),
            status: *self.rng.pick(&ImportStatus::ALL),
            created_at,
            updated_at,
            ..row(account_id, id)
        }
    }

    fn tick(&mut self) -> Moment {
        self.clock += 1;
        self.clock
    }

    /// Begins to insert, change or delete a row that nobody writes now.
    fn begin(&mut self) -> (RowKey, Option<imports::Model>, Begun) {
        let account_id = if self.rng.one_in(8) { 2 } else { 1 };
        let key = loop {
            let key = (account_id, 1 + self.rng.below(IDS as usize) as i64);
            if self.open != Some(key) {
                break key;
            }
        };
        let is_deletion = self.table.contains_key(&key) && self.rng.one_in(4);
        let row = (!is_deletion).then(|| self.version(key));
        let started = self.tick();
        let begun = self.writes.begin(key, row.clone(), started);
        (key, row, begun)
    }

    fn apply(&mut self, key: RowKey, row: Option<imports::Model>) {
        let before = match row {
            Some(row) => self.table.insert(key, row),
            None => self.table.remove(&key),
        };
        self.deleted.remove(&key);
        if let Some(before) = before.filter(|_| !self.table.contains_key(&key)) {
            self.deleted.insert(key, before);
        }
    }

    /// At most so many whole writes.
    fn write(&mut self, most: usize) {
        for _ in 0..self.rng.below(most + 1) {
            let (key, row, begun) = self.begin();
            self.apply(key, row);
            let committed = self.tick();
            self.writes.commit(begun, committed);
        }
    }

    fn walk(&mut self, number: usize, mistake: Option<Mistake>) -> Walk {
        let rows: Vec<_> = self.table.values().cloned().collect();
        let sort = self.sort(number);
        let filter = self.filter(number, &rows);
        let mut walk = Walk {
            account_id: 1,
            sort: sort.clone(),
            filter: filter.clone(),
            backward: number % 2 == 1,
            size: 1 + number / 2 % 6,
            pages: Vec::new(),
        };
        let mut session = Session {
            mistake,
            account_id: 1,
            sort,
            filter,
            backward: walk.backward,
            size: walk.size,
            pages: 0,
            copy: None,
            last: None,
        };
        let mut cursor = None;
        while walk.pages.len() < PAGES {
            self.write(1);
            let page = self.ask(&mut session, cursor.as_deref());
            let goes_on = page.goes_on(walk.backward);
            cursor = if walk.backward {
                &page.start_cursor
            } else {
                &page.end_cursor
            }
            .clone();
            walk.pages.push(page);
            if !goes_on {
                break;
            }
        }
        walk
    }

    /// Mostly by one instant, so that many rows need the tie-break.
    fn sort(&mut self, number: usize) -> Sort {
        let descends = self.rng.one_in(2);
        match number % 4 {
            0 => Sort(vec![(Field::CreatedAt, descends)]),
            1 | 2 => Sort(vec![(Field::UpdatedAt, descends)]),
            _ => Sort::any(&mut self.rng),
        }
    }

    /// None on every other pair of walks; else one that admits some of the rows, and not all.
    fn filter(&mut self, number: usize, rows: &[imports::Model]) -> Filter {
        if number % 4 < 2 {
            return Filter::default();
        }
        loop {
            let filter = Filter::any(&mut self.rng, rows);
            let admitted = rows.iter().filter(|row| filter.admits(row)).count();
            if (rows.len() / 5..rows.len() * 4 / 5).contains(&admitted) {
                return filter;
            }
        }
    }

    /// One request, with writes within it, and sometimes one around it that takes effect before or after the page is read.
    fn ask(&mut self, session: &mut Session, cursor: Option<&str>) -> Page {
        let mut around = self.rng.one_in(3).then(|| self.begin());
        self.open = around.as_ref().map(|(key, _, _)| *key);
        let invoked = self.tick();
        self.write(1);
        let is_early = self.rng.one_in(2);
        if let Some((key, row, _)) = around.as_mut().filter(|_| is_early) {
            self.apply(*key, row.take());
        }
        let answer = session.page(&self.table, &self.deleted, cursor);
        if let Some((key, row, _)) = around.as_mut().filter(|_| !is_early) {
            self.apply(*key, row.take());
        }
        self.write(1);
        let returned = self.tick();
        self.open = None;
        if let Some((_, _, begun)) = around {
            let committed = self.tick();
            self.writes.commit(begun, committed);
        }
        Page {
            invoked,
            returned,
            rows: answer.rows,
            has_next: answer.has_next,
            has_previous: answer.has_previous,
            start_cursor: answer.start_cursor,
            end_cursor: answer.end_cursor,
            count: Some(answer.count),
        }
    }
}
