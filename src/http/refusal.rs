//! A refusal in, the GraphQL answer to it out.
//!
//! For what is refused before a root field runs. No status here depends on what the client accepts; the name of the media
//! type does.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::admission;
use super::negotiate::AnswerForm;
use super::request_id::RequestId;
use crate::error::{Code, Rejection};

/// Renders a refusal as a GraphQL answer without a `data` key.
///
/// One error; a fault of ours names the request in `extensions.requestId`. A 401 has `WWW-Authenticate`; what
/// is worth another try has `Retry-After`, 1 s where the rejection does not say.
pub fn graphql(rejection: &Rejection, form: AnswerForm, request_id: Option<&RequestId>) -> Response {
    let status = rejection.status_by(form.statuses);
    let mut extensions = json!({ "code": rejection.code.name() });
    if rejection.code == Code::InternalServerError
        && let Some(id) = request_id
    {
        extensions["requestId"] = id.as_str().into();
    }
    let body = json!({ "errors": [{ "message": rejection.message, "extensions": extensions }] });
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.content_type(status)));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    let retry_after_s = match rejection.code {
        Code::Overloaded | Code::ServiceUnavailable => Some(1),
        _ => None,
    };
    if let Some(seconds) = rejection.retry_after_s.or(retry_after_s) {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    admission::tell(rejection.remaining, headers);
    response
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::Value;

    use super::*;
    use crate::config::HttpStatuses;
    use crate::http::negotiate::MediaType;

    const fn form(media: MediaType, statuses: HttpStatuses) -> AnswerForm {
        AnswerForm { media, statuses }
    }

    async fn body(response: Response) -> Value {
        let bytes = to_bytes(response.into_body(), 65_536).await.expect("a body");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    #[tokio::test]
    async fn a_refusal_is_one_error_without_data() {
        let rejection = Rejection::new(Code::BadRequest, "send JSON");
        let response = graphql(
            &rejection,
            form(MediaType::GraphqlResponse, HttpStatuses::Edition2026),
            None,
        );
        assert_eq!(response.status(), 400);
        assert_eq!(
            response.headers()[CONTENT_TYPE],
            "application/graphql-response+json; charset=utf-8"
        );
        let expected = json!({"errors": [{"message": "send JSON", "extensions": {"code": "BAD_REQUEST"}}]});
        assert_eq!(body(response).await, expected);
    }

    #[tokio::test]
    async fn refusals_say_how_to_go_on() {
        let id = RequestId::fresh();
        let form = form(MediaType::Json, HttpStatuses::Edition2026);
        let answer = |code| graphql(&Rejection::new(code, "no"), form, Some(&id));
        assert_eq!(
            answer(Code::Unauthenticated).headers()[WWW_AUTHENTICATE],
            "Bearer"
        );
        assert_eq!(answer(Code::Overloaded).headers()[RETRY_AFTER], "1");
        assert!(!answer(Code::BadRequest).headers().contains_key(RETRY_AFTER));
        let fault = body(answer(Code::InternalServerError)).await;
        assert_eq!(fault["errors"][0]["extensions"]["requestId"], id.as_str());
        assert_eq!(
            body(answer(Code::Timeout)).await["errors"][0]["extensions"],
            json!({"code": "TIMEOUT"})
        );
    }

    #[tokio::test]
    async fn a_refusal_is_application_json_in_the_drafts_alone() {
        let rejection = Rejection::malformed_request("`query` is not a string");
        for (statuses, status, media) in [
            (HttpStatuses::Edition2026, 422, MediaType::GraphqlResponse),
            (HttpStatuses::Draft2025, 400, MediaType::Json),
        ] {
            let response = graphql(&rejection, form(MediaType::Json, statuses), None);
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[CONTENT_TYPE], media.content_type());
        }
    }
}
