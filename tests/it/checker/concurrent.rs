//! Walks through the real service, in memory, while writers insert, change and delete its rows.

use std::cell::Cell;

use futures_util::future::join_all;

use super::history::History;
use super::walker::{assert_sound, walk};
use super::writer::{Writer, first_rows};
use crate::app::{Caller, TestApp};
use crate::chance::Chance;
use crate::databases::{self, Database};
use crate::gauntlet;
use crate::laws::Inside;

const WALKERS: u64 = 4;
const WALKS: usize = 10;
const LARGEST_PAGE: usize = 9;
/// Pages of one walk at the most.
const PAGES: usize = 30;
/// Ids of each account; at first every other is there.
const IDS: i64 = 80;

/// Two accounts with the same ids, of which the walkers read one.
async fn walks_beside_writers_are_sound(database: Database) {
    let app = TestApp::on(database, &[]).await;
    let (ours, theirs) = (app.account("Acme").await, app.account("Bolt").await);
    let mut rows = first_rows(ours.id, (1..=IDS).step_by(2));
    rows.extend(first_rows(theirs.id, 1..=IDS));
    app.fill(&rows).await;
    let history = History::over(&rows);
    let walkers_left = Cell::new(WALKERS);
    let walkers = join_all((0..WALKERS).map(|number| {
        let (app, ours, history, walkers_left) = (&app, &ours, &history, &walkers_left);
        async move {
            walk_often(app, ours, history, gauntlet::seed(40 + number)).await;
            walkers_left.set(walkers_left.get() - 1);
        }
    }));
    // Each row has one writer, so that the order of its writes is known.
    let shares = [(ours.id, 0), (ours.id, 1), (theirs.id, 0)];
    let writers = join_all(shares.into_iter().map(|(account_id, remainder)| {
        let ids = (1..=IDS).filter(|id| id % 2 == remainder).collect();
        let seed = gauntlet::seed(50 + 2 * account_id as u64 + remainder as u64);
        let mut writer = Writer::new(&app.store, &history, account_id, ids, seed);
        let walkers_left = &walkers_left;
        async move {
            let mut steps = 0;
            while walkers_left.get() > 0 {
                writer.step().await.expect("nothing disturbs a writer");
                steps += 1;
                tokio::task::yield_now().await;
            }
            steps
        }
    }));
    let (_, steps) = tokio::join!(walkers, writers);
    let steps: Vec<u64> = steps;
    assert!(
        steps.iter().all(|steps| *steps > 10),
        "writers hardly wrote beside the walkers: {steps:?}"
    );
}

async fn walk_often(app: &TestApp, caller: &Caller, history: &History, seed: u64) {
    let mut chance = Chance::new(seed);
    let door = Inside { app, caller };
    for _ in 0..WALKS {
        let walk = walk(&door, history, caller.id, &mut chance, LARGEST_PAGE, PAGES).await;
        assert_sound(&walk.expect("there is time"), history);
    }
}

#[tokio::test]
async fn walks_beside_writers_are_sound_on_sqlite() {
    walks_beside_writers_are_sound(databases::sqlite()).await;
}

#[tokio::test]
async fn walks_beside_writers_are_sound_on_postgresql() {
    walks_beside_writers_are_sound(databases::postgres().await).await;
}
