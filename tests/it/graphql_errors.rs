//! Every error that a GraphQL request can get: status, code, argument, and a message that says what to do.

use axum::body::Body;
use axum::http::Request;
use imports_gateway::resources::imports::Column;
use imports_gateway::resources::sort;
use keyset::{Direction, Key};
use sea_orm::DbBackend;
use serde_json::{Value as Json, json};

use crate::app::{Answer, Caller, RESPONSE, TestApp, import_id, row};
use crate::databases::execute;

const JSON: &str = "application/json";

/// What no message may show: SQL, names of the driver and of files, keys.
const SECRETS: [&str; 16] = [
    "SELECT",
    "INSERT",
    "sqlx",
    "sqlite",
    "postgres",
    "sea_orm",
    "Sql",
    "no such",
    "relation",
    "imports.db",
    "src/",
    ".rs",
    "igw_",
    "panicked",
    "account_id",
    "pool",
];

async fn filled() -> Vec<(TestApp, Caller)> {
    let mut all = Vec::new();
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        let rows: Vec<_> = (1..=3).map(|id| row(caller.id, id)).collect();
        app.fill(&rows).await;
        all.push((app, caller));
    }
    all
}

/// The cursor of the import 1, whoever's, under a sort.
fn cursor(column: Column, direction: Direction) -> String {
    let order = sort::order(&[Key { column, direction }]).unwrap();
    keyset::encode(&order.position(&row(1, 1)))
}

/// Holds that an error tells what to do and nothing else.
fn check_message(error: &Json) {
    let message = error["message"].as_str().unwrap();
    assert!(message.len() > 10, "{message}");
    for secret in SECRETS {
        assert!(!message.contains(secret), "{message}");
    }
}

/// The one error of an answer.
#[track_caller]
fn only_error(answer: &Answer) -> Json {
    let errors = answer.json["errors"].as_array().expect("errors").clone();
    assert_eq!(errors.len(), 1, "{}", answer.json);
    check_message(&errors[0]);
    errors[0].clone()
}

