//! `/graphql`: GraphQL over HTTP, on a handler of our own.
//!
//! Takes a request, gives an answer of the negotiated media type. The order is the road's: method and media types, key,
//! body, envelope, guard, execution. The GraphQL library sees a document only after the guard has, parsed already.
//! Deliberately absent: batches, multipart, subscriptions, and cookies as credentials.
//!
//! **Source**: GraphQL over HTTP, working draft of 2025.

mod answer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::parser::types::OperationType;
use async_graphql::{Name, PathSegment, Request as Execution, Response as Executed, Value, Variables};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ALLOW, VARY};
use axum::http::{HeaderValue, Method, Request};
use axum::response::Response;
use tracing::Level;

use super::admission::{self, Caller};
use super::deadline::Deadline;
use super::envelope::{self, Envelope};
use super::negotiate::{self, MediaType};
use super::request_id::RequestId;
use super::{Gateway, body, query_string, refusal};
use crate::error::{Code, Fault, Rejection};
use crate::graphql::documents::{DocumentError, Known, Named};
use crate::graphql::guard::coerce;
use crate::json::Json;
use crate::selection::merge;
use crate::store::Store;

/// The header in which a client asks for the cost of its request.
const COST_HEADER: &str = "graphql-cost";

/// Answers any method at `/graphql`.
pub(super) async fn handle(
    State(gateway): State<Arc<Gateway>>,
    request_id: Option<Extension<RequestId>>,
    request: Request<Body>,
) -> Response {
    let started = Instant::now();
    let request_id = request_id.map(|Extension(id)| id);
    let accepted = negotiate::graphql(request.headers().get_all("accept"));
    let media = accepted.unwrap_or(MediaType::Json);
    let answered = match accepted {
        Ok(media) => within(&gateway, media, request).await,
        Err(error) => Err(Rejection::new(Code::NotAcceptable, error.to_string())),
    };
    let (mut response, kind, code) = match answered {
        Ok(answered) => (answered.response, answered.kind, answered.code),
        Err(rejection) => {
            let mut response = refusal::graphql(&rejection, media, request_id.as_ref());
            if rejection.code == Code::MethodNotAllowed {
                let allowed = if rejection.message == POST_ONLY || !gateway.limits.get {
                    "POST"
                } else {
                    "GET, POST"
                };
                response
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static(allowed));
            }
            (response, Kind::Refused, Some(rejection.code))
        }
    };
    let took = started.elapsed();
    gateway
        .metrics
        .answered(kind.label(), code.map_or("ok", |code| code.row().label), took);
    log(&response, kind, code, took, request_id.as_ref());
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("Accept, Authorization"));
    response
}

const POST_ONLY: &str = "only a query may be sent by GET; send this operation by POST";

/// What was asked, as far as that came to light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Query,
    Introspection,
    Refused,
}

impl Kind {
    const fn label(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Introspection => "introspection",
            Self::Refused => "refused",
        }
    }
}

/// An answer, and what the log and the counters say of it.
struct Answered {
    response: Response,
    kind: Kind,
    code: Option<Code>,
}

/// One line a request, at the boundary that answers: nothing that the caller wrote.
fn log(response: &Response, kind: Kind, code: Option<Code>, took: Duration, request_id: Option<&RequestId>) {
    let (status, kind, took_us) = (response.status().as_u16(), kind.label(), took.as_micros());
    let request_id = request_id.map(RequestId::as_str);
    match code {
        Some(code) if code.row().level == Level::ERROR => {
            tracing::error!(request_id, status, kind, code = code.name(), took_us, "graphql");
        }
        Some(code) if code.row().level == Level::WARN => {
            tracing::warn!(request_id, status, kind, code = code.name(), took_us, "graphql");
        }
        code => tracing::debug!(
            request_id,
            status,
            kind,
            code = code.map(Code::name),
            took_us,
            "graphql"
        ),
    }
}

async fn within(gateway: &Gateway, media: MediaType, request: Request<Body>) -> Result<Answered, Rejection> {
    let deadline = Deadline::of(gateway);
    // Boxed: it is large, and each step on its way to the timer would copy it.
    let answered = Box::pin(answer(gateway, media, request, deadline));
    deadline.bound(answered).await?
}

