//! Values by the specification: a literal and the same as a variable, side by side.

use async_graphql_value::ConstValue;
use serde_json::{Value as Json, json};

use super::{asked, bind, run, verdict};

const INVALID: &str = "GRAPHQL_VALIDATION_FAILED";

/// An argument of a root field: its name, its type, a literal, the same as JSON, what both get.
type Row = (&'static str, &'static str, &'static str, Json, &'static str);

fn rows() -> Vec<Row> {
    let ok = "accepted";
    let filter = |literal, json: Json, verdict| ("filter", "ImportFilter", literal, json, verdict);
    let created =
        |literal, json: Json, verdict| ("filter.createdAt", "DateTimeFilter", literal, json, verdict);
    vec![
        ("first", "Int", "5", json!(5), ok),
        ("first", "Int", "null", json!(null), ok),
        ("first", "Int", "101", json!(101), ok),
        ("first", "Int", "2147483648", json!(2_147_483_648_i64), INVALID),
        ("first", "Int", "-2147483649", json!(-2_147_483_649_i64), INVALID),
        ("first", "Int", "1.5", json!(1.5), INVALID),
        ("first", "Int", "99999999999999999999999", json!(1e22), INVALID),
        ("first", "Int", "true", json!(true), INVALID),
        ("first", "Int", "\"5\"", json!("5"), INVALID),
        ("first", "Int", "[5]", json!([5]), INVALID),
        ("first", "Int", "{}", json!({}), INVALID),
        ("after", "String", "\"c\"", json!("c"), ok),
        ("after", "String", "\"\"\"c\"\"\"", json!("c"), ok),
        ("after", "String", "5", json!(5), INVALID),
        filter("{}", json!({}), ok),
        filter("null", json!(null), ok),
        filter(
            "{status:null,createdAt:null}",
            json!({"status": null, "createdAt": null}),
            ok,
        ),
        filter("{status:{include:[]}}", json!({"status": {"include": []}}), ok),
        filter(
            "{status:{include:[NEW]}}",
            json!({"status": {"include": ["NEW"]}}),
            ok,
        ),
        filter(
            "{status:{include:NEW}}",
            json!({"status": {"include": "NEW"}}),
            ok,
        ),
        filter(
            "{status:{include:[new]}}",
            json!({"status": {"include": ["new"]}}),
            INVALID,
        ),
        filter(
            "{status:{include:[5]}}",
            json!({"status": {"include": [5]}}),
            INVALID,
        ),
        filter(
            "{status:{include:[null]}}",
            json!({"status": {"include": [null]}}),
            INVALID,
        ),
        filter(
            "{status:{include:[[NEW]]}}",
            json!({"status": {"include": [["NEW"]]}}),
            INVALID,
        ),
        filter(
            "{status:{include:null}}",
            json!({"status": {"include": null}}),
            INVALID,
        ),
        filter("{status:{}}", json!({"status": {}}), INVALID),
        filter("{status:[]}", json!({"status": []}), INVALID),
        filter("{status:5}", json!({"status": 5}), INVALID),
        filter("{other:1}", json!({"other": 1}), INVALID),
        filter("5", json!(5), INVALID),
        filter("\"x\"", json!("x"), INVALID),
        filter("[]", json!([]), INVALID),
        created(
            "{lt:\"2026-05-01T12:00:00Z\"}",
            json!({"lt": "2026-05-01T12:00:00Z"}),
            ok,
        ),
        created(
            "{lt:\"2026-05-01T12:00:00\"}",
            json!({"lt": "2026-05-01T12:00:00"}),
            INVALID,
        ),
        created("{lt:\"now\"}", json!({"lt": "now"}), INVALID),
        created("{lt:5}", json!({"lt": 5}), INVALID),
        created("{lt:null}", json!({"lt": null}), INVALID),
        created("{}", json!({}), INVALID),
        created(
            "{lt:\"2026-05-01T12:00:00Z\",gte:\"2026-05-01T12:00:00Z\"}",
            json!({"lt": "2026-05-01T12:00:00Z", "gte": "2026-05-01T12:00:00Z"}),
            INVALID,
        ),
        created(
            "{lt:\"2026-05-01T12:00:00Z\",gte:null}",
            json!({"lt": "2026-05-01T12:00:00Z", "gte": null}),
            INVALID,
        ),
        created(
            "{between:{gte:\"2026-05-01T12:00:00Z\",lt:\"2026-05-02T12:00:00Z\"}}",
            json!({"between": {"gte": "2026-05-01T12:00:00Z", "lt": "2026-05-02T12:00:00Z"}}),
            ok,
        ),
        created(
            "{between:{gte:\"2026-05-01T12:00:00Z\"}}",
            json!({"between": {"gte": "2026-05-01T12:00:00Z"}}),
            INVALID,
        ),
        ("sort", "[ImportSort!]", "[]", json!([]), ok),
        ("sort", "[ImportSort!]", "{id:ASC}", json!({"id": "ASC"}), ok),
        (
            "sort",
            "[ImportSort!]",
            "[{id:ASC},{createdAt:DESC}]",
            json!([{"id": "ASC"}, {"createdAt": "DESC"}]),
            ok,
        ),
        (
            "sort",
            "[ImportSort!]",
            "[{id:UP}]",
            json!([{"id": "UP"}]),
            INVALID,
        ),
        (
            "sort",
            "[ImportSort!]",
            "[{id:ASC,createdAt:DESC}]",
            json!([{"id": "ASC", "createdAt": "DESC"}]),
            INVALID,
        ),
        ("sort", "[ImportSort!]", "[null]", json!([null]), INVALID),
    ]
}

