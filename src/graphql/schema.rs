//! The schema: declared to the GraphQL library, which validates documents against it and describes it, once, for
//! introspection.
//!
//! The library executes nothing for a request: data is answered by `execute`. A root field that can fail is nullable and fails
//! before any object is written, so one failure leaves its siblings. Deliberately absent: mutations.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, InlineFragment, Selection, SelectionSet,
};
use async_graphql::{
    EmptyMutation, Error, ID, Object, ObjectType, Pos, Positioned, Request, Response, SDLExportOptions,
    SchemaBuilder, async_trait,
};
use futures_util::FutureExt as _;
use futures_util::stream::Empty;

use super::federation;
use super::introspection::{self, Introspection};
use super::sdl::like_graphql_js;
use crate::resources::account::Account;
use crate::resources::imports::{
    Import, ImportChange, ImportConnection, ImportCountBucket, ImportCounts, ImportFilter, ImportPosition,
    ImportSort, ImportStatusCount,
};
use crate::resources::node::Node;
use crate::scalars::{BigInt, DateTime};
use crate::selection::declare::{Declared, NOT_EXECUTED};

/// The schema that documents are validated against.
#[derive(Clone)]
pub struct Schema {
    /// It stops where a valid document would be executed.
    validating: Library,
    introspection: Arc<Introspection>,
    /// What `_service` answers; nothing where that is no field of this schema.
    subgraph_sdl: Arc<str>,
}

/// A schema of the library, by its query root.
#[derive(Clone)]
enum Library {
    Plain(LibrarySchema<Query>),
    Federated(LibrarySchema<federation::Query>),
}

type LibrarySchema<Q> = async_graphql::Schema<Q, EmptyMutation, Subscription>;

impl Library {
    fn plain() -> Self {
        Self::Plain(library(Query).extension(StopBeforeExecution).finish())
    }

    fn federated() -> Self {
        Self::Federated(library(federation::Query).extension(StopBeforeExecution).finish())
    }

    /// The answer to a request; nothing where the library waits for something.
    fn execute(&self, request: Request) -> Option<Response> {
        match self {
            Self::Plain(schema) => schema.execute(request).now_or_never(),
            Self::Federated(schema) => schema.execute(request).now_or_never(),
        }
    }
}

/// What the library finds wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationError {
    /// In the library's words, which may quote the document.
    pub message: String,
    /// Where in the document.
    pub locations: Vec<Pos>,
}

/// Everything that can be asked: declarations, which never run.
#[derive(Debug)]
pub struct Query;

type Result<T> = std::result::Result<T, Error>;

pub(super) fn not_executed<T>() -> Result<T> {
    Err(Error::new(NOT_EXECUTED))
}

