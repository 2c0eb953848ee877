//! What every request passes on its way in, and every answer on its way out.
//!
//! Each layer is a function for `axum::middleware::from_fn` or `from_fn_with_state`; their order is the router's
//! business. Outermost first, they are meant to stand as: request id, security headers, panics, head limits, CORS,
//! compression.

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use super::request_id::RequestId;
use crate::error::{Code, Rejection};

/// Renders a refusal for the path that was asked for: each API has its own kind of error body.
pub type Refuse = fn(&Uri, &Rejection, Option<&RequestId>) -> Response;

/// How large the head of a request may be.
#[derive(Clone, Copy, Debug)]
pub struct HeadLimits {
    /// Bytes of path and query string, inclusive.
    pub uri_bytes: usize,
    /// Header fields, inclusive.
    pub headers: usize,
    /// Bytes of all header fields as they came, inclusive, separators and line ends counted as four each.
    pub header_bytes: usize,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self {
            uri_bytes: 8 * 1024,
            headers: 64,
            header_bytes: 16 * 1024,
        }
    }
}

/// Refuses a request whose head is too large.
///
/// **Errors:** `URI_TOO_LONG`, `HEADERS_TOO_LARGE`.
pub fn check_head(uri: &Uri, headers: &HeaderMap, limits: &HeadLimits) -> Result<(), Rejection> {
    let uri_bytes = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if uri_bytes > limits.uri_bytes {
        let message = format!(
            "the path and query string have more than {} bytes",
            limits.uri_bytes
        );
        return Err(Rejection::new(Code::UriTooLong, message));
    }
    if headers.len() > limits.headers {
        let message = format!("the request has more than {} header fields", limits.headers);
        return Err(Rejection::new(Code::HeadersTooLarge, message));
    }
    let header_bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if header_bytes > limits.header_bytes {
        let message = format!(
            "the request's header fields have more than {} bytes",
            limits.header_bytes
        );
        return Err(Rejection::new(Code::HeadersTooLarge, message));
    }
    Ok(())
}

/// Layer: refuses a request by [`check_head`].
pub async fn head_limits(
    State((limits, refuse)): State<(HeadLimits, Refuse)>,
    request: Request,
    next: Next,
) -> Response {
    match check_head(request.uri(), request.headers(), &limits) {
        Ok(()) => next.run(request).await,
        Err(rejection) => refuse(request.uri(), &rejection, request.extensions().get()),
    }
}

/// Layer: answers 500 where a handler panics. The log has the request's id, and never what the panic said.
pub async fn catch_panic(State(refuse): State<Refuse>, request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let id = request.extensions().get::<RequestId>().cloned();
    // Nothing that the request touched is used again, apart from what was shared before it came.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            let request_id = id.as_ref().map(RequestId::as_str);
            tracing::error!(request_id, "a request handler panicked");
            let rejection = Rejection::new(Code::InternalServerError, "internal error");
            refuse(&uri, &rejection, id.as_ref())
        }
    }
}

/// Layer: gives every answer the headers that keep browsers from guessing, framing, caching and telling others.
/// An answer that has one of them keeps its own.
pub async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SECURITY {
        response
            .headers_mut()
            .entry(name)
            .or_insert_with(|| HeaderValue::from_static(value));
    }
    response
}

const SECURITY: [(HeaderName, &str); 7] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (CACHE_CONTROL, "no-store"),
];

/// The smallest answer that is worth compressing, in bytes.
const COMPRESS_FROM_BYTES: u64 = 1025;
/// Of Brotli's eleven and gzip's nine levels, the one where time begins to grow faster than size shrinks.
const COMPRESSION_LEVEL: i32 = 4;

