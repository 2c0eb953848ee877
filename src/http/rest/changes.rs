//! `/api/v1/imports/changes`: what becomes of the caller's imports, as an event stream.
//!
//! Takes a request, gives a stream that ends when its client goes, its key ends, its time is up, or the service stops: never
//! because it has come to an end. An event's `id` is where a client goes on, by `Last-Event-ID`.
//!
//! Source: HTML, "Server-sent events".

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use entity::imports;
use futures_util::Stream;
use futures_util::stream::unfold;
use rand::RngExt as _;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::{Answered, counted, denied_as, problem, refused, request_id, told};
use crate::changes::{ChangesCursor, Ended, Subscriber};
use crate::error::{Code, Rejection};
use crate::http::admission::{self, Caller, Denied};
use crate::http::deadline::Deadline;
use crate::http::{Gateway, Readiness, query_string};
use crate::load::streams::{Place, TooManyStreams};
use crate::resources::imports::rest;
use crate::store::query::table::Fields;

/// What a stream costs at its start, as a page of one import does. **Unit**: points.
const START_COST: u64 = 11;
/// How many events cost a point.
const EVENTS_A_POINT: u64 = 100;
/// After how long without an event a comment is sent, so that nobody takes the stream for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often a stream's key is looked at.
const KEY_CHECK: Duration = Duration::from_secs(4);
/// How long a client that goes on waits when it is turned away. **Unit**: milliseconds.
const RETRY_MILLIS: std::ops::Range<u64> = 2_000..10_000;

/// The stream of the caller's changes.
pub(super) async fn changes(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let started = Tick::now();
    let parts = request.into_parts().0;
    let deadline = Deadline::of(&gateway);
    let answering = async {
        if let Err(rejection) = query_string::refuse_key_in_url(parts.uri.query().unwrap_or_default()) {
            return refused(&parts, &rejection);
        }
        match admission::enter(&gateway, &parts).await {
            Ok(mut caller) => {
                let answered = start(&gateway, &mut caller, &parts).await;
                told(&caller, answered)
            }
            Err(Denied::Rejected(rejection)) if comes_back(&parts) && is_passing_for_a_key(&rejection) => {
                (retry_later(), Some(rejection.code))
            }
            Err(denied) => denied_as(&parts, denied),
        }
    };
    let answered = deadline.bound(answering).await;
    let answered = answered.unwrap_or_else(|rejection| refused(&parts, &rejection));
    counted(&gateway, &parts, started, answered)
}