/// Everything that can be asked.
#[Object]
#[expect(
    unused_variables,
    reason = "the fields are declared here and answered by `execute`"
)]
impl Query {
    /// Imports of the caller's account, newest id first unless `sort` says otherwise.
    #[expect(clippy::too_many_arguments, reason = "they are the field's public arguments")]
    async fn imports(
        &self,
        #[graphql(desc = "The size of a page read forward: 0 to 100, 50 where neither size is given.")] first: Option<i32>,
        #[graphql(desc = "The cursor after which the page starts.")] after: Option<String>,
        #[graphql(desc = "The size of a page read backward: 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "The cursor before which the page ends; alone: the 50 just before it.")]
        before: Option<String>,
        #[graphql(desc = "Which imports; all where it is left out.")] filter: Option<ImportFilter>,
        #[graphql(
            desc = "Sort keys, most significant first; `id` follows in the direction of the last one. Left out: \
            the sort of the cursor, or newest id first."
        )]
        sort: Option<Vec<ImportSort>>,
    ) -> Result<Option<Declared<ImportConnection>>> {
        not_executed()
    }

    /// The import with this global id; null where the caller's account has none.
    async fn import(
        &self,
        #[graphql(desc = "The `id` of an import.")] id: ID,
    ) -> Result<Option<Declared<Import>>> {
        not_executed()
    }

    /// The import with this id of the REST API; null where the caller's account has none.
    async fn import_by_database_id(
        &self,
        #[graphql(desc = "The `databaseId` of an import.")] database_id: BigInt,
    ) -> Result<Option<Declared<Import>>> {
        not_executed()
    }

    /// Bounded counts for the tabs of a dashboard: always one entry for each of the ten statuses, each counted up to
    /// 500; 0 where the filter leaves a status out.
    async fn import_status_counts(
        &self,
        #[graphql(desc = "Which imports; all where it is left out.")] filter: Option<ImportFilter>,
    ) -> Result<Option<Vec<Declared<ImportStatusCount>>>> {
        not_executed()
    }

    /// Counts of the filtered list by bucket and status, newest bucket last, in one scan of at most 20,000 index entries,
    /// newest first.
    async fn import_counts(
        &self,
        #[graphql(desc = "Which imports; all where it is left out.")] filter: Option<ImportFilter>,
        #[graphql(
            default_with = "ImportCountBucket::Day",
            desc = "What a bucket is; buckets are by `createdAt`."
        )]
        by: ImportCountBucket,
        #[graphql(
            default = "UTC",
            desc = "The zone of the buckets, by its name in the IANA database, such as `Europe/Berlin`."
        )]
        time_zone: String,
        #[graphql(desc = "The first instant that counts.")] from: Option<DateTime>,
        #[graphql(desc = "The first instant after those that count.")] to: Option<DateTime>,
    ) -> Result<Option<Declared<ImportCounts>>> {
        not_executed()
    }

    /// The cursor of a position in the list, whether a row is there or not: `after` it come the rows at or behind the
    /// position. Null where that is the whole list.
    async fn import_cursor_at(
        &self,
        #[graphql(desc = "A value of the first sort key.")] position: ImportPosition,
        #[graphql(desc = "As of `imports`. Left out: by the position's key, newest or largest first.")]
        sort: Option<Vec<ImportSort>>,
    ) -> Result<Option<String>> {
        not_executed()
    }

    /// The object with this global id; null where the caller's account has none.
    async fn node(&self, #[graphql(desc = "The `id` of a node.")] id: ID) -> Result<Option<Node>> {
        not_executed()
    }

    /// The objects with these global ids, in their order; null where the caller's account has none.
    async fn nodes(
        &self,
        #[graphql(desc = "The `id`s of nodes.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        not_executed()
    }

    /// The account that the API key belongs to.
    async fn viewer(&self) -> Result<Option<Declared<Account>>> {
        not_executed()
    }
}

/// Everything that can be followed: declarations, which never run.
#[derive(Debug)]
pub struct Subscription;

/// Everything that can be followed.
#[async_graphql::Subscription]
#[expect(
    unused_variables,
    reason = "the fields are declared here and answered by `execute`"
)]
impl Subscription {
    /// What becomes of the imports of the filtered list: each that enters it, changes in it or leaves it. Several changes of
    /// one at once are one, of its newest state.
    async fn import_changes(
        &self,
        #[graphql(
            desc = "The `cursor` of the last change that is known, or the `changesCursor` of a list: what came after it \
            comes first, and nothing is missed. Left out: from now on."
        )]
        after: Option<String>,
        #[graphql(desc = "Of which imports; of all where it is left out.")] filter: Option<ImportFilter>,
    ) -> Result<Empty<Declared<ImportChange>>> {
        not_executed()
    }
}

/// Builds the schema. It holds no state.
#[must_use]
pub fn build() -> Schema {
    Schema {
        validating: Library::plain(),
        introspection: Arc::new(introspection(Query)),
        subgraph_sdl: Arc::default(),
    }
}

/// Builds the schema with what a federation gateway asks a subgraph for besides: `_service` and `_entities`.
#[must_use]
pub fn build_federated() -> Schema {
    Schema {
        validating: Library::federated(),
        introspection: Arc::new(introspection(federation::Query)),
        subgraph_sdl: federation::subgraph_sdl().into(),
    }
}

/// The schema definition language text, exactly as `schema.graphql` holds it, and as `printSchema` of graphql-js prints what
/// introspection says.
#[must_use]
pub fn sdl() -> String {
    let text = library_sdl(Query);
    like_graphql_js(&text).expect("the library prints what its parser reads; a test reads it")
}