/// A wrong question of `imports`: its arguments, variables, and the code, the argument, and a word of the message.
type Wrong = (String, Json, &'static str, Option<&'static str>, &'static str);

fn wrong_values() -> Vec<Wrong> {
    let wrong =
        |arguments: &str, code, argument, word| (arguments.to_owned(), json!({}), code, Some(argument), word);
    let input = |arguments, argument, word| wrong(arguments, "BAD_USER_INPUT", argument, word);
    let good = cursor(Column::CreatedAt, Direction::Asc);
    let other = cursor(Column::CreatedAt, Direction::Desc);
    let mut all = vec![
        input("first: 101", "first", "0 to 100"),
        input("first: -1", "first", "0 to 100"),
        input("first: 2147483647", "first", "0 to 100"),
        input("last: 101", "last", "0 to 100"),
        input("last: -2147483648", "last", "0 to 100"),
        input("first: 1, last: 1", "last", "not both"),
        input("first: 0, last: 0", "last", "not both"),
        input(
            "filter: {status: {include: []}}",
            "filter.status.include",
            "at least one",
        ),
        input("sort: [{id: ASC}, {id: ASC}]", "sort", "twice"),
        input(
            "sort: [{id: ASC}, {createdAt: ASC}, {id: DESC}]",
            "sort",
            "`id` twice",
        ),
        input(
            "sort: [{createdAt: ASC}, {updatedAt: ASC}, {createdAt: ASC}]",
            "sort",
            "`createdAt` twice",
        ),
        wrong(
            &format!("sort: [{{createdAt: DESC}}], after: \"{good}\""),
            "CURSOR_MISMATCH",
            "after",
            "another sort",
        ),
        wrong(
            &format!("sort: [{{id: ASC}}], before: \"{good}\""),
            "CURSOR_MISMATCH",
            "before",
            "another sort",
        ),
        wrong(
            &format!("after: \"{good}\", before: \"{other}\""),
            "CURSOR_MISMATCH",
            "before",
            "another sort",
        ),
        wrong(
            &format!("sort: [{{createdAt: DESC}}], after: \"{good}\", before: \"{other}\""),
            "CURSOR_MISMATCH",
            "after",
            "another sort",
        ),
        wrong(
            &format!("sort: [], after: \"{good}\""),
            "CURSOR_MISMATCH",
            "after",
            "another sort",
        ),
    ];
    let mut cursors = vec![
        String::new(),
        "x".to_owned(),
        "null".to_owned(),
        good[1..].to_owned(),
        format!("{good}A"),
        format!("{good}="),
        format!(" {good}"),
        "A".repeat(257),
        "é".to_owned(),
    ];
    // Any damaged character, and any cut.
    for place in 0..good.len() {
        cursors.push(good[..place].to_owned());
        let mut damaged = good.clone().into_bytes();
        damaged[place] = if damaged[place] == b'A' { b'B' } else { b'A' };
        cursors.push(String::from_utf8(damaged).unwrap());
    }
    for argument in ["after", "before"] {
        for cursor in &cursors {
            all.push(wrong(
                &format!("{argument}: \"{cursor}\""),
                "INVALID_CURSOR",
                argument,
                "exactly as an edge or pageInfo gave it; where that is null",
            ));
        }
    }
    all
}

#[tokio::test]
async fn a_wrong_value_is_a_field_error_that_names_its_argument() {
    for (app, caller) in filled().await {
        for (arguments, variables, code, argument, word) in wrong_values() {
            // The siblings, also those of the same field under an alias, are answered.
            let document = format!(
                "{{ viewer {{ name }} bad: imports({arguments}) {{ nodes {{ id }} }}
                   imports(first: 1) {{ nodes {{ databaseId }} }} }}"
            );
            for media in [JSON, RESPONSE] {
                let answer = app
                    .query_as(&caller.key, media, &document, variables.clone())
                    .await;
                let status = if media == RESPONSE { 294 } else { 200 };
                assert_eq!(answer.status, status, "{arguments}: {}", answer.json);
                let content_type = format!("{media}; charset=utf-8");
                assert_eq!(answer.headers["content-type"], content_type.as_str());
                let error = only_error(&answer);
                let extensions = json!({"code": code, "argument": argument});
                assert_eq!(error["extensions"], extensions, "{arguments}");
                assert_eq!(error["path"], json!(["bad"]), "{arguments}");
                assert_eq!(error["locations"], json!([{"line": 1, "column": 19}]));
                assert!(error["message"].as_str().unwrap().contains(word), "{error}");
                let data = json!({
                    "viewer": {"name": "Acme"},
                    "bad": null,
                    "imports": {"nodes": [{"databaseId": "3"}]},
                });
                assert_eq!(answer.json["data"], data, "{arguments}");
            }
        }
    }
}

#[tokio::test]
async fn each_wrong_alias_has_its_own_error() {
    for (app, caller) in filled().await {
        let document = "{ a: imports(first: 101) { perPage } b: imports(after: \"\") { perPage }
                          c: importStatusCounts(filter: {status: {include: []}}) { count } d: imports { perPage } }";
        let answer = app.query(&caller.key, document, json!({})).await;
        assert_eq!(
            answer.codes(),
            ["BAD_USER_INPUT", "INVALID_CURSOR", "BAD_USER_INPUT"]
        );
        assert_eq!(
            answer.json["errors"][2]["extensions"]["argument"],
            "filter.status.include"
        );
        assert_eq!(
            answer.json["data"],
            json!({"a": null, "b": null, "c": null, "d": {"perPage": 50}})
        );
    }
}

