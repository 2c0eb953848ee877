//! Fields under one response key are one field, or fields of different objects and then of one shape: the specification's
//! rule "Field Selection Merging".
//!
//! The library looks at each selection set for itself, and takes what stands in a fragment for another field than what
//! stands beside it. It would run both, and what they cost would depend on how they are written. Here all selection sets
//! of one object are looked at together, fragments followed; the measure has bounded how much that is. A
//! client that knows a key's type from the document can so rely on it, whichever object answers.

use std::collections::HashSet;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Positioned};

use super::refusal::{Faults, quote};
use super::table::{self, Types};

/// A field in the text, and the type that it is a field of, where that is known.
#[derive(Clone, Copy)]
struct Spot<'a> {
    field: &'a Positioned<Field>,
    parent: Option<&'a str>,
}

type Keys<'a> = IndexMap<&'a Name, Vec<Spot<'a>>>;

/// Looks for conflicts among all that an operation selects; gives the nodes visited, at most as many as it expands to.
pub(super) fn check_merging<'a>(
    document: &'a ExecutableDocument,
    root: &'a SelectionSet,
    on: Option<&'a str>,
    types: &'a Types,
    faults: &mut Faults,
) -> u64 {
    let mut merging = Merging {
        document,
        types,
        faults,
        steps: 0,
    };
    merging.object(&[(root, on)], Rule::OneField);
    merging.steps
}

/// What fields under one key have to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// One field, unless they are of different objects.
    OneField,
    /// Of one shape: what they are below belongs to different objects.
    OneShape,
}

struct Merging<'a, 'f> {
    document: &'a ExecutableDocument,
    types: &'a Types,
    faults: &'f mut Faults,
    steps: u64,
}

impl<'a> Merging<'a, '_> {
    /// Checks the selection sets of one object, or of objects of which one will be there.
    fn object(&mut self, sets: &[(&'a SelectionSet, Option<&'a str>)], rule: Rule) {
        let (mut keys, mut spread) = (Keys::new(), HashSet::new());
        for (set, on) in sets {
            self.collect(set, *on, &mut keys, &mut spread);
        }
        for (key, spots) in keys {
            let Some(rule) = self.compare(key, &spots, rule) else {
                continue;
            };
            let below = spots.iter().map(|spot| {
                let of = self.of(spot).map(|field| field.of.as_str());
                (&spot.field.node.selection_set.node, of)
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
                        .push(Spot { field, parent: on });
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

    /// A type condition, where the schema has its type. One of no type of ours is told of elsewhere; here all such are
    /// alike, as a document may hold any number of them.
    fn known(&self, name: &'a str) -> Option<&'a str> {
        self.types.has(name).then_some(name)
    }

    /// Compares the fields under one key; gives the rule for what is below them, `None` where they are in conflict.
    fn compare(&mut self, key: &Name, spots: &[Spot<'a>], rule: Rule) -> Option<Rule> {
        // One of each type is enough: what agrees with it agrees with the others.
        let mut others: Vec<&Spot<'a>> = Vec::new();
        let mut below = rule;
        for spot in spots {
            let mut is_new = true;
            for other in &others {
                self.steps += 1;
                is_new &= other.parent != spot.parent;
                let fault = if rule == Rule::OneShape || self.are_of_different_objects(other, spot) {
                    below = Rule::OneShape;
                    (!self.are_of_one_shape(other, spot)).then_some("fields of different types")
                } else {
                    (!are_alike(&other.field.node, &spot.field.node))
                        .then_some("different fields, or for one with different arguments")
                };
                if let Some(fault) = fault {
                    self.faults.conflict([other.field.pos, spot.field.pos], || {
                        format!("{} stands for {fault}; give them aliases.", quote(key))
                    });
                    return None;
                }
            }
            if is_new {
                others.push(spot);
            }
        }
        Some(below)
    }

    fn of(&self, spot: &Spot<'a>) -> Option<&'a table::Field> {
        self.types.field(spot.parent?, &spot.field.node.name.node)
    }

    /// Whether a client can read either as the same type, as far as that is seen here and not below.
    fn are_of_one_shape(&self, one: &Spot<'a>, other: &Spot<'a>) -> bool {
        let shape = |spot: &Spot<'a>| match self.of(spot) {
            Some(field) => Some((field.wrappers.as_str(), field.of.as_str())),
            None if spot.field.node.name.node == "__typename" => Some(("!", "String")),
            None => None,
        };
        // What is no field of ours is told of elsewhere.
        let (Some((wrappers, of)), Some((other_wrappers, other_of))) = (shape(one), shape(other)) else {
            return true;
        };
        let are_leaves = self.types.is_leaf(of) || self.types.is_leaf(other_of);
        wrappers == other_wrappers && (of == other_of || !are_leaves)
    }

    fn are_of_different_objects(&self, one: &Spot<'_>, other: &Spot<'_>) -> bool {
        one.parent != other.parent
            && [one, other]
                .iter()
                .all(|spot| spot.parent.is_some_and(|parent| self.types.is_object(parent)))
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
