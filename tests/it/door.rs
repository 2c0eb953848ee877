//! What tools and load balancers ask of the door that is no API of ours: a slash too many, whether anybody is there, and
//! metrics in one format or the other.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

use crate::app::{Answer, Caller, TestApp, row};
use crate::databases;

async fn app() -> (TestApp, Caller) {
    let app = TestApp::on(databases::sqlite(), &[]).await;
    let caller = app.account("Acme").await;
    app.fill(&[row(caller.id, 1), row(caller.id, 2)]).await;
    (app, caller)
}

async fn ask(app: &TestApp, caller: &Caller, method: &str, path: &str, body: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", caller.key.reveal()))
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()));
    app.send(request.unwrap()).await
}

/// Where a redirect of `path` leads: its target is relative, one segment behind some steps up.
fn target(path: &str, answer: &Answer) -> String {
    let location = answer.headers["location"].to_str().unwrap();
    let (last, query) = location.split_once('?').unwrap_or((location, ""));
    let slashes = path.split('?').next().unwrap();
    let parent = slashes.trim_end_matches('/').rsplit_once('/').unwrap().0;
    let mark = if query.is_empty() { "" } else { "?" };
    assert_eq!(
        last.matches("../").count(),
        slashes.len() - slashes.trim_end_matches('/').len()
    );
    format!("{parent}/{}{mark}{query}", last.trim_start_matches("../"))
}

