//! A disk that is full under SQLite: readers go on or are refused as documented, writers fail with a reason, and once there
//! is room again no row is lost or wrong.
//!
//! The disk is a small tmpfs of its own, so this needs the right to mount one; without it the test says so, and the
//! gauntlet's report does too.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use imports_gateway::store::{Settings, Store};
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::checker::history::History;
use crate::checker::walker::{assert_sound, walk};
use crate::checker::writer::{Writer, first_rows};
use crate::databases::{self, execute};
use crate::gauntlet;
use crate::laws::walk::Door;
use crate::records::{lines, rows};
use crate::rng::Rng;
use crate::server::{Ask, Client, Server, furnish, program};
use crate::waiting::PATIENCE;

/// Ids of the account; at first every other is there.
const IDS: i64 = 400;
/// Writes until one must have met the full disk. What is freed within the file is used before it grows.
const WRITES: usize = 5_000;
/// Requests while the disk is full.
const ASKED: usize = 60;
const WALKS: usize = 6;

/// A tmpfs of 8 MiB, which goes away with this process, even if that is killed: the shell that mounted it waits for the
/// end of its standard input.
struct SmallDisk {
    folder: TempDir,
    shell: Child,
}

const SCRIPT: &str = "mount -t tmpfs -o size=8m small-disk \"$1\" && echo mounted || exit 1
cat
umount -l \"$1\"
rmdir \"$1\" 2>&-";

impl SmallDisk {
    /// None where mounting is not allowed here.
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "small-disk"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(shell.stdout.take().unwrap())
            .read_line(&mut said)
            .unwrap();
        if said != "mounted\n" {
            shell.wait().unwrap();
            return None;
        }
        Some(Self { folder, shell })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the room that is left; what is removed to make room again.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("filler");
        let mut file = File::create(&path).unwrap();
        for size in [64 << 10, 4 << 10, 1] {
            let full = loop {
                if let Err(error) = file.write_all(&vec![0; size]) {
                    break error;
                }
            };
            assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Whether it could unmount the disk or not, the shell ends.
        let _ = self.shell.wait();
    }
}

/// The service over a socket, with a writer that writes before every page.
struct Beside<'a> {
    client: RefCell<Client>,
    writer: Mutex<Writer<'a>>,
}

impl Door for Beside<'_> {
    async fn data(&self, document: &str, variables: Json) -> Option<Json> {
        self.writer.lock().await.step().await.expect("the disk has room");
        let answer = self.client.borrow_mut().ask(&Ask::graphql(document, &variables));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (200, ""),
            "{}",
            answer.text()
        );
        Some(answer.json()["data"].take())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writers_and_loses_nothing_on_sqlite() {
    let Some(disk) = SmallDisk::mount() else {
        println!("not run: no small disk can be mounted here");
        gauntlet::add("full disks not tried, as none can be mounted here", 1);
        return;
    };
    let url = format!("sqlite://{}/imports.db?mode=rwc", disk.path().display());
    let tenants = furnish(&url, &[0]).await;
    let store = databases::open(&url).await;
    let first = first_rows(1, (1..=IDS).step_by(2));
    store.insert(&first).await.unwrap();
    let history = History::over(&first);
    let mut server = Server::over(&url, &["--rate-limit", "off"], tenants);
    let door = Beside {
        client: RefCell::new(server.client()),
        writer: Mutex::new(Writer::new(
            &store,
            &history,
            1,
            (1..=IDS).collect(),
            gauntlet::seed(70),
        )),
    };
    let mut rng = Rng::new(gauntlet::seed(71));
    for _ in 0..WALKS {
        let walk = walk(&door, &history, 1, &mut rng, 30, 20).await;
        assert_sound(&walk.expect("there is time"), &history);
    }

    let filler = disk.fill();
    let reason = first_refusal(&mut *door.writer.lock().await).await;
    assert!(reason.contains("full"), "no word of the disk: {reason}");
    let said = load(&disk, &url).expect_err("a load on a full disk stored its file");
    assert!(said.contains("not stored"), "no reason: {said}");
    let served = (0..ASKED).filter(|_| is_served(&server)).count();
    gauntlet::add("requests answered well on a full disk", served as u64);
    gauntlet::add(
        "requests refused as documented on a full disk",
        (ASKED - served) as u64,
    );
    assert_eq!(server.stranger().get("/livez").status, 200);

    fs::remove_file(filler).unwrap();
    let healed = Instant::now();
    while let Err(said) = door.writer.lock().await.settle().await {
        assert!(
            healed.elapsed() < PATIENCE,
            "there is room, and writers still fail: {said}"
        );
    }
    while !is_served(&server) {
        assert!(
            healed.elapsed() < PATIENCE,
            "there is room, and readers are still refused"
        );
    }
    gauntlet::peak(
        "longest until served again, ms",
        healed.elapsed().as_millis() as u64,
    );
    gauntlet::add("full disks healed", 1);
    load(&disk, &url).expect("there is room for a file");
    execute(&store, "DELETE FROM imports WHERE id > $1", vec![IDS.into()])
        .await
        .unwrap();
    for _ in 0..WALKS {
        let walk = walk(&door, &history, 1, &mut rng, 100, 20).await;
        assert_sound(&walk.expect("there is time"), &history);
    }
    assert!(server.runs());
    store.close().await.unwrap();
}

