//! The description holds what the code does: every path, every name, and an example that clients can read.

use std::collections::BTreeSet;

use entity::ImportStatus;
use serde::Deserialize;
use serde_json::Value;

use super::super::rest::{LISTS, RECORDS};
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
    assert_eq!(found, LISTS.into_iter().chain(RECORDS).collect());
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
        .map(|parameter| parameter["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names.len(), 14);
    for name in names {
        // A parameter that is none of the API's would be passed over.
        let faults = parse(Some(&format!("{name}=%00")), 250).expect_err(name);
        assert!(faults.iter().any(|(parameter, _)| parameter == name), "{name}");
        let value = match name {
            "start_cursor" => "",
            "per_page" => "2",
            "filter[status][include]" => "new,failed",
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
    let list = &described["paths"][LISTS[0]]["get"]["parameters"][2]["schema"]["items"];
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
        (2, 1, 1)
    );
    assert_ne!(page.start_cursor, page.next_cursor);
    let record: Record = serde_json::from_value(example(RECORDS[0])).expect("a record");
    assert_eq!(record.updated_at, "2026-05-01T12:00:00.123456Z");
    assert_eq!(record.created_at, "2026-05-01T11:59:00.000000Z");
}

#[test]
fn what_an_answer_always_has_is_required() {
    let described = described();
    let schemas = described["components"]["schemas"].as_object().expect("schemas");
    for name in ["Page", "Record", "Problem", "BadRequest", "TooManyRequests"] {
        let schema = &schemas[name];
        let properties = schema["properties"].as_object().expect("properties").keys();
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
    let nullable = &schemas["Record"]["properties"]["note"]["type"];
    assert_eq!(*nullable, serde_json::json!(["string", "null"]));
}
