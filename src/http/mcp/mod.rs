//! `/mcp`: the Model Context Protocol over "Streamable HTTP", without sessions, on a handler of our own.
//!
//! Takes a request, gives one JSON-RPC message. The order is REST's: method, origin and host, media types, key, body,
//! message, and then the method, in its turn and at its price. Two editions are answered side by side, see [`edition`].
//! Deliberately absent: streams, sessions, batches, and requests of the server to its client.
//!
//! Source: Model Context Protocol, revisions 2026-07-28 and 2025-11-25, "Streamable HTTP".

mod answer;
mod edition;
mod json_schema;
mod message;
mod methods;
mod tools;

use std::time::Instant;

use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use graphql_limits::SchemaTypes;
use mediatype::MediaType;
use mediatype::names::{APPLICATION, JSON};

use self::answer::{Answered, RpcError};
use self::edition::Edition;
use self::message::{Message, Unread, read};
use self::tools::Tools;
use super::admission::{self, Caller};
use super::deadline::Deadline;
use super::request_id::RequestId;
use super::{Gateway, body, log, negotiate, query_string, strict_json};
use crate::error::{Code, Rejection};
use crate::graphql::schema::Schema;
use crate::host::Hosts;

pub(super) use self::answer::refusal;

/// The path of the endpoint.
pub(super) const PATH: &str = "/mcp";

/// What is the same for every request: the tools as they are listed, and whose requests are heard.
pub struct Mcp {
    tools: Tools,
    hosts: Hosts,
}

impl Mcp {
    /// An endpoint for the schema with these types, for clients that name one of these hosts.
    #[must_use]
    pub fn new(schema: &Schema, types: &SchemaTypes, hosts: Hosts) -> Self {
        Self {
            tools: Tools::new(schema.introspection(), types),
            hosts,
        }
    }
}

/// Answers any method at `/mcp`.
pub(super) async fn handle(gateway: &Gateway, mcp: &Mcp, request: Request<Body>) -> Response {
    let started = Instant::now();
    let request_id = request.extensions().get::<RequestId>().cloned();
    let deadline = Deadline::of(gateway);
    let answered = deadline.bound(answer(gateway, mcp, request, deadline)).await;
    let Answered { response, code } =
        answered.unwrap_or_else(|rejection| RpcError::from(rejection).answer(None));
    let took = started.elapsed();
    let label = code.map_or("ok", |code| code.row().label);
    gateway.metrics.answered("mcp", label, took);
    let name = request_id.as_ref().map(RequestId::as_str);
    log::answered("mcp", "query", &response, code, took, name);
    response
}

async fn answer(gateway: &Gateway, mcp: &Mcp, request: Request<Body>, deadline: Deadline) -> Answered {
    let (parts, sent) = request.into_parts();
    let admitted = match check_head(gateway, mcp, &parts) {
        Ok(()) => admission::enter(gateway, &parts).await.map_err(Rejection::from),
        Err(rejection) => Err(rejection),
    };
    let mut caller = match admitted {
        Ok(caller) => caller,
        Err(rejection) => return RpcError::from(rejection).answer(None),
    };
    let arrived_by = deadline.within(gateway.limits.body_timeout);
    let read = body::read_body(sent, gateway.limits.body_bytes, arrived_by).await;
    let read = read.map_err(|rejection| Box::new((None, rejection.into())));
    let read = read.and_then(|bytes| decode(gateway, &parts.headers, &bytes));
    let mut answered = match read {
        Ok((Message::Request { id, call }, edition)) => {
            match methods::run(gateway, mcp, &mut caller, deadline, &parts, edition, &call).await {
                Ok(done) => done.answer(&id, edition),
                Err(error) => error.by(edition).answer(Some(&id)),
            }
        }
        Ok((Message::Notification, _)) => {
            caller.charge_refusal(gateway);
            Answered::of(StatusCode::ACCEPTED.into_response())
        }
        Err(unread) => {
            let (id, error) = *unread;
            caller.charge_refusal(gateway);
            error.answer(id.as_ref())
        }
    };
    tell(&caller, &mut answered.response);
    answered
}

/// Tells what is left of the budget, unless the answer does already.
fn tell(caller: &Caller, response: &mut Response) {
    if !response.headers().contains_key("ratelimit-limit") {
        caller.tell(response.headers_mut());
    }
}

/// The message of a body and the edition that it is of.
///
/// # Errors
///
/// A body that cannot be read, an invalid request, and as [`edition::of_request`].
fn decode(gateway: &Gateway, headers: &HeaderMap, bytes: &[u8]) -> Result<(Message, Edition), Unread> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(Box::new((None, RpcError::parse("the request body is not UTF-8"))));
    };
    // The arguments are three levels down: in the message, its `params` and their `arguments`.
    let depth = gateway.documents.limits().variable_depth.saturating_add(3);
    let value = strict_json::parse(text, depth, "the request body");
    let value = value.map_err(|rejection| Box::new((None, RpcError::parse(rejection.message))))?;
    let message = read(value)?;
    let checked = match &message {
        Message::Request { call, .. } => edition::of_request(headers, call),
        Message::Notification => edition::of_notification(headers),
    };
    match (checked, message) {
        (Ok(edition), message) => Ok((message, edition)),
        (Err(error), Message::Request { id, .. }) => Err(Box::new((Some(id), error))),
        (Err(error), Message::Notification) => Err(Box::new((None, error))),
    }
}

/// Refuses what no message could make right, before its key is looked at and a byte of its body is read.
///
/// # Errors
///
/// `METHOD_NOT_ALLOWED`; `BAD_REQUEST`, as 403, for a page of an unlisted origin and for a foreign host;
/// `UNSUPPORTED_MEDIA_TYPE`, `NOT_ACCEPTABLE`; `UNAUTHENTICATED` for a key in the URL.
fn check_head(gateway: &Gateway, mcp: &Mcp, parts: &Parts) -> Result<(), Rejection> {
    let headers = &parts.headers;
    if parts.method != Method::POST {
        return Err(Rejection::new(Code::MethodNotAllowed, "use POST"));
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    if !origins.all(|origin| gateway.limits.origins.contains(origin)) {
        return Err(forbidden(
            "pages of this origin may not use this endpoint; --cors-origins lists those that may",
        ));
    }
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    if !mcp.hosts.accept(host) {
        return Err(forbidden(
            "this endpoint is not served under this Host; --mcp-hosts lists those that it is",
        ));
    }
    if !is_json(headers) {
        let message = "send one JSON-RPC message as Content-Type: application/json, without Content-Encoding";
        return Err(Rejection::new(Code::UnsupportedMediaType, message));
    }
    // The standard asks clients to take streams too; none is ever sent, so who takes JSON alone is served as well.
    if negotiate::json(headers.get_all(ACCEPT)).is_err() {
        return Err(Rejection::new(Code::NotAcceptable, "accept application/json"));
    }
    query_string::refuse_key_in_url(parts.uri.query().unwrap_or_default())
}

fn forbidden(message: &'static str) -> Rejection {
    Rejection {
        status: StatusCode::FORBIDDEN,
        ..Rejection::new(Code::BadRequest, message)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter().map(HeaderValue::to_str);
    let (Some(Ok(text)), None) = (types.next(), types.next()) else {
        return false;
    };
    let is_json =
        MediaType::parse(text).is_ok_and(|media| media.essence() == MediaType::new(APPLICATION, JSON));
    is_json && !headers.contains_key(CONTENT_ENCODING)
}
