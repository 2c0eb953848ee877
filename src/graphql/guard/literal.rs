//! The document's own values against the schema: literals are checked, uses of variables are collected.
//!
//! Each definition is walked once, spreads not followed; a field or argument that the schema does not have is
//! passed over, as validation refuses it by name.

use async_graphql::parser::types::{BaseType, Directive, Selection, SelectionSet, Type};
use async_graphql::{Name, Pos, Positioned};
use async_graphql_value::Value;

use super::limits::Limits;
use super::refusal::{Faults, quote};
use super::table::{Arguments, Input, Kind, Types};

/// A variable where a value is expected.
#[derive(Debug)]
pub(super) struct Usage {
    pub(super) variable: Name,
    /// The type expected there.
    pub(super) expects: Type,
    /// Whether null is refused there: by the type, or as the key of a oneOf object.
    pub(super) is_non_null: bool,
    pub(super) pos: Pos,
}

/// What one definition uses by itself.
#[derive(Debug, Default)]
pub(super) struct Uses {
    pub(super) variables: Vec<Usage>,
    pub(super) spreads: Vec<Name>,
}

/// A place in an argument: its field's argument first, then keys.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) parent: Option<&'p Place<'p>>,
    pub(super) key: &'p str,
}

impl Place<'_> {
    /// The dotted path.
    pub(super) fn path(&self) -> String {
        let mut keys = Vec::new();
        let mut place = Some(self);
        while let Some(at) = place {
            keys.push(at.key);
            place = at.parent;
        }
        keys.reverse();
        keys.join(".")
    }
}

/// Walks definitions; what it finds wrong goes to `faults`.
pub(super) struct Literals<'a> {
    pub(super) types: &'a Types,
    pub(super) limits: &'a Limits,
    pub(super) faults: Faults,
    pub(super) uses: Uses,
    pub(super) steps: u64,
}

