//! A subscription selects exactly one field of the schema, whatever its variables are.
//!
//! Fragments are followed, each once. Their type conditions are not looked at: one that the root type does not meet is an
//! error of another rule.
//!
//! Source: the GraphQL specification, September 2025, section 5.2.4.1 "Single Root Field".

use std::collections::HashSet;

use async_graphql_parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet};
use async_graphql_parser::{Pos, Positioned};
use async_graphql_value::Name;
use async_graphql_value::indexmap::IndexMap;

use crate::rejection::{Errors, quote};

/// Checks what a subscription selects at its root; gives the nodes visited.
pub(crate) fn check_single_root_field(
    document: &ExecutableDocument,
    operation: &Positioned<OperationDefinition>,
    errors: &mut Errors,
) -> u64 {
    let mut collected = Collected {
        document,
        errors,
        keys: IndexMap::new(),
        spread: HashSet::new(),
        steps: 0,
    };
    collected.add(&operation.node.selection_set.node);
    let Collected {
        errors, keys, steps, ..
    } = collected;
    let mut fields = keys.values();
    match (fields.next(), fields.next()) {
        (None, _) => errors.at(operation.pos, || {
            "A subscription selects exactly one field; this one selects none.".to_owned()
        }),
        (Some(_), Some(second)) => errors.at(second.pos, || {
            let count = keys.len();
            format!("A subscription selects exactly one field; this one selects {count}.")
        }),
        (Some(field), None) if field.node.name.node.starts_with("__") => errors.at(field.pos, || {
            let name = quote(&field.node.name.node);
            format!("A subscription selects a field of the schema, which {name} is not.")
        }),
        (Some(_), None) => {}
    }
    steps
}

struct Collected<'a, 'e> {
    document: &'a ExecutableDocument,
    errors: &'e mut Errors,
    /// The first field of each response key.
    keys: IndexMap<&'a Name, &'a Positioned<Field>>,
    spread: HashSet<&'a Name>,
    steps: u64,
}

impl<'a> Collected<'a, '_> {
    fn add(&mut self, set: &'a SelectionSet) {
        for selection in &set.items {
            self.steps += 1;
            if let Some((name, at)) = condition(&selection.node) {
                self.errors.at(at, || {
                    format!("The directive `@{name}` may not be at the root of a subscription.")
                });
            }
            match &selection.node {
                Selection::Field(field) => {
                    let key = field.node.alias.as_ref().unwrap_or(&field.node.name);
                    self.keys.entry(&key.node).or_insert(field);
                }
                Selection::InlineFragment(inline) => self.add(&inline.node.selection_set.node),
                Selection::FragmentSpread(named) => {
                    let name = &named.node.fragment_name.node;
                    if let Some(fragment) = self.document.fragments.get(name)
                        && self.spread.insert(name)
                    {
                        self.add(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
}

/// The directive that may leave a selection out, if it has one.
fn condition(selection: &Selection) -> Option<(&str, Pos)> {
    let directives = selection.directives().iter();
    let mut named = directives.map(|directive| (directive.node.name.node.as_str(), directive.pos));
    named.find(|(name, _)| matches!(*name, "skip" | "include"))
}
