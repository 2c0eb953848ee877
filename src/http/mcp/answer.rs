//! JSON-RPC answers: results and errors, with the HTTP status and headers that they have.
//!
//! A client may see the body alone, or the message alone: so what it must know to come back stands in the message, in
//! `data` and in `Retry-After`.

use std::borrow::Cow;

use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::edition::Edition;
use super::message::Id;
use crate::error::{Code, Rejection};
use crate::http::admission;
use crate::json::Json;
use crate::load::budget::Remaining;

/// An answer and, of an error, its code.
pub(super) struct Answered {
    pub(super) response: Response,
    pub(super) code: Option<Code>,
}

impl Answered {
    /// What is no error.
    pub(super) fn of(response: Response) -> Self {
        Self { response, code: None }
    }
}

/// The members of a result, as JSON without the braces, with a comma behind the last.
pub(super) struct Done {
    pub(super) members: Json,
    /// Whether clients are told how long they may keep it.
    pub(super) is_cacheable: bool,
    /// Of a tool that says what is wrong with its arguments.
    pub(super) code: Option<Code>,
}

impl Done {
    /// A result that clients may keep, of these members.
    pub(super) fn cacheable(members: &str) -> Self {
        let mut json = Json::with_capacity(members.len() + ENVELOPE_BYTES);
        json.raw(members);
        Self {
            members: json,
            is_cacheable: true,
            code: None,
        }
    }

    /// The answer to the request of this id.
    pub(super) fn answer(self, id: &Id, edition: Edition) -> Answered {
        let mut json = Json::with_capacity(self.members.len() + ENVELOPE_BYTES);
        json.raw("{\"jsonrpc\":\"2.0\",\"id\":");
        json.raw(id.json());
        json.raw(",\"result\":{");
        json.append(self.members);
        if edition == Edition::Stateless {
            json.raw("\"resultType\":\"complete\",");
            // For no time at all: a list that outlives a deployment makes clients refuse valid answers.
            json.raw(if self.is_cacheable {
                "\"ttlMs\":0,\"cacheScope\":\"private\","
            } else {
                ""
            });
        }
        json.raw("\"_meta\":{\"io.modelcontextprotocol/serverInfo\":");
        json.raw(SERVER);
        json.raw("}}}");
        let response = json_response(StatusCode::OK, json.into_bytes());
        Answered {
            response,
            code: self.code,
        }
    }
}

/// Room for what stands around the members of a result. **Unit**: bytes.
const ENVELOPE_BYTES: usize = 320;

/// Who answers.
pub(super) const SERVER: &str = concat!(
    r#"{"name":"imports-gateway","title":"Imports gateway","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}"#
);

/// What went wrong with a message.
#[derive(Debug)]
pub(super) struct RpcError {
    /// The HTTP status of the answer.
    status: StatusCode,
    /// The JSON-RPC code.
    number: i32,
    message: Cow<'static, str>,
    data: Map<String, Value>,
    /// For the log and the counters.
    code: Code,
    retry_after_s: Option<u64>,
    remaining: Option<Remaining>,
}

const PARSE: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;
const INTERNAL: i32 = -32603;
/// Of the range that is every server's own: `data.code` says which.
const REFUSED: i32 = -32000;
const RESOURCE_NOT_FOUND: i32 = -32002;
const HEADER_MISMATCH: i32 = -32020;
const UNSUPPORTED_VERSION: i32 = -32022;

impl RpcError {
    fn new(number: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            number,
            message: message.into(),
            data: Map::new(),
            code: Code::BadRequest,
            retry_after_s: None,
            remaining: None,
        }
    }

    /// A body that cannot be read.
    pub(super) fn parse(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(PARSE, message)
    }

    /// JSON that is no message.
    pub(super) fn invalid(message: &'static str) -> Self {
        Self::new(INVALID_REQUEST, message)
    }

    /// A method that is not served.
    pub(super) fn method() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            ..Self::new(METHOD_NOT_FOUND, "this server has no such method")
        }
    }

    /// Parameters that are missing or wrong.
    pub(super) fn params(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(INVALID_PARAMS, message)
    }

    /// A resource that is not there. The editions before 2026-07-28 have a code of its own for it.
    pub(super) fn resource() -> Self {
        Self::new(RESOURCE_NOT_FOUND, "there is no such resource")
    }

    /// A header that is missing or unlike the body.
    pub(super) fn header(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(HEADER_MISMATCH, message)
    }

    /// A version that is not served.
    pub(super) fn version(message: String, data: Value) -> Self {
        let data = match data {
            Value::Object(data) => data,
            _ => Map::new(),
        };
        Self {
            data,
            ..Self::new(UNSUPPORTED_VERSION, message)
        }
    }

    /// The error of a method as an edition has it: before 2026-07-28 HTTP's status told nothing of JSON-RPC's errors.
    pub(super) fn by(mut self, edition: Edition) -> Self {
        match (edition, self.number) {
            (Edition::Stateless, RESOURCE_NOT_FOUND) => self.number = INVALID_PARAMS,
            (Edition::Handshake, METHOD_NOT_FOUND | INVALID_PARAMS | RESOURCE_NOT_FOUND) => {
                self.status = StatusCode::OK
            }
            _ => {}
        }
        self
    }

    /// The answer, to the request of this id where that is known.
    pub(super) fn answer(mut self, id: Option<&Id>) -> Answered {
        if let Some(seconds) = self.retry_after_s {
            self.data.insert("retryAfterSeconds".to_owned(), seconds.into());
        }
        let mut error = json!({ "code": self.number, "message": self.message });
        if !self.data.is_empty() {
            error["data"] = Value::Object(self.data);
        }
        // Null where there is none to repeat, as JSON-RPC has it: Python's client reads no error without an `id`.
        let id = id.map_or("null", Id::json);
        let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}");
        let mut response = json_response(self.status, body.into_bytes());
        let headers = response.headers_mut();
        match self.status {
            StatusCode::METHOD_NOT_ALLOWED => _ = headers.insert(ALLOW, HeaderValue::from_static("POST")),
            StatusCode::UNAUTHORIZED => {
                _ = headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            }
            _ => {}
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        admission::tell(self.remaining, headers);
        Answered {
            response,
            code: Some(self.code),
        }
    }
}

impl From<Rejection> for RpcError {
    fn from(rejection: Rejection) -> Self {
        let Rejection {
            status,
            code,
            message,
            retry_after_s,
            remaining,
        } = rejection;
        let retry_after_s = retry_after_s.or(match code {
            Code::Overloaded | Code::ServiceUnavailable => Some(1),
            _ => None,
        });
        let number = match code {
            Code::BadRequest => INVALID_REQUEST,
            Code::InternalServerError => INTERNAL,
            _ => REFUSED,
        };
        let message = match retry_after_s {
            Some(seconds) => Cow::from(format!("{message} (wait {seconds} s)")),
            None => message,
        };
        let data = Map::from_iter([("code".to_owned(), code.name().into())]);
        Self {
            status,
            data,
            code,
            retry_after_s,
            remaining,
            ..Self::new(number, message)
        }
    }
}

/// The answer to what is refused before it reaches [`super::handle`].
pub(in crate::http) fn refusal(rejection: &Rejection) -> Response {
    RpcError::from(rejection.clone()).answer(None).response
}

fn json_response(status: StatusCode, body: Vec<u8>) -> Response {
    (
        status,
        [(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        body,
    )
        .into_response()
}
