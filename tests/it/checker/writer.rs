//! A writer of one account's imports, by statements of its own, whose writes are noted with their times.
//!
//! Takes ids that are its alone; inserts, changes and deletes them. What it writes has sort keys that many rows share, or
//! that differ by microseconds.

use entity::{ImportStatus, imports};
use imports_gateway::store::Store;

use super::history::{Begun, History};
use crate::app::row;
use crate::databases::{execute, instant};
use crate::gauntlet;
use crate::rng::Rng;

/// Around which imports are created and change; a whole number of milliseconds. **Unit**: microseconds.
const BASE: i64 = 1_790_000_000_000_000;
/// Rows of one transaction at the most.
const ROWS: usize = 4;

/// A writer, and how far it is.
pub(crate) struct Writer<'a> {
    store: &'a Store,
    history: &'a History,
    account_id: i64,
    ids: Vec<i64>,
    rng: Rng,
    steps: i64,
}

/// The rows that an account has before its writers begin.
pub(crate) fn first_rows(account_id: i64, ids: impl IntoIterator<Item = i64>) -> Vec<imports::Model> {
    let mut rng = Rng::new(1);
    let rows = ids.into_iter().map(|id| version(account_id, id, 0, &mut rng));
    rows.collect()
}

/// A row like no other, as its name tells account, id and step. Each step's rows are newer than those of the one before.
fn version(account_id: i64, id: i64, step: i64, rng: &mut Rng) -> imports::Model {
    let created_at = BASE + rng.below(3) as i64 * 1_000 + rng.below(4) as i64;
    imports::Model {
        file_name: format!("account {account_id}, step {step}"),
        status: *rng.pick(&ImportStatus::ALL),
        created_at: instant(created_at),
        updated_at: instant(BASE + step),
        ..row(account_id, id)
    }
}

impl<'a> Writer<'a> {
    pub(crate) fn new(
        store: &'a Store,
        history: &'a History,
        account_id: i64,
        ids: Vec<i64>,
        seed: u64,
    ) -> Self {
        Self {
            store,
            history,
            account_id,
            ids,
            rng: Rng::new(seed),
            steps: 0,
        }
    }

    /// Writes once: deletes a row, or inserts and changes some in one transaction.
    ///
    /// # Errors
    ///
    /// What the database said. Whether it has written anything is then unknown.
    pub(crate) async fn step(&mut self) -> Result<(), String> {
        self.steps += 1;
        let written = if self.rng.one_in(4) {
            let id = *self.rng.pick(&self.ids);
            self.delete(id).await
        } else {
            let mut ids: Vec<i64> = (0..=self.rng.below(ROWS))
                .map(|_| *self.rng.pick(&self.ids))
                .collect();
            ids.sort_unstable();
            ids.dedup();
            self.put(&ids).await
        };
        let figure = if written.is_ok() {
            "writes that the checker knows"
        } else {
            "writes of unknown outcome"
        };
        gauntlet::add(figure, 1);
        written
    }

    /// Writes every row once more, so that the outcome of none is unknown.
    ///
    /// # Errors
    ///
    /// As for [`Writer::step`].
    pub(crate) async fn settle(&mut self) -> Result<(), String> {
        self.steps += 1;
        self.put(&self.ids.clone()).await
    }

    async fn put(&mut self, ids: &[i64]) -> Result<(), String> {
        let version = |id: &i64| version(self.account_id, *id, self.steps, &mut self.rng);
        let rows: Vec<imports::Model> = ids.iter().map(version).collect();
        let started = self.history.now();
        let begin = |row: &imports::Model| {
            let key = (row.account_id, row.id);
            self.history.writes().begin(key, Some(row.clone()), started)
        };
        let begun: Vec<Begun> = rows.iter().map(begin).collect();
        let written = self
            .store
            .replace_older(&rows)
            .await
            .map_err(|error| format!("{error:?}"))?;
        assert_eq!(written, rows.len() as u64, "each is newer than what was there");
        self.commit(&begun);
        Ok(())
    }

    async fn delete(&mut self, id: i64) -> Result<(), String> {
        let started = self.history.now();
        let begun = self.history.writes().begin((self.account_id, id), None, started);
        let text = "DELETE FROM imports WHERE account_id = $1 AND id = $2";
        execute(self.store, text, vec![self.account_id.into(), id.into()]).await?;
        self.commit(&[begun]);
        Ok(())
    }

    fn commit(&self, begun: &[Begun]) {
        let committed = self.history.now();
        for begun in begun {
            self.history.writes().commit(*begun, committed);
        }
    }
}