/// Documents that do not run, with their variables and code.
fn request_errors() -> Vec<(String, Json, &'static str)> {
    let invalid = |document: &str, variables| (document.to_owned(), variables, "GRAPHQL_VALIDATION_FAILED");
    let mut all = vec![
        (String::new(), json!({}), "GRAPHQL_PARSE_FAILED"),
        ("{".to_owned(), json!({}), "GRAPHQL_PARSE_FAILED"),
        ("{ viewer { id } ".to_owned(), json!({}), "GRAPHQL_PARSE_FAILED"),
        (
            "{ viewer { id } } }".to_owned(),
            json!({}),
            "GRAPHQL_PARSE_FAILED",
        ),
        (
            "{ viewer { \u{1} } }".to_owned(),
            json!({}),
            "GRAPHQL_PARSE_FAILED",
        ),
        (
            "query A { viewer { id } } query B { viewer { id } }".to_owned(),
            json!({}),
            "OPERATION_RESOLUTION_FAILURE",
        ),
        invalid("{ nobody }", json!({})),
        invalid("{ viewer }", json!({})),
        invalid("{ viewer { id { x } } }", json!({})),
        invalid("{ imports(size: 1) { perPage } }", json!({})),
        invalid("{ node { id } }", json!({})),
        invalid("{ import(id: null) { id } }", json!({})),
        invalid("{ nodes(ids: [null]) { id } }", json!({})),
        invalid("{ imports(first: \"1\") { perPage } }", json!({})),
        invalid("{ imports(first: 1.0) { perPage } }", json!({})),
        invalid("{ imports(first: 2147483648) { perPage } }", json!({})),
        invalid("{ imports(after: 1) { perPage } }", json!({})),
        invalid("{ importByDatabaseId(databaseId: 1.0) { id } }", json!({})),
        invalid(
            "{ importByDatabaseId(databaseId: 9223372036854775808) { id } }",
            json!({}),
        ),
        invalid("{ importByDatabaseId(databaseId: true) { id } }", json!({})),
        invalid("{ importByDatabaseId(databaseId: \"1.0\") { id } }", json!({})),
        invalid("{ importByDatabaseId(databaseId: \"\") { id } }", json!({})),
        invalid("{ a: viewer { id } a: imports { perPage } }", json!({})),
        invalid(
            "{ imports(first: 1) { perPage } imports(first: 2) { perPage } }",
            json!({}),
        ),
        invalid("{ ...Missing }", json!({})),
        invalid("{ ...F } fragment F on Query { ...F }", json!({})),
        invalid("query ($a: Int!) { imports(first: $a) { perPage } }", json!({})),
        invalid(
            "query ($a: Int!) { imports(first: $a) { perPage } }",
            json!({"a": null}),
        ),
        invalid(
            "query ($a: Int) { imports(first: $a) { perPage } }",
            json!({"a": "1"}),
        ),
        invalid("query ($a: String) { imports(first: $a) { perPage } }", json!({})),
        invalid("mutation { delete }", json!({})),
        invalid("subscription { imports }", json!({})),
    ];
    let filters = [
        "{status: {}}",
        "{status: {include: null}}",
        "{status: {include: [null]}}",
        "{status: {include: [PAUSED]}}",
        "{status: {include: [new]}}",
        "{status: {include: [\"NEW\"]}}",
        "{status: {include: [NEW], exclude: [NEW]}}",
        "{createdAt: {}}",
        "{createdAt: {lt: null}}",
        "{createdAt: {lt: \"2026-05-01T00:00:00Z\", gt: \"2026-05-01T00:00:00Z\"}}",
        "{createdAt: {lt: \"2026-05-01T00:00:00Z\", gt: null}}",
        "{createdAt: {between: {}}}",
        "{createdAt: {between: null}}",
        "{createdAt: {between: {gte: \"2026-05-01T00:00:00Z\"}}}",
        "{createdAt: {between: {gte: \"2026-05-01T00:00:00Z\", lt: null}}}",
        "{updatedAt: {eq: \"2026-05-01T00:00:00Z\"}}",
        "{name: \"x\"}",
    ];
    let moments = [
        "",
        "now",
        "2026-05-01",
        "2026-05-01T00:00:00",
        "2026-05-01 00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-05-01T24:00:00Z",
        "2026-05-01T23:59:60Z",
        "2026-05-01T00:00:00.Z",
        "2026-05-01T00:00:00.0123456789Z",
        "0000-12-31T23:59:59Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "10000-01-01T00:00:00Z",
        "2026-05-01T00:00:00+24:00",
    ];
    let filters = filters.into_iter().map(str::to_owned).chain(
        moments
            .iter()
            .map(|moment| format!("{{updatedAt: {{gte: \"{moment}\"}}}}")),
    );
    for filter in filters {
        all.push(invalid(
            &format!("{{ imports(filter: {filter}) {{ perPage }} }}"),
            json!({}),
        ));
        all.push(invalid(
            &format!("{{ importStatusCounts(filter: {filter}) {{ count }} }}"),
            json!({}),
        ));
    }
    for filter in [
        json!({"status": {"include": null}}),
        json!({"status": {"include": ["PAUSED"]}}),
        json!({"createdAt": {}}),
        json!({"createdAt": {"lt": null}}),
        json!({"createdAt": {"lt": "2026-05-01T00:00:00Z", "gt": null}}),
        json!({"createdAt": {"lt": 1}}),
        json!({"createdAt": {"lt": "yesterday"}}),
        json!({"other": 1}),
        json!([]),
        json!("NEW"),
    ] {
        all.push(invalid(
            "query ($filter: ImportFilter) { imports(filter: $filter) { perPage } }",
            json!({ "filter": filter }),
        ));
    }
    for sort in [
        "{}",
        "[{}]",
        "[null]",
        "[{id: null}]",
        "[{id: UP}]",
        "[{id: ASC, createdAt: ASC}]",
        "[{status: ASC}]",
    ] {
        all.push(invalid(
            &format!("{{ imports(sort: {sort}) {{ perPage }} }}"),
            json!({}),
        ));
    }
    all
}

