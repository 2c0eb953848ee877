//! The cost of an operation, in points: the most that its root fields can return.
//!
//! Each root field counts under each of its aliases, fragments followed. What `@skip` and `@include` leave out costs
//! nothing. A response key that is selected several times is one field, which is executed once. Sums saturate.

use std::collections::HashSet;

use async_graphql_parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql_value::indexmap::IndexMap;
use async_graphql_value::{ConstValue, Name, Value, Variables};
use serde_json::{Map, Value as Json};

use crate::complexity::is_introspection;
use crate::conditions::is_included;
use crate::document::{Document, Operation};
use crate::schema_types::SchemaTypes;

/// What the root fields of a schema cost, in points: those of queries and those of subscriptions. One that is not listed
/// costs 1.
#[derive(Clone, Debug)]
pub struct Costs {
    /// The cost of `__schema`, and of `__type`.
    pub introspection: u64,
    /// The costs of root fields, by name.
    pub root_fields: Vec<(&'static str, Cost)>,
}

/// What one root field costs.
#[derive(Clone, Debug)]
pub enum Cost {
    /// Always the same.
    Fixed(u64),
    /// One point for each item of a list in this argument.
    Items(&'static str),
    /// One point for each different object in a list: those that have the same strings under these keys are one, and all that
    /// lack one of these strings are one together. A list of more items than are coerced costs a point for each.
    Distinct {
        /// The argument that is the list.
        argument: &'static str,
        /// The keys.
        keys: &'static [&'static str],
    },
    /// That of introspection: the field tells of the schema, and is refused where introspection is switched off.
    Introspection,
    /// One point for each row of a page.
    Connection(ConnectionCost),
}

/// What a page of a connection costs: one point for each row that its arguments `first` and `last` ask for. A page whose
/// size the field refuses costs 1.
#[derive(Clone, Debug)]
pub struct ConnectionCost {
    /// The size of a page where neither is given.
    pub default_size: u64,
    /// The largest size.
    pub max_size: u64,
    /// Fields of the connection that cost something by themselves, and how much.
    pub fields: Vec<(&'static str, u64)>,
}

/// The cost of an operation with its coerced variables, at least 1; `given` has them as they came, as of a list no more than
/// `max_items` are coerced.
pub(crate) fn cost(
    document: &Document,
    operation: &Operation,
    variables: &Variables,
    given: &Map<String, Json>,
    types: &SchemaTypes,
    max_items: usize,
) -> u64 {
    let executable = document.executable();
    let calculation = Calculation {
        executable,
        variables,
        given,
        costs: types.costs(),
        max_items,
    };
    let definition = executable
        .operations
        .iter()
        .find(|(name, _)| name.map(|name| name.as_str()) == operation.name());
    let sum = definition.map_or(0, |(_, definition)| {
        calculation.root(&definition.node.selection_set.node)
    });
    sum.max(1)
}

/// Walks root selection sets and those of connections. The limits on complexity have bounded both, fragments expanded.
struct Calculation<'a> {
    executable: &'a ExecutableDocument,
    variables: &'a Variables,
    given: &'a Map<String, Json>,
    costs: &'a Costs,
    /// Items of one list that are coerced.
    max_items: usize,
}

impl<'a> Calculation<'a> {
    fn root(&self, set: &'a SelectionSet) -> u64 {
        let mut fields: IndexMap<&Name, Vec<&Field>> = IndexMap::new();
        self.each_field(set, &mut |field| {
            let key = field.alias.as_ref().unwrap_or(&field.name);
            fields.entry(&key.node).or_default().push(field);
        });
        fields
            .values()
            .fold(0, |sum, uses| sum.saturating_add(self.field(uses)))
    }

