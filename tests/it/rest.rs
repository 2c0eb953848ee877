//! REST through the whole door: pages, records, refusals, and what it shares with GraphQL.

use std::cmp::Reverse;
use std::io::Cursor;
use std::time::Instant as Tick;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use clap::Parser as _;
use entity::ImportStatus;
use imports_gateway::auth::Key;
use imports_gateway::http::Door;
use imports_gateway::ingest::{OnInvalid, Outcome, load};
use imports_gateway::resources::imports::rest;
use imports_gateway::store::token_cache::TokenCache;
use imports_gateway::store::{Store, accounts, tokens};
use imports_gateway::{app, config, http};
use serde_json::{Value, json};

use crate::databases::{self, Database, instant};

/// 2026-05-01T12:00:00Z.
const NOON: i64 = 1_777_636_800_000_000;
/// Enough that a count is capped.
const ROWS: i64 = 520;

#[derive(clap::Parser)]
struct Arguments {
    #[command(flatten)]
    settings: config::Settings,
}

struct Gateway {
    store: Store,
    door: Door,
    key: String,
    account_token: String,
    other_key: String,
    other_account_token: String,
    _database: Database,
}

/// A record of `id`: seven share an instant of creation, or are a microsecond apart from the next seven.
fn record(id: i64, file_name: &str) -> Value {
    let created = instant(NOON + id / 7);
    let updated = instant(NOON + id * 37 % ROWS * 1_000_000);
    let is_odd = id % 2 == 1;
    json!({
        "id": id,
        "completed_at": is_odd.then(|| updated.to_string()),
        "file_name": file_name,
        "file_size": (id * 1_000).to_string(),
        "note": is_odd.then_some("odd"),
        "type": "VehicleImport",
        "status": ImportStatus::ALL[id as usize % 10].name(),
        "created_at": created.to_string(),
        "updated_at": updated.to_string(),
    })
}

/// Two accounts with the same ids, on each kind of database.
async fn gateways() -> Vec<Gateway> {
    let mut gateways = Vec::new();
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let (key, account_token) = filled_account(&store, "mine.csv", 1..=ROWS).await;
        let (other_key, other_account_token) = filled_account(&store, "theirs.csv", 1..=ROWS + 1).await;
        let arguments = Arguments::parse_from(["it", "--rate-limit", "off"]);
        let config = arguments.settings.check(&database.url).unwrap();
        let documents = app::documents(&config).unwrap();
        let (gateway, _) = app::gateway(&config, documents, store.clone());
        gateways.push(Gateway {
            store,
            door: http::door(gateway, None),
            key,
            account_token,
            other_key,
            other_account_token,
            _database: database,
        });
    }
    gateways
}

async fn filled_account(store: &Store, file_name: &str, ids: impl Iterator<Item = i64>) -> (String, String) {
    let (account, account_token) = accounts::create(store, "Acme", instant(0)).await.unwrap();
    let made = tokens::create(store, account, "", None, instant(0))
        .await
        .unwrap();
    let key = made.unwrap().1.reveal().to_owned();
    let lines: String = ids.map(|id| format!("{}\n", record(id, file_name))).collect();
    let outcome = load(store, account, Cursor::new(lines), OnInvalid::Refuse, |_| {}).await;
    assert!(matches!(outcome, Ok(Outcome::Stored { .. })));
    (key, account_token.reveal().to_owned())
}

impl Gateway {
    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.door.answer(request).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap().to_vec();
        (parts.status.as_u16(), parts.headers, body)
    }

    /// A GET with the first account's key.
    async fn get(&self, path: &str) -> (u16, Value) {
        let authorization = format!("Bearer {}", self.key);
        let (status, _, body) = self.send("GET", path, &[("authorization", &authorization)]).await;
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn page(&self, query: &str) -> Value {
        let (status, page) = self.get(&format!("/api/v1/imports?{query}")).await;
        assert_eq!(status, 200, "{query}: {page}");
        page
    }
}

