//! Nothing is missed: writers, followers that are cut and come back to one of two processes, and the list at the end.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait as _, DbBackend, TransactionTrait as _};
use serde_json::Value as Json;
use tokio::task::{JoinSet, spawn_blocking};

use super::stream::EventStream;
use super::{INTO, values};
use crate::databases::{self, open};
use crate::gauntlet;
use crate::rng::Rng;
use crate::server::{Client, Server, furnish};
use crate::waiting::PATIENCE;

/// How many there are, and how often each is cut.
struct Size {
    writers: u64,
    followers: u64,
    cuts: usize,
}

const ORDINARY: Size = Size {
    writers: 4,
    followers: 16,
    cuts: 20,
};
const ROUND: Size = Size {
    writers: 8,
    followers: 50,
    cuts: 20,
};
const STEPS: usize = 60;
/// As many ids are written, over and over.
const IDS: usize = 400;
const STATUSES: [&str; 4] = ["new", "failed", "complete", "processing"];
/// What each follower follows.
const FILTERS: [&str; 3] = [
    "",
    "filter[status][include]=failed",
    "filter[file_name][contains]=FILE 1&filter[status][exclude]=new",
];
/// The import that is written last of all, in every list.
const LAST: i64 = 1_000_000;

/// What a client has of a list: each record by its id.
type List = BTreeMap<i64, Json>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_follows_a_list_has_it_in_the_end_however_often_it_was_cut() {
    let size = if gauntlet::is_round() { ROUND } else { ORDINARY };
    for database in databases::fresh().await {
        let tenants = furnish(&database.url, &[0]).await;
        let options = ["--change-interval-ms", "20", "--rate-limit", "off"];
        let servers = [(); 2].map(|()| Server::over(&database.url, &options, tenants.clone()));
        let addresses: Vec<_> = servers.iter().map(|server| server.address.clone()).collect();
        let key = tenants[0].key.clone();
        let mut followers = JoinSet::new();
        for seed in 0..size.followers {
            let (addresses, key) = (addresses.clone(), key.clone());
            followers.spawn_blocking(move || follow(&addresses, &key, seed, size.cuts));
        }
        let mut writers = JoinSet::new();
        for seed in 0..size.writers {
            let url = database.url.clone();
            let seed = gauntlet::seed(1_000 + seed);
            writers.spawn(async move { write(&url, seed).await });
        }
        writers.join_all().await;
        let store = open(&database.url).await;
        let last = values(&store, 1, LAST, "failed").replace("file ", "file 1 ");
        store
            .database()
            .execute_unprepared(&format!("INSERT {INTO} {last}"))
            .await
            .unwrap();
        let followed = tokio::time::timeout(PATIENCE * 2, followers.join_all())
            .await
            .expect("the last import");
        let (address, key) = (addresses[0].clone(), key.clone());
        let lists = spawn_blocking(move || FILTERS.map(|filter| list(&address, &key, filter)))
            .await
            .unwrap();
        let mut cuts = 0;
        for (seed, (found, cut)) in followed {
            let filter = seed as usize % FILTERS.len();
            assert_eq!(
                found, lists[filter],
                "follower {seed} of {:?}, cut {cut} times",
                FILTERS[filter]
            );
            cuts += cut;
        }
        assert!(lists.iter().all(|list| list.len() > 1));
        // Who reads the last import while it is to be cut once more has been cut often enough.
        assert!(cuts >= size.followers as usize * size.cuts / 2, "{cuts} cuts");
        gauntlet::add("streams cut", cuts as u64);
    }
}

/// A list as REST gives it.
fn list(address: &str, key: &str, filter: &str) -> List {
    let mut client = Client::new(address, Some(key));
    let (mut found, mut start) = (List::new(), String::new());
    loop {
        let page = client
            .get(&format!("/api/v1/imports?per_page=100&{filter}&start_cursor={start}").replace(' ', "%20"))
            .json();
        let records = page["records"].as_array().unwrap_or_else(|| panic!("{page}"));
        found.extend(
            records
                .iter()
                .map(|record| (record["id"].as_i64().unwrap(), record.clone())),
        );
        match page["next_cursor"].as_str() {
            Some(next) => start = next.to_owned(),
            None => return found,
        }
    }
}

/// Whether an import is never deleted: each write of it counts its size up.
fn is_kept(id: i64) -> bool {
    id % 5 != 0
}

