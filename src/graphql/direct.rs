//! A document's plan: made once, run without the GraphQL library.
//!
//! Takes an operation that the library has validated and run once; gives a [`Direct`] that resolves arguments, calls the
//! same functions as the schema's resolvers, and writes the answer's bytes. The library's executor stays the oracle and
//! runs whatever a plan does not cover: directives and introspection. Root fields run one after the other, in the order
//! of the request; a failed one is null and leaves its siblings.

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Error, ID, InputType, Name, PathSegment, Pos, Positioned, ServerError, Variables};
use async_graphql_value::{ConstValue, Value};

use crate::auth::Viewer;
use crate::json::Json;
use crate::resources::account::Account;
use crate::resources::imports::{self, Arguments, ImportFilter};
use crate::resources::node::{self, SelectedNode};
use crate::resources::{Caller, Failure, ListItems};
use crate::scalars::BigInt;
use crate::selection::{Composite as _, Fragments, Selected, collect_sets, merge};
use crate::store::Store;

/// The plan of one operation.
#[derive(Debug)]
pub struct Direct {
    roots: Vec<Root>,
}

#[derive(Debug)]
struct Root {
    /// `"key":`
    prefix: String,
    key: Name,
    at: Pos,
    arguments: Vec<(Name, Value)>,
    field: RootField,
}

#[derive(Debug)]
enum RootField {
    Imports(Vec<Selected>),
    Import(Vec<Selected>),
    ImportByDatabaseId(Vec<Selected>),
    ImportStatusCounts(Vec<Selected>),
    Node(SelectedNode),
    Nodes(SelectedNode),
    Viewer(Vec<Selected>),
    Typename,
}

/// A root field that has no answer.
#[derive(Debug)]
pub struct Failed {
    /// Its response key.
    pub key: Name,
    /// The place in the list, where the field is one and each of its places fails alone.
    pub index: Option<usize>,
    /// Where the field stands in the document.
    pub at: Pos,
    /// Why.
    pub failure: Failure,
}

impl Failed {
    /// The error as the library would report it.
    #[must_use]
    pub fn to_error(&self) -> ServerError {
        let mut error = Error::from(self.failure.clone()).into_server_error(self.at);
        error.path.push(PathSegment::Field(self.key.to_string()));
        error.path.extend(self.index.map(PathSegment::Index));
        error
    }
}

/// An argument is not what the guard let through: the library must say what is wrong.
#[derive(Clone, Copy, Debug)]
pub struct Misfit;

impl Direct {
    /// The plan of an operation of a valid document; `None` where the library must run it.
    #[must_use]
    pub fn plan(document: &ExecutableDocument, operation: &OperationDefinition) -> Option<Self> {
        let set = &operation.selection_set.node;
        if operation.ty != OperationType::Query || !operation.directives.is_empty() || has_directives(set) {
            return None;
        }
        let of_fragments = |fragment: &Positioned<_>| has_fragment_directives(&fragment.node);
        if document.fragments.values().any(of_fragments) {
            return None;
        }
        let merged = merge(&document.fragments, &[set], "Query");
        let roots = merged
            .into_iter()
            .map(|(key, (field, sets))| root(&document.fragments, key, field, &sets));
        Some(Self {
            roots: roots.collect::<Option<_>>()?,
        })
    }

    /// Writes the value of `data`; gives the fields that failed and are null in it.
    ///
    /// **Errors**: [`Misfit`], which nothing that passed the guard should be; what was written then is void.
    pub async fn run(
        &self,
        store: &Store,
        viewer: &Viewer,
        list_items: ListItems,
        variables: &Variables,
        json: &mut Json,
    ) -> Result<Vec<Failed>, Misfit> {
        let caller = Caller {
            store,
            viewer,
            list_items,
        };
        let mut failed = Vec::new();
        json.raw("{");
        for (index, root) in self.roots.iter().enumerate() {
            if index > 0 {
                json.raw(",");
            }
            json.raw(&root.prefix);
            root.run(caller, variables, json, &mut failed).await?;
        }
        json.raw("}");
        Ok(failed)
    }
}

