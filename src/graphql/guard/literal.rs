//! The document's own values against the schema: literals are checked, uses of variables are collected.
//!
//! Each definition is walked once, spreads not followed; a field or argument that the schema does not have is
//! passed over, as validation refuses it by name.

use async_graphql::parser::types::{BaseType, Directive, Selection, SelectionSet, Type};
use async_graphql::{Name, Pos, Positioned};
use async_graphql_value::Value;

use super::place::Place;
use super::refusal::{Faults, quote};
use super::table::{Arguments, Input, Kind, Types};

/// A variable where a value is expected.
#[derive(Clone, Debug)]
pub(super) struct Usage {
    pub(super) variable: Name,
    /// The type expected there.
    pub(super) expects: Type,
    /// Whether null is refused there: by the type, or as the key of a oneOf object.
    pub(super) is_non_null: bool,
    /// The dotted path from the field's argument, if it is one's.
    pub(super) path: Option<String>,
    pub(super) pos: Pos,
}

impl Usage {
    pub(super) fn place(&self) -> Place<'_> {
        Place::Variable {
            name: &self.variable,
            used_at: self.path.as_deref(),
        }
    }
}

/// What one definition uses by itself.
#[derive(Debug, Default)]
pub(super) struct Uses {
    pub(super) variables: Vec<Usage>,
    pub(super) spreads: Vec<Name>,
}

/// Walks definitions; what it finds wrong goes to `faults`.
pub(super) struct Literals<'a> {
    pub(super) types: &'a Types,
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
                    let (field, at) = (&field.node, field.pos);
                    let known = parent.and_then(|parent| self.types.field(parent, &field.name.node));
                    let known_arguments = known.map(|known| &known.arguments);
                    self.arguments(&field.arguments, known_arguments, at, Place::Argument);
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
            self.arguments(
                &directive.node.arguments,
                known,
                directive.pos,
                Place::OfDirective,
            );
        }
    }

    /// Walks the arguments of a field or directive at `at`; `place` says where one of them stands.
    fn arguments<'d>(
        &mut self,
        given: &'d [(Positioned<Name>, Positioned<Value>)],
        known: Option<&'d Arguments>,
        at: Pos,
        place: fn(&'d str) -> Place<'d>,
    ) {
        for (name, value) in given {
            self.steps += 1;
            if let Some(ty) = known.and_then(|known| known.get(name.node.as_str())) {
                self.value(ty, &value.node, value.pos, place(&name.node), !ty.nullable);
            }
        }
        for (name, _) in known.into_iter().flatten().filter(|(_, ty)| !ty.nullable) {
            if !given.iter().any(|(given, _)| given.node == *name) {
                let message = || format!("The argument `{name}` is required, but not given.");
                self.faults.wrong(at, &place(name), message);
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
                    path: place.argument(),
                    pos,
                };
                self.uses.variables.push(usage);
            }
            (Value::Null, _) => {
                if is_non_null {
                    let message = || format!("{} may not be null.", quote(&place.shown()));
                    self.faults.wrong(pos, &place, message);
                }
            }
            (Value::List(items), BaseType::List(item_ty)) => {
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
                self.faults
                    .wrong(pos, &place, || wrong(&place, name, scalar.wants()));
            }
            (Some(Kind::Enum(values)), Value::Enum(value)) if values.contains(value.as_str()) => {}
            (Some(Kind::Enum(_)), Value::Enum(value)) => {
                self.faults.wrong(pos, &place, || {
                    format!("{} is no value of the enum {name}.", quote(value))
                });
            }
            (Some(Kind::Enum(_)), _) => self
                .faults
                .wrong(pos, &place, || wrong(&place, name, "an enum value, unquoted")),
            (Some(Kind::Input(input)), Value::Object(object)) => {
                let keys = object
                    .keys()
                    .map(|key| (key.as_str(), object.get(key) == Some(&Value::Null)));
                check_keys(name, input, keys, pos, &place, &mut self.faults);
                // By name, as the keys of a variable come.
                for (key, ty) in &input.fields {
                    if let Some(value) = object.get(key.as_str()) {
                        // A null in a oneOf object has been noted with its keys.
                        let is_noted = input.is_one_of && value == &Value::Null;
                        let is_non_null = (!ty.nullable || input.is_one_of) && !is_noted;
                        self.value(ty, value, pos, Place::Key(&place, key), is_non_null);
                    }
                }
            }
            (Some(Kind::Input(_)), _) => {
                self.faults
                    .wrong(pos, &place, || wrong(&place, name, "an object"));
            }
            _ => {}
        }
    }
}

/// Checks which keys an input object has; `keys` says of each whether its value is null. Faults are noted by name.
pub(super) fn check_keys<'k>(
    name: &str,
    input: &Input,
    keys: impl Iterator<Item = (&'k str, bool)> + Clone,
    pos: Pos,
    place: &Place<'_>,
    faults: &mut Faults,
) {
    let unknown = keys.clone().map(|(key, _)| key);
    let mut unknown: Vec<_> = unknown.filter(|key| !input.fields.contains_key(*key)).collect();
    unknown.sort_unstable();
    for key in unknown {
        faults.wrong(pos, place, || {
            format!(
                "{name} has no field {}, given in {}.",
                quote(key),
                quote(&place.shown())
            )
        });
    }
    if input.is_one_of {
        let mut all = keys.clone();
        let at = match (all.next(), all.next()) {
            (Some((_, false)), None) => return,
            // One key, and that is null: it is at fault itself.
            (Some((key, true)), None) if input.fields.contains_key(key) => &Place::Key(place, key),
            _ => place,
        };
        let message = || wrong(place, name, "exactly one key, and that not null");
        faults.wrong(pos, at, message);
        return;
    }
    for (field, ty) in &input.fields {
        if !ty.nullable && !keys.clone().any(|(key, _)| key == field) {
            faults.wrong(pos, &Place::Key(place, field), || {
                format!("{} needs the field `{field}` of {name}.", quote(&place.shown()))
            });
        }
    }
}

/// The message for a value of the wrong type; shows the place, never the value.
pub(super) fn wrong(place: &Place<'_>, name: &str, wants: &str) -> String {
    format!(
        "{} is of the type {name}, which takes {wants}.",
        quote(&place.shown())
    )
}
