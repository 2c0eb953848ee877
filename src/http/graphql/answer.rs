//! GraphQL answers as HTTP answers: status, headers and body.
//!
//! **Source**: GraphQL over HTTP, working draft of 2025, "Response".

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::{PathSegment, Response as Executed, ServerError, Value};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::error::{Class, Code, Fault};
use crate::graphql::direct::Failed;
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

/// The answer to a document that does not run.
pub(super) fn refused(faults: &[Fault], style: &Style) -> Response {
    let answer = Answer {
        faults,
        data: None,
        style,
    };
    respond(request_status(faults, style.media), &answer)
}

/// An answer, and what came of the request.
pub(super) struct Outcome {
    pub(super) response: Response,
    /// Its first error's code.
    pub(super) code: Option<Code>,
    /// Whether no root field had an answer because of what it was asked.
    pub(super) is_refused: bool,
}

/// The answer to a document that ran, or that the library found not to fit the schema.
pub(super) fn executed(executed: Executed, style: &Style) -> Outcome {
    let errors = executed.errors.iter().take(style.most_errors);
    let request_id = style.request_id.as_ref().map(RequestId::as_str);
    let faults: Vec<_> = errors.map(|error| Fault::of(error, request_id)).collect();
    let code = faults.first().map(|fault| fault.code);
    if faults.iter().any(|fault| fault.path.is_empty()) {
        let style = Style {
            cost: None,
            ..style.clone()
        };
        return Outcome {
            response: refused(&faults, &style),
            code,
            is_refused: true,
        };
    }
    // The library writes an object without fields as null.
    let data = if executed.data == Value::Null {
        Value::Object(Default::default())
    } else {
        executed.data
    };
    let is_unanswered = is_unanswered(&data, &executed.errors);
    let status = code.filter(|code| is_unanswered && is_own_state(*code));
    let status = status.map_or(StatusCode::OK, Code::status);
    let is_wrong = |fault: &Fault| {
        matches!(
            fault.code,
            Code::BadUserInput | Code::InvalidCursor | Code::CursorMismatch
        )
    };
    let is_refused = is_unanswered && !faults.is_empty() && faults.iter().all(is_wrong);
    let answer = Answer {
        faults: &faults,
        data: Some(&data),
        style,
    };
    Outcome {
        response: respond(status, &answer),
        code,
        is_refused,
    }
}

/// The answer of a plan, whose `json` holds `{"data":` and the data.
///
/// Where nothing failed the bytes are sent as they are. An answer with errors names them first, as any other does.
pub(super) fn planned(mut json: Json, failed: &[Failed], style: &Style) -> Outcome {
    if failed.is_empty() {
        if let Some((requested, limit)) = style.cost {
            json.raw(&format!(
                ",\"extensions\":{{\"cost\":{{\"requested\":{requested},\"limit\":{limit}}}}}"
            ));
        }
        json.raw("}");
        return Outcome {
            response: send(StatusCode::OK, style.media, json.into_bytes()),
            code: None,
            is_refused: false,
        };
    }
    json.raw("}");
    let errors: Vec<_> = failed.iter().map(Failed::to_error).collect();
    let data: Result<PlannedData, _> = serde_json::from_slice(&json.into_bytes());
    let mut executed = Executed::new(data.map(|planned| planned.data).unwrap_or_default());
    executed.errors = errors;
    self::executed(executed, style)
}

/// What a plan wrote, read back.
#[derive(serde::Deserialize)]
struct PlannedData {
    data: Value,
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

/// Whether no root field has an answer.
fn is_unanswered(data: &Value, errors: &[ServerError]) -> bool {
    let Value::Object(data) = data else { return false };
    let root = |error: &ServerError| match error.path.first() {
        Some(PathSegment::Field(key)) => Some(key.clone()),
        _ => None,
    };
    let failed: BTreeSet<_> = errors.iter().filter_map(root).collect();
    data.keys().all(|key| failed.contains(key.as_str()))
}

fn respond(status: StatusCode, answer: &Answer<'_>) -> Response {
    let body = serde_json::to_vec(answer).unwrap_or_default();
    send(status, answer.style.media, body)
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
struct Answer<'a> {
    faults: &'a [Fault],
    data: Option<&'a Value>,
    style: &'a Style,
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.faults.is_empty() {
            let request_id = self.style.request_id.as_ref();
            let faults: Vec<_> = self
                .faults
                .iter()
                .map(|fault| Written(fault, request_id))
                .collect();
            map.serialize_entry("errors", &faults)?;
        }
        if let Some(data) = self.data {
            map.serialize_entry("data", data)?;
        }
        if let Some((requested, limit)) = self.style.cost {
            let cost = [("cost", Cost { requested, limit })];
            let cost: BTreeMap<_, _> = cost.into_iter().collect();
            map.serialize_entry("extensions", &cost)?;
        }
        map.end()
    }
}

/// `extensions.cost`. **Unit**: points.
#[derive(Serialize)]
struct Cost {
    requested: u64,
    limit: u64,
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
