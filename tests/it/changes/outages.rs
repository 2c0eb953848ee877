//! Streams while their database is frozen, killed, restarted, or ends the reader's connection: they go on, and nothing is missed.

use serde_json::json;
use tokio::task::block_in_place;

use super::stream::{EventStream, insert, write};
use crate::databases::{execute, open};
use crate::postgres::Cluster;
use crate::server::{Client, Server, furnish};
use crate::waiting::eventually_blocking;

const CHANGES: &str = "/api/v1/imports/changes";
const OPTIONS: [&str; 6] = [
    "--change-interval-ms",
    "20",
    "--request-timeout-ms",
    "1000",
    "--statement-timeout-ms",
    "60000",
];

/// The id of the next import that a stream tells of.
fn next_id(stream: &mut EventStream) -> i64 {
    loop {
        let block = block_in_place(|| stream.block()).expect("a stream that goes on");
        if let Some(data) = block.data {
            return data["id"].as_i64().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_outlive_what_befalls_their_database_and_miss_nothing() {
    let mut cluster = block_in_place(Cluster::start_own);
    let url = cluster.create_database().await;
    let tenants = furnish(&url, &[0]).await;
    let server = Server::over(&url, &OPTIONS, tenants);
    let key = &server.tenants[0].key;
    let back = |last: &str| block_in_place(|| EventStream::open(&server.address, key, CHANGES, Some(last)));
    let mut stream = EventStream::open(&server.address, key, CHANGES, None);
    let start = block_in_place(|| stream.block()).unwrap().id.unwrap();
    let metrics = Client::new(&server.address, None).get("/metrics").text();
    assert!(metrics.contains("imports_gateway_streams 1"), "{metrics}");
    write(&server, &insert(&server, 1, "new")).await;
    assert_eq!(next_id(&mut stream), 1);

    // Whose request takes too long is refused, but for who comes back, who would not come again.
    block_in_place(|| cluster.freeze());
    let body = json!({ "query": "subscription { importChanges { cursor } }" }).to_string();
    let subscribe = |last: Option<&str>| {
        let mut headers = vec![
            ("Content-Type", "application/json"),
            ("Accept", "text/event-stream"),
        ];
        headers.extend(last.map(|id| ("Last-Event-ID", id)));
        let asked = ("POST", "/graphql");
        block_in_place(|| EventStream::ask(&server.address, key, asked, &headers, &body))
    };
    let fresh = block_in_place(|| EventStream::open(&server.address, key, CHANGES, None));
    assert!(matches!(fresh.status, 503 | 504), "{}", fresh.status);
    let fresh = subscribe(None);
    assert!(matches!(fresh.status, 503 | 504), "{}", fresh.status);
    for mut later in [back(&start), subscribe(Some(&start))] {
        assert_eq!(later.status, 200);
        assert!(block_in_place(|| later.block()).unwrap().retry.is_some());
        assert_eq!(block_in_place(|| later.block()), None);
    }
    block_in_place(|| cluster.thaw());
    write(&server, &insert(&server, 2, "new")).await;
    assert_eq!(next_id(&mut stream), 2);

    // What was committed before a crash is told after it, and only once.
    write(&server, &insert(&server, 3, "new")).await;
    block_in_place(|| {
        cluster.kill9();
        cluster.restart();
    });
    eventually_blocking("who comes back is let in", || {
        let mut again = back(&start);
        match block_in_place(|| again.block()) {
            Some(block) if block.id.is_some() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    write(&server, &insert(&server, 4, "new")).await;
    assert_eq!([next_id(&mut stream), next_id(&mut stream)], [3, 4]);

    // An administrator ends every connection of the service.
    let store = open(&url).await;
    let terminated = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
    execute(&store, terminated, Vec::new()).await.unwrap();
    store.close().await.unwrap();
    write(&server, &insert(&server, 5, "new")).await;
    assert_eq!(next_id(&mut stream), 5);
}
