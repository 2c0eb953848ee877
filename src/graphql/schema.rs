//! The roots of the schema, and the schema as text.
//!
//! A root field that can fail is nullable and fails before any object is built, so one failure leaves its siblings.
//! Roots run at once, each once however often it stands in the document; `http::graphql` puts their answers in the order
//! of the request. Deliberately absent: extensions (each makes every field slower), mutations and subscriptions.

use async_graphql::{Context, EmptyMutation, EmptySubscription, ID, Object, SDLExportOptions};

use super::once::once;
use super::sdl::like_graphql_js;
use crate::json::Json;
use crate::resources::account::Account;
use crate::resources::imports::{
    self, Arguments, Import, ImportConnection, ImportFilter, ImportSort, ImportStatusCount,
};
use crate::resources::node::{self, Node, SelectedNode};
use crate::resources::{Caller, Failure};
use crate::scalars::BigInt;
use crate::selection::{Composite as _, Written, collect};

/// The schema that answers requests.
pub type Schema = async_graphql::Schema<Query, EmptyMutation, EmptySubscription>;

/// Everything that can be asked.
#[derive(Debug)]
pub struct Query;

/// Everything that can be asked.
#[Object]
impl Query {
    /// Imports of the caller's account, newest id first unless `sort` says otherwise.
    #[expect(clippy::too_many_arguments, reason = "they are the field's public arguments")]
    async fn imports(
        &self,
        context: &Context<'_>,
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
    ) -> Option<Result<Written<ImportConnection>, Failure>> {
        let arguments = Arguments {
            first,
            after,
            last,
            before,
            filter,
            sort,
        };
        let write = async |json: &mut Json| {
            let selected = collect(context, "ImportConnection");
            imports::imports(Caller::of(context)?, &selected, arguments, json).await
        };
        written(context, write).await
    }

    /// The import with this global id; null where the caller's account has none.
    async fn import(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The `id` of an import.")] id: ID,
    ) -> Option<Result<Written<Import>, Failure>> {
        import(context, imports::row_id(&id)).await
    }

    /// The import with this id of the REST API; null where the caller's account has none.
    async fn import_by_database_id(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The `databaseId` of an import.")] database_id: BigInt,
    ) -> Option<Result<Written<Import>, Failure>> {
        import(context, database_id.column_value()).await
    }

    /// Bounded counts for the tabs of a dashboard: always one entry for each of the ten statuses, each counted up to
    /// 500; 0 where the filter leaves a status out.
    async fn import_status_counts(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which imports; all where it is left out.")] filter: Option<ImportFilter>,
    ) -> Option<Result<Written<Vec<ImportStatusCount>>, Failure>> {
        let write = async |json: &mut Json| {
            let selected = collect(context, "ImportStatusCount");
            imports::status_counts(Caller::of(context)?, &selected, filter.as_ref(), json).await
        };
        written(context, write).await
    }

    /// The object with this global id; null where the caller's account has none.
    async fn node(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The `id` of a node.")] id: ID,
    ) -> Option<Result<Written<Node>, Failure>> {
        nodes(context, &[id])
            .await
            .map(|mut found| found.pop().flatten())
            .transpose()
    }

    /// The objects with these global ids, in their order; null where the caller's account has none.
    async fn nodes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The `id`s of nodes.")] ids: Vec<ID>,
    ) -> Vec<Option<Result<Written<Node>, Failure>>> {
        match nodes(context, &ids).await {
            Ok(nodes) => nodes.into_iter().map(|node| node.map(Ok)).collect(),
            // The list itself may not be null: each of its places fails alone, and the siblings of `nodes` are answered.
            Err(failure) => ids.iter().map(|_| Some(Err(failure.clone()))).collect(),
        }
    }

    /// The account that the API key belongs to.
    async fn viewer(&self, context: &Context<'_>) -> Option<Result<Written<Account>, Failure>> {
        let write = async |json: &mut Json| {
            Account::of(Caller::of(context)?.viewer).write(&collect(context, "Account"), json);
            Ok(())
        };
        written(context, write).await
    }
}

/// What `write` writes, as an answer of type `T`.
async fn written<T>(
    context: &Context<'_>,
    write: impl AsyncFnOnce(&mut Json) -> Result<(), Failure>,
) -> Option<Result<Written<T>, Failure>> {
    let resolve = async {
        let mut json = Json::default();
        write(&mut json).await.map(|()| vec![Some(json)])
    };
    let outcome = once(context, resolve).await;
    Some(outcome.map(|mut all| Written::new(all.pop().flatten().unwrap_or_default())))
}

async fn import(context: &Context<'_>, id: Option<i64>) -> Option<Result<Written<Import>, Failure>> {
    let write = async |json: &mut Json| {
        imports::import(Caller::of(context)?, &collect(context, "Import"), id, json).await
    };
    written(context, write).await
}

async fn nodes(context: &Context<'_>, ids: &[ID]) -> Result<Vec<Option<Written<Node>>>, Failure> {
    let resolve = async {
        let selected = SelectedNode {
            import: collect(context, "Import"),
            account: collect(context, "Account"),
        };
        node::nodes(Caller::of(context)?, &selected, ids).await
    };
    let found = once(context, resolve).await?;
    Ok(found.into_iter().map(|json| json.map(Written::new)).collect())
}

/// Builds the schema. It holds no state: store and viewer come with each request.
#[must_use]
pub fn build() -> Schema {
    Schema::build(Query, EmptyMutation, EmptySubscription)
        .register_output_type::<Node>()
        .disable_suggestions()
        .finish()
}

/// The schema definition language text, exactly as `schema.graphql` holds it, and as `printSchema` of graphql-js prints what
/// introspection says.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new().include_specified_by();
    let text = build().sdl_with_options(options);
    like_graphql_js(&text).expect("the library prints what its parser reads; a test reads it")
}
