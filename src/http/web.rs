//! The pages: the dashboard at `/`, the playground at `/graphiql`, and the assets of both.
//!
//! Takes a request for a page; gives bytes that `npm run build` in `web/` made and the compiler put into the binary,
//! compressed already. An asset's name holds its content's hash, so it is cached for ever; a page is asked for again
//! and answered with 304 where it is the same. A binary that was built before the pages says how to build them. No
//! file system, no template engine and no key of a caller.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::conditional;
use super::rest::problem;

/// What the pages may do: run this origin's scripts and talk to this origin, nothing else.
///
/// **Source** Content Security Policy Level 3. Monaco, the playground's editor, writes style elements, so its page
/// alone allows styles in the markup; `data:` is for the fonts and images inside its style sheet.
const DASHBOARD_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const PLAYGROUND_POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; \
     style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Built without pages</title>\
     <h1>Built without pages</h1><p>This binary was compiled before its pages were. Run <code>npm ci</code> and \
     <code>npm run build</code> in <code>web/</code>, then compile it again; <code>cargo xtask demo</code> does \
     both. The API at <code>/graphql</code> and <code>/api/v1/imports</code> is complete.</p></html>";

/// The path of the playground.
pub(super) const PLAYGROUND: &str = "/graphiql";

#[derive(RustEmbed)]
#[folder = "web/dist/"]
#[allow_missing = true]
struct Dist;

/// Gives a file of the bundle by its path in it.
type Lookup = fn(&str) -> Option<Bytes>;

/// The routes of the pages. `demo_key` is written into the pages and fills in their key field: for `demo` alone.
pub(super) fn router<S: Clone + Send + Sync + 'static>(demo_key: Option<&str>) -> Router<S> {
    routes(embedded, demo_key)
}

fn embedded(path: &str) -> Option<Bytes> {
    Dist::get(path).map(|file| match file.data {
        std::borrow::Cow::Borrowed(data) => Bytes::from_static(data),
        std::borrow::Cow::Owned(data) => Bytes::from(data),
    })
}

fn routes<S: Clone + Send + Sync + 'static>(lookup: Lookup, demo_key: Option<&str>) -> Router<S> {
    let dashboard = Arc::new(Page::new(lookup("index.html"), DASHBOARD_POLICY, demo_key));
    let playground = Arc::new(Page::new(lookup("graphiql.html"), PLAYGROUND_POLICY, demo_key));
    Router::new()
        .route(
            "/",
            get(move |headers: HeaderMap| async move { dashboard.answer(&headers) }),
        )
        .route(
            PLAYGROUND,
            get(move |headers: HeaderMap| async move { playground.answer(&headers) }),
        )
        .route("/assets/{name}", get(asset))
        .with_state(lookup)
}

/// A page as it is sent, prepared once.
struct Page {
    html: Option<Bytes>,
    tag: String,
    etag: HeaderValue,
    policy: &'static str,
}

impl Page {
    fn new(html: Option<Bytes>, policy: &'static str, demo_key: Option<&str>) -> Self {
        let html = html.map(|html| match demo_key {
            Some(key) => with_demo_key(&html, key),
            None => html,
        });
        let digest = Sha256::digest(html.as_deref().unwrap_or_default());
        let tag: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let etag =
            HeaderValue::try_from(format!("\"{tag}\"")).expect("hexadecimal digits are a header value");
        Self {
            html,
            tag,
            etag,
            policy,
        }
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let common = [
            (CONTENT_SECURITY_POLICY, HeaderValue::from_static(self.policy)),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        ];
        let Some(html) = &self.html else {
            return (StatusCode::NOT_IMPLEMENTED, common, MISSING).into_response();
        };
        let tag = [(ETAG, self.etag.clone())];
        if conditional::has(headers, &self.tag) {
            return (StatusCode::NOT_MODIFIED, common, tag).into_response();
        }
        (common, tag, html.clone()).into_response()
    }
}

fn with_demo_key(html: &[u8], key: &str) -> Bytes {
    let escaped = key
        .replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;");
    let meta = format!("<meta name=\"demo-key\" content=\"{escaped}\" />\n  </head>");
    Bytes::from(String::from_utf8_lossy(html).replacen("</head>", &meta, 1))
}

