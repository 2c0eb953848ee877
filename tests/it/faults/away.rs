//! A server that is away, killed, frozen or outdated: the documented answers meanwhile, and service soon after.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, block_in_place};

use super::{App, BACK_WITHIN, PATIENCE, eventually, none_in_use, prepared};
use crate::postgres::{Cluster, cluster};

/// `serve --migrate` as a process of its own, which ends with this value.
struct Served {
    process: Child,
    address: String,
}

impl Served {
    fn start(url: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_imports-gateway"))
            .args([
                "serve",
                "--migrate",
                "--listen",
                "127.0.0.1:0",
                "--database-url",
                url,
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        Self {
            address: address.to_owned(),
            process,
        }
    }

    /// Whether it says that it is ready.
    async fn is_ready(&self) -> bool {
        let mut socket = TcpStream::connect(&self.address).await.unwrap();
        let request = b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        socket.write_all(request).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer.starts_with("HTTP/1.1 200")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Asks over and over, and gives every answer that is none of those a lost database may cause.
fn under_load(app: &Arc<App>, stop: &Arc<AtomicBool>) -> Vec<JoinHandle<Vec<(u16, String)>>> {
    let client = |_| {
        let (app, stop) = (Arc::clone(app), Arc::clone(stop));
        tokio::spawn(async move {
            let mut odd = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let answer = app.ask().await;
                if !matches!(
                    (answer.0, answer.1.as_str()),
                    (200, "") | (503, "SERVICE_UNAVAILABLE" | "OVERLOADED") | (504, "TIMEOUT")
                ) {
                    odd.push(answer);
                }
                // Refused at once: not all of the time is for asking.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            odd
        })
    };
    (0..8).map(client).collect()
}

async fn nothing_odd(clients: Vec<JoinHandle<Vec<(u16, String)>>>, stop: &AtomicBool) {
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        assert_eq!(client.await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_at_the_start_or_killed_under_load_is_used_again_once_it_is_back() {
    let mut cluster = block_in_place(Cluster::start_own);
    let url = cluster.create_database().await;
    let key = prepared(&url).await;
    let empty_url = cluster.create_database().await;
    block_in_place(|| cluster.kill9());
    let migrating = block_in_place(|| Served::start(&empty_url));
    assert!(!migrating.is_ready().await);

    let app = Arc::new(App::start(&url, &key, &[]).await);
    assert_eq!(app.ask().await, (503, "SERVICE_UNAVAILABLE".to_owned()));
    assert_eq!(app.get("/livez").await.0, 200);
    app.is_refused_at_once_within(PATIENCE).await;
    block_in_place(|| cluster.restart());
    app.answers_within(BACK_WITHIN).await;
    eventually("the late migration", PATIENCE, || migrating.is_ready()).await;
    drop(migrating);

    let stop = Arc::new(AtomicBool::new(false));
    let clients = under_load(&app, &stop);
    for _ in 0..2 {
        block_in_place(|| cluster.kill9());
        app.is_refused_at_once_within(PATIENCE).await;
        assert_eq!(app.get("/livez").await.0, 200);
        block_in_place(|| cluster.restart());
        app.answers_within(BACK_WITHIN).await;
    }
    nothing_odd(clients, &stop).await;
    none_in_use(&app.store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_freezes_under_load_holds_no_connection_and_is_used_again_after_it_thaws() {
    let mut cluster = block_in_place(Cluster::start_own);
    let url = cluster.create_database().await;
    let key = prepared(&url).await;
    let app = Arc::new(App::start(&url, &key, &["--statement-timeout-ms", "1000"]).await);
    app.answers_within(PATIENCE).await;

    let stop = Arc::new(AtomicBool::new(false));
    let clients = under_load(&app, &stop);
    block_in_place(|| cluster.freeze());
    app.is_refused_at_once_within(PATIENCE).await;
    // Nobody waits for the frozen server any more, and what it held has been given up.
    none_in_use(&app.store).await;
    block_in_place(|| cluster.thaw());
    app.answers_within(BACK_WITHIN).await;
    nothing_odd(clients, &stop).await;
    none_in_use(&app.store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outdated_schema_and_a_lost_database_are_told_apart() {
    let url = cluster().create_database().await;
    let app = App::start(&url, "", &[]).await;
    eventually("the schema is found outdated", PATIENCE, || async {
        app.get("/readyz").await.1.contains("outdated")
    })
    .await;
    migration::up(app.store.database()).await.unwrap();
    eventually("ready", BACK_WITHIN, || async {
        app.get("/readyz").await.0 == 200
    })
    .await;
}
