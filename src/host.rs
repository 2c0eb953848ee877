//! Which names of this server a client may use: the header `Host`, against DNS rebinding.
//!
//! A page of any origin reaches a server on loopback under a name of its own, once it has that name resolved to 127.0.0.1.
//! So a server that listens there answers to names of loopback, and to those that a setting lists; any other server
//! answers to the listed ones, and to all where none is listed.
//!
//! Source: Model Context Protocol, revision 2026-07-28, "Streamable HTTP", "Security & Endpoint".

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::uri::Authority;

/// The hosts that requests may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    listed: Vec<Host>,
    is_local: bool,
}

/// A host as a setting lists it: a name or an address, without a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(String);

/// The text names no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoHost;

impl FromStr for Host {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        let authority: Authority = text.parse().map_err(|_| NoHost)?;
        // Neither a port nor what stands before an `@`, and no pattern.
        if authority.host() != text || text.contains('*') {
            return Err(NoHost);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl Hosts {
    /// These hosts and, where the service listens on loopback, those of loopback.
    #[must_use]
    pub fn new(listed: Vec<Host>, is_local: bool) -> Self {
        Self { listed, is_local }
    }

    /// Whether a request with this `Host` is answered. Its port does not matter.
    #[must_use]
    pub fn accept(&self, host: Option<&[u8]>) -> bool {
        if self.listed.is_empty() && !self.is_local {
            return true;
        }
        let authority = host.and_then(|host| Authority::try_from(host).ok());
        let Some(authority) = authority.filter(|authority| !authority.as_str().contains('@')) else {
            return false;
        };
        let host = authority.host();
        (self.is_local && is_loopback(host))
            || self
                .listed
                .iter()
                .any(|Host(listed)| listed.eq_ignore_ascii_case(host))
    }
}

/// Whether a host, as it stands in a URL, is this machine by its name or its address.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(listed: &[&str], is_local: bool) -> Hosts {
        Hosts::new(
            listed.iter().map(|host| host.parse().expect(host)).collect(),
            is_local,
        )
    }

    #[test]
    fn a_server_on_loopback_answers_to_names_of_loopback_and_to_listed_ones() {
        let local = hosts(&["api.example.com"], true);
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "127.1.2.3",
            "[::1]",
            "[::1]:8080",
            "API.example.com:443",
        ] {
            assert!(local.accept(Some(host.as_bytes())), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost@evil.example",
            "evil.example@localhost",
            "0.0.0.0",
            "[::]",
            "a b",
            "\u{e4}",
        ] {
            assert!(!local.accept(Some(host.as_bytes())), "{host}");
        }
        assert!(!local.accept(None));
    }

    #[test]
    fn another_server_answers_to_all_unless_some_are_listed() {
        assert!(hosts(&[], false).accept(Some(b"anything")));
        assert!(hosts(&[], false).accept(None));
        let listed = hosts(&["api.example.com"], false);
        assert!(listed.accept(Some(b"api.example.com")));
        assert!(!listed.accept(Some(b"localhost")));
    }

    #[test]
    fn a_host_is_listed_without_a_port() {
        for text in [
            "",
            "a:80",
            "[::1]:80",
            "a/b",
            "*",
            "*.example.com",
            "u@a",
            "http://a",
        ] {
            assert_eq!(text.parse::<Host>(), Err(NoHost), "{text}");
        }
        assert!("[::1]".parse::<Host>().is_ok());
    }
}
