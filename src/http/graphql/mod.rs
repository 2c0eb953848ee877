//! `/graphql`: GraphQL over HTTP, on a handler of our own.
//!
//! Takes a request, gives an answer of the negotiated media type. The order is the road's: method and media types, key,
//! body, request, limits, validation, execution. The GraphQL library sees a document only after the limits were checked, parsed
//! already, and validates it once.
//! Deliberately absent: batches, multipart, and cookies as credentials.
//!
//! Source: GraphQL over HTTP, first edition, as of its text of 6 August 2026; and the working draft of 2025.

mod answer;
mod check;
mod settled;
mod socket;
mod subscription;

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::http::header::{ALLOW, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::response::Response;

use self::answer::Style;
use self::check::{Checked, check};
use self::settled::settled;
use super::admission::{self, Caller};
use super::conditional::Conditional;
use super::deadline::Deadline;
use super::graphql_request;
use super::negotiate::{self, AnswerForm, MediaType};
use super::request_id::RequestId;
use super::{Gateway, body, event_stream, log, method, query_string, refusal};
use crate::error::{Code, GraphqlError, Rejection};
use crate::graphql::execute::{Plan, QueryPlan, Run};
use crate::json::Json;
use crate::resources::{self, ListItems};

/// The path of GraphQL.
pub(super) const PATH: &str = "/graphql";

/// The header in which a client asks for the cost of its request.
const COST_HEADER: &str = "graphql-cost";

/// Answers any method at `/graphql`.
pub(super) async fn handle(gateway: &Arc<Gateway>, request: Request<Body>) -> Response {
    if socket::is_asked_for(&request) {
        return socket::open(gateway, request);
    }
    let started = Instant::now();
    let request_id = request.extensions().get::<RequestId>().cloned();
    let has_body = request.method() == Method::POST || method::is_query(request.method());
    let accepted = negotiate::graphql(request.headers().get_all("accept"));
    let form = AnswerForm {
        media: accepted.unwrap_or(MediaType::Json),
        statuses: gateway.limits.http_statuses,
    };
    let goes_on = event_stream::goes_on(request.headers());
    let answered = match accepted {
        Ok(_) => within(gateway, form, request).await,
        Err(error) => Err(Rejection::new(Code::NotAcceptable, error.to_string())),
    };
    let (mut response, kind, code) = match answered {
        Ok(answered) => (answered.response, answered.kind, answered.code),
        Err(rejection) if goes_on && event_stream::is_passing_for_a_key(&rejection) => (
            event_stream::retry_later(),
            Kind::RefusedDocument,
            Some(rejection.code),
        ),
        Err(rejection) => {
            let mut response = refusal::graphql(&rejection, form, request_id.as_ref());
            if rejection.code == Code::MethodNotAllowed {
                let allowed = match (rejection.message == POST_ONLY, gateway.limits.get) {
                    (true, _) => "POST",
                    (false, true) => "GET, HEAD, POST, QUERY",
                    (false, false) => "POST, QUERY",
                };
                response
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static(allowed));
            }
            (response, Kind::RefusedDocument, Some(rejection.code))
        }
    };
    let took = started.elapsed();
    gateway
        .metrics
        .answered(kind.label(), log::label(&response, code), took);
    let name = request_id.as_ref().map(RequestId::as_str);
    log::answered("graphql", kind.label(), &response, code, took, name);
    if !has_body || code == Some(Code::UnsupportedMediaType) {
        method::tell_query(&mut response, "application/json");
    }
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("Accept, Authorization"));
    response
}

const POST_ONLY: &str = "a mutation may not be sent by GET or QUERY; send it by POST";

/// What was asked, as far as that came to light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Query,
    Introspection,
    Subscription,
    /// A query whose answer the client has.
    NotModified,
    RefusedDocument,
}

impl Kind {
    const fn label(self) -> &'static str {
        match self {
            Self::Query | Self::NotModified => "query",
            Self::Introspection => "introspection",
            Self::Subscription => "subscription",
            Self::RefusedDocument => "refused",
        }
    }
}

/// An answer, and what the log and the counters say of it.
struct Answered {
    response: Response,
    kind: Kind,
    code: Option<Code>,
}

impl Answered {
    /// The same with its tag, where it is data without errors.
    fn with_tag(mut self, conditional: Conditional) -> Self {
        if self.code.is_none() && self.response.status() == StatusCode::OK {
            let not_modified = conditional.not_modified(true);
            self.response = not_modified.unwrap_or_else(|| conditional.mark(self.response));
        }
        self
    }
}

async fn within(
    gateway: &Arc<Gateway>,
    form: AnswerForm,
    request: Request<Body>,
) -> Result<Answered, Rejection> {
    let deadline = Deadline::of(gateway);
    // Boxed: it is large, and each step on its way to the timer would copy it.
    let answered = Box::pin(answer(gateway, form, request, deadline));
    deadline.bound(answered).await?
}

