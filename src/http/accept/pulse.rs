//! What one connection is doing, and until when it may.
//!
//! A [`Pulse`] is shared by the socket, the requests and the answers of one connection, which report to it, and by the
//! connection's task, which asks it what is due. It holds instants and flags; it never waits and never touches the
//! socket.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::ConnectionLimits;

/// What has to happen to a connection at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Close it in order: nothing is under way.
    Close,
    /// Cut it: the client keeps us waiting.
    Cut,
    /// Cut it, and let the kernel forget what the client does not take.
    Reset,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// A request's head is awaited. `begun`: a byte of it has come.
    Head { since: Instant, begun: bool },
    /// A request is being answered.
    Busy,
    /// Between two requests.
    Idle { since: Instant },
    /// Told to close.
    Closing { since: Instant },
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Since when the client has taken nothing of what we write.
    stalled_since: Option<Instant>,
    /// When a connection without a request is closed, once a drain has begun.
    drain_at: Option<Instant>,
    /// The running request's body has been read to its end.
    body_read: bool,
    /// Bytes of the next request came while this one was being answered.
    next_begun: bool,
    /// Bytes of a body that was dropped before its end: at most so many, as far as is known.
    unread_bytes: Option<u64>,
    /// The kernel shall forget unsent bytes.
    reset: bool,
}

/// The state of one connection.
#[derive(Clone, Debug)]
pub(super) struct Pulse(Arc<Mutex<State>>);

/// An unread rest up to this size most likely stands in the parser's buffer: the connection lives on if it does.
const SMALL_REST_BYTES: u64 = 4096;

impl Pulse {
    pub(super) fn new(now: Instant) -> Self {
        Self(Arc::new(Mutex::new(State {
            phase: Phase::Head {
                since: now,
                begun: false,
            },
            stalled_since: None,
            drain_at: None,
            body_read: true,
            next_begun: false,
            unread_bytes: None,
            reset: false,
        })))
    }

    /// What is due next, and when. A connection that answers a request has no deadline of its own here, unless its
    /// client does not read.
    pub(super) fn due(&self, limits: &ConnectionLimits) -> Option<(Instant, Due)> {
        let state = self.state();
        let stalled = state
            .stalled_since
            .map(|since| (since + limits.write_idle_timeout, Due::Reset));
        let waiting = match state.phase {
            Phase::Head { since, .. } => Some((since + limits.header_timeout, Due::Cut)),
            Phase::Busy => None,
            Phase::Idle { since } => Some((since + limits.idle_timeout, Due::Close)),
            Phase::Closing { since } => Some((since + limits.write_idle_timeout, Due::Cut)),
        };
        let nothing_begun = matches!(state.phase, Phase::Head { begun: false, .. } | Phase::Idle { .. });
        let drained = state
            .drain_at
            .filter(|_| nothing_begun)
            .map(|at| (at, Due::Close));
        [stalled, waiting, drained]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }

    pub(super) fn drain(&self, at: Instant) {
        self.state().drain_at = Some(at);
    }

    pub(super) fn closing(&self, now: Instant) {
        self.state().phase = Phase::Closing { since: now };
    }

    pub(super) fn reset(&self) {
        self.state().reset = true;
    }

    pub(super) fn is_reset(&self) -> bool {
        self.state().reset
    }

    pub(super) fn bytes_came(&self, now: Instant) {
        let mut state = self.state();
        match &mut state.phase {
            Phase::Head { begun, .. } => *begun = true,
            Phase::Idle { .. } => {
                state.phase = Phase::Head {
                    since: now,
                    begun: true,
                }
            }
            Phase::Busy => state.next_begun |= state.body_read,
            Phase::Closing { .. } => {}
        }
    }

    pub(super) fn bytes_went(&self) {
        self.state().stalled_since = None;
    }

    pub(super) fn write_stalls(&self, now: Instant) {
        self.state().stalled_since.get_or_insert(now);
    }

    pub(super) fn request_begins(&self, body_read: bool) {
        let mut state = self.state();
        state.phase = Phase::Busy;
        state.body_read = body_read;
        state.next_begun = false;
        state.unread_bytes = None;
    }

    pub(super) fn body_ends(&self) {
        self.state().body_read = true;
    }

    pub(super) fn body_is_dropped(&self, rest_bytes: Option<u64>) {
        self.state().unread_bytes = Some(rest_bytes.unwrap_or(u64::MAX));
    }

