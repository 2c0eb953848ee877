//! A document that passed: parsed, measured, its literals typed. Holds nothing of a request, so it can be kept
//! by its text and shared.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationType};
use async_graphql::parser::{Error, parse_query};

use super::limits::Limits;
use super::literal::{Literals, Uses};
use super::measure::{Measure, measure};
use super::merging::check_merging;
use super::outline::outline;
use super::refusal::{Code, Faults, Refusal, quote};
use super::repeats::drop_repeats;
use super::scan::scan;
use super::table::Types;
use super::variables::{Variable, check_usages, define, reached, redeclare};

/// A document that passed the guard.
#[derive(Debug)]
pub struct Document {
    executable: ExecutableDocument,
    operations: Vec<Operation>,
    steps: u64,
}

/// An operation of a document, and what is known of it before a request.
#[derive(Debug)]
pub struct Operation {
    name: Option<Name>,
    kind: OperationType,
    measure: Measure,
    pub(super) variables: Vec<Variable>,
}

/// Checks a document's text: scan, parse, measure, types of literals.
///
/// # Errors
///
/// A [`Refusal`] of any code.
pub fn check(
    text: &str,
    limits: &Limits,
    introspection_allowed: bool,
    types: &Types,
) -> Result<Document, Refusal> {
    scan(text, limits)?;
    let mut executable = parse_query(text).map_err(|error| unparsed(&error))?;
    let outline = outline(&executable, limits)?;
    let measured = measure(&executable, &outline, limits)?;
    if let Some(pos) = outline.introspection.filter(|_| !introspection_allowed) {
        let message = "Introspection is switched off; the schema is documented elsewhere.";
        return Err(Refusal::new(Code::IntrospectionDisabled, message, vec![pos]));
    }
    let (uses, mut operations, steps) = read(&executable, &measured.operations, limits, types)?;
    let steps = outline.steps + measured.steps + steps;
    declare(&mut executable, &uses, types);
    drop_repeats(&mut executable);
    operations.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Document {
        executable,
        operations,
        steps,
    })
}

impl Document {
    /// The document to hand to the library, with the variables that [`coerce`](super::coerce::coerce) gives.
    ///
    /// Shape: as parsed, but variables are declared with the types that their places expect, and without
    /// defaults: the coerced variables hold those. A leaf that is named again in the same selection set is left out.
    #[must_use]
    pub fn executable(&self) -> &ExecutableDocument {
        &self.executable
    }

    /// Nodes visited in checking; at most some times the tokens of the text, and once each node that it expands to.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// All operations, by name.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation that a request names, or the only one.
    ///
    /// # Errors
    ///
    /// [`Code::OperationResolutionFailure`]: none of that name, or no name and several to choose from.
    pub fn operation(&self, name: Option<&str>) -> Result<&Operation, Refusal> {
        let refuse = |message: String| Refusal::new(Code::OperationResolutionFailure, message, Vec::new());
        match (name, self.operations.as_slice()) {
            (Some(name), operations) => operations
                .iter()
                .find(|operation| operation.name() == Some(name))
                .ok_or_else(|| refuse(format!("The document has no operation named {}.", quote(name)))),
            (None, [operation]) => Ok(operation),
            (None, operations) => Err(refuse(format!(
                "The document has {} operations; `operationName` says which to run.",
                operations.len()
            ))),
        }
    }
}

impl Operation {
    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(Name::as_str)
    }

    /// Query, mutation or subscription.
    #[must_use]
    pub fn kind(&self) -> OperationType {
        self.kind
    }

    /// Whether it asks for `__schema` or `__type`, through fragments too.
    #[must_use]
    pub fn introspects(&self) -> bool {
        self.measure.introspects
    }

    /// Its root fields, fragments expanded.
    #[must_use]
    pub fn root_fields(&self) -> usize {
        self.measure.root_fields
    }

    /// Its fields and fragments, expanded, introspection included.
    #[must_use]
    pub fn expanded_nodes(&self) -> usize {
        self.measure
            .data
            .nodes
            .saturating_add(self.measure.introspection.nodes)
    }
}

/// The uses of each definition: of operations by name, of fragments by name.
#[derive(Default)]
struct DocumentUses {
    operations: HashMap<Option<Name>, Uses>,
    fragments: HashMap<Name, Uses>,
}

