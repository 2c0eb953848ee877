//! `/livez` and `/readyz`: what an orchestrator asks. Neither needs a key.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use super::{Gateway, Readiness};

/// Whether the process answers.
pub(super) const LIVE: &str = "/livez";
/// Whether requests can be answered.
pub(super) const READY: &str = "/readyz";

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new().route(LIVE, get(alive)).route(READY, get(ready))
}

/// The process answers.
async fn alive() -> &'static str {
    "alive\n"
}

/// Requests can be answered; else why not.
async fn ready(State(gateway): State<Arc<Gateway>>) -> (StatusCode, Cow<'static, str>) {
    let readiness = gateway.readiness.borrow().clone();
    let reason = match readiness {
        Readiness::Ready => return (StatusCode::OK, "ready\n".into()),
        Readiness::Starting => "starting: the database has not answered yet\n",
        Readiness::DatabaseAway(reason) => {
            let told = format!("the database does not answer: {reason}\n");
            return (StatusCode::SERVICE_UNAVAILABLE, told.into());
        }
        Readiness::SchemaOutdated => "the database schema is outdated: run `imports-gateway migrate up`\n",
        Readiness::Draining => "shutting down\n",
    };
    (StatusCode::SERVICE_UNAVAILABLE, reason.into())
}
