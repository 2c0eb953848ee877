//! From a key to its viewer, remembering for a moment what the database said.
//!
//! Takes keys and two clocks' readings; gives viewers. What was read counts for [`MAX_AGE`] from before the statement
//! began, so a revoked key is refused within that time, by every process, and no key outlives a database that is away:
//! nothing older is ever used. Expiry and the account token are checked each time. Requests that ask for the same key
//! at once share one statement, and its failure.
//!
//! quick_cache keeps what was read, and decides what to drop. Its own shared look-ups are not used: there a failure goes to
//! one waiter and the next one asks again, one after another, while the database is away; here it goes to all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Tick};

use entity::{Instant, accounts, api_tokens};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use quick_cache::sync::Cache;

use super::{Store, StoreError, tokens};
use crate::auth::{AuthError, Key, Viewer};

/// How long an answer of the database counts. A revoked key must be refused within 5 s; this leaves one for the way.
pub const MAX_AGE: Duration = Duration::from_secs(4);

/// The most keys that are remembered, of the known and of the unknown ones each.
pub const CAPACITY: usize = 10_000;

/// Why there is no viewer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ViewerError {
    /// The caller is not let in.
    #[error(transparent)]
    Refused(#[from] AuthError),
    /// The database did not say who the caller is.
    #[error("the owner of the key cannot be looked up")]
    Store(#[source] Arc<StoreError>),
}

/// The keys of a process: every request's key is looked up here.
pub struct TokenCache {
    store: Store,
    read: Arc<Read>,
    lookups: Arc<Mutex<Lookups>>,
}

type Hash = [u8; 32];
type Owner = Arc<(api_tokens::Model, accounts::Model)>;
type Lookup = BoxFuture<'static, Result<Option<Owner>, Arc<StoreError>>>;

impl TokenCache {
    /// The keys of a store; nothing is remembered yet.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            read: Arc::new(Read {
                known: Cache::new(CAPACITY),
                unknown: Cache::new(CAPACITY),
            }),
            lookups: Arc::default(),
        }
    }

    /// The viewer of a key.
    ///
    /// `account_token` is what the caller sent in `Account-Token`, if anything. `now` is the wall clock's time, for
    /// expiry; `tick` the steady clock's, for the age of what is remembered. Both are read just before the call.
    ///
    /// # Errors
    ///
    /// [`ViewerError::Refused`] with [`AuthError::Unknown`] for a key without a token, or what
    /// [`Viewer::admit`] says; [`ViewerError::Store`] where the database gives no answer, and nothing is remembered.
    pub async fn viewer(
        &self,
        key: &Key,
        account_token: Option<&str>,
        now: Instant,
        tick: Tick,
    ) -> Result<Viewer, ViewerError> {
        let owner = self.owner(key.hash(), tick).await.map_err(ViewerError::Store)?;
        let (token, account) = owner.as_deref().ok_or(AuthError::Unknown)?;
        Ok(Viewer::admit(token, account, account_token, now)?)
    }

    async fn owner(&self, hash: Hash, tick: Tick) -> Result<Option<Owner>, Arc<StoreError>> {
        if let Some(owner) = self.read.get(&hash, tick) {
            return Ok(owner);
        }
        // A look-up must not be dropped while the lock is held, as its end takes the lock: hence the block's value.
        let lookup = {
            let mut lookups = lock(&self.lookups);
            match joinable(&lookups, &hash, tick) {
                Some(lookup) => lookup,
                None => {
                    let lookup = self.look_up(hash, tick).shared();
                    let weak = lookup.downgrade();
                    lookups.extend(weak.map(|weak| (hash, (tick, weak))));
                    lookup
                }
            }
        };
        lookup.await
    }

    /// One statement, whose answer is remembered as of `tick`.
    fn look_up(&self, hash: Hash, tick: Tick) -> Lookup {
        let store = self.store.clone();
        let read = Arc::clone(&self.read);
        let listed = Listed {
            hash,
            tick,
            lookups: Arc::clone(&self.lookups),
        };
        async move {
            let _listed = listed;
            let owner = tokens::find(&store, &hash).await.map_err(Arc::new)?.map(Arc::new);
            match &owner {
                Some(owner) => read.known.insert(hash, (tick, Arc::clone(owner))),
                None => read.unknown.insert(hash, tick),
            }
            Ok(owner)
        }
        .boxed()
    }
}

