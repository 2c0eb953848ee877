//! Which fields some selection sets select of one object: fragments followed, `@skip` and `@include` applied, fields of
//! one response key merged.
//!
//! Source: the GraphQL specification, sections 6.3.2 "Field Collection" and 6.4.3 "Merging Selection Sets".

use std::collections::{HashMap, HashSet};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Variables};
use graphql_limits::conditions::{condition_variables, is_included};

/// The fragments of a document, by name.
pub type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// Selection sets that together select of one object.
#[derive(Clone, Debug)]
pub struct Selected<'a> {
    fragments: &'a Fragments,
    variables: &'a Variables,
    sets: Vec<&'a SelectionSet>,
}

/// A field of an object in the answer.
#[derive(Clone, Debug)]
pub struct Collected<'a> {
    /// Its response key: the alias, or the name.
    pub key: &'a Name,
    /// The first of the places in the document that select it.
    pub field: &'a Positioned<Field>,
    /// What all of these places select of its value.
    pub below: Selected<'a>,
}

impl<'a> Selected<'a> {
    /// What `set` selects with these values of the variables that `@skip` and `@include` read.
    #[must_use]
    pub fn new(fragments: &'a Fragments, variables: &'a Variables, set: &'a SelectionSet) -> Self {
        Self {
            fragments,
            variables,
            sets: vec![set],
        }
    }

    /// The fields that are selected of an object of one of these `types`: its own, the interfaces that it implements,
    /// and the unions that it belongs to.
    ///
    /// They have the order in which the document first selects them; each response key is there once.
    #[must_use]
    pub fn fields(&self, types: &[&str]) -> Vec<Collected<'a>> {
        let mut fields = IndexMap::new();
        let mut spread = HashSet::new();
        for set in &self.sets {
            self.collect(set, types, &mut spread, &mut fields);
        }
        fields.into_values().collect()
    }

    fn collect(
        &self,
        set: &'a SelectionSet,
        types: &[&str],
        spread: &mut HashSet<&'a Name>,
        fields: &mut IndexMap<&'a Name, Collected<'a>>,
    ) {
        for item in &set.items {
            if !is_included(item.node.directives(), self.variables) {
                continue;
            }
            match &item.node {
                Selection::Field(field) => {
                    let key = &field.node.alias.as_ref().unwrap_or(&field.node.name).node;
                    let collected = fields.entry(key).or_insert_with(|| Collected {
                        key,
                        field,
                        below: Selected {
                            sets: Vec::new(),
                            ..*self
                        },
                    });
                    collected.below.sets.push(&field.node.selection_set.node);
                }
                Selection::FragmentSpread(named) => {
                    let name = &named.node.fragment_name.node;
                    if let Some(fragment) = self.fragments.get(name)
                        && spread.insert(name)
                        && types.contains(&fragment.node.type_condition.node.on.node.as_str())
                    {
                        self.collect(&fragment.node.selection_set.node, types, spread, fields);
                    }
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    if condition.is_none_or(|on| types.contains(&on.node.on.node.as_str())) {
                        self.collect(&inline.node.selection_set.node, types, spread, fields);
                    }
                }
            }
        }
    }
}

/// The variables that `@skip` and `@include` read in a selection set, fragments followed, each once.
#[must_use]
pub fn conditions(fragments: &Fragments, set: &SelectionSet) -> Vec<Name> {
    let mut found = Vec::new();
    read_conditions(fragments, set, &mut HashSet::new(), &mut found);
    found
}

fn read_conditions<'a>(
    fragments: &'a Fragments,
    set: &'a SelectionSet,
    spread: &mut HashSet<&'a Name>,
    found: &mut Vec<Name>,
) {
    for item in &set.items {
        for name in condition_variables(item.node.directives()) {
            if !found.contains(name) {
                found.push(name.clone());
            }
        }
        match &item.node {
            Selection::Field(field) => {
                read_conditions(fragments, &field.node.selection_set.node, spread, found);
            }
            Selection::InlineFragment(inline) => {
                read_conditions(fragments, &inline.node.selection_set.node, spread, found);
            }
            Selection::FragmentSpread(named) => {
                let name = &named.node.fragment_name.node;
                if let Some(fragment) = fragments.get(name)
                    && spread.insert(name)
                {
                    read_conditions(fragments, &fragment.node.selection_set.node, spread, found);
                }
            }
        }
    }
}
