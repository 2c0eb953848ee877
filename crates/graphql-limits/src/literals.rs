//! The literals of a document by the types of the schema (the rule "Values of Correct Type"), and the uses of variables.
//!
//! Each definition is walked once, spreads not followed. A field or argument that the schema does not have is skipped: it
//! is an error of the rules that async-graphql checks.

use std::collections::HashSet;

use async_graphql_parser::types::{BaseType, Directive, Field, Selection, SelectionSet, Type};
use async_graphql_parser::{Pos, Positioned};
use async_graphql_value::Name;
use async_graphql_value::Value;

use crate::input_path::InputPath;
use crate::rejection::{Errors, quote};
use crate::schema_types::{Arguments, Input, Kind, SchemaTypes};

/// A use of a variable.
#[derive(Clone, Debug)]
pub(crate) struct Usage {
    pub(crate) variable: Name,
    /// The type expected there.
    pub(crate) expects: Type,
    /// Whether null is refused there: by the type, or as the key of a oneOf object.
    pub(crate) is_non_null: bool,
    /// The dotted path from the field's argument, if it is one's.
    pub(crate) path: Option<String>,
    pub(crate) pos: Pos,
}

impl Usage {
    pub(crate) fn input_path(&self) -> InputPath<'_> {
        InputPath::Variable {
            name: &self.variable,
            used_at: self.path.as_deref(),
        }
    }
}

/// What one definition uses by itself.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    pub(crate) variables: Vec<Usage>,
    pub(crate) spreads: Vec<Name>,
}

/// Walks definitions, and collects errors and uses.
pub(crate) struct Literals<'a> {
    pub(crate) types: &'a SchemaTypes,
    pub(crate) errors: Errors,
    pub(crate) uses: Uses,
    pub(crate) steps: u64,
}

