//! How many requests run at once, and who is next.
//!
//! Past the limit a request waits a little in a bounded queue, and past that it is refused at once: a short answer now
//! is worth more than a good one too late. Accounts take turns, whatever each has queued; where the queue is full, the
//! account with most in it makes room. So one account's flood is its own matter.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

/// What runs and waits at most.
#[derive(Clone, Copy, Debug)]
pub struct PermitLimits {
    /// Requests that run at once.
    pub running: usize,
    /// Requests that wait at once.
    pub waiting: usize,
    /// How long one waits.
    pub wait: Duration,
}

impl Default for PermitLimits {
    fn default() -> Self {
        Self {
            running: 64,
            waiting: 256,
            wait: Duration::from_millis(250),
        }
    }
}

/// The process has as much to do as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests are running; retry after {} s", Self::RETRY_AFTER_S)]
pub struct Overloaded;

impl Overloaded {
    /// In seconds: the value of `Retry-After`.
    pub const RETRY_AFTER_S: u64 = 1;
}

/// The permits of a process. A clone shares them.
#[derive(Clone)]
pub struct Permits(Arc<Shared>);

/// The right to run, given back on drop.
#[derive(Debug)]
pub struct Permit(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    limits: PermitLimits,
    queue: Mutex<Queue>,
}

#[derive(Debug)]
struct Queue {
    /// More than none only while nobody waits.
    free: usize,
    waiting: usize,
    tickets: u64,
    /// Exactly the accounts with someone waiting, the next one first.
    turns: VecDeque<i64>,
    by_account: HashMap<i64, VecDeque<Waiter>>,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    hand: oneshot::Sender<Permit>,
}

/// A place in the queue, left on drop by whoever gives up.
struct Place<'a> {
    shared: &'a Shared,
    account: i64,
    ticket: u64,
}

impl Permits {
    /// All permits free.
    pub fn new(limits: PermitLimits) -> Self {
        let queue = Queue {
            free: limits.running,
            waiting: 0,
            tickets: 0,
            turns: VecDeque::new(),
            by_account: HashMap::new(),
        };
        Self(Arc::new(Shared {
            limits,
            queue: Mutex::new(queue),
        }))
    }

    /// Waits for the right to run. Dropping the future leaves the queue.
    ///
    /// # Errors
    ///
    /// [`Overloaded`] where the queue is full, or the wait is over, or the place in the queue went to an
    /// account with less in it.
    pub async fn acquire(&self, account: i64) -> Result<Permit, Overloaded> {
        let shared = &*self.0;
        let (ticket, handed) = {
            let mut queue = shared.lock();
            if queue.free > 0 {
                queue.free -= 1;
                return Ok(Permit(Some(Arc::clone(&self.0))));
            }
            if queue.waiting >= shared.limits.waiting {
                queue.make_room_for(account)?;
            }
            queue.push(account)
        };
        let _place = Place {
            shared,
            account,
            ticket,
        };
        match timeout(shared.limits.wait, handed).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Overloaded),
        }
    }

    /// How many requests run.
    pub fn running(&self) -> usize {
        self.0.limits.running - self.0.lock().free
    }

    /// How many requests wait.
    pub fn waiting(&self) -> usize {
        self.0.lock().waiting
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(shared) = self.0.take() else { return };
        let mut queue = shared.lock();
        while let Some(waiter) = queue.pop() {
            match waiter.hand.send(Self(Some(Arc::clone(&shared)))) {
                Ok(()) => return,
                // It has just given up. Its permit must not come back here while the queue is locked.
                Err(mut unwanted) => drop(unwanted.0.take()),
            }
        }
        queue.free += 1;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.shared.lock().leave(self.account, self.ticket);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No code of others runs under the lock, and none of ours panics there.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn push(&mut self, account: i64) -> (u64, oneshot::Receiver<Permit>) {
        let (hand, handed) = oneshot::channel();
        self.tickets += 1;
        self.waiting += 1;
        let line = self.by_account.entry(account).or_default();
        if line.is_empty() {
            self.turns.push_back(account);
        }
        line.push_back(Waiter {
            ticket: self.tickets,
            hand,
        });
        (self.tickets, handed)
    }

    /// The next in turn, its account going to the end of the turns.
    fn pop(&mut self) -> Option<Waiter> {
        let account = self.turns.pop_front()?;
        let line = self.by_account.get_mut(&account)?;
        let waiter = line.pop_front();
        if line.is_empty() {
            self.by_account.remove(&account);
        } else {
            self.turns.push_back(account);
        }
        self.waiting -= usize::from(waiter.is_some());
        waiter
    }

    /// Sends away the newest of the longest line, if that line stays no shorter than the newcomer's.
    fn make_room_for(&mut self, newcomer: i64) -> Result<(), Overloaded> {
        let own = self.by_account.get(&newcomer).map_or(0, VecDeque::len);
        let longest = self.by_account.iter().max_by_key(|(_, line)| line.len());
        let Some((account, newest)) = longest
            .filter(|(_, line)| line.len() > own + 1)
            .and_then(|(account, line)| Some((*account, line.back()?)))
        else {
            return Err(Overloaded);
        };
        self.leave(account, newest.ticket);
        Ok(())
    }

    fn leave(&mut self, account: i64, ticket: u64) {
        let Some(line) = self.by_account.get_mut(&account) else {
            return;
        };
        let Some(place) = line.iter().position(|waiter| waiter.ticket == ticket) else {
            return;
        };
        line.remove(place);
        self.waiting -= 1;
        if line.is_empty() {
            self.by_account.remove(&account);
            self.turns.retain(|turn| *turn != account);
        }
    }
}

#[cfg(test)]
mod tests;
