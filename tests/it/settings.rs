//! What settings change in the running program: switches, lists, trusted documents, its operators' address, and faults.

use std::fs;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::databases::{self, execute, sqlite};
use crate::server::{Answer, Ask, Client, Server, program};
use crate::waiting;

const VIEWER: &str = "{ viewer { id } }";

#[test]
fn bad_settings_are_reported_all_at_once_before_anything_starts() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("imports.db");
    let mut command = program(&[
        "serve",
        "--listen",
        "nowhere",
        "--tokens",
        "0",
        "--rate-limit",
        "many",
        "--introspection",
        "maybe",
        "--trusted-proxy",
        "10.0.0.0/99",
        "--trusted-documents-mode",
        "enforce",
        "--body-bytes",
        "1",
        "--migrate=perhaps",
        "--cors-origins",
        "https://app.example.com/pages",
        "--trusted-documents=",
    ]);
    command
        .env("DATABASE_URL", format!("sqlite://{}?mode=rwc", file.display()))
        .env("GATEWAY_DEPTH", "-1");
    let output = waiting::output(&mut command);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), output.stdout.len()),
        (Some(2), 0),
        "{error}"
    );
    for setting in [
        "--listen",
        "--tokens",
        "--rate-limit",
        "--introspection",
        "--trusted-proxy",
        "--trusted-documents cannot be read",
        "--body-bytes",
        "--depth",
        "--migrate must be on or off",
        "--cors-origins: `https://app.example.com/pages` has a path",
    ] {
        assert!(error.contains(setting), "{setting}: {error}");
    }
    assert!(!file.exists());
}

#[test]
fn a_manifest_that_is_none_is_a_bad_setting_before_anything_starts() {
    let folder = TempDir::new().unwrap();
    let manifest = folder.path().join("manifest.json");
    let database = folder.path().join("imports.db");
    let enforce = ["--trusted-documents-mode", "enforce"];
    for (text, options, told) in [
        // Its shape is told with all else that is wrong, its documents once all else is right.
        ("[]", vec!["--depth", "0"], "--depth"),
        ("[]", vec![], "--trusted-documents is neither an object"),
        (
            r#"{"a": "{ viewer { nothing "}"#,
            vec![],
            "--trusted-documents: the document `a`",
        ),
        (
            r#"{"a": "{ viewer { nothing } }"}"#,
            vec![],
            "--trusted-documents: the document `a`",
        ),
    ] {
        fs::write(&manifest, text).unwrap();
        let mut command = program(&["serve", "--listen", "127.0.0.1:0", "--trusted-documents"]);
        command.arg(&manifest).args(enforce).args(&options);
        command.env(
            "DATABASE_URL",
            format!("sqlite://{}?mode=rwc", database.display()),
        );
        let output = waiting::output(&mut command);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(told), "{told}: {error}");
        assert_eq!(error.contains("neither an object"), text == "[]", "{error}");
        assert!(!database.exists(), "{error}");
    }
}

#[tokio::test]
async fn without_introspection_nothing_tells_the_schema() {
    let server = Server::start(&["--introspection", "off", "--rate-limit", "off"]).await;
    let mut client = server.client();
    for query in [
        "{ __schema { queryType { name } } }",
        "{ __type(name: \"Import\") { name } }",
        "{ a: __schema { types { name } } viewer { id } }",
        "{ ...F } fragment F on Query { __schema { types { name } } }",
        "{ ... @include(if: true) { __type(name: \"Query\") { fields { type { fields { name } } } } } }",
    ] {
        let answer = client.graphql(query);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "INTROSPECTION_DISABLED"),
            "{query}"
        );
        assert_eq!(answer.json().get("data"), None);
    }
    assert_eq!(client.get("/schema.graphql").status, 404);
    let data = client.data("{ __typename viewer { __typename } }");
    assert_eq!(
        data,
        json!({"__typename": "Query", "viewer": {"__typename": "Account"}})
    );
    for near in [
        "{ view { id } }",
        "{ imports(firs: 1) { nodes { id } } }",
        "{ viewer { nam } }",
        "{ imports(filter: {stat: 1}) { nodes { id } } }",
    ] {
        let text = client.graphql(near).text();
        assert!(text.contains("GRAPHQL_VALIDATION_FAILED"), "{text}");
        for told in ["ean", "viewer\\\"", "`first`", "`name`", "`status`", "createdAt"] {
            assert!(!text.contains(told), "{near}: {text}");
        }
    }
}

