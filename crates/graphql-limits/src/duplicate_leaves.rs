//! Removes leaf fields that a selection set selects more than once.
//!
//! A field without arguments, directives and a selection set changes nothing when it is selected again, but async-graphql
//! runs its validation rules on each: two thousand of them took it longer than anything else that is accepted.

use std::collections::HashSet;

use async_graphql_parser::types::{DocumentOperations, ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql_value::Name;

/// Removes duplicate leaves from each selection set of a document. The first of each is kept, and so is the order.
pub(crate) fn remove_duplicate_leaves(document: &mut ExecutableDocument) {
    match &mut document.operations {
        DocumentOperations::Single(operation) => in_set(&mut operation.node.selection_set.node),
        DocumentOperations::Multiple(operations) => operations
            .values_mut()
            .for_each(|operation| in_set(&mut operation.node.selection_set.node)),
    }
    for fragment in document.fragments.values_mut() {
        in_set(&mut fragment.node.selection_set.node);
    }
}

fn in_set(set: &mut SelectionSet) {
    let mut leaves: HashSet<(Option<Name>, Name)> = HashSet::new();
    set.items.retain_mut(|selection| {
        match &mut selection.node {
            Selection::Field(field) if is_bare(&field.node) => {
                let alias = field.node.alias.as_ref().map(|alias| alias.node.clone());
                return leaves.insert((alias, field.node.name.node.clone()));
            }
            Selection::Field(field) => in_set(&mut field.node.selection_set.node),
            Selection::InlineFragment(inline) => in_set(&mut inline.node.selection_set.node),
            Selection::FragmentSpread(_) => {}
        }
        true
    });
}

fn is_bare(field: &Field) -> bool {
    field.arguments.is_empty() && field.directives.is_empty() && field.selection_set.node.items.is_empty()
}

#[cfg(test)]
mod tests {
    use async_graphql_parser::parse_query;

    use super::*;

    fn keys(set: &SelectionSet) -> Vec<String> {
        set.items
            .iter()
            .map(|item| match &item.node {
                Selection::Field(field) => field.node.response_key().node.to_string(),
                Selection::FragmentSpread(_) => "...F".to_owned(),
                Selection::InlineFragment(_) => "...".to_owned(),
            })
            .collect()
    }

    #[test]
    fn only_duplicate_leaves_are_removed() {
        let text =
            "{a b a x:a x:a x:b a @skip(if:true) a(b:1) a{c c} ...{a a} ...F ...F b} fragment F on Q{a a}";
        let mut document = parse_query(text).expect("a document");
        remove_duplicate_leaves(&mut document);
        let (_, operation) = document.operations.iter().next().expect("an operation");
        let set = &operation.node.selection_set.node;
        assert_eq!(
            keys(set),
            ["a", "b", "x", "x", "a", "a", "a", "...", "...F", "...F"]
        );
        let inner: Vec<_> = set
            .items
            .iter()
            .filter_map(|item| match &item.node {
                Selection::Field(field) => Some(keys(&field.node.selection_set.node)),
                Selection::InlineFragment(inline) => Some(keys(&inline.node.selection_set.node)),
                Selection::FragmentSpread(_) => None,
            })
            .filter(|keys| !keys.is_empty())
            .collect();
        assert_eq!(inner, [["c"], ["a"]]);
        assert_eq!(keys(&document.fragments["F"].node.selection_set.node), ["a"]);
    }
}
