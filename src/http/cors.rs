//! Which pages of other origins may read our answers: those on a list, which is empty unless a setting fills it.
//!
//! Keys travel in a header that a page has to set itself, so credentials of the browser are never allowed, and a listed
//! page may send whatever headers it asks to send: none of them tells the browser's user from another. A page that is
//! not on the list gets the answers of a server that knows nothing of CORS.
//!
//! Source: the Fetch standard, "HTTP CORS protocol".

use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::origin::Origin;

/// The headers that the API itself reads.
const OWN_HEADERS: &str =
    "Authorization, Content-Type, Account-Token, GraphQL-Cost, If-None-Match, X-Request-Id";

/// The most that a preflight may ask for beside them. **Unit**: bytes of the request's header.
const MOST_ASKED_BYTES: usize = 2_048;

/// The list of origins whose pages may read answers.
#[derive(Clone, Debug, Default)]
pub struct Origins(Arc<[Origin]>);

impl Origins {
    /// A list of exactly these.
    pub fn new(origins: Vec<Origin>) -> Self {
        Self(origins.into())
    }

    /// Whether this origin is on the list.
    pub(super) fn contains(&self, origin: &HeaderValue) -> bool {
        self.0.iter().any(|listed| listed.is(origin))
    }
}

/// Layer: answers preflights, and lets listed origins read answers. A preflight goes no further.
pub async fn layer<F: Future<Output = Response>>(
    origins: &Origins,
    request: Request,
    inner: impl FnOnce(Request) -> F,
) -> Response {
    let origin = request
        .headers()
        .get(ORIGIN)
        .filter(|origin| origins.contains(origin))
        .cloned();
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let asked = request.headers().get_all(ACCESS_CONTROL_REQUEST_HEADERS);
    let allowed = (is_preflight && origin.is_some()).then(|| allowed_headers(asked.iter()));
    let mut response = if is_preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        inner(request).await
    };
    let headers = response.headers_mut();
    if !origins.0.is_empty() {
        let vary = if is_preflight {
            "Origin, Access-Control-Request-Headers"
        } else {
            "Origin"
        };
        headers.append(VARY, HeaderValue::from_static(vary));
    }
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        match allowed {
            Some(allowed) => allow(headers, allowed),
            None => expose(headers),
        }
    }
    response
}

/// The headers that a page may send: our own, and each that it asks for. Where it asks for too much, or for what is not
/// a list of header names, our own alone.
fn allowed_headers<'h>(asked: impl Iterator<Item = &'h HeaderValue>) -> HeaderValue {
    let own = HeaderValue::from_static(OWN_HEADERS);
    let mut allowed = OWN_HEADERS.to_owned();
    for value in asked {
        let Ok(names) = value.to_str() else { return own };
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if HeaderName::try_from(name).is_err()
                || allowed.len() + name.len() > OWN_HEADERS.len() + MOST_ASKED_BYTES
            {
                return own;
            }
            if !allowed.split(", ").any(|known| known.eq_ignore_ascii_case(name)) {
                allowed.push_str(", ");
                allowed.push_str(name);
            }
        }
    }
    HeaderValue::try_from(allowed).unwrap_or(own)
}

fn allow(headers: &mut HeaderMap, allowed: HeaderValue) {
    headers.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, HEAD, POST, QUERY"),
    );
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
}

