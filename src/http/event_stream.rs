//! Event streams of changes: how one is opened, what is sent beside its events, and how it ends.
//!
//! Takes what a caller follows and how an event is written; gives a stream that ends when its client goes, its key ends, its
//! time is up, or the service stops: never because it has come to an end. An event's `id` is where a client goes on, by
//! `Last-Event-ID`.
//!
//! Source: HTML, "Server-sent events".

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use entity::imports;
use futures_util::stream::{iter, unfold};
use futures_util::{Stream, StreamExt as _};
use rand::RngExt as _;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::admission::{self, Caller};
use super::negotiate::{self, MediaType};
use super::request_id::RequestId;
use super::{Gateway, Readiness};
use crate::changes::{ChangesCursor, Ended, Event, Subscriber};
use crate::error::{Code, Rejection};
use crate::load::budget::Budgets;
use crate::load::streams::{Place, TooManyStreams};
use crate::resources::imports::ChangesQuestion;
use crate::store::held_tokens::HeldToken;
use crate::store::query::table::Fields;

/// How many events cost a point.
const EVENTS_A_POINT: u64 = 100;
/// After how long without an event a comment is sent, so that nobody takes the stream for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a client that goes on waits when it is turned away. **Unit**: milliseconds.
const RETRY_MILLIS: std::ops::Range<u64> = 2_000..10_000;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Why no stream is opened.
pub(super) enum NotOpened {
    /// The changes after the point are no longer known.
    Expired,
    /// The service is to stop. Behind a balancer another instance answers soon.
    Draining,
    /// Anything else.
    Rejected(Rejection),
}

impl From<Rejection> for NotOpened {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// Whether who is refused so at the door may be let in later. Who has no valid key at all is not spared its 429.
pub(super) fn is_passing_for_a_key(rejection: &Rejection) -> bool {
    is_passing(rejection) && (rejection.code != Code::RateLimited || rejection.remaining.is_some())
}

/// Whether who is refused so may be let in later.
pub(super) fn is_passing(rejection: &Rejection) -> bool {
    matches!(
        rejection.code,
        Code::RateLimited | Code::Overloaded | Code::ServiceUnavailable | Code::Timeout
    )
}

/// How events are written.
pub(super) trait Form: Send + 'static {
    /// Writes an event: the lines of its block, but for its `id`.
    fn event(&self, event: &Event<imports::Model>, text: &mut Vec<u8>);

    /// What is sent last of all where the changes that follow are no longer known. Where it is nothing, a client hears of it
    /// when it comes again.
    fn expired(&self) -> Bytes {
        Bytes::new()
    }
}

/// The point at which a client goes on, by its header. What it has before its first event is an empty text.
pub(super) fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    let last = headers.get_all(LAST_EVENT_ID).iter().next_back()?;
    // No cursor has such a letter.
    let last = last.to_str().unwrap_or("?");
    Some(last).filter(|last| !last.is_empty())
}

/// Whether a client reads event streams and goes on with one by itself.
pub(super) fn goes_on(headers: &HeaderMap) -> bool {
    last_event_id(headers).is_some() && negotiate::takes_event_streams(headers.get_all(ACCEPT))
}

/// An event stream that ends at once, and says when to come again: a client that goes on by itself never comes back after
/// any status but 200.
pub(super) fn retry_later() -> Response {
    let millis = rand::rng().random_range(RETRY_MILLIS);
    response(Body::from(format!("retry: {millis}\n\n")))
}