#[tokio::test]
async fn of_several_operations_none_is_chosen_where_one_is_not_valid() {
    let (app, caller) = filled().await.remove(0);
    for (document, code) in [
        (
            "query A { __typename } query B { viewer { name } }",
            "OPERATION_RESOLUTION_FAILURE",
        ),
        (
            "query A { __typename } query B { viewer { nothing } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
    ] {
        let answer = app.query(&caller.key, document, json!({})).await;
        assert_eq!(answer.codes(), [code], "{document}");
        let by_name = Request::post("/graphql")
            .header("authorization", format!("Bearer {}", caller.key.reveal()))
            .header("content-type", JSON)
            .body(Body::from(
                json!({"query": document, "operationName": "C"}).to_string(),
            ));
        assert_eq!(app.send(by_name.unwrap()).await.codes(), [code], "{document}");
    }
}

#[tokio::test]
async fn a_request_error_has_no_data_and_its_status_is_that_of_the_media_type() {
    // Nothing here reaches a database.
    let (app, caller) = filled().await.remove(0);
    for (document, variables, code) in request_errors() {
        for (media, status) in [
            (JSON, 200),
            (RESPONSE, if code == "GRAPHQL_PARSE_FAILED" { 400 } else { 422 }),
        ] {
            let before = app.store.statements();
            let answer = app
                .query_as(&caller.key, media, &document, variables.clone())
                .await;
            assert_eq!(answer.json.get("data"), None, "{document} {variables}");
            assert_eq!(answer.status, status, "{document} {}", answer.json);
            let codes = answer.codes();
            assert!(
                !codes.is_empty() && codes.iter().all(|found| *found == code),
                "{document} {variables} {}",
                answer.json
            );
            for error in answer.json["errors"].as_array().unwrap() {
                check_message(error);
                assert_eq!(error.get("path"), None);
            }
            assert!(app.store.statements() - before <= 1, "{document}");
        }
    }
}

#[tokio::test]
async fn what_the_guard_refuses_keeps_its_status_whatever_is_accepted() {
    let (app, caller) = filled().await.remove(0);
    let pages = |count: usize, size: usize| -> String {
        let page = |place| format!("a{place}: imports(first: {size}) {{ estimatedRemainingCount }} ");
        format!("{{ {} }}", (0..count).map(page).collect::<String>())
    };
    for (document, code) in [
        (
            format!("{{ viewer {{ id }} }} #{}", "x".repeat(16_384)),
            "QUERY_TOO_LARGE",
        ),
        (
            format!("{{ {} }}", "viewer { id } ".repeat(600)),
            "QUERY_TOO_LARGE",
        ),
        (
            format!(
                "{{ imports {{ nodes {}id{} }} }}",
                "{ ... ".repeat(40),
                " }".repeat(40)
            ),
            "QUERY_TOO_DEEP",
        ),
        (pages(11, 1), "QUERY_TOO_COMPLEX"),
        (pages(10, 100), "QUERY_TOO_COMPLEX"),
    ] {
        for media in [JSON, RESPONSE] {
            let answer = app.query_as(&caller.key, media, &document, json!({})).await;
            assert_eq!(
                (answer.status.as_u16(), answer.codes()),
                (400, vec![code]),
                "{document}"
            );
            assert_eq!(answer.json.get("data"), None);
            only_error(&answer);
        }
    }
}

#[tokio::test]
async fn a_list_that_is_too_long_is_a_field_error_and_its_siblings_are_answered() {
    for (app, caller) in filled().await {
        let document =
            "query ($status: [ImportStatus!]!, $sort: [ImportSort!], $filter: ImportFilter, $ids: [ID!]!) {
            status: imports(filter: {status: {include: $status}}) { perPage }
            sort: imports(sort: $sort) { perPage }
            counts: importStatusCounts(filter: $filter) { count }
            nodes(ids: $ids) { id }
            viewer { name } }";
        let list = |items: usize| vec!["FAILED"; items];
        let variables = |items: usize| {
            json!({"status": list(items), "sort": vec![json!({"id": "ASC"}); items],
                "filter": {"status": {"include": list(items)}}, "ids": list(items)})
        };
        for media in [JSON, RESPONSE] {
            // When the document is first seen, and when it is known.
            let answers = [
                app.query_as(&caller.key, media, document, variables(251)).await,
                app.query_as(&caller.key, media, document, variables(251)).await,
            ];
            assert_eq!(answers[0].body, answers[1].body);
            let answer = &answers[0];
            assert_eq!(
                answer.status,
                if media == RESPONSE { 294 } else { 200 },
                "{}",
                answer.json
            );
            assert_eq!(answer.codes(), ["BAD_USER_INPUT"; 10]);
            let errors = answer.json["errors"].as_array().unwrap();
            for (error, (path, argument)) in errors.iter().zip([
                (json!(["status"]), "filter.status.include"),
                (json!(["sort"]), "sort"),
                (json!(["counts"]), "filter.status.include"),
                (json!(["nodes", 0]), "ids"),
                (json!(["nodes", 1]), "ids"),
            ]) {
                check_message(error);
                assert!(
                    error["message"].as_str().unwrap().contains("at most 250"),
                    "{error}"
                );
                assert_eq!(
                    (&error["path"], &error["extensions"]["argument"]),
                    (&path, &json!(argument))
                );
            }
            let data = json!({"status": null, "sort": null, "counts": null, "nodes": vec![Json::Null; 251],
                "viewer": {"name": "Acme"}});
            assert_eq!(answer.json["data"], data);
        }
        // As literals they are as long, and refused alike.
        let items = "FAILED ".repeat(251);
        let document = format!(
            "{{ imports(filter: {{status: {{include: [{items}]}}}}) {{ perPage }} viewer {{ name }} }}"
        );
        let answer = app.query(&caller.key, &document, json!({})).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"]);
        assert_eq!(
            answer.json["data"],
            json!({"imports": null, "viewer": {"name": "Acme"}})
        );
        let most =
            "query ($status: [ImportStatus!]!) { imports(filter: {status: {include: $status}}) { perPage } }";
        app.data(&caller.key, most, json!({"status": list(250)})).await;
    }
}