    /// The cost of one root field; its uses have the same name and arguments.
    fn field(&self, uses: &[&'a Field]) -> u64 {
        let Some(field) = uses.first() else { return 0 };
        let name = field.name.node.as_str();
        if is_introspection(name) {
            return self.costs.introspection;
        }
        let found = self.costs.root_fields.iter().find(|(listed, _)| *listed == name);
        match found.map(|(_, cost)| cost) {
            None => 1,
            Some(Cost::Fixed(points)) => *points,
            Some(Cost::Items(argument)) => self.items(field, argument),
            Some(Cost::Distinct { argument, keys }) => self.distinct(field, argument, keys),
            Some(Cost::Introspection) => self.costs.introspection,
            Some(Cost::Connection(connection)) => self.page(field, uses, connection),
        }
    }

    fn page(&self, field: &Field, uses: &[&'a Field], connection: &ConnectionCost) -> u64 {
        let size = match (self.size(field, "first"), self.size(field, "last")) {
            (None, None) => connection.default_size,
            (Some(size), None) | (None, Some(size))
                if (0..=i128::from(connection.max_size)).contains(&size) =>
            {
                size as u64
            }
            _ => return 1,
        };
        let mut selected = vec![false; connection.fields.len()];
        for field in uses {
            self.each_field(&field.selection_set.node, &mut |field| {
                for (is_selected, (name, _)) in selected.iter_mut().zip(&connection.fields) {
                    *is_selected |= field.name.node == *name;
                }
            });
        }
        let fields = selected.iter().zip(&connection.fields);
        fields
            .filter(|(is_selected, _)| **is_selected)
            .fold(size, |sum, (_, (_, points))| sum.saturating_add(*points))
    }

    /// The length of a list; 1 of a single item. That of a variable is counted as it came: its value may be cut.
    fn items(&self, field: &Field, argument: &str) -> u64 {
        if let Some(Value::Variable(name)) = field.get_argument(argument).map(|value| &value.node)
            && let Some(Json::Array(items)) = self.given.get(name.as_str())
        {
            return items.len() as u64;
        }
        match self.argument(field, argument) {
            Some(ConstValue::List(items)) => items.len() as u64,
            _ => 1,
        }
    }

    /// The number of different objects in a list; the length of one that is longer than what is coerced.
    fn distinct(&self, field: &Field, argument: &str, keys: &[&str]) -> u64 {
        let items = self.items(field, argument);
        if items >= self.max_items as u64 {
            return items;
        }
        let Some(ConstValue::List(items)) = self.argument(field, argument) else {
            return items;
        };
        let strings = |item: &ConstValue| -> Option<Vec<String>> {
            let ConstValue::Object(object) = item else {
                return None;
            };
            let string = |key: &&str| match object.get(*key) {
                Some(ConstValue::String(text)) => Some(text.clone()),
                _ => None,
            };
            keys.iter().map(string).collect()
        };
        items.iter().map(strings).collect::<HashSet<_>>().len() as u64
    }

    /// A size that is given and not null; what is no whole number counts as out of range.
    fn size(&self, field: &Field, argument: &str) -> Option<i128> {
        match self.argument(field, argument)? {
            ConstValue::Null => None,
            ConstValue::Number(number) => Some(number.as_i64().map_or(-1, i128::from)),
            _ => Some(-1),
        }
    }

    fn argument(&self, field: &Field, name: &str) -> Option<ConstValue> {
        let value = field.get_argument(name)?.node.clone();
        match value {
            Value::Variable(name) => self.variables.get(&name).cloned(),
            value => value
                .into_const_with(|name| Ok::<_, ()>(self.variables.get(&name).cloned().unwrap_or_default()))
                .ok(),
        }
    }

    fn each_field(&self, set: &'a SelectionSet, each: &mut dyn FnMut(&'a Field)) {
        for selection in &set.items {
            if !is_included(selection.node.directives(), self.variables) {
                continue;
            }
            match &selection.node {
                Selection::Field(field) => each(&field.node),
                Selection::InlineFragment(inline) => self.each_field(&inline.node.selection_set.node, each),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.executable.fragments.get(&spread.node.fragment_name.node) {
                        self.each_field(&fragment.node.selection_set.node, each);
                    }
                }
            }
        }
    }
}
