//! The three kinds of error body that REST has.
//!
//! Takes what was refused, gives the answer: messages by parameter for a query string, a rate limit's sentence, and a
//! problem for the rest.

use axum::http::header::{
    ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{FORM, is_list};
use crate::error::{Code, Rejection};
use crate::http::admission;
use crate::http::method;
use crate::load::budget::POLICY;
use crate::resources::imports::rest::ParameterErrors;

/// A request that was refused, or that could not be answered.
#[derive(Serialize, ToSchema)]
pub struct Problem<'a> {
    /// The HTTP status.
    status: u16,
    /// What the status means.
    title: &'a str,
    /// What is wrong here, and what to do.
    detail: &'a str,
    /// The path that was asked for.
    instance: &'a str,
}

/// A query string that was refused.
#[derive(Serialize, ToSchema)]
pub struct BadRequest<'a> {
    /// What is wrong with each parameter, named as in the query string. At most ten parameters are named.
    #[schema(value_type = std::collections::HashMap<String, Vec<String>>)]
    errors: &'a ParameterErrors,
}

/// A request beyond the caller's budget.
#[derive(Serialize, ToSchema)]
pub struct TooManyRequests<'a> {
    /// What is spent, and what to do.
    error: &'a str,
}

/// The answer to a query string that has faults.
#[must_use]
pub fn bad_request(faults: &ParameterErrors) -> Response {
    answer(StatusCode::BAD_REQUEST, &BadRequest { errors: faults })
}

/// The answer where there is nothing, or nothing that this caller may know of.
#[must_use]
pub fn not_found(uri: &Uri) -> Response {
    problem(StatusCode::NOT_FOUND, "there is nothing here", uri)
}

/// The answer to a refused request.
///
/// The body that the status has; a 405 has `Allow`, a 401 `WWW-Authenticate`, a 429 and a 503
/// `Retry-After`.
#[must_use]
pub fn refusal(uri: &Uri, rejection: &Rejection) -> Response {
    let Rejection { code, message, .. } = rejection;
    let status = code.status();
    let mut response = match code {
        Code::RateLimited => {
            let mut response = answer(status, &TooManyRequests { error: message });
            response
                .headers_mut()
                .insert(VARY, HeaderValue::from_static("Accept"));
            response
        }
        Code::BadRequest => bad_request(&ParameterErrors::one("request", message.clone())),
        _ => problem(status, message, uri),
    };
    let mut header = |name: HeaderName, value| {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    };
    match status {
        StatusCode::METHOD_NOT_ALLOWED if is_list(uri.path()) => header(ALLOW, "GET, HEAD, QUERY"),
        StatusCode::METHOD_NOT_ALLOWED => header(ALLOW, "GET, HEAD"),
        StatusCode::UNAUTHORIZED => header(WWW_AUTHENTICATE, "Bearer"),
        StatusCode::SERVICE_UNAVAILABLE => header(RETRY_AFTER, "1"),
        _ => {}
    }
    let is_of_method = matches!(code, Code::MethodNotAllowed | Code::UnsupportedMediaType);
    if is_of_method && is_list(uri.path()) {
        method::tell_query(&mut response, FORM);
    }
    if let Some(seconds) = rejection.retry_after_s {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    admission::tell(rejection.remaining, response.headers_mut());
    response
}

/// The answer to one request too many, for who reads problems: a spent budget, or too many without a valid key.
///
/// Source: draft-ietf-httpapi-ratelimit-headers-11, "Problem Types"; RFC 9457.
pub fn limited(uri: &Uri, rejection: &Rejection) -> Response {
    let (kind, title, policies): (_, _, &[&str]) = if rejection.remaining.is_some() {
        (
            "quota-exceeded",
            "Request cannot be satisfied as assigned quota has been exceeded",
            &[POLICY],
        )
    } else {
        (
            "abnormal-usage-detected",
            "Request not satisfied due to detection of abnormal request pattern",
            &[],
        )
    };
    let mut response = refusal(uri, rejection);
    let body = serde_json::json!({
        "type": format!("https://iana.org/assignments/http-problem-types#{kind}"),
        "title": title,
        "status": response.status().as_u16(),
        "detail": rejection.message,
        "instance": uri.path(),
        "violated-policies": policies,
    });
    *response.body_mut() = body.to_string().into();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.remove(CONTENT_LENGTH);
    response
}

/// A problem at a path. The query string is left out: what stands in it is not ours to repeat.
fn problem(status: StatusCode, detail: &str, uri: &Uri) -> Response {
    let problem = Problem {
        status: status.as_u16(),
        title: status.canonical_reason().unwrap_or_default(),
        detail,
        instance: uri.path(),
    };
    answer(status, &problem)
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(body).unwrap_or_default();
    let content_type = HeaderValue::from_static("application/json");
    (status, [(CONTENT_TYPE, content_type)], body).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::http::HeaderMap;
    use serde_json::{Value, json};

    use super::*;

    async fn parts(response: Response) -> (u16, HeaderMap, Value) {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 65_536).await.expect("a body");
        let body = serde_json::from_slice(&bytes).expect("JSON");
        (parts.status.as_u16(), parts.headers, body)
    }

    async fn refused(code: Code) -> (u16, HeaderMap, Value) {
        let uri = Uri::from_static("/api/imports?start_cursor=secret");
        parts(refusal(&uri, &Rejection::new(code, "do that"))).await
    }

    #[tokio::test]
    async fn a_problem_names_its_status_and_path_but_not_the_query_string() {
        for (code, status, title) in [
            (Code::Unauthenticated, 401, "Unauthorized"),
            (Code::MethodNotAllowed, 405, "Method Not Allowed"),
            (Code::PayloadTooLarge, 413, "Payload Too Large"),
            (Code::UriTooLong, 414, "URI Too Long"),
            (Code::HeadersTooLarge, 431, "Request Header Fields Too Large"),
            (Code::InternalServerError, 500, "Internal Server Error"),
            (Code::Overloaded, 503, "Service Unavailable"),
            (Code::ServiceUnavailable, 503, "Service Unavailable"),
            (Code::Timeout, 504, "Gateway Timeout"),
        ] {
            let (found, headers, body) = refused(code).await;
            let expected =
                json!({"status": status, "title": title, "detail": "do that", "instance": "/api/imports"});
            assert_eq!((found, body), (status, expected));
            assert_eq!(headers[CONTENT_TYPE], "application/json");
        }
    }

    #[tokio::test]
    async fn the_other_kinds_have_bodies_of_their_own() {
        let (status, _, body) = refused(Code::RateLimited).await;
        assert_eq!((status, body), (429, json!({"error": "do that"})));
        let faults = ParameterErrors::one("filter[status][include]", "must be a status");
        let (status, _, body) = parts(bad_request(&faults)).await;
        let expected = json!({"errors": {"filter[status][include]": ["must be a status"]}});
        assert_eq!((status, body), (400, expected));
        let (status, _, body) = refused(Code::BadRequest).await;
        assert_eq!((status, body), (400, json!({"errors": {"request": ["do that"]}})));
    }

    #[tokio::test]
    async fn refusals_say_how_to_go_on() {
        for (code, name, value) in [
            (Code::MethodNotAllowed, ALLOW, "GET, HEAD, QUERY"),
            (Code::Unauthenticated, WWW_AUTHENTICATE, "Bearer"),
            (Code::ServiceUnavailable, RETRY_AFTER, "1"),
        ] {
            assert_eq!(refused(code).await.1[name], value);
        }
    }
}