    pub(super) fn answer_ends(&self, now: Instant) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Busy) {
            state.phase = match state.next_begun {
                true => Phase::Head {
                    since: now,
                    begun: true,
                },
                false => Phase::Idle { since: now },
            };
        }
    }

    /// The answer about to be sent is the connection's last.
    pub(super) fn is_last_answer(&self) -> bool {
        let state = self.state();
        state.drain_at.is_some() || state.unread_bytes.is_some_and(|bytes| bytes > SMALL_REST_BYTES)
    }

    /// The client may still be sending what nobody will read.
    pub(super) fn has_unread(&self) -> bool {
        let state = self.state();
        state.unread_bytes.is_some() || matches!(state.phase, Phase::Head { begun: true, .. })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one assignment or a few: a panic cannot leave half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIMITS: ConnectionLimits = ConnectionLimits {
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

    fn start() -> (Clock, Pulse) {
        let now = Instant::now();
        (Clock(now), Pulse::new(now))
    }

    #[test]
    fn a_silent_client_is_cut_at_the_header_timeout() {
        let (clock, pulse) = start();
        assert_eq!(pulse.due(&LIMITS), Some((clock.at(10), Due::Cut)));
    }

    #[test]
    fn bytes_that_trickle_do_not_move_the_header_timeout() {
        let (clock, pulse) = start();
        pulse.bytes_came(clock.at(9));
        assert_eq!(pulse.due(&LIMITS), Some((clock.at(10), Due::Cut)));
    }

    #[test]
    fn a_running_request_has_no_deadline_here() {
        let (_, pulse) = start();
        pulse.request_begins(true);
        assert_eq!(pulse.due(&LIMITS), None);
    }

    #[test]
    fn an_idle_connection_is_closed_and_a_begun_head_has_its_own_timeout() {
        let (clock, pulse) = start();
        pulse.request_begins(true);
        pulse.answer_ends(clock.at(5));
        assert_eq!(pulse.due(&LIMITS), Some((clock.at(65), Due::Close)));
        pulse.bytes_came(clock.at(64));
        assert_eq!(pulse.due(&LIMITS), Some((clock.at(74), Due::Cut)));
        pulse.bytes_came(clock.at(70));
        assert_eq!(pulse.due(&LIMITS), Some((clock.at(74), Due::Cut)));
    }

    #[test]
    fn the_head_of_a_pipelined_request_is_timed_from_the_answer_before_it() {
        let (clock, pulse) = start();
        pulse.request_begins(false);
        pulse.bytes_came(clock.at(1));
        pulse.body_ends();
        pulse.bytes_came(clock.at(2));
        pulse.answer_ends(clock.at(3));
        assert_eq!(pulse.due(&LIMITS), Some((clock.at(13), Due::Cut)));
    }

    #[test]
    fn bytes_of_the_body_are_not_taken_for_the_next_head() {
        let (clock, pulse) = start();
        pulse.request_begins(false);
        pulse.bytes_came(clock.at(1));
        pulse.body_ends();
        pulse.answer_ends(clock.at(3));
        assert_eq!(pulse.due(&LIMITS), Some((clock.at(63), Due::Close)));
    }

    #[test]
    fn a_client_that_takes_nothing_is_reset_counting_from_the_last_byte_it_took() {
        let (clock, pulse) = start();
        pulse.request_begins(true);
        pulse.write_stalls(clock.at(1));
        pulse.write_stalls(clock.at(20));
        assert_eq!(pulse.due(&LIMITS), Some((clock.at(31), Due::Reset)));
        pulse.bytes_went();
        assert_eq!(pulse.due(&LIMITS), None);
        pulse.write_stalls(clock.at(25));
        assert_eq!(pulse.due(&LIMITS), Some((clock.at(55), Due::Reset)));
    }

    #[test]
    fn a_drain_closes_what_has_no_request_and_leaves_what_has() {
        let (clock, pulse) = start();
        pulse.drain(clock.at(1));
        assert_eq!(pulse.due(&LIMITS), Some((clock.at(1), Due::Close)));
        pulse.bytes_came(clock.at(1));
        assert_eq!(pulse.due(&LIMITS), Some((clock.at(10), Due::Cut)));
        pulse.request_begins(true);
        assert_eq!(pulse.due(&LIMITS), None);
        pulse.answer_ends(clock.at(2));
        assert_eq!(pulse.due(&LIMITS), Some((clock.at(1), Due::Close)));
    }

    #[test]
    fn an_answer_is_the_last_in_a_drain_and_after_a_long_unread_body() {
        let (clock, pulse) = start();
        pulse.request_begins(false);
        assert!(!pulse.is_last_answer());
        pulse.body_is_dropped(Some(100));
        assert!(!pulse.is_last_answer());
        pulse.body_is_dropped(Some(100_000));
        assert!(pulse.is_last_answer());
        pulse.request_begins(true);
        assert!(!pulse.is_last_answer());
        pulse.body_is_dropped(None);
        assert!(pulse.is_last_answer());
        pulse.request_begins(true);
        pulse.drain(clock.at(1));
        assert!(pulse.is_last_answer());
    }
}
