//! `/graphql` as a WebSocket: the handshake, and the task that then speaks `graphql-transport-ws`.
//!
//! Takes a GET with `Upgrade: websocket`, gives the response that accepts it, or why not. Which pages may open one is a
//! matter of the header `Origin`, as browsers let any page open a WebSocket to any server. A key may come later, with
//! `connection_init`. An upgrade is no query by GET, so `--get off` does not concern it.
//! Deliberately absent: cookies as credentials.

mod operation;
mod origin;
mod session;

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use graphql_transport_ws::{HandshakeError, Upgrade, handshake, serve};

use self::session::Socket;
use crate::error::{Code, Rejection};
use crate::http::graphql::Kind;
use crate::http::negotiate::{AnswerForm, MediaType};
use crate::http::request_id::RequestId;
use crate::http::{Gateway, event_stream, log, query_string, refusal};

/// Whether a request asks for a WebSocket.
pub(super) fn is_asked_for(request: &Request<Body>) -> bool {
    let mut asked = request.headers().get_all(UPGRADE).iter();
    request.method() == Method::GET
        && asked.any(|value| {
            let protocols = value.to_str().unwrap_or_default().split(',');
            protocols
                .map(str::trim)
                .any(|name| name.eq_ignore_ascii_case("websocket"))
        })
}

/// Answers a request for a WebSocket.
pub(super) fn open(gateway: &Arc<Gateway>, mut request: Request<Body>) -> Response {
    let started = Instant::now();
    match accept(gateway, &mut request) {
        Ok((response, upgrade)) => {
            let socket = Socket::new(gateway, &request.into_parts().0);
            tokio::spawn(speak(Arc::clone(gateway), socket, upgrade));
            response.map(|()| Body::empty())
        }
        Err(refused) => {
            let request_id = request.extensions().get::<RequestId>();
            let (response, code) = refused.response(gateway, request_id);
            let (kind, took) = (Kind::RefusedDocument.label(), started.elapsed());
            gateway.metrics.answered(kind, code.row().label, took);
            let request_id = request_id.map(RequestId::as_str);
            log::answered("graphql", kind, &response, Some(code), took, request_id);
            response
        }
    }
}

/// Speaks the protocol until the connection ends: at the latest when the service does.
async fn speak(gateway: Arc<Gateway>, socket: Socket, upgrade: Upgrade) {
    let stopping = event_stream::stopping(gateway.readiness.clone(), gateway.limits.shutdown_delay);
    let ended = serve(upgrade, &socket, &gateway.limits.socket, stopping).await;
    let request_id = socket.request_id().map(RequestId::as_str);
    tracing::debug!(request_id, ?ended, "a WebSocket has ended");
}

/// Why a request opens no WebSocket.
enum Refused {
    KeyInUrl(Rejection),
    Origin,
    Handshake(HandshakeError),
}

fn accept(gateway: &Gateway, request: &mut Request<Body>) -> Result<(Response<()>, Upgrade), Refused> {
    query_string::refuse_key_in_url(request.uri().query().unwrap_or_default()).map_err(Refused::KeyInUrl)?;
    if !origin::is_allowed(&gateway.limits.origins, request.headers()) {
        return Err(Refused::Origin);
    }
    handshake(request).map_err(Refused::Handshake)
}

impl Refused {
    /// The refusal as any other of `/graphql`.
    fn response(self, gateway: &Gateway, request_id: Option<&RequestId>) -> (Response, Code) {
        let (rejection, status) = match &self {
            Self::KeyInUrl(rejection) => (rejection.clone(), StatusCode::UNAUTHORIZED),
            Self::Origin => {
                let message =
                    "pages of this origin may open no WebSocket; --cors-origins lists those that may";
                (Rejection::new(Code::BadRequest, message), StatusCode::FORBIDDEN)
            }
            Self::Handshake(error) => (
                Rejection::new(Code::BadRequest, error.to_string()),
                error.status(),
            ),
        };
        let form = AnswerForm {
            media: MediaType::Json,
            statuses: gateway.limits.http_statuses,
        };
        let mut response = refusal::graphql(&rejection, form, request_id);
        *response.status_mut() = status;
        if let Self::Handshake(error) = self {
            let theirs = error.response();
            for name in [CONNECTION, UPGRADE, SEC_WEBSOCKET_VERSION] {
                if let Some(value) = theirs.headers().get(&name) {
                    response.headers_mut().insert(name, value.clone());
                }
            }
        }
        (response, rejection.code)
    }
}
