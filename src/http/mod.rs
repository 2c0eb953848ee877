//! The network door: from sockets to requests, and from answers to sockets.
//!
//! Takes a [`Gateway`], gives the one [`router`] with its one list of layers. What a path does is in a file of its name;
//! what every request passes is in [`layers`].

pub mod accept;
pub mod body;
pub mod cors;
pub mod envelope;
mod graphql;
mod key;
pub mod layers;
pub mod negotiate;
mod probes;
pub mod query_string;
pub mod refusal;
pub mod request_id;
mod schema;
mod strict_json;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get};

use self::layers::{HeadLimits, Refuse};
use self::negotiate::MediaType;
use self::request_id::RequestId;
use crate::error::Rejection;
use crate::graphql::guard::limits::Limits;
use crate::graphql::guard::table::Types;
use crate::graphql::schema::Schema;
use crate::store::Store;
use crate::store::viewers::Viewers;

/// What a request may cost before and while it runs.
#[derive(Clone, Debug)]
pub struct RequestLimits {
    /// The guard's.
    pub guard: Limits,
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
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            guard: Limits::default(),
            body_bytes: 128 * 1024,
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(10),
            head: HeadLimits::default(),
            introspection: true,
        }
    }
}

/// Everything that answers requests. Built once, by `app`.
pub struct Gateway {
    /// The database.
    pub store: Store,
    /// The door for keys.
    pub viewers: Viewers,
    /// The GraphQL schema.
    pub schema: Schema,
    /// Its definition as text.
    pub sdl: String,
    /// Its types, for the guard.
    pub types: Types,
    /// What requests may cost.
    pub limits: RequestLimits,
    /// Whether the service is ready, as the watch over the database last saw it.
    pub readiness: tokio::sync::watch::Receiver<Readiness>,
}

/// Whether requests can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The database has not been asked yet.
    Starting,
    /// The database answers and its schema is current, or newer.
    Ready,
    /// The database does not answer.
    DatabaseAway,
    /// The database answers, but its schema is older than this program needs.
    SchemaOutdated,
    /// The service is shutting down.
    Draining,
}

/// All routes, with every layer.
pub fn router(gateway: Arc<Gateway>) -> Router {
    let head = gateway.limits.head;
    Router::new()
        .route("/graphql", any(graphql::handle))
        .route("/schema.graphql", get(schema::handle))
        .merge(probes::router())
        .with_state(gateway)
        // The one list of layers: the last is the outermost.
        .layer(layers::compression())
        .layer(from_fn_with_state((head, REFUSE), layers::head_limits))
        .layer(from_fn_with_state(REFUSE, layers::catch_panic))
        .layer(from_fn(layers::security_headers))
        .layer(from_fn(request_id::layer))
}

/// Each API's own kind of error body, for what is refused before its handler.
const REFUSE: Refuse = refuse;

fn refuse(_: &Uri, rejection: &Rejection, request_id: Option<&RequestId>) -> Response {
    refusal::graphql(rejection, MediaType::Json, request_id)
}
