//! A statement that takes too long, or that nobody waits for any more, ends at the database.

use std::time::Duration;

use imports_gateway::store::{Settings, Store, StoreError};
use tokio::time::{Instant, timeout};

use super::{ENDLESS, MINUTE, none_in_use, patient, so_many_in_use, so_many_run, statement};
use crate::databases;
use crate::postgres::cluster;
use crate::waiting::{eventually, is};

const SLEEP: &str = "SELECT 1 FROM pg_sleep(60)";

/// A slow statement on the store's only connection ends with its deadline and with its reader; what comes next runs.
async fn slow_statements_end(store: &Store, slow: &str) {
    let soon = store.until(Instant::now() + Duration::from_millis(100));
    let read = soon.rows(statement(store, slow)).await;
    assert!(matches!(read, Err(StoreError::TimedOut(_))), "{read:?}");
    assert_eq!(store.rows(statement(store, "SELECT 1")).await.unwrap().len(), 1);

    let reader = store.clone();
    let text = statement(store, slow);
    let reading = tokio::spawn(async move { reader.rows(text).await.map(drop) });
    so_many_in_use(store, 1).await;
    reading.abort();
    assert!(reading.await.unwrap_err().is_cancelled());
    assert_eq!(store.rows(statement(store, "SELECT 1")).await.unwrap().len(), 1);
    none_in_use(store).await;
}

#[tokio::test]
async fn on_sqlite_a_slow_statement_is_interrupted() {
    let database = databases::sqlite();
    let store = patient(&database.url).await;
    // A mark on the connection: it is to be the same one afterwards, as its statement has ended. Where the machine is so
    // busy that the statement does not end in the service's own time, the connection is closed; then once more.
    eventually("the same connection afterwards", async || {
        let mark = statement(&store, "PRAGMA cache_size = 777");
        store.rows(mark).await.unwrap();
        slow_statements_end(&store, ENDLESS).await;
        let marked = store.rows(statement(&store, "PRAGMA cache_size")).await.unwrap();
        is(marked[0].try_get_by_index::<i64>(0).unwrap(), &777)
    })
    .await;
    store.close().await.unwrap();
}

#[tokio::test]
async fn on_postgresql_a_slow_statement_is_cancelled_at_the_server() {
    let url = cluster().create_database().await;
    let store = patient(&url).await;
    for slow in [SLEEP, ENDLESS] {
        slow_statements_end(&store, slow).await;
        so_many_run(&store, 0).await;
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_statement_ends_by_its_own_limit_where_there_is_no_deadline() {
    let sqlite = databases::sqlite();
    for url in [sqlite.url.clone(), cluster().create_database().await] {
        let mut settings = Settings::new(&url);
        settings.statement_timeout = Duration::from_millis(100);
        settings.acquire_timeout = MINUTE;
        let store = Store::open(&settings).await.unwrap();
        let read = store.rows(statement(&store, ENDLESS)).await;
        assert!(matches!(read, Err(StoreError::TimedOut(_))), "{read:?}");
        none_in_use(&store).await;
    }
}

#[tokio::test]
async fn a_server_that_nobody_can_ask_to_stop_still_has_limits() {
    let url = cluster().create_database().await;
    let mut settings = Settings::new(&url);
    settings.acquire_timeout = MINUTE;
    let store = Store::open(&settings).await.unwrap();
    let names = [
        "statement_timeout",
        "lock_timeout",
        "default_transaction_read_only",
    ];
    for (name, expected) in names.into_iter().zip(["5s", "2s", "on"]) {
        let rows = store
            .rows(statement(&store, &format!("SHOW {name}")))
            .await
            .unwrap();
        assert_eq!(rows[0].try_get_by_index::<String>(0).unwrap(), expected, "{name}");
    }
}

#[tokio::test]
async fn without_a_schema_the_database_is_unavailable_and_its_connection_is_kept() {
    let url = cluster().create_database().await;
    let store = patient(&url).await;
    let backend = async || {
        let rows = store
            .rows(statement(&store, "SELECT pg_backend_pid()"))
            .await
            .unwrap();
        rows[0].try_get_by_index::<i32>(0).unwrap()
    };
    // A connection that was idle for seconds, as on a machine that stood still, is replaced if it is slow to answer.
    eventually("the same connection afterwards", async || {
        let before = backend().await;
        let read = store.rows(statement(&store, "SELECT id FROM imports")).await;
        assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
        is(backend().await, &before)
    })
    .await;
}

#[tokio::test]
async fn a_cancellation_never_hits_the_next_statement() {
    let url = cluster().create_database().await;
    let store = patient(&url).await;
    for round in 0..200_u64 {
        let brief = statement(&store, "SELECT 1 FROM pg_sleep(0.002)");
        let limit = Duration::from_micros(round * 25);
        // Whether it ends in time is as it may be.
        let _ = timeout(limit, store.rows(brief)).await;
        let next = store.rows(statement(&store, "SELECT 1")).await;
        assert_eq!(next.unwrap().len(), 1, "round {round}");
    }
    store.close().await.unwrap();
}
