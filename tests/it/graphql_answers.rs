//! The shape of an answer: order, aliases, fragments, what is merged and what is skipped.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use entity::imports;
use serde_json::json;

use crate::app::{Caller, TestApp, account_id, import_id, row};

/// A gateway with three imports on each kind of database.
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

/// Holds the body of an answer, byte for byte: the order of keys is part of it.
async fn check(app: &TestApp, caller: &Caller, document: &str, expected: &str) {
    let answer = app.query(&caller.key, document, json!({})).await;
    assert_eq!(String::from_utf8_lossy(&answer.body), expected, "{document}");
}

#[tokio::test]
async fn a_database_id_may_be_a_number_or_its_text_as_a_literal_and_as_a_variable() {
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        let ids = [1, 2, 1_240_000_001, i64::MAX];
        app.fill(&ids.map(|id| imports::Model {
            id,
            ..row(caller.id, 1)
        }))
        .await;
        let by_variable = "query ($id: BigInt!) { importByDatabaseId(databaseId: $id) { databaseId } }";
        for id in ids {
            let expected = json!({"importByDatabaseId": {"databaseId": id.to_string()}});
            for document in [
                format!("{{ importByDatabaseId(databaseId: {id}) {{ databaseId }} }}"),
                format!("{{ importByDatabaseId(databaseId: \"{id}\") {{ databaseId }} }}"),
                format!(
                    "query ($id: BigInt! = {id}) {{ importByDatabaseId(databaseId: $id) {{ databaseId }} }}"
                ),
                // Through a fragment, too.
                format!(
                    "{{ importByDatabaseId(databaseId: {id}) {{ ...A }} }} fragment A on Import {{ databaseId }}"
                ),
            ] {
                assert_eq!(
                    app.data(&caller.key, &document, json!({})).await,
                    expected,
                    "{document}"
                );
            }
            for variable in [json!(id), json!(id.to_string())] {
                let data = app
                    .data(&caller.key, by_variable, json!({ "id": variable }))
                    .await;
                assert_eq!(data, expected, "{variable}");
            }
        }
        let absent = json!({"importByDatabaseId": null});
        for id in [json!(3), json!(-1), json!(i64::MIN)] {
            let data = app.data(&caller.key, by_variable, json!({ "id": id })).await;
            assert_eq!(data, absent, "{id}");
        }
        for wrong in [
            json!(1.5),
            json!(1e30),
            json!(u64::MAX),
            json!(true),
            json!([1]),
            json!("1.0"),
        ] {
            let answer = app.query(&caller.key, by_variable, json!({ "id": wrong })).await;
            assert_eq!(answer.codes(), ["GRAPHQL_VALIDATION_FAILED"], "{wrong}");
        }
    }
}

