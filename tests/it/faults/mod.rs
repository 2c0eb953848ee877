//! A database that is slow, away, frozen or killed, and clients that go away: what is answered, and what is left behind.
//!
//! The rate limit is lifted: how much is asked while something is broken depends on the machine.

mod away;
mod network;
mod requests;
mod slow;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER};
use clap::Parser as _;
use entity::{ImportStatus, imports};
use http_body_util::BodyExt as _;
use imports_gateway::http::Door;
use imports_gateway::store::statement_kind::{Named, StatementKind};
use imports_gateway::store::{Settings, Store, accounts, tokens};
use imports_gateway::{app, config, http};
use sea_orm::Statement;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::databases::{execute, instant};
use crate::gauntlet;
use crate::waiting::{Look, eventually, in_time, is};

/// Longer than any wait here: what is not stopped goes on for as long.
const MINUTE: Duration = Duration::from_secs(60);

/// The service in memory, as `serve` builds it.
struct App {
    door: Door,
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
    let arguments = ["it", "--rate-limit", "off"].iter().chain(arguments);
    let line = CommandLine::parse_from(arguments);
    line.settings.check(url).unwrap()
}

impl App {
    async fn start(url: &str, key: &str, arguments: &[&str]) -> Self {
        let config = config(url, arguments);
        let store = Store::open(&config.store).await.unwrap();
        let documents = app::documents(&config).unwrap();
        let (gateway, readiness) = app::gateway(&config, documents, store.clone());
        let health_check = Arc::new(store.health_check());
        let current = move || {
            let health_check = Arc::clone(&health_check);
            async move {
                let status = health_check.look(async |db| migration::status(&db).await).await;
                Ok(!status?.is_outdated())
            }
        };
        Self {
            door: http::door(gateway, None),
            store,
            key: key.to_owned(),
            watching: tokio::spawn(app::watch(readiness, current)),
        }
    }

    fn request(&self) -> Request<Body> {
        let body = r#"{"query": "{ imports(first: 1) { nodes { id } } }"}"#;
        Request::post("/graphql")
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {}", self.key))
            .body(Body::from(body))
            .unwrap()
    }

    /// Status and first error code of one query, which must come.
    async fn ask(&self) -> (u16, String) {
        let response = in_time("an answer", self.door.answer(self.request())).await;
        let status = response.status().as_u16();
        let says_when = response.headers().contains_key(RETRY_AFTER);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let code = body["errors"][0]["extensions"]["code"].as_str();
        assert_eq!(says_when, status == 503);
        (status, code.unwrap_or_default().to_owned())
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let request = Request::get(path)
            .header(HOST, "localhost")
            .body(Body::empty())
            .unwrap();
        let response = self.door.answer(request).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Waits until it serves.
    async fn serves(&self) {
        eventually("a good answer", async || {
            is(self.ask().await, &(200, String::new()))?;
            is(self.get("/readyz").await, &(200, "ready\n".to_owned()))
        })
        .await;
    }

    /// Waits until it serves again, and tells how long that took; that it is soon is the gauntlet's to judge.
    async fn serves_again(&self) {
        let back = Instant::now();
        self.serves().await;
        let ms = back.elapsed().as_millis() as u64;
        gauntlet::peak("longest until served again, ms", ms);
    }

    /// Waits until it has noticed that its database is away, and says so.
    async fn refuses(&self) {
        eventually("the database noticed as away", async || {
            let (status, reason) = self.get("/readyz").await;
            let begins = "the database does not answer: the PostgreSQL server at ";
            if status != 503 || !reason.starts_with(begins) {
                return Err(format!("{status} {reason}"));
            }
            is(self.ask().await, &(503, "SERVICE_UNAVAILABLE".to_owned()))
        })
        .await;
    }
}

/// A migrated database with one import of one account: its URL and a key of the account.
async fn prepared(url: &str) -> String {
    let store = patient(url).await;
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

/// A reading statement of ours, under any name.
fn statement(store: &Store, text: &str) -> Named {
    let statement = Statement::from_string(store.backend(), text);
    Named {
        kind: StatementKind::Page,
        statement,
    }
}

const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE i < 0";

/// How many statements run in the database of a store, seen from outside its readers.
async fn running(store: &Store) -> usize {
    let text = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
                AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
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
    so_many_in_use(store, 0).await;
}

async fn so_many_in_use(store: &Store, number: usize) {
    let what = format!("{number} connections in use");
    eventually(&what, async || is(in_use(store), &number)).await;
}

/// Waits until so many statements run, seen by a store that is not the reader.
async fn so_many_run(store: &Store, number: usize) {
    let what = format!("{number} statements running");
    eventually(&what, async || is(running(store).await, &number)).await;
}

/// A look that finds a good answer.
async fn answered(app: &App) -> Look<()> {
    is(app.ask().await, &(200, String::new()))
}

#[tokio::test]
async fn the_load_of_these_tests_has_no_budget_to_spend() {
    let database = crate::databases::sqlite();
    let key = prepared(&database.url).await;
    let app = App::start(&database.url, &key, &[]).await;
    let response = in_time("an answer", app.door.answer(app.request())).await;
    assert_eq!(response.status().as_u16(), 200);
    let limited: Vec<_> = response
        .headers()
        .keys()
        .filter(|name| name.as_str().starts_with("ratelimit"))
        .collect();
    assert!(limited.is_empty(), "{limited:?}");
}
