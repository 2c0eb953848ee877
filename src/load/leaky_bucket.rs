//! Leaky buckets by key, exact and bounded.
//!
//! A bucket is what its key owes, and drains at a steady rate. It may be charged beyond its burst, up to a bound: a
//! cost is known only after the request was let in. `governor` cannot say that (its `check_n` refuses as a whole what
//! does not fit, and a cost above the burst never fits), so the dozen lines of arithmetic stand here. Amounts are
//! integers of one point divided by the nanoseconds of a period, hence nothing is ever rounded away. The clock is an
//! argument.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a bucket holds and how fast it recovers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// Points that come back in a period.
    pub(super) points: NonZeroU32,
    /// The period.
    pub(super) period: Duration,
    /// Points that a full bucket holds.
    pub(super) burst_points: u64,
    /// Points that can be owed beyond the burst; what is charged past them is forgiven.
    pub(super) debt_points: u64,
}

/// A key's standing at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whole points left; 0 in debt.
    pub(super) remaining_points: u64,
    /// Until a point is left: zero where one is.
    pub(super) until_one: Duration,
    /// Until the bucket is full.
    pub(super) until_full: Duration,
}

pub(super) struct LeakyBuckets<K> {
    rate: Rate,
    max_keys: usize,
    owed: Mutex<HashMap<K, Owed>>,
}

#[derive(Clone, Copy, Debug)]
struct Owed {
    grains: u128,
    at: Instant,
}