/// A document with the value at that argument.
fn with(argument: &str, value: &str, head: &str) -> String {
    let value = match argument.split_once('.') {
        Some((argument, key)) => format!("{argument}:{{{key}:{value}}}"),
        None => format!("{argument}:{value}"),
    };
    format!("{head}{{imports({value}){{asked}}}}")
}

#[test]
fn a_literal_and_a_variable_get_the_same_and_the_resolver_sees_the_same() {
    for (argument, ty, literal, json, expected) in rows() {
        let literally = with(argument, literal, "");
        let bound = with(argument, "$v", &format!("query($v:{ty})"));
        let variables = json!({ "v": json });
        assert_eq!(verdict(&literally, &json!({})), expected, "{literally}");
        assert_eq!(verdict(&bound, &variables), expected, "{bound} {variables}");
        let defaulted = with(argument, "$v", &format!("query($v:{ty}={literal})"));
        assert_eq!(verdict(&defaulted, &json!({})), expected, "{defaulted}");
        if expected == "accepted" {
            let seen = asked(&literally, &json!({}));
            assert_eq!(asked(&bound, &variables), seen, "{bound} {variables}");
            assert_eq!(asked(&defaulted, &json!({})), seen, "{defaulted}");
        }
    }
}

#[test]
fn a_string_is_no_enum_literal() {
    assert_eq!(
        verdict(
            "{imports(filter:{status:{include:[\"NEW\"]}}){asked}}",
            &json!({})
        ),
        INVALID
    );
    assert_eq!(
        verdict("{imports(sort:{id:\"ASC\"}){asked}}", &json!({})),
        INVALID
    );
    assert_eq!(verdict("{imports(first:1.0){asked}}", &json!({})), INVALID);
    assert!(asked("query($v:Int){imports(first:$v){asked}}", &json!({"v": 1.0})).starts_with("Some(1)"));
}

#[test]
fn ids_and_big_integers_take_what_the_contract_says() {
    let id = |value: &str| verdict(&format!("{{import(id:{value}){{id}}}}"), &json!({}));
    assert_eq!(
        [id("1"), id("\"x\""), id("1.5"), id("true"), id("null")],
        ["accepted", "accepted", INVALID, INVALID, INVALID]
    );
    let number = |value: &str| {
        verdict(
            &format!("{{importByDatabaseId(databaseId:{value}){{id}}}}"),
            &json!({}),
        )
    };
    assert_eq!(
        [number("\"1\""), number("1"), number("\"1.0\""), number("\"\"")],
        ["accepted", "accepted", INVALID, INVALID]
    );
    assert_eq!([number("1.0"), number("1e3"), number("true")], [INVALID; 3]);
    let (document, coerced) = bind("query($i:ID!=1){import(id:$i){id}}", &json!({})).expect("sound");
    assert!(run(&document, coerced).data.to_string().contains("\"1\""));
}

