//! The executor: every operation on data is run here, and nowhere else.
//!
//! Takes an operation of a valid document; gives a [`Plan`], which is made once and kept with the document. A run of a query
//! resolves arguments, calls a function of `resources` for each root field, one after the other in the order of the
//! request, and writes the answer's bytes. A failed field is null and leaves its siblings. A subscription resolves its
//! arguments, and then writes an answer an event. What `@skip` and `@include` leave out is left out when a selection is
//! compiled, so a row costs the same with and without them.
//!
//! Source: the GraphQL specification, section 6 "Execution".

mod arguments;
mod introspect;
mod kept;
mod root;
mod subscription;

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType, SelectionSet};
use async_graphql::{Name, Pos, Variables};

use self::kept::Kept;
use self::root::Root;
pub use self::subscription::{Subscription, SubscriptionPlan};
use super::schema::Schema;
use crate::json::Json;
use crate::resources::{Caller, FieldError};
use crate::selection::collect::{Selected, conditions};

/// An operation, ready to run.
#[derive(Debug)]
pub enum Plan {
    /// One that has an answer.
    Query(QueryPlan),
    /// One that has an answer an event.
    Subscription(SubscriptionPlan),
}

/// A query, ready to run.
#[derive(Debug)]
pub struct QueryPlan {
    operation: Option<String>,
    kept: Kept<Vec<Root>>,
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
        match definition(document, operation).map(|definition| definition.ty) {
            Some(OperationType::Subscription) => {
                Self::Subscription(SubscriptionPlan::of(document, operation))
            }
            _ => Self::Query(QueryPlan::of(document, operation)),
        }
    }
}

impl QueryPlan {
    fn of(document: &ExecutableDocument, operation: Option<&str>) -> Self {
        let set = root_set(document, operation);
        let conditions = set.map_or(Vec::new(), |set| conditions(&document.fragments, set));
        Self {
            operation: operation.map(str::to_owned),
            kept: Kept::new(conditions, |variables| compile(document, operation, variables)),
        }
    }

    /// Runs the operation and writes the value of `data`.
    pub async fn run(&self, run: Run<'_>, json: &mut Json) -> Ran {
        let operation = self.operation.as_deref();
        let roots = self.kept.get(run.variables, |variables| {
            compile(run.document, operation, variables)
        });
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
}

fn compile(document: &ExecutableDocument, operation: Option<&str>, variables: &Variables) -> Vec<Root> {
    let Some(set) = root_set(document, operation) else {
        return Vec::new();
    };
    let selected = Selected::new(&document.fragments, variables, set);
    selected.fields(&["Query"]).iter().map(Root::compile).collect()
}

fn root_set<'a>(document: &'a ExecutableDocument, operation: Option<&str>) -> Option<&'a SelectionSet> {
    definition(document, operation).map(|definition| &definition.selection_set.node)
}

fn definition<'a>(
    document: &'a ExecutableDocument,
    operation: Option<&str>,
) -> Option<&'a OperationDefinition> {
    let mut operations = document.operations.iter();
    let found = operations.find(|(name, _)| name.map(Name::as_str) == operation);
    found.map(|(_, operation)| &operation.node)
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
        compile(&document, None, &values)
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
    fn every_field_of_every_subscription_is_compiled() {
        let types = validation::types(&schema::sdl()).unwrap();
        let names: Vec<_> = types.fields_of("Subscription").collect();
        assert_eq!(names, [("importChanges", "ImportChange")]);
        for (name, of) in names {
            let text = format!("subscription {{ {name} {} }}", everything(&types, of));
            assert!(text.contains("removedId") && text.contains("fileName"), "{text}");
            let document = parse_query(text).unwrap();
            let Plan::Subscription(plan) = Plan::of(&document, None) else {
                panic!("a subscription");
            };
            assert_eq!(plan.unlisted(&document), None);
        }
        for text in ["subscription { nobody }", "subscription { importChanges { id } }"] {
            let document = parse_query(text).unwrap();
            let plan = SubscriptionPlan::of(&document, None);
            assert!(plan.unlisted(&document).is_some(), "{text}");
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
        let kept = QueryPlan::of(&document, None).kept;
        assert_eq!(kept.combination(&unset), kept.combination(&is_false));
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
        assert_eq!(QueryPlan::of(&document, None).kept.combinations(), 4);
        let many = "query { ...@skip(if: $a) { ...@skip(if: $b) { ...@skip(if: $c) { ...@skip(if: $d) {
            ...@skip(if: $e) { __typename } } } } } }";
        let many = QueryPlan::of(&parse_query(many).unwrap(), None);
        assert_eq!(many.kept.combinations(), 0);
    }
}
