//! What one connection is doing, and until when it may.
//!
//! A [`ConnectionState`] is shared by the socket and the bodies of one connection, which report to it, and by the
//! connection's task, which asks it for the next deadline. It holds instants and flags; it never waits and never touches
//! the socket.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::Incoming;
use tokio::time::Instant;

use crate::limits::Limits;

/// What has to happen to a connection at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Close it in order: nothing is under way.
    Close,
    /// Drop it: the client keeps us waiting.
    Abort,
    /// Drop it, and let the kernel discard what the client does not read.
    Reset,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// A request's head is awaited. `started`: a byte of it has come.
    ReadingHead { since: Instant, started: bool },
    /// A request is being answered.
    Answering,
    /// Between two requests.
    Idle { since: Instant },
    /// Told to close.
    Closing { since: Instant },
    /// Its service has taken it over, and speaks another protocol.
    TakenOver,
}

#[derive(Debug)]
struct Inner {
    phase: Phase,
    /// Since when the client has read nothing of what we write.
    blocked_since: Option<Instant>,
    /// When a connection without a request is closed, once a drain has begun.
    drain_at: Option<Instant>,
    /// The running request's body has been read to its end.
    body_read: bool,
    /// Bytes of the next request came while this one was being answered.
    next_started: bool,
    /// The running request's body was dropped before its end.
    has_unread: bool,
    /// What is left of that body, until it is taken.
    rest: Option<Incoming>,
    /// The socket is reset when it is dropped, so that the kernel discards unsent bytes.
    reset: bool,
}

/// The state of one connection.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionState(Arc<Mutex<Inner>>);

