//! The executor: every operation on data is run here, and nowhere else.
//!
//! Takes an operation of a valid document; gives a [`Plan`], which is made once and kept with the document. A run
//! resolves arguments, calls a function of `resources` for each root field, one after the other in the order of the
//! request, and writes the answer's bytes. A failed field is null and leaves its siblings. What `@skip` and `@include`
//! leave out is left out when a selection is compiled, so a row costs the same with and without them.
//!
//! Source: the GraphQL specification, section 6 "Execution".

mod arguments;
mod introspect;
mod root;

use std::sync::OnceLock;

use async_graphql::parser::types::{ExecutableDocument, SelectionSet};
use async_graphql::{Name, Pos, Variables};
use graphql_limits::conditions::is_true;

use self::root::Root;
use super::schema::Schema;
use crate::json::Json;
use crate::resources::{Caller, FieldError};
use crate::selection::collect::{Selected, conditions};

/// How many variables `@skip` and `@include` may read for the compiled selections to be kept: there is one for each
/// combination of their values. With more, an operation is compiled for each run.
const MOST_KEPT: usize = 2;

/// An operation, ready to run.
#[derive(Debug)]
pub struct Plan {
    operation: Option<String>,
    /// The variables that `@skip` and `@include` read.
    conditions: Vec<Name>,
    /// The root fields for each combination of values of `conditions`, compiled when it first comes; a single one at once.
    kept: Vec<OnceLock<Vec<Root>>>,
}

/// What one run needs.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// The document of the plan.
    pub document: &'a ExecutableDocument,
    /// The schema, whose description introspection selects of.
    pub schema: &'a Schema,
    /// Who asks.
    pub caller: Caller<'a>,
    /// The variables, coerced.
    pub variables: &'a Variables,
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Ran {
    /// What failed, in the order of the answer; each is null in it.
    pub failed: Vec<FailedField>,
    /// How many root fields have an answer.
    pub answered: usize,
}

/// A root field, or a place of its list, that has no answer.
#[derive(Debug)]
pub struct FailedField {
    /// Its response key.
    pub key: Name,
    /// The place in the list, where the field is one and each of its places fails alone.
    pub index: Option<usize>,
    /// Where the field stands in the document.
    pub at: Pos,
    /// Why.
    pub failure: FieldError,
}

impl FailedField {
    /// Whether it is the first that its root field failed with; the others of a list are there for the same reason.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.index.is_none_or(|index| index == 0)
    }
}

impl Plan {
    /// The plan of one operation of a valid document, by its name.
    #[must_use]
    pub fn of(document: &ExecutableDocument, operation: Option<&str>) -> Self {
        let set = root_set(document, operation);
        let conditions = set.map_or(Vec::new(), |set| conditions(&document.fragments, set));
        let combinations = match conditions.len() {
            count @ 0..=MOST_KEPT => 1 << count,
            _ => 0,
        };
        let plan = Self {
            operation: operation.map(str::to_owned),
            conditions,
            kept: (0..combinations).map(|_| OnceLock::new()).collect(),
        };
        if let [only] = plan.kept.as_slice() {
            only.get_or_init(|| plan.compile(document, &Variables::default()));
        }
        plan
    }

    /// Runs the operation and writes the value of `data`.
    pub async fn run(&self, run: Run<'_>, json: &mut Json) -> Ran {
        let compiled;
        let roots = match self.kept.get(self.combination(run.variables)) {
            Some(kept) => kept.get_or_init(|| self.compile(run.document, run.variables)),
            None => {
                compiled = self.compile(run.document, run.variables);
                &compiled
            }
        };
        let mut ran = Ran::default();
        json.raw("{");
        for (index, root) in roots.iter().enumerate() {
            if index > 0 {
                json.raw(",");
            }
            root.run(run, json, &mut ran).await;
        }
        json.raw("}");
        ran
    }

    /// Which combination of the conditions' values this is.
    fn combination(&self, variables: &Variables) -> usize {
        let bits = self.conditions.iter().take(MOST_KEPT).enumerate();
        bits.fold(0, |bits, (place, name)| {
            bits | usize::from(is_true(name, variables)) << place
        })
    }

    fn compile(&self, document: &ExecutableDocument, variables: &Variables) -> Vec<Root> {
        let Some(set) = root_set(document, self.operation.as_deref()) else {
            return Vec::new();
        };
        let selected = Selected::new(&document.fragments, variables, set);
        selected.fields(&["Query"]).iter().map(Root::compile).collect()
    }
}