#[tokio::test]
async fn every_root_field_that_failed_has_an_error_however_many_places_another_has() {
    let (app, caller) = filled().await.remove(0);
    let document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } bad: imports(first: 101) { perPage }
        more: nodes(ids: $ids) { id } viewer { name } }";
    let answer = app
        .query(&caller.key, document, json!({"ids": vec!["x"; 251]}))
        .await;
    let errors = answer.json["errors"].as_array().unwrap();
    let paths: Vec<_> = errors.iter().map(|error| error["path"].clone()).collect();
    let mut expected: Vec<_> = (0..8).map(|place| json!(["nodes", place])).collect();
    expected.extend([json!(["bad"]), json!(["more", 0])]);
    assert_eq!(paths, expected);
}

#[tokio::test]
async fn a_list_of_any_length_gets_a_small_answer() {
    let (app, caller) = filled().await.remove(0);
    let ids = json!({"ids": vec!["x"; 20_000]});
    let answer = app
        .query(
            &caller.key,
            "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
            ids,
        )
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.codes()),
        (400, vec!["QUERY_TOO_COMPLEX"])
    );
    let document = "query ($sort: [ImportSort!]) { imports(sort: $sort) { perPage } }";
    let sort = json!({"sort": vec![json!({"id": "ASC"}); 5_000]});
    let answer = app.query(&caller.key, document, sort).await;
    assert_eq!(
        (answer.status.as_u16(), answer.codes()),
        (200, vec!["BAD_USER_INPUT"])
    );
}

