//! The three tools: a page of imports, one import, and counts by status.
//!
//! A tool takes the arguments of a field of `Query`, and costs what that costs: its arguments are coerced, and its price
//! found, as the variables of a document that this file writes. It is answered by `resources`, as GraphQL and REST are.

use async_graphql::parser::parse_query;
use async_graphql::parser::types::DocumentOperations;
use async_graphql::{InputType, Variables};
use graphql_limits::{Document, Limits, SchemaTypes, check, coerce};
use serde_json::{Map, Value, json};

use super::json_schema;
use crate::error::Code;
use crate::graphql::introspection::Introspection;
use crate::json::Json;
use crate::list::{self, Projection};
use crate::relay::PageBounds;
use crate::resources::connection::Answer;
use crate::resources::imports::{self, Column, Import, ImportFilter, ImportStatusCount};
use crate::resources::table::fields;
use crate::resources::{Caller, FieldError, arguments};
use crate::scalars::BigInt;
use crate::selection::collect::Selected;
use crate::selection::compiled::Selection;
use crate::selection::table::Object;
use crate::store::query::table::Fields;

/// The tools, ready to run.
pub(super) struct Tools {
    tools: Vec<Tool>,
    /// `"tools":[…],`
    listed: String,
    import: Selection<Import>,
    count: Selection<ImportStatusCount>,
}

/// A tool.
pub(super) struct Tool {
    name: &'static str,
    kind: Kind,
    document: Document,
    /// The names of its arguments.
    arguments: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    List,
    One,
    Counts,
}

/// A tool's arguments that were found good, and what it costs to run with them.
pub(super) struct Checked {
    variables: Variables,
    /// In points.
    pub(super) cost: u64,
}

/// What is wrong with a tool's arguments, in words for who wrote them.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) code: Code,
    pub(super) message: String,
}

/// The row id, under the name that it has in REST; the global id of GraphQL is left out.
const IDS: [(&str, &str); 2] = [("id", ""), ("databaseId", "id")];

impl Tools {
    /// The tools on this schema.
    pub(super) fn new(introspection: &Introspection, types: &SchemaTypes) -> Self {
        let row = json_schema::object(row(introspection));
        let page = json!({
            "imports": { "type": "array", "items": row, "description": "The imports of the page." },
            "nextCursor": cursor("The next page starts after it: give it as `after`; null on the last page."),
            "previousCursor": cursor("The page before ends before it: give it as `before`; null on the first page."),
            "estimatedRemainingCount": {
                "type": "integer",
                "description": "Imports from the start of this page on, this page included; counted up to 500.",
            },
            "perPage": { "type": "integer", "description": "The page size in force." },
        });
        let one = json!({ "import": json_schema::or_null(row.clone()) });
        let count = json_schema::object(json_schema::of_fields(introspection, ImportStatusCount::NAME));
        let counts = json!({ "counts": { "type": "array", "items": count } });
        let mut input = json_schema::of_arguments(introspection, "importByDatabaseId");
        rename(&mut input, "databaseId", "id");
        let described = [
            (
                Kind::List,
                "list_imports",
                "A page of the account's imports, newest first unless `sort` says otherwise. Give `nextCursor` as `after` \
                 for the page behind it, with the same arguments.",
                json_schema::of_arguments(introspection, "imports"),
                page,
                "query($first:Int $after:String $last:Int $before:String $filter:ImportFilter $sort:[ImportSort!])\
                 {imports(first:$first after:$after last:$last before:$before filter:$filter sort:$sort)\
                 {estimatedRemainingCount nodes{id}}}",
            ),
            (
                Kind::One,
                "get_import",
                "The import with this id; null where the account has none.",
                input,
                one,
                "query($id:BigInt!){importByDatabaseId(databaseId:$id){id}}",
            ),
            (
                Kind::Counts,
                "count_imports",
                "How many imports there are of each status, each counted up to 500.",
                json_schema::of_arguments(introspection, "importStatusCounts"),
                counts,
                "query($filter:ImportFilter){importStatusCounts(filter:$filter){count}}",
            ),
        ];
        let mut tools = Vec::new();
        let mut listed = Vec::new();
        for (kind, name, about, input, output, text) in described {
            let document = check(text, &Limits::default(), false, types);
            tools.push(Tool {
                name,
                kind,
                document: document.expect("a document of ours is valid; a test builds them"),
                arguments: names(&input["properties"]),
            });
            let output = json_schema::object(output.as_object().cloned().unwrap_or_default());
            listed.push(json!({
                "name": name,
                "description": about,
                "inputSchema": input,
                "outputSchema": output,
                "annotations": { "readOnlyHint": true, "openWorldHint": false },
            }));
        }
        let of_row = json_schema::of_fields(introspection, Import::NAME);
        let of_row = of_row
            .keys()
            .filter_map(|name| match IDS.iter().find(|(id, _)| id == name) {
                Some((_, "")) => None,
                Some((_, alias)) => Some(format!("{alias}:{name}")),
                None => Some(name.clone()),
            });
        let of_count = json_schema::of_fields(introspection, ImportStatusCount::NAME);
        Self {
            tools,
            listed: format!("\"tools\":{},", Value::from(listed)),
            import: compiled(of_row),
            count: compiled(of_count.keys().cloned()),
        }
    }

