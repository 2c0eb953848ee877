//! The root fields: how each is compiled and run.

use async_graphql::{Any, ID, Name, Pos};

use super::super::federation::Service;
use super::arguments::Arguments;
use super::{FailedField, Ran, Run, introspect};
use crate::json::Json;
use crate::resources::account::{Account, AccountAnswer};
use crate::resources::imports::{self, Import, ImportConnection, ImportCounts, ImportStatusCount};
use crate::resources::node::{Nodes, SelectedNode, entity_ids};
use crate::resources::{FieldError, mirror};
use crate::scalars::BigInt;
use crate::selection::collect::Collected;
use crate::selection::compiled::{Selection, Unlisted};

/// A root field of an operation.
#[derive(Debug)]
pub(super) struct Root {
    key: Name,
    /// `"key":`
    prefix: Box<str>,
    at: Pos,
    arguments: Arguments,
    field: Result<Field, Unlisted>,
}

#[derive(Debug)]
enum Field {
    Typename,
    Schema(introspect::Selection),
    Type(introspect::Selection),
    Imports(Selection<ImportConnection>),
    Import(Selection<Import>),
    ImportByDatabaseId(Selection<Import>),
    ImportStatusCounts(Selection<ImportStatusCount>),
    ImportCounts(Selection<ImportCounts>),
    ImportCursorAt,
    Node(SelectedNode),
    Nodes(SelectedNode),
    Viewer(Selection<Account>),
    Service(Selection<Service>),
    Entities(SelectedNode),
}

impl Field {
    fn compile(collected: &Collected<'_>) -> Result<Self, Unlisted> {
        let Collected { field, below, .. } = collected;
        Ok(match field.node.name.node.as_str() {
            "__typename" => Self::Typename,
            "__schema" => Self::Schema(introspect::Selection::compile("__Schema", below)),
            "__type" => Self::Type(introspect::Selection::compile("__Type", below)),
            "imports" => Self::Imports(Selection::compile(below)?),
            "import" => Self::Import(Selection::compile(below)?),
            "importByDatabaseId" => Self::ImportByDatabaseId(Selection::compile(below)?),
            "importStatusCounts" => Self::ImportStatusCounts(Selection::compile(below)?),
            "importCounts" => Self::ImportCounts(Selection::compile(below)?),
            "importCursorAt" => Self::ImportCursorAt,
            "node" => Self::Node(SelectedNode::compile(below)?),
            "nodes" => Self::Nodes(SelectedNode::compile(below)?),
            "viewer" => Self::Viewer(Selection::compile(below)?),
            "_service" => Self::Service(Selection::compile(below)?),
            "_entities" => Self::Entities(SelectedNode::compile(below)?),
            name => {
                return Err(Unlisted {
                    type_name: "Query",
                    field: name.to_owned(),
                });
            }
        })
    }
}

impl Root {
    /// Compiles a field of `Query`. One that is not listed fails when it runs.
    pub(super) fn compile(collected: &Collected<'_>) -> Self {
        let Collected { key, field, .. } = collected;
        Self {
            key: (*key).clone(),
            prefix: format!("\"{key}\":").into(),
            at: field.pos,
            arguments: Arguments::of(&field.node),
            field: Field::compile(collected),
        }
    }

    /// Its response key.
    #[cfg(test)]
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The field that no table lists, if one is selected.
    #[cfg(test)]
    pub(super) fn unlisted(&self) -> Option<&Unlisted> {
        self.field.as_ref().err()
    }

    /// Writes key and value; null where the field fails.
    pub(super) async fn run(&self, run: Run<'_>, json: &mut Json, ran: &mut Ran) {
        json.raw(&self.prefix);
        let start = json.len();
        let written = match &self.field {
            Ok(field) => self.write(field, run, json).await,
            Err(unlisted) => Err(FieldError::Internal(unlisted.to_string())),
        };
        let Err(failure) = written else {
            ran.answered += 1;
            return;
        };
        json.truncate(start);
        let places = match self.field {
            Ok(Field::Nodes(_)) => self
                .arguments
                .get(run.variables, "ids")
                .map_or(0, |ids: Vec<ID>| ids.len()),
            Ok(Field::Entities(_)) => self
                .arguments
                .get(run.variables, "representations")
                .map_or(0, |representations: Vec<Any>| representations.len()),
            _ => 0,
        };
        if places == 0 {
            json.null();
            ran.failed.push(self.failed(None, failure));
        } else {
            // The list may not be null: each of its places fails alone.
            json.list(0..places, |json, _| json.null());
            let failed = (0..places).map(|index| self.failed(Some(index), failure.clone()));
            ran.failed.extend(failed);
        }
    }