impl<'a> Literals<'a> {
    /// Walks a selection set on a type.
    pub(crate) fn selection_set(&mut self, set: &SelectionSet, parent: Option<&str>) {
        for selection in &set.items {
            self.steps += 1;
            self.directives(selection.node.directives());
            match &selection.node {
                Selection::Field(field) => {
                    let (field, at) = (&field.node, field.pos);
                    if field.name.node == "__typename" {
                        self.typename(field, at);
                    }
                    let known = parent.and_then(|parent| self.types.field(parent, &field.name.node));
                    let known_arguments = known.map(|known| (&known.arguments, Some(&known.defaults)));
                    self.arguments(&field.arguments, known_arguments, at, InputPath::Argument);
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

    /// Checks a `__typename`, which is a leaf without arguments; async-graphql does not look at it.
    fn typename(&mut self, field: &Field, at: Pos) {
        for (argument, _) in &field.arguments {
            let message = || {
                format!(
                    "The field `__typename` has no argument {}.",
                    quote(&argument.node)
                )
            };
            self.errors.at(argument.pos, message);
        }
        if !field.selection_set.node.items.is_empty() {
            let message = "The field `__typename` is a leaf, and so has no selection set.";
            self.errors.at(at, || message.to_owned());
        }
    }

    /// Walks the directives of the definition of a variable, and checks that the schema allows them there; async-graphql
    /// does not look at them. Whether one may be repeated is not checked: its parser says so of every directive.
    pub(crate) fn variable_directives(&mut self, directives: &[Positioned<Directive>]) {
        self.directives(directives);
        for directive in directives {
            let (at, name) = (directive.pos, &directive.node.name.node);
            let quoted = || quote(&format!("@{name}"));
            let Some(known) = self.types.directive(name) else {
                self.errors
                    .at(at, || format!("There is no directive {}.", quoted()));
                continue;
            };
            if !known.is_for_variables {
                let message = || format!("The directive {} may not be on a variable definition.", quoted());
                self.errors.at(at, message);
                continue;
            }
            for (argument, _) in &directive.node.arguments {
                if !known.arguments.contains_key(argument.node.as_str()) {
                    let argument_name = quote(&argument.node);
                    let message = || format!("The directive {} has no argument {argument_name}.", quoted());
                    self.errors.at(argument.pos, message);
                }
            }
        }
    }

    /// Walks the directives of one location.
    pub(crate) fn directives(&mut self, directives: &[Positioned<Directive>]) {
        for directive in directives {
            let known = self.types.directive(&directive.node.name.node);
            let known = known.map(|known| (&known.arguments, None));
            self.arguments(
                &directive.node.arguments,
                known,
                directive.pos,
                InputPath::DirectiveArgument,
            );
        }
    }

    /// Walks the arguments of a field or directive at `at`, known ones with the names of those that have a default; `path`
    /// makes the path of one of them.
    fn arguments<'d>(
        &mut self,
        given: &'d [(Positioned<Name>, Positioned<Value>)],
        known: Option<(&'d Arguments, Option<&HashSet<String>>)>,
        at: Pos,
        path: fn(&'d str) -> InputPath<'d>,
    ) {
        let Some((known, defaults)) = known else {
            self.steps += given.len() as u64;
            return;
        };
        let has_default = |name: &str| defaults.is_some_and(|defaults| defaults.contains(name));
        for (name, value) in given {
            self.steps += 1;
            if let Some(ty) = known.get(name.node.as_str()) {
                // A variable may be null where there is a default.
                let is_variable = matches!(value.node, Value::Variable(_));
                let may_be_null = ty.nullable || is_variable && has_default(&name.node);
                self.value(ty, &value.node, value.pos, path(&name.node), !may_be_null);
            }
        }
        for (name, _) in known
            .iter()
            .filter(|(name, ty)| !ty.nullable && !has_default(name))
        {
            if !given.iter().any(|(given, _)| given.node == *name) {
                let message = || format!("The argument `{name}` is required, but not given.");
                self.errors.in_value(at, &path(name), message);
            }
        }
    }

    /// Checks a value where `ty` is expected; `is_non_null` also holds for the key of a oneOf object.
    pub(crate) fn value(
        &mut self,
        ty: &Type,
        value: &Value,
        pos: Pos,
        path: InputPath<'_>,
        is_non_null: bool,
    ) {
        self.steps += 1;
        match (value, &ty.base) {
            (Value::Variable(name), _) => {
                let usage = Usage {
                    variable: name.clone(),
                    expects: ty.clone(),
                    is_non_null,
                    path: path.argument(),
                    pos,
                };
                self.uses.variables.push(usage);
            }
            (Value::Null, _) => {
                if is_non_null {
                    let message = || format!("{} may not be null.", quote(&path.shown()));
                    self.errors.in_value(pos, &path, message);
                }
            }
            (Value::List(items), BaseType::List(item_ty)) => {
                for item in items {
                    self.value(item_ty, item, pos, path, !item_ty.nullable);
                }
            }
            (value, BaseType::List(item_ty)) => self.value(item_ty, value, pos, path, false),
            (value, BaseType::Named(name)) => self.named(name, value, pos, path),
        }
    }

    fn named(&mut self, name: &Name, value: &Value, pos: Pos, path: InputPath<'_>) {
        match (self.types.kind(name), value) {
            (Some(Kind::Scalar(scalar)), value) if !scalar.accepts(value) => {
                self.errors
                    .in_value(pos, &path, || wrong(&path, name, scalar.expects()));
            }
            (Some(Kind::Enum(values)), Value::Enum(value)) if values.contains(value.as_str()) => {}
            (Some(Kind::Enum(_)), Value::Enum(value)) => {
                self.errors.in_value(pos, &path, || {
                    format!("{} is no value of the enum {name}.", quote(value))
                });
            }
            (Some(Kind::Enum(_)), _) => self
                .errors
                .in_value(pos, &path, || wrong(&path, name, "an enum value, unquoted")),
            (Some(Kind::Input(input)), Value::Object(object)) => {
                let keys = object
                    .keys()
                    .map(|key| (key.as_str(), object.get(key) == Some(&Value::Null)));
                check_keys(name, input, keys, pos, &path, &mut self.errors);
                // By name, as the keys of a variable come.
                for (key, ty) in &input.fields {
                    if let Some(value) = object.get(key.as_str()) {
                        // A null in a oneOf object is an error of its keys.
                        let is_reported = input.is_one_of && value == &Value::Null;
                        let is_non_null = (!ty.nullable || input.is_one_of) && !is_reported;
                        self.value(ty, value, pos, InputPath::Key(&path, key), is_non_null);
                    }
                }
            }
            (Some(Kind::Input(_)), _) => {
                self.errors
                    .in_value(pos, &path, || wrong(&path, name, "an object"));
            }
            _ => {}
        }
    }
}

/// Checks which keys an input object has; `keys` says of each whether its value is null. Errors come in the order of names.
pub(crate) fn check_keys<'k>(
    name: &str,
    input: &Input,
    keys: impl Iterator<Item = (&'k str, bool)> + Clone,
    pos: Pos,
    path: &InputPath<'_>,
    errors: &mut Errors,
) {
    let unknown = keys.clone().map(|(key, _)| key);
    let mut unknown: Vec<_> = unknown.filter(|key| !input.fields.contains_key(*key)).collect();
    unknown.sort_unstable();
    for key in unknown {
        errors.in_value(pos, path, || {
            format!(
                "{name} has no field {}, given in {}.",
                quote(key),
                quote(&path.shown())
            )
        });
    }
    if input.is_one_of {
        let mut all = keys.clone();
        let at = match (all.next(), all.next()) {
            (Some((_, false)), None) => return,
            // One key, and it is null: the error is that of its value.
            (Some((key, true)), None) if input.fields.contains_key(key) => &InputPath::Key(path, key),
            _ => path,
        };
        let message = || wrong(path, name, "exactly one key, and that not null");
        errors.in_value(pos, at, message);
        return;
    }
    for (field, ty) in &input.fields {
        if !ty.nullable && !keys.clone().any(|(key, _)| key == field) {
            errors.in_value(pos, &InputPath::Key(path, field), || {
                format!("{} needs the field `{field}` of {name}.", quote(&path.shown()))
            });
        }
    }
}

/// The message for a value of the wrong type. It shows the path, never the value.
pub(crate) fn wrong(path: &InputPath<'_>, name: &str, wants: &str) -> String {
    format!(
        "{} is of the type {name}, which takes {wants}.",
        quote(&path.shown())
    )
}
