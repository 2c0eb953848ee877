//! Processes that end by kill -9 in the midst of their work: what was stored is there afterwards, and nothing of a half.

use std::cell::RefCell;
use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use imports_gateway::store::Store;
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::checker::history::History;
use crate::checker::walker::{assert_sound, walk};
use crate::checker::writer::{Writer, first_rows};
use crate::databases::{self, Database, execute, fresh};
use crate::gauntlet;
use crate::laws::walk::Door;
use crate::records::{lines, rows};
use crate::rng::Rng;
use crate::server::{Ask, Server, Tenant, furnish, program};

/// Ids of the account; at first every other is there.
const IDS: i64 = 60;
const WALKS: usize = 6;
/// One page in so many is asked for after a kill.
const KILLED: usize = 8;
/// The rows of a file that is never loaded to its end.
const FILE_ROWS: u64 = 3_000;

/// A service that is killed between two pages, now and then, and started again; and a writer beside it.
struct Killed<'a> {
    url: &'a str,
    tenants: &'a [Tenant],
    server: RefCell<Server>,
    writer: Mutex<Writer<'a>>,
    rng: RefCell<Rng>,
}

impl Killed<'_> {
    /// Kills the process while it has requests at hand, and starts another.
    fn kill(&self) {
        let mut server = self.server.borrow_mut();
        let ask = Ask::graphql(
            "{ imports(first: 50) { nodes { id } estimatedRemainingCount } }",
            &Json::Null,
        )
        .with("Authorization", format!("Bearer {}", self.tenants[0].key))
        .bytes(&server.address);
        let mut at_hand: Vec<TcpStream> = (0..4).map(|_| server.socket()).collect();
        for socket in &mut at_hand {
            socket.write_all(&ask).unwrap();
        }
        server.signal("KILL");
        assert_eq!(server.wait().code(), None, "it ended by the signal");
        *server = Server::over(self.url, &[], self.tenants.to_vec());
        gauntlet::add("gateways killed, and started again", 1);
    }
}

impl Door for Killed<'_> {
    async fn data(&self, document: &str, variables: Json) -> Option<Json> {
        if self.rng.borrow_mut().one_in(KILLED) {
            self.kill();
        }
        self.writer
            .lock()
            .await
            .step()
            .await
            .expect("the database is well");
        let answer = self
            .server
            .borrow()
            .client()
            .ask(&Ask::graphql(document, &variables));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (200, ""),
            "{}",
            answer.text()
        );
        Some(answer.json()["data"].take())
    }
}

async fn walks_go_on_after_kills(database: Database) {
    let url = database.url.as_str();
    let tenants = furnish(url, &[0]).await;
    let store = databases::open(url).await;
    let first = first_rows(1, (1..=IDS).step_by(2));
    store.insert(&first).await.unwrap();
    let history = History::over(&first);
    let door = Killed {
        url,
        tenants: &tenants,
        server: RefCell::new(Server::over(url, &[], tenants.clone())),
        writer: Mutex::new(Writer::new(
            &store,
            &history,
            1,
            (1..=IDS).collect(),
            gauntlet::seed(60),
        )),
        rng: RefCell::new(Rng::new(gauntlet::seed(61))),
    };
    // At least one, whatever the seed.
    door.kill();
    let mut rng = Rng::new(gauntlet::seed(62));
    for _ in 0..WALKS {
        let walk = walk(&door, &history, 1, &mut rng, 9, 12).await;
        assert_sound(&walk.expect("there is time"), &history);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn walks_go_on_where_they_were_after_the_gateway_is_killed() {
    for database in fresh().await {
        walks_go_on_after_kills(database).await;
    }
}

#[tokio::test]
async fn a_load_that_is_killed_has_stored_all_of_its_file_or_nothing() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("imports.ndjson");
    fs::write(&file, lines(&rows(FILE_ROWS))).unwrap();
    let seed = gauntlet::seed(63);
    let mut rng = Rng::new(seed);
    for database in fresh().await {
        furnish(&database.url, &[0]).await;
        let store = databases::open(&database.url).await;
        for round in 0..5 {
            let mut load = program(&["load", "--account", "1", &file.to_string_lossy()])
                .env("DATABASE_URL", &database.url)
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            let killed_after = Duration::from_millis(rng.below(400) as u64);
            thread::sleep(killed_after);
            // It may have ended by itself.
            let _ = load.kill();
            let status = load.wait().unwrap();
            let stored = count(&store).await;
            let when = format!(
                "{status}, killed {killed_after:?} after its start, in round {round} of seed {seed} on {}",
                database.url
            );
            assert!(
                stored == 0 || stored == FILE_ROWS,
                "{stored} of {FILE_ROWS} rows are stored ({when})"
            );
            assert!(
                !status.success() || stored == FILE_ROWS,
                "it said that it has stored {FILE_ROWS}, not {stored} ({when})"
            );
            execute(&store, "DELETE FROM imports", Vec::new()).await.unwrap();
            gauntlet::add("loads killed", 1);
        }
    }
}

async fn count(store: &Store) -> u64 {
    use sea_orm::{EntityTrait as _, PaginatorTrait as _};
    entity::imports::Entity::find()
        .count(store.database())
        .await
        .unwrap()
}
