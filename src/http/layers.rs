//! What every request passes on its way in, and every answer on its way out.
//!
//! Each layer is a function of a request and of what is behind it. They stand in one order, told by [`all`].

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, REFERRER_POLICY, TRANSFER_ENCODING,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Uri, Version};
use axum::response::Response;
use futures_util::FutureExt;

use super::compression;
use super::cors::{self, Origins};
use super::request_id::{self, RequestId};
use crate::error::{Code, Rejection};

/// Renders a refusal for the path that was asked for: each API has its own kind of error body.
pub type Refuse<'r> = &'r (dyn Fn(&Uri, &Rejection, Option<&RequestId>) -> Response + Sync);

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

/// Refuses a request whose head is too large, or leaves open where it goes or where it ends.
///
/// Source: RFC 9112, 3.2 and 6.1.
///
/// # Errors
///
/// `URI_TOO_LONG`, `HEADERS_TOO_LARGE`; `BAD_REQUEST` for more than one `Host`, none in HTTP/1.1, and a transfer
/// coding besides `chunked`.
pub fn check_head(
    version: Version,
    uri: &Uri,
    headers: &HeaderMap,
    limits: &HeadLimits,
) -> Result<(), Rejection> {
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
    let hosts = headers.get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && version == Version::HTTP_11) {
        return Err(Rejection::new(Code::BadRequest, "send exactly one Host header"));
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    if codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
        return Err(Rejection::new(
            Code::BadRequest,
            "send the body with no Transfer-Encoding but chunked",
        ));
    }
    Ok(())
}

/// What every request passes on its way to `inner`, outermost first: its id, the security headers, the end of a panic,
/// CORS, the limits of its head, compression.
///
/// One function calls the next, as axum would clone and box what is behind each layer of its own for every request.
pub async fn all<F: Future<Output = Response>>(
    limits: &HeadLimits,
    origins: &Origins,
    refuse: Refuse<'_>,
    request: Request,
    inner: impl FnOnce(Request) -> F,
) -> Response {
    let small = |request| compression::layer(request, inner);
    let bounded = |request| head_limits(limits, refuse, request, small);
    let shared = |request| cors::layer(origins, request, bounded);
    let sound = |request| catch_panic(refuse, request, shared);
    let safe = |request| security_headers(request, sound);
    request_id::layer(request, safe).await
}

/// Refuses a request by [`check_head`].
async fn head_limits<F: Future<Output = Response>>(
    limits: &HeadLimits,
    refuse: Refuse<'_>,
    request: Request,
    inner: impl FnOnce(Request) -> F,
) -> Response {
    match check_head(request.version(), request.uri(), request.headers(), limits) {
        Ok(()) => inner(request).await,
        Err(rejection) => refuse(request.uri(), &rejection, request.extensions().get()),
    }
}

/// Answers 500 where a handler panics. The log has the request's id, and never what the panic said.
async fn catch_panic<F: Future<Output = Response>>(
    refuse: Refuse<'_>,
    request: Request,
    inner: impl FnOnce(Request) -> F,
) -> Response {
    let uri = request.uri().clone();
    let id = request.extensions().get::<RequestId>().cloned();
    // Nothing that the request touched is used again, apart from what was shared before it came.
    match AssertUnwindSafe(inner(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            let request_id = id.as_ref().map(RequestId::as_str);
            tracing::error!(request_id, "a request handler panicked");
            let rejection = Rejection::new(Code::InternalServerError, "internal error");
            refuse(&uri, &rejection, id.as_ref())
        }
    }
}

/// Gives every answer the headers that keep browsers from guessing, framing, caching and telling others.
/// An answer that has one of them keeps its own.
async fn security_headers<F: Future<Output = Response>>(
    request: Request,
    inner: impl FnOnce(Request) -> F,
) -> Response {
    let mut response = inner(request).await;
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

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::{Next, from_fn};
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::config::HttpStatuses;
    use crate::http::negotiate::{AnswerForm, MediaType};
    use crate::http::refusal;

    fn router() -> Router {
        Router::new()
            .route("/", get(|| async { "hello" }))
            .route(
                "/page",
                get(|| async { ([(CACHE_CONTROL, "max-age=60")], "page") }),
            )
            .route("/panic", get(panics))
            .layer(from_fn(pass))
    }

    async fn pass(request: Request, next: Next) -> Response {
        let form = AnswerForm {
            media: MediaType::Json,
            statuses: HttpStatuses::Draft2025,
        };
        let refuse =
            |_: &Uri, rejection: &Rejection, id: Option<&RequestId>| refusal::graphql(rejection, form, id);
        let (limits, origins) = (HeadLimits::default(), Origins::default());
        all(&limits, &origins, &refuse, request, |request| next.run(request)).await
    }

    async fn panics() -> Response {
        let mut none: Vec<Response> = Vec::new();
        none.pop().expect("secret of the panic")
    }

    async fn ask(uri: &str, headers: &[(&'static str, &str)]) -> (u16, HeaderMap, String) {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri.parse().expect("a URI");
        request
            .headers_mut()
            .insert(HOST, HeaderValue::from_static("test"));
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
        assert_eq!(ask("/", &[("x", "y"); 63]).await.0, 200);
        let (status, _, body) = ask("/", &[("x", "y"); 64]).await;
        assert_eq!(status, 431);
        assert!(body.contains("HEADERS_TOO_LARGE"), "{body}");
        assert_eq!(ask("/", &[("x", &"y".repeat(16_384 - 17))]).await.0, 200);
        assert_eq!(ask("/", &[("x", &"y".repeat(16_384 - 16))]).await.0, 431);
    }

    #[tokio::test]
    async fn a_request_has_one_host_and_no_coding_but_chunked() {
        for (name, value, expected) in [
            ("host", "other", 400),
            ("transfer-encoding", "chunked", 200),
            ("transfer-encoding", "Chunked", 200),
            ("transfer-encoding", "gzip, chunked", 400),
        ] {
            let (status, _, body) = ask("/", &[(name, value)]).await;
            assert_eq!(status, expected, "{name}: {value}");
            assert_eq!(body.contains("BAD_REQUEST"), expected == 400, "{body}");
        }
        let none = HeaderMap::new();
        let check = |version| check_head(version, &Uri::from_static("/"), &none, &HeadLimits::default());
        assert!(check(Version::HTTP_11).is_err());
        assert!(check(Version::HTTP_10).is_ok());
    }
}