/// An event stream.
pub(super) fn response(body: Body) -> Response {
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static(MediaType::EventStream.content_type()),
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

/// A caller's place among the streams, and what is told there.
pub(super) struct Opened {
    /// From where on.
    start: ChangesCursor,
    subscriber: Subscriber<imports::Model>,
    place: Place,
}

/// Opens a stream that costs so many points, with events of these columns.
///
/// # Errors
///
/// [`NotOpened`].
pub(super) async fn open(
    gateway: &Gateway,
    caller: &mut Caller,
    cost: u64,
    question: ChangesQuestion,
    fields: Fields,
    parts: &Parts,
) -> Result<Opened, NotOpened> {
    if *gateway.readiness.borrow() == Readiness::Draining {
        return Err(NotOpened::Draining);
    }
    let account_id = caller.viewer.account_id();
    let permit = caller.permit(gateway, cost).await?;
    let place = gateway.streams.open(account_id);
    let place = place.map_err(|error| full(error, caller))?;
    let feed = &gateway.changes;
    let subscribed = feed.subscribe(account_id, question.filter, fields, question.after);
    let ready = match subscribed.await {
        // From where the client goes on: what is read now is told only later.
        Ok(mut subscriber) => {
            let start = subscriber.position();
            subscriber.ready().await.map(|()| (start, subscriber))
        }
        Err(ended) => Err(ended),
    };
    drop(permit);
    let (start, subscriber) = ready.map_err(|ended| match ended {
        Ended::Expired => NotOpened::Expired,
        Ended::Unavailable(error) => {
            let request_id = parts.extensions.get::<RequestId>().map(RequestId::as_str);
            Rejection::of_store(&error, request_id).into()
        }
    })?;
    Ok(Opened {
        start,
        subscriber,
        place,
    })
}

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

impl Opened {
    /// Who is told, for a stream of another kind.
    pub(super) fn into_subscriber(self) -> (Subscriber<imports::Model>, Place) {
        (self.subscriber, self.place)
    }

    /// The stream, for the client whose request had these headers.
    pub(super) fn response(
        self,
        gateway: &Arc<Gateway>,
        caller: &Caller,
        headers: &HeaderMap,
        form: impl Form,
    ) -> Response {
        let now = Instant::now();
        let following = Following {
            gateway: Arc::clone(gateway),
            account_id: caller.viewer.account_id(),
            token: admission::hold(gateway, &caller.viewer, headers),
            form,
            subscriber: self.subscriber,
            readiness: gateway.readiness.clone(),
            ends_at: now + gateway.limits.stream_lifetime,
            is_draining: false,
            meter: Meter::default(),
            is_over: false,
            _place: self.place,
        };
        response(Body::from_stream(following.blocks(self.start)))
    }
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

/// Waits until a stream is to end because the service does. Not all clients come back at once.
pub(super) async fn stopping(mut readiness: watch::Receiver<Readiness>, delay: Duration) {
    draining(&mut readiness).await;
    sleep(part_of(delay)).await;
}

/// A part of a delay, by chance.
fn part_of(delay: Duration) -> Duration {
    delay.mul_f64(rand::rng().random_range(0.0..1.0))
}

/// Counts the events of a stream, and charges for them.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// How many events were told.
    told: u64,
}

impl Meter {
    /// Charges an account for more events.
    pub(super) fn count(&mut self, events: u64, budgets: &Budgets, account_id: i64) {
        let before = self.told / EVENTS_A_POINT;
        self.told += events;
        let points = self.told / EVENTS_A_POINT - before;
        if points > 0 {
            budgets.charge(account_id, points, Tick::now());
        }
    }
}

/// A stream under way.
struct Following<F> {
    gateway: Arc<Gateway>,
    account_id: i64,
    /// What the stream was opened by.
    token: HeldToken,
    form: F,
    subscriber: Subscriber<imports::Model>,
    readiness: watch::Receiver<Readiness>,
    ends_at: Instant,
    is_draining: bool,
    meter: Meter,
    /// Whether the last block was the last.
    is_over: bool,
    _place: Place,
}

impl<F: Form> Following<F> {
    /// What is sent, piece by piece.
    fn blocks(self, start: ChangesCursor) -> impl Stream<Item = Result<Bytes, Infallible>> {
        // The start is sent at once, so that a client knows that it is heard, and has a point to go on from.
        let start = format!(":\nid: {}\n\n", start.encode());
        let rest = unfold(Box::new(self), |mut following| async move {
            let block = following.next().await?;
            Some((Ok(block), following))
        });
        iter([Ok(Bytes::from(start))]).chain(rest)
    }

    /// The next piece; `None`: the stream ends.
    async fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        let quiet_until = Instant::now() + KEEP_ALIVE;
        loop {
            tokio::select! {
                biased;
                () = draining(&mut self.readiness), if !self.is_draining => {
                    self.is_draining = true;
                    // Not all clients come back at once.
                    let delay = self.gateway.limits.shutdown_delay;
                    self.ends_at = self.ends_at.min(Instant::now() + part_of(delay));
                }
                () = sleep_until(self.ends_at) => return None,
                () = self.token.ended() => return None,
                events = self.subscriber.next() => return self.told(events.ok()),
                () = sleep_until(quiet_until) => return Some(Bytes::from_static(b":\n")),
            }
        }
    }

    /// The blocks of some events; without any the point has expired.
    fn told(&mut self, events: Option<Vec<Event<imports::Model>>>) -> Option<Bytes> {
        let Some(events) = events else {
            self.is_over = true;
            return Some(self.form.expired()).filter(|expired| !expired.is_empty());
        };
        let mut text = Vec::new();
        for event in &events {
            self.form.event(event, &mut text);
            // Last: a client that is cut in the midst of a block has not passed it.
            text.extend_from_slice(format!("id: {}\n\n", event.cursor.encode()).as_bytes());
        }
        self.meter
            .count(events.len() as u64, &self.gateway.budgets, self.account_id);
        Some(Bytes::from(text))
    }
}
