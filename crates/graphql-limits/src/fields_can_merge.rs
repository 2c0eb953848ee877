//! Fields with one response key must be one field, or fields of different objects and then of one shape: the
//! specification's rule "Field Selection Merging" (graphql-js: `OverlappingFieldsCanBeMerged`).
//!
//! async-graphql checks each selection set by itself, so that a field in a fragment and one beside the fragment do not
//! conflict. Here all selection sets of one object are checked together, fragments followed; the limits on complexity
//! have bounded how much that is.

use std::collections::HashSet;

use async_graphql_parser::Positioned;
use async_graphql_parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql_value::Name;
use async_graphql_value::indexmap::IndexMap;

use crate::rejection::{Errors, quote};
use crate::schema_types::{self, SchemaTypes};

/// A field in the text, and the type that it is a field of, where the schema has it.
#[derive(Clone, Copy)]
struct FieldUse<'a> {
    field: &'a Positioned<Field>,
    parent: Option<&'a str>,
}

type Keys<'a> = IndexMap<&'a Name, Vec<FieldUse<'a>>>;

/// Looks for conflicts among all that an operation selects; gives the nodes visited, at most as many as it expands to.
pub(crate) fn check_fields_can_merge<'a>(
    document: &'a ExecutableDocument,
    root: &'a SelectionSet,
    on: Option<&'a str>,
    types: &'a SchemaTypes,
    errors: &mut Errors,
) -> u64 {
    let mut check = Check {
        document,
        types,
        errors,
        steps: 0,
    };
    check.object(&[(root, on)], Rule::OneField);
    check.steps
}

/// What fields with one response key have to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// One field, unless they are of different objects.
    OneField,
    /// Fields of one shape, as they are below fields of different objects.
    OneShape,
}

struct Check<'a, 'f> {
    document: &'a ExecutableDocument,
    types: &'a SchemaTypes,
    errors: &'f mut Errors,
    steps: u64,
}

impl<'a> Check<'a, '_> {
    /// Checks the selection sets of one object, or of objects of which one will be there.
    fn object(&mut self, sets: &[(&'a SelectionSet, Option<&'a str>)], rule: Rule) {
        let (mut keys, mut spread) = (Keys::new(), HashSet::new());
        for (set, on) in sets {
            self.collect(set, *on, &mut keys, &mut spread);
        }
        for (key, uses) in keys {
            let Some(rule) = self.compare(key, &uses, rule) else {
                continue;
            };
            let below = uses.iter().map(|field_use| {
                let of = self.of(field_use).map(|field| field.of.as_str());
                (&field_use.field.node.selection_set.node, of)
            });
            let below: Vec<_> = below.filter(|(set, _)| !set.items.is_empty()).collect();
            if !below.is_empty() {
                self.object(&below, rule);
            }
        }
    }

    fn collect(
        &mut self,
        set: &'a SelectionSet,
        on: Option<&'a str>,
        keys: &mut Keys<'a>,
        spread: &mut HashSet<&'a Name>,
    ) {
        for selection in &set.items {
            self.steps += 1;
            match &selection.node {
                Selection::Field(field) => {
                    let key = field.node.alias.as_ref().unwrap_or(&field.node.name);
                    keys.entry(&key.node)
                        .or_default()
                        .push(FieldUse { field, parent: on });
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    let on = match condition {
                        Some(condition) => self.known(&condition.node.on.node),
                        None => on,
                    };
                    self.collect(&inline.node.selection_set.node, on, keys, spread);
                }
                Selection::FragmentSpread(named) => {
                    let name = &named.node.fragment_name.node;
                    if let Some(fragment) = self.document.fragments.get(name)
                        && spread.insert(name)
                    {
                        let on = self.known(&fragment.node.type_condition.node.on.node);
                        self.collect(&fragment.node.selection_set.node, on, keys, spread);
                    }
                }
            }
        }
    }

    /// The type of a type condition, where the schema has it. All others are alike here, as a document can have any number
    /// of them; they are an error of another rule.
    fn known(&self, name: &'a str) -> Option<&'a str> {
        self.types.has(name).then_some(name)
    }

    /// Compares the fields with one key; gives the rule for what is below them, `None` where they conflict.
    fn compare(&mut self, key: &Name, uses: &[FieldUse<'a>], rule: Rule) -> Option<Rule> {
        // One field of each type is enough to compare with.
        let mut others: Vec<&FieldUse<'a>> = Vec::new();
        let mut below = rule;
        for field_use in uses {
            let mut is_new = true;
            for other in &others {
                self.steps += 1;
                is_new &= other.parent != field_use.parent;
                let error = if rule == Rule::OneShape || self.are_of_different_objects(other, field_use) {
                    below = Rule::OneShape;
                    (!self.have_one_shape(other, field_use)).then_some("fields of different types")
                } else {
                    (!are_alike(&other.field.node, &field_use.field.node))
                        .then_some("different fields, or for one with different arguments")
                };
                if let Some(error) = error {
                    self.errors.at_both([other.field.pos, field_use.field.pos], || {
                        format!("{} stands for {error}; give them aliases.", quote(key))
                    });
                    return None;
                }
            }
            if is_new {
                others.push(field_use);
            }
        }
        Some(below)
    }

    fn of(&self, field_use: &FieldUse<'a>) -> Option<&'a schema_types::Field> {
        self.types
            .field(field_use.parent?, &field_use.field.node.name.node)
    }

    /// Whether a client can read the values of both as one type; what is below them is compared by itself.
    fn have_one_shape(&self, one: &FieldUse<'a>, other: &FieldUse<'a>) -> bool {
        let shape = |field_use: &FieldUse<'a>| match self.of(field_use) {
            Some(field) => Some((field.wrappers.as_str(), field.of.as_str())),
            None if field_use.field.node.name.node == "__typename" => Some(("!", "String")),
            None => None,
        };
        // A field that the schema does not have is an error of another rule.
        let (Some((wrappers, of)), Some((other_wrappers, other_of))) = (shape(one), shape(other)) else {
            return true;
        };
        let are_leaves = self.types.is_leaf(of) || self.types.is_leaf(other_of);
        wrappers == other_wrappers && (of == other_of || !are_leaves)
    }

    fn are_of_different_objects(&self, one: &FieldUse<'_>, other: &FieldUse<'_>) -> bool {
        one.parent != other.parent
            && [one, other].iter().all(|field_use| {
                field_use
                    .parent
                    .is_some_and(|parent| self.types.is_object(parent))
            })
    }
}

/// Whether two fields have the same name and the same arguments, in any order.
fn are_alike(one: &Field, other: &Field) -> bool {
    one.name.node == other.name.node
        && one.arguments.len() == other.arguments.len()
        && one.arguments.iter().all(|(name, value)| {
            other
                .get_argument(&name.node)
                .is_some_and(|other| other.node == value.node)
        })
}