#[tokio::test]
async fn root_fields_answer_in_the_order_of_the_request() {
    for (app, caller) in filled().await {
        let fast = "viewer { name }";
        let slow = "importStatusCounts(filter: {status: {include: [NEW]}}) { count }";
        let counts = format!("[{}]", [r#"{"count":0}"#; 10].join(","));
        // Which ends first is chance: the order is held again and again.
        for _ in 0..20 {
            let document = format!(
                "query {{ __typename a: {slow} ...More b: imports(first: 1) {{ perPage nodes {{ databaseId }} }}
                 wrong: imports(first: 101) {{ perPage }} a: {slow} z: __typename
                 ... on Query {{ y: {fast} worse: imports(sort: [{{id: ASC}}, {{id: ASC}}]) {{ perPage }} }} }}
                 fragment More on Query {{ c: importByDatabaseId(databaseId: \"2\") {{ databaseId }} {fast} }}"
            );
            let answer = app.query(&caller.key, &document, json!({})).await;
            let text = String::from_utf8(answer.body.to_vec()).unwrap();
            let data = format!(
                r#""data":{{"__typename":"Query","a":{counts},"c":{{"databaseId":"2"}},"viewer":{{"name":"Acme"}},"b":{{"perPage":1,"nodes":[{{"databaseId":"3"}}]}},"wrong":null,"z":"Query","y":{{"name":"Acme"}},"worse":null}}}}"#
            );
            assert!(text.ends_with(&data), "{text}\n{data}");
            let paths: Vec<_> = answer.json["errors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|error| &error["path"])
                .collect();
            assert_eq!(paths, [&json!(["wrong"]), &json!(["worse"])]);
        }
    }
}

#[tokio::test]
async fn fields_answer_in_the_order_of_the_selection_and_the_same_key_is_merged() {
    for (app, caller) in filled().await {
        check(
            &app,
            &caller,
            "{ imports(first: 1) {
                 perPage nodes { note size: fileSize } pageInfo { hasNextPage }
                 ...Rest nodes { note id: databaseId } pageInfo { more: hasPreviousPage hasNextPage } perPage } }
             fragment Rest on ImportConnection { nodes { ... on Node { __typename } size: fileSize status } edges { c: cursor node { kind: type } } }",
            &format!(
                r#"{{"data":{{"imports":{{"perPage":1,"nodes":[{{"note":"note 3","size":"3072","__typename":"Import","status":"PARTIALLY_COMPLETE","id":"3"}}],"pageInfo":{{"hasNextPage":true,"more":false}},"edges":[{{"c":{},"node":{{"kind":"VehicleImport"}}}}]}}}}}}"#,
                cursor(&app, &caller).await
            ),
        )
        .await;
        // The same root field twice is one.
        check(
            &app,
            &caller,
            "{ imports(first: 1) { perPage } ... { imports(first: 1) { nodes { databaseId } sortedBy { id } } } }",
            r#"{"data":{"imports":{"perPage":1,"nodes":[{"databaseId":"3"}],"sortedBy":[{"id":"DESC"}]}}}"#,
        )
        .await;
    }
}

/// The cursor of the newest import, as JSON.
async fn cursor(app: &TestApp, caller: &Caller) -> String {
    let document = "{ imports(first: 1) { pageInfo { startCursor } } }";
    let page = app.data(&caller.key, document, json!({})).await;
    page["imports"]["pageInfo"]["startCursor"].to_string()
}

#[tokio::test]
async fn fragments_on_an_interface_and_on_a_type_both_apply() {
    for (app, caller) in filled().await {
        let (import, account) = (import_id(caller.id, 1), account_id(caller.id));
        check(
            &app,
            &caller,
            &format!(
                "{{ nodes(ids: [\"{import}\", \"{account}\", \"x\", \"{import}\"]) {{
                   __typename ... on Node {{ again: __typename }} ...One ... on Account {{ name databaseId }} }}
                 node(id: \"{account}\") {{ ... on Import {{ note }} ... on Account {{ name }} }} }}
                 fragment One on Import {{ note fileName }}"
            ),
            &format!(
                r#"{{"data":{{"nodes":[{one},{{"__typename":"Account","again":"Account","name":"Acme","databaseId":"{}"}},null,{one}],"node":{{"name":"Acme"}}}}}}"#,
                caller.id,
                one = r#"{"__typename":"Import","again":"Import","note":null,"fileName":"file 1.csv"}"#
            ),
        )
        .await;
    }
}

#[tokio::test]
async fn every_type_says_its_name() {
    for (app, caller) in filled().await {
        let (import, account) = (import_id(caller.id, 1), account_id(caller.id));
        check(
            &app,
            &caller,
            &format!(
                "{{ __typename
                   imports(first: 1, filter: {{status: {{include: PARTIALLY_COMPLETE}}, createdAt: {{gt: \"0001-01-01T00:00:00Z\"}}}}) {{
                     __typename edges {{ __typename node {{ __typename }} }} nodes {{ __typename }} pageInfo {{ __typename }}
                     filteredBy {{ __typename status {{ __typename }} createdAt {{ __typename }} }} sortedBy {{ __typename }} }}
                   importStatusCounts {{ __typename }} viewer {{ __typename }} import(id: \"{import}\") {{ __typename }}
                   importByDatabaseId(databaseId: \"1\") {{ __typename }}
                   node(id: \"{import}\") {{ __typename }} nodes(ids: [\"{account}\"]) {{ __typename }} }}"
            ),
            &format!(
                r#"{{"data":{{"__typename":"Query","imports":{{"__typename":"ImportConnection","edges":[{{"__typename":"ImportEdge","node":{{"__typename":"Import"}}}}],"nodes":[{{"__typename":"Import"}}],"pageInfo":{{"__typename":"PageInfo"}},"filteredBy":[{{"__typename":"ImportFilteredBy","status":{{"__typename":"ImportStatusIncluded"}},"createdAt":null}},{{"__typename":"ImportFilteredBy","status":null,"createdAt":{{"__typename":"DateTimeBound"}}}}],"sortedBy":[{{"__typename":"ImportSortedBy"}}]}},"importStatusCounts":[{}],"viewer":{{"__typename":"Account"}},"import":{{"__typename":"Import"}},"importByDatabaseId":{{"__typename":"Import"}},"node":{{"__typename":"Import"}},"nodes":[{{"__typename":"Account"}}]}}}}"#,
                [r#"{"__typename":"ImportStatusCount"}"#; 10].join(",")
            ),
        )
        .await;
    }
}

#[tokio::test]
async fn what_is_skipped_leaves_an_empty_object_and_no_null() {
    for (app, caller) in filled().await {
        check(
            &app,
            &caller,
            "{ imports(first: 1, filter: {status: {include: PARTIALLY_COMPLETE}}) {
                 edges { cursor @skip(if: true) node @include(if: false) { id } } nodes { id @skip(if: true) }
                 pageInfo { hasNextPage @skip(if: true) } filteredBy { status { include @skip(if: true) } }
                 sortedBy { id @include(if: false) } }
               viewer { id @skip(if: true) } importByDatabaseId(databaseId: \"1\") { id @skip(if: true) }
               a: imports { perPage @skip(if: true) } }",
            r#"{"data":{"imports":{"edges":[{}],"nodes":[{}],"pageInfo":{},"filteredBy":[{"status":{}}],"sortedBy":[{}]},"viewer":{},"importByDatabaseId":{},"a":{}}}"#,
        )
        .await;
        check(
            &app,
            &caller,
            "{ viewer @skip(if: true) { id } }",
            r#"{"data":{}}"#,
        )
        .await;
        check(
            &app,
            &caller,
            "{ ... @include(if: false) { viewer { id } } ... @skip(if: false) { viewer { name } } }",
            r#"{"data":{"viewer":{"name":"Acme"}}}"#,
        )
        .await;
    }
}

#[tokio::test]
async fn conditions_stand_on_any_selection_and_may_be_variables() {
    let document = "query ($yes: Boolean!, $no: Boolean = false, $here: Boolean!, $a: Boolean!, $b: Boolean!, $c: Boolean!) {
        __typename @skip(if: $yes) u: __typename @include(if: $here) t: __typename @include(if: $a)
        one: importByDatabaseId(databaseId: \"1\") { databaseId @include(if: $b) __typename @include(if: $c) note databaseId }
        ...Two @include(if: $yes) ... on Query @skip(if: $no) { one: importByDatabaseId(databaseId: \"1\") { status } }
        s: __schema @include(if: $c) { queryType { name } } }
        fragment Two on Query { two: viewer @skip(if: $no) @include(if: $yes) { name @skip(if: $a) } }";
    for (app, caller) in filled().await {
        // Twice: what is compiled for one choice is kept beside the others.
        for round in 0..16 {
            let [a, b, c] = [round & 1 != 0, round & 2 != 0, round & 4 != 0];
            let variables = json!({"yes": true, "here": false, "a": a, "b": b, "c": c});
            let answer = app.query(&caller.key, document, variables).await;
            let one = match (b, c) {
                (true, true) => r#""databaseId":"1","__typename":"Import","note":null"#,
                (true, false) => r#""databaseId":"1","note":null"#,
                (false, true) => r#""__typename":"Import","note":null,"databaseId":"1""#,
                (false, false) => r#""note":null,"databaseId":"1""#,
            };
            let expected = format!(
                r#"{{"data":{{{}"one":{{{one},"status":"QUEUED"}},"two":{{{}}}{}}}}}"#,
                if a { r#""t":"Query","# } else { "" },
                if a { "" } else { r#""name":"Acme""# },
                if c {
                    r#","s":{"queryType":{"name":"Query"}}"#
                } else {
                    ""
                },
            );
            assert_eq!(String::from_utf8_lossy(&answer.body), expected, "{a} {b} {c}");
        }
    }
}

#[tokio::test]
async fn introspection_answers_in_its_place_beside_data() {
    for (app, caller) in filled().await {
        check(
            &app,
            &caller,
            "{ a: viewer { name } ...F t: __type(name: \"Account\") { name } viewer { name } __type(name: \"x\") { name } }
             fragment F on Query { __schema { queryType { name __typename } } t: __type(name: \"Account\") { kind } }",
            r#"{"data":{"a":{"name":"Acme"},"__schema":{"queryType":{"name":"Query","__typename":"__Type"}},"t":{"kind":"OBJECT","name":"Account"},"viewer":{"name":"Acme"},"__type":null}}"#,
        )
        .await;
    }
}

/// Source: each answer is what graphql-js gives for `schema.graphql`.
#[tokio::test]
async fn introspection_answers_as_graphql_js_does() {
    let (app, caller) = filled().await.remove(0);
    let fields = r#""fields":[{"name":"id"},{"name":"databaseId"},{"name":"name"},{"name":"mirror"}]"#;
    let deprecated = "query ($d: Boolean) { __type(name: \"Account\") { fields(includeDeprecated: $d) { name } } viewer { name } }";
    let whole = format!(r#"{{"data":{{"__type":{{{fields}}},"viewer":{{"name":"Acme"}}}}}}"#);
    for variables in [json!({}), json!({"d": false}), json!({"d": true})] {
        let answer = app.query(&caller.key, deprecated, variables.clone()).await;
        assert_eq!(String::from_utf8_lossy(&answer.body), whole, "{variables}");
    }
    for (document, expected) in [
        (
            "query ($n: String = \"Account\") { __type(name: $n) { kind } }",
            r#"{"__type":{"kind":"OBJECT"}}"#,
        ),
        (
            "{ __schema @include(if: true) { __typename @skip(if: true) } }",
            r#"{"__schema":{}}"#,
        ),
        (
            "{ __type(name: \"Account\") { name @skip(if: true) } }",
            r#"{"__type":{}}"#,
        ),
        (
            "{ __type(name: \"x\") { name @skip(if: true) } }",
            r#"{"__type":null}"#,
        ),
        (
            "{ __type(name: \"Account\") { fields { name @skip(if: true) } f: fields { type { kind @include(if: false) } } } }",
            r#"{"__type":{"fields":[{},{},{},{}],"f":[{"type":{}},{"type":{}},{"type":{}},{"type":{}}]}}"#,
        ),
        (
            "{ __type(name: \"Node\") { i: interfaces { name } } }",
            r#"{"__type":{"i":[]}}"#,
        ),
        (
            "{ __type(name: \"Account\") { interfaces { name } } }",
            r#"{"__type":{"interfaces":[{"name":"Node"}]}}"#,
        ),
        (
            "{ __type(name: \"ID\") { kind interfaces { name } } float: __type(name: \"Float\") { kind } }",
            r#"{"__type":{"kind":"SCALAR","interfaces":null},"float":null}"#,
        ),
    ] {
        check(&app, &caller, document, &format!(r#"{{"data":{expected}}}"#)).await;
    }
    let types = app
        .data(&caller.key, "{ __schema { types { name } } }", json!({}))
        .await;
    let types = types["__schema"]["types"].as_array().unwrap();
    let names: Vec<_> = types.iter().map(|one| one["name"].as_str().unwrap()).collect();
    for (name, count) in [
        ("Float", 0),
        ("Int", 1),
        ("ID", 1),
        ("String", 1),
        ("Boolean", 1),
        ("__Type", 1),
    ] {
        assert_eq!(
            names.iter().filter(|one| **one == name).count(),
            count,
            "{name} in {names:?}"
        );
    }
}

#[tokio::test]
async fn every_field_of_an_import_is_written_as_promised() {
    for (app, caller) in filled().await {
        check(
            &app,
            &caller,
            "{ importByDatabaseId(databaseId: \"2\") { id databaseId completedAt fileName fileSize note type status createdAt updatedAt } }",
            &format!(
                r#"{{"data":{{"importByDatabaseId":{{"id":"{}","databaseId":"2","completedAt":"2026-09-21T14:13:22.000000Z","fileName":"file 2.csv","fileSize":"2048","note":null,"type":"VehicleImport","status":"PROCESSING","createdAt":"2026-09-21T14:13:22.000000Z","updatedAt":"2026-09-21T14:13:22.000000Z"}}}}}}"#,
                import_id(caller.id, 2)
            ),
        )
        .await;
    }
}

#[tokio::test]
async fn an_answer_to_head_says_how_long_that_to_get_is_and_either_is_as_short_as_the_client_can_read() {
    for (app, caller) in filled().await {
        let ask = async |method: &str, coding: Option<&str>| {
            let mut request = Request::builder()
                .method(method)
                .uri("/graphql?query=%7B__schema%7Btypes%7Bname%20description%7D%7D%7D")
                .header("authorization", format!("Bearer {}", caller.key.reveal()));
            if let Some(coding) = coding {
                request = request.header("accept-encoding", coding);
            }
            app.send(request.body(Body::empty()).unwrap()).await
        };
        let (plain, small) = (ask("GET", None).await, ask("GET", Some("br")).await);
        assert_eq!((plain.status, small.status), (StatusCode::OK, StatusCode::OK));
        assert!(!plain.headers.contains_key("content-encoding"));
        assert_eq!(small.headers["content-encoding"], "br");
        assert!(plain.body.len() > 1024 && small.body.len() < plain.body.len() / 2);
        for answer in [&plain, &small] {
            let varies: Vec<_> = answer.headers.get_all("vary").iter().collect();
            assert_eq!(varies, ["Accept, Authorization", "accept-encoding"]);
        }
        let head = ask("HEAD", None).await;
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
        assert_eq!(head.headers["content-length"], plain.body.len().to_string());
        assert_eq!(head.headers["content-type"], plain.headers["content-type"]);
    }
}
