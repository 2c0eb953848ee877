//! Introspection, operations, cost, messages.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use graphql_limits::{Limits, check, coerce};
use imports_gateway::graphql::validation;
use serde_json::{Map, json};

use super::{SCHEMA, TYPES, admitted, bind, run, verdict};

/// As the reference implementation's tools send it, at its deepest.
const INTROSPECTION: &str = "
query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind }
  subscriptionType { name kind } types { ...FullType }
  directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue }
    type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

#[test]
fn the_introspection_query_of_every_tool_passes_and_runs() {
    let (document, coerced) = bind(INTROSPECTION, &json!({})).expect("tools rely on it");
    assert!(document.operations()[0].introspects());
    assert_eq!(coerced.cost, 10);
    assert_eq!(run(&document, coerced).errors, []);
}

#[test]
fn introspection_that_is_off_is_refused_wherever_it_hides() {
    let refused = |text: &str| {
        let result = check(text, &Limits::default(), false, &TYPES);
        result.map_or_else(|rejection| rejection.code.as_str(), |_| "accepted")
    };
    for text in [
        INTROSPECTION,
        "{__type(name:\"Query\"){name}}",
        "{...F} fragment F on Query{...{a:__schema{types{name}}}}",
        "{__typename import(id:1){__schema{types{name}}}}",
    ] {
        assert_eq!(refused(text), "INTROSPECTION_DISABLED", "{text}");
    }
    assert_eq!(refused("{__typename import(id:1){__typename}}"), "accepted");
}

#[test]
fn an_operation_is_found_by_its_name_or_as_the_only_one() {
    let document = admitted("query A{__typename} query B{__typename}").expect("sound");
    assert_eq!(document.operation(Some("B")).expect("there").name(), Some("B"));
    assert_eq!(
        document.operation(Some("B")).expect("there").kind(),
        OperationType::Query
    );
    for name in [None, Some("C"), Some("")] {
        let rejection = document.operation(name).expect_err("not there, or unclear");
        assert_eq!(rejection.code.as_str(), "OPERATION_RESOLUTION_FAILURE");
    }
    let anonymous = admitted("{__typename}").expect("sound");
    assert!(anonymous.operation(None).is_ok());
    assert!(anonymous.operation(Some("A")).is_err());
    assert_eq!(
        verdict("fragment F on Query{__typename}", &json!({})),
        "OPERATION_RESOLUTION_FAILURE"
    );
    assert_eq!(
        verdict("{__typename} query A{__typename}", &json!({})),
        "GRAPHQL_VALIDATION_FAILED"
    );
    assert_eq!(
        verdict("query A{__typename} query A{__typename}", &json!({})),
        "GRAPHQL_VALIDATION_FAILED"
    );
    // By the grammar it is a number.
    assert_eq!(verdict("{a(x:1e999)}", &json!({})), "GRAPHQL_VALIDATION_FAILED");
    for text in ["", "#", "{", "{a(}", "query", "{a} x"] {
        assert_eq!(verdict(text, &json!({})), "GRAPHQL_PARSE_FAILED", "{text}");
    }
}

fn cost(text: &str, variables: &serde_json::Value) -> u64 {
    bind(text, variables).expect("within the limits").1.cost
}