/// Layer: compresses answers above 1 KiB, where the client asks for it and the content gains by it.
pub fn compression() -> CompressionLayer<impl Predicate> {
    let worth_it = SizeAbove::new(COMPRESS_FROM_BYTES)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::SSE)
        .and(NotForContentType::const_new("font/"));
    CompressionLayer::new()
        .quality(CompressionLevel::Precise(COMPRESSION_LEVEL))
        .compress_when(worth_it)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
    use axum::middleware::{from_fn, from_fn_with_state};
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::http::negotiate::MediaType;
    use crate::http::{refusal, request_id};

    fn router() -> Router {
        let refuse: Refuse = |_, rejection, id| refusal::graphql(rejection, MediaType::Json, id);
        Router::new()
            .route("/", get(|| async { "hello" }))
            .route(
                "/page",
                get(|| async { ([(CACHE_CONTROL, "max-age=60")], "page") }),
            )
            .route("/panic", get(panics))
            .route("/1024", get(|| async { "x".repeat(1024) }))
            .route("/1025", get(|| async { "x".repeat(1025) }))
            .route(
                "/image",
                get(|| async { ([(CONTENT_TYPE, "image/png")], "x".repeat(5000)) }),
            )
            .layer(compression())
            .layer(from_fn_with_state((HeadLimits::default(), refuse), head_limits))
            .layer(from_fn_with_state(refuse, catch_panic))
            .layer(from_fn(security_headers))
            .layer(from_fn(request_id::layer))
    }

    async fn panics() -> Response {
        let mut none: Vec<Response> = Vec::new();
        none.pop().expect("secret of the panic")
    }

    async fn ask(uri: &str, headers: &[(&'static str, &str)]) -> (u16, HeaderMap, String) {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri.parse().expect("a URI");
        for (name, value) in headers {
            request
                .headers_mut()
                .append(*name, HeaderValue::from_str(value).expect("a header"));
        }
        let response = router().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
        (
            parts.status.as_u16(),
            parts.headers,
            String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    #[tokio::test]
    async fn every_answer_has_the_security_headers_and_a_request_id() {
        let long = format!("/{}", "x".repeat(9000));
        for (uri, status) in [("/", 200), ("/none", 404), ("/panic", 500), (long.as_str(), 414)] {
            let (found, headers, _) = ask(uri, &[]).await;
            assert_eq!(found, status);
            for (name, value) in SECURITY {
                assert_eq!(headers[&name], value, "{uri}");
            }
            assert_eq!(headers["x-request-id"].len(), 26, "{uri}");
        }
    }

    #[tokio::test]
    async fn an_answer_keeps_its_own_headers() {
        assert_eq!(ask("/page", &[]).await.1[CACHE_CONTROL], "max-age=60");
    }

    #[tokio::test]
    async fn a_request_keeps_its_name() {
        assert_eq!(
            ask("/", &[("x-request-id", "mine-1")]).await.1["x-request-id"],
            "mine-1"
        );
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_that_names_the_request_and_nothing_else() {
        let (status, _, body) = ask("/panic", &[("x-request-id", "mine-2")]).await;
        assert_eq!(status, 500);
        assert!(
            body.contains("INTERNAL_SERVER_ERROR") && body.contains("mine-2"),
            "{body}"
        );
        assert!(!body.contains("secret"), "{body}");
    }

    #[tokio::test]
    async fn a_url_up_to_the_limit_passes_and_a_longer_one_does_not() {
        let path = |bytes: usize| format!("/?{}", "x".repeat(bytes - 2));
        assert_eq!(ask(&path(8192), &[]).await.0, 200);
        let (status, _, body) = ask(&path(8193), &[]).await;
        assert_eq!(status, 414);
        assert!(body.contains("URI_TOO_LONG"), "{body}");
    }

    #[tokio::test]
    async fn headers_up_to_the_limits_pass_and_larger_ones_do_not() {
        assert_eq!(ask("/", &[("x", "y"); 64]).await.0, 200);
        let (status, _, body) = ask("/", &[("x", "y"); 65]).await;
        assert_eq!(status, 431);
        assert!(body.contains("HEADERS_TOO_LARGE"), "{body}");
        assert_eq!(ask("/", &[("x", &"y".repeat(16_384 - 5))]).await.0, 200);
        assert_eq!(ask("/", &[("x", &"y".repeat(16_384 - 4))]).await.0, 431);
    }

    #[tokio::test]
    async fn an_answer_above_one_kibibyte_is_compressed_where_the_client_asks() {
        for encoding in ["br", "gzip"] {
            let asks = [(ACCEPT_ENCODING.as_str(), encoding)];
            let (_, headers, body) = ask("/1025", &asks).await;
            assert_eq!(headers[CONTENT_ENCODING], encoding);
            assert!(body.len() < 200);
            assert!(!ask("/1024", &asks).await.1.contains_key(CONTENT_ENCODING));
            assert!(!ask("/image", &asks).await.1.contains_key(CONTENT_ENCODING));
        }
        assert!(!ask("/1025", &[]).await.1.contains_key(CONTENT_ENCODING));
    }
}
