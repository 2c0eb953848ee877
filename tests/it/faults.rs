//! A database that is slow, away, frozen or killed, and clients that go away: what is answered, and what is left behind.
//!
//! Waits are polls with a limit; what they wait for either comes or never does.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use clap::Parser as _;
use entity::{ImportStatus, imports};
use http_body_util::BodyExt as _;
use imports_gateway::http::accept;
use imports_gateway::store::{Settings, Store, StoreError, accounts, tokens};
use imports_gateway::{app, config, http};
use sea_orm::Statement;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, block_in_place};
use tokio::time::{Instant, timeout};
use tower::ServiceExt as _;

use crate::databases::{self, execute, instant};
use crate::postgres::{Cluster, cluster};

/// Longer than any wait here: what is not stopped goes on for as long.
const MINUTE: Duration = Duration::from_secs(60);
/// How long is waited for what must come.
const PATIENCE: Duration = Duration::from_secs(20);
/// The promise of the service: how soon it is back once its database is.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// And the latest answer while it is not.
const ANSWERED_WITHIN: Duration = Duration::from_secs(11);

/// Waits until something holds, or fails.
async fn eventually<F: Future<Output = bool>>(what: &str, limit: Duration, holds: impl Fn() -> F) {
    let last = Instant::now() + limit;
    while !holds().await {
        assert!(Instant::now() < last, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The service in memory, as `serve` builds it.
struct App {
    router: Router,
    store: Store,
    key: String,
    watching: JoinHandle<()>,
}

impl Drop for App {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

#[derive(clap::Parser)]
struct CommandLine {
    #[command(flatten)]
    settings: config::Settings,
}

fn config(url: &str, arguments: &[&str]) -> config::Config {
    let arguments = ["it"].iter().chain(arguments);
    let line = CommandLine::parse_from(arguments);
    line.settings.check(url).unwrap()
}

impl App {
    async fn start(url: &str, key: &str, arguments: &[&str]) -> Self {
        let config = config(url, arguments);
        let store = Store::open(&config.store).await.unwrap();
        let (gateway, readiness) = app::gateway(&config, store.clone()).unwrap();
        let lookout = Arc::new(store.lookout());
        let current = move || {
            let lookout = Arc::clone(&lookout);
            async move {
                let status = lookout.look(async |db| migration::status(&db).await).await;
                status.ok().map(|status| !status.is_outdated())
            }
        };
        Self {
            router: http::router(gateway),
            store,
            key: key.to_owned(),
            watching: tokio::spawn(app::watch(readiness, current)),
        }
    }

    fn request(&self) -> Request<Body> {
        let body = r#"{"query": "{ imports(first: 1) { nodes { id } } }"}"#;
        Request::post("/graphql")
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {}", self.key))
            .body(Body::from(body))
            .unwrap()
    }

    /// Status and first error code of one query, which must come in time.
    async fn ask(&self) -> (u16, String) {
        let answered = timeout(ANSWERED_WITHIN, self.router.clone().oneshot(self.request())).await;
        let response = answered.expect("an answer in time").unwrap();
        let status = response.status().as_u16();
        let says_when = response.headers().contains_key(RETRY_AFTER);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let code = body["errors"][0]["extensions"]["code"].as_str();
        assert_eq!(says_when, status == 503);
        (status, code.unwrap_or_default().to_owned())
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn answers_within(&self, limit: Duration) {
        eventually("a good answer", limit, || async {
            self.ask().await.0 == 200 && self.get("/readyz").await.0 == 200
        })
        .await;
    }

    async fn is_refused_at_once_within(&self, limit: Duration) {
        eventually("the database noticed as away", limit, || async {
            let away = (503, "SERVICE_UNAVAILABLE".to_owned());
            self.get("/readyz").await == (503, "the database does not answer\n".to_owned())
                && self.ask().await == away
        })
        .await;
    }
}

/// A migrated database with one import of one account: its URL and a key of the account.
async fn prepared(url: &str) -> String {
    let store = Store::open(&Settings::new(url)).await.unwrap();
    migration::up(store.database()).await.unwrap();
    let (account_id, _) = accounts::create(&store, "Acme", instant(0)).await.unwrap();
    let made = tokens::create(&store, account_id, "", None, instant(0)).await;
    let (_, key) = made.unwrap().unwrap();
    let import = imports::Model {
        account_id,
        id: 1,
        completed_at: None,
        file_name: String::new(),
        file_size: 0,
        note: None,
        kind: String::new(),
        status: ImportStatus::New,
        created_at: instant(0),
        updated_at: instant(0),
    };
    store.insert(&[import]).await.unwrap();
    store.close().await.unwrap();
    key.reveal().to_owned()
}

/// A store with one connection, on which statements take as long as they like.
async fn patient(url: &str) -> Store {
    let settings = Settings {
        max_connections: 1,
        acquire_timeout: MINUTE,
        statement_timeout: MINUTE,
        ..Settings::new(url)
    };
    Store::open(&settings).await.unwrap()
}

fn statement(store: &Store, text: &str) -> Statement {
    Statement::from_string(store.backend(), text)
}

const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE i < 0";
const SLEEP: &str = "SELECT 1 FROM pg_sleep(60)";

/// How many statements run in the database of a store, seen from outside its readers.
async fn running(store: &Store) -> usize {
    let text = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
                AND pid <> pg_backend_pid()";
    execute(store, text, Vec::new())
        .await
        .unwrap()
        .try_into()
        .unwrap()
}

fn in_use(store: &Store) -> usize {
    let pool = store.pool();
    usize::try_from(pool.open).unwrap() - pool.idle
}

async fn none_in_use(store: &Store) {
    eventually("every connection is free", PATIENCE, || async {
        in_use(store) == 0
    })
    .await;
}

/// A slow statement on the store's only connection ends with its deadline and with its reader; what comes next runs.
async fn slow_statements_end(store: &Store, slow: &str) {
    let soon = store.until(Instant::now() + Duration::from_millis(100));
    let read = soon.rows(statement(store, slow)).await;
    assert!(matches!(read, Err(StoreError::TimedOut(_))), "{read:?}");
    assert_eq!(store.rows(statement(store, "SELECT 1")).await.unwrap().len(), 1);

    let reader = store.clone();
    let text = statement(store, slow);
    let reading = tokio::spawn(async move { reader.rows(text).await.map(drop) });
    eventually("the statement has a connection", PATIENCE, || async {
        in_use(store) == 1
    })
    .await;
    reading.abort();
    assert!(reading.await.unwrap_err().is_cancelled());
    assert_eq!(store.rows(statement(store, "SELECT 1")).await.unwrap().len(), 1);
    none_in_use(store).await;
}

#[tokio::test]
async fn on_sqlite_a_slow_statement_is_interrupted() {
    let database = databases::sqlite();
    let store = patient(&database.url).await;
    // A mark on the connection: it is to be the same one afterwards, as its statement has ended.
    store
        .rows(statement(&store, "PRAGMA cache_size = 777"))
        .await
        .unwrap();
    slow_statements_end(&store, ENDLESS).await;
    let marked = store.rows(statement(&store, "PRAGMA cache_size")).await.unwrap();
    assert_eq!(marked[0].try_get_by_index::<i64>(0).unwrap(), 777);
    store.close().await.unwrap();
}

#[tokio::test]
async fn on_postgresql_a_slow_statement_is_cancelled_at_the_server() {
    let url = cluster().create_database().await;
    let store = patient(&url).await;
    for slow in [SLEEP, ENDLESS] {
        slow_statements_end(&store, slow).await;
        eventually("nothing runs", PATIENCE, || async { running(&store).await == 0 }).await;
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_statement_ends_by_its_own_limit_where_there_is_no_deadline() {
    let sqlite = databases::sqlite();
    for url in [sqlite.url.clone(), cluster().create_database().await] {
        let mut settings = Settings::new(&url);
        settings.statement_timeout = Duration::from_millis(100);
        let store = Store::open(&settings).await.unwrap();
        let read = store.rows(statement(&store, ENDLESS)).await;
        assert!(matches!(read, Err(StoreError::TimedOut(_))), "{read:?}");
        none_in_use(&store).await;
    }
}

#[tokio::test]
async fn a_server_that_nobody_can_ask_to_stop_still_has_limits() {
    let url = cluster().create_database().await;
    let store = Store::open(&Settings::new(&url)).await.unwrap();
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
    let before = backend().await;
    let read = store.rows(statement(&store, "SELECT id FROM imports")).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    assert_eq!(backend().await, before);
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

#[tokio::test]
async fn where_every_connection_is_in_use_the_service_is_overloaded() {
    let sqlite = databases::sqlite();
    let key = prepared(&sqlite.url).await;
    let few = ["--database-connections", "1", "--acquire-timeout-ms", "50"];
    let long = ["--statement-timeout-ms", "60000"];
    let app = App::start(&sqlite.url, &key, &[few.as_slice(), &long].concat()).await;
    assert_eq!(app.ask().await, (200, String::new()));
    let (reader, text) = (app.store.clone(), statement(&app.store, ENDLESS));
    let reading = tokio::spawn(async move { reader.rows(text).await.map(drop) });
    eventually("the connection is taken", PATIENCE, || async {
        in_use(&app.store) == 1
    })
    .await;
    assert_eq!(app.ask().await, (503, "OVERLOADED".to_owned()));
    reading.abort();
    eventually("an answer", PATIENCE, || async { app.ask().await.0 == 200 }).await;
}

#[tokio::test]
async fn a_request_whose_time_is_up_is_answered_so_and_leaves_no_statement() {
    let url = cluster().create_database().await;
    let key = prepared(&url).await;
    let app = App::start(&url, &key, &["--request-timeout-ms", "300"]).await;
    app.answers_within(PATIENCE).await;
    let other = patient(&url).await;
    execute(&other, "ALTER TABLE imports RENAME TO imports_rows", Vec::new())
        .await
        .unwrap();
    execute(&other, SLOW_VIEW, Vec::new()).await.unwrap();
    assert_eq!(app.ask().await, (504, "TIMEOUT".to_owned()));
    eventually("nothing runs", PATIENCE, || async { running(&other).await == 0 }).await;
    none_in_use(&app.store).await;
}

const SLOW_VIEW: &str =
    "CREATE VIEW imports AS SELECT r.* FROM imports_rows r CROSS JOIN pg_sleep(60) AS slow";

#[tokio::test]
async fn what_a_client_waited_for_ends_when_it_is_gone() {
    let url = cluster().create_database().await;
    let key = prepared(&url).await;
    let long = ["--request-timeout-ms", "60000", "--statement-timeout-ms", "60000"];
    let app = App::start(&url, &key, &long).await;
    let other = patient(&url).await;
    execute(&other, "ALTER TABLE imports RENAME TO imports_rows", Vec::new())
        .await
        .unwrap();
    execute(&other, SLOW_VIEW, Vec::new()).await.unwrap();

    let listener = accept::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let limits = app::connection_limits(&config(&url, &long).limits);
    let router = app.router.clone();
    let serving = tokio::spawn(async move {
        accept::serve(listener, router, &limits, std::future::pending()).await;
    });
    let mut client = TcpStream::connect(address).await.unwrap();
    let body = r#"{"query": "{ imports { nodes { id } } }"}"#;
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write_all(request.as_bytes()).await.unwrap();
    eventually("the statement runs", PATIENCE, || async {
        running(&other).await == 1
    })
    .await;
    drop(client);
    eventually("nothing runs", PATIENCE, || async { running(&other).await == 0 }).await;
    none_in_use(&app.store).await;
    serving.abort();
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
    block_in_place(|| cluster.kill9());

    let app = Arc::new(App::start(&url, &key, &[]).await);
    assert_eq!(app.ask().await, (503, "SERVICE_UNAVAILABLE".to_owned()));
    assert_eq!(app.get("/livez").await.0, 200);
    app.is_refused_at_once_within(PATIENCE).await;
    block_in_place(|| cluster.restart());
    app.answers_within(BACK_WITHIN).await;

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
        let (one, two) = tokio::join!(read(), read());
        assert_eq!((one.unwrap().len(), two.unwrap().len()), (1, 1));
        tunnel.is_cut.store(true, Ordering::Relaxed);
        for _ in 0..3 {
            let (one, two) = tokio::join!(read(), read());
            assert!(one.is_err() && two.is_err(), "{one:?} {two:?}");
        }
        none_in_use(&store).await;
        tunnel.is_cut.store(false, Ordering::Relaxed);
    }
    tunnel.running.abort();
}