impl Root {
    async fn run(
        &self,
        caller: Caller<'_>,
        variables: &Variables,
        json: &mut Json,
        failed: &mut Vec<Failed>,
    ) -> Result<(), Misfit> {
        let start = json.len();
        let done = match &self.field {
            RootField::Imports(selected) => {
                let arguments = Arguments {
                    first: self.argument(variables, "first")?,
                    after: self.argument(variables, "after")?,
                    last: self.argument(variables, "last")?,
                    before: self.argument(variables, "before")?,
                    filter: self.argument(variables, "filter")?,
                    sort: self.argument(variables, "sort")?,
                };
                imports::imports(caller, selected, arguments, json).await
            }
            RootField::Import(selected) => {
                let id: ID = self.argument(variables, "id")?;
                imports::import(caller, selected, imports::row_id(caller.viewer, &id), json).await
            }
            RootField::ImportByDatabaseId(selected) => {
                let id: BigInt = self.argument(variables, "databaseId")?;
                imports::import(caller, selected, id.column_value(), json).await
            }
            RootField::ImportStatusCounts(selected) => {
                let filter: Option<ImportFilter> = self.argument(variables, "filter")?;
                imports::status_counts(caller, selected, filter.as_ref(), json).await
            }
            RootField::Node(selected) => {
                let id: ID = self.argument(variables, "id")?;
                node::nodes(caller, selected, &[id])
                    .await
                    .map(|found| found.into_iter().for_each(|node| put(json, node)))
            }
            RootField::Nodes(selected) => {
                let ids: Vec<ID> = self.argument(variables, "ids")?;
                match node::nodes(caller, selected, &ids).await {
                    Ok(nodes) => json.list(nodes, put),
                    Err(failure) => {
                        json.list(&ids, |json, _| json.null());
                        failed.extend((0..ids.len()).map(|index| self.failed(Some(index), failure.clone())));
                    }
                }
                Ok(())
            }
            RootField::Viewer(selected) => {
                Account::of(caller.viewer).write(selected, json);
                Ok(())
            }
            RootField::Typename => {
                json.raw("\"Query\"");
                Ok(())
            }
        };
        if let Err(failure) = done {
            json.truncate(start);
            json.null();
            failed.push(self.failed(None, failure));
        }
        Ok(())
    }

    fn failed(&self, index: Option<usize>, failure: Failure) -> Failed {
        Failed {
            key: self.key.clone(),
            index,
            at: self.at,
            failure,
        }
    }

    /// An argument with variables put in. An unset variable is as if the argument, or the key of an input object, were
    /// absent; in a list it is null.
    fn argument<T: InputType>(&self, variables: &Variables, name: &str) -> Result<T, Misfit> {
        let argument = self.arguments.iter().find(|(argument, _)| argument == name);
        let value = argument.and_then(|(_, value)| constant(value, variables));
        T::parse(value).map_err(|_| Misfit)
    }
}

fn put(json: &mut Json, node: Option<Json>) {
    match node {
        Some(node) => json.append(node),
        None => json.null(),
    }
}

fn constant(value: &Value, variables: &Variables) -> Option<ConstValue> {
    Some(match value {
        Value::Variable(name) => return variables.get(name).cloned(),
        Value::Null => ConstValue::Null,
        Value::Number(number) => ConstValue::Number(number.clone()),
        Value::String(text) => ConstValue::String(text.clone()),
        Value::Boolean(boolean) => ConstValue::Boolean(*boolean),
        Value::Binary(bytes) => ConstValue::Binary(bytes.clone()),
        Value::Enum(name) => ConstValue::Enum(name.clone()),
        Value::List(items) => {
            let items = items
                .iter()
                .map(|item| constant(item, variables).unwrap_or(ConstValue::Null));
            ConstValue::List(items.collect())
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), constant(value, variables)?)));
            ConstValue::Object(fields.collect())
        }
    })
}

fn root(
    fragments: &Fragments,
    key: &Name,
    field: &Positioned<Field>,
    sets: &[&SelectionSet],
) -> Option<Root> {
    let of = |type_name| collect_sets(fragments, sets, type_name);
    let of_node = || SelectedNode {
        import: of("Import"),
        account: of("Account"),
    };
    let name = field.node.name.node.as_str();
    let planned = match name {
        "imports" => RootField::Imports(of("ImportConnection")),
        "import" => RootField::Import(of("Import")),
        "importByDatabaseId" => RootField::ImportByDatabaseId(of("Import")),
        "importStatusCounts" => RootField::ImportStatusCounts(of("ImportStatusCount")),
        "node" => RootField::Node(of_node()),
        "nodes" => RootField::Nodes(of_node()),
        "viewer" => RootField::Viewer(of("Account")),
        "__typename" => RootField::Typename,
        _ => return None,
    };
    let arguments = field
        .node
        .arguments
        .iter()
        .map(|(name, value)| (name.node.clone(), value.node.clone()));
    Some(Root {
        prefix: format!("\"{key}\":"),
        key: key.clone(),
        at: field.pos,
        arguments: arguments.collect(),
        field: planned,
    })
}

fn has_directives(set: &SelectionSet) -> bool {
    set.items.iter().any(|item| match &item.node {
        Selection::Field(field) => {
            !field.node.directives.is_empty() || has_directives(&field.node.selection_set.node)
        }
        Selection::FragmentSpread(spread) => !spread.node.directives.is_empty(),
        Selection::InlineFragment(fragment) => {
            !fragment.node.directives.is_empty() || has_directives(&fragment.node.selection_set.node)
        }
    })
}

fn has_fragment_directives(fragment: &async_graphql::parser::types::FragmentDefinition) -> bool {
    !fragment.directives.is_empty() || has_directives(&fragment.selection_set.node)
}
