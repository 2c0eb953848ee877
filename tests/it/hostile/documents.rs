//! Documents: bombs, cycles, loops and values of the wrong type.

use serde_json::{Value, json};

use super::http::OPEN;
use super::judge::judge;
use crate::server::{Ask, Server};

/// `levels` fragments, each spreading the next `width` times.
fn fan_out(levels: usize, width: usize) -> String {
    let mut text = String::from("{...F0}");
    for level in 0..levels {
        text.push_str(&format!(
            "fragment F{level} on Query{{{}}}",
            format!("...F{} ", level + 1).repeat(width)
        ));
    }
    text.push_str(&format!("fragment F{levels} on Query{{__typename}}"));
    text
}

fn cycle(length: usize) -> String {
    let mut text = String::from("{...F0}");
    for number in 0..length {
        text.push_str(&format!(
            "fragment F{number} on Query{{...F{}}}",
            (number + 1) % length
        ));
    }
    text
}

#[tokio::test]
async fn documents_built_to_exhaust_are_refused_with_their_codes() {
    let mut server = Server::start(&OPEN).await;
    let mut client = server.client();
    let mut table: Vec<(String, &[&str])> = vec![
        (
            format!("{{ viewer {{ id }} }} #{}", "x".repeat(16_384)),
            &["QUERY_TOO_LARGE"],
        ),
        (
            format!("{{ viewer {{ {} }} }}", "id ".repeat(2_000)),
            &["QUERY_TOO_LARGE"],
        ),
        (
            format!(
                "{{ {} }}",
                (0..101)
                    .map(|it| format!("a{it}:__typename "))
                    .collect::<String>()
            ),
            &["QUERY_TOO_COMPLEX"],
        ),
        (
            format!(
                "{{ {} }}",
                (0..5_000)
                    .map(|it| format!("a{it}:__typename "))
                    .collect::<String>()
            ),
            &["QUERY_TOO_LARGE"],
        ),
        (
            format!("{{ viewer {} {{ id }} }}", "@aa".repeat(10)),
            &["QUERY_TOO_COMPLEX"],
        ),
        (
            format!("{{ viewer {} {{ id }} }}", "@aa".repeat(2_900)),
            &["QUERY_TOO_LARGE", "QUERY_TOO_COMPLEX"],
        ),
        (
            format!("query {} {{ viewer {{ id }} }}", "@aa".repeat(30)),
            &["QUERY_TOO_COMPLEX"],
        ),
        (
            format!(
                "{{ ...F {} }} fragment F on Query {{ viewer {{ id }} }}",
                "@aa".repeat(30)
            ),
            &["QUERY_TOO_COMPLEX"],
        ),
        (
            format!("query($v: Int {}) {{ viewer {{ id }} }}", "@aa".repeat(30)),
            &["QUERY_TOO_COMPLEX"],
        ),
        (
            format!("{{ {} }}", "viewer { id } ".repeat(500)),
            &["QUERY_TOO_LARGE", "QUERY_TOO_COMPLEX"],
        ),
        (
            format!("{{ {} }}", "viewer { id } ".repeat(300)),
            &["QUERY_TOO_COMPLEX"],
        ),
        (fan_out(31, 2), &["QUERY_TOO_LARGE"]),
        (fan_out(19, 2), &["QUERY_TOO_COMPLEX", "QUERY_TOO_DEEP"]),
        (fan_out(19, 8), &["QUERY_TOO_COMPLEX", "QUERY_TOO_DEEP"]),
        (
            (0..1_000)
                .map(|it| format!("query A{it}{{__typename}}"))
                .collect(),
            &["QUERY_TOO_LARGE"],
        ),
        (
            (0..20).map(|it| format!("query A{it}{{__typename}}")).collect(),
            &["QUERY_TOO_LARGE", "QUERY_TOO_COMPLEX"],
        ),
        (
            format!(
                "{{ {} }}",
                (0..9)
                    .map(|it| format!("a{it}:imports(first:100){{nodes{{id}}}} "))
                    .collect::<String>()
                    + "b:imports(last:100){nodes{id} estimatedRemainingCount}"
            ),
            &["QUERY_TOO_COMPLEX"],
        ),
    ];
    for levels in [33, 100, 1_600, 8_000, 1_000_000] {
        for opening in [
            "{a",
            "{a(x:[",
            "[",
            "{k:",
            "query($v:[[[",
            "query($v:Int=[[",
            "...{",
        ] {
            let text = opening.repeat(levels);
            if text.len() < 120_000 {
                table.push((text, &["QUERY_TOO_DEEP", "QUERY_TOO_LARGE"]));
            }
        }
        let lists = format!("{{a(x:{}1{})}}", "[".repeat(levels), "]".repeat(levels));
        if lists.len() < 120_000 {
            table.push((lists, &["QUERY_TOO_DEEP", "QUERY_TOO_LARGE"]));
        }
    }
    for length in [1, 2, 20] {
        table.push((cycle(length), &["GRAPHQL_VALIDATION_FAILED"]));
    }
    assert!(table.len() > 40);
    for (text, codes) in &table {
        for accept in ["application/graphql-response+json", "application/json"] {
            let body = json!({ "query": text }).to_string();
            let ask = Ask::post("/graphql", body).with("Accept", accept);
            let answer = client.ask(&ask);
            judge(&ask, &answer);
            let start: String = text.chars().take(60).collect();
            assert!(
                codes.contains(&answer.code().as_str()),
                "{start}: {}",
                answer.text()
            );
            // The statuses of limits are fixed; those of validation follow the media type.
            let status = match answer.code().as_str() {
                code if code.starts_with("QUERY_") => 400,
                _ if accept == "application/json" => 200,
                "GRAPHQL_PARSE_FAILED" => 400,
                _ => 422,
            };
            assert_eq!(answer.status, status, "{start}");
            assert!(answer.json().get("data").is_none());
        }
        let data = client.data("{ viewer { name } }");
        assert_eq!(data["viewer"]["name"], "Acme");
    }
    assert!(server.runs());
}

