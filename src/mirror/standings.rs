//! How all mirrors stood when the database was last looked at, for answers that must cost nothing more.
//!
//! Takes what a look saw, gives ages as of now: one that was seen grows with the clock of this process, also while the
//! database is away. A look that is out of date makes an age too high, never too low.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::store::mirror::Standing;

/// What the last look has seen.
#[derive(Debug)]
pub struct Standings(RwLock<Seen>);

#[derive(Debug)]
struct Seen {
    at: Instant,
    mirrors: HashMap<i64, Standing>,
}

/// How old an account's imports are.
#[derive(Clone, Copy, Debug)]
pub struct Age {
    seen_at: Instant,
    /// As of then.
    polled_ago: Duration,
}

impl Age {
    /// As of now.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.polled_ago + self.seen_at.elapsed()
    }
}

impl Default for Standings {
    fn default() -> Self {
        Self(RwLock::new(Seen {
            at: Instant::now(),
            mirrors: HashMap::new(),
        }))
    }
}

impl Standings {
    /// Takes in a look that was begun at this time.
    pub fn see(&self, at: Instant, standings: Vec<Standing>) {
        let mirrors = standings.into_iter().map(|one| (one.account_id, one)).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Seen { at, mirrors };
    }

    /// How old an account's imports are; `None` where the account is no mirror, or was never read to the end.
    #[must_use]
    pub fn age(&self, account_id: i64) -> Option<Age> {
        self.read(|seen| {
            let polled_ago = seen.mirrors.get(&account_id)?.polled_ago?;
            let seen_at = seen.at;
            Some(Age { seen_at, polled_ago })
        })
    }

    /// All mirrors by account, with their ages as of now.
    #[must_use]
    pub fn all(&self) -> Vec<Standing> {
        self.read(|seen| {
            let elapsed = seen.at.elapsed();
            let since = |ago: Option<Duration>| ago.map(|ago| ago + elapsed);
            let mirrors = seen.mirrors.values().map(|standing| Standing {
                polled_ago: since(standing.polled_ago),
                page_ago: since(standing.page_ago),
                ..standing.clone()
            });
            let mut mirrors: Vec<_> = mirrors.collect();
            mirrors.sort_unstable_by_key(|standing| standing.account_id);
            mirrors
        })
    }

    fn read<T>(&self, read: impl FnOnce(&Seen) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::mirror::Phase;

    fn standing(account_id: i64, polled_ago: Option<u64>) -> Standing {
        Standing {
            account_id,
            upstream: String::new(),
            phase: Phase::Following,
            is_stalled: false,
            is_complete: true,
            last_polled_at: None,
            polled_ago: polled_ago.map(Duration::from_secs),
            page_ago: None,
            last_error: None,
        }
    }

    #[test]
    fn what_was_seen_grows_older() {
        let standings = Standings::default();
        assert!(standings.age(1).is_none() && standings.all().is_empty());
        let before = Instant::now() - Duration::from_secs(5);
        standings.see(before, vec![standing(2, Some(40)), standing(1, None)]);
        // A day is more than any test takes.
        let grown = Duration::from_secs(45)..Duration::from_secs(86_400);
        assert!(grown.contains(&standings.age(2).unwrap().now()));
        assert!(standings.age(1).is_none() && standings.age(3).is_none());
        let all = standings.all();
        let [first, second] = all.as_slice() else {
            panic!("{all:?}");
        };
        assert_eq!((first.account_id, first.polled_ago), (1, None));
        assert!(second.account_id == 2 && grown.contains(&second.polled_ago.unwrap()));
        standings.see(Instant::now(), Vec::new());
        assert!(standings.age(2).is_none());
    }
}
