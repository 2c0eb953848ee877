//! The variables of a request, coerced as the specification says (6.1.2 "Coercing Variable Values"), and the operation's
//! cost with them.
//!
//! Takes JSON, gives values that an executor need not check: enum values as enum values, single values as lists where
//! lists are expected, defaults filled in, variables without a value absent. Variables that the operation does not define
//! are ignored.

use async_graphql_parser::Pos;
use async_graphql_parser::types::{BaseType, Type};
use async_graphql_value::ConstValue;
use async_graphql_value::indexmap::IndexMap;
use async_graphql_value::{Name, Variables};
use serde_json::{Map, Value as Json};

use crate::cost::cost;
use crate::document::{Document, Operation};
use crate::input_path::InputPath;
use crate::limits::Limits;
use crate::literals::{check_keys, wrong};
use crate::rejection::{Code, Errors, Rejection, quote};
use crate::schema_types::{Kind, SchemaTypes};

/// The coerced variables of a request.
#[derive(Debug)]
pub struct Coerced {
    /// The variables to execute the operation with.
    pub variables: Variables,
    /// The operation's cost in points, at least 1 and at most the limit.
    pub cost: u64,
}

/// Coerces a request's variables, and computes the operation's cost with them.
///
/// # Errors
///
/// [`Code::ValidationFailed`] for a value of the wrong type or a required one that is missing,
/// [`Code::QueryTooDeep`] for JSON nested too deep, [`Code::QueryTooComplex`] for a cost above the limit.
pub fn coerce(
    document: &Document,
    operation: &Operation,
    variables: &Map<String, Json>,
    types: &SchemaTypes,
    limits: &Limits,
) -> Result<Coerced, Rejection> {
    if variables
        .values()
        .any(|json| !is_shallower(json, limits.variable_depth))
    {
        let message = format!(
            "The variables are nested more than {} deep.",
            limits.variable_depth
        );
        return Err(Rejection::new(Code::QueryTooDeep, message, Vec::new()));
    }
    let mut values = Values {
        types,
        max_items: max_items(limits),
        errors: Errors::new(limits.errors),
        pos: Pos::default(),
    };
    let mut coerced = Variables::default();
    for variable in &operation.variables {
        values.pos = variable.pos;
        let path = variable.input_path();
        let value = match variables.get(variable.name.as_str()) {
            Some(Json::Null) if variable.non_null_at.is_some() => {
                let message = || format!("The variable {} may not be null here.", quote(&variable.name));
                if let Some(usage) = &variable.non_null_at {
                    values.errors.in_value(usage.pos, &usage.input_path(), message);
                }
                continue;
            }
            Some(json) => values.value(&variable.ty, json, path),
            None if variable.default.is_some() => variable.default.clone(),
            None if !variable.ty.nullable => {
                let name = quote(&variable.name);
                let message = || format!("The variable {name} is required, but not given.");
                values.errors.in_value(variable.pos, &path, message);
                continue;
            }
            None => continue,
        };
        if let Some(value) = value {
            coerced.insert(variable.name.clone(), value);
        }
    }
    values.errors.into_result()?;
    let cost = cost(document, operation, &coerced, variables, types, max_items(limits));
    if cost > limits.cost {
        let message = format!(
            "The operation costs {cost} points; at most {} are accepted.",
            limits.cost
        );
        return Err(Rejection {
            cost: Some(cost),
            ..Rejection::new(Code::QueryTooComplex, message, Vec::new())
        });
    }
    Ok(Coerced {
        variables: coerced,
        cost,
    })
}

/// Whether JSON has fewer levels of lists and objects than `levels`.
fn is_shallower(json: &Json, levels: usize) -> bool {
    let below = |json: &Json| levels > 1 && is_shallower(json, levels - 1);
    match json {
        Json::Array(items) => levels > 1 && items.iter().all(below),
        Json::Object(object) => levels > 1 && object.values().all(below),
        _ => true,
    }
}

/// How many items of a list are coerced: one more than a field accepts, and than an operation may cost. A list that is cut
/// is then refused for its cost, or by its field for its length.
fn max_items(limits: &Limits) -> usize {
    let payable = usize::try_from(limits.cost).unwrap_or(usize::MAX);
    limits.list_items.max(payable).saturating_add(1)
}

