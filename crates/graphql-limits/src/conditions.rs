//! `@skip` and `@include`, read in one way by all that read them: the cost of an operation, and its execution.

use async_graphql_parser::Positioned;
use async_graphql_parser::types::Directive;
use async_graphql_value::{ConstValue, Name, Value, Variables};

/// Whether a selection with these directives is included.
#[must_use]
pub fn is_included(directives: &[Positioned<Directive>], variables: &Variables) -> bool {
    directives.iter().all(|directive| {
        let included_when = match directive.node.name.node.as_str() {
            "skip" => false,
            "include" => true,
            _ => return true,
        };
        let is_true = match condition(&directive.node) {
            Some(Value::Boolean(is_true)) => *is_true,
            Some(Value::Variable(name)) => is_true(name, variables),
            _ => false,
        };
        is_true == included_when
    })
}

/// Whether a variable that `@skip` or `@include` reads is true. Without a value it is not; in a checked document with
/// coerced variables it has one.
#[must_use]
pub fn is_true(variable: &Name, variables: &Variables) -> bool {
    variables.get(variable) == Some(&ConstValue::Boolean(true))
}

/// The variables that the `@skip` and `@include` among these directives read.
pub fn condition_variables(directives: &[Positioned<Directive>]) -> impl Iterator<Item = &Name> {
    let conditions = directives
        .iter()
        .filter(|directive| matches!(directive.node.name.node.as_str(), "skip" | "include"));
    conditions.filter_map(|directive| match condition(&directive.node) {
        Some(Value::Variable(name)) => Some(name),
        _ => None,
    })
}

fn condition(directive: &Directive) -> Option<&Value> {
    directive.get_argument("if").map(|value| &value.node)
}

#[cfg(test)]
mod tests {
    use async_graphql_parser::parse_query;

    use super::*;

    /// Whether the only field of a document is included, and the variables that its directives read.
    fn read(text: &str, variables: &Variables) -> (bool, Vec<String>) {
        let document = parse_query(text).expect("a document");
        let (_, operation) = document.operations.iter().next().expect("an operation");
        let field = &operation.node.selection_set.node.items[0].node;
        let names = condition_variables(field.directives())
            .map(Name::to_string)
            .collect();
        (is_included(field.directives(), variables), names)
    }

    #[test]
    fn skip_and_include_agree_whether_a_variable_is_true_false_or_without_a_value() {
        for (value, is_true) in [(Some(true), true), (Some(false), false), (None, false)] {
            let mut variables = Variables::default();
            if let Some(value) = value {
                variables.insert(Name::new("v"), ConstValue::Boolean(value));
            }
            assert_eq!(
                read("{a @include(if: $v)}", &variables),
                (is_true, vec!["v".to_owned()])
            );
            assert_eq!(
                read("{a @skip(if: $v)}", &variables),
                (!is_true, vec!["v".to_owned()])
            );
        }
        let none = Variables::default();
        assert_eq!(
            read("{a @include(if: true) @skip(if: true)}", &none),
            (false, vec![])
        );
        assert_eq!(
            read("{a @include(if: true) @skip(if: false) @other(if: $v)}", &none),
            (true, vec![])
        );
    }
}