async fn answer(
    gateway: &Gateway,
    media: MediaType,
    request: Request<Body>,
    deadline: Deadline,
) -> Result<Answered, Rejection> {
    let (parts, sent) = request.into_parts();
    let is_get = match parts.method {
        Method::GET | Method::HEAD if gateway.limits.get => true,
        Method::POST => false,
        Method::GET | Method::HEAD => return Err(Rejection::new(Code::MethodNotAllowed, POST_ONLY)),
        _ if gateway.limits.get => return Err(Rejection::new(Code::MethodNotAllowed, "use GET or POST")),
        _ => return Err(Rejection::new(Code::MethodNotAllowed, "use POST")),
    };
    let asked = parts.uri.query().unwrap_or_default();
    query_string::refuse_key_in_url(asked)?;
    if !is_get {
        envelope::check_post_headers(&parts.headers)?;
    }
    let mut caller = admission::enter(gateway, &parts).await?;
    let depth = gateway.documents.limits().variable_depth;
    let decoded = if is_get {
        envelope::decode_get(asked, depth)
    } else {
        let arrived_by = deadline.within(gateway.limits.body_timeout);
        let bytes = body::read_body(sent, gateway.limits.body_bytes, arrived_by).await;
        bytes.and_then(|bytes| envelope::decode_post(&bytes, depth))
    };
    let checking = Instant::now();
    let checked = decoded.and_then(|envelope| check(gateway, &envelope, is_get));
    gateway.metrics.stage("guard", checking.elapsed());
    let mut answered = match checked {
        Ok(Ok(checked)) => {
            let report_cost = parts.headers.contains_key(COST_HEADER);
            let _permit = caller.permit(gateway, checked.cost).await?;
            run(gateway, media, deadline, &caller, checked, report_cost).await
        }
        // What is refused costs a point.
        Ok(Err(faults)) => {
            caller.charge(gateway, 1);
            refused(gateway, &faults, media)
        }
        Err(mut rejection) => {
            caller.charge(gateway, 1);
            rejection.remaining = caller.remaining();
            return Err(rejection);
        }
    };
    caller.tell(answered.response.headers_mut());
    Ok(answered)
}

/// A request that the guard let through.
struct Checked {
    known: Arc<Known>,
    operation_name: Option<String>,
    variables: Variables,
    kind: Kind,
    cost: u64,
}

/// The clear place before the GraphQL library: nothing is parsed but what was scanned, nothing runs but what was priced.
///
/// **Errors**: a refusal with a status of its own; or, inside, request errors, whose status depends on the media type.
fn check(
    gateway: &Gateway,
    envelope: &Envelope,
    is_get: bool,
) -> Result<Result<Checked, Vec<Fault>>, Rejection> {
    let documents = &gateway.documents;
    let found = documents.find(Named {
        text: envelope.query.as_deref(),
        sha256: persisted_hash(envelope)?,
        id: envelope.document_id.as_deref(),
    });
    let known = match found {
        Ok(known) => known,
        Err(DocumentError::Refused(refusal)) => return Ok(Err(Fault::of_refusal(refusal).collect())),
        Err(DocumentError::NotFound) => return Ok(Err(vec![Fault::of_persisted_query_not_found()])),
        Err(DocumentError::NotTrusted) => return Ok(Err(vec![Fault::of_document_not_trusted()])),
        Err(error @ (DocumentError::Missing | DocumentError::WrongHash)) => {
            return Err(Rejection::new(Code::BadRequest, error.to_string()));
        }
    };
    let operation = match known.document().operation(envelope.operation_name.as_deref()) {
        Ok(operation) => operation,
        Err(refusal) => return Ok(Err(Fault::of_refusal(refusal).collect())),
    };
    if is_get && operation.kind() != OperationType::Query {
        return Err(Rejection::new(Code::MethodNotAllowed, POST_ONLY));
    }
    let (types, limits) = (documents.types(), documents.limits());
    let coerced = coerce::coerce(known.document(), operation, &envelope.variables, types, limits);
    let coerced = match coerced {
        Ok(coerced) => coerced,
        Err(refusal) => return Ok(Err(Fault::of_refusal(refusal).collect())),
    };
    let kind = if operation.introspects() {
        Kind::Introspection
    } else {
        Kind::Query
    };
    let operation_name = operation.name().map(str::to_owned);
    Ok(Ok(Checked {
        operation_name,
        variables: coerced.variables,
        kind,
        cost: coerced.cost,
        known,
    }))
}

