//! The outline of a parsed document: what stands in its text, and in which order its fragments depend.
//!
//! Each definition is walked once, without following spreads. Gives directives, spreads and introspection, and
//! the fragments ordered so that each stands after all that it spreads.

use std::collections::{BTreeMap, HashMap};

use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Pos, Positioned};

use super::limits::Limits;
use super::refusal::{Code, Refusal, quote};

/// What the text holds, and the order in which to measure its fragments.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    /// Fragment names, each after all that it spreads.
    pub(super) order: Vec<&'a str>,
    /// The first `__schema` or `__type`.
    pub(super) introspection: Option<Pos>,
    /// Nodes visited.
    pub(super) steps: u64,
}

/// Outlines a document.
///
/// Errors: too many operations, fragments, variables or directives; fragments that spread themselves.
pub(super) fn outline<'a>(document: &'a ExecutableDocument, limits: &Limits) -> Result<Outline<'a>, Refusal> {
    let operations = document.operations.iter().len();
    within(operations, limits.operations, Code::QueryTooLarge, "operations")?;
    within(
        document.fragments.len(),
        limits.fragments,
        Code::QueryTooLarge,
        "fragments",
    )?;

    let mut walk = Walk {
        limits,
        directives: 0,
        introspection: None,
        spreads: Vec::new(),
        steps: 0,
    };
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        within(
            operation.variable_definitions.len(),
            limits.variables,
            Code::QueryTooComplex,
            "variables",
        )?;
        walk.place(&operation.directives)?;
        for variable in &operation.variable_definitions {
            walk.steps += 1;
            walk.place(&variable.node.directives)?;
        }
        walk.selection_set(&operation.selection_set.node)?;
    }
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, fragment) in &document.fragments {
        walk.spreads.clear();
        walk.place(&fragment.node.directives)?;
        walk.selection_set(&fragment.node.selection_set.node)?;
        edges.insert(name.as_str(), walk.spreads.clone());
    }
    let order = dependency_order(document, &edges)?;
    Ok(Outline {
        order,
        introspection: walk.introspection,
        steps: walk.steps,
    })
}

/// Errors: `code` if there are more than `limit`.
pub(super) fn within(count: usize, limit: usize, code: Code, what: &str) -> Result<(), Refusal> {
    if count <= limit {
        return Ok(());
    }
    let message = format!("The document has {count} {what}; at most {limit} are accepted.");
    Err(Refusal::new(code, message, Vec::new()))
}

/// Whether a field opens introspection.
pub(super) fn is_introspection(field: &str) -> bool {
    matches!(field, "__schema" | "__type")
}

struct Walk<'a, 'l> {
    limits: &'l Limits,
    directives: usize,
    introspection: Option<Pos>,
    spreads: Vec<&'a str>,
    steps: u64,
}

impl<'a> Walk<'a, '_> {
    fn selection_set(&mut self, set: &'a SelectionSet) -> Result<(), Refusal> {
        for selection in &set.items {
            self.steps += 1;
            self.place(selection.node.directives())?;
            match &selection.node {
                Selection::Field(field) => {
                    if is_introspection(&field.node.name.node) {
                        self.introspection.get_or_insert(field.pos);
                    }
                    self.selection_set(&field.node.selection_set.node)?;
                }
                Selection::FragmentSpread(spread) => self.spreads.push(&spread.node.fragment_name.node),
                Selection::InlineFragment(inline) => self.selection_set(&inline.node.selection_set.node)?,
            }
        }
        Ok(())
    }

    fn place(&mut self, directives: &[Positioned<Directive>]) -> Result<(), Refusal> {
        self.steps += directives.len() as u64;
        self.directives += directives.len();
        if directives.len() > self.limits.directives_a_place {
            let message = format!(
                "{} directives stand in one place; at most {} are accepted.",
                directives.len(),
                self.limits.directives_a_place
            );
            let locations = directives
                .first()
                .map(|directive| directive.pos)
                .into_iter()
                .collect();
            return Err(Refusal::new(Code::QueryTooComplex, message, locations));
        }
        within(
            self.directives,
            self.limits.directives,
            Code::QueryTooComplex,
            "directives or more",
        )
    }
}

/// Orders fragments by dependency, without recursion: those that spread nothing unordered come first.
fn dependency_order<'a>(
    document: &ExecutableDocument,
    edges: &BTreeMap<&'a str, Vec<&'a str>>,
) -> Result<Vec<&'a str>, Refusal> {
    let mut waiting: HashMap<&str, usize> = HashMap::new();
    let mut spread_by: HashMap<&str, Vec<&'a str>> = HashMap::new();
    for (&fragment, spreads) in edges {
        let known = spreads.iter().filter(|spread| edges.contains_key(*spread));
        waiting.insert(fragment, known.clone().count());
        for &spread in known {
            spread_by.entry(spread).or_default().push(fragment);
        }
    }
    let mut order: Vec<&str> = edges.keys().copied().filter(|name| waiting[name] == 0).collect();
    let mut next = 0;
    while let Some(&done) = order.get(next) {
        next += 1;
        for &fragment in spread_by.get(done).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(fragment) {
                *count -= 1;
                if *count == 0 {
                    order.push(fragment);
                }
            }
        }
    }
    match edges.keys().find(|name| waiting[*name] > 0) {
        None => Ok(order),
        Some(&name) => {
            let message = format!(
                "The fragment {} leads back to itself, or to one that does.",
                quote(name)
            );
            let locations = document
                .fragments
                .get(name)
                .map(|fragment| fragment.pos)
                .into_iter()
                .collect();
            Err(Refusal::new(Code::ValidationFailed, message, locations))
        }
    }
}
