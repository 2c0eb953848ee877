//! What is broken on purpose, one thing after another: the database, and the process itself halted.

use std::thread;
use std::time::{Duration, Instant};

use sqlx::{Connection as _, SqliteConnection};
use tokio::runtime::Handle;

use super::STILL;
use super::peace::Peace;
use crate::gauntlet;
use crate::postgres::Cluster;
use crate::rng::Rng;
use crate::server::{Client, Server};
use crate::waiting::PATIENCE;

/// How soon the service promises to be back once its database is.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// Good answers in a row that mean that it is back.
const IN_A_ROW: usize = 5;
/// From the end of one fault to the next, at the most; a short soak has shorter ones.
const PEACE: Duration = Duration::from_secs(30);
/// The longest that something stays broken.
const LONGEST: Duration = Duration::from_secs(12);

/// The database of a soak.
pub(super) enum Breakable {
    /// A SQLite file, by its URL, and who waits for its lock.
    File(String, Handle),
    /// A PostgreSQL server.
    Server(Cluster),
}

/// Breaks something and mends it, over and over; at least once, however short the soak.
pub(super) fn inject(peace: &Peace, server: &Server, breakable: &mut Breakable, seed: u64) {
    let mut rng = Rng::new(seed);
    let between = PEACE.min(peace.left() / 8);
    let longest = LONGEST.min(peace.left() / 8);
    let mut injected = 0;
    while peace.wait(between) && (injected == 0 || peace.left() > longest + 2 * BACK_WITHIN) {
        let time = longest.mul_f64(0.2 + 0.1 * rng.below(9) as f64);
        peace.turn();
        let what = break_for(server, breakable, injected, time);
        gauntlet::add(what, 1);
        is_back(peace, server);
        // Until the promise is due, a connection that died with the server may still be found dead.
        peace.wait(BACK_WITHIN);
        peace.turn();
        injected += 1;
    }
    assert!(injected > 0 || peace.is_over(), "nothing was broken");
}

/// Breaks the next thing in turn for a time, and says what it was.
fn break_for(server: &Server, breakable: &mut Breakable, turn: usize, time: Duration) -> &'static str {
    match breakable {
        _ if turn % 3 == 2 => {
            server.signal("STOP");
            thread::sleep(time.min(Duration::from_secs(3)));
            server.signal("CONT");
            "faults: the gateway halted"
        }
        Breakable::File(url, handle) => {
            handle.block_on(lock(url, time));
            "faults: the file locked by another writer"
        }
        Breakable::Server(cluster) if turn.is_multiple_of(3) => {
            cluster.kill9();
            lives_for(server, time);
            cluster.restart();
            "faults: the database server killed"
        }
        Breakable::Server(cluster) => {
            cluster.freeze();
            lives_for(server, time);
            cluster.thaw();
            "faults: the database server frozen"
        }
    }
}

/// Keeps every other writer out of a file.
async fn lock(url: &str, time: Duration) {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    sqlx::raw_sql("PRAGMA busy_timeout = 60000; BEGIN IMMEDIATE")
        .execute(&mut connection)
        .await
        .unwrap();
    tokio::time::sleep(time).await;
    sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Whatever the database does, the process says that it lives.
fn lives_for(server: &Server, time: Duration) {
    let until = Instant::now() + time;
    let mut operator = server.stranger();
    while Instant::now() < until {
        assert_eq!(operator.get("/livez").status, 200);
        thread::sleep(Duration::from_millis(200));
    }
}

/// Waits until the service answers well again, time after time, and says how long that took.
fn is_back(peace: &Peace, server: &Server) {
    let mended = Instant::now();
    let mut client = server.client_of(STILL[0]);
    let mut good = 0;
    let mut served_after = None;
    while good < IN_A_ROW {
        let (served, ready) = (ask(&mut client), server.stranger().get("/readyz"));
        if served == (200, String::new()) && ready.status == 200 {
            served_after.get_or_insert_with(|| mended.elapsed());
            good += 1;
        } else {
            (good, served_after) = (0, None);
        }
        assert!(
            mended.elapsed() < PATIENCE,
            "{IN_A_ROW} good answers in a row: not within {PATIENCE:?}; instead: {served:?}, {ready:?}"
        );
        peace.pause();
    }
    let ms = served_after.unwrap_or_default().as_millis() as u64;
    gauntlet::peak("longest until served again, ms", ms);
    gauntlet::add("faults healed", 1);
}

/// Status and first code of a small page.
fn ask(client: &mut Client) -> (u16, String) {
    let answer = client.graphql("{ imports(first: 1) { nodes { id } } }");
    (answer.status, answer.code())
}