async fn start(gateway: &Arc<Gateway>, caller: &mut Caller, parts: &Parts) -> Answered {
    let mut last = parts.headers.get_all(LAST_EVENT_ID).iter();
    let last = last.next_back().map(|value| value.to_str().unwrap_or("?"));
    let most_items = gateway.documents.limits().list_items;
    let question = match rest::parse_changes(parts.uri.query(), last, most_items) {
        Ok(question) => question,
        Err(faults) => {
            caller.charge_refusal(gateway);
            return (problem::bad_request(&faults), Some(Code::BadRequest));
        }
    };
    // Behind a balancer another instance answers by then.
    if *gateway.readiness.borrow() == Readiness::Draining {
        return (retry_later(), None);
    }
    let account_id = caller.viewer.account_id();
    let entered = async {
        let permit = caller.permit(gateway, START_COST).await?;
        let place = gateway
            .streams
            .open(account_id)
            .map_err(|error| full(error, caller))?;
        let feed = &gateway.changes;
        let subscribed = feed
            .subscribe(account_id, question.filter, Fields::ALL, question.after)
            .await;
        let ready = match subscribed {
            // From where the client goes on: what is read now is told only later.
            Ok(mut subscriber) => {
                let start = subscriber.position();
                subscriber.ready().await.map(|()| (start, subscriber))
            }
            Err(ended) => Err(ended),
        };
        drop(permit);
        let (start, subscriber) = ready.map_err(|ended| match ended {
            Ended::Expired => Rejection::new(Code::ChangesExpired, EXPIRED),
            Ended::Unavailable(error) => Rejection::of_store(&error, request_id(parts)),
        })?;
        Ok((start, subscriber, place))
    };
    match entered.await {
        Ok((start, subscriber, place)) => (stream(gateway, caller, parts, start, subscriber, place), None),
        // A client that goes on by itself never comes back after any other status.
        Err(rejection) if question.after.is_some() && is_passing(&rejection) => {
            (retry_later(), Some(rejection.code))
        }
        Err(rejection) => refused(parts, &rejection),
    }
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What is said of a point that cannot be followed.
const EXPIRED: &str = "the changes after this event are no longer known; read the list anew, then follow it without Last-Event-ID";

fn full(error: TooManyStreams, caller: &Caller) -> Rejection {
    let code = match error {
        TooManyStreams::OfAccount => Code::RateLimited,
        TooManyStreams::OfAll => Code::Overloaded,
    };
    let mut rejection = Rejection::new(code, error.to_string());
    rejection.retry_after_s = Some(1);
    rejection.remaining = caller.remaining();
    rejection
}

/// Whether a client goes on from an event that it had, as far as its request says so.
fn comes_back(parts: &Parts) -> bool {
    let is_there = |value: &HeaderValue| !value.is_empty();
    let query = parts.uri.query().unwrap_or_default();
    parts.headers.get_all(LAST_EVENT_ID).iter().any(is_there)
        || query.split('&').any(|one| one.starts_with(rest::LAST_EVENT_ID))
}

/// Who has no valid key at all is not spared its 429.
fn is_passing_for_a_key(rejection: &Rejection) -> bool {
    is_passing(rejection) && (rejection.code != Code::RateLimited || rejection.remaining.is_some())
}

fn is_passing(rejection: &Rejection) -> bool {
    matches!(
        rejection.code,
        Code::RateLimited | Code::Overloaded | Code::ServiceUnavailable | Code::Timeout
    )
}

/// An event stream that ends at once, and says when to come again.
fn retry_later() -> Response {
    let millis = rand::rng().random_range(RETRY_MILLIS);
    events(Body::from(format!("retry: {millis}\n\n")))
}

fn events(body: Body) -> Response {
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream; charset=utf-8"),
        ),
        (CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
        // nginx holds events back otherwise.
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    (StatusCode::OK, headers, body).into_response()
}

fn stream(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    parts: &Parts,
    start: ChangesCursor,
    subscriber: Subscriber<imports::Model>,
    place: Place,
) -> Response {
    let now = Instant::now();
    let mut checks = interval_at(now + KEY_CHECK, KEY_CHECK);
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let following = Following {
        gateway: Arc::clone(gateway),
        account_id: caller.viewer.account_id(),
        headers: parts.headers.clone(),
        subscriber,
        readiness: gateway.readiness.clone(),
        ends_at: now + gateway.limits.stream_lifetime,
        checks,
        is_draining: false,
        told: 0,
        _place: place,
    };
    events(Body::from_stream(following.blocks(start)))
}

/// Waits until the service is to stop.
async fn draining(readiness: &mut watch::Receiver<Readiness>) {
    if readiness
        .wait_for(|readiness| *readiness == Readiness::Draining)
        .await
        .is_err()
    {
        // Nobody says so any more; then it is the runtime that ends the stream.
        std::future::pending::<()>().await;
    }
}

/// A stream under way.
struct Following {
    gateway: Arc<Gateway>,
    account_id: i64,
    /// With the key that the stream was opened by.
    headers: axum::http::HeaderMap,
    subscriber: Subscriber<imports::Model>,
    readiness: watch::Receiver<Readiness>,
    ends_at: Instant,
    checks: Interval,
    is_draining: bool,
    /// How many events were told.
    told: u64,
    _place: Place,
}

impl Following {
    /// What is sent, piece by piece.
    fn blocks(self, start: ChangesCursor) -> impl Stream<Item = Result<Bytes, Infallible>> {
        // The start is sent at once, so that a client knows that it is heard, and has a point to go on from.
        let start = format!(":\nid: {}\n\n", start.encode());
        let first = futures_util::stream::iter([Ok(Bytes::from(start))]);
        let rest = unfold(Box::pin(self), |mut following: Pin<Box<Self>>| async move {
            let block = following.next().await?;
            Some((Ok(block), following))
        });
        futures_util::StreamExt::chain(first, rest)
    }

    /// The next piece; `None`: the stream ends.
    async fn next(&mut self) -> Option<Bytes> {
        let quiet_until = Instant::now() + KEEP_ALIVE;
        loop {
            tokio::select! {
                biased;
                () = draining(&mut self.readiness), if !self.is_draining => {
                    self.is_draining = true;
                    // Not all clients come back at once.
                    let delay = self.gateway.limits.shutdown_delay;
                    let part = rand::rng().random_range(0.0..1.0);
                    self.ends_at = self.ends_at.min(Instant::now() + delay.mul_f64(part));
                }
                () = sleep_until(self.ends_at) => return None,
                _ = self.checks.tick() => {
                    if !admission::is_still_let_in(&self.gateway, &self.headers, self.account_id).await {
                        return None;
                    }
                }
                events = self.subscriber.next() => {
                    // Where the point has expired, the client hears of it when it comes again.
                    let events = events.ok()?;
                    let mut text = Vec::new();
                    for event in &events {
                        text.extend_from_slice(b"data: ");
                        text.extend(rest::change(event));
                        text.extend_from_slice(format!("\nid: {}\n\n", event.cursor.encode()).as_bytes());
                    }
                    self.charge(events.len() as u64);
                    return Some(Bytes::from(text));
                }
                () = sleep_until(quiet_until) => return Some(Bytes::from_static(b":\n")),
            }
        }
    }

    fn charge(&mut self, events: u64) {
        let before = self.told / EVENTS_A_POINT;
        self.told += events;
        let points = self.told / EVENTS_A_POINT - before;
        if points > 0 {
            self.gateway.budgets.charge(self.account_id, points, Tick::now());
        }
    }
}
