//! The HTTP request that opens a WebSocket, and the response that accepts it.

use http::header::{
    ALLOW, CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use thiserror::Error;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The name of the protocol in `Sec-WebSocket-Protocol`.
pub const SUBPROTOCOL: &str = "graphql-transport-ws";

/// A connection that becomes a WebSocket once its response is sent, to be given to [`serve()`](crate::serve()).
#[derive(Debug)]
pub struct Upgrade(pub(crate) OnUpgrade);

/// Why a request opens no WebSocket of this protocol.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum HandshakeError {
    /// The method is not GET.
    #[error("a WebSocket is opened by GET")]
    Method,
    /// `Connection` or `Upgrade` does not ask for one.
    #[error("expected Connection: Upgrade and Upgrade: websocket")]
    NoUpgrade,
    /// The version is not 13.
    #[error("expected Sec-WebSocket-Version: 13")]
    Version,
    /// The key is absent, is there twice, or is no base64 of 16 bytes.
    #[error("expected a Sec-WebSocket-Key of 16 bytes in base64")]
    Key,
    /// The client does not offer this protocol. That of the package subscriptions-transport-ws, `graphql-ws`, is another.
    #[error("expected Sec-WebSocket-Protocol: graphql-transport-ws")]
    Subprotocol,
    /// The server of this connection does not let go of it.
    #[error("this connection cannot become a WebSocket")]
    NotUpgradable,
}

impl HandshakeError {
    /// The status that refuses the request.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoUpgrade | Self::Version | Self::NotUpgradable => StatusCode::UPGRADE_REQUIRED,
            Self::Key | Self::Subprotocol => StatusCode::BAD_REQUEST,
        }
    }

    /// The response that refuses the request, with the reason as plain text and the headers that its status asks for.
    pub fn response(self) -> Response<String> {
        let mut response = Response::new(self.to_string());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        match self.status() {
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(ALLOW, HeaderValue::from_static("GET"));
            }
            StatusCode::UPGRADE_REQUIRED => {
                headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            _ => {}
        }
        response
    }
}

/// Checks a request, and gives the response with which it becomes a WebSocket. The host has checked its `Origin` before:
/// browsers let any page open a WebSocket to any server.
///
/// A client that offers other protocols only is refused here, by a status, and not with code 4406 after an upgrade: a
/// browser shows neither to its page, and everything else can read the text.
///
/// # Errors
/// Says what the request lacks.
pub fn handshake<B>(request: &mut Request<B>) -> Result<(Response<()>, Upgrade), HandshakeError> {
    if request.method() != Method::GET {
        return Err(HandshakeError::Method);
    }
    let headers = request.headers();
    if !has_token(headers, CONNECTION, |token| token.eq_ignore_ascii_case("upgrade"))
        || !has_token(headers, UPGRADE, |token| token.eq_ignore_ascii_case("websocket"))
    {
        return Err(HandshakeError::NoUpgrade);
    }
    if single(headers, SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(HandshakeError::Version);
    }
    let accept = single(headers, SEC_WEBSOCKET_KEY)
        .filter(|key| is_key(key.as_bytes()))
        .map(|key| derive_accept_key(key.as_bytes()))
        .and_then(|accept| HeaderValue::try_from(accept).ok())
        .ok_or(HandshakeError::Key)?;
    if !has_token(headers, SEC_WEBSOCKET_PROTOCOL, |token| token == SUBPROTOCOL) {
        return Err(HandshakeError::Subprotocol);
    }
    let upgrade = request
        .extensions_mut()
        .remove::<OnUpgrade>()
        .ok_or(HandshakeError::NotUpgradable)?;
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    Ok((response, Upgrade(upgrade)))
}

/// Whether a token of a list is as wanted; a list may be spread over several headers of one name.
fn has_token(headers: &HeaderMap, name: HeaderName, is_wanted: impl Fn(&str) -> bool) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|token| is_wanted(token.trim_matches([' ', '\t'])))
}

/// The value of a header that is there once.
fn single(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Whether a key has the form of 16 bytes in base64.
fn is_key(key: &[u8]) -> bool {
    key.len() == 24
        && key.ends_with(b"==")
        && key[..22]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || [b'+', b'/'].contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let complete = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", KEY),
            ("sec-websocket-protocol", SUBPROTOCOL),
        ];
        let mut builder = Request::builder();
        for (name, value) in complete
            .iter()
            .filter(|(name, _)| !headers.iter().any(|(other, _)| other == name))
        {
            builder = builder.header(*name, *value);
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            builder = builder.header(*name, *value);
        }
        builder.body(()).expect("a request")
    }

    /// What is wrong with a request, apart from the fact that there is no connection under it.
    fn fault(headers: &[(&str, &str)]) -> HandshakeError {
        handshake(&mut request(headers)).expect_err("no connection")
    }

    #[test]
    fn the_protocol_may_stand_in_any_place_of_any_list() {
        for lists in [
            vec![("sec-websocket-protocol", "graphql-transport-ws")],
            vec![("sec-websocket-protocol", "graphql-ws,\tgraphql-transport-ws , x")],
            vec![
                ("sec-websocket-protocol", "graphql-ws"),
                ("sec-websocket-protocol", ", graphql-transport-ws"),
            ],
        ] {
            assert_eq!(fault(&lists), HandshakeError::NotUpgradable, "{lists:?}");
        }
        for list in [
            "",
            "graphql-ws",
            "Graphql-Transport-WS",
            "graphql-transport-ws2",
            "graphql-transport-ws;q=1",
        ] {
            assert_eq!(
                fault(&[("sec-websocket-protocol", list)]),
                HandshakeError::Subprotocol,
                "{list}"
            );
        }
    }

    #[test]
    fn a_request_that_opens_no_websocket_is_told_why() {
        for (name, value, expected, status) in [
            ("connection", "keep-alive", HandshakeError::NoUpgrade, 426),
            ("upgrade", "h2c", HandshakeError::NoUpgrade, 426),
            ("sec-websocket-version", "8", HandshakeError::Version, 426),
            ("sec-websocket-key", "", HandshakeError::Key, 400),
            (
                "sec-websocket-key",
                "dGhlIHNhbXBsZSBub25jZQ",
                HandshakeError::Key,
                400,
            ),
            (
                "sec-websocket-key",
                "dGhlIHNhbXBsZSBub25j!Q==",
                HandshakeError::Key,
                400,
            ),
        ] {
            let refused = fault(&[(name, value)]);
            assert_eq!(refused, expected, "{name}: {value}");
            assert_eq!(refused.response().status(), status, "{name}: {value}");
        }
        let twice = fault(&[("sec-websocket-key", KEY), ("sec-websocket-key", KEY)]);
        assert_eq!(twice, HandshakeError::Key);
        let mut post = request(&[]);
        *post.method_mut() = Method::POST;
        let refused = handshake(&mut post).expect_err("not GET");
        assert_eq!(refused.response().headers()[ALLOW], "GET");
    }
}