    /// The members of the answer to `tools/list`.
    pub(super) fn listed(&self) -> &str {
        &self.listed
    }

    /// The tool of this name.
    pub(super) fn find(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// Runs a tool: writes the object that it gives.
    ///
    /// # Errors
    ///
    /// What is wrong with the arguments beyond their types; what the database says.
    pub(super) async fn run(
        &self,
        tool: &Tool,
        checked: &Checked,
        caller: Caller<'_>,
    ) -> Result<Json, FieldError> {
        let variables = &checked.variables;
        let mut json = Json::with_capacity(PAGE_BYTES);
        match tool.kind {
            Kind::List => self.list(variables, caller, &mut json).await?,
            Kind::One => {
                let id: BigInt = argument(variables, "id")?;
                json.raw("{\"import\":");
                imports::import(caller, &self.import, id.column_value(), &mut json).await?;
                json.raw("}");
            }
            Kind::Counts => {
                let filter: Option<ImportFilter> = argument(variables, "filter")?;
                json.raw("{\"counts\":");
                imports::status_counts(caller, &self.count, filter.as_ref(), &mut json).await?;
                json.raw("}");
            }
        }
        Ok(json)
    }

    async fn list(
        &self,
        variables: &Variables,
        caller: Caller<'_>,
        json: &mut Json,
    ) -> Result<(), FieldError> {
        let asked = imports::Arguments {
            first: argument(variables, "first")?,
            after: argument(variables, "after")?,
            last: argument(variables, "last")?,
            before: argument(variables, "before")?,
            filter: argument(variables, "filter")?,
            sort: argument(variables, "sort")?,
        };
        let question = arguments::lower::<Column, _, _>(&asked, caller.list_items)?;
        let projection = Projection {
            // The rows of the two cursors are read whole, so their keys are there.
            rows: Some(fields(&self.import).union(Fields::ALL)),
            flags: true,
            count: true,
        };
        let Caller { store, viewer, .. } = caller;
        let listing = list::list(store, viewer, &question.filter, &question.window, projection).await?;
        let answer = Answer { listing, question };
        let PageBounds {
            has_next_page,
            has_previous_page,
            start_cursor,
            end_cursor,
        } = answer.bounds();
        json.raw("{\"imports\":");
        json.list(&answer.listing.rows, |json, row| self.import.write(row, json));
        for (member, cursor) in [
            (",\"nextCursor\":", end_cursor.filter(|_| has_next_page)),
            (",\"previousCursor\":", start_cursor.filter(|_| has_previous_page)),
        ] {
            json.raw(member);
            match cursor {
                Some(cursor) => json.plain(cursor.as_str().as_bytes()),
                None => json.null(),
            }
        }
        json.raw(",\"estimatedRemainingCount\":");
        json.number(i64::try_from(answer.listing.count).unwrap_or(i64::MAX));
        json.raw(",\"perPage\":");
        json.number(i64::from(answer.question.per_page));
        json.raw("}");
        Ok(())
    }
}

/// Room for a page of fifty imports. **Unit**: bytes.
const PAGE_BYTES: usize = 16 * 1024;

impl Tool {
    /// Checks arguments. Null is as if absent.
    ///
    /// # Errors
    ///
    /// Each argument that the tool does not have, is of the wrong type, or is missing; a price beyond the limit.
    pub(super) fn check(
        &self,
        arguments: &Map<String, Value>,
        types: &SchemaTypes,
        limits: &Limits,
    ) -> Result<Checked, Fault> {
        if let Some(unknown) = arguments.keys().find(|name| !self.arguments.contains(name)) {
            let known: Vec<_> = self.arguments.iter().map(|name| format!("`{name}`")).collect();
            let (tool, known) = (self.name, known.join(", "));
            return Err(Fault {
                code: Code::GraphqlValidationFailed,
                message: format!("{} is no argument of {tool}; it takes {known}.", shown(unknown)),
            });
        }
        // A number beyond 2^53 has lost digits before it came here, so of an id none is taken.
        if arguments.get("id").is_some_and(|id| !id.is_string()) {
            return Err(Fault {
                code: Code::GraphqlValidationFailed,
                message: "`id` must be a string of decimal digits, such as \"1240000001\".".to_owned(),
            });
        }
        let checked = self.document.operation(None);
        let coerced =
            checked.and_then(|operation| coerce(&self.document, operation, arguments, types, limits));
        match coerced {
            Ok(coerced) => Ok(Checked {
                variables: coerced.variables,
                cost: coerced.cost,
            }),
            Err(rejection) => {
                let errors = rejection.errors.iter().map(|error| {
                    // Who calls a tool gives arguments, not variables.
                    error
                        .message
                        .replace("`$", "`")
                        .replace("The variable ", "The argument ")
                });
                let message: Vec<_> = errors.collect();
                Err(Fault {
                    code: rejection.code.into(),
                    message: message.join("\n"),
                })
            }
        }
    }
}

/// A name that a client wrote, as it may stand in a message.
fn shown(name: &str) -> String {
    let short: String = name.chars().take(48).collect();
    format!("`{}`", short.escape_debug())
}

fn argument<T: InputType>(variables: &Variables, name: &str) -> Result<T, FieldError> {
    T::parse(variables.get(name).cloned()).map_err(|_| {
        FieldError::Internal(format!(
            "the argument {name} has a value that is no {}",
            T::type_name()
        ))
    })
}

/// The members of an import.
fn row(introspection: &Introspection) -> Map<String, Value> {
    let mut row = json_schema::of_fields(introspection, Import::NAME);
    for (name, alias) in IDS {
        let schema = row.remove(name);
        if let Some(schema) = schema.filter(|_| !alias.is_empty()) {
            row.insert(alias.to_owned(), schema);
        }
    }
    row
}

fn rename(input: &mut Value, name: &str, alias: &str) {
    if let Some(properties) = input["properties"].as_object_mut()
        && let Some(schema) = properties.remove(name)
    {
        properties.insert(alias.to_owned(), schema);
    }
    input["required"] = json!([alias]);
}

fn cursor(about: &str) -> Value {
    let mut schema = json_schema::or_null(json!({ "type": "string" }));
    schema["description"] = about.into();
    schema
}

fn names(properties: &Value) -> Vec<String> {
    properties
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .cloned()
        .collect()
}

/// What is selected of an object: these fields.
fn compiled<O: Object>(fields: impl Iterator<Item = String>) -> Selection<O> {
    let text = format!("{{{}}}", fields.collect::<Vec<_>>().join(" "));
    let document = parse_query(text).expect("names in braces are a document");
    let DocumentOperations::Single(operation) = &document.operations else {
        unreachable!("a document in braces alone has one operation, without a name")
    };
    let variables = Variables::default();
    let selected = Selected::new(
        &document.fragments,
        &variables,
        &operation.node.selection_set.node,
    );
    Selection::compile(&selected).expect("introspection lists the fields that there are")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::{schema, validation};

    #[test]
    fn every_tool_is_listed_with_the_arguments_that_its_document_has() {
        let types = validation::types(&schema::sdl()).unwrap();
        let tools = Tools::new(schema::build().introspection(), &types);
        for tool in &tools.tools {
            let text = tool.document.executable().operations.iter().next().unwrap().1;
            let mut variables: Vec<_> = text.node.variable_definitions.iter().collect();
            variables.sort_by_key(|variable| variable.node.name.node.to_string());
            let variables: Vec<_> = variables
                .iter()
                .map(|variable| variable.node.name.node.to_string())
                .collect();
            let mut arguments = tool.arguments.clone();
            arguments.sort();
            assert_eq!(variables, arguments, "{}", tool.name);
        }
    }
}
