//! From a key to its viewer, remembering for a moment what the database said.
//!
//! Takes keys and two clocks' readings; gives viewers. What was read counts for [`MAX_AGE`] from before the statement
//! began, so a revoked key is refused within that time, by every process, and no key outlives a database that is away:
//! nothing older is ever used. Expiry and the account token are checked each time. Requests that ask for the same key
//! at once share one statement, and its failure.
//!
//! The maps are our own: a maintained cache crate adds eviction policies, clocks and tasks of its own, and none has
//! both an age by a time passed in and a shared, cancellable look-up whose failure all waiters share. Here, an entry
//! lives seconds, so two generations of a map bound memory as well as any policy would.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Tick};

use entity::{Instant, accounts, api_tokens};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};

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

/// The door of a process: every request's key comes through here.
pub struct Viewers {
    store: Store,
    memory: Arc<Mutex<Memory>>,
}

type Hash = [u8; 32];
type Owner = Arc<(api_tokens::Model, accounts::Model)>;
type LookUp = BoxFuture<'static, Result<Option<Owner>, Arc<StoreError>>>;

impl Viewers {
    /// A door to a store, which remembers nothing yet.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            memory: Arc::default(),
        }
    }

    /// The viewer of a key.
    ///
    /// `account_token` is what the caller sent in `Account-Token`, if anything. `now` is the wall clock's time, for
    /// expiry; `tick` the steady clock's, for the age of what is remembered. Both are read just before the call.
    ///
    /// **Errors**: [`ViewerError::Refused`] with [`AuthError::Unknown`] for a key without a token, or what
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
        // A look-up must not be dropped while the lock is held, as its end takes the lock: hence the block's value.
        let look_up = {
            let mut memory = lock(&self.memory);
            if let Some(owner) = memory.known.get(&hash, tick) {
                return Ok(Some(owner));
            }
            if memory.unknown.get(&hash, tick).is_some() {
                return Ok(None);
            }
            match memory.joinable(&hash, tick) {
                Some(look_up) => look_up,
                None => {
                    let look_up = self.look_up(hash, tick).shared();
                    let weak = look_up.downgrade();
                    memory.under_way.extend(weak.map(|weak| (hash, (tick, weak))));
                    look_up
                }
            }
        };
        look_up.await
    }

    /// One statement, whose answer is remembered as of `tick`.
    fn look_up(&self, hash: Hash, tick: Tick) -> LookUp {
        let store = self.store.clone();
        let memory = Arc::clone(&self.memory);
        let under_way = UnderWay {
            hash,
            tick,
            memory: Arc::clone(&memory),
        };
        async move {
            let _under_way = under_way;
            let owner = tokens::find(&store, &hash).await.map_err(Arc::new)?.map(Arc::new);
            let mut memory = lock(&memory);
            match &owner {
                Some(owner) => memory.known.put(hash, tick, Arc::clone(owner)),
                None => memory.unknown.put(hash, tick, ()),
            }
            Ok(owner)
        }
        .boxed()
    }
}

impl std::fmt::Debug for Viewers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Viewers").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Memory {
    known: Recent<Owner>,
    /// Apart from the known ones, so that a flood of well-formed keys pushes none of them out.
    unknown: Recent<()>,
    /// Look-ups that a request waits for. Weak: when the last of them gives up, the statement ends, and its connection
    /// is free.
    under_way: HashMap<Hash, (Tick, WeakShared<LookUp>)>,
}

impl Memory {
    fn joinable(&self, hash: &Hash, tick: Tick) -> Option<Shared<LookUp>> {
        let (begun, look_up) = self.under_way.get(hash)?;
        if is_fresh(*begun, tick) {
            look_up.upgrade()
        } else {
            None
        }
    }
}

/// Strikes a look-up off the list when it ends or is given up.
struct UnderWay {
    hash: Hash,
    tick: Tick,
    memory: Arc<Mutex<Memory>>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut memory = lock(&self.memory);
        // A later look-up may stand in its place.
        if memory
            .under_way
            .get(&self.hash)
            .is_some_and(|(begun, _)| *begun == self.tick)
        {
            memory.under_way.remove(&self.hash);
        }
    }
}

/// A map that forgets: a full young generation becomes the old one, and the old one goes.
struct Recent<V> {
    young: HashMap<Hash, (Tick, V)>,
    old: HashMap<Hash, (Tick, V)>,
}

impl<V> Default for Recent<V> {
    fn default() -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }
}

impl<V: Clone> Recent<V> {
    fn get(&self, hash: &Hash, tick: Tick) -> Option<V> {
        let entries = [self.young.get(hash), self.old.get(hash)];
        let mut fresh = entries
            .into_iter()
            .flatten()
            .filter(|(read, _)| is_fresh(*read, tick));
        fresh.next().map(|(_, value)| value.clone())
    }

    fn put(&mut self, hash: Hash, tick: Tick, value: V) {
        if self.young.len() >= CAPACITY / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, (tick, value));
    }
}

/// Whether what began at `begun` still counts at `tick`. What began later counts, too: requests overtake each other.
fn is_fresh(begun: Tick, tick: Tick) -> bool {
    tick.saturating_duration_since(begun) < MAX_AGE
}

/// No code panics while it holds the lock; should it, the maps are still maps.
fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: usize) -> Hash {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        hash
    }

    #[test]
    fn an_entry_counts_for_less_than_its_age() {
        let (mut map, start) = (Recent::default(), Tick::now());
        map.put(hash(1), start, "one");
        let nearly = MAX_AGE - Duration::from_nanos(1);
        assert_eq!(map.get(&hash(1), start + nearly), Some("one"));
        assert_eq!(map.get(&hash(1), start + MAX_AGE), None);
        assert_eq!(map.get(&hash(2), start), None);
    }

    #[test]
    fn a_flood_never_holds_more_than_the_capacity_and_keeps_the_newest_half() {
        let (mut map, start) = (Recent::default(), Tick::now());
        for number in 0..CAPACITY * 3 + 7 {
            map.put(hash(number), start, number);
            assert!(map.young.len() + map.old.len() <= CAPACITY);
            let kept = number.saturating_sub(CAPACITY / 2 - 1);
            assert_eq!(map.get(&hash(kept), start), Some(kept));
        }
    }

    #[test]
    fn a_second_reading_replaces_the_first_across_generations() {
        let (mut map, start) = (Recent::default(), Tick::now());
        map.put(hash(0), start, 1);
        for number in 1..CAPACITY / 2 {
            map.put(hash(number), start, number);
        }
        map.put(hash(0), start + MAX_AGE, 2);
        assert_eq!(map.old.get(&hash(0)).map(|(_, value)| *value), Some(1));
        assert_eq!(map.get(&hash(0), start + MAX_AGE), Some(2));
    }
}
