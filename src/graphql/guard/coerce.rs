//! The variables of a request, coerced by the specification, and the operation's cost with them.
//!
//! Takes JSON as it came, gives what the library's executor takes at its word: enum values as enum values, single
//! values as lists where lists are expected, defaults filled in, unset variables absent. Variables that the
//! operation does not define are ignored.

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{BaseType, Type};
use async_graphql::{Name, Pos, Variables};
use async_graphql_value::ConstValue;
use serde_json::{Map, Value as Json};

use super::cost::cost;
use super::document::{Document, Operation};
use super::limits::Limits;
use super::literal::{check_keys, wrong};
use super::place::Place;
use super::refusal::{Code, Faults, Refusal, quote};
use super::table::{Kind, Types};

/// What a request's variables come to.
#[derive(Debug)]
pub struct Coerced {
    /// The variables to hand to the library.
    pub variables: Variables,
    /// The operation's cost. Unit: points; at least 1, at most the limit.
    pub cost: u64,
}

/// Coerces a request's variables, and prices the operation with them.
///
/// # Errors
///
/// [`Code::ValidationFailed`] for a value of the wrong type or a required one that is missing,
/// [`Code::QueryTooDeep`] for JSON nested too deep, [`Code::QueryTooComplex`] for a cost above the limit.
pub fn coerce(
    document: &Document,
    operation: &Operation,
    variables: &Map<String, Json>,
    types: &Types,
    limits: &Limits,
) -> Result<Coerced, Refusal> {
    if variables
        .values()
        .any(|json| !is_shallower(json, limits.variable_depth))
    {
        let message = format!(
            "The variables are nested more than {} deep.",
            limits.variable_depth
        );
        return Err(Refusal::new(Code::QueryTooDeep, message, Vec::new()));
    }
    let mut values = Values {
        types,
        longest: longest(limits),
        faults: Faults::new(limits.errors),
        pos: Pos::default(),
    };
    let mut coerced = Variables::default();
    for variable in &operation.variables {
        values.pos = variable.pos;
        let place = variable.place();
        let value = match variables.get(variable.name.as_str()) {
            Some(Json::Null) if variable.non_null_at.is_some() => {
                let message = || format!("The variable {} may not be null here.", quote(&variable.name));
                if let Some(usage) = &variable.non_null_at {
                    values.faults.wrong(usage.pos, &usage.place(), message);
                }
                continue;
            }
            Some(json) => values.value(&variable.ty, json, place),
            None if variable.default.is_some() => variable.default.clone(),
            None if !variable.ty.nullable => {
                let name = quote(&variable.name);
                let message = || format!("The variable {name} is required, but not given.");
                values.faults.wrong(variable.pos, &place, message);
                continue;
            }
            None => continue,
        };
        if let Some(value) = value {
            coerced.insert(variable.name.clone(), value);
        }
    }
    values.faults.settle()?;
    let cost = cost(document, operation, &coerced, variables, limits);
    if cost > limits.cost {
        let message = format!(
            "The operation costs {cost} points; at most {} are accepted.",
            limits.cost
        );
        return Err(Refusal {
            cost: Some(cost),
            ..Refusal::new(Code::QueryTooComplex, message, Vec::new())
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

/// How far a list is read: one item beyond what a field takes, and beyond what an operation can pay for. What is cut
/// off is refused for its length by the field, or for its cost before.
fn longest(limits: &Limits) -> usize {
    let payable = usize::try_from(limits.cost).unwrap_or(usize::MAX);
    limits.list_items.max(payable).saturating_add(1)
}

/// Coerces JSON; what it finds wrong goes to `faults`, placed at the variable's definition.
struct Values<'a> {
    types: &'a Types,
    /// Items of one list.
    longest: usize,
    faults: Faults,
    pos: Pos,
}

impl Values<'_> {
    fn value(&mut self, ty: &Type, json: &Json, place: Place<'_>) -> Option<ConstValue> {
        match (json, &ty.base) {
            (Json::Null, _) => {
                if !ty.nullable {
                    let message = || format!("{} may not be null.", quote(&place.shown()));
                    self.faults.wrong(self.pos, &place, message);
                }
                Some(ConstValue::Null)
            }
            (Json::Array(items), BaseType::List(item_ty)) => {
                let items: Option<Vec<_>> = items
                    .iter()
                    .take(self.longest)
                    .map(|item| self.value(item_ty, item, place))
                    .collect();
                items.map(ConstValue::List)
            }
            (json, BaseType::List(item_ty)) => self
                .value(item_ty, json, place)
                .map(|item| ConstValue::List(vec![item])),
            (json, BaseType::Named(name)) => self.named(name, json, place),
        }
    }

    fn named(&mut self, name: &Name, json: &Json, place: Place<'_>) -> Option<ConstValue> {
        match (self.types.kind(name)?, json) {
            (Kind::Scalar(scalar), json) => {
                let value = scalar.coerce(json);
                if value.is_none() {
                    self.faults
                        .wrong(self.pos, &place, || wrong(&place, name, scalar.wants()));
                }
                value
            }
            (Kind::Enum(values), Json::String(value)) if values.contains(value) => {
                Some(ConstValue::Enum(Name::new(value)))
            }
            (Kind::Enum(_), _) => {
                let message = || wrong(&place, name, "one of its values as a string");
                self.faults.wrong(self.pos, &place, message);
                None
            }
            (Kind::Input(input), Json::Object(object)) => {
                let keys = object.iter().map(|(key, value)| (key.as_str(), value.is_null()));
                check_keys(name, input, keys, self.pos, &place, &mut self.faults);
                let mut fields = IndexMap::new();
                let mut is_sound = true;
                for (key, value) in object {
                    if let Some(ty) = input.fields.get(key) {
                        match self.value(ty, value, Place::Key(&place, key)) {
                            Some(value) => _ = fields.insert(Name::new(key), value),
                            None => is_sound = false,
                        }
                    }
                }
                is_sound.then_some(ConstValue::Object(fields))
            }
            (Kind::Input(_), _) => {
                self.faults
                    .wrong(self.pos, &place, || wrong(&place, name, "an object"));
                None
            }
            (Kind::Object(_) | Kind::Abstract(_), _) => None,
        }
    }
}

/// A literal that was found sound, in the form that variables have.
pub(super) fn settle(types: &Types, ty: &Type, value: ConstValue) -> ConstValue {
    match (value, &ty.base) {
        (ConstValue::Null, _) => ConstValue::Null,
        (ConstValue::List(items), BaseType::List(item_ty)) => ConstValue::List(
            items
                .into_iter()
                .map(|item| settle(types, item_ty, item))
                .collect(),
        ),
        (value, BaseType::List(item_ty)) => ConstValue::List(vec![settle(types, item_ty, value)]),
        (ConstValue::Number(number), BaseType::Named(name)) if name == "ID" || name == "BigInt" => {
            ConstValue::String(number.to_string())
        }
        (ConstValue::Object(fields), BaseType::Named(name)) => {
            let Some(Kind::Input(input)) = types.kind(name) else {
                return ConstValue::Object(fields);
            };
            let settled = fields.into_iter().map(|(key, value)| {
                let value = match input.fields.get(key.as_str()) {
                    Some(ty) => settle(types, ty, value),
                    None => value,
                };
                (key, value)
            });
            ConstValue::Object(settled.collect())
        }
        (value, BaseType::Named(_)) => value,
    }
}