async fn asset(
    State(lookup): State<Lookup>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(content_type) = content_type(&name) else {
        return problem::not_found(&uri);
    };
    let path = format!("assets/{name}");
    let twin = encodings(&headers).find_map(|(encoding, extension)| {
        lookup(&format!("{path}.{extension}")).map(|body| (Some(encoding), body))
    });
    let Some((encoding, body)) = twin.or_else(|| lookup(&path).map(|body| (None, body))) else {
        return problem::not_found(&uri);
    };
    let mut response = (
        [
            (CONTENT_TYPE, content_type),
            (CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (VARY, ACCEPT_ENCODING.as_str()),
            // A worker is ruled by the policy of its own script, not by that of the page that started it.
            (
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; script-src 'self'; frame-ancestors 'none'",
            ),
        ],
        body,
    )
        .into_response();
    if let Some(encoding) = encoding {
        response
            .headers_mut()
            .insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// The encodings that the caller takes and the bundle may hold, the smallest first, with their file extensions.
fn encodings(headers: &HeaderMap) -> impl Iterator<Item = (&'static str, &'static str)> {
    [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .filter(|(encoding, _)| {
            headers
                .get_all(ACCEPT_ENCODING)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .any(|accepted| {
                    accepted.split(',').any(|entry| {
                        let (name, weight) = entry.split_once(';').unwrap_or((entry, ""));
                        let refused = weight
                            .trim()
                            .strip_prefix("q=")
                            .is_some_and(|q| q.parse() == Ok(0.0_f32));
                        name.trim().eq_ignore_ascii_case(encoding) && !refused
                    })
                })
        })
}

/// By the extension; whatever the build never makes has none, so that nothing else is ever served.
fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "ttf" => Some("font/ttf"),
        "woff2" => Some("font/woff2"),
        "png" => Some("image/png"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{HeaderName, Request};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use axum::http::header::IF_NONE_MATCH;

    fn bundle(path: &str) -> Option<Bytes> {
        let file = match path {
            "index.html" | "graphiql.html" => "<html><head></head><body></body></html>",
            "assets/a-1.js" => "plain",
            "assets/a-1.js.br" => "brotli",
            "assets/a-1.js.gz" => "gzip",
            "assets/b-2.svg" => "picture",
            _ => return None,
        };
        Some(Bytes::from_static(file.as_bytes()))
    }

    async fn ask(
        app: Router,
        path: &str,
        header: Option<(HeaderName, &str)>,
    ) -> (StatusCode, HeaderMap, String) {
        let mut request = Request::get(path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let response = app
            .oneshot(request.body(Body::empty()).expect("a sound answer"))
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a sound answer").to_bytes();
        (
            parts.status,
            parts.headers,
            String::from_utf8(body.to_vec()).expect("a sound answer"),
        )
    }

    #[tokio::test]
    async fn an_asset_is_cached_for_ever_and_sent_in_the_best_encoding_the_caller_takes() {
        for (accepted, encoding, body) in [
            ("gzip, deflate, br", Some("br"), "brotli"),
            ("gzip, br;q=0", Some("gzip"), "gzip"),
            ("identity", None, "plain"),
        ] {
            let app = routes(bundle, None);
            let (status, headers, text) = ask(app, "/assets/a-1.js", Some((ACCEPT_ENCODING, accepted))).await;
            assert_eq!((status, text.as_str()), (StatusCode::OK, body), "{accepted}");
            assert_eq!(
                headers
                    .get(CONTENT_ENCODING)
                    .map(|value| value.to_str().expect("a sound answer")),
                encoding,
                "{accepted}"
            );
            assert_eq!(headers[CACHE_CONTROL], "public, max-age=31536000, immutable");
            assert_eq!(headers[VARY], "accept-encoding");
        }
    }

    #[tokio::test]
    async fn an_asset_without_a_twin_is_sent_as_it_is() {
        let (status, headers, body) = ask(
            routes(bundle, None),
            "/assets/b-2.svg",
            Some((ACCEPT_ENCODING, "br, gzip")),
        )
        .await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "picture"));
        assert!(!headers.contains_key(CONTENT_ENCODING));
        assert_eq!(headers[CONTENT_TYPE], "image/svg+xml");
    }

    #[tokio::test]
    async fn what_the_build_did_not_make_is_not_there() {
        for path in [
            "/assets/none.js",
            "/assets/a-1.js.br",
            "/assets/..%2Findex.html",
            "/assets/a-1",
        ] {
            let (status, ..) = ask(routes(bundle, None), path, None).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn a_page_has_a_strict_policy_and_is_sent_once() {
        for path in ["/", "/graphiql"] {
            let (status, headers, _) = ask(routes(bundle, None), path, None).await;
            assert_eq!(status, StatusCode::OK);
            let policy = headers[CONTENT_SECURITY_POLICY].to_str().expect("a sound answer");
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self';"),
                "{policy}"
            );
            assert!(
                !policy.contains("unsafe-eval") && !policy.contains("http"),
                "{policy}"
            );

            let weak = format!("\"other\", W/{}", headers[ETAG].to_str().expect("a sound answer"));
            let (status, _, body) = ask(routes(bundle, None), path, Some((IF_NONE_MATCH, &weak))).await;
            assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
        }
    }

    #[tokio::test]
    async fn a_demo_fills_in_its_key_and_nothing_else_ever_does() {
        let (.., demo) = ask(routes(bundle, Some("igw_a\"<b")), "/", None).await;
        assert!(
            demo.contains("<meta name=\"demo-key\" content=\"igw_a&quot;&lt;b\" />"),
            "{demo}"
        );
        let (.., plain) = ask(routes(bundle, None), "/", None).await;
        assert!(!plain.contains("demo-key"), "{plain}");
    }

    #[tokio::test]
    async fn a_binary_without_pages_says_how_to_build_them() {
        for path in ["/", "/graphiql"] {
            let (status, headers, body) = ask(routes(|_| None, None), path, None).await;
            assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
            assert!(headers.contains_key(CONTENT_SECURITY_POLICY));
            assert!(body.contains("npm run build"), "{body}");
        }
    }
}