#[test]
fn points_follow_the_page_size_wherever_it_comes_from() {
    let none = json!({});
    assert_eq!(cost("{imports{nodes{id}}}", &none), 50);
    assert_eq!(cost("{imports(first:100){nodes{id}}}", &none), 100);
    assert_eq!(cost("{imports(last:100){nodes{id}}}", &none), 100);
    assert_eq!(cost("{imports(first:null){nodes{id}}}", &none), 50);
    assert_eq!(cost("{imports(first:0){nodes{id}}}", &none), 1);
    for refused in ["first:101", "first:-1", "last:2147483647", "first:1 last:1"] {
        assert_eq!(
            cost(&format!("{{imports({refused}){{nodes{{id}}}}}}"), &none),
            1,
            "{refused}"
        );
    }
    let text = "query($n:Int=70){imports(first:$n){nodes{id}}}";
    assert_eq!(cost(text, &none), 70);
    assert_eq!(cost(text, &json!({"n": 7})), 7);
    assert_eq!(cost(text, &json!({"n": null})), 50);
    assert_eq!(cost("query($n:Int){imports(first:$n){nodes{id}}}", &none), 50);
    assert_eq!(
        cost(
            "{imports(first:5){...F}} fragment F on ImportConnection{...{estimatedRemainingCount}}",
            &none
        ),
        15
    );
    assert_eq!(
        cost(
            "{a:imports(first:5){asked} b:imports(first:5){asked} imports{asked}}",
            &none
        ),
        60
    );
    assert_eq!(
        cost("{importStatusCounts{count} __typename import(id:1){id}}", &none),
        22
    );
    assert_eq!(cost("{nodes(ids:[1,2,3]){id}}", &none), 3);
    assert_eq!(
        cost("query($i:[ID!]!){nodes(ids:$i){id}}", &json!({"i": ["a", "b"]})),
        2
    );
    assert_eq!(cost("query($i:[ID!]!){nodes(ids:$i){id}}", &json!({"i": "a"})), 1);
    assert_eq!(
        cost("query($i:ID!){nodes(ids:[$i,$i]){id}}", &json!({"i": "a"})),
        2
    );
}

#[test]
fn a_root_field_that_stands_in_several_places_is_paid_for_once() {
    let none = json!({});
    assert_eq!(cost("{imports{asked} imports{asked}}", &none), 50);
    assert_eq!(cost("{imports:imports{asked} ...{imports{asked}}}", &none), 50);
    assert_eq!(
        cost(
            "{...F ...F imports(last:5 filter:{}){asked}}
             fragment F on Query{imports(filter:{} last:5){estimatedRemainingCount}}",
            &none
        ),
        15
    );
    let text = "query($b:Boolean!){imports{asked} imports @include(if:$b){estimatedRemainingCount}}";
    assert_eq!(cost(text, &json!({"b": true})), 60);
    assert_eq!(cost(text, &json!({"b": false})), 50);
    // Under different keys it runs each time.
    assert_eq!(
        cost("{imports{asked} a:imports{asked} b:imports{asked}}", &none),
        150
    );
    assert_eq!(cost("{__typename a:__typename viewer:__typename}", &none), 3);
}

#[test]
fn what_stands_under_one_key_must_be_one_field() {
    let invalid = "GRAPHQL_VALIDATION_FAILED";
    for text in [
        "{a:__typename a:imports{asked}}",
        "{imports(first:1){asked} imports(first:2){asked}}",
        "{imports(first:1){asked} imports{asked}}",
        "{imports(first:1){asked} ...{imports(first:2){asked}}}",
        "{imports(first:1){asked} ...F} fragment F on Query{imports(first:2){asked}}",
        "{imports(first:1){asked} ... on Query{imports(first:2){asked}}}",
        "{imports{nodes{x:id}} imports{nodes{x:note}}}",
        "{imports{nodes{...A ...B}}} fragment A on Import{x:id} fragment B on Import{x:note}",
        "{imports @include(if:false){x:asked} imports{x:estimatedRemainingCount}}",
    ] {
        let rejection = bind(text, &json!({})).expect_err(text);
        assert_eq!(
            (rejection.code.as_str(), rejection.errors.len()),
            (invalid, 1),
            "{text}"
        );
        assert_eq!(rejection.errors[0].locations.len(), 2, "{text}");
    }
    for text in [
        "{imports(first:1){asked} imports(first:1){asked}}",
        "{imports(first:1 last:null){asked} ...{imports(last:null first:1){asked}}}",
        "query($n:Int){imports(first:$n){asked} imports(first:$n){asked}}",
    ] {
        assert_eq!(verdict(text, &json!({})), "accepted", "{text}");
    }
    let types = validation::types(include_str!("../../../schema.graphql")).expect("a sound schema");
    let check = |text: &str| {
        check(text, &Limits::default(), true, &types).map_err(|rejection| rejection.code.as_str())
    };
    // An import is no account, so only one of the two is ever answered; what an interface has, both have.
    for text in [
        "{node(id:1){... on Import{x:fileName} ... on Account{x:name}}}",
        "{node(id:1){... on Import{x:__typename} ... on Account{x:name}}}",
        "{node(id:1){... on Import{x:databaseId} ... on Account{x:databaseId}}}",
    ] {
        assert!(check(text).is_ok(), "{text}");
    }
    for text in [
        "{node(id:1){x:id ... on Import{x:fileName}}}",
        "{node(id:1){... on Import{x:fileName} ... on Account{x:name} ... on Node{x:id}}}",
        // Of two objects, but a client could not tell which type is under the key.
        "{node(id:1){... on Import{x:fileName} ... on Account{x:databaseId}}}",
        "{node(id:1){... on Import{x:note} ... on Account{x:name}}}",
        "{node(id:1){... on Import{x:__typename} ... on Account{x:databaseId}}}",
        "{node(id:1){...I ...A}} fragment I on Import{x:status} fragment A on Account{x:name}",
    ] {
        assert_eq!(check(text).map(|_| ()), Err(invalid), "{text}");
    }
}

