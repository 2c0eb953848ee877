//! `/api/v1/imports` and its record: REST over HTTP.
//!
//! Takes a request, gives JSON. The order is the road's: method, key, query string, answer. `/api` without a version is
//! the same API.

pub mod problem;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};

use super::{Gateway, key, query_string};
use crate::auth::Viewer;
use crate::error::{Code, Rejection};
use crate::resources::imports::rest;

/// Where lists are.
pub(super) const LISTS: [&str; 2] = ["/api/v1/imports", "/api/imports"];
/// Where records are.
pub(super) const RECORDS: [&str; 2] = ["/api/v1/imports/{id}", "/api/imports/{id}"];
/// What every path of this API begins with.
pub(super) const PREFIX: &str = "/api/";

pub(super) fn router() -> Router<Arc<Gateway>> {
    let mut router = Router::new().route("/api/{*rest}", any(unknown));
    for path in LISTS {
        router = router.route(path, get(list).fallback(method_not_allowed));
    }
    for path in RECORDS {
        router = router.route(path, get(record).fallback(method_not_allowed));
    }
    router
}

/// A page of the caller's imports.
async fn list(State(gateway): State<Arc<Gateway>>, uri: Uri, headers: HeaderMap) -> Response {
    let viewer = match admit(&gateway, &uri, &headers).await {
        Ok(viewer) => viewer,
        Err(refusal) => return refusal,
    };
    let question = match rest::parse(uri.query()) {
        Ok(question) => question,
        Err(faults) => return problem::bad_request(&faults),
    };
    match rest::list(&gateway.store, &viewer, &question).await {
        Ok(page) => json(page),
        Err(error) => problem::refusal(&uri, &Rejection::from(&error)),
    }
}

/// One of the caller's imports; an id that is malformed is as absent as one that is not there.
async fn record(
    State(gateway): State<Arc<Gateway>>,
    uri: Uri,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let viewer = match admit(&gateway, &uri, &headers).await {
        Ok(viewer) => viewer,
        Err(refusal) => return refusal,
    };
    let Some(id) = id.ok().and_then(|Path(id)| row_id(&id)) else {
        return problem::not_found(&uri);
    };
    match rest::record(&gateway.store, &viewer, id).await {
        Ok(Some(record)) => json(record),
        Ok(None) => problem::not_found(&uri),
        Err(error) => problem::refusal(&uri, &Rejection::from(&error)),
    }
}

async fn unknown(uri: Uri) -> Response {
    problem::not_found(&uri)
}

async fn method_not_allowed(uri: Uri) -> Response {
    problem::refusal(&uri, &Rejection::new(Code::MethodNotAllowed, "use GET"))
}

/// Lets the caller in, or says why not.
async fn admit(gateway: &Gateway, uri: &Uri, headers: &HeaderMap) -> Result<Viewer, Response> {
    let refused = |rejection: Rejection| problem::refusal(uri, &rejection);
    query_string::refuse_key_in_url(uri.query().unwrap_or_default()).map_err(refused)?;
    let viewer = key::rest_viewer(gateway, headers).await.map_err(refused)?;
    viewer.ok_or_else(|| problem::not_found(uri))
}

/// The id in a path, to the byte as the API writes it.
fn row_id(text: &str) -> Option<i64> {
    let id: i64 = text.parse().ok()?;
    (id.to_string() == text).then_some(id)
}

fn json(body: Vec<u8>) -> Response {
    let content_type = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, content_type)], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::row_id;

    #[test]
    fn an_id_is_read_only_as_the_api_writes_it() {
        for id in [i64::MIN, -1, 0, 1, 1_240_000_001, i64::MAX] {
            assert_eq!(row_id(&id.to_string()), Some(id));
        }
        for text in [
            "",
            "+1",
            "01",
            "-0",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "0x1",
            "١",
            "9223372036854775808",
            "a",
        ] {
            assert_eq!(row_id(text), None, "{text:?}");
        }
    }
}
