//! GraphQL answers as HTTP answers: status, headers and body.
//!
//! Source: GraphQL over HTTP, "Response".

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use http_server::ReasonPhrase;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::config::HttpStatuses;
use crate::error::{Class, Code, GraphqlError};
use crate::graphql::execute::{FailedField, Ran};
use crate::http::event_stream;
use crate::http::negotiate::{AnswerForm, MediaType};
use crate::http::request_id::RequestId;
use crate::json::Json;

/// How an answer is to be written.
#[derive(Clone, Debug)]
pub(super) struct Style {
    /// Media type and statuses.
    pub(super) form: AnswerForm,
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
pub(super) fn refused(faults: &[GraphqlError], style: &Style) -> Response {
    send(
        request_status(faults, style.form),
        style.form,
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
            response: send(StatusCode::OK, style.form, json.into_bytes()),
            code: None,
            is_refused: false,
        };
    }
    let request_id = style.request_id.as_ref().map(RequestId::as_str);
    let mut faults: Vec<_> = told(&ran.failed, style.most_errors)
        .map(|failed| GraphqlError::of_field(failed, request_id))
        .collect();
    let code = faults.first().map(|fault| fault.code);
    let is_unanswered = ran.answered == 0;
    let status = code.filter(|code| is_unanswered && is_own_state(*code));
    let is_wrong = |fault: &GraphqlError| {
        matches!(
            fault.code,
            Code::BadUserInput | Code::InvalidCursor | Code::CursorMismatch
        )
    };
    let data = json.into_bytes().split_off(DATA.len());
    let (status, data) = match (status, style.form.statuses) {
        (None, _) => (partial_status(style.form), Some(data.as_slice())),
        (Some(code), HttpStatuses::Draft2025) => (code.status(), Some(data.as_slice())),
        // Where there is data, even of nulls, the status is a 2xx: an answer with another has none.
        (Some(code), HttpStatuses::Edition2026) => {
            faults.iter_mut().for_each(|fault| fault.path.clear());
            (code.status(), None)
        }
    };
    Outcome {
        response: send(status, style.form, body(&faults, data, style)),
        code,
        is_refused: is_unanswered && faults.iter().all(is_wrong),
    }
}

/// What an answer names: something of each root field that failed, and the others while there is room.
fn told(failed: &[FailedField], most: usize) -> impl Iterator<Item = &FailedField> {
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
fn request_status(faults: &[GraphqlError], form: AnswerForm) -> StatusCode {
    let Some(code) = faults.first().map(|fault| fault.code) else {
        return StatusCode::OK;
    };
    match (code.row().class, form.media) {
        (Class::Fixed, _) | (_, MediaType::GraphqlResponse) => code.status_by(form.statuses),
        (_, MediaType::Json | MediaType::EventStream) => StatusCode::OK,
    }
}

/// The status of data with errors.
///
/// Source: GraphQL over HTTP, text of 6 August 2026, "Status Codes" and "Partial success", which recommends 294 under
/// `application/graphql-response+json` only.
fn partial_status(form: AnswerForm) -> StatusCode {
    match (form.statuses, form.media) {
        (HttpStatuses::Edition2026, MediaType::GraphqlResponse) => {
            StatusCode::from_u16(PARTIAL_SUCCESS).unwrap_or_default()
        }
        _ => StatusCode::OK,
    }
}

/// GraphQL's own status for data with errors.
const PARTIAL_SUCCESS: u16 = 294;

/// Whether a code is the service's own state, and none of the request's.
fn is_own_state(code: Code) -> bool {
    matches!(code, Code::Overloaded | Code::Timeout | Code::ServiceUnavailable)
}

fn send(status: StatusCode, form: AnswerForm, body: Vec<u8>) -> Response {
    if form.media == MediaType::EventStream && status.is_success() {
        return event_stream::response(Body::from(last_events(&body)));
    }
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.content_type(status)));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if status.as_u16() == PARTIAL_SUCCESS {
        let reason = ReasonPhrase::from_static(b"Partial Success");
        response.extensions_mut().insert(reason);
    }
    response
}

/// An answer, and the end of the operation.
///
/// Source: GraphQL over Server-Sent Events, "Distinct connections mode".
pub(super) fn last_events(body: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(body.len() + 64);
    next(body, &mut text);
    // An event without data is passed over by `EventSource`; this one has an empty text.
    text.extend_from_slice(b"\nevent: complete\ndata:\n\n");
    text
}

/// The lines of an event that is an answer.
pub(super) fn next(body: &[u8], text: &mut Vec<u8>) {
    text.extend_from_slice(b"event: next\ndata: ");
    text.extend_from_slice(body);
    text.push(b'\n');
}

/// The body of an answer: `errors` first, so that they are seen, then `data`, then `extensions`.
pub(super) fn body(faults: &[GraphqlError], data: Option<&[u8]>, style: &Style) -> Vec<u8> {
    let mut body = b"{\"errors\":".to_vec();
    body.extend(errors(faults, style.request_id.as_ref()));
    if let Some(data) = data {
        body.extend_from_slice(b",\"data\":");
        body.extend_from_slice(data);
    }
    body.extend_from_slice(cost(style).as_bytes());
    body.push(b'}');
    body
}

/// The list of errors of an answer.
pub(super) fn errors(faults: &[GraphqlError], request_id: Option<&RequestId>) -> Vec<u8> {
    let faults: Vec<_> = faults.iter().map(|fault| Written(fault, request_id)).collect();
    serde_json::to_vec(&faults).expect("texts and numbers are JSON")
}

/// Why a subscription has no events, or none any more. It has no path, as there is no data.
pub(super) fn without_path(failed: &FailedField, request_id: Option<&RequestId>) -> GraphqlError {
    let mut fault = GraphqlError::of_field(failed, request_id.map(RequestId::as_str));
    fault.path.clear();
    fault
}

/// `extensions.cost`, where the client wants to know. **Unit**: points.
fn cost(style: &Style) -> String {
    let Some((requested, limit)) = style.cost else {
        return String::new();
    };
    format!(",\"extensions\":{{\"cost\":{{\"requested\":{requested},\"limit\":{limit}}}}}")
}

/// A fault as an entry of `errors`; one of ours names the request, by which the log is searched.
struct Written<'a>(&'a GraphqlError, Option<&'a RequestId>);

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