#[test]
fn what_skip_and_include_leave_out_costs_nothing() {
    let text =
        "query($b:Boolean=false){imports(first:9)@include(if:$b){asked estimatedRemainingCount @skip(if:$b)}
        ...@skip(if:true){importStatusCounts{count}} __typename}";
    assert_eq!(cost(text, &json!({})), 1);
    assert_eq!(cost(text, &json!({"b": true})), 10);
}

#[test]
fn a_cost_above_the_limit_is_refused() {
    let pages: String = (0..10)
        .map(|at| format!("a{at}:imports(first:100){{nodes{{id}}}}"))
        .collect();
    assert_eq!(verdict(&format!("{{{pages}}}"), &json!({})), "accepted");
    let counted = pages.replace("nodes{id}", "nodes{id} estimatedRemainingCount");
    let rejection = bind(&format!("{{{counted}}}"), &json!({})).expect_err("too dear");
    assert_eq!(
        (rejection.code.as_str(), rejection.cost),
        ("QUERY_TOO_COMPLEX", Some(1_100))
    );
    assert_eq!(admitted("{").expect_err("no document").cost, None);
}

#[test]
fn messages_are_short_capped_and_show_no_value() {
    let long = "x".repeat(3_000);
    let rejection =
        admitted(&format!("{{imports(filter:{{{long}:1}}){{asked}}}}")).expect_err("unknown field");
    assert!(
        rejection.errors[0].message.len() < 200,
        "{}",
        rejection.errors[0].message
    );
    let many = (0..10)
        .map(|at| format!("a{at}:imports(first:\"s\" last:true){{asked}}"))
        .collect::<String>();
    assert_eq!(
        admitted(&format!("{{{many}}}"))
            .expect_err("wrong types")
            .errors
            .len(),
        10
    );
    let text = "query($n:Int $f:ImportFilter){imports(first:$n filter:$f){asked}}";
    let variables =
        json!({"n": "SECRET", "f": {"createdAt": {"lt": "SECRET"}, "status": {"include": ["SECRET"]}}});
    let rejection = bind(text, &variables).expect_err("wrong types");
    assert_eq!(rejection.errors.len(), 3);
    assert!(
        rejection
            .errors
            .iter()
            .all(|fault| !fault.message.contains("SECRET"))
    );
    let syntax = admitted(&format!("{{a}} {long}")).expect_err("no GraphQL");
    assert!(syntax.errors[0].message.len() < 200 && !syntax.errors[0].message.contains("xxx"));
}

