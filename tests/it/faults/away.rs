//! A server that is away, killed, frozen or outdated: the documented answers meanwhile, and service soon after.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::{JoinHandle, block_in_place};

use super::{App, none_in_use, prepared};
use crate::postgres::{Cluster, cluster};
use crate::server::Server;
use crate::waiting::{eventually, in_time, is};

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
        assert_eq!(in_time("the end of a client", client).await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_at_the_start_or_killed_under_load_is_used_again_once_it_is_back() {
    let mut cluster = block_in_place(Cluster::start_own);
    let url = cluster.create_database().await;
    let key = prepared(&url).await;
    let empty_url = cluster.create_database().await;
    block_in_place(|| cluster.kill9());
    let migrating = block_in_place(|| {
        let server = Server::over(&empty_url, &["--migrate"], Vec::new());
        server.wait_for("/readyz", 503);
        server
    });

    let app = Arc::new(App::start(&url, &key, &[]).await);
    assert_eq!(app.ask().await, (503, "SERVICE_UNAVAILABLE".to_owned()));
    assert_eq!(app.get("/livez").await.0, 200);
    app.refuses().await;
    block_in_place(|| cluster.restart());
    app.serves_again().await;
    block_in_place(|| {
        migrating.wait_for("/readyz", 200);
        drop(migrating);
    });

    let stop = Arc::new(AtomicBool::new(false));
    let clients = under_load(&app, &stop);
    for _ in 0..2 {
        block_in_place(|| cluster.kill9());
        app.refuses().await;
        assert_eq!(app.get("/livez").await.0, 200);
        block_in_place(|| cluster.restart());
        app.serves_again().await;
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
    app.serves().await;

    let stop = Arc::new(AtomicBool::new(false));
    let clients = under_load(&app, &stop);
    block_in_place(|| cluster.freeze());
    app.refuses().await;
    // Nobody waits for the frozen server any more, and what it held has been given up.
    none_in_use(&app.store).await;
    block_in_place(|| cluster.thaw());
    app.serves_again().await;
    nothing_odd(clients, &stop).await;
    none_in_use(&app.store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outdated_schema_and_a_lost_database_are_told_apart() {
    let url = cluster().create_database().await;
    let app = App::start(&url, "", &[]).await;
    eventually("the schema found outdated", async || {
        let (status, text) = app.get("/readyz").await;
        if text.contains("outdated") {
            Ok(())
        } else {
            Err(format!("{status} {text}"))
        }
    })
    .await;
    migration::up(app.store.database()).await.unwrap();
    let ready = (200, "ready\n".to_owned());
    eventually("ready", async || is(app.get("/readyz").await, &ready)).await;
}
