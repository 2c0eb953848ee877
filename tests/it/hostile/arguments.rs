//! Arguments: sizes, cursors, instants, strings; in GraphQL and REST, on each kind of database.

use serde_json::{Value, json};

use super::http::OPEN;
use super::judge::judge;
use crate::databases;
use crate::server::{Ask, Client, Server, furnish};

/// A service over each kind of database.
async fn servers() -> Vec<Server> {
    let mut servers = Vec::new();
    for database in databases::fresh().await {
        let tenants = furnish(&database.url, &[130, 3]).await;
        let mut server = Server::over(&database.url, &OPEN, tenants);
        server.keep(database);
        servers.push(server);
    }
    servers
}

/// The code of a field's error, or `answered`; the data of a failed field is null, and its siblings are there.
fn outcome(client: &mut Client, query: &str, variables: &Value) -> String {
    let ask = Ask::graphql(query, variables);
    let answer = client.ask(&ask);
    judge(&ask, &answer);
    let json = answer.json();
    let code = answer.code();
    if code.is_empty() {
        return "answered".to_owned();
    }
    if json.get("data").is_some() {
        assert_eq!(answer.status, 294);
        assert_eq!(json["data"]["imports"], Value::Null, "{json}");
        assert!(json["errors"][0]["extensions"]["argument"].is_string(), "{json}");
    }
    code
}

#[tokio::test]
async fn sizes_out_of_range_are_errors_and_never_cut() {
    for server in servers().await {
        let mut client = server.client();
        for (arguments, expected) in [
            ("first: -1", "BAD_USER_INPUT"),
            ("last: -5", "BAD_USER_INPUT"),
            ("first: 101", "BAD_USER_INPUT"),
            ("first: 1000000000", "BAD_USER_INPUT"),
            ("last: 101", "BAD_USER_INPUT"),
            ("first: 1, last: 1", "BAD_USER_INPUT"),
            ("sort: [{id: ASC}, {id: DESC}]", "BAD_USER_INPUT"),
            ("filter: {status: {include: []}}", "BAD_USER_INPUT"),
            ("first: 0", "answered"),
            ("first: 100", "answered"),
            ("last: 100", "answered"),
            (
                "filter: {createdAt: {between: {gte: \"2026-02-01T00:00:00Z\", lt: \"2026-01-01T00:00:00Z\"}}}",
                "answered",
            ),
        ] {
            let query = format!("{{ imports({arguments}) {{ nodes {{ id }} }} viewer {{ id }} }}");
            assert_eq!(
                outcome(&mut client, &query, &Value::Null),
                expected,
                "{arguments}"
            );
        }
        let many = vec!["NEW"; 251];
        let query =
            "query($v: [ImportStatus!]!) { imports(filter: {status: {include: $v}}) { nodes { id } } }";
        assert_eq!(
            outcome(&mut client, query, &json!({ "v": many })),
            "BAD_USER_INPUT"
        );
        let rest = client.get(&format!(
            "/api/v1/imports?filter[status][include]={}",
            vec!["new"; 251].join(",")
        ));
        assert_eq!(rest.status, 400, "{}", rest.text());
    }
}

#[tokio::test]
async fn a_cursor_cut_flipped_or_dressed_up_is_refused_with_one_message() {
    let server = Server::start(&OPEN).await;
    let mut client = server.client();
    let data = client.data("{ imports(first: 1, sort: [{createdAt: DESC}]) { edges { cursor } } }");
    let sound = data["imports"]["edges"][0]["cursor"].as_str().unwrap().to_owned();
    let mut bad: Vec<String> = (0..sound.len()).map(|at| sound[..at].to_owned()).collect();
    for at in 0..sound.len() {
        for bit in 0..7 {
            let mut bytes = sound.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            bad.push(String::from_utf8(bytes).unwrap());
        }
    }
    bad.extend([
        format!("{sound}="),
        format!("{sound}A"),
        format!(" {sound}"),
        format!("{sound}\0"),
        sound.repeat(3_000),
        "\0".to_owned(),
        "' OR 1=1--".to_owned(),
        "\u{202e}\u{1F600}".to_owned(),
    ]);
    let query = "query($c: String) { imports(after: $c) { nodes { id } } }";
    let mut messages = std::collections::BTreeSet::new();
    for cursor in &bad {
        let ask = Ask::graphql(query, &json!({ "c": cursor }));
        let answer = client.ask(&ask);
        judge(&ask, &answer);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (294, "INVALID_CURSOR"),
            "{cursor:?}"
        );
        messages.insert(answer.json()["errors"][0]["message"].to_string());
    }
    assert_eq!(messages.len(), 1, "{messages:?}");
    let other = "query($c: String) { imports(after: $c, sort: [{id: ASC}]) { nodes { id } } }";
    assert_eq!(
        outcome(&mut client, other, &json!({ "c": sound })),
        "CURSOR_MISMATCH"
    );
    // Of another account it is a position among the caller's own rows.
    let answer = server
        .client_of(1)
        .ask(&Ask::graphql(query, &json!({ "c": sound })));
    assert_eq!((answer.status, answer.code().as_str()), (200, ""));
}

