//! Keys, accounts and leaks: who is let in, what a stranger can tell, what the log holds.

use std::collections::BTreeSet;

use entity::Instant;
use imports_gateway::auth::Key;
use imports_gateway::relay::{GlobalRow, node_id};
use imports_gateway::store::tokens;
use serde_json::{Value, json};

use super::http::OPEN;
use super::judge::judge;
use crate::app::{account_id, import_id};
use crate::databases::{self, either};
use crate::server::{Ask, Client, Server, furnish};
use crate::waiting::{eventually_blocking, is};

#[tokio::test]
async fn every_way_of_having_no_key_is_answered_alike() {
    let database = either().await;
    let tenants = furnish(&database.url, &[130, 3]).await;
    let store = database.open().await;
    let now = Instant::now();
    let (_, expired) = tokens::create(&store, 1, "", Some(now), now)
        .await
        .unwrap()
        .unwrap();
    let (revoked_id, revoked) = tokens::create(&store, 1, "", None, now).await.unwrap().unwrap();
    assert!(tokens::revoke(&store, revoked_id, now).await.unwrap());
    store.close().await.unwrap();
    let mut server = Server::over(&database.url, &OPEN, tenants);
    server.keep(database);
    let good = server.tenants[0].key.clone();
    let mut flipped = good.clone();
    flipped.replace_range(10..11, if &good[10..11] == "a" { "b" } else { "a" });
    let bearer = |key: &str| vec![format!("Bearer {key}")];
    let cases: Vec<Vec<String>> = vec![
        vec![],
        vec![good.clone()],
        vec![format!("Basic {good}")],
        vec![format!("Bearer{good}")],
        vec!["Bearer".to_owned()],
        vec![format!("Bearer {good}"), format!("Bearer {good}")],
        vec![format!("Bearer {good}, Bearer {good}")],
        bearer(&good[..39]),
        bearer(&format!("{good}a")),
        bearer(&good.to_uppercase()),
        bearer(&good.replace("igw_", "iga_")),
        bearer(&flipped),
        bearer(&server.tenants[0].account_token),
        bearer(Key::generate().reveal()),
        bearer(expired.reveal()),
        bearer(revoked.reveal()),
        bearer(&"a".repeat(10_000)),
        bearer("' OR 1=1--"),
    ];
    let mut bodies = BTreeSet::new();
    for authorization in &cases {
        for ask in [
            Ask::graphql("{ viewer { id } }", &Value::Null),
            Ask::get("/api/v1/imports"),
            Ask::get("/api/v1/imports/1240000001"),
            Ask::get("/schema.graphql"),
        ] {
            let ask = authorization
                .iter()
                .fold(ask, |ask, value| ask.with("Authorization", value));
            let answer = server.stranger().ask(&ask);
            judge(&ask, &answer);
            assert_eq!(answer.status, 401, "{ask:?}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            bodies.insert((ask.target.clone(), answer.text()));
        }
    }
    assert_eq!(bodies.len(), 4, "one body a path: {bodies:#?}");
    for name in ["token", "access_token", "api_key", "Key"] {
        for path in ["/graphql?query=%7Bviewer%7Bid%7D%7D&", "/api/v1/imports?"] {
            // A key in the URL is refused even beside a good one in the header.
            let answer = server.client().get(&format!("{path}{name}={good}"));
            assert_eq!(answer.status, 401, "{path}{name}");
        }
    }
    assert_eq!(server.client().graphql("{ viewer { id } }").status, 200);
    server.terminate();
    server.wait();
    let log = server.last_log();
    for secret in [&good, expired.reveal(), revoked.reveal(), &flipped] {
        assert!(!log.contains(secret), "a key in the log");
    }
}

#[tokio::test]
async fn rows_of_another_account_do_not_exist() {
    let server = Server::start(&OPEN).await;
    // Both accounts have the first three ids; the rest is the first one's alone.
    let theirs = "1240000100";
    let mut mine = server.client_of(1);
    let ids = [
        import_id(1, theirs.parse().unwrap()),
        import_id(1, 1_240_000_001),
        import_id(2, theirs.parse().unwrap()),
        import_id(2, 999),
        account_id(1),
        node_id(
            "Export",
            GlobalRow {
                account_id: 2,
                id: 1_240_000_001,
            },
        ),
        format!("{}x", import_id(2, 1_240_000_001)),
        import_id(2, i64::MAX),
        // `Import:1240000001`, as ids without an account were, and `Import:2:9223372036854775808`.
        "SW1wb3J0OjEyNDAwMDAwMDE".to_owned(),
        "SW1wb3J0OjI6OTIyMzM3MjAzNjg1NDc3NTgwOA".to_owned(),
        String::new(),
        "x".repeat(5_000),
    ];
    let query = "query($i: ID!) { node(id: $i) { id } import(id: $i) { id } nodes(ids: [$i]) { id } }";
    let mut answers = BTreeSet::new();
    for id in ids {
        let ask = Ask::graphql(query, &json!({ "i": id }));
        let answer = mine.ask(&ask);
        judge(&ask, &answer);
        answers.insert((answer.status, answer.text()));
    }
    let (status, text) = answers.pop_first().unwrap();
    assert!(answers.is_empty(), "{text}\n{answers:#?}");
    // In the order of the question, too.
    assert_eq!(
        (status, text.as_str()),
        (200, r#"{"data":{"node":null,"import":null,"nodes":[null]}}"#)
    );
    let data = mine.data(&format!(
        "{{ importByDatabaseId(databaseId: \"{theirs}\") {{ id }} }}"
    ));
    assert_eq!(data["importByDatabaseId"], Value::Null);
    let absent = mine.get("/api/v1/imports/1");
    let foreign = mine.get(&format!("/api/v1/imports/{theirs}"));
    assert_eq!((foreign.status, absent.status), (404, 404));
    assert_eq!(foreign.text().replace(theirs, "1"), absent.text());
    let count = mine.data("{ imports { estimatedRemainingCount } }");
    assert_eq!(count["imports"]["estimatedRemainingCount"], 3);
    // The other account's token does not open a door either.
    let token = server.tenants[0].account_token.clone();
    let answer = mine.ask(&Ask::graphql("{ viewer { id } }", &Value::Null).with("Account-Token", &token));
    assert_eq!((answer.status, answer.code().as_str()), (401, "UNAUTHENTICATED"));
    assert_eq!(
        mine.ask(&Ask::get("/api/v1/imports").with("Account-Token", &token))
            .status,
        404
    );
}

#[tokio::test]
async fn a_key_that_was_revoked_meanwhile_is_refused_once_it_is_looked_up_again() {
    let server = Server::start(&OPEN).await;
    let mut client = server.client();
    assert_eq!(client.graphql("{ viewer { id } }").status, 200);
    let store = databases::open(server.url()).await;
    assert!(tokens::revoke(&store, 1, Instant::now()).await.unwrap());
    // How soon that is, `accounts` shows by a clock of its own.
    eventually_blocking("a revoked key refused", || {
        is(client.graphql("{ viewer { id } }").status, &401)
    });
    assert_eq!(client.get("/api/v1/imports").status, 401);
    assert_eq!(server.client_of(1).graphql("{ viewer { id } }").status, 200);
}

#[tokio::test]
async fn what_callers_write_is_not_in_the_log() {
    let mut server = Server::start(&OPEN).await;
    let mut client = server.client();
    let canary = "canary-value-71b2";
    let cursor =
        client.data("{ imports(first: 1) { pageInfo { endCursor } } }")["imports"]["pageInfo"]["endCursor"]
            .as_str()
            .unwrap()
            .to_owned();
    let query = "query($c: String) { imports(after: $c) { nodes { id } } }";
    for value in [canary, &cursor] {
        client.ask(&Ask::graphql(query, &json!({ "c": value })));
        client.ask(&Ask::post("/graphql", format!("{{\"query\": \"{{ {value}\"")));
        client.get(&format!("/api/v1/imports?start_cursor={value}"));
        client.get(&format!("/graphql?query={value}"));
        client.ask(&Ask::get("/api/v1/imports").with("X-Request-Id", format!("{value}\x0b")));
        Client::new(&server.address, Some(value)).graphql("{ viewer { id } }");
    }
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
    let log = server.last_log();
    for secret in [canary, &cursor, &server.tenants[0].key, "SELECT"] {
        assert!(!log.contains(secret), "{secret} in the log:\n{log}");
    }
}
