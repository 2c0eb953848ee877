//! `/api/v1/imports` and its record: REST over HTTP.
//!
//! Takes a request, gives JSON. The order is the road's: method, key, query string, answer. `/api` without a version is
//! the same API.

mod changes;
mod counts;
pub mod problem;
mod record;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, AGE, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};

use mediatype::names::{APPLICATION, CHARSET, JSON};
use mediatype::{MediaType, Name, ReadParams as _};

use super::admission::{self, Caller, Denied};
use super::conditional::Conditional;
use super::deadline::Deadline;
use super::negotiate::{Preference, Specificity, is_utf8, preference, ranges};
use super::request_id::RequestId;
use super::{Gateway, body, log, method, query_string};
use crate::error::{Code, Rejection};
use crate::mirror::standings::Age;
use crate::resources::imports::rest;
use crate::store::Store;

/// Where lists are.
pub(super) const LISTS: [&str; 2] = ["/api/v1/imports", "/api/imports"];
/// Where counts are.
pub(super) const COUNTS: [&str; 2] = ["/api/v1/imports/counts", "/api/imports/counts"];
/// Where changes are.
pub(super) const CHANGES: [&str; 2] = ["/api/v1/imports/changes", "/api/imports/changes"];
/// Where records are.
pub(super) const RECORDS: [&str; 2] = ["/api/v1/imports/{id}", "/api/imports/{id}"];

pub(super) fn router() -> Router<Arc<Gateway>> {
    let mut router = Router::new().route("/api/{*rest}", any(unknown));
    for path in LISTS {
        router = router.route(path, get(list).fallback(method_not_allowed));
    }
    for path in COUNTS {
        router = router.route(path, get(counts::counts).fallback(method_not_allowed));
    }
    for path in CHANGES {
        router = router.route(path, get(changes::changes).fallback(method_not_allowed));
    }
    for path in RECORDS {
        router = router.route(path, get(record::record).fallback(method_not_allowed));
    }
    router
}

/// Whether QUERY is served at a path.
pub(super) fn is_list(path: &str) -> bool {
    LISTS.contains(&path)
}

/// A page of the caller's imports.
async fn list(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let mut response = answer_list(&gateway, request).await;
    method::tell_query(&mut response, FORM);
    response
}

/// A page of the caller's imports, by GET or QUERY. The parameters of a QUERY's body follow those of its URL.
pub(super) async fn answer_list(gateway: &Gateway, request: Request) -> Response {
    let started = Instant::now();
    let (parts, sent) = request.into_parts();
    let deadline = Deadline::of(gateway);
    let answering = async {
        let is_query = method::is_query(&parts.method);
        if is_query && let Err(rejection) = check_form_headers(&parts.headers) {
            return refused(&parts, &rejection);
        }
        match admit(gateway, &parts).await {
            Ok(mut caller) => {
                let age = age(gateway, &caller);
                let url = parts.uri.query().unwrap_or_default();
                let query = if is_query {
                    match read_form(gateway, deadline, sent, url).await {
                        Ok(query) => query,
                        Err(rejection) => {
                            caller.charge_refusal(gateway);
                            return told(&caller, refused(&parts, &rejection));
                        }
                    }
                } else {
                    Cow::Borrowed(url)
                };
                let answered = page(gateway, deadline, &mut caller, &parts, &query).await;
                told(&caller, with_age(age, answered))
            }
            Err(answered) => answered,
        }
    };
    let answered = deadline.bound(answering).await;
    let answered = answered.unwrap_or_else(|rejection| refused(&parts, &rejection));
    counted(gateway, &parts, started, answered)
}

/// What the body of a QUERY is.
const FORM: &str = "application/x-www-form-urlencoded";

/// Refuses a QUERY whose body is no form, before a byte of it is read.
///
/// Source: RFC 10008, which lets no server guess what a body is.
fn check_form_headers(headers: &HeaderMap) -> Result<(), Rejection> {
    let mut types = headers.get_all(CONTENT_TYPE).iter().map(HeaderValue::to_str);
    let (Some(Ok(media_type)), None) = (types.next(), types.next()) else {
        return Err(not_a_form());
    };
    let is_utf8 =
        |(name, value): (Name<'_>, mediatype::Value<'_>)| name != CHARSET || is_utf8(&value.unquoted_str());
    let is_form = MediaType::parse(media_type).is_ok_and(|media| {
        let essence = media.essence().to_string();
        essence.eq_ignore_ascii_case(FORM) && media.params().all(is_utf8)
    });
    if !is_form || headers.contains_key(CONTENT_ENCODING) {
        return Err(not_a_form());
    }
    Ok(())
}

fn not_a_form() -> Rejection {
    Rejection::new(
        Code::UnsupportedMediaType,
        "send the parameters of a QUERY as Content-Type: application/x-www-form-urlencoded, in UTF-8 and without Content-Encoding",
    )
}

/// The parameters of a QUERY: those of its URL, and behind them those of its body.
async fn read_form(
    gateway: &Gateway,
    deadline: Deadline,
    sent: Body,
    url: &str,
) -> Result<Cow<'static, str>, Rejection> {
    let arrived_by = deadline.within(gateway.limits.body_timeout);
    let bytes = body::read_body(sent, gateway.limits.body_bytes, arrived_by).await?;
    let Ok(form) = std::str::from_utf8(&bytes) else {
        return Err(Rejection::new(Code::BadRequest, "the request body is not UTF-8"));
    };
    query_string::refuse_key_in_url(form)?;
    Ok(Cow::Owned(format!("{url}&{form}")))
}