fn ids(page: &Value) -> Vec<i64> {
    let records = page["records"].as_array().unwrap().iter();
    records.map(|record| record["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn walking_the_pages_gives_the_sorted_filtered_list() {
    let created = |id: &i64| id / 7;
    let updated = |id: &i64| id * 37 % ROWS;
    let status = |id: &i64| ImportStatus::ALL[*id as usize % 10].name();
    let mut newest: Vec<i64> = (1..=ROWS).collect();
    newest.sort_by_key(|id| Reverse(*id));
    let mut mixed: Vec<i64> = (1..=ROWS).collect();
    mixed.sort_by_key(|id| (created(id), Reverse(updated(id)), Reverse(*id)));
    let mut chosen: Vec<i64> = (1..=ROWS)
        .filter(|id| ["failed", "new"].contains(&status(id)) && (3..=40).contains(&created(id)))
        .collect();
    chosen.sort_by_key(|id| (Reverse(updated(id)), Reverse(*id)));
    let filter = format!(
        "filter[status][include]=failed,new&filter[created_at][gte]={}&filter[created_at][lte]={}",
        instant(NOON + 3),
        instant(NOON + 40)
    );
    for gateway in gateways().await {
        for (sort, filter, size, expected) in [
            ("", "", "", &newest),
            (
                "sort[created_at]=asc&sort[updated_at]=desc",
                "",
                "per_page=7",
                &mixed,
            ),
            ("sort[updated_at]=desc", filter.as_str(), "per_page=2", &chosen),
        ] {
            let mut walked = Vec::new();
            let mut page = gateway.page(&format!("{sort}&{filter}&{size}")).await;
            loop {
                let remaining = (expected.len() - walked.len()).min(500);
                assert_eq!(page["estimated_remaining_count"], remaining);
                walked.extend(ids(&page));
                let Some(next) = page["next_cursor"].as_str().map(str::to_owned) else {
                    break;
                };
                // The cursor carries the sort; another page size is as good.
                let query = format!("start_cursor={next}&{filter}&per_page=100");
                page = gateway.page(&query).await;
                assert_eq!(page["start_cursor"], next);
            }
            assert_eq!(&walked, expected);
        }
        let empty = gateway.page("filter[updated_at][lt]=2000-01-01").await;
        let expected = json!({
            "start_cursor": null, "next_cursor": null, "per_page": 50, "estimated_remaining_count": 0,
            "filtered_by": [{"updated_at": {"lt": "2000-01-01"}}], "sorted_by": [{"id": "desc"}], "records": [],
        });
        assert_eq!(empty, expected);
    }
}

#[tokio::test]
async fn a_record_is_what_was_loaded_by_every_path_and_scheme() {
    for gateway in gateways().await {
        for id in [1, 2, ROWS] {
            let (status, found) = gateway.get(&format!("/api/imports/{id}?ignored=1")).await;
            assert_eq!((status, found), (200, record(id, "mine.csv")));
        }
        let key = &gateway.key;
        let mut answers = Vec::new();
        for authorization in [
            format!("Bearer {key}"),
            format!("Token {key}"),
            format!("Token token=\"{key}\""),
        ] {
            for path in ["/api/v1/imports", "/api/imports"] {
                let headers = [
                    ("authorization", &*authorization),
                    ("account-token", &*gateway.account_token),
                ];
                let (status, headers, body) = gateway.send("GET", path, &headers).await;
                assert_eq!(
                    (status, &headers["content-type"]),
                    (200, &"application/json".parse().unwrap())
                );
                answers.push(body);
            }
        }
        answers.dedup();
        assert_eq!(answers.len(), 1);
    }
}

#[tokio::test]
async fn absent_foreign_and_malformed_ids_answer_alike() {
    for gateway in gateways().await {
        let foreign = (ROWS + 1).to_string();
        let theirs = format!("Bearer {}", gateway.other_key);
        let path = format!("/api/imports/{foreign}");
        assert_eq!(
            gateway.send("GET", &path, &[("authorization", &theirs)]).await.0,
            200
        );
        for id in [
            &*foreign,
            "0",
            "-1",
            "01",
            "+1",
            "abc",
            "1%00",
            "%ff",
            "9223372036854775808",
            "1/2",
        ] {
            let path = format!("/api/v1/imports/{id}");
            let expected = json!({
                "status": 404, "title": "Not Found", "detail": "there is nothing here", "instance": path,
            });
            assert_eq!(gateway.get(&path).await, (404, expected));
        }
    }
}

#[tokio::test]
async fn a_cursor_reaches_no_other_accounts_rows() {
    for gateway in gateways().await {
        let theirs = format!("Bearer {}", gateway.other_key);
        let (_, _, body) = gateway
            .send("GET", "/api/imports", &[("authorization", &theirs)])
            .await;
        let theirs: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(ids(&theirs)[0], ROWS + 1);
        let start = theirs["start_cursor"].as_str().unwrap();
        let mine = gateway.page(&format!("start_cursor={start}")).await;
        assert_eq!(ids(&mine)[0], ROWS);
        assert!(
            mine["records"]
                .as_array()
                .unwrap()
                .iter()
                .all(|record| record["file_name"] == "mine.csv")
        );
    }
}

#[tokio::test]
async fn a_cursor_of_graphql_starts_a_page_at_its_record() {
    for gateway in gateways().await {
        let document = "query={imports(first:3,sort:[{updatedAt:ASC}]){edges{cursor%20node{databaseId}}}}"
            .replace('{', "%7B")
            .replace('}', "%7D");
        let (status, answer) = gateway.get(&format!("/graphql?{document}")).await;
        assert_eq!(status, 200, "{answer}");
        let edges = answer["data"]["imports"]["edges"].as_array().unwrap();
        assert_eq!(edges.len(), 3);
        for edge in edges {
            let page = gateway
                .page(&format!("start_cursor={}", edge["cursor"].as_str().unwrap()))
                .await;
            assert_eq!(
                ids(&page)[0].to_string(),
                edge["node"]["databaseId"].as_str().unwrap()
            );
            assert_eq!(page["start_cursor"], edge["cursor"]);
            assert_eq!(page["sorted_by"], json!([{"updated_at": "asc"}]));
        }
    }
}

#[tokio::test]
async fn refusals_have_their_status_header_and_body() {
    for gateway in gateways().await {
        let bearer = format!("Bearer {}", gateway.key);
        let mine = ("authorization", &*bearer);
        let long = format!("/api/imports?{}", "x".repeat(9_000));
        let in_url = format!("/api/imports?api_key={}", gateway.key);
        for (method, path, headers, status, header) in [
            (
                "GET",
                "/api/imports",
                vec![],
                401,
                Some(("www-authenticate", "Bearer")),
            ),
            (
                "GET",
                "/api/imports/1",
                vec![("authorization", "Bearer x")],
                401,
                Some(("www-authenticate", "Bearer")),
            ),
            ("GET", &*in_url, vec![mine], 401, None),
            (
                "GET",
                "/api/imports",
                vec![mine, ("account-token", &*gateway.other_account_token)],
                404,
                None,
            ),
            ("GET", "/api/v1/exports", vec![mine], 404, None),
            (
                "POST",
                "/api/v1/imports",
                vec![mine],
                405,
                Some(("allow", "GET, HEAD, QUERY")),
            ),
            (
                "DELETE",
                "/api/imports/1",
                vec![],
                405,
                Some(("allow", "GET, HEAD")),
            ),
            ("GET", &*long, vec![mine], 414, None),
        ] {
            let (found, answered, body) = gateway.send(method, path, &headers).await;
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(
                (found, &body["status"]),
                (status, &json!(status)),
                "{method} {path}"
            );
            assert_eq!(body["instance"], path.split('?').next().unwrap());
            assert_eq!(body.as_object().unwrap().len(), 4);
            assert!(!body.to_string().contains(&gateway.key));
            if let Some((name, value)) = header {
                assert_eq!(answered[name], value);
            }
        }
        let (status, body) = gateway.get("/api/imports?per_page=1&sort%5Bid%5D=up").await;
        let expected = json!({"errors": {
            "per_page": ["must be a whole number from 2 to 100"], "sort[id]": ["must be asc or desc"],
        }});
        assert_eq!((status, body), (400, expected));
    }
}

#[tokio::test]
async fn a_page_is_one_statement_and_a_range_that_nothing_meets_none() {
    for gateway in gateways().await {
        let key = Key::parse(&gateway.key).unwrap();
        let tokens = TokenCache::new(gateway.store.clone());
        let viewer = tokens.viewer(&key, None, instant(0), Tick::now()).await.unwrap();
        for (query, statements) in [
            ("sort[updated_at]=asc&filter[status][include]=new", 1),
            (
                "filter[created_at][lt]=2026-05-01&filter[created_at][gt]=2026-05-01",
                0,
            ),
        ] {
            let before = gateway.store.statements();
            let question = rest::parse(Some(query), 250).unwrap();
            rest::list(&gateway.store, &viewer, &question).await.unwrap();
            assert_eq!(gateway.store.statements() - before, statements, "{query}");
        }
    }
}

#[tokio::test]
async fn a_head_request_is_answered_without_a_body_and_a_page_compressed() {
    for gateway in gateways().await {
        let bearer = format!("Bearer {}", gateway.key);
        let headers = [("authorization", &*bearer), ("accept-encoding", "gzip")];
        let (status, _, body) = gateway.send("HEAD", "/api/imports", &headers[..1]).await;
        assert_eq!((status, body.len()), (200, 0));
        let (status, answered, _) = gateway.send("GET", "/api/imports", &headers).await;
        assert_eq!(
            (status, answered["content-encoding"].to_str().unwrap()),
            (200, "gzip")
        );
    }
}

#[tokio::test]
async fn the_description_needs_no_key() {
    for gateway in gateways().await {
        let (status, headers, body) = gateway.send("GET", "/openapi.json", &[]).await;
        assert_eq!(
            (status, headers["content-type"].to_str().unwrap()),
            (200, "application/json")
        );
        let described: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(described["openapi"], "3.1.0");
        assert_eq!(described["paths"].as_object().unwrap().len(), 6);
    }
}