#[tokio::test]
async fn a_slash_too_many_is_redirected_and_the_answer_is_that_of_the_path() {
    let (app, caller) = app().await;
    let body = json!({"query": "{ viewer { name } }"}).to_string();
    for (method, path, body) in [
        ("POST", "/graphql/", body.as_str()),
        ("POST", "/graphql//", body.as_str()),
        ("GET", "/graphql/?query=%7B__typename%7D", ""),
        ("GET", "/api/v1/imports/", ""),
        ("GET", "/api/v1/imports/?per_page=2&sort[created_at]=asc", ""),
        ("GET", "/api/imports/?filter[status][include]=new,queued", ""),
        ("GET", "/api/v1/imports/2/", ""),
        ("GET", "/api/imports/1/?x=/", ""),
        ("GET", "/openapi.json/", ""),
        ("GET", "/schema.graphql/", ""),
        ("GET", "/livez/", ""),
        ("HEAD", "/api/v1/imports/", ""),
    ] {
        let moved = ask(&app, &caller, method, path, body).await;
        assert_eq!(moved.status, 308, "{method} {path}");
        let target = target(path, &moved);
        let answer = ask(&app, &caller, method, &target, body).await;
        assert_eq!(answer.status, 200, "{method} {target}");
        if let Some((_, query)) = path.split_once('?') {
            assert!(target.ends_with(&format!("?{query}")), "{target}");
        }
    }
    for path in [
        "/none/",
        "/api/v1/exports/",
        "//evil.example/",
        "/graphql/x/",
        "/assets/",
    ] {
        let answer = ask(&app, &caller, "GET", path, "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.headers.get("location")),
            (404, None),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_load_balancer_that_asks_for_nothing_in_particular_is_answered() {
    let (app, caller) = app().await;
    for path in ["/", "*"] {
        // As HAProxy's bare `option httpchk` asks: HTTP/1.0, no key.
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri(path)
            .body(Body::empty());
        let answer = app.send(request.unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0), "{path}");
        assert_eq!(answer.headers["allow"], "GET, HEAD, OPTIONS", "{path}");
    }
    // Elsewhere the method is as wrong as before: whether a path serves is for `/readyz` to say.
    for path in ["/readyz", "/livez", "/graphql", "/api/v1/imports"] {
        let answer = ask(&app, &caller, "OPTIONS", path, "").await;
        assert_eq!(answer.status, 405, "{path}");
    }
}

#[tokio::test]
async fn metrics_come_in_the_format_that_the_reader_asks_for() {
    let (app, caller) = app().await;
    app.data(&caller.key, "{ viewer { name } }", json!({})).await;
    let read = async |accept: Option<&str>| {
        let mut request = Request::get("/metrics");
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        (answer.headers["content-type"].to_str().unwrap().to_owned(), text)
    };
    let counted = "imports_gateway_requests_total{kind=\"query\",code=\"ok\"} 1\n";
    for accept in [
        None,
        Some("*/*"),
        Some("text/plain;version=0.0.4"),
        Some("text/html"),
    ] {
        let (media_type, text) = read(accept).await;
        assert_eq!(
            media_type, "text/plain; version=0.0.4; charset=utf-8",
            "{accept:?}"
        );
        assert!(text.contains(counted), "{text}");
        is_text_format(&text);
    }
    let openmetrics = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let (media_type, text) = read(Some(openmetrics)).await;
    assert_eq!(
        media_type,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(text.contains(counted) && text.ends_with("# EOF\n"), "{text}");
}

/// Text format 0.0.4: each sample belongs to the last named metric, which has a help and a type before.
fn is_text_format(text: &str) {
    let (mut helped, mut typed) = (String::new(), (String::new(), String::new()));
    for line in text.lines() {
        let words: Vec<_> = line.splitn(4, ' ').collect();
        match words.as_slice() {
            ["#", "HELP", name, help] if !help.is_empty() => helped = (*name).to_owned(),
            ["#", "TYPE", name, kind] => {
                assert_eq!(*name, helped, "{line}");
                assert!(["counter", "gauge", "histogram"].contains(kind), "{line}");
                assert_eq!(*kind == "counter", name.ends_with("_total"), "{line}");
                typed = ((*name).to_owned(), (*kind).to_owned());
            }
            _ => {
                let name = line.split(['{', ' ']).next().unwrap();
                let suffix = name
                    .strip_prefix(typed.0.as_str())
                    .unwrap_or_else(|| panic!("{line} under {typed:?}"));
                let is_sample = match typed.1.as_str() {
                    "histogram" => ["_bucket", "_sum", "_count"].contains(&suffix),
                    _ => suffix.is_empty(),
                };
                assert!(is_sample && !line.starts_with('#'), "{line}");
                let value = line.rsplit(' ').next().unwrap();
                assert!(value.parse::<f64>().is_ok(), "{line}");
            }
        }
    }
}

#[tokio::test]
async fn an_empty_text_counts_as_absent_in_a_request() {
    let (app, caller) = app().await;
    for (body, status) in [
        (json!({"query": "{ __typename }", "operationName": ""}), 200),
        (json!({"query": "{ __typename }", "variables": ""}), 200),
        (
            json!({"query": "{ __typename }", "variables": "", "operationName": "", "extensions": ""}),
            200,
        ),
        (
            json!({"query": "query A { __typename }", "operationName": "", "documentId": ""}),
            200,
        ),
        (json!({"query": "{ __typename }", "variables": " "}), 422),
    ] {
        let answer = ask(&app, &caller, "POST", "/graphql", &body.to_string()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.json);
        assert_eq!(
            answer.json["data"]["__typename"] == "Query",
            status == 200,
            "{body}"
        );
    }
}

#[tokio::test]
async fn what_a_parser_expected_is_said_in_whole_words() {
    let (app, caller) = app().await;
    let document = "query A($first: Int = 2, $on: [ID!]!) @skip(if: false) { imports(first: $first, filter: {status: \
                    {include: [NEW]}}) { edges { cursor ...B } } } fragment B on ImportEdge { node { id } }";
    let mut seen = 0;
    let inserted = [" ! ", " : ", " = ", " @ ", " $ ", " ... ", " on ", " | "];
    for place in 0..document.len() {
        for sign in inserted {
            let text = format!("{}{sign}{}", &document[..place], &document[place..]);
            let answer = app.query(&caller.key, &text, json!({"on": []})).await;
            if answer.codes() != ["GRAPHQL_PARSE_FAILED"] {
                continue;
            }
            seen += 1;
            let message = answer.json["errors"][0]["message"].as_str().unwrap();
            let is_plain =
                !message.contains(['…', '_']) && !message.contains("EOI") && message.ends_with('.');
            assert!(is_plain, "{text}: {message}");
        }
    }
    assert!(seen > 500, "{seen}");
}