fn expose(headers: &mut HeaderMap) {
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "Accept-Query, Age, ETag, RateLimit, RateLimit-Limit, RateLimit-Policy, RateLimit-Remaining, RateLimit-Reset, Retry-After, \
             X-Request-Id",
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    const LISTED: &str = "https://app.example.com";

    async fn ask(origins: &[&str], method: Method, headers: &[(&'static str, &'static str)]) -> Response {
        let origins = Origins::new(
            origins
                .iter()
                .map(|text| text.parse().expect("an origin"))
                .collect(),
        );
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        for (name, value) in headers {
            request
                .headers_mut()
                .append(*name, HeaderValue::from_static(value));
        }
        layer(&origins, request, async |_| "hello".into_response()).await
    }

    fn grants(response: &Response) -> Vec<&str> {
        let mut names: Vec<_> = response
            .headers()
            .keys()
            .map(|name| name.as_str())
            .filter(|name| name.starts_with("access-control-"))
            .collect();
        names.sort_unstable();
        names
    }

    #[tokio::test]
    async fn a_preflight_from_an_unlisted_origin_grants_nothing() {
        let preflight = [
            ("origin", "https://evil.example"),
            ("access-control-request-method", "POST"),
        ];
        for origins in [&[][..], &[LISTED]] {
            let response = ask(origins, Method::OPTIONS, &preflight).await;
            assert_eq!(response.status(), 204);
            assert_eq!(grants(&response), [""; 0]);
        }
    }

    #[tokio::test]
    async fn a_preflight_from_a_listed_origin_grants_what_the_api_needs_and_never_credentials() {
        let preflight = [("origin", LISTED), ("access-control-request-method", "POST")];
        let response = ask(&[LISTED], Method::OPTIONS, &preflight).await;
        assert_eq!(response.status(), 204);
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], LISTED);
        assert_eq!(
            grants(&response),
            [
                "access-control-allow-headers",
                "access-control-allow-methods",
                "access-control-allow-origin",
                "access-control-max-age"
            ]
        );
    }

    #[tokio::test]
    async fn a_listed_origin_may_send_every_header_that_it_asks_for() {
        for name in [
            "traceparent",
            "baggage",
            "sentry-trace",
            "apollographql-client-name",
            "apollographql-client-version",
            "Apollo-Require-Preflight",
            "X-Requested-With",
            "Cache-Control",
            "x-datadog-trace-id",
            "If-None-Match",
            "graphql-require-preflight",
            "newrelic",
        ] {
            let preflight = [
                ("origin", LISTED),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", name),
            ];
            let allowed = |response: &Response| {
                let names = response.headers().get(ACCESS_CONTROL_ALLOW_HEADERS)?;
                let names = names.to_str().expect("text").to_ascii_lowercase();
                Some(names.split(", ").map(str::to_owned).collect::<Vec<_>>())
            };
            let response = ask(&[LISTED], Method::OPTIONS, &preflight).await;
            let found = allowed(&response).expect(name);
            assert!(found.contains(&name.to_ascii_lowercase()), "{name}: {found:?}");
            assert!(found.contains(&"authorization".to_owned()), "{name}: {found:?}");
            assert_eq!(response.headers()[VARY], "Origin, Access-Control-Request-Headers");
            let response = ask(&["https://other.example"], Method::OPTIONS, &preflight).await;
            assert_eq!(allowed(&response), None, "{name}");
        }
    }

    #[test]
    fn what_is_asked_for_is_allowed_once_and_within_bounds() {
        let allowed = |asked: &[&str]| {
            let values: Vec<_> = asked
                .iter()
                .map(|text| HeaderValue::from_str(text).expect("text"))
                .collect();
            let allowed = allowed_headers(values.iter());
            allowed.to_str().expect("text").to_owned()
        };
        let with = |more: &str| format!("{OWN_HEADERS}{more}");
        assert_eq!(allowed(&[]), OWN_HEADERS);
        assert_eq!(allowed(&["authorization,content-type, ,"]), OWN_HEADERS);
        assert_eq!(allowed(&["a,b,a", "B, c"]), with(", a, b, c"));
        for refused in ["a b", "a;b", "a\"", "a:b", "é", "x, (y)"] {
            assert_eq!(allowed(&["x", refused]), OWN_HEADERS, "{refused}");
        }
        let many = |bytes: usize| "x".repeat(bytes);
        assert_eq!(allowed(&[&many(1_000)]), with(&format!(", {}", many(1_000))));
        assert_eq!(allowed(&[&many(3_000)]), OWN_HEADERS);
        let names: Vec<_> = (0..1_000).map(|number| format!("x-{number}")).collect();
        assert_eq!(allowed(&[&names.join(",")]), OWN_HEADERS);
    }

    #[tokio::test]
    async fn an_answer_is_readable_from_a_listed_origin_only() {
        let response = ask(&[LISTED], Method::GET, &[("origin", LISTED)]).await;
        assert_eq!(
            grants(&response),
            ["access-control-allow-origin", "access-control-expose-headers"]
        );
        for origin in [
            "null",
            "https://app.example.com.evil.example",
            "http://app.example.com",
            "https://example.com",
        ] {
            let response = ask(&[LISTED], Method::GET, &[("origin", origin)]).await;
            assert_eq!(
                (response.status().as_u16(), grants(&response)),
                (200, vec![]),
                "{origin}"
            );
        }
    }

    #[tokio::test]
    async fn caches_are_told_that_the_origin_matters() {
        let response = ask(&[LISTED], Method::GET, &[]).await;
        assert_eq!(response.headers()[VARY], "Origin");
        assert!(
            !ask(&[], Method::GET, &[("origin", LISTED)])
                .await
                .headers()
                .contains_key(VARY)
        );
    }

    #[tokio::test]
    async fn an_options_request_that_is_no_preflight_goes_on() {
        let response = ask(&[LISTED], Method::OPTIONS, &[("origin", LISTED)]).await;
        assert_eq!(response.status(), 200);
    }

    #[test]
    fn only_what_a_browser_sends_is_an_origin() {
        for text in [
            "https://app.example.com",
            "http://localhost:5173",
            "http://[::1]:8080",
            "http://127.0.0.1",
        ] {
            assert!(text.parse::<Origin>().is_ok(), "{text}");
        }
        for text in [
            "",
            "*",
            "null",
            "app.example.com",
            "https://",
            "https://app.example.com/",
            "https://app.example.com/x",
            "https://App.example.com",
            "https://a@app.example.com",
            "https://app.example.com:443",
            "ftp://app.example.com",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text:?}");
        }
    }
}
