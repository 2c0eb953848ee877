//! `/schema.graphql`: the schema as text, for a caller with a key, where introspection is allowed.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::negotiate::MediaType;
use super::{Gateway, key, refusal};

/// Answers with the definition that `imports-gateway schema` prints.
pub(super) async fn handle(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    if !gateway.limits.introspection {
        return StatusCode::NOT_FOUND.into_response();
    }
    match key::viewer(&gateway, &headers).await {
        Ok(_) => ([(CONTENT_TYPE, "text/plain; charset=utf-8")], gateway.sdl.clone()).into_response(),
        Err(rejection) => refusal::graphql(&rejection, MediaType::Json, None),
    }
}
