//! Paths that end with a slash too many: a redirect to the path without it.
//!
//! Takes a URI, gives the answer where it is one of our paths and a slash. The status is 308, so that a POST is sent again
//! with its body. The target is relative: behind a proxy that takes a prefix off, it keeps the prefix.

use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::rest::LISTS;
use super::{SCHEMA, graphql, metrics, openapi, probes, web};

/// Paths that are served and have nothing below them.
const LEAVES: [&str; 7] = [
    graphql::PATH,
    SCHEMA,
    openapi::PATH,
    metrics::PATH,
    probes::LIVE,
    probes::READY,
    web::PLAYGROUND,
];

/// The redirect, where one is due.
pub(super) fn redirect(uri: &Uri) -> Option<Response> {
    let path = uri.path().strip_suffix('/')?.trim_end_matches('/');
    if !is_served(path) {
        return None;
    }
    // One step up for each slash too many, then the last segment again.
    let steps = "../".repeat(uri.path().len() - path.len());
    let last = path.rsplit('/').next()?;
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let location = HeaderValue::try_from(format!("{steps}{last}{query}")).ok()?;
    Some((StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response())
}

fn is_served(path: &str) -> bool {
    let is_record = || {
        let parent = path.rsplit_once('/').filter(|(_, id)| !id.is_empty());
        parent.is_some_and(|(list, _)| LISTS.contains(&list))
    };
    LEAVES.contains(&path) || LISTS.contains(&path) || is_record()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(uri: &str) -> Option<String> {
        let response = redirect(&uri.parse().expect(uri))?;
        assert_eq!(response.status(), 308, "{uri}");
        Some(response.headers()[LOCATION].to_str().expect("text").to_owned())
    }

    /// Where a client goes, by RFC 3986, 5.2: as `merge` and `remove_dot_segments` have it for these few forms.
    fn resolved(base: &str, reference: &str) -> String {
        let (reference, query) = reference.split_once('?').unwrap_or((reference, ""));
        let mut segments: Vec<_> = base.split('?').next().expect(base).split('/').collect();
        segments.pop();
        for segment in reference.split('/') {
            match segment {
                ".." => _ = segments.pop(),
                segment => segments.push(segment),
            }
        }
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{mark}{query}", segments.join("/"))
    }

    #[test]
    fn a_slash_too_many_leads_to_the_path_without_it_below_any_prefix() {
        for (uri, target) in [
            ("/graphql/", "/graphql"),
            ("/graphql//", "/graphql"),
            ("/graphql/?query=%7Ba%7D&x=/", "/graphql?query=%7Ba%7D&x=/"),
            ("/api/v1/imports/", "/api/v1/imports"),
            (
                "/api/v1/imports/?filter[status][include]=failed&per_page=2",
                "/api/v1/imports?filter[status][include]=failed&per_page=2",
            ),
            ("/api/imports/", "/api/imports"),
            ("/api/imports///", "/api/imports"),
            ("/api/v1/imports/1240000001/", "/api/v1/imports/1240000001"),
            ("/api/imports/7/?x=1", "/api/imports/7?x=1"),
            ("/openapi.json/", "/openapi.json"),
            ("/schema.graphql/", "/schema.graphql"),
            ("/graphiql/", "/graphiql"),
            ("/livez/", "/livez"),
            ("/readyz/", "/readyz"),
            ("/metrics/", "/metrics"),
        ] {
            let location = location(uri).expect(uri);
            for prefix in ["", "/gw", "/a/b"] {
                let found = resolved(&format!("{prefix}{uri}"), &location);
                assert_eq!(found, format!("{prefix}{target}"), "{uri}: {location}");
            }
        }
    }

    #[test]
    fn all_else_is_left_alone() {
        for uri in [
            "/",
            "//",
            "///",
            "/graphql",
            "/api/v1/imports",
            "/api/v1/imports/7",
            "/none/",
            "/graphql/x/",
            "//graphql/",
            "//evil.example/",
            "/api/",
            "/api/v1/",
            "/api/v1/imports/7/8/",
            "/assets/",
            "*",
        ] {
            assert_eq!(location(uri), None, "{uri}");
        }
    }
}
