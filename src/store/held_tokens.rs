//! Tokens under which something stays open: one statement every few seconds asks for all of them.
//!
//! Takes the ids of tokens, for as long as they are held; tells each holder when its token opens its account no more. The
//! statements are as many for ten thousand holders as for one. Where the database gives no answer, nothing is known to have
//! changed, and it is asked again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use entity::{Instant, accounts, api_tokens};
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Store, StoreError, tokens};
use crate::auth::Viewer;

/// How long after the last answer they are asked for. What is revoked must end within 5 s; this leaves one for the way.
const PAUSE: Duration = Duration::from_secs(4);
/// How many are asked for at once.
const AT_ONCE: usize = 1000;

/// The tokens of a process that are held.
pub struct HeldTokens {
    store: Store,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: HashMap<i64, Entry>,
    /// Whether they are asked for.
    is_read: bool,
}

struct Entry {
    holders: usize,
    seen: watch::Sender<Seen>,
}

/// What was seen of a token last.
enum Seen {
    /// Nothing yet.
    Nothing,
    /// It is gone, and so is what it opened.
    Gone,
    /// The token and its account.
    Row(Box<(api_tokens::Model, accounts::Model)>),
}

impl HeldTokens {
    /// None is held.
    #[must_use]
    pub fn new(store: Store) -> Arc<Self> {
        Arc::new(Self {
            store,
            state: Mutex::default(),
        })
    }

    /// Holds the token that let a caller in, with what was sent in `Account-Token`.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    #[must_use]
    pub fn hold(
        self: &Arc<Self>,
        token_id: i64,
        account_id: i64,
        account_token: Option<Box<str>>,
    ) -> HeldToken {
        let seen = {
            let mut state = self.state();
            let entry = state.held.entry(token_id).or_insert_with(|| Entry {
                holders: 0,
                seen: watch::Sender::new(Seen::Nothing),
            });
            entry.holders += 1;
            let seen = entry.seen.subscribe();
            if !std::mem::replace(&mut state.is_read, true) {
                tokio::spawn(Arc::clone(self).run());
            }
            seen
        };
        HeldToken {
            tokens: Arc::clone(self),
            token_id,
            account_id,
            account_token,
            seen,
        }
    }

    /// Asks for them as long as any is held.
    async fn run(self: Arc<Self>) {
        loop {
            sleep(PAUSE).await;
            let ids: Vec<_> = {
                let mut state = self.state();
                state.is_read = !state.held.is_empty();
                state.held.keys().copied().collect()
            };
            if ids.is_empty() {
                return;
            }
            for ids in ids.chunks(AT_ONCE) {
                if let Err(error) = self.ask(ids).await {
                    tracing::debug!(reason = %error.reason(), "the tokens of what is open cannot be looked at");
                    break;
                }
            }
        }
    }

    async fn ask(&self, ids: &[i64]) -> Result<(), StoreError> {
        let found = tokens::of_ids(&self.store, ids).await?;
        let mut found: HashMap<_, _> = found.into_iter().map(|row| (row.0.id, row)).collect();
        let now = Instant::now();
        let state = self.state();
        for id in ids {
            let Some(entry) = state.held.get(id) else {
                continue;
            };
            let row = found.remove(id);
            entry.seen.send_if_modified(|seen| seen.become_of(row, now));
        }
        Ok(())
    }

    /// No code panics while it holds the lock; should it, the map is still a map.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// Whether holders must look at it: it is another one, or its time is up.
    fn become_of(&mut self, row: Option<(api_tokens::Model, accounts::Model)>, now: Instant) -> bool {
        let Some(row) = row else {
            return !matches!(std::mem::replace(self, Self::Gone), Self::Gone);
        };
        let is_expired = row.0.expires_at.is_some_and(|end| end <= now);
        let is_same = matches!(self, Self::Row(seen) if **seen == row);
        if !is_same {
            *self = Self::Row(Box::new(row));
        }
        !is_same || is_expired
    }
}

impl std::fmt::Debug for HeldTokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("HeldTokens").finish_non_exhaustive()
    }
}

/// A token under which something is open; given back where it is dropped.
pub struct HeldToken {
    tokens: Arc<HeldTokens>,
    token_id: i64,
    account_id: i64,
    account_token: Option<Box<str>>,
    seen: watch::Receiver<Seen>,
}

impl HeldToken {
    /// Waits until the token opens its account no more: it was revoked, has expired or is gone, or the account's own token
    /// is another one.
    pub async fn ended(&mut self) {
        // The sender lives as long as its holders.
        while self.seen.changed().await.is_ok() {
            if !self.is_let_in() {
                return;
            }
        }
    }

    fn is_let_in(&self) -> bool {
        match &*self.seen.borrow() {
            Seen::Nothing => true,
            Seen::Gone => false,
            Seen::Row(row) => {
                let (token, account) = &**row;
                let account_token = self.account_token.as_deref();
                Viewer::admit(token, account, account_token, Instant::now())
                    .is_ok_and(|viewer| viewer.account_id() == self.account_id)
            }
        }
    }
}

impl Drop for HeldToken {
    fn drop(&mut self) {
        let mut state = self.tokens.state();
        let is_last = state.held.get_mut(&self.token_id).is_some_and(|entry| {
            entry.holders -= 1;
            entry.holders == 0
        });
        if is_last {
            state.held.remove(&self.token_id);
        }
    }
}
