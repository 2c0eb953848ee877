//! The description holds what the code does: every path, every name, and an example that clients can read.

use std::collections::BTreeSet;

use entity::ImportStatus;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::rest::{COUNTS, LISTS, RECORDS};
use super::document;
use crate::resources::imports::rest::parse;

fn described() -> Value {
    serde_json::to_value(document()).expect("a JSON document")
}

/// Every `$ref` in a document.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn it_is_openapi_3_1_and_names_every_path_of_the_router() {
    let described = described();
    assert_eq!(described["openapi"], "3.1.0");
    let paths = described["paths"].as_object().expect("paths");
    let found: BTreeSet<_> = paths.keys().map(String::as_str).collect();
    assert_eq!(found, LISTS.into_iter().chain(COUNTS).chain(RECORDS).collect());
    let operations: Vec<_> = paths.values().map(|path| &path["get"]["operationId"]).collect();
    let distinct: BTreeSet<_> = operations.iter().map(|id| id.as_str().expect("an id")).collect();
    assert_eq!(distinct.len(), operations.len());
}

#[test]
fn every_reference_leads_to_a_schema_and_every_scheme_exists() {
    let described = described();
    let mut found = Vec::new();
    references(&described, &mut found);
    assert!(found.len() > 10, "{found:?}");
    for reference in found {
        let pointer = reference
            .strip_prefix('#')
            .expect("a reference within the document");
        assert!(described.pointer(pointer).is_some(), "{reference}");
    }
    let schemes = described["components"]["securitySchemes"]
        .as_object()
        .expect("schemes");
    for path in described["paths"].as_object().expect("paths").values() {
        for requirement in path["get"]["security"].as_array().expect("requirements") {
            for scheme in requirement.as_object().expect("a requirement").keys() {
                assert!(schemes.contains_key(scheme), "{scheme}");
            }
        }
    }
}

