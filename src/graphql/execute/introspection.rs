//! `__schema` and `__type`: what the library answers, each root field by itself, so that one failure leaves its siblings.
//!
//! Takes what is selected, with fragments followed and `@skip` and `@include` applied; gives the library a document of
//! plain fields and constants, and the answer as graphql-js gives it. Fields that a client cannot name are selected
//! where the answer needs them: their keys are no names of GraphQL.

use std::collections::HashMap;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, Variables};
use async_graphql_value::ConstValue;

use super::Run;
use super::arguments::constant;
use crate::graphql::schema::Schema;
use crate::json::Json;
use crate::resources::Failure;
use crate::selection::collect::Collected;

/// The types of introspection. Each field has one type, so a fragment that is valid is on that.
const TYPES: [&str; 6] = [
    "__Schema",
    "__Type",
    "__Field",
    "__InputValue",
    "__EnumValue",
    "__Directive",
];

/// The key of a field that stands where nothing is selected: the library makes null of an object without fields.
const FILLER: &str = " ";
/// The key of a type's `kind`.
const KIND: &str = " kind";
/// The key of a type's `name`.
const NAME: &str = " name";

/// A root field that the library answers.
#[derive(Debug)]
pub(super) struct Introspection(Positioned<Field>);

impl Introspection {
    /// Compiles what is selected.
    pub(super) fn compile(collected: &Collected<'_>) -> Self {
        Self(plain(collected))
    }

    /// Writes the field's value.
    ///
    /// # Errors
    ///
    /// [`Failure::Internal`]: the library answers every valid document.
    pub(super) async fn write(&self, run: Run<'_>, json: &mut Json) -> Result<(), Failure> {
        let Self(field) = self;
        let field = with_constants(field, run.variables);
        let document = document(field.clone());
        // Boxed: the library's future is large.
        let response = Box::pin(run.schema.introspect(document)).await;
        if let Some(error) = response.errors.first() {
            return Err(Failure::Internal(format!("introspection: {}", error.message)));
        }
        let root = SelectionSet {
            items: vec![Positioned::new(Selection::Field(field.clone()), field.pos)],
        };
        let data = like_graphql_js(response.data, &root, run.schema);
        let value = match &data {
            ConstValue::Object(fields) => fields.get(field.node.response_key().node.as_str()),
            _ => None,
        };
        let text = serde_json::to_string(value.unwrap_or(&ConstValue::Null));
        json.raw(&text.map_err(|error| Failure::Internal(error.to_string()))?);
        Ok(())
    }
}

/// A field without fragments and directives, and with what its answer needs.
fn plain(collected: &Collected<'_>) -> Positioned<Field> {
    let Collected { field, below, .. } = collected;
    let below = below.fields(&TYPES);
    let mut fields: Vec<_> = below.iter().map(plain).collect();
    let at = field.pos;
    // A type without a name is only known in its place.
    match field.node.name.node.as_str() {
        "types" | "__type" => fields.push(hidden(NAME, "name", at)),
        _ => {}
    }
    if fields.iter().any(|field| field.node.name.node == "interfaces") {
        fields.push(hidden(KIND, "kind", at));
    }
    let selects = !field.node.selection_set.node.items.is_empty();
    if selects && fields.is_empty() {
        fields.push(hidden(FILLER, "__typename", at));
    }
    let items = fields.into_iter().map(|field| {
        let at = field.pos;
        Positioned::new(Selection::Field(field), at)
    });
    let selection_set = SelectionSet {
        items: items.collect(),
    };
    let plain = Field {
        alias: field.node.alias.clone(),
        name: field.node.name.clone(),
        arguments: field.node.arguments.clone(),
        directives: Vec::new(),
        selection_set: Positioned::new(selection_set, at),
    };
    Positioned::new(plain, at)
}

fn hidden(key: &str, name: &str, at: Pos) -> Positioned<Field> {
    let field = Field {
        alias: Some(Positioned::new(Name::new(key), at)),
        name: Positioned::new(Name::new(name), at),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: Positioned::new(SelectionSet { items: Vec::new() }, at),
    };
    Positioned::new(field, at)
}

/// The same with variables put in. An argument that is an unset variable is absent; so is one that is null, which for
/// `includeDeprecated` means the same and which the library takes for a wrong type.
fn with_constants(field: &Positioned<Field>, variables: &Variables) -> Positioned<Field> {
    let mut field = field.clone();
    let arguments = std::mem::take(&mut field.node.arguments);
    let arguments = arguments.into_iter().filter_map(|(name, value)| {
        let constant = constant(&value.node, variables).filter(|value| *value != ConstValue::Null)?;
        Some((name, Positioned::new(constant.into_value(), value.pos)))
    });
    field.node.arguments = arguments.collect();
    for item in &mut field.node.selection_set.node.items {
        if let Selection::Field(below) = &mut item.node {
            *below = with_constants(below, variables);
        }
    }
    field
}

fn document(field: Positioned<Field>) -> ExecutableDocument {
    let at = field.pos;
    let items = vec![Positioned::new(Selection::Field(field), at)];
    let operation = OperationDefinition {
        ty: OperationType::Query,
        variable_definitions: Vec::new(),
        directives: Vec::new(),
        selection_set: Positioned::new(SelectionSet { items }, at),
    };
    ExecutableDocument {
        operations: DocumentOperations::Single(Positioned::new(operation, at)),
        fragments: HashMap::new(),
    }
}

/// The library's answer without what nobody selected; an interface has a list of interfaces, if an empty one, and a
/// built-in scalar that nothing of the schema refers to is no type of it.
fn like_graphql_js(value: ConstValue, set: &SelectionSet, schema: &Schema) -> ConstValue {
    match value {
        ConstValue::List(items) => {
            let items = items.into_iter().filter(|item| !is_unused(item, schema));
            ConstValue::List(items.map(|item| like_graphql_js(item, set, schema)).collect())
        }
        value if is_unused(&value, schema) => ConstValue::Null,
        ConstValue::Object(mut from) => {
            let is_interface = from.get(KIND) == Some(&ConstValue::Enum(Name::new("INTERFACE")));
            let mut fields = async_graphql::indexmap::IndexMap::new();
            for item in &set.items {
                let Selection::Field(field) = &item.node else {
                    continue;
                };
                let key = &field.node.response_key().node;
                if key.starts_with(' ') {
                    continue;
                }
                let below = &field.node.selection_set.node;
                let value = from.swap_remove(key).unwrap_or_default();
                let value =
                    if value == ConstValue::Null && is_interface && field.node.name.node == "interfaces" {
                        ConstValue::List(Vec::new())
                    } else {
                        like_graphql_js(value, below, schema)
                    };
                fields.insert(key.clone(), value);
            }
            ConstValue::Object(fields)
        }
        value => value,
    }
}

/// Whether this is a type that the schema does not have, by the name that [`plain`] asked for.
fn is_unused(value: &ConstValue, schema: &Schema) -> bool {
    let ConstValue::Object(fields) = value else {
        return false;
    };
    match fields.get(NAME) {
        Some(ConstValue::String(name)) => schema.is_unused(name),
        _ => false,
    }
}
