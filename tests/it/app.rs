//! The whole service in memory, on a database of its own: what a test talks to.
//!
//! Takes accounts, rows and requests; gives answers. The door is the real one, with every layer and the settings'
//! defaults; only the socket is left out.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use clap::Parser;
use entity::{ImportStatus, imports};
use imports_gateway::app;
use imports_gateway::auth::{Key, Viewer};
use imports_gateway::config::Settings;
use imports_gateway::http::{Door, Readiness, door};
use imports_gateway::relay::{GlobalRow, node_id};
use imports_gateway::store::{Store, accounts, tokens};
use serde_json::{Value as Json, json};
use tokio::sync::watch::Sender;

use crate::databases::{self, Database, instant};

/// The media type that gives request errors statuses of their own.
pub(crate) const RESPONSE: &str = "application/graphql-response+json";

/// A gateway and the database behind it.
pub(crate) struct TestApp {
    pub(crate) store: Store,
    door: Door,
    _readiness: Sender<Readiness>,
    _database: Database,
}

/// An account and a key of it.
pub(crate) struct Caller {
    pub(crate) id: i64,
    pub(crate) key: Key,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The body as JSON, null where it is none.
    pub(crate) json: Json,
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

impl TestApp {
    /// One on each kind of database.
    pub(crate) async fn on_each() -> Vec<Self> {
        let mut apps = Vec::new();
        for database in databases::fresh().await {
            apps.push(Self::on(database, &[]).await);
        }
        apps
    }

    /// One on an empty database, with options of `serve`. Accounts may spend without end where no option says otherwise:
    /// what a test asks in a second depends on the machine.
    pub(crate) async fn on(database: Database, options: &[&str]) -> Self {
        let store = database.migrated().await;
        Self::over(database, store, options)
    }

    /// One over a store of the test's own.
    pub(crate) fn over(database: Database, store: Store, options: &[&str]) -> Self {
        let unlimited: &[&str] = if options.contains(&"--rate-limit") {
            &[]
        } else {
            &["--rate-limit", "off"]
        };
        let line = Line::parse_from(["serve"].iter().chain(unlimited).chain(options));
        let config = line.settings.check(&database.url).unwrap();
        let documents = app::documents(&config).unwrap();
        let (gateway, readiness) = app::gateway(&config, documents, store.clone());
        Self {
            store,
            door: door(gateway, None),
            _readiness: readiness,
            _database: database,
        }
    }

    /// A new account with a key.
    pub(crate) async fn account(&self, name: &str) -> Caller {
        let (id, _) = accounts::create(&self.store, name, instant(0)).await.unwrap();
        let key = self.new_key(id).await;
        Caller { id, key }
    }

    /// One more key of an account.
    pub(crate) async fn new_key(&self, account_id: i64) -> Key {
        let made = tokens::create(&self.store, account_id, "", None, instant(0)).await;
        made.unwrap().unwrap().1
    }

    /// The viewer that a caller's key leads to.
    pub(crate) async fn viewer(&self, caller: &Caller) -> Viewer {
        let (token, account) = tokens::find(&self.store, &caller.key.hash())
            .await
            .unwrap()
            .unwrap();
        Viewer::admit(&token, &account, None, instant(0)).unwrap()
    }

    /// Stores rows.
    pub(crate) async fn fill(&self, rows: &[imports::Model]) {
        assert_eq!(self.store.insert(rows).await.unwrap(), rows.len() as u64);
    }

    /// Answers a document with variables, sent by POST.
    pub(crate) async fn query(&self, key: &Key, document: &str, variables: Json) -> Answer {
        self.query_as(key, "application/json", document, variables).await
    }

    /// Answers a document with variables to a client that accepts `media`.
    pub(crate) async fn query_as(&self, key: &Key, media: &str, document: &str, variables: Json) -> Answer {
        let body = json!({"query": document, "variables": variables}).to_string();
        let request = Request::post("/graphql")
            .header("authorization", format!("Bearer {}", key.reveal()))
            .header("content-type", "application/json")
            .header("accept", media)
            .body(Body::from(body));
        self.send(request.unwrap()).await
    }

    /// The `data` of an answer that must be without errors.
    pub(crate) async fn data(&self, key: &Key, document: &str, variables: Json) -> Json {
        let answer = self.query(key, document, variables).await;
        assert_eq!(answer.status, StatusCode::OK, "{document}: {}", answer.json);
        assert_eq!(answer.json.get("errors"), None, "{document}");
        answer.json["data"].clone()
    }

    /// Answers any request.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        let host = HeaderValue::from_static("localhost");
        request.headers_mut().entry(HOST).or_insert(host);
        let response = self.door.answer(request).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
            json,
        }
    }

    /// How many statements a document takes besides the one that looks up a key never seen before.
    pub(crate) async fn statements(&self, account_id: i64, document: &str, variables: Json) -> u64 {
        let key = self.new_key(account_id).await;
        let before = self.store.statements();
        self.data(&key, document, variables).await;
        self.store.statements() - before - 1
    }
}

impl Answer {
    /// The code of each error.
    pub(crate) fn codes(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().into_iter().flatten();
        errors
            .map(|error| error["extensions"]["code"].as_str().unwrap())
            .collect()
    }
}

/// The node id of an import.
pub(crate) fn import_id(account_id: i64, id: i64) -> String {
    node_id("Import", GlobalRow { account_id, id })
}

/// The node id of an account.
pub(crate) fn account_id(id: i64) -> String {
    node_id("Account", GlobalRow { account_id: id, id })
}

/// An import whose every field follows from its id.
pub(crate) fn row(account_id: i64, id: i64) -> imports::Model {
    let statuses = ImportStatus::ALL;
    let created_at = instant(1_790_000_000_000_000 + id * 1_000_000);
    imports::Model {
        account_id,
        id,
        completed_at: (id % 2 == 0).then_some(created_at),
        file_name: format!("file {id}.csv"),
        file_size: id * 1024,
        note: (id % 3 == 0).then(|| format!("note {id}")),
        kind: "VehicleImport".to_owned(),
        status: statuses[id.rem_euclid(10) as usize],
        created_at,
        updated_at: created_at,
    }
}