/// Types the literals and the variables of all definitions.
fn read(
    executable: &ExecutableDocument,
    measures: &HashMap<Option<&str>, Measure>,
    limits: &Limits,
    types: &Types,
) -> Result<(DocumentUses, Vec<Operation>, u64), Refusal> {
    let mut literals = Literals {
        types,
        faults: Faults::new(limits.errors),
        uses: Uses::default(),
        steps: 0,
    };
    let mut uses = DocumentUses::default();
    for (name, fragment) in &executable.fragments {
        literals.directives(&fragment.node.directives);
        let on = fragment.node.type_condition.node.on.node.as_str();
        literals.selection_set(&fragment.node.selection_set.node, Some(on));
        uses.fragments
            .insert(name.clone(), std::mem::take(&mut literals.uses));
    }
    let mut operations = Vec::new();
    for (name, operation) in executable.operations.iter() {
        let root = (operation.node.ty == OperationType::Query).then(|| types.query());
        literals.directives(&operation.node.directives);
        for variable in &operation.node.variable_definitions {
            literals.directives(&variable.node.directives);
        }
        literals.selection_set(&operation.node.selection_set.node, root);
        let own = std::mem::take(&mut literals.uses);
        let usages = reached(&own, &uses.fragments);
        let mut variables = define(&operation.node, &usages, &mut literals);
        literals.steps += usages.len() as u64;
        let definitions = &operation.node.variable_definitions;
        check_usages(definitions, &mut variables, &usages, &mut literals.faults);
        let set = &operation.node.selection_set.node;
        literals.steps += check_merging(executable, set, root, types, &mut literals.faults);
        uses.operations.insert(name.cloned(), own);
        let measure = measures.get(&name.map(Name::as_str)).copied().unwrap_or_default();
        operations.push(Operation {
            name: name.cloned(),
            kind: operation.node.ty,
            measure,
            variables,
        });
    }
    literals.faults.settle()?;
    Ok((uses, operations, literals.steps))
}

fn declare(executable: &mut ExecutableDocument, uses: &DocumentUses, types: &Types) {
    let usages = |name: Option<Name>| {
        uses.operations
            .get(&name)
            .map(|own| reached(own, &uses.fragments))
            .unwrap_or_default()
    };
    match &mut executable.operations {
        DocumentOperations::Single(operation) => redeclare(&mut operation.node, &usages(None), types),
        DocumentOperations::Multiple(operations) => {
            for (name, operation) in operations {
                redeclare(&mut operation.node, &usages(Some(name.clone())), types);
            }
        }
    }
}

/// What the parser expected, named by the rules of its grammar, in words. It holds nothing of the document, and the grammar
/// bounds it, so it is not cut.
fn in_words(expected: &str) -> String {
    let word = |word: &str| {
        let rule = word.trim_end_matches([',', ';']);
        let named = match rule {
            "EOI" => "the end of the document".to_owned(),
            "executable_definition" => "an operation or a fragment".to_owned(),
            "selection" => "a field or a fragment".to_owned(),
            _ => rule.trim_end_matches('_').replace('_', " "),
        };
        named + word.strip_prefix(rule).unwrap_or_default()
    };
    expected.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A parser's error as a refusal. Of a syntax error only what was expected is shown, not the line.
fn unparsed(error: &Error) -> Refusal {
    let locations = error.positions().collect();
    match error {
        Error::Syntax { message, .. } => {
            let expected = message
                .lines()
                .last()
                .and_then(|line| line.trim_start().strip_prefix("= "));
            let expected = in_words(expected.unwrap_or("unexpected text"));
            let message = format!("The document is not GraphQL: {expected}.");
            Refusal::new(Code::ParseFailed, message, locations)
        }
        Error::MissingOperation => Refusal::new(
            Code::OperationResolutionFailure,
            "The document has no operation.",
            locations,
        ),
        Error::RecursionLimitExceeded => Refusal::new(
            Code::QueryTooDeep,
            "Selection sets are nested too deep.",
            locations,
        ),
        Error::OperationDuplicated { operation, .. } => {
            let message = format!("The operation {} is defined twice.", quote(operation));
            Refusal::new(Code::ValidationFailed, message, locations)
        }
        Error::FragmentDuplicated { fragment, .. } => {
            let message = format!("The fragment {} is defined twice.", quote(fragment));
            Refusal::new(Code::ValidationFailed, message, locations)
        }
        _ => {
            let message = "An operation without a name must be the only one.";
            Refusal::new(Code::ValidationFailed, message, locations)
        }
    }
}
