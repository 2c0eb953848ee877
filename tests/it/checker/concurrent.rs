//! Walks through the real service, in memory, while writers insert, change and delete its rows.

use std::cell::Cell;

use futures_util::future::join_all;

use super::history::History;
use super::walker::{assert_sound, walk};
use super::writer::{Writer, first_rows};
use crate::app::TestApp;
use crate::databases::{self, Database};
use crate::gauntlet;
use crate::laws::Inside;
use crate::rng::Rng;

const WALKERS: usize = 4;
/// Walks of each walker at the least.
const WALKS: usize = 8;
/// Writes of each writer at the least, of those whose outcome is known.
const STEPS: usize = 25;
const LARGEST_PAGE: usize = 9;
/// Pages of one walk at the most.
const PAGES: usize = 30;
/// Ids of each account; at first every other is there.
const IDS: i64 = 80;

/// How much each walker and each writer has done. All go on until each has done enough, so that they run beside each
/// other to the end.
#[derive(Default)]
struct Progress {
    walks: [Cell<usize>; WALKERS],
    steps: [Cell<usize>; 3],
}

impl Progress {
    fn is_enough(&self) -> bool {
        self.walks.iter().all(|walks| walks.get() >= WALKS)
            && self.steps.iter().all(|steps| steps.get() >= STEPS)
    }
}

/// Two accounts with the same ids, of which the walkers read one.
async fn walks_beside_writers_are_sound(database: Database) {
    let app = TestApp::on(database, &[]).await;
    let (ours, theirs) = (app.account("Acme").await, app.account("Bolt").await);
    let mut rows = first_rows(ours.id, (1..=IDS).step_by(2));
    rows.extend(first_rows(theirs.id, 1..=IDS));
    app.fill(&rows).await;
    let history = History::over(&rows);
    let progress = Progress::default();
    let walkers = join_all(progress.walks.iter().zip(40..).map(|(walks, seed)| {
        let (app, ours, history, progress) = (&app, &ours, &history, &progress);
        async move {
            let mut rng = Rng::new(gauntlet::seed(seed));
            let door = Inside { app, caller: ours };
            while !progress.is_enough() {
                let walk = walk(&door, history, ours.id, &mut rng, LARGEST_PAGE, PAGES).await;
                assert_sound(&walk.expect("there is time"), history);
                walks.set(walks.get() + 1);
            }
        }
    }));
    // Each row has one writer, so that the order of its writes is known.
    let shares = [(ours.id, 0), (ours.id, 1), (theirs.id, 0)];
    let writers = join_all(
        progress
            .steps
            .iter()
            .zip(shares)
            .map(|(steps, (account_id, remainder))| {
                let ids = (1..=IDS).filter(|id| id % 2 == remainder).collect();
                let seed = gauntlet::seed(50 + 2 * account_id as u64 + remainder as u64);
                let mut writer = Writer::new(&app.store, &history, account_id, ids, seed);
                let progress = &progress;
                async move {
                    while !progress.is_enough() {
                        // On SQLite writers keep each other out, and one may give up.
                        if writer.step().await.is_ok() {
                            steps.set(steps.get() + 1);
                        }
                        tokio::task::yield_now().await;
                    }
                }
            }),
    );
    tokio::join!(walkers, writers);
}

#[tokio::test]
async fn walks_beside_writers_are_sound_on_sqlite() {
    walks_beside_writers_are_sound(databases::sqlite()).await;
}

#[tokio::test]
async fn walks_beside_writers_are_sound_on_postgresql() {
    walks_beside_writers_are_sound(databases::postgres().await).await;
}
