//! What a client selected, collected once a field and then written once a row.
//!
//! Takes a selection set of a checked document; gives a tree of [`Selected`] fields, merged by response key, with
//! fragments resolved, in the order in which the document names them. A type that implements [`Composite`] writes itself
//! from such a tree without any future, so nothing inside it can fail, finish out of order or be lost.
//!
//! **Source**: the GraphQL specification, sections 6.3.2 "Field Collection" and 6.4.3 "Merging Selection Sets".

use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet};
use async_graphql::registry::{MetaTypeName, Registry};
use async_graphql::{
    Context, ContextBase, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value,
};

/// A selected field.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The key in the answer: the alias, or the name.
    pub key: Name,
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
}

/// The response keys of an operation's root fields, each once, in the order in which the document names them.
///
/// The library answers root fields in the order in which they happen to end; this is the order that they have.
#[must_use]
pub fn root_keys<'a>(document: &'a ExecutableDocument, operation: &'a OperationDefinition) -> Vec<&'a Name> {
    let mut keys = Vec::new();
    push_keys(document, &operation.selection_set.node, &mut keys);
    keys
}

/// Fragments are known not to spread themselves: the guard refuses such a document.
fn push_keys<'a>(document: &'a ExecutableDocument, set: &'a SelectionSet, keys: &mut Vec<&'a Name>) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => {
                let key = &field.node.response_key().node;
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    push_keys(document, &fragment.node.selection_set.node, keys);
                }
            }
            Selection::InlineFragment(fragment) => {
                push_keys(document, &fragment.node.selection_set.node, keys);
            }
        }
    }
}

/// What is selected of the field that `context` resolves, for an object of the type `type_name`.
#[must_use]
pub fn collect(context: &Context<'_>, type_name: &str) -> Vec<Selected> {
    collect_sets(context, &[&context.item.node.selection_set.node], type_name)
}

fn collect_sets<T>(context: &ContextBase<'_, T>, sets: &[&SelectionSet], type_name: &str) -> Vec<Selected> {
    let mut found: IndexMap<&Name, (&Name, Vec<&SelectionSet>)> = IndexMap::new();
    for set in sets {
        collect_set(context, set, type_name, &mut found);
    }
    let registry = &context.schema_env.registry;
    let fields = found.into_iter().map(|(key, (name, sets))| Selected {
        key: key.clone(),
        name: name.clone(),
        fields: match field_type(registry, type_name, name) {
            Some(field_type) if sets.iter().any(|set| !set.items.is_empty()) => {
                collect_sets(context, &sets, field_type)
            }
            _ => Vec::new(),
        },
    });
    fields.collect()
}

fn collect_set<'a, T>(
    context: &ContextBase<'a, T>,
    set: &'a SelectionSet,
    type_name: &str,
    found: &mut IndexMap<&'a Name, (&'a Name, Vec<&'a SelectionSet>)>,
) {
    let registry = &context.schema_env.registry;
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => {
                let field = &field.node;
                let key = field.alias.as_ref().unwrap_or(&field.name);
                let sets = &mut found.entry(&key.node).or_insert((&field.name.node, Vec::new())).1;
                sets.push(&field.selection_set.node);
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = context.query_env.fragments.get(&spread.node.fragment_name.node)
                    && applies(registry, &fragment.node.type_condition.node.on.node, type_name)
                {
                    collect_set(context, &fragment.node.selection_set.node, type_name, found);
                }
            }
            Selection::InlineFragment(fragment) => {
                let condition = fragment.node.type_condition.as_ref();
                if condition.is_none_or(|condition| applies(registry, &condition.node.on.node, type_name)) {
                    collect_set(context, &fragment.node.selection_set.node, type_name, found);
                }
            }
        }
    }
}

fn applies(registry: &Registry, condition: &str, type_name: &str) -> bool {
    registry
        .types
        .get(condition)
        .is_some_and(|meta| meta.is_possible_type(type_name))
}

fn field_type<'r>(registry: &'r Registry, type_name: &str, field: &str) -> Option<&'r str> {
    let field = registry.types.get(type_name)?.field_by_name(field)?;
    Some(MetaTypeName::concrete_typename(&field.ty))
}

/// An object that writes itself from a selection.
pub trait Composite: Send + Sync {
    /// The name of the object's type.
    fn type_name(&self) -> &'static str;

    /// The value of one field. `__typename` is not asked for.
    fn field(&self, selected: &Selected) -> Value;

    /// The whole object, one entry a selected field, in their order.
    fn write(&self, fields: &[Selected]) -> Value {
        let mut object = IndexMap::with_capacity(fields.len());
        for selected in fields {
            let value = match selected.name.as_str() {
                "__typename" => Value::from(self.type_name()),
                _ => self.field(selected),
            };
            object.insert(selected.key.clone(), value);
        }
        Value::Object(object)
    }
}

/// A value written already, where the schema has the type `T`.
///
/// `T` is the derived type that the registry knows, with its fields and descriptions; it resolves nothing here.
#[derive(Debug)]
pub struct Written<T> {
    value: Value,
    schema_type: PhantomData<fn() -> T>,
}

impl<T> Written<T> {
    /// The value as an answer to a field of type `T`.
    #[must_use]
    pub fn new(value: Value) -> Self {
        Self {
            value,
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

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(self.value.clone())
    }
}