#[test]
fn variables_nested_too_deep_are_refused_even_if_unused() {
    let document = admitted("{__typename}").expect("sound");
    let verdict = |levels: usize| {
        let json = format!("{{\"v\":{}1{}}}", "[".repeat(levels), "]".repeat(levels));
        let variables: Map<_, _> = serde_json::from_str(&json).expect("JSON");
        let operation = document.operation(None).expect("the only one");
        coerce(&document, operation, &variables, &TYPES, &Limits::default())
            .map_err(|rejection| rejection.code.as_str())
    };
    assert!(verdict(15).is_ok());
    assert_eq!(verdict(16).expect_err("too deep"), "QUERY_TOO_DEEP");
    assert_eq!(verdict(100).expect_err("too deep"), "QUERY_TOO_DEEP");
}

#[test]
fn the_printed_schema_is_read_with_its_directives() {
    let sdl = SCHEMA.sdl();
    assert!(sdl.contains("directive @oneOf") && sdl.contains("schema {") && sdl.contains("\"\"\""));
    assert!(validation::types(&sdl).is_ok());
}

/// A dashboard's query: variables for everything, null where unset, fragments, an interface.
const DASHBOARD: &str = "
query Dashboard($first: Int = 50, $after: String, $filter: ImportFilter, $sort: [ImportSort!]!, $id: ID!, $count: Boolean!) {
  viewer { id name }
  importStatusCounts(filter: $filter) { status count capped }
  imports(first: $first, after: $after, filter: $filter, sort: $sort) {
    edges { cursor node { ...Row } } estimatedRemainingCount @include(if: $count)
    pageInfo { hasNextPage endCursor } filteredBy { createdAt { lt gte } status { include } } }
  node(id: $id) { __typename id ... on Import { ...Row } } }
fragment Row on Import { id databaseId fileName fileSize status createdAt completedAt note }";

#[test]
fn a_dashboard_s_query_passes_against_the_whole_public_schema() {
    let types = validation::types(include_str!("../../../schema.graphql")).expect("a sound schema");
    let limits = Limits::default();
    let document = check(DASHBOARD, &limits, false, &types).expect("a sound document");
    let operation = document.operation(Some("Dashboard")).expect("there");
    let cost = |variables: serde_json::Value| {
        let variables = variables.as_object().expect("an object");
        coerce(&document, operation, variables, &types, &limits).map(|coerced| coerced.cost)
    };
    let range = json!({"between": {"gte": "2026-01-01T00:00:00Z", "lt": "2026-02-01T00:00:00+01:00"}});
    let filter = json!({"createdAt": range, "updatedAt": null, "status": {"include": ["ROLLED_BACK"]}});
    let sort = json!([{"createdAt": "DESC"}]);
    let sound =
        json!({"first": null, "after": null, "filter": filter, "sort": sort, "id": "x", "count": true});
    assert_eq!(cost(sound), Ok(1 + 20 + 60 + 1));
    let short = json!({"first": 3, "sort": sort, "id": 5, "count": false, "unknown": {}});
    assert_eq!(cost(short), Ok(1 + 20 + 3 + 1));
    let missing = cost(json!({"sort": sort, "count": false})).expect_err("no id");
    assert_eq!(missing.code.as_str(), "GRAPHQL_VALIDATION_FAILED");
}

#[test]
fn a_document_can_be_kept_and_shared_between_threads() {
    let document = Arc::new(admitted("query($n:Int=2){imports(first:$n){asked}}").expect("sound"));
    let price = |n: i32| {
        let document = Arc::clone(&document);
        std::thread::spawn(move || {
            let variables: Map<_, _> = [("n".to_owned(), json!(n))].into_iter().collect();
            let operation = document.operation(None).expect("the only one");
            coerce(&document, operation, &variables, &TYPES, &Limits::default())
                .expect("sound")
                .cost
        })
    };
    let prices = [3, 4].map(price).map(|thread| thread.join().expect("no panic"));
    assert_eq!(prices, [3, 4]);
}
