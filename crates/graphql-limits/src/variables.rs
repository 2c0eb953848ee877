//! The variables of an operation, and where they are used, by the specification's rule "All Variable Usages Are Allowed".
//!
//! Each variable is then declared anew for async-graphql, whose own rule refuses a non-null list, or a list with a default,
//! where a nullable list is expected: as coercion fills in defaults, a variable is declared with the type that is expected
//! where it is used, and without a default.

use std::collections::{HashMap, HashSet};

use async_graphql_parser::types::{BaseType, OperationDefinition, Type, VariableDefinition};
use async_graphql_parser::{Pos, Positioned};
use async_graphql_value::ConstValue;
use async_graphql_value::Name;

use crate::coerce::coerce_literal;
use crate::input_path::InputPath;
use crate::literals::{Literals, Usage, Uses};
use crate::rejection::{Errors, quote};
use crate::schema_types::SchemaTypes;

/// A variable of an operation, its definition valid.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: Name,
    pub(crate) ty: Type,
    pub(crate) default: Option<ConstValue>,
    /// The path of the field's argument where it is first used, if it is used in one.
    pub(crate) used_at: Option<String>,
    /// A use where null is not allowed, though the type allows it: its default makes the use valid.
    pub(crate) non_null_at: Option<Usage>,
    pub(crate) pos: Pos,
}

impl Variable {
    pub(crate) fn input_path(&self) -> InputPath<'_> {
        InputPath::Variable {
            name: &self.name,
            used_at: self.used_at.as_deref(),
        }
    }
}

/// Reads an operation's variable definitions.
pub(crate) fn define(
    operation: &OperationDefinition,
    usages: &[&Usage],
    literals: &mut Literals<'_>,
) -> Vec<Variable> {
    let mut first_uses: HashMap<&Name, &str> = HashMap::new();
    for usage in usages {
        if let Some(path) = &usage.path {
            first_uses.entry(&usage.variable).or_insert(path);
        }
    }
    let mut variables: Vec<Variable> = Vec::new();
    let mut names = HashSet::new();
    for Positioned { node, pos } in &operation.variable_definitions {
        let name = &node.name.node;
        if !names.insert(name) {
            literals
                .errors
                .at(*pos, || format!("The variable {} is defined twice.", quote(name)));
        }
        if !literals.types.is_input(&node.var_type.node) {
            literals.errors.at(*pos, || {
                format!(
                    "The variable {} has {}, which is no input type.",
                    quote(name),
                    quote(&node.var_type.to_string())
                )
            });
            continue;
        }
        let mut variable = Variable {
            name: name.clone(),
            ty: node.var_type.node.clone(),
            default: None,
            used_at: first_uses.get(name).map(|path| (*path).to_owned()),
            non_null_at: None,
            pos: *pos,
        };
        variable.default = default(node, &variable, literals);
        variables.push(variable);
    }
    variables
}

fn default(
    definition: &VariableDefinition,
    variable: &Variable,
    literals: &mut Literals<'_>,
) -> Option<ConstValue> {
    let ty = &variable.ty;
    let default = &definition.default_value.as_ref()?.node;
    let literal = default.clone().into_value();
    literals.value(ty, &literal, variable.pos, variable.input_path(), !ty.nullable);
    Some(coerce_literal(literals.types, ty, default.clone()))
}

/// The uses that an operation reaches, through fragments too. Each fragment is entered once.
pub(crate) fn reached<'u>(own: &'u Uses, fragments: &'u HashMap<Name, Uses>) -> Vec<&'u Usage> {
    let mut usages: Vec<&Usage> = own.variables.iter().collect();
    let mut entered: HashSet<&Name> = HashSet::new();
    let mut waiting: Vec<&Name> = own.spreads.iter().collect();
    while let Some(name) = waiting.pop() {
        if !entered.insert(name) {
            continue;
        }
        if let Some(uses) = fragments.get(name) {
            usages.extend(&uses.variables);
            waiting.extend(&uses.spreads);
        }
    }
    usages
}

/// Checks each use of a variable against its definition.
pub(crate) fn check_usages(
    definitions: &[Positioned<VariableDefinition>],
    variables: &mut [Variable],
    usages: &[&Usage],
    errors: &mut Errors,
) {
    let mut by_name: HashMap<Name, &mut Variable> = variables
        .iter_mut()
        .map(|variable| (variable.name.clone(), variable))
        .collect();
    for usage in usages {
        let Some(variable) = by_name.get_mut(&usage.variable) else {
            // One that is not of an input type is an error already.
            let is_named = |one: &Positioned<VariableDefinition>| one.node.name.node == usage.variable;
            if definitions.iter().any(is_named) {
                continue;
            }
            errors.at(usage.pos, || {
                format!(
                    "The variable {} is used, but its operation does not define it.",
                    quote(&usage.variable)
                )
            });
            continue;
        };
        let has_default = variable
            .default
            .as_ref()
            .is_some_and(|default| *default != ConstValue::Null);
        let is_null_refused = usage.is_non_null && variable.ty.nullable;
        if is_null_refused {
            variable.non_null_at.get_or_insert_with(|| (*usage).clone());
        }
        if (is_null_refused && !has_default) || !base_fits(&variable.ty.base, &usage.expects.base) {
            errors.in_value(usage.pos, &usage.input_path(), || {
                let kind = if usage.is_non_null {
                    "a value that is not null, of the type "
                } else {
                    ""
                };
                format!(
                    "The variable {} of the type {} stands where {kind}{} is expected.",
                    quote(&usage.variable),
                    quote(&variable.ty.to_string()),
                    usage.expects
                )
            });
        }
    }
}

/// Whether a value of one type can stand where another is expected, nullability at the top aside.
fn base_fits(given: &BaseType, expected: &BaseType) -> bool {
    let (mut given, mut expected) = (given, expected);
    loop {
        match (given, expected) {
            (BaseType::Named(given), BaseType::Named(expected)) => return given == expected,
            (BaseType::List(given_item), BaseType::List(expected_item)) => {
                if given_item.nullable && !expected_item.nullable {
                    return false;
                }
                (given, expected) = (&given_item.base, &expected_item.base);
            }
            _ => return false,
        }
    }
}

/// Declares the variables without defaults, and with the types that are expected where they are used.
pub(crate) fn redeclare(operation: &mut OperationDefinition, usages: &[&Usage], types: &SchemaTypes) {
    for definition in &mut operation.variable_definitions {
        let definition = &mut definition.node;
        if !types.is_input(&definition.var_type.node) {
            continue;
        }
        let name = &definition.name.node;
        let mut places = usages
            .iter()
            .filter(|usage| usage.variable == *name)
            .map(|usage| &usage.expects);
        let strictest = places.clone().find(|ty| !ty.nullable).or_else(|| places.next());
        if let Some(ty) = strictest {
            definition.var_type.node = ty.clone();
            definition.default_value = None;
        }
    }
}
