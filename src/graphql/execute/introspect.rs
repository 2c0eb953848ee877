//! Introspection fields: what is selected of the schema's description, compiled and written.

use async_graphql::{MaybeUndefined, Variables};
use serde_json::Value;

use super::super::introspection::Introspection;
use super::arguments::Arguments;
use crate::json::Json;
use crate::resources::FieldError;
use crate::selection::collect::{Collected, Selected};

/// What is selected of objects of one introspection type.
#[derive(Debug)]
pub(super) struct Selection {
    type_name: &'static str,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    /// `"key":`
    prefix: Box<str>,
    name: Box<str>,
    arguments: Arguments,
    /// Of an object, or of the objects of a list.
    below: Option<Selection>,
}

impl Selection {
    /// What is selected of objects of the type `type_name`.
    pub(super) fn compile(type_name: &'static str, selected: &Selected<'_>) -> Self {
        let fields = selected.fields(&[type_name]);
        let fields = fields.iter().map(|Collected { key, field, below }| {
            let name = field.node.name.node.as_str();
            Field {
                prefix: format!("\"{key}\":").into(),
                name: name.into(),
                arguments: Arguments::of(&field.node),
                below: type_of(type_name, name).map(|type_name| Self::compile(type_name, below)),
            }
        });
        Self {
            type_name,
            fields: fields.collect(),
        }
    }

    /// Writes an object, the objects of a list, or null.
    ///
    /// # Errors
    ///
    /// [`FieldError::Input`] for an argument that a variable makes null, which a document's validation cannot see;
    /// [`FieldError::Internal`] for one that is not of its type: validation lets none through.
    pub(super) fn write(
        &self,
        value: &Value,
        introspection: &Introspection,
        variables: &Variables,
        json: &mut Json,
    ) -> Result<(), FieldError> {
        if value.is_null() {
            json.null();
            return Ok(());
        }
        json.raw("{");
        for (place, field) in self.fields.iter().enumerate() {
            json.raw(if place > 0 { "," } else { "" });
            json.raw(&field.prefix);
            if &*field.name == "__typename" {
                json.plain(self.type_name.as_bytes());
                continue;
            }
            let found = value.get(&*field.name).unwrap_or(&Value::Null);
            let Some(below) = &field.below else {
                json.raw(&found.to_string());
                continue;
            };
            let write = |of: &Value, json: &mut Json| {
                let of = if below.type_name == "__Type" {
                    introspection.referred(of)
                } else {
                    of
                };
                below.write(of, introspection, variables, json)
            };
            let Value::Array(items) = found else {
                write(found, json)?;
                continue;
            };
            // Types, interfaces and directives are never deprecated, and have no such argument.
            let deprecated = match field.arguments.get(variables, "includeDeprecated")? {
                MaybeUndefined::Value(deprecated) => deprecated,
                MaybeUndefined::Undefined => false,
                MaybeUndefined::Null => {
                    return Err(FieldError::Input {
                        argument: "includeDeprecated",
                        message: "`includeDeprecated` may not be null: leave it out, or send true or false."
                            .to_owned(),
                    });
                }
            };
            let is_listed = |item: &&Value| deprecated || item["isDeprecated"] != Value::Bool(true);
            json.raw("[");
            for (place, item) in items.iter().filter(is_listed).enumerate() {
                json.raw(if place > 0 { "," } else { "" });
                write(item, json)?;
            }
            json.raw("]");
        }
        json.raw("}");
        Ok(())
    }
}

/// The introspection type of a field's objects; `None`: the field has none.
///
/// Source: the GraphQL specification, section 4.2 "Schema Introspection".
fn type_of(type_name: &str, field: &str) -> Option<&'static str> {
    Some(match (type_name, field) {
        ("__Schema", "types" | "queryType" | "mutationType" | "subscriptionType") => "__Type",
        ("__Schema", "directives") => "__Directive",
        ("__Type", "fields") => "__Field",
        ("__Type", "interfaces" | "possibleTypes" | "ofType") => "__Type",
        ("__Type", "enumValues") => "__EnumValue",
        ("__Type", "inputFields") => "__InputValue",
        ("__Field" | "__Directive", "args") => "__InputValue",
        ("__Field" | "__InputValue", "type") => "__Type",
        _ => return None,
    })
}
