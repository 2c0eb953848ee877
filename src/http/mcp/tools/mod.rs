//! The three tools: a page of imports, one import, and counts by status.
//!
//! A tool takes the arguments of a field of `Query`, and costs what that costs: its arguments are coerced, and its price
//! found, as the variables of a document that this file writes. It is answered by `resources`, as GraphQL and REST are.

mod described;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::DocumentOperations;
use async_graphql::{InputType, Variables};
use graphql_limits::{Document, Limits, SchemaTypes, check, coerce};
use serde_json::{Map, Value, json};

use self::described::{Described, Kind, all};
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

impl Tools {
    /// The tools on this schema.
    pub(super) fn new(introspection: &Introspection, types: &SchemaTypes) -> Self {
        let mut tools = Vec::new();
        let mut listed = Vec::new();
        for described in all(introspection) {
            let Described {
                kind,
                name,
                about,
                input,
                output,
                document,
            } = described;
            let document = check(document, &Limits::default(), false, types);
            tools.push(Tool {
                name,
                kind,
                document: document.expect("a document of ours is valid; a test builds them"),
                arguments: names(&input["properties"]),
            });
            listed.push(json!({
                "name": name,
                "description": about,
                "inputSchema": input,
                "outputSchema": json_schema::object(output),
                "annotations": { "readOnlyHint": true, "openWorldHint": false },
            }));
        }
        let of_count = json_schema::of_fields(introspection, ImportStatusCount::NAME);
        Self {
            tools,
            listed: format!("\"tools\":{},", Value::from(listed)),
            import: compiled(described::selected(introspection)),
            count: compiled(of_count.into_iter().map(|(name, _)| name)),
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
        let answer = Answer {
            listing,
            question,
            changes: None,
            mirror: None,
        };
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
        json.raw(",\"isSearchPartial\":");
        json.boolean(answer.listing.reached.is_some());
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
