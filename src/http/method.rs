//! The method QUERY: safe and idempotent as GET is, with a body.
//!
//! Source: RFC 10008, "The HTTP QUERY Method".

use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::Response;

/// Whether a method is QUERY. Methods are told apart by case.
pub(super) fn is_query(method: &Method) -> bool {
    method.as_str() == "QUERY"
}

/// Tells that QUERY is served with bodies of this media type.
pub(super) fn tell_query(response: &mut Response, media_type: &'static str) {
    response.headers_mut().insert(
        HeaderName::from_static("accept-query"),
        HeaderValue::from_static(media_type),
    );
}
