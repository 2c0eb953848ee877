//! Which queries have an answer that their account's imports decide, and what else decides it.
//!
//! Takes a document and its variables; gives how far time zones are ahead of UTC that imports are counted in, or that the answer
//! depends on the moment: where it selects a field that does, or searches a text, as a search may end by the clock. The whole
//! document is looked at, whatever of it runs.

use async_graphql::Variables;
use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql_value::{ConstValue, Name, Value};

use crate::calendar::Zone;
use crate::resources::imports::counts::now;

/// Fields that say something of the moment, or of all accounts.
const MOMENTARY: [&str; 2] = ["changesCursor", "mirror"];
/// The root fields that read imports; an answer without one is cheaper than its tag.
const READING: [&str; 7] = [
    "imports",
    "import",
    "importByDatabaseId",
    "importStatusCounts",
    "importCounts",
    "node",
    "nodes",
];
/// What a filter calls a search.
const SEARCH: &str = "fileName";
/// The argument of `importCounts` that names a zone.
const TIME_ZONE: &str = "timeZone";

/// What decides the answer to a query besides its text, its variables and the account's imports; `None` where that is more than
/// can be said. **Unit**: seconds.
pub(super) fn settled(document: &ExecutableDocument, variables: &Variables) -> Option<Vec<i64>> {
    if variables.values().any(searches) {
        return None;
    }
    let mut found = Found {
        variables,
        offsets: Vec::new(),
        reads: false,
    };
    let operations = document.operations.iter();
    let operations = operations.map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values();
    let fragments = fragments.map(|fragment| &fragment.node.selection_set.node);
    for set in operations.chain(fragments) {
        found.look(set)?;
    }
    found.reads.then_some(found.offsets)
}

struct Found<'a> {
    variables: &'a Variables,
    offsets: Vec<i64>,
    reads: bool,
}

impl Found<'_> {
    /// Goes through a selection set; `None`: the answer depends on the moment.
    fn look(&mut self, set: &SelectionSet) -> Option<()> {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    self.field(&field.node)?;
                    self.look(&field.node.selection_set.node)?;
                }
                Selection::InlineFragment(fragment) => self.look(&fragment.node.selection_set.node)?,
                Selection::FragmentSpread(_) => {}
            }
        }
        Some(())
    }

    fn field(&mut self, field: &Field) -> Option<()> {
        let name = field.name.node.as_str();
        if MOMENTARY.contains(&name) {
            return None;
        }
        self.reads |= READING.contains(&name);
        for (argument, value) in &field.arguments {
            if searches_literally(&value.node) {
                return None;
            }
            if argument.node == TIME_ZONE {
                let zone = match &value.node {
                    Value::String(zone) => Some(zone.as_str()),
                    Value::Variable(name) => match self.variables.get(name) {
                        Some(ConstValue::String(zone)) => Some(zone.as_str()),
                        _ => None,
                    },
                    _ => None,
                };
                // Without a zone, or with a wrong one, the time of day plays no part.
                let zone = zone.and_then(Zone::named);
                self.offsets.extend(zone.map(|zone| zone.offset_seconds(now())));
            }
        }
        Some(())
    }
}

/// Whether a value names a search anywhere.
fn searches(value: &ConstValue) -> bool {
    match value {
        ConstValue::Object(object) => object
            .iter()
            .any(|(name, value)| is_search(name, matches!(value, ConstValue::Null)) || searches(value)),
        ConstValue::List(list) => list.iter().any(searches),
        _ => false,
    }
}

fn searches_literally(value: &Value) -> bool {
    match value {
        Value::Object(object) => object
            .iter()
            .any(|(name, value)| is_search(name, matches!(value, Value::Null)) || searches_literally(value)),
        Value::List(list) => list.iter().any(searches_literally),
        _ => false,
    }
}