/// The hash of Apollo's `persistedQuery` extension, version 1.
fn persisted_hash(envelope: &Envelope) -> Result<Option<&str>, Rejection> {
    let Some(persisted) = envelope.extensions.get("persistedQuery") else {
        return Ok(None);
    };
    match (
        persisted.get("version").and_then(serde_json::Value::as_u64),
        persisted.get("sha256Hash"),
    ) {
        (Some(1), Some(serde_json::Value::String(hash))) => Ok(Some(hash)),
        _ => Err(Rejection::new(
            Code::BadRequest,
            "`extensions.persistedQuery` must be {\"version\": 1, \"sha256Hash\": ...}",
        )),
    }
}

/// Runs a checked request, in its turn: by the document's plan where there is one, else by the library.
async fn run(
    gateway: &Gateway,
    media: MediaType,
    deadline: Deadline,
    caller: &Caller,
    checked: Checked,
    report_cost: bool,
) -> Answered {
    let store = deadline.store(gateway);
    let running = Instant::now();
    let limits = gateway.documents.limits();
    let cost = report_cost.then_some((checked.cost, limits.cost));
    let operation = checked
        .known
        .document()
        .operation(checked.operation_name.as_deref())
        .ok();
    let planned = match operation.and_then(|operation| checked.known.plan(operation)) {
        Some(plan) => {
            let mut json = Json::with_capacity(ANSWER_BYTES);
            json.raw("{\"data\":");
            let ran = plan
                .run(&store, &caller.viewer, &checked.variables, &mut json)
                .await;
            ran.ok()
                .map(|failed| answer::planned(json, &failed, media, cost, limits.errors))
        }
        None => None,
    };
    let (response, code) = match planned {
        Some(answered) => answered,
        None => {
            let mut executed = gateway.schema.execute(execution(&store, caller, &checked)).await;
            put_in_order(&mut executed, &checked);
            let is_valid = executed.errors.iter().all(|error| !error.path.is_empty());
            if let Some(operation) = operation.filter(|_| is_valid) {
                checked.known.found_valid(operation);
            }
            answer::executed(executed, media, cost, limits.errors)
        }
    };
    gateway.metrics.stage("execution", running.elapsed());
    Answered {
        response,
        kind: checked.kind,
        code,
    }
}

/// Room for an answer without lists. **Unit**: bytes.
const ANSWER_BYTES: usize = 1024;

/// The library runs root fields at once, and they end in any order: the answer has them, and their errors, in the
/// request's.
fn put_in_order(executed: &mut Executed, checked: &Checked) {
    let document = checked.known.document().executable();
    let mut operations = document.operations.iter();
    let chosen = operations.find(|(name, _)| name.map(Name::as_str) == checked.operation_name.as_deref());
    let Some((_, operation)) = chosen else { return };
    let keys = merge(
        &document.fragments,
        &[&operation.node.selection_set.node],
        "Query",
    );
    let place = |name: &str| keys.keys().position(|key| key.as_str() == name);
    if let Value::Object(data) = &mut executed.data {
        data.sort_by(|left, _, right, _| place(left).cmp(&place(right)));
    }
    executed.errors.sort_by_key(|error| match error.path.first() {
        Some(PathSegment::Field(key)) => place(key),
        _ => None,
    });
}

/// A checked request as the library takes it.
fn execution(store: &Store, caller: &Caller, checked: &Checked) -> Execution {
    let mut execution = Execution::new(String::new()).variables(checked.variables.clone());
    execution.set_parsed_query(checked.known.document().executable().clone());
    if let Some(name) = &checked.operation_name {
        execution = execution.operation_name(name);
    }
    execution.data(store.clone()).data(caller.viewer.clone())
}

/// An answer to a document that does not run.
fn refused(gateway: &Gateway, faults: &[Fault], media: MediaType) -> Answered {
    let code = faults.first().map(|fault| fault.code);
    if let Some(code) = code {
        gateway.metrics.refused(code.row().label);
    }
    Answered {
        response: answer::refused(faults, media),
        kind: Kind::Refused,
        code,
    }
}
