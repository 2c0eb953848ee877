//! Which pages may open a WebSocket: those of this server, and those on the list of the settings.
//!
//! Takes the headers of a handshake. What sends no `Origin` is no browser.
//!
//! Source: RFC 6455, 10.2; RFC 6454, 6.2.

use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue};

use crate::http::cors::Origins;

/// Whether the page that a handshake comes from may open a WebSocket, or there is no page.
pub(super) fn is_allowed(listed: &Origins, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => listed.contains(origin) || is_own(origin, headers),
        _ => false,
    }
}

/// Whether a page was served under the name that its request has in `Host`. The scheme is not known behind a proxy, so a
/// port that stands for a scheme matters as little as if it were absent.
fn is_own(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let Some((default_port, origin)) = origin.to_str().ok().and_then(host_of) else {
        return false;
    };
    let Some(host) = headers
        .get(HOST)
        .and_then(|host| Authority::try_from(host.as_bytes()).ok())
    else {
        return false;
    };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(default_port);
    origin.host().eq_ignore_ascii_case(host.host()) && port(&origin) == port(&host)
}

/// The port of an origin's scheme, and its host and port.
fn host_of(origin: &str) -> Option<(u16, Authority)> {
    let (default_port, host) = match (origin.strip_prefix("http://"), origin.strip_prefix("https://")) {
        (Some(host), _) => (80, host),
        (_, Some(host)) => (443, host),
        _ => return None,
    };
    Some((default_port, host.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_let_in(headers: &[(&'static str, &'static str)]) -> bool {
        let listed = Origins::new(vec!["https://app.example.com".parse().expect("an origin")]);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        is_allowed(&listed, &map)
    }

    #[test]
    fn pages_of_this_server_and_of_listed_origins_are_let_in_and_what_is_no_page() {
        for headers in [
            &[("host", "a.example")][..],
            &[("host", "a.example"), ("origin", "https://app.example.com")],
            &[("host", "a.example"), ("origin", "https://a.example")],
            &[("host", "a.example:443"), ("origin", "https://a.example")],
            &[("host", "A.example"), ("origin", "http://a.example")],
            &[("host", "localhost:8080"), ("origin", "http://localhost:8080")],
            &[("host", "[::1]:8080"), ("origin", "http://[::1]:8080")],
        ] {
            assert!(is_let_in(headers), "{headers:?}");
        }
    }

    #[test]
    fn other_pages_are_not() {
        for headers in [
            &[("host", "a.example"), ("origin", "https://b.example")][..],
            &[
                ("host", "a.example"),
                ("origin", "https://a.example.evil.example"),
            ],
            &[("host", "a.example"), ("origin", "https://a.example:8443")],
            &[("host", "localhost:8080"), ("origin", "http://localhost:5173")],
            &[("host", "a.example"), ("origin", "null")],
            &[("host", "a.example"), ("origin", "")],
            &[("host", "null"), ("origin", "null")],
            &[("origin", "https://a.example")],
            &[
                ("host", "a.example"),
                ("origin", "https://a.example"),
                ("origin", "https://b.example"),
            ],
        ] {
            assert!(!is_let_in(headers), "{headers:?}");
        }
    }
}
