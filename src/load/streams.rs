//! How many streams are open, in all and for each account.
//!
//! Takes an account, gives a place, which is free again when it is dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many streams there may be.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// Of all accounts.
    pub all: usize,
    /// Of one account.
    pub account: usize,
}

/// The open streams.
#[derive(Debug)]
pub struct Streams {
    limits: StreamLimits,
    open: Mutex<HashMap<i64, usize>>,
}

/// Why no stream is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooManyStreams {
    /// The account has as many as it may.
    #[error("the account has as many streams open as it may; close one")]
    OfAccount,
    /// The process has.
    #[error("the service has as many streams open as it can; try again shortly")]
    OfAll,
}

/// A place among the open streams.
#[derive(Debug)]
pub struct Place {
    streams: Arc<Streams>,
    account_id: i64,
}

impl Streams {
    /// None yet.
    #[must_use]
    pub fn new(limits: StreamLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            open: Mutex::default(),
        })
    }

    /// A place for one more stream of an account.
    ///
    /// # Errors
    ///
    /// [`TooManyStreams`].
    pub fn open(self: &Arc<Self>, account_id: i64) -> Result<Place, TooManyStreams> {
        let mut open = self.places();
        if open.values().sum::<usize>() >= self.limits.all {
            return Err(TooManyStreams::OfAll);
        }
        let of_account = open.entry(account_id).or_default();
        if *of_account >= self.limits.account {
            return Err(TooManyStreams::OfAccount);
        }
        *of_account += 1;
        Ok(Place {
            streams: Arc::clone(self),
            account_id,
        })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.places().values().sum()
    }

    fn places(&self) -> MutexGuard<'_, HashMap<i64, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.places();
        if let Some(count) = open.get_mut(&self.account_id) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.account_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_it_is_dropped() {
        let streams = Streams::new(StreamLimits { all: 3, account: 2 });
        let first = streams.open(1).unwrap();
        let _second = streams.open(1).unwrap();
        assert_eq!(streams.open(1).unwrap_err(), TooManyStreams::OfAccount);
        let _third = streams.open(2).unwrap();
        assert_eq!(streams.open(2).unwrap_err(), TooManyStreams::OfAll);
        assert_eq!(streams.count(), 3);
        drop(first);
        assert_eq!(streams.count(), 2);
        assert!(streams.open(1).is_ok());
        // What was refused holds nothing.
        assert_eq!(streams.count(), 2);
    }
}