/// Follows a list until the last import is in it; the list, and how often the stream was cut.
fn follow(addresses: &[String], key: &str, seed: u64, most_cuts: usize) -> (u64, (List, usize)) {
    let mut rng = Rng::new(gauntlet::seed(1 + seed));
    let filter = FILTERS[seed as usize % FILTERS.len()];
    let target = format!("/api/v1/imports/changes?{filter}").replace(' ', "%20");
    let (mut found, mut last, mut cuts) = (List::new(), None::<String>, 0);
    let mut sizes = BTreeMap::new();
    loop {
        let address = rng.pick(addresses);
        let mut stream = EventStream::open(address, key, &target, last.as_deref());
        assert_eq!(stream.status, 200, "follower {seed} goes on from {last:?}");
        let mut left = if cuts < most_cuts {
            1 + rng.below(12)
        } else {
            usize::MAX
        };
        while let Some(block) = stream.block() {
            // The list is read once the first point is known, from the process that gave it.
            if last.is_none() {
                found = list(address, key, filter);
            }
            last = block.id.or(last);
            if let Some(data) = block.data {
                let id = data["id"].as_i64().unwrap();
                match data.get("record") {
                    Some(record) => {
                        if is_kept(id) {
                            let size: i64 = record["file_size"].as_str().unwrap().parse().unwrap();
                            let before = sizes.insert(id, size).unwrap_or_default();
                            assert!(before <= size, "import {id} as it was before {before}: {record}");
                        }
                        found.insert(id, record.clone())
                    }
                    None => found.remove(&id),
                };
            }
            if found.contains_key(&LAST) {
                return (seed, (found, cuts));
            }
            left -= 1;
            if left == 0 {
                break;
            }
        }
        stream.cut();
        cuts += 1;
    }
}

/// Writes as applications do: single rows and many, in transactions that take their time, are taken back in part or as a whole.
async fn write(url: &str, seed: u64) {
    let store = open(url).await;
    let is_sqlite = store.backend() == DbBackend::Sqlite;
    let mut rng = Rng::new(seed);
    for _ in 0..STEPS {
        let transaction = store.database().begin().await.unwrap();
        let mut is_sound = true;
        for _ in 0..=rng.below(3) {
            let id = rng.below(IDS) as i64;
            let row = values(&store, 1, id, rng.choose(&STATUSES));
            let at = row.rsplit(", ").next().unwrap().trim_end_matches(')').to_owned();
            let upsert = format!(
                "INSERT {INTO} {row} ON CONFLICT (account_id, id) DO UPDATE SET status = excluded.status, file_size = imports.file_size + 1"
            );
            let text = match rng.below(8) {
                0 => format!(
                    "DELETE FROM imports WHERE account_id = 1 AND id = {}",
                    id - id % 5
                ),
                1 => format!(
                    "UPDATE imports SET status = '{}', file_size = file_size + 1 WHERE id % 97 = {}",
                    rng.choose(&STATUSES),
                    id % 97
                ),
                2 => format!(
                    "UPDATE imports SET file_name = 'file {}.csv', completed_at = {at}, file_size = file_size + 1 WHERE id = {id}",
                    rng.below(30)
                ),
                3 if is_sqlite && !is_kept(id) => format!("INSERT OR REPLACE {INTO} {row}"),
                4 => {
                    let rows: Vec<_> = (0..30)
                        .map(|place| values(&store, 1, 100 + place, rng.choose(&STATUSES)))
                        .collect();
                    format!(
                        "INSERT {INTO} {} ON CONFLICT (account_id, id) DO UPDATE SET status = excluded.status, file_size = imports.file_size + 1",
                        rows.join(", ")
                    )
                }
                5 => {
                    let savepoint = transaction.begin().await.unwrap();
                    let _ = savepoint.execute_unprepared(&upsert).await;
                    savepoint.rollback().await.unwrap();
                    continue;
                }
                _ => upsert,
            };
            // Two writers may wait for each other's rows: one of them is told to give up.
            is_sound = transaction.execute_unprepared(&text).await.is_ok();
            if !is_sound {
                break;
            }
            if rng.one_in(150) && !is_sqlite {
                // Others commit meanwhile what was begun later.
                tokio::time::sleep(std::time::Duration::from_millis(rng.below(5_000) as u64)).await;
            }
            if rng.one_in(6) {
                tokio::time::sleep(std::time::Duration::from_millis(
                    rng.below(if is_sqlite { 5 } else { 200 }) as u64,
                ))
                .await;
            }
        }
        if is_sound && !rng.one_in(5) {
            // Of two that met, SQLite may refuse the later one here.
            let _ = transaction.commit().await;
        } else {
            let _ = transaction.rollback().await;
        }
    }
    store.close().await.unwrap();
}
