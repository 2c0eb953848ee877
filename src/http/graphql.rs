//! `/graphql`: GraphQL over HTTP, on a handler of our own.
//!
//! Takes a request, gives an answer of the negotiated media type. The order is the road's: method and media types, key,
//! body, envelope, guard, execution. The GraphQL library sees a document only after the guard has, parsed already.
//! Deliberately absent: batches, multipart, subscriptions, and cookies as credentials.
//!
//! **Source**: GraphQL over HTTP, working draft of 2025.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{PathSegment, Request as Execution, Response as Executed, Value};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tokio::time::{Instant, timeout_at};

use super::envelope::{self, Envelope};
use super::negotiate::{self, MediaType};
use super::request_id::RequestId;
use super::{Gateway, body, key, query_string, refusal};
use crate::error::{Class, Code, Fault, Rejection};
use crate::graphql::guard::refusal::{self as guard_refusal, Refusal};
use crate::graphql::guard::{coerce, document};

/// The header in which a client asks for the cost of its request.
const COST_HEADER: &str = "graphql-cost";

/// Answers any method at `/graphql`.
pub(super) async fn handle(
    State(gateway): State<Arc<Gateway>>,
    request_id: Option<Extension<RequestId>>,
    request: Request<Body>,
) -> Response {
    let request_id = request_id.map(|Extension(id)| id);
    let accepted = negotiate::graphql(request.headers().get_all("accept"));
    let media = accepted.unwrap_or(MediaType::Json);
    let answered = match accepted {
        Ok(media) => within(&gateway, media, request).await,
        Err(error) => Err(Rejection::new(Code::NotAcceptable, error.to_string())),
    };
    let mut response = answered.unwrap_or_else(|rejection| {
        let mut response = refusal::graphql(&rejection, media, request_id.as_ref());
        if rejection.code == Code::MethodNotAllowed {
            let post_only = rejection.message == POST_ONLY;
            response.headers_mut().insert(
                ALLOW,
                HeaderValue::from_static(if post_only { "POST" } else { "GET, POST" }),
            );
        }
        response
    });
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("Accept, Authorization"));
    response
}

const POST_ONLY: &str = "only a query may be sent by GET; send this operation by POST";

/// How much later than its deadline a request is given up whole: what the store ends at the deadline has then become an
/// answer of its fields.
const GRACE: Duration = Duration::from_millis(250);

async fn within(gateway: &Gateway, media: MediaType, request: Request<Body>) -> Result<Response, Rejection> {
    let deadline = Instant::now() + gateway.limits.request_timeout;
    let answered = timeout_at(deadline + GRACE, answer(gateway, media, request, deadline)).await;
    answered.unwrap_or_else(|_| Err(Rejection::new(Code::Timeout, "the request took too long")))
}

async fn answer(
    gateway: &Gateway,
    media: MediaType,
    request: Request<Body>,
    deadline: Instant,
) -> Result<Response, Rejection> {
    let (parts, sent) = request.into_parts();
    let is_get = match parts.method {
        Method::GET | Method::HEAD => true,
        Method::POST => false,
        _ => return Err(Rejection::new(Code::MethodNotAllowed, "use GET or POST")),
    };
    let asked = parts.uri.query().unwrap_or_default();
    query_string::refuse_key_in_url(asked)?;
    if !is_get {
        envelope::check_post_headers(&parts.headers)?;
    }
    let viewer = key::viewer(gateway, &parts.headers).await?;
    let limits = &gateway.limits;
    let envelope = if is_get {
        envelope::decode_get(asked, limits.guard.variable_depth)?
    } else {
        let arrived_by = deadline.min(Instant::now() + limits.body_timeout);
        let bytes = body::read_body(sent, limits.body_bytes, arrived_by).await?;
        envelope::decode_post(&bytes, limits.guard.variable_depth)?
    };
    let checked = match check(gateway, &envelope) {
        Ok(checked) => checked,
        Err(refusal) => return Ok(refused(refusal, media)),
    };
    if is_get && checked.kind != OperationType::Query {
        return Err(Rejection::new(Code::MethodNotAllowed, POST_ONLY));
    }
    let cost = parts.headers.contains_key(COST_HEADER).then_some(checked.cost);
    let execution = checked.execution.data(gateway.store.until(deadline)).data(viewer);
    Ok(executed(
        gateway.schema.execute(execution).await,
        media,
        cost.map(|cost| (cost, limits.guard.cost)),
        limits.guard.errors,
    ))
}