async fn page(
    gateway: &Gateway,
    deadline: Deadline,
    caller: &mut Caller,
    parts: &Parts,
    query: &str,
) -> Answered {
    let most_items = gateway.documents.limits().list_items;
    let question = match rest::parse(Some(query), most_items) {
        Ok(question) => question,
        Err(faults) => {
            caller.charge_refusal(gateway);
            return (problem::bad_request(&faults), Some(Code::BadRequest));
        }
    };
    let permit = caller.permit(gateway, question.cost()).await;
    let _permit = match permit {
        Ok(permit) => permit,
        Err(rejection) => return refused(parts, &rejection),
    };
    let store = deadline.store(gateway);
    // A search may end by the clock.
    let conditional = if question.is_search() {
        Conditional::default()
    } else {
        match conditional(gateway, &store, caller, parts, &[query.as_bytes()]).await {
            Ok(conditional) => conditional,
            Err(answered) => return answered,
        }
    };
    if let Some(response) = conditional.not_modified(true) {
        caller.refund(gateway);
        return (response, None);
    }
    match rest::list(&store, &caller.viewer, &question).await {
        Ok(page) => (conditional.mark(json(page)), None),
        Err(error) => refused(parts, &Rejection::of_store(&error, request_id(parts))),
    }
}

/// What the client has of an answer that the account's imports, its path and these texts alone decide.
async fn conditional(
    gateway: &Gateway,
    store: &Store,
    caller: &Caller,
    parts: &Parts,
    texts: &[&[u8]],
) -> Result<Conditional, Answered> {
    let request = [&[parts.uri.path().as_bytes()], texts].concat();
    let looked = Conditional::look(gateway, store, &caller.viewer, &parts.headers, &request).await;
    looked.map_err(|error| refused(parts, &Rejection::of_store(&error, request_id(parts))))
}

/// Answers at a path that is none, of this API or of any.
pub(super) async fn unknown(uri: Uri) -> Response {
    problem::not_found(&uri)
}

/// Answers a method other than GET and HEAD where there is no other.
pub(super) async fn method_not_allowed(uri: Uri) -> Response {
    let message = if is_list(uri.path()) {
        "use GET or QUERY"
    } else {
        "use GET"
    };
    problem::refusal(&uri, &Rejection::new(Code::MethodNotAllowed, message))
}

/// An answer and, of an error, its code.
type Answered = (Response, Option<Code>);

/// Lets the caller in, or says why not.
async fn admit(gateway: &Gateway, parts: &Parts) -> Result<Caller, Answered> {
    let allowed = query_string::refuse_key_in_url(parts.uri.query().unwrap_or_default());
    allowed.map_err(|rejection| refused(parts, &rejection))?;
    let entered = admission::enter(gateway, parts).await;
    entered.map_err(|denied| denied_as(parts, denied))
}

fn denied_as(parts: &Parts, denied: Denied) -> Answered {
    match denied {
        Denied::WrongAccount => (problem::not_found(&parts.uri), None),
        Denied::Rejected(rejection) => refused(parts, &rejection),
    }
}

/// An answer that says why there is none, as a problem for who would rather have one.
fn refused(parts: &Parts, rejection: &Rejection) -> Answered {
    let is_limited = rejection.code == Code::RateLimited;
    if is_limited && prefers_problem(&parts.headers) {
        return (problem::limited(&parts.uri, rejection), Some(rejection.code));
    }
    let uri = &parts.uri;
    (problem::refusal(uri, rejection), Some(rejection.code))
}

/// The answer with what is left of the caller's budget.
fn told(caller: &Caller, (mut response, code): Answered) -> Answered {
    caller.tell(response.headers_mut());
    (response, code)
}

/// How old the caller's imports are, where they are another service's. To be asked before they are read: they are no older
/// than that then, whatever comes in meanwhile.
fn age(gateway: &Gateway, caller: &Caller) -> Option<Age> {
    gateway.mirrors.age(caller.viewer.account_id())
}

/// The answer with its age in whole seconds, where it says something of imports that have one.
fn with_age(age: Option<Age>, (mut response, code): Answered) -> Answered {
    let status = response.status();
    let is_answer = status.is_success() || status == StatusCode::NOT_MODIFIED;
    if let Some(age) = age.filter(|_| is_answer) {
        let seconds = HeaderValue::from(age.now().as_secs());
        response.headers_mut().insert(AGE, seconds);
    }
    (response, code)
}

/// Counts and logs an answer: nothing that the caller wrote.
fn counted(gateway: &Gateway, parts: &Parts, started: Instant, (response, code): Answered) -> Response {
    let took = started.elapsed();
    gateway
        .metrics
        .answered("rest", log::label(&response, code), took);
    log::answered("rest", "query", &response, code, took, request_id(parts));
    response
}

/// Whether a client would rather have a problem than the form that the mirrored API has.
fn prefers_problem(headers: &HeaderMap) -> bool {
    let ranges = ranges(headers.get_all(ACCEPT));
    let problem = MediaType::from_parts(APPLICATION, Name::new_unchecked("problem"), Some(JSON), &[]);
    let problem = preference(&ranges, &problem);
    let usual = preference(&ranges, &MediaType::new(APPLICATION, JSON));
    let is_named = |one: Preference| one.specificity == Specificity::Exact;
    is_named(problem)
        && problem.quality > 0
        && (problem.quality > usual.quality || (problem.quality == usual.quality && !is_named(usual)))
}

fn request_id(parts: &Parts) -> Option<&str> {
    parts.extensions.get::<RequestId>().map(RequestId::as_str)
}

fn json(body: Vec<u8>) -> Response {
    let content_type = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, content_type)], body).into_response()
}