#[test]
fn variables_must_be_given_where_they_are_required() {
    let text = "query($i:ID!){import(id:$i){id}}";
    assert_eq!(verdict(text, &json!({})), INVALID);
    assert_eq!(verdict(text, &json!({"i": null})), INVALID);
    assert_eq!(verdict(text, &json!({"i": "1", "other": [1]})), "accepted");
}

#[test]
fn an_unset_variable_counts_as_absent() {
    let bare = asked("{imports{asked}}", &json!({}));
    let text = "query($n:Int $f:ImportFilter $s:[ImportSort!]){imports(first:$n filter:$f sort:$s){asked}}";
    assert_eq!(asked(text, &json!({})), bare);
    assert_eq!(asked(text, &json!({"n": null, "f": null, "s": null})), bare);
    let nested =
        "query($c:DateTimeFilter $s:ImportStatusFilter){imports(filter:{createdAt:$c status:$s}){asked}}";
    assert_eq!(
        asked(nested, &json!({})),
        asked("{imports(filter:{}){asked}}", &json!({}))
    );
}

#[test]
fn a_default_is_used_when_a_variable_is_unset_and_not_when_it_is_null() {
    let text = "query($n:Int=7){imports(first:$n){asked}}";
    assert!(asked(text, &json!({})).starts_with("Some(7)"));
    assert!(asked(text, &json!({"n": null})).starts_with("None"));
    let required = "query($i:ID=1){import(id:$i){id}}";
    assert_eq!(verdict(required, &json!({})), "accepted");
    assert_eq!(verdict(required, &json!({"i": null})), INVALID);
    assert_eq!(
        verdict("query($i:ID=null){import(id:$i){id}}", &json!({})),
        INVALID
    );
}

#[test]
fn null_in_a_variable_counts_as_absent_where_the_argument_has_a_default() {
    let text = "query($z:String){importCounts(timeZone:$z)}";
    for variables in [json!({}), json!({"z": null}), json!({"z": "UTC"})] {
        assert_eq!(verdict(text, &variables), "accepted", "{variables}");
    }
    assert_eq!(verdict("{importCounts}", &json!({})), "accepted");
    assert_eq!(verdict(text, &json!({"z": 5})), INVALID);
    for text in [
        "{importCounts(timeZone:null)}",
        "query($z:Int){importCounts(timeZone:$z)}",
    ] {
        assert_eq!(verdict(text, &json!({})), INVALID, "{text}");
    }
}

#[test]
fn a_stricter_list_variable_stands_where_a_list_is_expected() {
    for head in [
        "$s:[ImportSort!]!",
        "$s:[ImportSort!]=[{id:ASC}]",
        "$s:[ImportSort!]!={id:ASC}",
    ] {
        let text = format!("query({head}){{imports(sort:$s){{asked}}}}");
        assert!(
            asked(&text, &json!({"s": [{"id": "ASC"}]})).contains("[Id(Asc)]"),
            "{head}"
        );
    }
}

#[test]
fn a_variable_must_have_the_type_of_its_place() {
    for text in [
        "query($v:String){imports(first:$v){asked}}",
        "query($v:Int!){imports(after:$v){asked}}",
        "query($v:ID){import(id:$v){id}}",
        "query($v:[ID]!){nodes(ids:$v){id}}",
        "query($v:ID){nodes(ids:[$v]){id}}",
        "query($v:ID!){nodes(ids:$v){id}}",
        "query($v:DateTime){imports(filter:{createdAt:{lt:$v}}){asked}}",
        "query($v:Boolean){imports @include(if:$v){asked}}",
        "query($v:String!){imports @skip(if:$v){asked}}",
        "query($v:Int){...F} fragment F on Query{import(id:$v){id}}",
        "query($v:Unknown){__typename}",
        "query($v:[Unknown]=[1]){__typename}",
        "query($v:Import){__typename}",
        "query($v:Int $v:Int){imports(first:$v){asked}}",
        "{imports(first:$v){asked}}",
    ] {
        assert_eq!(verdict(text, &json!({"v": null})), INVALID, "{text}");
    }
    let one_of = "query($v:DateTime!){imports(filter:{createdAt:{lt:$v}}){asked}}";
    assert!(asked(one_of, &json!({"v": "2026-05-01T12:00:00Z"})).contains("Lt("));
}

