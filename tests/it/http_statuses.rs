//! The HTTP statuses of GraphQL answers, by the first edition of GraphQL over HTTP and by the drafts before; and QUERY.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

use crate::app::{Answer, Caller, TestApp};
use crate::databases;

const JSON: &str = "application/json";
const RESPONSE: &str = "application/graphql-response+json";
const FORM: &str = "application/x-www-form-urlencoded";

fn query() -> Method {
    Method::from_bytes(b"QUERY").unwrap()
}

/// Sends a body.
async fn send(
    app: &TestApp,
    caller: &Caller,
    method: Method,
    target: &str,
    media: [&str; 2],
    body: &str,
) -> Answer {
    let [content_type, accept] = media;
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header("authorization", format!("Bearer {}", caller.key.reveal()))
        .header("content-type", content_type)
        .header("accept", accept)
        .body(Body::from(body.to_owned()));
    app.send(request.unwrap()).await
}

/// The media type of an answer, without its charset.
fn media_type(answer: &Answer) -> &str {
    let value = answer.headers["content-type"].to_str().unwrap();
    value.split(';').next().unwrap()
}

#[tokio::test]
async fn each_kind_of_answer_has_the_status_of_its_edition() {
    // A body; its status for who accepts application/graphql-response+json, then for who accepts application/json, each by
    // the first edition and by the drafts before.
    let table = [
        (r#"{"query":"{ __typename }"}"#, [200, 200], [200, 200]),
        (
            r#"{"query":"{ imports(first: 101) { perPage } viewer { id } }"}"#,
            [294, 200],
            [200, 200],
        ),
        (r#"{"query":"{ viewer { nothing } }"}"#, [422, 400], [200, 200]),
        (
            r#"{"query":"query A { a: __typename } query B { b: __typename }"}"#,
            [422, 400],
            [200, 200],
        ),
        (
            r#"{"query":"query ($id: ID!) { node(id: $id) { id } }"}"#,
            [422, 400],
            [200, 200],
        ),
        (
            r#"{"query":"query ($n: Int) { imports(first: $n) { perPage } }","variables":{"n":"x"}}"#,
            [422, 400],
            [200, 200],
        ),
        (r#"{"query":"{"}"#, [400, 400], [200, 200]),
        ("NONSENSE", [400, 400], [400, 400]),
        (r#"{"qeury":"{ __typename }"}"#, [422, 400], [422, 400]),
        (
            r#"{"query":"{ __typename }","variables":[7]}"#,
            [422, 400],
            [422, 400],
        ),
        (r#"[{"query":"{ __typename }"}]"#, [422, 400], [422, 400]),
    ];
    for (edition, place) in [("2026", 0), ("2025", 1)] {
        for database in databases::fresh().await {
            let app = TestApp::on(database, &["--http-statuses", edition]).await;
            let caller = app.account("Acme").await;
            for (body, response, json) in &table {
                for (accept, statuses) in [(RESPONSE, response), (JSON, json), ("*/*", json)] {
                    let answer = send(&app, &caller, Method::POST, "/graphql", [JSON, accept], body).await;
                    let status = statuses[place];
                    assert_eq!(
                        answer.status.as_u16(),
                        status,
                        "{edition} {accept} {body}: {}",
                        answer.json
                    );
                    // By the first edition whatever is no 2xx says that it comes from GraphQL.
                    let is_response = accept == RESPONSE || (edition == "2026" && status >= 300);
                    assert_eq!(
                        media_type(&answer),
                        if is_response { RESPONSE } else { JSON },
                        "{edition} {body}"
                    );
                    assert_eq!(answer.headers["cache-control"], "no-store");
                    assert!(!answer.headers.contains_key("etag"));
                    // Without data there is no 2xx, but for those who read nothing else.
                    let has_data = answer.json.get("data").is_some();
                    assert!(
                        has_data == (status < 300) || accept != RESPONSE,
                        "{edition} {body}: {}",
                        answer.json
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn where_no_root_field_has_an_answer_there_is_no_data_in_the_first_edition() {
    for (edition, has_data) in [("2026", false), ("2025", true)] {
        for database in databases::fresh().await {
            let app = TestApp::on(database, &["--http-statuses", edition]).await;
            let caller = app.account("Acme").await;
            app.data(&caller.key, "{ viewer { id } }", json!({})).await;
            app.store.clone().close().await.unwrap();
            let answer = app
                .query(&caller.key, "{ imports { perPage nodes { id } } }", json!({}))
                .await;
            assert_eq!(answer.status, 503, "{}", answer.json);
            assert_eq!(answer.codes(), ["SERVICE_UNAVAILABLE"]);
            assert_eq!(answer.json.get("data").is_some(), has_data, "{}", answer.json);
            assert_eq!(
                answer.json["errors"][0].get("path").is_some(),
                has_data,
                "{}",
                answer.json
            );
            assert_eq!(answer.headers["retry-after"], "1");
        }
    }
}

#[tokio::test]
async fn query_answers_graphql_as_post_does() {
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        for body in [
            r#"{"query":"query ($n: Int) { viewer { name } imports(first: $n) { perPage } }","variables":{"n":3}}"#,
            r#"{"query":"{ viewer { nothing } }"}"#,
            r#"{"qeury":"{ viewer { name } }"}"#,
            "NONSENSE",
        ] {
            for accept in [RESPONSE, JSON] {
                let ask = |method| send(&app, &caller, method, "/graphql", [JSON, accept], body);
                let (posted, queried) = (ask(Method::POST).await, ask(query()).await);
                assert_eq!(
                    (queried.status, &queried.body),
                    (posted.status, &posted.body),
                    "{body}"
                );
                assert_eq!(queried.headers["content-type"], posted.headers["content-type"]);
            }
        }
        let form = send(
            &app,
            &caller,
            query(),
            "/graphql",
            [FORM, RESPONSE],
            "query={viewer{id}}",
        )
        .await;
        assert_eq!(
            (form.status.as_u16(), form.codes()),
            (415, vec!["UNSUPPORTED_MEDIA_TYPE"])
        );
        assert_eq!(form.headers["accept-query"], JSON);
        let lower = Method::from_bytes(b"query").unwrap();
        let lower = send(&app, &caller, lower, "/graphql", [JSON, RESPONSE], "{}").await;
        assert_eq!(lower.status, 405, "methods are told apart by case");
        assert_eq!(lower.headers["allow"], "GET, HEAD, POST, QUERY");
        assert_eq!(lower.headers["accept-query"], JSON);
    }
}

#[tokio::test]
async fn query_answers_a_list_as_get_does() {
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        app.fill(&crate::records::rows(7)).await;
        for path in ["/api/v1/imports", "/api/imports"] {
            let ask = |method, target: String, body: &'static str| {
                let (app, caller) = (&app, &caller);
                async move { send(app, caller, method, &target, [FORM, "*/*"], body).await }
            };
            for parameters in [
                "",
                "per_page=3&sort[created_at]=asc",
                "per_page=3&sort%5Bid%5D=asc&filter[status][include]=failed,complete",
                "per_page=1",
                "per_page=%zz",
                "per_page=3&per_page=3",
            ] {
                let by_get = parameters
                    .replace('[', "%5B")
                    .replace(']', "%5D")
                    .replace("%zz", "%25zz");
                if parameters != by_get && parameters.contains("%zz") {
                    continue;
                }
                let got = ask(Method::GET, format!("{path}?{by_get}"), "").await;
                let queried = ask(query(), path.to_owned(), parameters).await;
                assert_eq!(
                    (queried.status, &queried.body),
                    (got.status, &got.body),
                    "{parameters}"
                );
                assert_eq!(got.headers["accept-query"], FORM);
            }
            // The parameters of the body follow those of the URL.
            let both = ask(query(), format!("{path}?per_page=3"), "sort[id]=asc").await;
            let got = ask(Method::GET, format!("{path}?per_page=3&sort%5Bid%5D=asc"), "").await;
            assert_eq!((both.status.as_u16(), &both.body), (200, &got.body));
            let twice = ask(query(), format!("{path}?per_page=3"), "per_page=3").await;
            assert_eq!(twice.status, 400, "{}", twice.json);
            let key = ask(query(), path.to_owned(), "token=x").await;
            assert_eq!(key.status, 401, "{}", key.json);
            let json = send(&app, &caller, query(), path, [JSON, "*/*"], "{}").await;
            assert_eq!((json.status.as_u16(), &json.json["status"]), (415, &json!(415)));
            assert_eq!(json.headers["accept-query"], FORM);
            let put = ask(Method::PUT, path.to_owned(), "").await;
            assert_eq!(
                (put.status.as_u16(), put.headers["allow"].to_str().unwrap()),
                (405, "GET, HEAD, QUERY")
            );
        }
    }
}

#[tokio::test]
async fn who_reads_problems_gets_one_for_a_spent_budget() {
    let app = TestApp::on(databases::sqlite(), &["--rate-limit", "1"]).await;
    let caller = app.account("Acme").await;
    let ask = |accept| {
        send(
            &app,
            &caller,
            Method::GET,
            "/api/v1/imports?per_page=100",
            [JSON, accept],
            "",
        )
    };
    assert_eq!(ask("*/*").await.status, 200);
    for usual in [
        "application/json, */*",
        "application/json, application/problem+json",
        "application/problem+json;q=0.1, */*",
    ] {
        let usual = ask(usual).await;
        assert_eq!((usual.status.as_u16(), media_type(&usual)), (429, JSON));
        assert_eq!(usual.headers["vary"], "Accept");
    }
    let usual = ask("application/json").await;
    assert!(
        usual.json["error"].is_string() && usual.json.get("type").is_none(),
        "{}",
        usual.json
    );
    let problem = ask("application/problem+json").await;
    assert_eq!(
        (problem.status.as_u16(), media_type(&problem)),
        (429, "application/problem+json")
    );
    assert_eq!(
        problem.json["type"],
        "https://iana.org/assignments/http-problem-types#quota-exceeded"
    );
    assert_eq!(problem.json["violated-policies"], json!(["points"]));
    assert_eq!(problem.json["instance"], "/api/v1/imports");
    for name in [
        "retry-after",
        "ratelimit",
        "ratelimit-policy",
        "ratelimit-remaining",
    ] {
        assert!(problem.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn answers_tell_the_budget_in_the_fields_that_are_wanted() {
    for (option, has_draft) in [("all", true), ("older", false)] {
        for database in databases::fresh().await {
            let options = ["--rate-limit", "10", "--rate-limit-fields", option];
            let app = TestApp::on(database, &options).await;
            let caller = app.account("Acme").await;
            let get = |target: &str| {
                let key = format!("Bearer {}", caller.key.reveal());
                Request::get(target)
                    .header("authorization", key)
                    .body(Body::empty())
                    .unwrap()
            };
            for (target, status, left) in [
                ("/graphql?query=%7Bviewer%7Bid%7D%7D", 200, 99),
                ("/api/v1/imports?per_page=2", 200, 87),
                ("/api/v1/imports?per_page=x", 400, 86),
                ("/api/v1/imports?per_page=76", 200, 0),
                ("/api/v1/imports", 429, 0),
                ("/graphql?query=%7Bviewer%7Bid%7D%7D", 429, 0),
            ] {
                let answer = app.send(get(target)).await;
                assert_eq!(answer.status, status, "{target}: {}", answer.json);
                let told = |name: &str| {
                    answer
                        .headers
                        .get(name)
                        .map(|value| value.to_str().unwrap().to_owned())
                };
                // Time goes on meanwhile, and points come back.
                let remaining: u64 = told("ratelimit-remaining").unwrap().parse().unwrap();
                assert!((left..=100).contains(&remaining), "{target}: {remaining}");
                let reset = told("ratelimit-reset").unwrap();
                let policy = has_draft.then(|| "\"points\";q=100;w=10".to_owned());
                // Ten points a second come back, so that the next is there within one.
                let until = if remaining == 0 { "1".to_owned() } else { reset };
                let limit = has_draft.then(|| format!("\"points\";r={remaining};t={until}"));
                assert_eq!(
                    (told("ratelimit-policy"), told("ratelimit")),
                    (policy, limit),
                    "{target}"
                );
            }
        }
    }
}