#[tokio::test]
async fn with_introspection_the_schema_is_told_to_a_caller_with_a_key() {
    let server = Server::start(&[]).await;
    let answer = server.client().get("/schema.graphql");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (200, include_str!("../../schema.graphql"))
    );
    assert_eq!(server.stranger().get("/schema.graphql").status, 401);
}

#[tokio::test]
async fn where_get_is_off_queries_are_posted() {
    let server = Server::start(&["--get", "off"]).await;
    let mut client = server.client();
    let answer = client.get("/graphql?query=%7Bviewer%7Bid%7D%7D");
    assert_eq!(
        (answer.status, answer.code().as_str(), answer.header("allow")),
        (405, "METHOD_NOT_ALLOWED", Some("POST, QUERY"))
    );
    let mut put = Ask::get("/graphql");
    put.method = "PUT".to_owned();
    assert_eq!(client.ask(&put).header("allow"), Some("POST, QUERY"));
    assert_eq!(client.graphql(VIEWER).status, 200);
    assert_eq!(client.get("/api/v1/imports?per_page=2").status, 200);
}

#[tokio::test]
async fn listed_origins_may_read_answers_and_no_others() {
    let server = Server::start(&["--cors-origins", "https://app.example.com, http://localhost:5173"]).await;
    let mut client = server.client();
    let mut preflight = Ask::get("/graphql").with("Access-Control-Request-Method", "POST");
    preflight.method = "OPTIONS".to_owned();
    for (origin, allowed) in [
        ("https://app.example.com", true),
        ("http://localhost:5173", true),
        ("http://app.example.com", false),
        ("https://app.example.com.evil.example", false),
        ("https://app.example.com:444", false),
        ("null", false),
        ("*", false),
    ] {
        for (ask, status) in [
            (Ask::graphql(VIEWER, &Value::Null), 200),
            (preflight.clone(), 204),
        ] {
            let answer = client.ask(&ask.with("Origin", origin));
            assert_eq!(answer.status, status, "{origin}");
            assert_eq!(
                answer.header("access-control-allow-origin"),
                allowed.then_some(origin)
            );
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            let varies = answer
                .headers
                .iter()
                .any(|(name, value)| name == "vary" && value.contains("Origin"));
            assert!(varies, "{origin}: {answer:?}");
        }
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A request by hash, with or without its text.
fn persisted(hash: &str, text: Option<&str>) -> Ask {
    let extensions = json!({"persistedQuery": {"version": 1, "sha256Hash": hash}});
    let body = match text {
        Some(text) => json!({"query": text, "extensions": extensions}),
        None => json!({"extensions": extensions}),
    };
    Ask::post("/graphql", body.to_string()).with("Accept", "application/graphql-response+json")
}

#[track_caller]
fn check(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (status, code),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn a_query_is_persisted_by_its_hash_and_found_by_post_and_get() {
    let server = Server::start(&[]).await;
    let mut client = server.client();
    let hash = digest(VIEWER);
    let missing = client.ask(&persisted(&hash, None));
    check(&missing, 400, "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(missing.json()["errors"][0]["message"], "PersistedQueryNotFound");
    check(
        &client.ask(&persisted(&hash, Some("{ __typename }"))),
        422,
        "BAD_REQUEST",
    );
    check(&client.ask(&persisted("abc", Some(VIEWER))), 422, "BAD_REQUEST");
    check(
        &client.ask(&persisted(&hash, None)),
        400,
        "PERSISTED_QUERY_NOT_FOUND",
    );
    check(&client.ask(&persisted(&hash, Some(VIEWER))), 200, "");
    check(&client.ask(&persisted(&hash, None)), 200, "");
    let by_get = format!(
        "/graphql?extensions=%7B%22persistedQuery%22:%7B%22version%22:1,%22sha256Hash%22:%22{hash}%22%7D%7D"
    );
    check(&client.get(&by_get), 200, "");
    // It holds for every account, as documents are nobody's; the answer is the caller's.
    let theirs = server.client_of(1).ask(&persisted(&hash, None)).json();
    assert_ne!(
        theirs["data"]["viewer"]["id"],
        client.ask(&persisted(&hash, None)).json()["data"]["viewer"]["id"]
    );
    for broken in [
        "{\"persistedQuery\": 1}",
        "{\"persistedQuery\": {\"version\": 2, \"sha256Hash\": \"a\"}}",
    ] {
        let body = format!("{{\"query\": \"{{ viewer {{ id }} }}\", \"extensions\": {broken}}}");
        check(&client.ask(&Ask::post("/graphql", body)), 422, "BAD_REQUEST");
    }
    check(
        &server.stranger().ask(&persisted(&hash, None)),
        401,
        "UNAUTHENTICATED",
    );
}

#[tokio::test]
async fn a_persisted_query_of_null_counts_as_absent() {
    let server = Server::start(&[]).await;
    let mut client = server.client();
    let mut asked = json!({"query": VIEWER, "extensions": {"persistedQuery": null}});
    check(&client.ask(&Ask::post("/graphql", asked.to_string())), 200, "");
    let extensions = "extensions=%7B%22persistedQuery%22:null%7D";
    let by_get = format!("/graphql?query=%7Bviewer%7Bid%7D%7D&{extensions}");
    check(&client.get(&by_get), 200, "");
    asked["query"] = Value::Null;
    check(
        &client.ask(&Ask::post("/graphql", asked.to_string())),
        422,
        "BAD_REQUEST",
    );
}

/// A service that knows one document, `known`, as `a1`.
async fn trusting(mode: &str) -> (Server, TempDir) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("manifest.json");
    fs::write(
        &file,
        json!({ "a1": "query Known { viewer { name } }" }).to_string(),
    )
    .unwrap();
    let options = [
        "--trusted-documents",
        file.to_str().unwrap(),
        "--trusted-documents-mode",
        mode,
    ];
    (Server::start(&options).await, folder)
}

fn by_id(client: &mut Client, id: &str) -> Answer {
    let ask = Ask::post("/graphql", json!({ "documentId": id }).to_string());
    client.ask(&ask.with("Accept", "application/graphql-response+json"))
}

#[tokio::test]
async fn where_there_is_no_manifest_nothing_is_said_of_trust() {
    let server = Server::start(&[]).await;
    let answer = by_id(&mut server.client(), "a1");
    check(&answer, 400, "DOCUMENT_NOT_TRUSTED");
    let message = answer.json()["errors"][0]["message"].to_string();
    assert!(
        message.contains("`documentId`") && message.contains("`query`") && !message.contains("operators"),
        "{message}"
    );
}

#[tokio::test]
async fn where_trust_is_enforced_only_the_manifest_runs() {
    let (server, _folder) = trusting("enforce").await;
    let mut client = server.client();
    check(&by_id(&mut client, "a1"), 200, "");
    check(&client.ask(&persisted("a1", None)), 200, "");
    check(&client.graphql("query Known { viewer { name } }"), 200, "");
    check(&client.get("/graphql?documentId=a1"), 200, "");
    let refused = "DOCUMENT_NOT_TRUSTED";
    check(&client.graphql(VIEWER), 400, refused);
    check(&by_id(&mut client, "a2"), 400, refused);
    check(
        &client.ask(&persisted(&digest(VIEWER), Some(VIEWER))),
        400,
        refused,
    );
    check(
        &client.graphql("{ __schema { queryType { name } } }"),
        400,
        refused,
    );
    assert_eq!(client.get("/api/v1/imports?per_page=2").status, 200);
}

#[tokio::test]
async fn where_trust_is_logged_every_document_runs_and_strangers_are_named_in_the_log() {
    let (mut server, _folder) = trusting("log").await;
    let mut client = server.client();
    check(&by_id(&mut client, "a1"), 200, "");
    check(&client.graphql(VIEWER), 200, "");
    let unknown = by_id(&mut client, "a2");
    check(&unknown, 400, "DOCUMENT_NOT_TRUSTED");
    assert!(unknown.text().contains("`documentId`"), "{}", unknown.text());
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(
        server
            .last_log()
            .matches("a document that is not trusted was run")
            .count(),
        1
    );
}

#[tokio::test]
async fn operators_are_answered_on_an_address_of_their_own_and_nowhere_else() {
    let server = Server::start(&["--metrics-listen", "127.0.0.1:0"]).await;
    let mut operators = Client::new(&server.operating(), None);
    assert_eq!(server.client().graphql(VIEWER).status, 200);
    assert_eq!(server.stranger().get("/metrics").status, 404);
    for path in ["/metrics", "/livez"] {
        assert_eq!(operators.get(path).status, 200, "{path}");
    }
    let metrics = operators.get("/metrics");
    assert!(
        metrics.text().contains("kind=\"query\",code=\"ok\"} 1"),
        "{}",
        metrics.text()
    );
    assert_eq!(
        metrics.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    for path in ["/graphql", "/api/v1/imports", "/schema.graphql"] {
        assert_eq!(operators.get(path).status, 404, "{path}");
    }
    let together = Server::start(&[]).await;
    assert_eq!(together.stranger().get("/metrics").status, 200);
}

#[tokio::test]
async fn readiness_tells_a_lost_database_and_an_outdated_schema_apart() {
    let server = Server::start(&[]).await;
    assert_eq!(server.wait_for("/readyz", 200).text(), "ready\n");
    // Nothing listens where this database is said to be.
    let away = Server::over("postgres://nobody@127.0.0.1:1/none", &[], Vec::new());
    assert_eq!(away.stranger().get("/livez").status, 200);
    assert!(away.wait_for("/readyz", 503).text().contains("database"));
    let key = &server.tenants[0].key;
    let answer = Client::new(&away.address, Some(key)).graphql(VIEWER);
    check(&answer, 503, "SERVICE_UNAVAILABLE");
    assert_eq!(answer.number("retry-after"), 1);
    let rest = Client::new(&away.address, Some(key)).get("/api/v1/imports");
    assert_eq!((rest.status, rest.number("retry-after")), (503, 1));
    // A file's schema that goes back under the running service.
    let file = sqlite();
    let mut behind = Server::over(&file.url, &[], Vec::new());
    behind.wait_for("/readyz", 200);
    let down = waiting::output(program(&["migrate", "down"]).env("DATABASE_URL", &file.url));
    assert!(down.status.success(), "{}", String::from_utf8_lossy(&down.stderr));
    assert!(behind.wait_for("/readyz", 503).text().contains("outdated"));
    behind.keep(file);
}

#[tokio::test]
async fn a_fault_of_ours_is_logged_as_one_error_with_its_cause() {
    let mut server = Server::start(&[]).await;
    let mut client = server.client();
    check(&client.graphql(VIEWER), 200, "");
    let store = databases::open(server.url()).await;
    let text = "ALTER TABLE imports RENAME COLUMN note TO remark";
    execute(&store, text, Vec::new()).await.unwrap();
    let named = |ask: Ask, name: &str| ask.with("X-Request-Id", name);
    let query = "{ imports { nodes { note } } }";
    for (ask, status) in [
        (named(Ask::get("/api/v1/imports"), "fault-of-list"), 500),
        (named(Ask::get("/api/v1/imports/1"), "fault-of-record"), 500),
        (named(Ask::graphql(query, &json!({})), "fault-of-field"), 294),
    ] {
        assert_eq!(client.ask(&ask).status, status, "{ask:?}");
    }
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
    let log = server.last_log();
    for name in ["fault-of-list", "fault-of-record", "fault-of-field"] {
        let lines: Vec<_> = log.lines().filter(|line| line.contains(name)).collect();
        let errors: Vec<_> = lines.iter().filter(|line| line.contains(" ERROR ")).collect();
        assert_eq!(errors.len(), 1, "{log}");
        assert!(errors[0].contains("cause="), "{log}");
    }
}