fn root_set<'a>(document: &'a ExecutableDocument, operation: Option<&str>) -> Option<&'a SelectionSet> {
    let mut operations = document.operations.iter();
    let found = operations.find(|(name, _)| name.map(Name::as_str) == operation);
    found.map(|(_, operation)| &operation.node.selection_set.node)
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use async_graphql_value::ConstValue;
    use graphql_limits::SchemaTypes;

    use super::super::{schema, validation};
    use super::*;

    /// The compiled root fields of a document's only operation.
    fn compiled(text: &str, variables: &[(&str, bool)]) -> Vec<Root> {
        let document = parse_query(text).unwrap();
        let mut values = Variables::default();
        for (name, value) in variables {
            values.insert(Name::new(name), ConstValue::Boolean(*value));
        }
        Plan::of(&document, None).compile(&document, &values)
    }

    /// A selection set of all fields of a type, and of all below them; nothing for a scalar or an enum.
    fn everything(types: &SchemaTypes, type_name: &str) -> String {
        let fields = types.fields_of(type_name);
        let fields: Vec<_> = fields
            .map(|(name, of)| format!("{name} {}", everything(types, of)))
            .collect();
        if fields.is_empty() {
            return String::new();
        }
        format!("{{ __typename {} }}", fields.join(" "))
    }

    #[test]
    fn every_field_of_every_type_of_the_schema_is_compiled() {
        let types = validation::types(&schema::sdl()).unwrap();
        let text = everything(&types, "Query");
        for inner in ["hasNextPage", "lte", "include", "capped", "updatedAt"] {
            assert!(text.contains(inner), "{inner} in {text}");
        }
        let roots = compiled(&text, &[]);
        assert_eq!(roots.len(), 10);
        for root in &roots {
            assert_eq!(root.unlisted(), None, "{}", root.key());
        }
    }

    #[test]
    fn every_field_that_a_federation_gateway_asks_for_is_compiled() {
        let types = validation::federated_types(&schema::federated_sdl()).unwrap();
        let roots = compiled(&everything(&types, "Query"), &[]);
        assert_eq!(roots.len(), 12);
        for root in &roots {
            assert_eq!(root.unlisted(), None, "{}", root.key());
        }
    }

    #[test]
    fn a_field_that_no_table_lists_fails_and_is_no_null() {
        for text in [
            "{ nobody }",
            "{ viewer { nothing } }",
            "{ imports { edges { node { nothing } } } }",
        ] {
            assert!(compiled(text, &[])[0].unlisted().is_some(), "{text}");
        }
    }

    #[test]
    fn a_condition_without_a_value_is_compiled_as_it_is_kept() {
        let text = "query ($a: Boolean!) { viewer @skip(if: $a) { id } y: __typename @include(if: $a) }";
        let document = parse_query(text).unwrap();
        let (unset, mut is_false) = (Variables::default(), Variables::default());
        is_false.insert(Name::new("a"), ConstValue::Boolean(false));
        let plan = Plan::of(&document, None);
        assert_eq!(plan.combination(&unset), plan.combination(&is_false));
        let keys = |variables: &[(&str, bool)]| {
            let roots = compiled(text, variables);
            roots.iter().map(|root| root.key().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(keys(&[]), ["viewer"]);
        assert_eq!(keys(&[("a", false)]), ["viewer"]);
    }

    #[test]
    fn what_conditions_leave_out_has_no_place_in_the_order() {
        let text = "query ($a: Boolean!, $b: Boolean!) {
            x: viewer @include(if: $a) { id } y: __typename ... @skip(if: $b) { x: viewer { name } z: viewer { id } }
            ...F @include(if: $a) ...F } fragment F on Query { z: viewer { name } w: __typename @skip(if: true) }";
        for (a, b, keys) in [
            (true, true, "xyz"),
            (true, false, "xyz"),
            (false, true, "yz"),
            (false, false, "yxz"),
        ] {
            let roots = compiled(text, &[("a", a), ("b", b)]);
            let found: String = roots.iter().map(Root::key).collect();
            assert_eq!(found, keys, "{a} {b}");
        }
        // One operation keeps what it compiled for each of the four.
        let document = parse_query(text).unwrap();
        assert_eq!(Plan::of(&document, None).kept.len(), 4);
        let many = "query { ...@skip(if: $a) { ...@skip(if: $b) { ...@skip(if: $c) { ...@skip(if: $d) {
            ...@skip(if: $e) { __typename } } } } } }";
        assert!(Plan::of(&parse_query(many).unwrap(), None).kept.is_empty());
    }
}
