//! GraphQL answers as HTTP answers: status, headers and body.
//!
//! **Source**: GraphQL over HTTP, working draft of 2025, "Response".

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::error::{Class, Code, Fault};
use crate::graphql::execute::{Failed, Ran};
use crate::http::negotiate::MediaType;
use crate::http::request_id::RequestId;
use crate::json::Json;

/// How an answer is to be written.
#[derive(Clone, Debug)]
pub(super) struct Style {
    /// The media type.
    pub(super) media: MediaType,
    /// What the request costs and the limit, where the client wants to know. **Unit**: points.
    pub(super) cost: Option<(u64, u64)>,
    /// Errors, at most.
    pub(super) most_errors: usize,
    /// The request's name, which a fault of ours tells.
    pub(super) request_id: Option<RequestId>,
}

/// How an answer begins that holds nothing but data.
pub(super) const DATA: &str = "{\"data\":";

/// The answer to a document that does not run.
pub(super) fn refused(faults: &[Fault], style: &Style) -> Response {
    send(
        request_status(faults, style.media),
        style.media,
        body(faults, None, style),
    )
}

/// An answer, and what came of the request.
pub(super) struct Outcome {
    pub(super) response: Response,
    /// Its first error's code.
    pub(super) code: Option<Code>,
    /// Whether no root field had an answer because of what it was asked.
    pub(super) is_refused: bool,
}

/// The answer to a document that ran; `json` holds [`DATA`] and the data.
///
/// Where nothing failed the bytes are sent as they are. An answer with errors names them first, as any other does.
pub(super) fn executed(mut json: Json, ran: &Ran, style: &Style) -> Outcome {
    if ran.failed.is_empty() {
        json.raw(&cost(style));
        json.raw("}");
        return Outcome {
            response: send(StatusCode::OK, style.media, json.into_bytes()),
            code: None,
            is_refused: false,
        };
    }
    let request_id = style.request_id.as_ref().map(RequestId::as_str);
    let faults: Vec<_> = told(&ran.failed, style.most_errors)
        .map(|failed| Fault::of_field(failed, request_id))
        .collect();
    let code = faults.first().map(|fault| fault.code);
    let is_unanswered = ran.answered == 0;
    let status = code.filter(|code| is_unanswered && is_own_state(*code));
    let is_wrong = |fault: &Fault| {
        matches!(
            fault.code,
            Code::BadUserInput | Code::InvalidCursor | Code::CursorMismatch
        )
    };
    let data = json.into_bytes().split_off(DATA.len());
    Outcome {
        response: send(
            status.map_or(StatusCode::OK, Code::status),
            style.media,
            body(&faults, Some(&data), style),
        ),
        code,
        is_refused: is_unanswered && faults.iter().all(is_wrong),
    }
}

/// What an answer names: something of each root field that failed, and the others while there is room.
fn told(failed: &[Failed], most: usize) -> impl Iterator<Item = &Failed> {
    let firsts = failed.iter().filter(|failed| failed.is_first()).count();
    let mut room = most.saturating_sub(firsts);
    failed.iter().filter(move |failed| {
        let has_room = failed.is_first() || room > 0;
        if has_room && !failed.is_first() {
            room -= 1;
        }
        has_room
    })
}

/// The status of a request error: that of its code, unless the client wants a 200 for everything well-formed.
fn request_status(faults: &[Fault], media: MediaType) -> StatusCode {
    let Some(code) = faults.first().map(|fault| fault.code) else {
        return StatusCode::OK;
    };
    match (code.row().class, media) {
        (Class::Fixed, _) | (_, MediaType::GraphqlResponse) => code.status(),
        (_, MediaType::Json) => StatusCode::OK,
    }
}

/// Whether a code is the service's own state, and none of the request's.
fn is_own_state(code: Code) -> bool {
    matches!(code, Code::Overloaded | Code::Timeout | Code::ServiceUnavailable)
}

fn send(status: StatusCode, media: MediaType, body: Vec<u8>) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// The body of an answer: `errors` first, so that they are seen, then `data`, then `extensions`.
fn body(faults: &[Fault], data: Option<&[u8]>, style: &Style) -> Vec<u8> {
    let request_id = style.request_id.as_ref();
    let faults: Vec<_> = faults.iter().map(|fault| Written(fault, request_id)).collect();
    let mut body = b"{\"errors\":".to_vec();
    body.extend(serde_json::to_vec(&faults).expect("texts and numbers are JSON"));
    if let Some(data) = data {
        body.extend_from_slice(b",\"data\":");
        body.extend_from_slice(data);
    }
    body.extend_from_slice(cost(style).as_bytes());
    body.push(b'}');
    body
}

/// `extensions.cost`, where the client wants to know. **Unit**: points.
fn cost(style: &Style) -> String {
    let Some((requested, limit)) = style.cost else {
        return String::new();
    };
    format!(",\"extensions\":{{\"cost\":{{\"requested\":{requested},\"limit\":{limit}}}}}")
}

/// A fault as an entry of `errors`; one of ours names the request, by which the log is searched.
struct Written<'a>(&'a Fault, Option<&'a RequestId>);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(fault, request_id) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("message", &fault.message)?;
        if !fault.locations.is_empty() {
            map.serialize_entry("locations", &fault.locations)?;
        }
        if !fault.path.is_empty() {
            map.serialize_entry("path", &fault.path)?;
        }
        let mut extensions = serde_json::Map::new();
        extensions.insert("code".to_owned(), fault.code.name().into());
        if let Some(argument) = &fault.argument {
            extensions.insert("argument".to_owned(), argument.as_str().into());
        }
        if fault.code == Code::InternalServerError
            && let Some(id) = request_id
        {
            extensions.insert("requestId".to_owned(), id.as_str().into());
        }
        map.serialize_entry("extensions", &extensions)?;
        map.end()
    }
}