impl ConnectionState {
    pub(crate) fn new(now: Instant) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            phase: Phase::ReadingHead {
                since: now,
                started: false,
            },
            blocked_since: None,
            drain_at: None,
            body_read: true,
            next_started: false,
            has_unread: false,
            rest: None,
            reset: false,
        })))
    }

    /// What happens to the connection next if nothing changes, and when. While a request is answered there is no deadline,
    /// unless the client does not read.
    pub(crate) fn next_deadline(&self, limits: &Limits) -> Option<(Instant, Action)> {
        let state = self.lock();
        let blocked = state
            .blocked_since
            .map(|since| (since + limits.write_idle_timeout, Action::Reset));
        let waiting = match state.phase {
            Phase::ReadingHead { since, .. } => Some((since + limits.header_timeout, Action::Abort)),
            Phase::Answering | Phase::TakenOver => None,
            Phase::Idle { since } => Some((since + limits.idle_timeout, Action::Close)),
            Phase::Closing { since } => Some((since + limits.write_idle_timeout, Action::Abort)),
        };
        let is_without_request = matches!(
            state.phase,
            Phase::ReadingHead { started: false, .. } | Phase::Idle { .. }
        );
        let drained = state
            .drain_at
            .filter(|_| is_without_request)
            .map(|at| (at, Action::Close));
        [blocked, waiting, drained]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }

    /// From `at` on the connection is closed once it has no request.
    pub(crate) fn drain(&self, at: Instant) {
        self.lock().drain_at = Some(at);
    }

    pub(crate) fn closing(&self, now: Instant) {
        let mut state = self.lock();
        if !matches!(state.phase, Phase::TakenOver) {
            state.phase = Phase::Closing { since: now };
        }
    }

    /// The response about to be sent is the last one of this protocol.
    pub(crate) fn taken_over(&self) {
        self.lock().phase = Phase::TakenOver;
    }

    pub(crate) fn reset(&self) {
        self.lock().reset = true;
    }

    pub(crate) fn is_reset(&self) -> bool {
        self.lock().reset
    }

    pub(crate) fn bytes_read(&self, now: Instant) {
        let mut state = self.lock();
        match &mut state.phase {
            Phase::ReadingHead { started, .. } => *started = true,
            Phase::Idle { .. } => {
                state.phase = Phase::ReadingHead {
                    since: now,
                    started: true,
                }
            }
            Phase::Answering => state.next_started |= state.body_read,
            Phase::Closing { .. } | Phase::TakenOver => {}
        }
    }

    pub(crate) fn bytes_written(&self) {
        self.lock().blocked_since = None;
    }

    pub(crate) fn write_blocked(&self, now: Instant) {
        self.lock().blocked_since.get_or_insert(now);
    }

    pub(crate) fn request_started(&self, body_read: bool) {
        let mut state = self.lock();
        state.phase = Phase::Answering;
        state.body_read = body_read;
        state.next_started = false;
        state.has_unread = false;
        state.rest = None;
    }

    pub(crate) fn request_body_ended(&self) {
        let mut state = self.lock();
        state.body_read = true;
        state.has_unread = false;
    }

    pub(crate) fn request_body_dropped(&self, rest: Option<Incoming>) {
        let mut state = self.lock();
        state.has_unread = true;
        state.rest = rest;
    }

    /// What is left of a body that was dropped before its end.
    pub(crate) fn take_rest(&self) -> Option<Incoming> {
        self.lock().rest.take()
    }

    pub(crate) fn response_ended(&self, now: Instant) {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Answering) {
            state.phase = match state.next_started {
                true => Phase::ReadingHead {
                    since: now,
                    started: true,
                },
                false => Phase::Idle { since: now },
            };
        }
    }

    /// Whether the response about to be sent is the connection's last.
    pub(crate) fn is_last_response(&self) -> bool {
        let state = self.lock();
        state.drain_at.is_some() || state.has_unread
    }

    /// Whether the client may still be sending what nobody will read.
    pub(crate) fn has_unread(&self) -> bool {
        let state = self.lock();
        state.has_unread || matches!(state.phase, Phase::ReadingHead { started: true, .. })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Each change is one assignment or a few: a panic cannot leave half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIMITS: Limits = Limits {
        connections: 1,
        connections_per_address: None,
        header_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(60),
        write_idle_timeout: Duration::from_secs(30),
        headers: 64,
        header_bytes: 16_384,
        drain_timeout: Duration::from_secs(25),
        drain_idle_grace: Duration::ZERO,
    };

    struct Clock(Instant);

    impl Clock {
        fn at(&self, seconds: u64) -> Instant {
            self.0 + Duration::from_secs(seconds)
        }
    }

    fn start() -> (Clock, ConnectionState) {
        let now = Instant::now();
        (Clock(now), ConnectionState::new(now))
    }

    #[test]
    fn a_silent_client_is_dropped_at_the_header_timeout() {
        let (clock, state) = start();
        assert_eq!(state.next_deadline(&LIMITS), Some((clock.at(10), Action::Abort)));
    }

    #[test]
    fn bytes_that_trickle_do_not_move_the_header_timeout() {
        let (clock, state) = start();
        state.bytes_read(clock.at(9));
        assert_eq!(state.next_deadline(&LIMITS), Some((clock.at(10), Action::Abort)));
    }

    #[test]
    fn a_running_request_has_no_deadline_here() {
        let (_, state) = start();
        state.request_started(true);
        assert_eq!(state.next_deadline(&LIMITS), None);
    }

    #[test]
    fn an_idle_connection_is_closed_and_a_started_head_has_its_own_timeout() {
        let (clock, state) = start();
        state.request_started(true);
        state.response_ended(clock.at(5));
        assert_eq!(state.next_deadline(&LIMITS), Some((clock.at(65), Action::Close)));
        state.bytes_read(clock.at(64));
        assert_eq!(state.next_deadline(&LIMITS), Some((clock.at(74), Action::Abort)));
        state.bytes_read(clock.at(70));
        assert_eq!(state.next_deadline(&LIMITS), Some((clock.at(74), Action::Abort)));
    }

    #[test]
    fn the_head_of_a_pipelined_request_is_timed_from_the_response_before_it() {
        let (clock, state) = start();
        state.request_started(false);
        state.bytes_read(clock.at(1));
        state.request_body_ended();
        state.bytes_read(clock.at(2));
        state.response_ended(clock.at(3));
        assert_eq!(state.next_deadline(&LIMITS), Some((clock.at(13), Action::Abort)));
    }

    #[test]
    fn bytes_of_the_body_are_not_taken_for_the_next_head() {
        let (clock, state) = start();
        state.request_started(false);
        state.bytes_read(clock.at(1));
        state.request_body_ended();
        state.response_ended(clock.at(3));
        assert_eq!(state.next_deadline(&LIMITS), Some((clock.at(63), Action::Close)));
    }

    #[test]
    fn a_client_that_reads_nothing_is_reset_counting_from_the_last_byte_it_read() {
        let (clock, state) = start();
        state.request_started(true);
        state.write_blocked(clock.at(1));
        state.write_blocked(clock.at(20));
        assert_eq!(state.next_deadline(&LIMITS), Some((clock.at(31), Action::Reset)));
        state.bytes_written();
        assert_eq!(state.next_deadline(&LIMITS), None);
        state.write_blocked(clock.at(25));
        assert_eq!(state.next_deadline(&LIMITS), Some((clock.at(55), Action::Reset)));
    }

    #[test]
    fn a_drain_closes_what_has_no_request_and_leaves_what_has() {
        let (clock, state) = start();
        state.drain(clock.at(1));
        assert_eq!(state.next_deadline(&LIMITS), Some((clock.at(1), Action::Close)));
        state.bytes_read(clock.at(1));
        assert_eq!(state.next_deadline(&LIMITS), Some((clock.at(10), Action::Abort)));
        state.request_started(true);
        assert_eq!(state.next_deadline(&LIMITS), None);
        state.response_ended(clock.at(2));
        assert_eq!(state.next_deadline(&LIMITS), Some((clock.at(1), Action::Close)));
    }

    #[test]
    fn a_connection_that_is_taken_over_has_no_deadline_and_no_drain() {
        let (clock, state) = start();
        state.request_started(true);
        state.taken_over();
        state.bytes_read(clock.at(1));
        state.response_ended(clock.at(1));
        state.drain(clock.at(2));
        state.closing(clock.at(2));
        assert_eq!(state.next_deadline(&LIMITS), None);
        assert!(!state.has_unread());
    }

    #[test]
    fn a_response_is_the_last_in_a_drain_and_after_an_unread_body() {
        let (clock, state) = start();
        state.request_started(false);
        assert!(!state.is_last_response());
        state.request_body_dropped(None);
        assert!(state.is_last_response() && state.has_unread());
        state.request_body_ended();
        assert!(!state.is_last_response() && !state.has_unread());
        state.request_body_dropped(None);
        state.request_started(true);
        assert!(!state.is_last_response());
        state.drain(clock.at(1));
        assert!(state.is_last_response());
    }
}
