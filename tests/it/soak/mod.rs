//! One process over a long time: hostile clients, honest ones that know what each page must be, a writer, and faults
//! of the database, all at once; then what it holds on to, and an orderly stop.
//!
//! The accounts: the first is for the drain, three stay as they are, for an honest client each, one is rewritten as a whole
//! over and over, one is the hostile clients' own, and in the last single rows are inserted, changed and deleted beside
//! walkers whom the checker judges. The limits are those that the program is shipped with. Short in an ordinary run; the
//! gauntlet says how long, and which program. Deliberately absent: times, but for the promises that are documented, with a
//! wide margin.

mod changing;
mod faults;
mod gauges;
mod half_open;
mod honest;
mod hostile;
mod moving;
mod peace;

use std::thread;
use std::time::Instant;

use entity::imports;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use self::changing::Changing;
use self::faults::Breakable;
use self::gauges::Gauges;
use self::moving::Versions;
use self::peace::Peace;
use crate::databases::{self, sqlite};
use crate::gauntlet;
use crate::hostile::flood::Seeds;
use crate::postgres::Cluster;
use crate::rng::Rng;
use crate::server::{Server, furnish};

/// The accounts by their place among the tenants; their ids are one more.
const STILL: [usize; 3] = [1, 2, 3];
const MOVING: usize = 4;
const HOSTILE: usize = 5;
const CHANGING: usize = 6;
/// How many imports each has at first.
const ROWS: [u64; 7] = [130, 3_000, 3_000, 3_000, 0, 130, 0];
/// Answers that the drain comes after.
const DRAIN_AFTER: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_on_sqlite_serves_amid_everything_and_holds_on_to_nothing() {
    let database = sqlite();
    let url = database.url.clone();
    soak(&url, Breakable::File(url.clone(), Handle::current())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_on_postgresql_serves_amid_everything_and_holds_on_to_nothing() {
    let cluster = block_in_place(Cluster::start_own);
    let url = cluster.create_database().await;
    soak(&url, Breakable::Server(cluster)).await;
}

/// The imports of an account that stays as it is.
async fn rows_of(url: &str, tenant: usize) -> Vec<imports::Model> {
    let store = databases::open(url).await;
    let account_id = imports::Column::AccountId.eq(tenant as i64 + 1);
    let rows = imports::Entity::find()
        .filter(account_id)
        .all(store.database())
        .await;
    store.close().await.unwrap();
    rows.unwrap()
}

async fn soak(url: &str, mut breakable: Breakable) {
    let started = Instant::now();
    let tenants = furnish(url, &ROWS).await;
    let mut rows = Vec::new();
    for tenant in STILL {
        rows.push(rows_of(url, tenant).await);
    }
    let mut server = Server::over(url, &["--metrics-listen", "127.0.0.1:0"], tenants);
    let operating = server.operating();
    let mut rng = Rng::new(gauntlet::seed(30));
    let mut seed = || rng.next() | 1;
    let seeds: [u64; 12] = std::array::from_fn(|_| seed());
    let changing = Changing::begin(url, CHANGING as i64 + 1).await;
    block_in_place(|| {
        let versions = Versions::new(url, MOVING);
        versions.write().expect("nothing disturbs the first load");
        // Asked for before anything is broken, by a service that has seen its database.
        server.wait_for("/readyz", 200);
        let to_damage = Seeds::of(&server, HOSTILE);
        let peace = Peace::until(gauntlet::soak_end(started));
        let gauges = thread::scope(|scope| {
            let (server, peace, rows, versions) = (&server, &peace, &rows, &versions);
            let (changing, to_damage) = (&changing, &to_damage);
            let breakable = &mut breakable;
            for place in 0..2 {
                let client = move || server.client_of(STILL[place]);
                scope.spawn(move || peace.keep(|| honest::walk(peace, client(), &rows[place], seeds[place])));
            }
            scope.spawn(move || {
                let client = server.client_of(STILL[2]);
                peace.keep(|| honest::list(peace, client, &rows[2], seeds[2]))
            });
            scope.spawn(move || peace.keep(|| moving::watch(peace, server, versions, seeds[3])));
            scope.spawn(move || peace.keep(|| moving::write(peace, versions)));
            for seed in &seeds[4..6] {
                scope.spawn(move || peace.keep(|| hostile::flood(peace, server, to_damage, *seed)));
            }
            for (share, seed) in seeds[7..9].iter().enumerate() {
                scope.spawn(move || peace.keep(|| changing.write(peace, share, *seed)));
            }
            for seed in &seeds[9..11] {
                let client = server.client_of(CHANGING);
                scope.spawn(move || peace.keep(|| changing.walk(peace, client, *seed)));
            }
            scope.spawn(move || peace.keep(|| half_open::linger(peace, server, seeds[11])));
            scope.spawn(move || peace.keep(|| faults::inject(peace, server, breakable, seeds[6])));
            // Here, so that what it holds against the process comes after all the clients have gone.
            peace.keep(|| Gauges::while_it_lasts(peace, server))
        });
        gauges.holds_on_to_nothing(&server, &operating);
        changing.was_written();
        let answered = crate::drain::drains_after(&mut server, DRAIN_AFTER);
        gauntlet::add("drains under load", 1);
        gauntlet::add("requests answered until the drains, none failed", answered as u64);
    });
    gauntlet::add("seconds of one process", started.elapsed().as_secs());
}