#[test]
fn a_condition_is_a_boolean_or_refused() {
    for condition in ["1", "\"true\"", "null", "TRUE"] {
        assert_eq!(
            verdict(
                &format!("{{imports @include(if:{condition}){{asked}}}}"),
                &json!({})
            ),
            INVALID
        );
    }
    let text = "query($b:Boolean!){imports @include(if:$b){asked}}";
    assert_eq!(verdict(text, &json!({"b": "true"})), INVALID);
    let defaulted = "query($b:Boolean=true){imports @include(if:$b){asked}}";
    assert_eq!(verdict(defaulted, &json!({"b": null})), INVALID);
    assert!(!asked(defaulted, &json!({})).is_empty());
}

#[test]
fn a_key_given_twice_is_refused_in_a_literal() {
    let text = "{imports(filter:{status:{include:[NEW] include:[FAILED]}}){asked}}";
    assert_eq!(verdict(text, &json!({})), INVALID);
}

#[test]
fn a_wrong_value_in_a_directive_is_no_fault_of_a_fields_argument() {
    for (text, variables) in [
        ("{imports @include{asked}}", json!({})),
        ("{imports @include(if:\"x\"){asked}}", json!({})),
        ("{imports @skip(if:null){asked}}", json!({})),
        (
            "query($b:Boolean!){imports @include(if:$b){asked}}",
            json!({"b": "x"}),
        ),
        ("query($b:Boolean!){imports @include(if:$b){asked}}", json!({})),
        (
            "query($b:Boolean=true){imports @include(if:$b){asked}}",
            json!({"b": null}),
        ),
        ("query($b:Boolean){imports @include(if:$b){asked}}", json!({})),
    ] {
        assert_eq!(blamed(text, &variables), [None], "{text}");
    }
}

/// The argument of each fault of a request that is refused.
fn blamed(text: &str, variables: &Json) -> Vec<Option<String>> {
    let rejection = bind(text, variables).expect_err(text);
    assert_eq!(rejection.code.as_str(), INVALID, "{text}");
    rejection.errors.into_iter().map(|fault| fault.argument).collect()
}

#[test]
fn a_wrong_value_is_told_by_its_argument_as_a_literal_and_as_a_variable() {
    let filter = |literal: &'static str, json: Json, path| ("filter", "ImportFilter", literal, json, path);
    for (argument, ty, literal, json, path) in [
        ("first", "Int", "true", json!(true), "first"),
        ("after", "String", "5", json!(5), "after"),
        filter("5", json!(5), "filter"),
        filter("{other:1}", json!({"other": 1}), "filter"),
        filter("{status:{}}", json!({"status": {}}), "filter.status.include"),
        filter(
            "{status:{include:null}}",
            json!({"status": {"include": null}}),
            "filter.status.include",
        ),
        filter(
            "{status:{include:[NEW,OLD]}}",
            json!({"status": {"include": ["NEW", "OLD"]}}),
            "filter.status.include",
        ),
        filter("{createdAt:{}}", json!({"createdAt": {}}), "filter.createdAt"),
        filter(
            "{createdAt:{lt:null}}",
            json!({"createdAt": {"lt": null}}),
            "filter.createdAt.lt",
        ),
        filter(
            "{createdAt:{lt:\"now\"}}",
            json!({"createdAt": {"lt": "now"}}),
            "filter.createdAt.lt",
        ),
        filter(
            "{createdAt:{between:{gte:\"2026-05-01T12:00:00Z\"}}}",
            json!({"createdAt": {"between": {"gte": "2026-05-01T12:00:00Z"}}}),
            "filter.createdAt.between.lt",
        ),
        (
            "filter.createdAt",
            "DateTimeFilter",
            "{lt:5}",
            json!({"lt": 5}),
            "filter.createdAt.lt",
        ),
        (
            "sort",
            "[ImportSort!]",
            "[{id:UP}]",
            json!([{"id": "UP"}]),
            "sort.id",
        ),
        ("sort", "[ImportSort!]", "[null]", json!([null]), "sort"),
    ] {
        let expected = vec![Some(path.to_owned())];
        let literally = with(argument, literal, "");
        assert_eq!(blamed(&literally, &json!({})), expected, "{literally}");
        let bound = with(argument, "$v", &format!("query($v:{ty})"));
        assert_eq!(blamed(&bound, &json!({ "v": json })), expected, "{bound}");
        let defaulted = with(argument, "$v", &format!("query($v:{ty}={literal})"));
        assert_eq!(blamed(&defaulted, &json!({})), expected, "{defaulted}");
    }
}