impl<K: Eq + Hash + Copy> LeakyBuckets<K> {
    /// An empty buckets of at most `max_keys` keys. Where more are in use, those that owe least are forgotten: the
    /// error is in their favour.
    pub(super) fn new(rate: Rate, max_keys: usize) -> Self {
        Self {
            rate,
            max_keys,
            owed: Mutex::new(HashMap::new()),
        }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// A key's standing, nothing being charged.
    pub(super) fn standing(&self, key: K, now: Instant) -> Standing {
        let owed = self
            .lock()
            .get(&key)
            .map_or(0, |owed| self.rate.drained(*owed, now));
        self.rate.standing(owed)
    }

    /// Charges a key, and gives its standing afterwards.
    pub(super) fn charge(&self, key: K, points: u64, now: Instant) -> Standing {
        self.charge_in(&mut self.lock(), key, points, now)
    }

    /// Charges a key that has a point left.
    ///
    /// # Errors
    ///
    /// The standing of one that has none, nothing being charged.
    pub(super) fn spend(&self, key: K, points: u64, now: Instant) -> Result<Standing, Standing> {
        let mut map = self.lock();
        let owed = map.get(&key).map_or(0, |owed| self.rate.drained(*owed, now));
        let standing = self.rate.standing(owed);
        if standing.remaining_points == 0 {
            return Err(standing);
        }
        Ok(self.charge_in(&mut map, key, points, now))
    }

    fn charge_in(&self, map: &mut HashMap<K, Owed>, key: K, points: u64, now: Instant) -> Standing {
        if map.len() >= self.max_keys && !map.contains_key(&key) {
            self.make_room(map, now);
        }
        let entry = map.entry(key).or_insert(Owed { grains: 0, at: now });
        let most = self
            .rate
            .grains(self.rate.burst_points.saturating_add(self.rate.debt_points));
        let owed = self.rate.drained(*entry, now);
        let grains = owed.saturating_add(self.rate.grains(points)).min(most);
        // An instant from before the last one, seen by another thread, must not drain twice.
        *entry = Owed {
            grains,
            at: entry.at.max(now),
        };
        self.rate.standing(grains)
    }

    /// Gives points back, as far as they are still owed, and gives the standing afterwards.
    pub(super) fn refund(&self, key: K, points: u64, now: Instant) -> Standing {
        let mut map = self.lock();
        let Some(entry) = map.get_mut(&key) else {
            return self.rate.standing(0);
        };
        let grains = self
            .rate
            .drained(*entry, now)
            .saturating_sub(self.rate.grains(points));
        *entry = Owed {
            grains,
            at: entry.at.max(now),
        };
        self.rate.standing(grains)
    }

    fn make_room(&self, map: &mut HashMap<K, Owed>, now: Instant) {
        map.retain(|_, owed| self.rate.drained(*owed, now) > 0);
        if map.len() < self.max_keys {
            return;
        }
        // Half at once, so that each of the coming keys does not pay for a search.
        let mut all: Vec<(u128, K)> = map
            .iter()
            .map(|(key, owed)| (self.rate.drained(*owed, now), *key))
            .collect();
        let half = all.len() / 2;
        all.select_nth_unstable_by_key(half, |(grains, _)| *grains);
        for (_, key) in &all[..=half] {
            map.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Owed>> {
        // An entry is replaced as a whole, so a panic leaves none half-written.
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rate {
    fn grains(self, points: u64) -> u128 {
        u128::from(points).saturating_mul(self.period.as_nanos())
    }

    fn drained(self, owed: Owed, now: Instant) -> u128 {
        let elapsed = now.saturating_duration_since(owed.at).as_nanos();
        owed.grains
            .saturating_sub(elapsed.saturating_mul(u128::from(self.points.get())))
    }

    fn standing(self, owed: u128) -> Standing {
        let burst = self.grains(self.burst_points);
        let left = burst.saturating_sub(owed) / self.period.as_nanos().max(1);
        Standing {
            remaining_points: u64::try_from(left).unwrap_or(u64::MAX),
            until_one: self.time_for((owed + self.grains(1)).saturating_sub(burst)),
            until_full: self.time_for(owed),
        }
    }

    fn time_for(self, grains: u128) -> Duration {
        let nanos = grains.div_ceil(u128::from(self.points.get()));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// Whole seconds, rounded up.
pub(super) fn seconds_up(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(points: u32, period: Duration, burst_points: u64) -> Rate {
        Rate {
            points: NonZeroU32::new(points).expect("not zero"),
            period,
            burst_points,
            debt_points: burst_points,
        }
    }

    #[test]
    fn a_new_key_has_its_whole_burst() {
        let buckets = LeakyBuckets::new(rate(10, Duration::from_secs(1), 100), 8);
        let standing = buckets.standing(1, Instant::now());
        assert_eq!(
            standing,
            Standing {
                remaining_points: 100,
                until_one: Duration::ZERO,
                until_full: Duration::ZERO,
            }
        );
    }

    #[test]
    fn points_come_back_at_the_rate_and_not_beyond_the_burst() {
        let now = Instant::now();
        let buckets = LeakyBuckets::new(rate(10, Duration::from_secs(1), 100), 8);
        assert_eq!(buckets.charge(1, 100, now).until_one, Duration::from_millis(100));
        let later = |ms| {
            buckets
                .standing(1, now + Duration::from_millis(ms))
                .remaining_points
        };
        assert_eq!(
            [later(99), later(100), later(9_999), later(10_000), later(99_000)],
            [0, 1, 99, 100, 100]
        );
    }

    #[test]
    fn a_debt_is_bounded() {
        let now = Instant::now();
        let buckets = LeakyBuckets::new(rate(10, Duration::from_secs(1), 100), 8);
        let standing = buckets.charge(1, u64::MAX, now);
        assert_eq!(standing.until_full, Duration::from_secs(20));
        assert_eq!(standing.until_one, Duration::from_millis(10_100));
    }

    #[test]
    fn a_rate_that_does_not_divide_a_second_loses_nothing() {
        let now = Instant::now();
        let buckets = LeakyBuckets::new(rate(7, Duration::from_secs(60), 7), 8);
        buckets.charge(1, 7, now);
        // Looking at it, or charging nothing, must not wear it down.
        for step in 1..=59 {
            buckets.charge(1, 0, now + Duration::from_millis(step * 997));
        }
        assert_eq!(
            buckets
                .standing(1, now + Duration::from_secs(60))
                .remaining_points,
            7
        );
    }

    #[test]
    fn an_instant_from_before_the_last_one_gives_no_points() {
        let now = Instant::now();
        let buckets = LeakyBuckets::new(rate(10, Duration::from_secs(1), 100), 8);
        let later = now + Duration::from_secs(5);
        buckets.charge(1, 100, later);
        buckets.charge(1, 0, now);
        assert_eq!(buckets.standing(1, later).remaining_points, 0);
    }

    #[test]
    fn past_the_bound_the_keys_that_owe_least_are_forgotten() {
        let now = Instant::now();
        let buckets = LeakyBuckets::new(rate(10, Duration::from_secs(1), 100), 10);
        for key in 0..10 {
            buckets.charge(key, 50 + key, now);
        }
        buckets.charge(10, 1, now);
        let owing: Vec<u64> = (0..10)
            .filter(|key| buckets.standing(*key, now).remaining_points < 100)
            .collect();
        assert_eq!(owing, [6, 7, 8, 9]);
        assert_eq!(buckets.lock().len(), 5);
    }

    #[test]
    fn keys_that_owe_nothing_make_room_first() {
        let now = Instant::now();
        let buckets = LeakyBuckets::new(rate(10, Duration::from_secs(1), 100), 2);
        buckets.charge(1, 1, now);
        buckets.charge(2, 100, now);
        let later = now + Duration::from_secs(1);
        buckets.charge(3, 1, later);
        assert_eq!(buckets.standing(2, later).remaining_points, 10);
        assert_eq!(buckets.lock().len(), 2);
    }

    proptest! {
        #[test]
        fn the_map_never_outgrows_its_bound(charges in prop::collection::vec((0u64..50, 1u64..200, 0u64..100), 1..200)) {
            let mut now = Instant::now();
            let buckets = LeakyBuckets::new(rate(10, Duration::from_secs(1), 100), 8);
            for (key, points, ms) in charges {
                now += Duration::from_millis(ms);
                buckets.charge(key, points, now);
                prop_assert!(buckets.lock().len() <= 8);
            }
        }

        #[test]
        fn at_the_promised_instant_there_is_a_point_and_just_before_there_is_none(
            points in 1u32..5000, burst in 1u64..50_000, charged in 0u64..200_000,
        ) {
            let now = Instant::now();
            let buckets = LeakyBuckets::new(rate(points, Duration::from_secs(1), burst), 8);
            let wait = buckets.charge(1, charged, now).until_one;
            prop_assert!(buckets.standing(1, now + wait).remaining_points >= 1);
            if let Some(before) = wait.checked_sub(Duration::from_nanos(1)) {
                prop_assert_eq!(buckets.standing(1, now + before).remaining_points, 0);
            }
        }
    }
}
