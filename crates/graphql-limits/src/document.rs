//! A document that was checked: parsed, within the limits, its literals of the types that the schema expects. It holds
//! nothing of a request, so it can be cached by its text and shared.

use std::collections::HashMap;

use async_graphql_parser::types::{DocumentOperations, ExecutableDocument, OperationType};
use async_graphql_value::Name;

use crate::complexity::{Complexity, check_complexity, check_definitions};
use crate::duplicate_leaves::remove_duplicate_leaves;
use crate::fields_can_merge::check_fields_can_merge;
use crate::limits::Limits;
use crate::literals::{Literals, Uses};
use crate::parser::parse;
use crate::rejection::{Code, Errors, Rejection, quote};
use crate::schema_types::SchemaTypes;
use crate::single_root_field::check_single_root_field;
use crate::token_limits::check_tokens;
use crate::variables::{Variable, check_usages, define, reached, redeclare};

/// A document that was checked.
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
    complexity: Complexity,
    pub(crate) variables: Vec<Variable>,
}

/// Checks a document's text: its size and tokens, its syntax, its complexity, the types of its literals.
///
/// # Errors
///
/// A [`Rejection`], of any code but that of an operation that is not found.
pub fn check(
    text: &str,
    limits: &Limits,
    introspection_allowed: bool,
    types: &SchemaTypes,
) -> Result<Document, Rejection> {
    check_tokens(text, limits)?;
    let mut executable = parse(text)?;
    let definitions = check_definitions(&executable, limits, types)?;
    let complexities = check_complexity(&executable, &definitions, limits)?;
    if let Some(pos) = definitions.introspection.filter(|_| !introspection_allowed) {
        let message = "Introspection is switched off; the schema is documented elsewhere.";
        return Err(Rejection::new(Code::IntrospectionDisabled, message, vec![pos]));
    }
    let (uses, mut operations, steps) = read(&executable, &complexities.operations, limits, types)?;
    let steps = definitions.steps + complexities.steps + steps;
    declare(&mut executable, &uses, types);
    remove_duplicate_leaves(&mut executable);
    operations.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Document {
        executable,
        operations,
        steps,
    })
}

impl Document {
    /// The document to execute, with the variables that [`coerce`](crate::coerce()) gives.
    ///
    /// It is as parsed, but variables are declared with the types that are expected where they are used, and without
    /// defaults, which are among the coerced variables. A leaf that is selected again in the same selection set is left out.
    #[must_use]
    pub fn executable(&self) -> &ExecutableDocument {
        &self.executable
    }

    /// How many nodes were visited to check it: a few times the tokens of its text, and each node that it expands to once.
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
    pub fn operation(&self, name: Option<&str>) -> Result<&Operation, Rejection> {
        let refuse = |message: String| Rejection::new(Code::OperationResolutionFailure, message, Vec::new());
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
        self.complexity.introspects
    }

    /// Its root fields, fragments expanded.
    #[must_use]
    pub fn root_fields(&self) -> usize {
        self.complexity.root_fields
    }

    /// Its fields and fragments, expanded, introspection included.
    #[must_use]
    pub fn expanded_nodes(&self) -> usize {
        self.complexity
            .data
            .nodes
            .saturating_add(self.complexity.introspection.nodes)
    }
}

/// The uses of each definition: of operations by name, of fragments by name.
#[derive(Default)]
struct DocumentUses {
    operations: HashMap<Option<Name>, Uses>,
    fragments: HashMap<Name, Uses>,
}

/// Checks the literals and the variables of all definitions.
fn read(
    executable: &ExecutableDocument,
    complexities: &HashMap<Option<&str>, Complexity>,
    limits: &Limits,
    types: &SchemaTypes,
) -> Result<(DocumentUses, Vec<Operation>, u64), Rejection> {
    let mut literals = Literals {
        types,
        errors: Errors::new(limits.errors),
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
        let root = types.root(operation.node.ty);
        literals.directives(&operation.node.directives);
        for variable in &operation.node.variable_definitions {
            literals.variable_directives(&variable.node.directives);
        }
        literals.selection_set(&operation.node.selection_set.node, root);
        let own = std::mem::take(&mut literals.uses);
        let usages = reached(&own, &uses.fragments);
        let mut variables = define(&operation.node, &usages, &mut literals);
        literals.steps += usages.len() as u64;
        let definitions = &operation.node.variable_definitions;
        check_usages(definitions, &mut variables, &usages, &mut literals.errors);
        let set = &operation.node.selection_set.node;
        literals.steps += check_fields_can_merge(executable, set, root, types, &mut literals.errors);
        if operation.node.ty == OperationType::Subscription {
            literals.steps += check_single_root_field(executable, operation, &mut literals.errors);
        }
        uses.operations.insert(name.cloned(), own);
        let complexity = complexities
            .get(&name.map(Name::as_str))
            .copied()
            .unwrap_or_default();
        operations.push(Operation {
            name: name.cloned(),
            kind: operation.node.ty,
            complexity,
            variables,
        });
    }
    literals.errors.into_result()?;
    Ok((uses, operations, literals.steps))
}

fn declare(executable: &mut ExecutableDocument, uses: &DocumentUses, types: &SchemaTypes) {
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
