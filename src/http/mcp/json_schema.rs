//! JSON Schema of what a tool takes and gives, made of what introspection says of the GraphQL schema: a column, a sort key
//! or a filter that is added there is in the tools too.
//!
//! Deliberately absent: formats, at each of which some clients print a warning, and lists of types, of which some warn.
//!
//! Source: JSON Schema 2020-12.

use serde_json::{Map, Value, json};

use crate::graphql::introspection::Introspection;

/// The schema of the arguments of a field of `Query`; what is not listed there is refused.
pub(super) fn of_arguments(introspection: &Introspection, field: &str) -> Value {
    let fields = introspection.named("Query")["fields"].as_array();
    let found = fields.into_iter().flatten().find(|one| one["name"] == field);
    found.map_or(Value::Null, |found| of_inputs(introspection, &found["args"]))
}

/// The names and schemas of an object type's fields, in their order.
pub(super) fn of_fields(introspection: &Introspection, type_name: &str) -> Vec<(String, Value)> {
    let fields = introspection.named(type_name)["fields"].as_array();
    let schemas = fields.into_iter().flatten().map(|field| {
        let of = &field["type"];
        let schema = match of["kind"].as_str() {
            Some("NON_NULL") => of_input(introspection, of),
            _ => or_null(of_input(introspection, of)),
        };
        (name(field), about(schema, field))
    });
    schemas.collect()
}

/// An object that has all of these members.
pub(super) fn object(members: Map<String, Value>) -> Value {
    let required: Vec<_> = members.keys().cloned().collect();
    json!({ "type": "object", "properties": members, "required": required })
}

/// What may be null too.
pub(super) fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// An object of these input values.
fn of_inputs(introspection: &Introspection, inputs: &Value) -> Value {
    let inputs = || inputs.as_array().into_iter().flatten();
    let required = inputs().filter(|input| input["type"]["kind"] == "NON_NULL");
    let required: Vec<_> = required.map(name).collect();
    let properties =
        inputs().map(|input| (name(input), about(of_input(introspection, &input["type"]), input)));
    let properties: Map<_, _> = properties.collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

fn of_input(introspection: &Introspection, reference: &Value) -> Value {
    let of = &reference["ofType"];
    match reference["kind"].as_str() {
        Some("NON_NULL") => return of_input(introspection, of),
        Some("LIST") => return json!({ "type": "array", "items": of_input(introspection, of) }),
        _ => {}
    }
    let described = introspection.referred(reference);
    match (described["kind"].as_str(), described["name"].as_str()) {
        (Some("ENUM"), _) => {
            let values = described["enumValues"].as_array().into_iter().flatten();
            let values: Vec<_> = values.map(name).collect();
            json!({ "type": "string", "enum": values })
        }
        (Some("INPUT_OBJECT"), _) => {
            let mut schema = of_inputs(introspection, &described["inputFields"]);
            if described["isOneOf"] == true {
                schema["minProperties"] = 1.into();
                schema["maxProperties"] = 1.into();
            }
            schema
        }
        (_, Some("Int")) => json!({ "type": "integer" }),
        (_, Some("Boolean")) => json!({ "type": "boolean" }),
        (_, Some("BigInt" | "DateTime")) => about(json!({ "type": "string" }), described),
        _ => json!({ "type": "string" }),
    }
}

/// A schema with the description of what it is of, if that has one.
fn about(mut schema: Value, described: &Value) -> Value {
    if let Some(description) = described["description"].as_str() {
        schema["description"] = description.into();
    }
    schema
}

fn name(described: &Value) -> String {
    described["name"].as_str().unwrap_or_default().to_owned()
}
