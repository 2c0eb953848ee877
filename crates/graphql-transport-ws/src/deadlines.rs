//! Until when a connection may wait for what.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::Limits;

/// What has to happen at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The client has not been accepted in time.
    Init,
    /// The client has said nothing for a while.
    Ping,
    /// Nor has it after a ping.
    Pong,
    /// It does not read.
    Send,
    /// The connection is old.
    Lifetime,
}

/// Until when a connection may wait for what.
#[derive(Debug)]
pub(crate) struct Deadlines {
    init: Option<Instant>,
    ping: Option<Instant>,
    pong: Option<Instant>,
    lifetime: Option<Instant>,
}

impl Deadlines {
    pub(crate) fn new(now: Instant, limits: &Limits) -> Self {
        Self {
            init: now.checked_add(limits.init_timeout),
            ping: now.checked_add(limits.ping_interval),
            pong: None,
            lifetime: limits
                .lifetime
                .and_then(|lifetime| now.checked_add(shortened(lifetime))),
        }
    }

    /// The next instant at which something has to happen. While the client takes nothing of what is sent, it is not read
    /// either, so that an answer to a ping could not be seen.
    pub(crate) fn next(&self, blocked_since: Option<Instant>, limits: &Limits) -> Option<(Instant, Due)> {
        let listening = blocked_since.is_none();
        [
            (self.init, Due::Init),
            (self.lifetime, Due::Lifetime),
            (
                blocked_since.and_then(|since| since.checked_add(limits.send_timeout)),
                Due::Send,
            ),
            (self.ping.filter(|_| listening), Due::Ping),
            (self.pong.filter(|_| listening), Due::Pong),
        ]
        .into_iter()
        .filter_map(|(at, due)| Some((at?, due)))
        .min_by_key(|(at, _)| *at)
    }

    /// Whether the connection is old, which no traffic may hide.
    pub(crate) fn is_lifetime_over(&self, now: Instant) -> bool {
        self.lifetime.is_some_and(|at| at <= now)
    }

    /// The client has been accepted.
    pub(crate) fn accepted(&mut self) {
        self.init = None;
    }

    /// Something has come from the client.
    pub(crate) fn heard(&mut self, now: Instant, limits: &Limits) {
        self.pong = None;
        self.ping = now.checked_add(limits.ping_interval);
    }

    /// The client has been pinged.
    pub(crate) fn pinged(&mut self, now: Instant, limits: &Limits) {
        self.ping = None;
        self.pong = now.checked_add(limits.pong_timeout);
    }

    /// The client reads again: only now can it come to a ping.
    pub(crate) fn unblocked(&mut self, now: Instant, limits: &Limits) {
        self.pong = self.pong.and_then(|_| now.checked_add(limits.pong_timeout));
    }
}

/// A lifetime less a random part, up to a tenth.
fn shortened(lifetime: Duration) -> Duration {
    // The keys of a map are as random as this needs.
    let part = RandomState::new().hash_one(()) % 1000;
    lifetime - lifetime / 10_000 * u32::try_from(part).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_is_answered_before_its_time_is_over_or_the_client_is_gone() {
        let limits = Limits::default();
        let start = Instant::now();
        let mut deadlines = Deadlines::new(start, &limits);
        assert_eq!(
            deadlines.next(None, &limits),
            Some((start + limits.init_timeout, Due::Init))
        );
        deadlines.accepted();
        let ping = start + limits.ping_interval;
        assert_eq!(deadlines.next(None, &limits), Some((ping, Due::Ping)));
        deadlines.pinged(ping, &limits);
        assert_eq!(
            deadlines.next(None, &limits),
            Some((ping + limits.pong_timeout, Due::Pong))
        );
        deadlines.heard(ping, &limits);
        assert_eq!(
            deadlines.next(None, &limits),
            Some((ping + limits.ping_interval, Due::Ping))
        );
    }

    #[test]
    fn a_client_that_reads_slowly_has_its_time_for_a_pong_from_when_it_reads() {
        let limits = Limits::default();
        let start = Instant::now();
        let mut deadlines = Deadlines::new(start, &limits);
        deadlines.accepted();
        deadlines.pinged(start, &limits);
        assert_eq!(
            deadlines.next(Some(start), &limits),
            Some((start + limits.send_timeout, Due::Send))
        );
        let later = start + limits.pong_timeout * 3;
        deadlines.unblocked(later, &limits);
        assert_eq!(
            deadlines.next(None, &limits),
            Some((later + limits.pong_timeout, Due::Pong))
        );
    }

    #[test]
    fn a_limit_beyond_all_time_is_none() {
        let limits = Limits {
            init_timeout: Duration::MAX,
            ping_interval: Duration::MAX,
            pong_timeout: Duration::MAX,
            send_timeout: Duration::MAX,
            lifetime: Some(Duration::MAX),
            ..Limits::default()
        };
        let start = Instant::now();
        let mut deadlines = Deadlines::new(start, &limits);
        deadlines.heard(start, &limits);
        deadlines.pinged(start, &limits);
        deadlines.unblocked(start, &limits);
        assert_eq!(deadlines.next(Some(start), &limits), None);
    }

    #[test]
    fn lifetimes_differ_by_up_to_a_tenth() {
        let lifetime = Duration::from_secs(1000);
        let lifetimes: Vec<_> = (0..100).map(|_| shortened(lifetime)).collect();
        assert!(
            lifetimes
                .iter()
                .all(|one| (lifetime * 9 / 10..=lifetime).contains(one))
        );
        assert!(lifetimes.iter().any(|one| *one != lifetimes[0]));
    }
}