async fn answer(
    gateway: &Arc<Gateway>,
    form: AnswerForm,
    request: Request<Body>,
    deadline: Deadline,
) -> Result<Answered, Rejection> {
    let (parts, sent) = request.into_parts();
    let is_query = method::is_query(&parts.method);
    let is_get = match parts.method {
        Method::GET | Method::HEAD if gateway.limits.get => true,
        Method::POST => false,
        _ if is_query => false,
        _ if gateway.limits.get => {
            return Err(Rejection::new(Code::MethodNotAllowed, "use GET, POST or QUERY"));
        }
        _ => return Err(Rejection::new(Code::MethodNotAllowed, "use POST or QUERY")),
    };
    let asked = parts.uri.query().unwrap_or_default();
    query_string::refuse_key_in_url(asked)?;
    if !is_get {
        graphql_request::check_post_headers(&parts.headers)?;
    }
    let mut caller = admission::enter(gateway, &parts).await?;
    let depth = gateway.documents.limits().variable_depth;
    let decoded = if is_get {
        graphql_request::decode_get(asked, depth)
    } else {
        let arrived_by = deadline.within(gateway.limits.body_timeout);
        let bytes = body::read_body(sent, gateway.limits.body_bytes, arrived_by).await;
        bytes.and_then(|bytes| graphql_request::decode_post(&bytes, depth))
    };
    let checking = Instant::now();
    let checked = decoded.and_then(|decoded| check(gateway, &decoded, is_get || is_query));
    gateway.metrics.stage("guard", checking.elapsed());
    let limits = gateway.documents.limits();
    let reports_cost = asks_for_cost(&parts.headers);
    let style = |cost: Option<u64>| Style {
        form,
        cost: cost.filter(|_| reports_cost).map(|cost| (cost, limits.cost)),
        most_errors: limits.errors,
        request_id: parts.extensions.get().cloned(),
    };
    // What is refused costs a point.
    let mut answered = match checked {
        Ok(Ok(checked)) => {
            let (cost, plan) = (checked.cost, Arc::clone(&checked.plan));
            let style = style(Some(cost));
            match &*plan {
                Plan::Query(plan) => {
                    let _permit = caller.permit(gateway, cost).await?;
                    let conditional = if is_get && !reports_cost {
                        conditional(gateway, deadline, &caller, &parts, form, &checked).await
                    } else {
                        Conditional::default()
                    };
                    // Of any answer that a client may have it is not known yet that there is one.
                    let answered = match conditional.not_modified(false) {
                        Some(response) => Answered {
                            response,
                            kind: Kind::NotModified,
                            code: None,
                        },
                        None => run(gateway, deadline, &caller, plan, &checked, &style).await,
                    };
                    if matches!(answered.kind, Kind::RefusedDocument | Kind::NotModified) {
                        caller.refund(gateway);
                    }
                    answered.with_tag(conditional)
                }
                Plan::Subscription(plan) => {
                    subscription::start(gateway, &mut caller, plan, &checked, &parts, style).await?
                }
            }
        }
        Ok(Err(refused)) => {
            caller.charge_refusal(gateway);
            refuse(gateway, &refused.faults, &style(refused.cost))
        }
        Err(mut rejection) => {
            caller.charge_refusal(gateway);
            rejection.remaining = caller.remaining();
            return Err(rejection);
        }
    };
    caller.tell(answered.response.headers_mut());
    Ok(answered)
}

/// Whether the client wants to know what its request costs.
fn asks_for_cost(headers: &HeaderMap) -> bool {
    headers
        .get(COST_HEADER)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"report"))
}

/// What the client has of the answer to a query. Where the database does not say, the query itself tells why.
async fn conditional(
    gateway: &Gateway,
    deadline: Deadline,
    caller: &Caller,
    parts: &Parts,
    form: AnswerForm,
    checked: &Checked,
) -> Conditional {
    let document = checked.known.document().executable();
    let Some(offsets) = settled(document, &checked.variables) else {
        return Conditional::default();
    };
    let offsets: Vec<u8> = offsets.iter().flat_map(|offset| offset.to_be_bytes()).collect();
    let request = [
        PATH.as_bytes(),
        parts.uri.query().unwrap_or_default().as_bytes(),
        form.media.content_type().as_bytes(),
        caller.viewer.account_name().as_bytes(),
        &offsets,
    ];
    let store = deadline.store(gateway);
    let looked = Conditional::look(gateway, &store, &caller.viewer, &parts.headers, &request).await;
    looked.unwrap_or_default()
}

/// Runs a checked request, in its turn.
async fn run(
    gateway: &Gateway,
    deadline: Deadline,
    caller: &Caller,
    plan: &QueryPlan,
    checked: &Checked,
    style: &Style,
) -> Answered {
    let store = deadline.store(gateway);
    let running = Instant::now();
    let run = Run {
        document: checked.known.document().executable(),
        schema: &gateway.schema,
        caller: resources::Caller {
            store: &store,
            viewer: &caller.viewer,
            changes: &gateway.changes,
            list_items: ListItems(gateway.documents.limits().list_items),
        },
        variables: &checked.variables,
    };
    let mut json = Json::with_capacity(ANSWER_BYTES);
    json.raw(answer::DATA);
    let ran = plan.run(run, &mut json).await;
    let outcome = answer::executed(json, &ran, style);
    gateway.metrics.stage("execution", running.elapsed());
    Answered {
        response: outcome.response,
        kind: if outcome.is_refused {
            Kind::RefusedDocument
        } else {
            checked.kind
        },
        code: outcome.code,
    }
}

/// Room for an answer without lists. **Unit**: bytes.
const ANSWER_BYTES: usize = 1024;

/// An answer to a document that does not run.
fn refuse(gateway: &Gateway, faults: &[GraphqlError], style: &Style) -> Answered {
    let code = faults.first().map(|fault| fault.code);
    if let Some(code) = code {
        gateway.metrics.refused(code.row().label);
    }
    Answered {
        response: answer::refused(faults, style),
        kind: Kind::RefusedDocument,
        code,
    }
}