#[tokio::test]
async fn a_value_of_the_wrong_type_names_its_argument() {
    let (app, caller) = filled().await.remove(0);
    for (document, variables, argument) in [
        ("{ imports(first: \"1\") { perPage } }", json!({}), "first"),
        (
            "query ($size: Int) { imports(last: $size) { perPage } }",
            json!({"size": "1"}),
            "last",
        ),
        (
            "{ imports(filter: {createdAt: {lt: \"now\"}}) { perPage } }",
            json!({}),
            "filter.createdAt.lt",
        ),
        (
            "query ($f: ImportFilter) { importStatusCounts(filter: $f) { count } }",
            json!({"f": {"createdAt": {"lt": "now"}}}),
            "filter.createdAt.lt",
        ),
        ("{ node { id } }", json!({}), "id"),
    ] {
        let answer = app.query(&caller.key, document, variables).await;
        let error = only_error(&answer);
        let extensions = json!({"code": "GRAPHQL_VALIDATION_FAILED", "argument": argument});
        assert_eq!(error["extensions"], extensions, "{document}");
    }
}

#[tokio::test]
async fn what_is_wrong_once_is_said_once() {
    let (app, caller) = filled().await.remove(0);
    for document in ["mutation { x }", "mutation A { x }", "subscription { x }"] {
        let answer = app.query(&caller.key, document, json!({})).await;
        let errors = answer.json["errors"].as_array().unwrap();
        for (index, error) in errors.iter().enumerate() {
            assert!(
                !errors[index + 1..].contains(error),
                "{document}: {}",
                answer.json
            );
        }
    }
    // A variable of a type that is none of ours is still defined.
    let answer = app
        .query(
            &caller.key,
            "query($v: Nothing) { imports(after: $v) { perPage } }",
            json!({}),
        )
        .await;
    only_error(&answer);
    // A field that stands in several places fails once.
    let document =
        "{ imports(first: 101) { perPage } ... { imports(first: 101) { nodes { id } } } viewer { name } }";
    for _ in 0..2 {
        let answer = app.query(&caller.key, document, json!({})).await;
        let error = only_error(&answer);
        assert_eq!(error["locations"], json!([{"line": 1, "column": 3}]));
        assert_eq!(
            answer.json["data"],
            json!({"imports": null, "viewer": {"name": "Acme"}})
        );
    }
}