/// A trigger that rolls back is to the driver what a full disk is: SQLite ends the transaction by itself.
#[tokio::test]
async fn a_writer_can_write_again_after_the_database_ended_its_transaction_on_sqlite() {
    let database = databases::sqlite();
    furnish(&database.url, &[0]).await;
    let settings = Settings {
        max_connections: 1,
        ..Settings::new(&database.url)
    };
    let store = Store::open(&settings).await.unwrap();
    let trigger =
        "CREATE TRIGGER refuse BEFORE INSERT ON imports BEGIN SELECT RAISE(ROLLBACK, 'refused'); END";
    execute(&store, trigger, Vec::new()).await.unwrap();
    let imports = first_rows(1, 1..=3);
    let refused = store.insert(&imports).await.unwrap_err();
    assert!(format!("{refused:?}").contains("refused"), "{refused:?}");
    execute(&store, "DROP TRIGGER refuse", Vec::new()).await.unwrap();
    assert_eq!(store.insert(&imports).await.unwrap(), 3);
}

/// Writes until the disk is found full; what the database said.
async fn first_refusal(writer: &mut Writer<'_>) -> String {
    for _ in 0..WRITES {
        if let Err(said) = writer.step().await {
            return said;
        }
    }
    panic!("{WRITES} writes went to a full disk");
}

/// Has the program load a file of imports whose ids are above the writer's.
fn load(disk: &SmallDisk, url: &str) -> Result<(), String> {
    // Not on the disk itself, which has no room for it.
    let folder = TempDir::new().unwrap();
    let mut imports = rows(2_000);
    imports
        .iter_mut()
        .zip(IDS + 1..)
        .for_each(|(row, id)| row.id = id);
    let file = folder.path().join("imports.ndjson");
    fs::write(&file, lines(&imports)).unwrap();
    let loaded = program(&["load", "--account", "1", &file.to_string_lossy()])
        .env("DATABASE_URL", url)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&loaded.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    assert!(disk.path().exists());
    if loaded.status.success() {
        Ok(())
    } else {
        Err(said)
    }
}

/// Whether a new client is served; panics where it is refused in another way than documented.
fn is_served(server: &Server) -> bool {
    let answer = server
        .client()
        .graphql("{ imports(first: 20) { nodes { id note } estimatedRemainingCount } }");
    let is_refused =
        answer.status == 503 && matches!(answer.code().as_str(), "SERVICE_UNAVAILABLE" | "OVERLOADED");
    let is_served = answer.status == 200 && answer.code().is_empty();
    assert!(is_served || is_refused, "{} {}", answer.status, answer.text());
    is_served
}
