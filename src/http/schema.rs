//! `/schema.graphql`: the schema as text, for a caller with a key, where introspection is allowed.

use std::sync::Arc;

use axum::extract::Request;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::negotiate::{AnswerForm, MediaType};
use super::rest::problem;
use super::{Gateway, admission, refusal};
use crate::error::Rejection;

/// Answers with the definition that `imports-gateway schema` prints.
pub(super) async fn handle(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    if !gateway.limits.introspection {
        return problem::not_found(request.uri());
    }
    match admission::enter(&gateway, &request.into_parts().0)
        .await
        .map_err(Rejection::from)
    {
        Ok(_) => ([(CONTENT_TYPE, "text/plain; charset=utf-8")], gateway.sdl.clone()).into_response(),
        Err(rejection) => {
            let form = AnswerForm {
                media: MediaType::Json,
                statuses: gateway.limits.http_statuses,
            };
            refusal::graphql(&rejection, form, None)
        }
    }
}