#[tokio::test]
async fn documents_that_do_not_fit_the_schema_are_request_errors() {
    let server = Server::start(&OPEN).await;
    let mut client = server.client();
    let validation = "GRAPHQL_VALIDATION_FAILED";
    for (query, variables, code) in [
        ("{ viewer { ", Value::Null, "GRAPHQL_PARSE_FAILED"),
        ("", Value::Null, "GRAPHQL_PARSE_FAILED"),
        ("{ viewer { nam } }", Value::Null, validation),
        ("{ imports(frist: 1) { nodes { id } } }", Value::Null, validation),
        ("{ viewer { ... on Nothing { id } } }", Value::Null, validation),
        ("{ viewer { id @unknown } }", Value::Null, validation),
        (
            "{ viewer { id } } fragment U on Account { id }",
            Value::Null,
            validation,
        ),
        ("query($v: Int) { viewer { id } }", Value::Null, validation),
        (
            "query A { __typename } query B { __typename }",
            Value::Null,
            "OPERATION_RESOLUTION_FAILURE",
        ),
        (
            "{ imports(filter: {status: {include: [BROKEN]}}) { nodes { id } } }",
            Value::Null,
            validation,
        ),
        (
            "{ imports(filter: {status: {include: [new]}}) { nodes { id } } }",
            Value::Null,
            validation,
        ),
        (
            "{ imports(filter: {status: {include: \"NEW\"}}) { nodes { id } } }",
            Value::Null,
            validation,
        ),
        (
            "{ imports(sort: [{id: UP}]) { nodes { id } } }",
            Value::Null,
            validation,
        ),
        (
            "{ imports(sort: [{id: ASC, createdAt: ASC}]) { nodes { id } } }",
            Value::Null,
            validation,
        ),
        (
            "{ imports(filter: {createdAt: {}}) { nodes { id } } }",
            Value::Null,
            validation,
        ),
        (
            "{ imports(first: 2147483648) { nodes { id } } }",
            Value::Null,
            validation,
        ),
        (
            "{ imports(first: -2147483649) { nodes { id } } }",
            Value::Null,
            validation,
        ),
        (
            "{ imports(first: 1e9) { nodes { id } } }",
            Value::Null,
            validation,
        ),
        (
            "{ imports(first: true) { nodes { id } } }",
            Value::Null,
            validation,
        ),
        (
            "{ imports(first: \"1\") { nodes { id } } }",
            Value::Null,
            validation,
        ),
        (
            "query($v: Int) { imports(first: $v) { nodes { id } } }",
            json!({"v": 2_147_483_648_i64}),
            validation,
        ),
        (
            "query($v: Int) { imports(first: $v) { nodes { id } } }",
            json!({"v": 1.5}),
            validation,
        ),
        (
            "query($v: Int) { imports(first: $v) { nodes { id } } }",
            json!({"v": true}),
            validation,
        ),
        (
            "query($v: Int) { imports(first: $v) { nodes { id } } }",
            json!({"v": "1"}),
            validation,
        ),
        (
            "query($v: ImportFilter) { imports(filter: $v) { nodes { id } } }",
            json!({"v": 1}),
            validation,
        ),
        (
            "query($v: [ImportStatus!]!) { imports(filter: {status: {include: $v}}) { nodes { id } } }",
            json!({"v": ["new"]}),
            validation,
        ),
        (
            "query($v: Boolean!) { viewer { id @include(if: $v) } }",
            json!({"v": "true"}),
            validation,
        ),
        (
            "query($v: Boolean!) { viewer { id @include(if: $v) } }",
            json!({}),
            validation,
        ),
    ] {
        let ask = Ask::graphql(query, &variables);
        let answer = client.ask(&ask);
        judge(&ask, &answer);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (if code == "GRAPHQL_PARSE_FAILED" { 400 } else { 422 }, code),
            "{query} {variables}: {}",
            answer.text()
        );
        let text = answer.text().to_lowercase();
        assert!(!text.contains("did you mean"), "{text}");
    }
    let body = json!({"query": "query A { __typename }", "operationName": "B"}).to_string();
    let ask = Ask::post("/graphql", body).with("Accept", "application/graphql-response+json");
    assert_eq!(client.ask(&ask).code(), "OPERATION_RESOLUTION_FAILURE");
}
