//! `/metrics`: what Prometheus reads. It needs no key and names no caller.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

use super::{Door, Gateway, Readiness, probes, rest};
use crate::telemetry::metrics::Now;

/// The media type of OpenMetrics, which Prometheus asks for.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new().route("/metrics", get(handle))
}

/// The door to what operators ask, alone, for an address of its own.
pub fn operating_door(gateway: Arc<Gateway>) -> Door {
    let routes = router()
        .merge(probes::router())
        .fallback(rest::unknown)
        .method_not_allowed_fallback(rest::method_not_allowed);
    Door::without_graphql(gateway, routes)
}

async fn handle(State(gateway): State<Arc<Gateway>>) -> ([(HeaderName, &'static str); 1], String) {
    let pool = gateway.store.pool();
    let now = Now {
        running: gateway.permits.running(),
        waiting: gateway.permits.waiting(),
        pool_open: pool.open,
        pool_idle: pool.idle,
        ready: *gateway.readiness.borrow() == Readiness::Ready,
    };
    ([(CONTENT_TYPE, MEDIA_TYPE)], gateway.metrics.encode(now))
}
