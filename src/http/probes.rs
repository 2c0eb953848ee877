//! `/livez` and `/readyz`: what an orchestrator asks. Neither needs a key.

use std::borrow::Cow;
use std::fmt::Write as _;
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

/// That requests can be answered, and which mirrors nothing comes into, a line each.
fn told_of_mirrors(gateway: &Gateway) -> String {
    let mut told = "ready\n".to_owned();
    for mirror in gateway.mirrors.all().iter().filter(|mirror| mirror.is_stalled) {
        let account_id = mirror.account_id;
        let since = match mirror.page_ago {
            Some(ago) => format!("no page for {} s", ago.as_secs()),
            None => "no page yet".to_owned(),
        };
        let reason = mirror
            .last_error
            .as_deref()
            .and_then(|reason| reason.lines().next());
        let reason = reason.unwrap_or("nobody asks for one");
        // Writing to a string cannot fail.
        let _ = writeln!(
            told,
            "the mirror of account {account_id} is stalled: {since}: {reason}"
        );
    }
    told
}

/// Requests can be answered; else why not.
async fn ready(State(gateway): State<Arc<Gateway>>) -> (StatusCode, Cow<'static, str>) {
    let readiness = gateway.readiness.borrow().clone();
    let reason = match readiness {
        Readiness::Ready => return (StatusCode::OK, told_of_mirrors(&gateway).into()),
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