#[tokio::test]
async fn a_field_that_stands_in_several_places_runs_once_and_answers_for_all() {
    for (app, caller) in filled().await {
        let places =
            "imports(first: 2) { nodes { databaseId } } ... { imports(first: 2) { perPage nodes { note } } }
            ...F importStatusCounts { count } importStatusCounts { status }
            nodes(ids: [\"x\", \"y\"]) { id } nodes(ids: [\"x\", \"y\"]) { __typename }";
        let fragment = "fragment F on Query { imports(first: 2) { nodes { databaseId status } } }";
        let whole = "{ imports(first: 2) { nodes { databaseId note status } perPage } importStatusCounts { count status }
            nodes(ids: [\"x\", \"y\"]) { id __typename } }";
        let expected = app.query(&caller.key, whole, json!({})).await;
        // With a directive too.
        for document in [
            format!("{{ {places} }} {fragment}"),
            format!("{{ {places} viewer @include(if: false) {{ id }} }} {fragment}"),
        ] {
            for _ in 0..2 {
                let before = app.store.statements();
                let answer = app.query(&caller.key, &document, json!({})).await;
                assert_eq!(answer.json, expected.json, "{document}");
                assert_eq!(answer.body, expected.body, "{document}");
                assert_eq!(app.store.statements() - before, 2, "{document}");
            }
        }
    }
}

#[tokio::test]
async fn what_the_transport_refuses_has_its_own_status() {
    let (app, caller) = filled().await.remove(0);
    let query = r#"{"query":"{ viewer { id } }"}"#;
    let post = || {
        Request::post("/graphql")
            .header("authorization", format!("Bearer {}", caller.key.reveal()))
            .header("content-type", JSON)
    };
    let get = |uri: &str| {
        Request::get(uri.to_owned()).header("authorization", format!("Bearer {}", caller.key.reveal()))
    };
    let large = format!("{{\"query\":\"{}\"}}", "x".repeat(200_000));
    let long = format!("/graphql?query={}", "x".repeat(9_000));
    let requests = [
        (post().body(Body::empty()), 400, "BAD_REQUEST"),
        (post().body(Body::from("[]")), 422, "BAD_REQUEST"),
        (post().body(Body::from("{\"query\":1}")), 422, "BAD_REQUEST"),
        (post().body(Body::from(large)), 413, "PAYLOAD_TOO_LARGE"),
        (get(&long).body(Body::empty()), 414, "URI_TOO_LONG"),
        (
            post().header("x", "y".repeat(20_000)).body(Body::from(query)),
            431,
            "HEADERS_TOO_LARGE",
        ),
        (
            post()
                .header("content-type", "text/plain")
                .body(Body::from(query)),
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            post().header("content-encoding", "gzip").body(Body::from(query)),
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            post().header("accept", "text/html").body(Body::from(query)),
            406,
            "NOT_ACCEPTABLE",
        ),
        (
            post().method("PUT").body(Body::from(query)),
            405,
            "METHOD_NOT_ALLOWED",
        ),
        (
            get("/graphql?query=%7Bviewer%7Bid%7D%7D&token=x").body(Body::empty()),
            401,
            "UNAUTHENTICATED",
        ),
    ];
    for (request, status, code) in requests {
        let answer = app.send(request.unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.codes()), (status, vec![code]));
        assert_eq!(answer.json.get("data"), None);
        only_error(&answer);
    }
    let answer = app
        .send(
            get("/graphql?query=%7Bviewer%7Bname%7D%7D")
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    assert_eq!(answer.json, json!({"data": {"viewer": {"name": "Acme"}}}));
    let closed = TestApp::on(crate::databases::sqlite(), &["--introspection", "off"]).await;
    let caller = closed.account("Acme").await;
    for (media, status) in [(JSON, 200), (RESPONSE, 422)] {
        let answer = closed
            .query_as(
                &caller.key,
                media,
                "{ __schema { queryType { name } } }",
                json!({}),
            )
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.codes()),
            (status, vec!["INTROSPECTION_DISABLED"])
        );
    }
}

#[tokio::test]
async fn a_database_that_goes_away_fails_its_fields_alone() {
    let failing = [
        "{ imports { nodes { id } } }",
        "{ a: imports { pageInfo { hasNextPage } } b: importStatusCounts { count } }",
        "{ importByDatabaseId(databaseId: \"1\") { id } }",
    ];
    for (app, caller) in filled().await {
        let mixed = format!(
            "{{ viewer {{ name }} imports {{ nodes {{ id }} }} perPage: imports {{ perPage }}
                nodes(ids: [\"{}\", \"x\"]) {{ id }} }}",
            import_id(caller.id, 1)
        );
        // The key is remembered, the rows are not.
        app.data(&caller.key, "{ viewer { id } }", json!({})).await;
        app.store.clone().close().await.unwrap();
        let answer = app.query_as(&caller.key, RESPONSE, &mixed, json!({})).await;
        assert_eq!(answer.status, 294, "{}", answer.json);
        assert_eq!(answer.codes(), ["SERVICE_UNAVAILABLE"; 3]);
        for error in answer.json["errors"].as_array().unwrap() {
            check_message(error);
        }
        let paths: Vec<_> = answer.json["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| &error["path"])
            .collect();
        assert_eq!(
            paths,
            [&json!(["imports"]), &json!(["nodes", 0]), &json!(["nodes", 1])]
        );
        let data = json!({"viewer": {"name": "Acme"}, "imports": null, "perPage": {"perPage": 50}, "nodes": [null, null]});
        assert_eq!(answer.json["data"], data);
        // Where no root field could be answered, the status says so, whatever is accepted.
        for document in failing {
            for media in [JSON, RESPONSE] {
                let answer = app.query_as(&caller.key, media, document, json!({})).await;
                assert_eq!(answer.status, 503, "{document}");
                assert!(answer.codes().iter().all(|code| *code == "SERVICE_UNAVAILABLE"));
                assert_eq!(answer.headers["retry-after"], "1");
            }
        }
        // A key that is not remembered cannot be looked up.
        let stranger = imports_gateway::auth::Key::generate();
        let answer = app.query(&stranger, &mixed, json!({})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.codes()),
            (503, vec!["SERVICE_UNAVAILABLE"])
        );
        only_error(&answer);
    }
}

#[tokio::test]
async fn a_statement_that_the_database_refuses_fails_its_field_alone_and_tells_nothing() {
    for (app, caller) in filled().await {
        let text = "ALTER TABLE imports RENAME COLUMN note TO remark";
        assert!(execute(&app.store, text, Vec::new()).await.is_ok());
        // Another schema than the program's is a state of a server database, which others migrate; of a file, a fault.
        let code = match app.store.backend() {
            DbBackend::Sqlite => "INTERNAL_SERVER_ERROR",
            _ => "SERVICE_UNAVAILABLE",
        };
        let document =
            "{ viewer { name } bad: imports { nodes { note } } imports(first: 1) { nodes { databaseId } } }";
        let answer = app.query(&caller.key, document, json!({})).await;
        let error = only_error(&answer);
        let mut extensions = json!({ "code": code });
        // A fault of ours names the request, by which the log is searched.
        if code == "INTERNAL_SERVER_ERROR" {
            extensions["requestId"] = answer.headers["x-request-id"].to_str().unwrap().into();
        }
        assert_eq!(error["extensions"], extensions);
        assert_eq!((answer.status.as_u16(), &error["path"]), (200, &json!(["bad"])));
        let data = json!({
            "viewer": {"name": "Acme"},
            "bad": null,
            "imports": {"nodes": [{"databaseId": "3"}]},
        });
        assert_eq!(answer.json["data"], data);
    }
}