fn is_search(name: &Name, is_null: bool) -> bool {
    name == SEARCH && !is_null
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql_value::value;

    use super::*;
    use crate::graphql::{schema, validation};

    fn of(text: &str, variables: ConstValue) -> Option<Vec<i64>> {
        let document = parse_query(text).unwrap();
        let ConstValue::Object(variables) = variables else {
            panic!("an object");
        };
        let mut given = Variables::default();
        for (name, value) in variables {
            given.insert(name, value);
        }
        settled(&document, &given)
    }

    #[test]
    fn an_answer_that_depends_on_the_moment_has_no_tag() {
        for (text, variables, is_settled) in [
            ("{ imports { nodes { id } } }", value!({}), true),
            ("{ imports { nodes { id } changesCursor } }", value!({}), false),
            (
                "{ ...F } fragment F on Query { imports { ... { changesCursor } } }",
                value!({}),
                false,
            ),
            (
                "{ imports(filter: {fileName: {contains: \"x\"}}) { perPage } }",
                value!({}),
                false,
            ),
            (
                "{ imports(filter: {fileName: null}) { perPage } }",
                value!({}),
                true,
            ),
            (
                "query ($f: ImportFilter) { imports(filter: $f) { perPage } }",
                value!({"f": {"fileName": {"startsWith": "x"}}}),
                false,
            ),
            (
                "query ($f: ImportFilter) { imports(filter: $f) { perPage } }",
                value!({"f": {"fileName": null, "isCompleted": true}}),
                true,
            ),
            (
                "query ($f: ImportTextFilter) { imports(filter: {fileName: $f}) { perPage } }",
                value!({}),
                false,
            ),
            ("{ node(id: \"x\") { id } }", value!({}), true),
            // A mirror grows older without a change of any import.
            ("{ imports { nodes { id } mirror { phase } } }", value!({}), false),
            (
                "{ imports { perPage } viewer { mirror { ageSeconds } } }",
                value!({}),
                false,
            ),
            // Nothing of imports is read.
            ("{ viewer { name } __schema { description } }", value!({}), false),
        ] {
            assert_eq!(of(text, variables).is_some(), is_settled, "{text}");
        }
    }

    #[test]
    fn a_time_zone_counts_by_how_far_it_is_ahead() {
        let text = "query ($z: String) { importCounts(timeZone: $z) { total } }";
        assert_eq!(of(text, value!({"z": "Asia/Kolkata"})), Some(vec![19_800]));
        let literal = "{ importCounts(timeZone: \"Asia/Kolkata\") { total } }";
        assert_eq!(of(literal, value!({})), Some(vec![19_800]));
        assert_eq!(of(text, value!({})), Some(vec![]));
    }

    /// A new field of the schema stands either here, as one that imports, account and arguments alone decide, or in
    /// [`MOMENTARY`].
    #[test]
    fn every_field_is_known_to_depend_on_the_moment_or_not() {
        let types = validation::types(&schema::sdl()).unwrap();
        for (owner, settled) in [
            (
                "Query",
                "import importByDatabaseId importCounts importCursorAt importStatusCounts imports node nodes viewer",
            ),
            (
                "ImportConnection",
                "edges estimatedRemainingCount filteredBy isSearchPartial nodes pageInfo perPage sortedBy",
            ),
            ("ImportEdge", "cursor node"),
            ("PageInfo", "endCursor hasNextPage hasPreviousPage startCursor"),
            (
                "Import",
                "completedAt createdAt databaseId fileName fileSize id note status type updatedAt",
            ),
            ("Account", "databaseId id name"),
            ("ImportCounts", "buckets isExact reachedAt total"),
            ("ImportCountsBucket", "byStatus end start total"),
            ("ImportStatusCount", "capped count status"),
        ] {
            let mut fields: Vec<_> = types.fields_of(owner).map(|(name, _)| name).collect();
            fields.retain(|name| !MOMENTARY.contains(name) && !name.starts_with("__"));
            fields.sort_unstable();
            assert_eq!(fields.join(" "), settled, "{owner}");
        }
    }
}
