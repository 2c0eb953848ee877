//! What a client selected, collected once a document and then written once a row.
//!
//! Takes a selection set of a checked document; gives a tree of [`Selected`] fields, merged by response key, with
//! fragments resolved, in the order in which the document names them. A type that implements [`Composite`] writes itself
//! as JSON from such a tree without any future, so nothing inside it can fail, finish out of order or be lost.
//!
//! **Source**: the GraphQL specification, sections 6.3.2 "Field Collection" and 6.4.3 "Merging Selection Sets".

use std::borrow::Cow;
use std::collections::HashMap;
use std::marker::PhantomData;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, FragmentDefinition, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::{
    Context, ContextSelectionSet, Name, OutputType, Positioned, ServerError, ServerResult, Value,
};

use crate::json::Json;

/// The fragments of a document, by name.
pub type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// A selected field.
#[derive(Clone, Debug)]
pub struct Selected {
    /// `"key":`, as it begins the field in the answer: the alias, or the name.
    prefix: Box<str>,
    /// The field's name.
    pub name: Name,
    /// What is selected of an object; empty for a leaf.
    pub fields: Vec<Selected>,
}

impl Selected {
    /// Whether a field of this name is selected among `fields`.
    #[must_use]
    pub fn contains(fields: &[Self], name: &str) -> bool {
        fields.iter().any(|field| field.name == name)
    }

    /// `"key":`, as it begins the field in the answer.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

/// The fields of one object that share a response key: the first of them, and what all select.
pub type Merged<'a> = IndexMap<&'a Name, (&'a Positioned<Field>, Vec<&'a SelectionSet>)>;

/// What is selected of the root field that `context` resolves, in all its places, for an object of the type `type_name`.
#[must_use]
pub fn collect(context: &Context<'_>, type_name: &str) -> Vec<Selected> {
    let fragments = &context.query_env.fragments;
    let operation = &context.query_env.operation.node.selection_set.node;
    let roots = merge(fragments, &[operation], "Query");
    let sets = roots.get(&context.item.node.response_key().node);
    collect_sets(fragments, sets.map_or(&[][..], |(_, sets)| sets), type_name)
}

/// What some selection sets select together of an object of the type `type_name`.
///
/// Only the types that implement an interface need their names, `Import` and `Account`: in a valid document the fragments
/// on any other object all apply to it. Directives are not looked at.
#[must_use]
pub fn collect_sets(fragments: &Fragments, sets: &[&SelectionSet], type_name: &str) -> Vec<Selected> {
    let merged = merge(fragments, sets, type_name);
    let selected = merged.into_iter().map(|(key, (field, sets))| {
        let name = field.node.name.node.clone();
        let inner = if matches!(name.as_str(), "node" | "nodes") {
            "Import"
        } else {
            ""
        };
        let fields = collect_sets(fragments, &sets, inner);
        Selected {
            prefix: format!("\"{key}\":").into(),
            name,
            fields,
        }
    });
    selected.collect()
}

/// The fields that some selection sets select together of an object of the type `type_name`, by response key.
#[must_use]
pub fn merge<'a>(fragments: &'a Fragments, sets: &[&'a SelectionSet], type_name: &str) -> Merged<'a> {
    let mut merged = Merged::new();
    for set in sets {
        merge_set(fragments, set, type_name, &mut merged);
    }
    merged
}

fn merge_set<'a>(fragments: &'a Fragments, set: &'a SelectionSet, type_name: &str, merged: &mut Merged<'a>) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => {
                let key = field.node.alias.as_ref().unwrap_or(&field.node.name);
                let (_, sets) = merged.entry(&key.node).or_insert((field, Vec::new()));
                sets.push(&field.node.selection_set.node);
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = fragments.get(&spread.node.fragment_name.node)
                    && applies(&fragment.node.type_condition.node.on.node, type_name)
                {
                    merge_set(fragments, &fragment.node.selection_set.node, type_name, merged);
                }
            }
            Selection::InlineFragment(fragment) => {
                let condition = fragment.node.type_condition.as_ref();
                if condition.is_none_or(|condition| applies(&condition.node.on.node, type_name)) {
                    merge_set(fragments, &fragment.node.selection_set.node, type_name, merged);
                }
            }
        }
    }
}

fn applies(condition: &str, type_name: &str) -> bool {
    type_name.is_empty() || condition == type_name || condition == "Node"
}

/// An object that writes itself from a selection.
pub trait Composite {
    /// The name of the object's type.
    fn type_name(&self) -> &'static str;

    /// Writes the value of one field. `__typename` is not asked for.
    fn field(&self, selected: &Selected, json: &mut Json);

    /// Writes the whole object, one entry a selected field, in their order.
    fn write(&self, fields: &[Selected], json: &mut Json) {
        json.raw("{");
        for (index, selected) in fields.iter().enumerate() {
            if index > 0 {
                json.raw(",");
            }
            json.raw(&selected.prefix);
            match selected.name.as_str() {
                "__typename" => json.plain(self.type_name().as_bytes()),
                _ => self.field(selected, json),
            }
        }
        json.raw("}");
    }
}

/// A value written already, where the schema has the type `T`.
///
/// `T` is the derived type that the registry knows, with its fields and descriptions; it resolves nothing here.
#[derive(Debug)]
pub struct Written<T> {
    json: Vec<u8>,
    schema_type: PhantomData<fn() -> T>,
}

impl<T> Written<T> {
    /// What `write` writes, as an answer to a field of type `T`.
    #[must_use]
    pub fn new(json: Json) -> Self {
        Self {
            json: json.into_bytes(),
            schema_type: PhantomData,
        }
    }
}

impl<T: OutputType> OutputType for Written<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        // The library's executor wants a tree; it runs a document once, and what a plan cannot.
        serde_json::from_slice(&self.json)
            .map_err(|error| ServerError::new(error.to_string(), Some(field.pos)))
    }
}