#[test]
fn a_value_that_is_missing_is_told_by_its_argument_too() {
    for (text, path) in [
        ("{import{id}}", "id"),
        ("query($i:ID!){import(id:$i){id}}", "id"),
        ("query($i:ID!){...F} fragment F on Query{import(id:$i){id}}", "id"),
        ("query($i:ID=\"1\"){import(id:$i){id}}", "id"),
        ("query($i:ID!){nodes(ids:[$i]){id}}", "ids"),
        (
            "query($i:DateTime=\"2026-05-01T12:00:00Z\"){imports(filter:{createdAt:{lt:$i}}){asked}}",
            "filter.createdAt.lt",
        ),
        ("query($i:String){imports(first:$i){asked}}", "first"),
    ] {
        let variables = if text.contains("=\"") {
            json!({"i": null})
        } else {
            json!({})
        };
        assert_eq!(blamed(text, &variables), [Some(path.to_owned())], "{text}");
    }
    // Nothing says in which argument a variable stands that is not used.
    assert_eq!(blamed("query($i:Int){__typename}", &json!({"i": "x"})), [None]);
}

#[test]
fn faults_of_one_value_come_in_the_same_order_as_a_literal_and_as_a_variable() {
    let told = |text: &str, variables: &Json| -> Vec<_> {
        let faults = bind(text, variables).expect_err(text).errors.into_iter();
        let told = faults.map(|fault| (fault.argument, fault.message.replace("$v", "filter")));
        told.collect()
    };
    let literal = "{zz:1,updatedAt:{lt:5},aa:2,createdAt:{lt:6}}";
    let literally = told(&with("filter", literal, ""), &json!({}));
    assert_eq!(literally.len(), 4, "{literally:?}");
    let bound = with("filter", "$v", "query($v:ImportFilter)");
    let json = json!({"zz": 1, "updatedAt": {"lt": 5}, "aa": 2, "createdAt": {"lt": 6}});
    assert_eq!(told(&bound, &json!({ "v": json })), literally);
    let defaulted = with("filter", "$v", &format!("query($v:ImportFilter={literal})"));
    assert_eq!(told(&defaulted, &json!({})), literally);
}

#[test]
fn the_message_names_what_the_caller_wrote() {
    let message =
        |text: &str, variables: Json| bind(text, &variables).expect_err(text).errors[0].message.clone();
    let literal = message("{imports(filter:{createdAt:{lt:5}}){asked}}", json!({}));
    assert!(literal.contains("`filter.createdAt.lt`"), "{literal}");
    let variable = message(
        "query($f:ImportFilter){imports(filter:$f){asked}}",
        json!({"f": {"createdAt": {"lt": 5}}}),
    );
    assert!(variable.contains("`$f.createdAt.lt`"), "{variable}");
}

#[test]
fn a_list_of_any_length_is_left_to_its_field_but_read_no_further_than_can_be_paid_for() {
    let text = "query($s:[ImportStatus!]!){imports(filter:{status:{include:$s}}){asked}}";
    let items = |count: usize| {
        let (_, coerced) = bind(text, &json!({"s": vec!["NEW"; count]})).expect("sound");
        assert_eq!(coerced.cost, 50);
        match coerced.variables.values().next() {
            Some(ConstValue::List(items)) => items.len(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([items(250), items(251), items(1_000)], [250, 251, 1_000]);
    assert_eq!([items(1_001), items(20_000)], [1_001, 1_001]);
    let ids = "query($i:[ID!]!){nodes(ids:$i){id}}";
    let cost = |count: usize| bind(ids, &json!({"i": vec!["a"; count]})).map(|(_, coerced)| coerced.cost);
    assert_eq!(
        (cost(250).ok(), cost(251).ok(), cost(1_000).ok()),
        (Some(250), Some(251), Some(1_000))
    );
    let rejection = cost(20_000).expect_err("too dear");
    assert_eq!(
        (rejection.code.as_str(), rejection.cost),
        ("QUERY_TOO_COMPLEX", Some(20_000))
    );
}