impl std::fmt::Debug for TokenCache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TokenCache").finish_non_exhaustive()
    }
}

/// What the database said, and when it was asked.
struct Read {
    known: Cache<Hash, (Tick, Owner)>,
    /// Apart from the known ones, so that a flood of well-formed keys pushes none of them out.
    unknown: Cache<Hash, Tick>,
}

impl Read {
    /// What was read and still counts: the owner, or that there is none.
    fn get(&self, hash: &Hash, tick: Tick) -> Option<Option<Owner>> {
        let known = self.known.get(hash).filter(|(begun, _)| is_fresh(*begun, tick));
        if let Some((_, owner)) = known {
            return Some(Some(owner));
        }
        let begun = self.unknown.get(hash)?;
        is_fresh(begun, tick).then_some(None)
    }
}

/// Look-ups that a request waits for, and when they began. Weak: when the last request gives up, the statement ends, and
/// its connection is free.
type Lookups = HashMap<Hash, (Tick, WeakShared<Lookup>)>;

/// A look-up under way that is recent enough to be waited for.
fn joinable(lookups: &Lookups, hash: &Hash, tick: Tick) -> Option<Shared<Lookup>> {
    let (begun, lookup) = lookups.get(hash)?;
    if is_fresh(*begun, tick) {
        lookup.upgrade()
    } else {
        None
    }
}

/// A look-up's entry in the list, removed when the look-up ends or is given up.
struct Listed {
    hash: Hash,
    tick: Tick,
    lookups: Arc<Mutex<Lookups>>,
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut lookups = lock(&self.lookups);
        // A later look-up may have replaced it.
        if lookups
            .get(&self.hash)
            .is_some_and(|(begun, _)| *begun == self.tick)
        {
            lookups.remove(&self.hash);
        }
    }
}

/// Whether what began at `begun` still counts at `tick`. What began later counts, too: requests overtake each other.
fn is_fresh(begun: Tick, tick: Tick) -> bool {
    tick.saturating_duration_since(begun) < MAX_AGE
}

/// No code panics while it holds the lock; should it, the map is still a map.
fn lock(lookups: &Mutex<Lookups>) -> MutexGuard<'_, Lookups> {
    lookups.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: usize) -> Hash {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        hash
    }

    fn read() -> Read {
        Read {
            known: Cache::new(CAPACITY),
            unknown: Cache::new(CAPACITY),
        }
    }

    #[test]
    fn an_answer_counts_for_less_than_its_age() {
        let (read, start) = (read(), Tick::now());
        read.unknown.insert(hash(1), start);
        let nearly = MAX_AGE - Duration::from_nanos(1);
        assert_eq!(read.get(&hash(1), start + nearly), Some(None));
        assert_eq!(read.get(&hash(1), start + MAX_AGE), None);
        assert_eq!(read.get(&hash(2), start), None);
        read.unknown.insert(hash(1), start + MAX_AGE);
        assert_eq!(read.get(&hash(1), start + MAX_AGE), Some(None));
    }

    #[test]
    fn a_flood_never_holds_more_than_the_capacity() {
        let (read, start) = (read(), Tick::now());
        for number in 0..CAPACITY * 3 {
            read.unknown.insert(hash(number), start);
            assert!(read.unknown.len() <= CAPACITY);
        }
        assert!(read.unknown.len() > CAPACITY / 2, "{}", read.unknown.len());
    }
}