/// A request that the guard let through.
struct Checked {
    execution: Execution,
    kind: OperationType,
    cost: u64,
}

/// The clear place before the GraphQL library: nothing is parsed but what was scanned, nothing runs but what was priced.
fn check(gateway: &Gateway, envelope: &Envelope) -> Result<Checked, Refusal> {
    let Some(text) = &envelope.query else {
        return Err(Refusal {
            code: guard_refusal::Code::ParseFailed,
            faults: vec![guard_refusal::Fault {
                message: "the request has no `query`; send the document's text".to_owned(),
                locations: Vec::new(),
                argument: None,
            }],
        });
    };
    let (types, limits) = (&gateway.types, &gateway.limits.guard);
    let document = document::check(text, limits, gateway.limits.introspection, types)?;
    let operation = document.operation(envelope.operation_name.as_deref())?;
    let coerced = coerce::coerce(&document, operation, &envelope.variables, types, limits)?;
    let mut execution = Execution::new(String::new()).variables(coerced.variables);
    execution.set_parsed_query(document.executable().clone());
    if let Some(name) = operation.name() {
        execution = execution.operation_name(name);
    }
    Ok(Checked {
        execution,
        kind: operation.kind(),
        cost: coerced.cost,
    })
}

/// An answer to a document that does not run.
fn refused(refusal: Refusal, media: MediaType) -> Response {
    let faults: Vec<_> = Fault::of_refusal(refusal).collect();
    respond(
        request_status(&faults, media),
        media,
        &Answer {
            faults: &faults,
            data: None,
            cost: None,
        },
    )
}

/// The answer to a document that ran, or that the library found not to fit the schema.
fn executed(executed: Executed, media: MediaType, cost: Option<(u64, u64)>, most_errors: usize) -> Response {
    let faults: Vec<_> = executed.errors.iter().take(most_errors).map(Fault::of).collect();
    if faults.iter().any(|fault| fault.path.is_empty()) {
        return respond(
            request_status(&faults, media),
            media,
            &Answer {
                faults: &faults,
                data: None,
                cost: None,
            },
        );
    }
    // The library writes an object without fields as null.
    let data = if executed.data == Value::Null {
        Value::Object(Default::default())
    } else {
        executed.data
    };
    let status = unanswered(&data, &executed.errors, &faults);
    respond(
        status.unwrap_or(StatusCode::OK),
        media,
        &Answer {
            faults: &faults,
            data: Some(&data),
            cost,
        },
    )
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

/// The status where no root field has an answer because of the service's own state.
fn unanswered(data: &Value, errors: &[async_graphql::ServerError], faults: &[Fault]) -> Option<StatusCode> {
    let Value::Object(data) = data else { return None };
    let code = faults.first()?.code;
    if !matches!(code, Code::Overloaded | Code::Timeout | Code::ServiceUnavailable) {
        return None;
    }
    let root = |error: &async_graphql::ServerError| match error.path.first() {
        Some(PathSegment::Field(key)) => Some(key.clone()),
        _ => None,
    };
    let failed: BTreeSet<_> = errors.iter().filter_map(root).collect();
    data.keys()
        .all(|key| failed.contains(key.as_str()))
        .then(|| code.status())
}

fn respond(status: StatusCode, media: MediaType, answer: &Answer<'_>) -> Response {
    let body = serde_json::to_vec(answer).unwrap_or_default();
    let mut response = (status, body).into_response();
    let headers: &mut HeaderMap = response.headers_mut();
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
    cost: Option<(u64, u64)>,
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.faults.is_empty() {
            let faults: Vec<_> = self.faults.iter().map(Written).collect();
            map.serialize_entry("errors", &faults)?;
        }
        if let Some(data) = self.data {
            map.serialize_entry("data", data)?;
        }
        if let Some((requested, limit)) = self.cost {
            let cost = serde_json::json!({"cost": {"requested": requested, "limit": limit}});
            map.serialize_entry("extensions", &cost)?;
        }
        map.end()
    }
}

/// A fault as an entry of `errors`.
struct Written<'a>(&'a Fault);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fault = self.0;
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
        map.serialize_entry("extensions", &extensions)?;
        map.end()
    }
}
