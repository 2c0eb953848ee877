//! One WebSocket: who is at its other end, and until when.
//!
//! Takes the head of the handshake and the payload of `connection_init`, gives a [`Session`], under whose key the
//! operations of the connection run.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request};
use graphql_transport_ws::{Close, Host};
use serde_json::Value;
use serde_json::value::RawValue;

use super::operation::Operation;
use crate::auth::Viewer;
use crate::error::{Code, Rejection};
use crate::http::admission::{self, CREDENTIALS, FORWARDED_FOR};
use crate::http::request_id::RequestId;
use crate::http::{Gateway, event_stream, strict_json};
use crate::load::streams::Place;

/// How deeply the payload of `connection_init` may be nested: clients put into it what is not meant for us, too.
const PAYLOAD_DEPTH: usize = 16;

/// What the operations of one connection run by.
pub(super) struct Socket {
    gateway: Arc<Gateway>,
    /// What the handshake said of its client.
    head: Parts,
}

/// A client with a key.
pub(super) struct Session {
    /// The head that stands for each operation's: the client's address, and its key.
    pub(super) head: Parts,
    viewer: Viewer,
    _place: Place,
}

impl Socket {
    /// The connection that begins with a request.
    pub(super) fn new(gateway: &Arc<Gateway>, request: &Parts) -> Self {
        // Only what is asked for later: there may be many connections, and they last.
        let mut head = Request::new(()).into_parts().0;
        let names = CREDENTIALS.into_iter().chain([FORWARDED_FOR]);
        head.headers = admission::kept(&request.headers, names);
        if let Some(peer) = request.extensions.get::<ConnectInfo<SocketAddr>>() {
            head.extensions.insert(*peer);
        }
        if let Some(id) = request.extensions.get::<RequestId>() {
            head.extensions.insert(id.clone());
        }
        Self {
            gateway: Arc::clone(gateway),
            head,
        }
    }

    /// The name of the handshake's request.
    pub(super) fn request_id(&self) -> Option<&RequestId> {
        self.head.extensions.get()
    }
}

impl Host for Socket {
    type Session = Arc<Session>;
    type Events = Operation;

    async fn init(&self, payload: Option<Box<RawValue>>) -> Result<Arc<Session>, Close> {
        let mut head = self.head.clone();
        if let Some(payload) = payload {
            take_credentials(&payload, &mut head)?;
        }
        let caller = admission::enter(&self.gateway, &head).await;
        let viewer = caller.map_err(|denied| refused(&denied.into()))?.viewer;
        let place = self.gateway.sockets.open(viewer.account_id());
        let place = place.map_err(|_| Close::new(4429, "The account has too many WebSockets open"))?;
        Ok(Arc::new(Session {
            head,
            viewer,
            _place: place,
        }))
    }

    fn ended(&self, session: &Arc<Session>) -> impl Future<Output = Close> + Send + 'static + use<> {
        let mut token = admission::hold(&self.gateway, &session.viewer, &session.head.headers);
        async move {
            token.ended().await;
            key_ended()
        }
    }

    fn subscribe(&self, session: &Arc<Session>, operation: &RawValue) -> Operation {
        Operation::begin(
            Arc::clone(&self.gateway),
            Arc::clone(session),
            operation.get().to_owned(),
        )
    }
}

/// Closes a connection whose key opens nothing any more. Clients connect again, and may bring another.
pub(super) fn key_ended() -> Close {
    Close::new(4403, "The key has expired or was revoked")
}

/// Takes what a payload says of the key, in place of what the handshake said: `{"Authorization": "Bearer KEY"}`. Names are
/// those of the headers, in any case.
fn take_credentials(payload: &RawValue, head: &mut Parts) -> Result<(), Close> {
    let parsed = strict_json::parse(payload.get(), PAYLOAD_DEPTH, "the payload of connection_init");
    let Value::Object(members) = parsed.map_err(|rejection| Close::new(4400, rejection.message))? else {
        return Ok(());
    };
    for name in CREDENTIALS {
        let given = members
            .iter()
            .filter(|(member, value)| member.eq_ignore_ascii_case(name.as_str()) && !value.is_null());
        for (index, (_, value)) in given.enumerate() {
            let value = value.as_str().and_then(|text| HeaderValue::from_str(text).ok());
            let value = value.ok_or_else(|| Close::new(4400, format!("{name} must be a string")))?;
            // Two that differ in case are refused as two headers are.
            if index == 0 {
                head.headers.insert(name.clone(), value);
            } else {
                head.headers.append(name.clone(), value);
            }
        }
    }
    Ok(())
}

/// How a connection is closed that is not let in. By 1013 a client tries again later, by 4401 and 4429 it does not.
fn refused(rejection: &Rejection) -> Close {
    let code = match rejection.code {
        Code::Unauthenticated => 4401,
        Code::RateLimited if !event_stream::is_passing_for_a_key(rejection) => 4429,
        _ if event_stream::is_passing(rejection) => 1013,
        _ => 1011,
    };
    Close::new(code, rejection.message.clone())
}
