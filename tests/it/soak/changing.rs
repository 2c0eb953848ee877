//! An account in which single rows are inserted, changed and deleted all along, and walkers over it, whom the checker
//! judges.
//!
//! The writers are an application beside the service: their statements go to the database, not through the program.

use imports_gateway::store::Store;
use std::time::Duration;
use tokio::runtime::Handle;

use super::honest::{Outside, at_once};
use super::peace::Peace;
use crate::checker::history::History;
use crate::checker::walker::{assert_sound, walk};
use crate::checker::writer::{Writer, first_rows};
use crate::databases;
use crate::gauntlet;
use crate::rng::Rng;
use crate::server::Client;

/// Ids of the account; at first every other is there.
const IDS: i64 = 160;
/// Who writes; each has ids of its own.
const WRITERS: usize = 2;
/// Between two writes of one writer.
const PAUSE: Duration = Duration::from_millis(150);
/// So that walkers stay within their account's budget.
const LARGEST_PAGE: usize = 12;
/// Pages of one walk at the most.
const PAGES: usize = 40;

/// The account, and what was written to it.
pub(super) struct Changing {
    account_id: i64,
    store: Store,
    history: History,
    runtime: Handle,
}

impl Changing {
    /// Fills the account.
    pub(super) async fn begin(url: &str, account_id: i64) -> Self {
        let store = databases::open(url).await;
        let rows = first_rows(account_id, (1..=IDS).step_by(2));
        assert_eq!(store.insert(&rows).await.unwrap(), rows.len() as u64);
        Self {
            account_id,
            store,
            history: History::over(&rows),
            runtime: Handle::current(),
        }
    }

    /// Writes one transaction after another.
    pub(super) fn write(&self, peace: &Peace, share: usize, seed: u64) {
        let ids = (1..=IDS).filter(|id| *id as usize % WRITERS == share).collect();
        let mut writer = Writer::new(&self.store, &self.history, self.account_id, ids, seed);
        while peace.wait(PAUSE) {
            // Amid a fault nobody knows what became of it. Nothing more is written until all is well, as the rest of it
            // may still be under way to the database.
            if self.runtime.block_on(writer.step()).is_err() {
                while peace.is_broken() && peace.wait(PAUSE) {}
            }
        }
    }

    /// Walks over the account, over and over.
    pub(super) fn walk(&self, peace: &Peace, client: Client, seed: u64) {
        let mut rng = Rng::new(seed);
        let door = Outside::new(peace, client);
        while !peace.is_over() {
            let walked = walk(
                &door,
                &self.history,
                self.account_id,
                &mut rng,
                LARGEST_PAGE,
                PAGES,
            );
            let Some(walk) = at_once(walked) else {
                return;
            };
            assert_sound(&walk, &self.history);
        }
    }

    /// Panics where no write took effect: the walks would then show nothing.
    pub(super) fn was_written(&self) {
        let (now, writes) = (self.history.now(), self.history.writes());
        let ids = writes.keys(self.account_id).count();
        assert!(ids > IDS as usize / 2, "nothing was inserted: {ids} ids at {now}");
        gauntlet::add("rows of the changing account, ever", ids as u64);
    }
}