#[tokio::test]
async fn instants_are_read_alike_on_each_database_or_not_at_all() {
    let query = "query($t: DateTime!) { imports(first: 1, filter: {createdAt: {gt: $t}}) { nodes { id } } }";
    let mut on_each = Vec::new();
    for server in servers().await {
        let mut client = server.client();
        let mut outcomes = Vec::new();
        for (text, is_sound) in [
            ("0001-01-01T00:00:00Z", true),
            ("9999-12-31T23:59:59.999999999Z", true),
            ("2026-05-01t00:00:00z", true),
            ("2026-05-01T00:00:00.123456789+15:59", true),
            ("0000-01-01T00:00:00Z", false),
            ("10000-01-01T00:00:00Z", false),
            ("99999-01-01T00:00:00Z", false),
            ("-0001-01-01T00:00:00Z", false),
            ("2026-02-30T00:00:00Z", false),
            ("2026-05-01T24:00:00Z", false),
            ("2026-05-01T00:00:00", false),
            ("2026-05-01", false),
            ("2016-12-31T23:59:60Z", false),
            ("2026-05-01T00:00:60Z", false),
            ("2026-05-01T00:00:00.1234567890Z", false),
            ("infinity", false),
            ("now", false),
            ("", false),
            ("2026-05-01T00:00:00Z\0", false),
        ] {
            let code = outcome(&mut client, query, &json!({ "t": text }));
            let expected = if is_sound {
                "answered"
            } else {
                "GRAPHQL_VALIDATION_FAILED"
            };
            assert_eq!(code, expected, "{text:?}");
            outcomes.push(code);
        }
        on_each.push(outcomes);
    }
    assert!(on_each.windows(2).all(|pair| pair[0] == pair[1]), "{on_each:?}");
}

#[tokio::test]
async fn strings_are_data_wherever_they_stand() {
    let strings = [
        "\0",
        "a\0b",
        "' OR 1=1--",
        "'; DROP TABLE imports; --",
        "\" OR \"\"=\"",
        "$1",
        "\\",
        "%_",
        "\u{7}\u{1b}[2J",
        "\u{202e}evil",
        "\u{1F600}",
        &"e\u{301}".repeat(400),
        &"x".repeat(1_025),
    ];
    for mut server in servers().await {
        let mut client = server.client();
        for text in strings {
            for (query, expected) in [
                (
                    "query($s: String) { imports(after: $s) { nodes { id } } }",
                    "INVALID_CURSOR",
                ),
                (
                    "query($s: String) { imports(before: $s) { nodes { id } } }",
                    "INVALID_CURSOR",
                ),
                (
                    "query($s: BigInt!) { importByDatabaseId(databaseId: $s) { id } }",
                    "GRAPHQL_VALIDATION_FAILED",
                ),
                (
                    "query($s: DateTime!) { imports(filter: {createdAt: {lt: $s}}) { nodes { id } } }",
                    "GRAPHQL_VALIDATION_FAILED",
                ),
                (
                    "query($s: ID!) { node(id: $s) { id } import(id: $s) { id } nodes(ids: [$s]) { id } }",
                    "answered",
                ),
            ] {
                assert_eq!(
                    outcome(&mut client, query, &json!({ "s": text })),
                    expected,
                    "{query} {text:?}"
                );
            }
            let escaped: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
            for (target, status) in [
                (format!("/api/v1/imports?start_cursor={escaped}"), 400),
                (format!("/api/v1/imports?filter[status][include]={escaped}"), 400),
                (format!("/api/v1/imports?filter[created_at][gt]={escaped}"), 400),
                (format!("/api/v1/imports?filter[{escaped}][gt]=1"), 400),
                (format!("/api/v1/imports?sort[{escaped}]=asc"), 400),
                (format!("/api/v1/imports?sort[id]={escaped}"), 400),
                (format!("/api/v1/imports?per_page={escaped}"), 400),
                (format!("/api/v1/imports/{escaped}"), 404),
                (
                    format!("/api/v1/imports?per_page=2&{escaped}={escaped}"),
                    if text.contains('\0') { 400 } else { 200 },
                ),
            ] {
                let ask = Ask::get(&target);
                let answer = client.ask(&ask);
                judge(&ask, &answer);
                assert_eq!(answer.status, status, "{target}: {}", answer.text());
            }
            for name in ["Account-Token", "X-Request-Id", "X-Forwarded-For", "GraphQL-Cost"] {
                let visible: String = text.chars().filter(|it| ('!'..='~').contains(it)).collect();
                let ask = Ask::graphql("{ viewer { id } }", &Value::Null).with(name, visible);
                let answer = client.ask(&ask);
                judge(&ask, &answer);
                assert_eq!(
                    answer.status,
                    if name == "Account-Token" { 401 } else { 200 },
                    "{name} {text:?}"
                );
            }
        }
        let data = client.data("{ imports(first: 1) { estimatedRemainingCount } }");
        assert_eq!(data["imports"]["estimatedRemainingCount"], 130);
        assert!(server.runs());
    }
}