/// Coerces JSON. Errors have the position of the variable's definition.
struct Values<'a> {
    types: &'a SchemaTypes,
    /// Items of one list.
    max_items: usize,
    errors: Errors,
    pos: Pos,
}

impl Values<'_> {
    fn value(&mut self, ty: &Type, json: &Json, path: InputPath<'_>) -> Option<ConstValue> {
        match (json, &ty.base) {
            (Json::Null, _) => {
                if !ty.nullable {
                    let message = || format!("{} may not be null.", quote(&path.shown()));
                    self.errors.in_value(self.pos, &path, message);
                }
                Some(ConstValue::Null)
            }
            (Json::Array(items), BaseType::List(item_ty)) => {
                let items: Option<Vec<_>> = items
                    .iter()
                    .take(self.max_items)
                    .map(|item| self.value(item_ty, item, path))
                    .collect();
                items.map(ConstValue::List)
            }
            (json, BaseType::List(item_ty)) => self
                .value(item_ty, json, path)
                .map(|item| ConstValue::List(vec![item])),
            (json, BaseType::Named(name)) => self.named(name, json, path),
        }
    }

    fn named(&mut self, name: &Name, json: &Json, path: InputPath<'_>) -> Option<ConstValue> {
        match (self.types.kind(name)?, json) {
            (Kind::Scalar(scalar), json) => {
                let value = scalar.coerce(json);
                if value.is_none() {
                    self.errors
                        .in_value(self.pos, &path, || wrong(&path, name, scalar.expects()));
                }
                value
            }
            (Kind::Enum(values), Json::String(value)) if values.contains(value) => {
                Some(ConstValue::Enum(Name::new(value)))
            }
            (Kind::Enum(_), _) => {
                let message = || wrong(&path, name, "one of its values as a string");
                self.errors.in_value(self.pos, &path, message);
                None
            }
            (Kind::Input(input), Json::Object(object)) => {
                let keys = object.iter().map(|(key, value)| (key.as_str(), value.is_null()));
                check_keys(name, input, keys, self.pos, &path, &mut self.errors);
                let mut fields = IndexMap::new();
                let mut is_valid = true;
                for (key, value) in object {
                    if let Some(ty) = input.fields.get(key) {
                        match self.value(ty, value, InputPath::Key(&path, key)) {
                            Some(value) => _ = fields.insert(Name::new(key), value),
                            None => is_valid = false,
                        }
                    }
                }
                is_valid.then_some(ConstValue::Object(fields))
            }
            (Kind::Input(_), _) => {
                self.errors
                    .in_value(self.pos, &path, || wrong(&path, name, "an object"));
                None
            }
            (Kind::Object(_) | Kind::Abstract(_), _) => None,
        }
    }
}

/// A valid literal in the form that coerced variables have.
pub(crate) fn coerce_literal(types: &SchemaTypes, ty: &Type, value: ConstValue) -> ConstValue {
    match (value, &ty.base) {
        (ConstValue::Null, _) => ConstValue::Null,
        (ConstValue::List(items), BaseType::List(item_ty)) => ConstValue::List(
            items
                .into_iter()
                .map(|item| coerce_literal(types, item_ty, item))
                .collect(),
        ),
        (value, BaseType::List(item_ty)) => ConstValue::List(vec![coerce_literal(types, item_ty, value)]),
        (ConstValue::Number(number), BaseType::Named(name)) => match types.kind(name) {
            Some(Kind::Scalar(scalar)) if scalar.takes_integers_as_strings() => {
                ConstValue::String(number.to_string())
            }
            _ => ConstValue::Number(number),
        },
        (ConstValue::Object(fields), BaseType::Named(name)) => {
            let Some(Kind::Input(input)) = types.kind(name) else {
                return ConstValue::Object(fields);
            };
            let coerced = fields.into_iter().map(|(key, value)| {
                let value = match input.fields.get(key.as_str()) {
                    Some(ty) => coerce_literal(types, ty, value),
                    None => value,
                };
                (key, value)
            });
            ConstValue::Object(coerced.collect())
        }
        (value, BaseType::Named(_)) => value,
    }
}
