//! The definitions of a document as they stand in its text, spreads not followed: how many operations, fragments,
//! variables and directives there are, whether there is introspection, and the order in which fragments spread each other.

use std::collections::{BTreeMap, HashMap};

use async_graphql_parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql_parser::{Pos, Positioned};

use crate::limits::Limits;
use crate::rejection::{Code, Rejection, quote};
use crate::schema_types::SchemaTypes;

/// What the definitions of a document hold.
#[derive(Debug)]
pub(crate) struct Definitions<'a> {
    /// The names of the fragments, each after all that it spreads.
    pub(crate) fragment_order: Vec<&'a str>,
    /// The first field that tells of the schema, such as `__schema`.
    pub(crate) introspection: Option<Pos>,
    /// Nodes visited.
    pub(crate) steps: u64,
}

/// Checks the definitions of a document against the limits.
///
/// # Errors
///
/// Too many operations, fragments, variables or directives; fragments that spread themselves.
pub(crate) fn check_definitions<'a>(
    document: &'a ExecutableDocument,
    limits: &Limits,
    types: &SchemaTypes,
) -> Result<Definitions<'a>, Rejection> {
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
        types,
        directive_count: 0,
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
        walk.directives(&operation.directives)?;
        for variable in &operation.variable_definitions {
            walk.steps += 1;
            walk.directives(&variable.node.directives)?;
        }
        walk.selection_set(&operation.selection_set.node)?;
    }
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, fragment) in &document.fragments {
        walk.spreads.clear();
        walk.directives(&fragment.node.directives)?;
        walk.selection_set(&fragment.node.selection_set.node)?;
        edges.insert(name.as_str(), walk.spreads.clone());
    }
    let fragment_order = dependency_order(document, &edges)?;
    Ok(Definitions {
        fragment_order,
        introspection: walk.introspection,
        steps: walk.steps,
    })
}

/// # Errors
///
/// `code` where there are more than `limit`.
fn within(count: usize, limit: usize, code: Code, what: &str) -> Result<(), Rejection> {
    if count <= limit {
        return Ok(());
    }
    let message = format!("The document has {count} {what}; at most {limit} are accepted.");
    Err(Rejection::new(code, message, Vec::new()))
}

/// Whether a root field is introspection.
pub(crate) fn is_introspection(field: &str) -> bool {
    matches!(field, "__schema" | "__type")
}

struct Walk<'a, 'l> {
    limits: &'l Limits,
    types: &'l SchemaTypes,
    directive_count: usize,
    introspection: Option<Pos>,
    spreads: Vec<&'a str>,
    steps: u64,
}

impl<'a> Walk<'a, '_> {
    fn selection_set(&mut self, set: &'a SelectionSet) -> Result<(), Rejection> {
        for selection in &set.items {
            self.steps += 1;
            self.directives(selection.node.directives())?;
            match &selection.node {
                Selection::Field(field) => {
                    if self.types.tells_of_schema(&field.node.name.node) {
                        self.introspection.get_or_insert(field.pos);
                    }
                    self.selection_set(&field.node.selection_set.node)?;
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    self.spreads.push(name);
                }
                Selection::InlineFragment(inline) => self.selection_set(&inline.node.selection_set.node)?,
            }
        }
        Ok(())
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) -> Result<(), Rejection> {
        self.steps += directives.len() as u64;
        self.directive_count += directives.len();
        if directives.len() > self.limits.directives_per_location {
            let message = format!(
                "{} directives stand in one place; at most {} are accepted.",
                directives.len(),
                self.limits.directives_per_location
            );
            let locations = directives
                .first()
                .map(|directive| directive.pos)
                .into_iter()
                .collect();
            return Err(Rejection::new(Code::QueryTooComplex, message, locations));
        }
        within(
            self.directive_count,
            self.limits.directives,
            Code::QueryTooComplex,
            "directives or more",
        )
    }
}

/// Orders fragments so that each comes after all that it spreads, without recursion.
fn dependency_order<'a>(
    document: &ExecutableDocument,
    edges: &BTreeMap<&'a str, Vec<&'a str>>,
) -> Result<Vec<&'a str>, Rejection> {
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
            Err(Rejection::new(Code::ValidationFailed, message, locations))
        }
    }
}