#[test]
fn every_parameter_that_is_described_is_understood() {
    let described = described();
    let parameters = &described["paths"][LISTS[0]]["get"]["parameters"];
    let names: Vec<_> = parameters
        .as_array()
        .expect("parameters")
        .iter()
        .filter(|parameter| parameter["in"] == "query")
        .map(|parameter| parameter["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names.len(), 27);
    for name in names {
        // A parameter that is none of the API's would be passed over.
        let faults = parse(Some(&format!("{name}=%00")), 250).expect_err(name);
        assert!(faults.iter().any(|(parameter, _)| parameter == name), "{name}");
        let value = match name {
            "start_cursor" => "",
            "per_page" => "2",
            "start_at[id]" => "7",
            "filter[status][include]" | "filter[status][exclude]" => "new,failed",
            "filter[is_completed]" => "true",
            name if name.starts_with("sort") => "asc",
            _ => "2026-05-01",
        };
        let question = parse(Some(&format!("{name}={value}")), 250).expect(name);
        let default = parse(None, 250).expect("the default");
        assert_eq!(question == default, name == "start_cursor", "{name}");
    }
}

#[test]
fn the_statuses_are_the_ten() {
    let described = described();
    let names: Vec<_> = ImportStatus::ALL.map(ImportStatus::name).map(Value::from).into();
    let status = &described["components"]["schemas"]["Record"]["properties"]["status"];
    assert_eq!(status["enum"], Value::from(names.clone()));
    let list = &described["paths"][LISTS[0]]["get"]["parameters"][5]["schema"]["items"];
    assert_eq!(list["enum"], Value::from(names));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the names and types are what is tried")]
struct Record {
    id: i64,
    completed_at: Option<String>,
    file_name: String,
    file_size: String,
    note: Option<String>,
    r#type: String,
    status: String,
    created_at: String,
    updated_at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    start_cursor: Option<String>,
    next_cursor: Option<String>,
    per_page: u32,
    estimated_remaining_count: u32,
    filtered_by: Vec<Value>,
    sorted_by: Vec<Value>,
    records: Vec<Record>,
}

#[test]
fn the_examples_are_what_a_client_reads() {
    let described = described();
    let example = |path: &str| {
        let answer = &described["paths"][path]["get"]["responses"]["200"];
        answer["content"]["application/json"]["example"].clone()
    };
    let page: Page = serde_json::from_value(example(LISTS[0])).expect("a page");
    assert_eq!((page.per_page, page.estimated_remaining_count), (50, 500));
    assert_eq!(
        (page.filtered_by.len(), page.sorted_by.len(), page.records.len()),
        (16, 1, 1)
    );
    assert_ne!(page.start_cursor, page.next_cursor);
    let record: Record = serde_json::from_value(example(RECORDS[0])).expect("a record");
    assert_eq!(record.updated_at, "2026-05-01T12:00:00.123456Z");
    assert_eq!(record.created_at, "2026-05-01T11:59:00.000000Z");
}

/// What a schema has no place for in the eyes of some reader: a list of types, and examples of its own.
fn misread(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let is_list = map.get("type").is_some_and(Value::is_array);
            let is_schema =
                map.contains_key("type") || map.contains_key("anyOf") || map.contains_key("oneOf");
            if is_list || (is_schema && (map.contains_key("example") || map.contains_key("examples"))) {
                found.push(path.to_owned());
            }
            for (name, value) in map.iter().filter(|(name, _)| *name != "example") {
                misread(value, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(list) => {
            for (place, value) in list.iter().enumerate() {
                misread(value, &format!("{path}/{place}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn no_schema_has_a_list_of_types_or_examples_of_its_own() {
    let mut found = Vec::new();
    misread(&described(), "", &mut found);
    assert_eq!(found, Vec::<String>::new());
    // The check sees both.
    for faulty in [
        json!({"type": ["string", "null"]}),
        json!({"x": [{"type": "string", "examples": ["a"]}]}),
    ] {
        let mut found = Vec::new();
        misread(&faulty, "", &mut found);
        assert_eq!(found.len(), 1, "{faulty}");
    }
}

#[test]
fn the_server_is_the_one_that_the_description_came_from() {
    // Relative to the URL of the description, and without a slash at its end, which linters refuse.
    assert_eq!(described()["servers"], json!([{"url": "."}]));
}

/// A query string of parameters by their examples, in the order of the description.
fn by_example<'a>(parameters: impl Iterator<Item = &'a Value>) -> String {
    let pairs = parameters.filter_map(|parameter| {
        let example = match parameter.get("example")? {
            Value::Array(list) => list
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(","),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(format!(
            "{}={example}",
            parameter["name"].as_str().expect("a name")
        ))
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[test]
fn the_examples_fit_together_whichever_are_sent() {
    let described = described();
    let operation = &described["paths"][LISTS[0]]["get"];
    let parameters = operation["parameters"].as_array().expect("parameters");
    let with_example = parameters
        .iter()
        .filter(|parameter| parameter.get("example").is_some());
    let with_example: Vec<_> = with_example.collect();
    assert_eq!(with_example.len(), 19);
    // Every subset of some of them at a time.
    for subset in (0_u32..1 << with_example.len()).step_by(7) {
        let chosen = with_example
            .iter()
            .enumerate()
            .filter(|(place, _)| subset >> place & 1 == 1);
        let query = by_example(chosen.map(|(_, parameter)| *parameter));
        assert!(parse(Some(&query), 250).is_ok(), "{query}");
    }
    // Sent all together they ask for the example page.
    let question = parse(Some(&by_example(parameters.iter())), 250).expect("a sound question");
    let page = &operation["responses"]["200"]["content"]["application/json"]["example"];
    assert_eq!(page["filtered_by"], json!(question.filtered_by));
    assert_eq!(page["sorted_by"], json!(question.sorted_by));
    assert_eq!(page["per_page"], question.window.size());
    assert_eq!(page["start_cursor"], parameters[0]["example"]);
    // A cursor of an answer starts a page, under the sort of the answer too.
    for cursor in ["start_cursor", "next_cursor"] {
        let cursor = page[cursor].as_str().expect("a cursor");
        assert!(parse(Some(&format!("start_cursor={cursor}&sort[created_at]=desc")), 250).is_ok());
    }
}

#[test]
fn every_answer_with_a_tag_can_be_asked_for_again() {
    let described = described();
    for path in LISTS.into_iter().chain(COUNTS).chain(RECORDS) {
        let operation = &described["paths"][path]["get"];
        for status in ["200", "304"] {
            assert!(
                operation["responses"][status]["headers"]["ETag"].is_object(),
                "{path}"
            );
        }
        assert_eq!(operation["responses"]["304"].get("content"), None, "{path}");
        let last = operation["parameters"].as_array().and_then(|list| list.last());
        let last = last.expect("a parameter");
        assert_eq!(
            (&last["name"], &last["in"]),
            (&json!("If-None-Match"), &json!("header"))
        );
        assert_ne!(last["required"], json!(true));
    }
}

#[test]
fn the_id_is_the_last_sort_key_and_says_why() {
    let described = described();
    let parameters = described["paths"][LISTS[0]]["get"]["parameters"]
        .as_array()
        .expect("parameters");
    let names: Vec<_> = parameters
        .iter()
        .map(|parameter| parameter["name"].as_str().expect("a name"))
        .collect();
    // Behind it stands what is no part of the query string.
    assert_eq!(
        names[24..],
        [
            "sort[created_at]",
            "sort[updated_at]",
            "sort[id]",
            "If-None-Match"
        ]
    );
    let description = parameters[26]["description"].as_str().expect("a description");
    assert!(description.contains("last"), "{description}");
}

#[test]
fn every_status_that_is_sent_is_described() {
    let described = described();
    for path in LISTS.into_iter().chain(COUNTS).chain(RECORDS) {
        let answers = described["paths"][path]["get"]["responses"]
            .as_object()
            .expect("answers");
        let found: Vec<_> = answers.keys().map(String::as_str).collect();
        let expected = [
            "200", "304", "400", "401", "404", "405", "414", "429", "431", "500", "503", "504",
        ];
        assert_eq!(found, expected, "{path}");
        let limited = answers["429"]["description"].as_str().expect("a description");
        assert!(limited.contains("without a valid API key"), "{limited}");
    }
}

#[test]
fn what_an_answer_always_has_is_required() {
    let described = described();
    let schemas = described["components"]["schemas"].as_object().expect("schemas");
    for name in [
        "Page",
        "Record",
        "ImportCounts",
        "CountBucket",
        "StatusCount",
        "Problem",
        "BadRequest",
        "TooManyRequests",
    ] {
        let schema = &schemas[name];
        let properties = schema["properties"].as_object().expect("properties").keys();
        // It is there where it is true.
        let properties = properties.filter(|name| *name != "search_partial");
        let required: BTreeSet<_> = schema["required"]
            .as_array()
            .expect(name)
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(
            properties.map(String::as_str).collect::<BTreeSet<_>>(),
            required,
            "{name}"
        );
    }
    for (schema, property, format) in [
        ("Page", "start_cursor", None),
        ("Page", "next_cursor", None),
        ("Record", "completed_at", Some("date-time")),
        ("Record", "note", None),
    ] {
        let found = &schemas[schema]["properties"][property];
        let mut text = json!({"type": "string"});
        if let Some(format) = format {
            text["format"] = format.into();
        }
        assert_eq!(found["anyOf"], json!([text, {"type": "null"}]), "{property}");
        let description = found["description"].as_str();
        assert!(description.is_some_and(|text| text.len() > 20), "{property}");
    }
}
