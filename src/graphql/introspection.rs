//! What introspection says of the schema: one description, made once, of which each request selects.
//!
//! Takes the library's answer to a query for all there is; gives objects and their fields. Where the library differs from
//! what the specification says of this schema, the description is put right here.
//!
//! Source: the GraphQL specification, section 4 "Introspection".

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// A query for every field of every introspection type. Types are named where others refer to them.
pub const QUERY: &str = "query { __schema { description types { ...Type } queryType { ...Ref } mutationType { ...Ref }
  subscriptionType { ...Ref } directives { name description locations isRepeatable
  args(includeDeprecated: true) { ...Input } } } }
fragment Type on __Type { kind name description specifiedByURL isOneOf fields(includeDeprecated: true) { name description
  isDeprecated deprecationReason type { ...Ref } args(includeDeprecated: true) { ...Input } } interfaces { ...Ref }
  possibleTypes { ...Ref } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...Input } ofType { ...Ref } }
fragment Input on __InputValue { name description defaultValue isDeprecated deprecationReason type { ...Ref } }
fragment Ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }";

/// The description of the schema.
#[derive(Debug)]
pub struct Introspection {
    schema: Value,
    /// Where each type is in `types` of the schema.
    places: HashMap<String, usize>,
}

impl Introspection {
    /// The description, from the library's answer to [`QUERY`].
    #[must_use]
    pub fn of(mut answer: Value) -> Self {
        let mut schema = answer["__schema"].take();
        // This schema has no description. The library declares that every schema has one, in a sentence of its own.
        schema["description"] = Value::Null;
        let declared = objects(&mut schema["types"]).find(|described| described["name"] == "__Schema");
        let fields = declared.and_then(|described| described.get_mut("fields"));
        for field in fields.into_iter().flat_map(objects) {
            if field["name"] == "description" {
                field["description"] = Value::Null;
                let nullable = field["type"]["ofType"].take();
                field["type"] = nullable;
            }
        }
        leave_out_unused_scalars(&mut schema);
        for described in objects(&mut schema["types"]) {
            let is_interface = described.get("kind") == Some(&json!("INTERFACE"));
            if let Some(interfaces) = described.get_mut("interfaces").filter(|_| is_interface)
                && interfaces.is_null()
            {
                *interfaces = json!([]);
            }
        }
        let types = schema["types"].as_array().into_iter().flatten();
        let names = types.enumerate().filter_map(|(place, described)| {
            let name = described["name"].as_str()?;
            Some((name.to_owned(), place))
        });
        let places = names.collect();
        Self { schema, places }
    }

    /// `__schema`.
    #[must_use]
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// `__type`: null where the schema has no such type.
    #[must_use]
    pub fn named(&self, name: &str) -> &Value {
        let place = self.places.get(name);
        place.map_or(&Value::Null, |place| &self.schema["types"][*place])
    }

    /// The type that a reference is to: the whole of a named one, and of a list or a non-null type the reference itself.
    #[must_use]
    pub fn referred<'a>(&'a self, reference: &'a Value) -> &'a Value {
        match reference["name"].as_str() {
            Some(name) => self.named(name),
            None => reference,
        }
    }
}

fn objects(list: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let list = list.as_array_mut().into_iter().flatten();
    list.filter_map(Value::as_object_mut)
}

/// Leaves out the built-in scalars that nothing in the schema has as its type. `String` and `Boolean` are in every schema.
fn leave_out_unused_scalars(schema: &mut Value) {
    let text = schema.to_string();
    let is_used = |name: &str| {
        let reference = |fields: [String; 2]| text.contains(&format!("{{{}}}", fields.join(",")));
        let (kind, name) = ("\"kind\":\"SCALAR\"".to_owned(), format!("\"name\":\"{name}\""));
        // The innermost `ofType` of a reference, or a reference that has none.
        reference([kind.clone(), name.clone()])
            || text.contains(&format!("{{{kind},{name},\"ofType\":null}}"))
    };
    let unused = ["Int", "Float", "ID"].map(|name| (name, !is_used(name)));
    if let Some(types) = schema["types"].as_array_mut() {
        types.retain(|described| !unused.contains(&(described["name"].as_str().unwrap_or_default(), true)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    /// All objects of one introspection type, and of all others, wherever they stand in the description.
    fn described(value: &Value, type_name: &'static str, found: &mut HashMap<&'static str, Vec<Value>>) {
        let below: &[(&str, &'static str)] = match type_name {
            "__Schema" => &[("types", "__Type"), ("directives", "__Directive")],
            "__Type" => &[
                ("fields", "__Field"),
                ("inputFields", "__InputValue"),
                ("enumValues", "__EnumValue"),
            ],
            "__Field" | "__Directive" => &[("args", "__InputValue")],
            _ => &[],
        };
        found.entry(type_name).or_default().push(value.clone());
        for (field, type_name) in below {
            for item in value[field].as_array().into_iter().flatten() {
                described(item, type_name, found);
            }
        }
    }

    #[test]
    fn every_field_of_every_introspection_type_is_in_the_description() {
        let schema = schema::build();
        let introspection = schema.introspection();
        let mut found = HashMap::new();
        described(introspection.schema(), "__Schema", &mut found);
        assert_eq!(found.len(), 6);
        for (type_name, objects) in found {
            let declared = introspection.named(type_name)["fields"]
                .as_array()
                .expect(type_name);
            assert!(!declared.is_empty() && !objects.is_empty(), "{type_name}");
            for field in declared {
                let name = field["name"].as_str().unwrap();
                for object in &objects {
                    assert!(object.get(name).is_some(), "{type_name}.{name} in {object}");
                }
            }
        }
    }

    #[test]
    fn only_scalars_that_the_schema_uses_are_listed() {
        let schema = schema::build();
        let introspection = schema.introspection();
        assert_eq!(introspection.named("Float"), &Value::Null);
        for name in ["Int", "ID", "String", "Boolean", "BigInt", "DateTime"] {
            assert_eq!(introspection.named(name)["kind"], "SCALAR", "{name}");
        }
        assert_eq!(introspection.named("Node")["interfaces"], json!([]));
    }
}