    async fn write(&self, field: &Field, run: Run<'_>, json: &mut Json) -> Result<(), FieldError> {
        let Run {
            caller, variables, ..
        } = run;
        let arguments = &self.arguments;
        match field {
            Field::Typename => json.plain(b"Query"),
            Field::Schema(selected) => {
                let introspection = run.schema.introspection();
                selected.write(introspection.schema(), introspection, variables, json)?;
            }
            Field::Type(selected) => {
                let introspection = run.schema.introspection();
                let name: String = arguments.get(variables, "name")?;
                selected.write(introspection.named(&name), introspection, variables, json)?;
            }
            Field::Imports(selected) => {
                let arguments = imports::Arguments {
                    first: arguments.get(variables, "first")?,
                    after: arguments.get(variables, "after")?,
                    last: arguments.get(variables, "last")?,
                    before: arguments.get(variables, "before")?,
                    filter: arguments.get(variables, "filter")?,
                    sort: arguments.get(variables, "sort")?,
                };
                imports::imports(caller, selected, &arguments, json).await?;
            }
            Field::Import(selected) => {
                let id: ID = arguments.get(variables, "id")?;
                imports::import(caller, selected, imports::import_id(caller.viewer, &id), json).await?;
            }
            Field::ImportByDatabaseId(selected) => {
                let id: BigInt = arguments.get(variables, "databaseId")?;
                imports::import(caller, selected, id.column_value(), json).await?;
            }
            Field::ImportStatusCounts(selected) => {
                let filter: Option<imports::ImportFilter> = arguments.get(variables, "filter")?;
                imports::status_counts(caller, selected, filter.as_ref(), json).await?;
            }
            Field::ImportCounts(selected) => {
                let arguments = imports::CountsArguments {
                    filter: arguments.get(variables, "filter")?,
                    by: arguments.get(variables, "by")?,
                    time_zone: arguments.get(variables, "timeZone")?,
                    from: arguments.get(variables, "from")?,
                    to: arguments.get(variables, "to")?,
                };
                imports::counts(caller, selected, &arguments, json).await?;
            }
            Field::ImportCursorAt => {
                let position: imports::ImportPosition = arguments.get(variables, "position")?;
                let sort: Option<Vec<imports::ImportSort>> = arguments.get(variables, "sort")?;
                imports::cursor_at(caller, position, sort.as_deref(), json)?;
            }
            Field::Node(selected) => {
                let id: ID = arguments.get(variables, "id")?;
                let nodes = Nodes::read(caller, selected, std::slice::from_ref(&id)).await?;
                nodes.write(&id, json);
            }
            Field::Nodes(selected) => {
                let ids: Vec<ID> = arguments.get(variables, "ids")?;
                caller.list_items.check("ids", &ids)?;
                let nodes = Nodes::read(caller, selected, &ids).await?;
                json.list(&ids, |json, id| nodes.write(id, json));
            }
            Field::Viewer(selected) => {
                let mirror = mirror::standing(caller, selected.needs()).await?;
                let account = AccountAnswer::new(caller.viewer, mirror.as_ref());
                selected.write(account, json);
            }
            Field::Service(selected) => selected.write(run.schema.subgraph_sdl(), json),
            Field::Entities(selected) => {
                let representations: Vec<Any> = arguments.get(variables, "representations")?;
                let places = entity_ids(caller.viewer, &representations);
                let ids: Vec<ID> = places.iter().flatten().cloned().collect();
                let nodes = Nodes::read(caller, selected, &ids).await?;
                json.list(&places, |json, id| match id {
                    Some(id) => nodes.write(id, json),
                    None => json.null(),
                });
            }
        }
        Ok(())
    }

    fn failed(&self, index: Option<usize>, failure: FieldError) -> FailedField {
        FailedField {
            key: self.key.clone(),
            index,
            at: self.at,
            failure,
        }
    }
}
