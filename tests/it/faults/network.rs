//! A network that takes everything and answers nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use imports_gateway::store::{Settings, Store};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::{none_in_use, statement};
use crate::gauntlet;
use crate::postgres::cluster;
use crate::waiting::eventually;

/// A way to a server that can be cut without a word: what is sent from then on is taken, and goes nowhere.
struct Tunnel {
    url: String,
    is_cut: Arc<AtomicBool>,
    running: JoinHandle<()>,
}

impl Tunnel {
    async fn to(url: &str) -> Self {
        let (rest, database) = url.rsplit_once('/').unwrap();
        let (user, server) = rest.rsplit_once('@').unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_cut = Arc::new(AtomicBool::new(false));
        let (server, cut) = (server.to_owned(), Arc::clone(&is_cut));
        let running = tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let far = TcpStream::connect(&server).await.unwrap();
                let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
                tokio::spawn(pump(from_near, to_far, Arc::clone(&cut)));
                tokio::spawn(pump(from_far, to_near, Arc::clone(&cut)));
            }
        });
        Self {
            url: format!("{user}@127.0.0.1:{port}/{database}"),
            is_cut,
            running,
        }
    }
}

/// Passes bytes on. Once it has swallowed some, it never passes any on again, nor an end.
async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    is_cut: Arc<AtomicBool>,
) {
    let mut buffer = [0; 4096];
    let mut is_silent = false;
    while let Ok(read) = from.read(&mut buffer).await
        && read > 0
    {
        is_silent |= is_cut.load(Ordering::Relaxed);
        if !is_silent {
            let _ = to.write_all(&buffer[..read]).await;
        }
    }
    if is_silent {
        std::future::pending::<()>().await;
    }
}

#[tokio::test]
async fn a_network_that_swallows_everything_leaves_no_connection_in_use() {
    let tunnel = Tunnel::to(&cluster().create_database().await).await;
    let settings = Settings {
        max_connections: 2,
        acquire_timeout: Duration::from_millis(500),
        statement_timeout: Duration::from_millis(500),
        ..Settings::new(&tunnel.url)
    };
    let store = Store::open(&settings).await.unwrap();
    let read = async || store.rows(statement(&store, "SELECT 1")).await;
    for _ in 0..3 {
        eventually("two connections", async || {
            let (one, two) = tokio::join!(read(), read());
            one.and(two).map_err(|error| format!("{error:?}"))
        })
        .await;
        tunnel.is_cut.store(true, Ordering::Relaxed);
        gauntlet::add("networks cut", 1);
        for _ in 0..3 {
            let (one, two) = tokio::join!(read(), read());
            assert!(one.is_err() && two.is_err(), "{one:?} {two:?}");
        }
        none_in_use(&store).await;
        tunnel.is_cut.store(false, Ordering::Relaxed);
    }
    tunnel.running.abort();
}