impl<'a> Literals<'a> {
    /// Walks a selection set on a type.
    pub(super) fn selection_set(&mut self, set: &SelectionSet, parent: Option<&str>) {
        for selection in &set.items {
            self.steps += 1;
            self.directives(selection.node.directives());
            match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let known = parent.and_then(|parent| self.types.field(parent, &field.name.node));
                    self.arguments(&field.arguments, known.map(|known| &known.arguments));
                    let below = known.map(|known| known.of.as_str());
                    self.selection_set(&field.selection_set.node, below);
                }
                Selection::FragmentSpread(spread) => {
                    self.uses.spreads.push(spread.node.fragment_name.node.clone());
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    let parent = condition
                        .map(|condition| condition.node.on.node.as_str())
                        .or(parent);
                    self.selection_set(&inline.node.selection_set.node, parent);
                }
            }
        }
    }

    /// Walks the directives of one place.
    pub(super) fn directives(&mut self, directives: &[Positioned<Directive>]) {
        for directive in directives {
            let known = self.types.directive(&directive.node.name.node);
            self.arguments(&directive.node.arguments, known);
        }
    }

    fn arguments(&mut self, given: &[(Positioned<Name>, Positioned<Value>)], known: Option<&Arguments>) {
        for (name, value) in given {
            self.steps += 1;
            if let Some(ty) = known.and_then(|known| known.get(name.node.as_str())) {
                self.value(
                    ty,
                    &value.node,
                    value.pos,
                    Place {
                        parent: None,
                        key: &name.node,
                    },
                    !ty.nullable,
                );
            }
        }
    }

    /// Checks a value where `ty` is expected; `is_non_null` also holds for the key of a oneOf object.
    pub(super) fn value(&mut self, ty: &Type, value: &Value, pos: Pos, place: Place<'_>, is_non_null: bool) {
        self.steps += 1;
        match (value, &ty.base) {
            (Value::Variable(name), _) => {
                let usage = Usage {
                    variable: name.clone(),
                    expects: ty.clone(),
                    is_non_null,
                    pos,
                };
                self.uses.variables.push(usage);
            }
            (Value::Null, _) => {
                if is_non_null {
                    self.faults
                        .invalid(pos, || format!("{} may not be null.", quote(&place.path())));
                }
            }
            (Value::List(items), BaseType::List(item_ty)) => {
                if items.len() > self.limits.list_items {
                    self.faults
                        .unacceptable(pos, place.path(), too_long(&place, self.limits));
                }
                for item in items {
                    self.value(item_ty, item, pos, place, !item_ty.nullable);
                }
            }
            (value, BaseType::List(item_ty)) => self.value(item_ty, value, pos, place, false),
            (value, BaseType::Named(name)) => self.named(name, value, pos, place),
        }
    }

    fn named(&mut self, name: &Name, value: &Value, pos: Pos, place: Place<'_>) {
        match (self.types.kind(name), value) {
            (Some(Kind::Scalar(scalar)), value) if !scalar.accepts(value) => {
                self.faults.invalid(pos, || wrong(&place, name, scalar.wants()));
            }
            (Some(Kind::Enum(values)), Value::Enum(value)) if values.contains(value.as_str()) => {}
            (Some(Kind::Enum(_)), Value::Enum(value)) => {
                self.faults.invalid(pos, || {
                    format!("{} is no value of the enum {name}.", quote(value))
                });
            }
            (Some(Kind::Enum(_)), _) => self
                .faults
                .invalid(pos, || wrong(&place, name, "an enum value, unquoted")),
            (Some(Kind::Input(input)), Value::Object(object)) => {
                let keys = object
                    .keys()
                    .map(|key| (key.as_str(), object.get(key) == Some(&Value::Null)));
                check_keys(name, input, keys, pos, place, &mut self.faults);
                for (key, value) in object {
                    if let Some(ty) = input.fields.get(key.as_str()) {
                        // A null in a oneOf object has been noted with its keys.
                        let is_noted = input.is_one_of && value == &Value::Null;
                        let is_non_null = (!ty.nullable || input.is_one_of) && !is_noted;
                        let place = Place {
                            parent: Some(&place),
                            key,
                        };
                        self.value(ty, value, pos, place, is_non_null);
                    }
                }
            }
            (Some(Kind::Input(_)), _) => self.faults.invalid(pos, || wrong(&place, name, "an object")),
            _ => {}
        }
    }
}

/// Checks which keys an input object has; `keys` says of each whether its value is null.
pub(super) fn check_keys<'k>(
    name: &str,
    input: &Input,
    keys: impl Iterator<Item = (&'k str, bool)> + Clone,
    pos: Pos,
    place: Place<'_>,
    faults: &mut Faults,
) {
    for (key, _) in keys.clone().filter(|(key, _)| !input.fields.contains_key(*key)) {
        faults.invalid(pos, || {
            format!(
                "{name} has no field {}, given in {}.",
                quote(key),
                quote(&place.path())
            )
        });
    }
    if input.is_one_of {
        if keys.clone().count() != 1 || keys.clone().any(|(_, is_null)| is_null) {
            faults.invalid(pos, || wrong(&place, name, "exactly one key, and that not null"));
        }
        return;
    }
    for (field, ty) in &input.fields {
        if !ty.nullable && !keys.clone().any(|(key, _)| key == field) {
            faults.invalid(pos, || {
                format!("{} needs the field `{field}` of {name}.", quote(&place.path()))
            });
        }
    }
}

/// The message for a value of the wrong type; shows the place, never the value.
pub(super) fn wrong(place: &Place<'_>, name: &str, wants: &str) -> String {
    format!(
        "{} is of the type {name}, which takes {wants}.",
        quote(&place.path())
    )
}

/// The message for a list with too many items.
pub(super) fn too_long(place: &Place<'_>, limits: &Limits) -> String {
    format!(
        "{} has too many items; at most {} are accepted.",
        quote(&place.path()),
        limits.list_items
    )
}
