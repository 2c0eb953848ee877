//! The cost of an operation, in points: the most that its root fields can return.
//!
//! Each root field counts, each alias for itself, fragments followed, what `@skip` and `@include` leave out not at all.
//! A response key that stands in several places is one field, which runs once. Sums saturate.

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Directive, ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Variables};
use async_graphql_value::{ConstValue, Value};
use serde_json::{Map, Value as Json};

use super::document::{Document, Operation};
use super::limits::Limits;
use super::outline::is_introspection;

const COUNT: u64 = 10;
const STATUS_COUNTS: u64 = 20;
const INTROSPECTION: u64 = 10;

/// Prices an operation with its coerced variables; `given` has them as they came.
///
/// Unit: points, at least 1. `imports` costs its page size, and 10 more where the count is selected;
/// `importStatusCounts` 20; `nodes` one an id; introspection 10; any other root field 1, and also one whose page
/// size is refused when it runs.
#[must_use]
pub fn cost(
    document: &Document,
    operation: &Operation,
    variables: &Variables,
    given: &Map<String, Json>,
    limits: &Limits,
) -> u64 {
    let executable = document.executable();
    let mut pricing = Pricing {
        executable,
        variables,
        given,
        limits,
    };
    let definition = executable
        .operations
        .iter()
        .find(|(name, _)| name.map(|name| name.as_str()) == operation.name());
    let sum = definition.map_or(0, |(_, definition)| {
        pricing.root(&definition.node.selection_set.node)
    });
    sum.max(1)
}

/// Walks root selection sets and those right below `imports`; the tree measure has bounded both, fragments
/// expanded and cycles refused.
struct Pricing<'a> {
    executable: &'a ExecutableDocument,
    variables: &'a Variables,
    given: &'a Map<String, Json>,
    limits: &'a Limits,
}

impl<'a> Pricing<'a> {
    fn root(&mut self, set: &'a SelectionSet) -> u64 {
        let mut fields: IndexMap<&Name, Vec<&Field>> = IndexMap::new();
        self.each_field(set, &mut |_, field| {
            let key = field.alias.as_ref().unwrap_or(&field.name);
            fields.entry(&key.node).or_default().push(field);
        });
        fields
            .values()
            .fold(0, |sum, places| sum.saturating_add(self.price(places)))
    }

    /// The price of one field; its places have the same name and arguments.
    fn price(&mut self, places: &[&'a Field]) -> u64 {
        let Some(field) = places.first() else { return 0 };
        match field.name.node.as_str() {
            "imports" => self.page(field, places),
            "importStatusCounts" => STATUS_COUNTS,
            "nodes" => self.items(field, "ids"),
            name if is_introspection(name) => INTROSPECTION,
            _ => 1,
        }
    }

    fn page(&mut self, field: &Field, places: &[&'a Field]) -> u64 {
        let size = match (self.size(field, "first"), self.size(field, "last")) {
            (None, None) => self.limits.page_default,
            (Some(size), None) | (None, Some(size)) if (0..=self.limits.page_max as i128).contains(&size) => {
                size as u64
            }
            _ => return 1,
        };
        let mut is_counted = false;
        for place in places {
            self.each_field(&place.selection_set.node, &mut |_, field| {
                is_counted |= field.name.node == "estimatedRemainingCount";
            });
        }
        size.saturating_add(if is_counted { COUNT } else { 0 })
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

    fn each_field(&mut self, set: &'a SelectionSet, each: &mut dyn FnMut(&mut Self, &'a Field)) {
        for selection in &set.items {
            if self.is_left_out(selection.node.directives()) {
                continue;
            }
            match &selection.node {
                Selection::Field(field) => each(self, &field.node),
                Selection::InlineFragment(inline) => self.each_field(&inline.node.selection_set.node, each),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.executable.fragments.get(&spread.node.fragment_name.node) {
                        self.each_field(&fragment.node.selection_set.node, each);
                    }
                }
            }
        }
    }

    fn is_left_out(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().any(|directive| {
            let leaves_out_when = match directive.node.name.node.as_str() {
                "skip" => true,
                "include" => false,
                _ => return false,
            };
            let condition = directive.node.get_argument("if").map(|value| &value.node);
            match condition {
                Some(Value::Boolean(condition)) => *condition == leaves_out_when,
                Some(Value::Variable(name)) => {
                    self.variables.get(name) == Some(&ConstValue::Boolean(leaves_out_when))
                }
                _ => false,
            }
        })
    }
}
