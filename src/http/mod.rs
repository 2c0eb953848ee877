//! The network door: from requests to answers.
//!
//! Takes a [`Gateway`], gives the one [`door`](fn@door) to it. What a path does is in a file of its name; what every
//! request passes is in [`layers`].

mod admission;
pub mod body;
mod compression;
mod conditional;
pub mod cors;
mod deadline;
mod door;
mod event_stream;
mod graphql;
pub mod graphql_request;
pub mod layers;
mod log;
pub mod mcp;
mod method;
pub mod metrics;
pub mod negotiate;
mod openapi;
mod probes;
pub mod query_string;
pub mod refusal;
pub mod request_id;
pub mod rest;
mod schema;
mod strict_json;
mod trailing_slash;
mod web;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use entity::imports;

use self::cors::Origins;
pub use self::door::Door;
use self::layers::HeadLimits;
use self::negotiate::{AnswerForm, MediaType};
use self::request_id::RequestId;
use crate::changes::{Feed, Tags};
use crate::client_address::Network;
use crate::config::HttpStatuses;
use crate::error::{Code, Rejection};
use crate::graphql::documents::Documents;
use crate::graphql::schema::Schema;
use crate::load::budget::Budgets;
use crate::load::failed_keys::FailedKeys;
use crate::load::permits::Permits;
use crate::load::streams::Streams;
use crate::store::Store;
use crate::store::held_tokens::HeldTokens;
use crate::store::token_cache::TokenCache;
use crate::telemetry::metrics::Metrics;

/// What a request may cost before and while it runs.
#[derive(Clone, Debug)]
pub struct RequestLimits {
    /// The largest request body. **Unit**: bytes.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long a request may take in all, from the end of its headers to its answer.
    pub request_timeout: Duration,
    /// How large the head of a request may be.
    pub head: HeadLimits,
    /// Whether a caller with a key may read the schema.
    pub introspection: bool,
    /// Whether queries may be sent by GET.
    pub get: bool,
    /// How long everything is still served once the service is to stop.
    pub shutdown_delay: Duration,
    /// When a stream ends, for its client to come again.
    pub stream_lifetime: Duration,
    /// What a WebSocket may cost.
    pub socket: graphql_transport_ws::Limits,
    /// How GraphQL answers get their statuses.
    pub http_statuses: HttpStatuses,
    /// Whether what operators ask is answered on an address of its own, and so not on the public one.
    pub metrics_apart: bool,
    /// Which proxies are believed about whom they speak for.
    pub trusted_proxies: Vec<Network>,
    /// Which origins' pages may read answers.
    pub origins: Origins,
}

/// Everything that answers requests. Built once, by `app`.
pub struct Gateway {
    /// The database.
    pub store: Store,
    /// The door for keys.
    pub tokens: TokenCache,
    /// The keys of what is open.
    pub held_tokens: Arc<HeldTokens>,
    /// The GraphQL schema.
    pub schema: Schema,
    /// Its definition as text.
    pub sdl: String,
    /// The documents that were checked.
    pub documents: Documents,
    /// Who may run, and when.
    pub permits: Permits,
    /// What accounts may spend.
    pub budgets: Budgets,
    /// The streams that are open.
    pub streams: Arc<Streams>,
    /// The WebSockets that are open.
    pub sockets: Arc<Streams>,
    /// What becomes of imports.
    pub changes: Arc<Feed<imports::Model>>,
    /// What gives answers their entity tags.
    pub tags: Tags,
    /// Who guesses keys.
    pub failed_keys: FailedKeys,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The endpoint of the Model Context Protocol, where it is switched on.
    pub mcp: Option<mcp::Mcp>,
    /// What requests may cost.
    pub limits: RequestLimits,
    /// Whether the service is ready, as the watch over the database last saw it.
    pub readiness: tokio::sync::watch::Receiver<Readiness>,
}

/// Whether requests can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The database has not been asked yet.
    Starting,
    /// The database answers and its schema is current, or newer.
    Ready,
    /// The database does not answer, or not what it is asked; why, for operators.
    DatabaseAway(String),
    /// The database answers, but its schema is older than this program needs.
    SchemaOutdated,
    /// The service is shutting down.
    Draining,
}

/// The public door: everything that is answered. `demo_key` is for the pages of `demo` alone: it fills in their key field.
pub fn door(gateway: Arc<Gateway>, demo_key: Option<&str>) -> Door {
    let operating = if gateway.limits.metrics_apart {
        Router::new()
    } else {
        metrics::router()
    };
    let routes = Router::new()
        .route(SCHEMA, get(schema::handle))
        .merge(rest::router())
        .merge(openapi::router())
        .merge(probes::router())
        .merge(operating)
        .merge(web::router(demo_key))
        .fallback(rest::unknown)
        .method_not_allowed_fallback(rest::method_not_allowed);
    Door::with_graphql(gateway, routes)
}

const SCHEMA: &str = "/schema.graphql";

/// The kind of error body that a path has, for what is refused before its handler: a [`layers::Refuse`].
fn refuse(
    statuses: HttpStatuses,
    uri: &Uri,
    rejection: &Rejection,
    request_id: Option<&RequestId>,
) -> Response {
    let form = AnswerForm {
        media: MediaType::Json,
        statuses,
    };
    match uri.path() {
        graphql::PATH if rejection.code == Code::UriTooLong => {
            let message = format!("{}; send a POST", rejection.message);
            let rejection = Rejection::new(rejection.code, message);
            refusal::graphql(&rejection, form, request_id)
        }
        graphql::PATH | SCHEMA => refusal::graphql(rejection, form, request_id),
        _ => rest::problem::refusal(uri, rejection),
    }
}