/// The text of [`build_federated`]'s schema, in the same form.
#[must_use]
pub fn federated_sdl() -> String {
    let text = library_sdl(federation::Query);
    like_graphql_js(&text).expect("the library prints what its parser reads; a test reads it")
}

fn library_sdl<Q: ObjectType + 'static>(query: Q) -> String {
    let options = SDLExportOptions::new().include_specified_by();
    library(query).finish().sdl_with_options(options)
}

impl Schema {
    /// What the library finds wrong with a document: nothing where it is valid.
    #[must_use]
    pub fn validate(&self, document: &ExecutableDocument) -> Vec<ValidationError> {
        let mut request = Request::new(String::new());
        // All operations are validated alike; one has to be named where there are several.
        if let Some((Some(name), _)) = document.operations.iter().next() {
            request = request.operation_name(name.as_str());
        }
        request.set_parsed_query(with_seen_directives(document));
        let Some(validated) = self.validating.execute(request) else {
            let message = "the library waits for something before it has validated".to_owned();
            let locations = Vec::new();
            return vec![ValidationError { message, locations }];
        };
        let errors = validated.errors.into_iter().map(|error| ValidationError {
            message: error.message,
            locations: error.locations,
        });
        let mut invalid: Vec<_> = errors.collect();
        // The library says some things twice.
        invalid.dedup();
        invalid
    }

    /// What introspection says of it.
    #[must_use]
    pub fn introspection(&self) -> &Introspection {
        &self.introspection
    }

    /// What `_service` answers.
    #[must_use]
    pub fn subgraph_sdl(&self) -> &str {
        &self.subgraph_sdl
    }
}

/// What the library says of the schema.
fn introspection<Q: ObjectType + 'static>(query: Q) -> Introspection {
    let described = library(query)
        .finish()
        .execute(introspection::QUERY)
        .now_or_never();
    let described = described.map(|response| response.data.into_json());
    let described = described.expect("the library waits for nothing to describe the schema");
    Introspection::of(described.expect("a description is JSON; a test reads it"))
}

fn library<Q: ObjectType + 'static>(query: Q) -> SchemaBuilder<Q, EmptyMutation, Subscription> {
    async_graphql::Schema::build(query, EmptyMutation, Subscription).disable_suggestions()
}

/// The document with each `__typename` that has directives in an inline fragment that has them instead: those of
/// `__typename` itself the library does not look at, and takes the variables in them for unused.
fn with_seen_directives(document: &ExecutableDocument) -> ExecutableDocument {
    let mut document = document.clone();
    match &mut document.operations {
        DocumentOperations::Single(operation) => wrap(&mut operation.node.selection_set.node),
        DocumentOperations::Multiple(operations) => operations
            .values_mut()
            .for_each(|operation| wrap(&mut operation.node.selection_set.node)),
    }
    for fragment in document.fragments.values_mut() {
        wrap(&mut fragment.node.selection_set.node);
    }
    document
}

fn wrap(set: &mut SelectionSet) {
    for item in &mut set.items {
        let directives = match &mut item.node {
            Selection::Field(field) if field.node.name.node == "__typename" => {
                std::mem::take(&mut field.node.directives)
            }
            Selection::Field(field) => {
                wrap(&mut field.node.selection_set.node);
                continue;
            }
            Selection::InlineFragment(inline) => {
                wrap(&mut inline.node.selection_set.node);
                continue;
            }
            Selection::FragmentSpread(_) => continue,
        };
        if !directives.is_empty() {
            let selection_set = SelectionSet {
                items: vec![item.clone()],
            };
            let inline = InlineFragment {
                type_condition: None,
                directives,
                selection_set: Positioned::new(selection_set, item.pos),
            };
            item.node = Selection::InlineFragment(Positioned::new(inline, item.pos));
        }
    }
}

/// Ends a request of the library once its document has been found valid.
struct StopBeforeExecution;

impl ExtensionFactory for StopBeforeExecution {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for StopBeforeExecution {
    async fn execute(&self, _: &ExtensionContext<'_>, _: Option<&str>, _: NextExecute<'_>) -> Response {
        Response::default()
    }
}
