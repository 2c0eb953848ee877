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
    /// **Unit:** seconds: the value of `Retry-After`.
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
    /// **Errors:** [`Overloaded`] where the queue is full, or the wait is over, or the place in the queue went to an
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
mod tests {
    use std::pin::Pin;
    use std::task::Poll;

    use futures_util::poll;

    use super::*;

    type Acquiring = Pin<Box<dyn Future<Output = Result<Permit, Overloaded>>>>;

    fn permits(running: usize, waiting: usize) -> Permits {
        Permits::new(PermitLimits {
            running,
            waiting,
            wait: Duration::from_secs(600),
        })
    }

    /// A request that stands in the queue, or is refused at once.
    async fn queued(permits: &Permits, account: i64) -> Result<Acquiring, Overloaded> {
        let permits = permits.clone();
        let mut acquiring: Acquiring = Box::pin(async move { permits.acquire(account).await });
        match poll!(&mut acquiring) {
            Poll::Pending => Ok(acquiring),
            Poll::Ready(result) => Err(result.expect_err("no permit is free")),
        }
    }

    async fn is_running(acquiring: &mut Acquiring) -> Option<Permit> {
        match poll!(acquiring) {
            Poll::Ready(result) => Some(result.expect("not refused")),
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn a_permit_comes_back_when_it_is_dropped() {
        let permits = permits(2, 0);
        let first = permits.acquire(1).await.expect("free");
        let _second = permits.acquire(1).await.expect("free");
        assert_eq!((permits.running(), permits.waiting()), (2, 0));
        assert_eq!(permits.acquire(1).await.expect_err("full"), Overloaded);
        drop(first);
        assert_eq!(permits.running(), 1);
        assert!(permits.acquire(1).await.is_ok());
    }

    #[tokio::test]
    async fn one_that_waits_gets_the_permit_that_is_dropped() {
        let permits = permits(1, 1);
        let running = permits.acquire(1).await.expect("free");
        let mut next = queued(&permits, 1).await.expect("room to wait");
        assert_eq!(permits.waiting(), 1);
        assert!(queued(&permits, 1).await.is_err());
        drop(running);
        let _permit = is_running(&mut next).await.expect("its turn");
        assert_eq!((permits.running(), permits.waiting()), (1, 0));
    }

    #[tokio::test]
    async fn a_wait_that_is_too_long_is_refused_and_leaves_the_queue() {
        let permits = Permits::new(PermitLimits {
            running: 1,
            waiting: 1,
            wait: Duration::from_millis(5),
        });
        let _running = permits.acquire(1).await.expect("free");
        assert_eq!(permits.acquire(1).await.expect_err("too long"), Overloaded);
        assert_eq!((permits.running(), permits.waiting()), (1, 0));
    }

    #[tokio::test]
    async fn one_that_goes_away_leaves_the_queue_to_the_others() {
        let permits = permits(1, 3);
        let running = permits.acquire(1).await.expect("free");
        let gone = queued(&permits, 1).await.expect("room to wait");
        let mut stays = queued(&permits, 2).await.expect("room to wait");
        drop(gone);
        assert_eq!(permits.waiting(), 1);
        drop(running);
        assert!(is_running(&mut stays).await.is_some());
    }

    #[tokio::test]
    async fn a_permit_handed_to_one_that_goes_away_is_not_lost() {
        let permits = permits(1, 3);
        let running = permits.acquire(1).await.expect("free");
        let handed = queued(&permits, 1).await.expect("room to wait");
        let mut next = queued(&permits, 1).await.expect("room to wait");
        drop(running);
        drop(handed);
        let permit = is_running(&mut next).await.expect("its turn");
        drop(permit);
        assert_eq!((permits.running(), permits.waiting()), (0, 0));
    }

    #[tokio::test]
    async fn a_permit_passes_over_one_that_has_just_given_up() {
        let permits = permits(1, 3);
        let running = permits.acquire(1).await.expect("free");
        let (_, given_up) = permits.0.lock().push(1);
        drop(given_up);
        let mut next = queued(&permits, 2).await.expect("room to wait");
        drop(running);
        let permit = is_running(&mut next).await.expect("its turn");
        drop(permit);
        assert_eq!((permits.running(), permits.waiting()), (0, 0));
    }

    #[tokio::test]
    async fn accounts_take_turns_whatever_each_has_queued() {
        let permits = permits(1, 16);
        let mut running = permits.acquire(1).await.expect("free");
        let mut waiting = Vec::new();
        for account in [1, 1, 1, 2, 3, 2] {
            waiting.push((account, queued(&permits, account).await.expect("room to wait")));
        }
        let mut order = Vec::new();
        while !waiting.is_empty() {
            drop(running);
            let mut next = None;
            for (place, (_, acquiring)) in waiting.iter_mut().enumerate() {
                if let Some(permit) = is_running(acquiring).await {
                    assert!(next.replace((place, permit)).is_none(), "one permit, one request");
                }
            }
            let (place, permit) = next.expect("somebody runs");
            order.push(waiting.remove(place).0);
            running = permit;
        }
        assert_eq!(order, [1, 2, 3, 1, 2, 1]);
    }

    #[tokio::test]
    async fn a_full_queue_makes_room_at_the_cost_of_the_account_with_most_in_it() {
        let permits = permits(1, 4);
        let running = permits.acquire(1).await.expect("free");
        let mut flood = Vec::new();
        for _ in 0..4 {
            flood.push(queued(&permits, 1).await.expect("room to wait"));
        }
        assert!(queued(&permits, 1).await.is_err());
        let _second = queued(&permits, 2).await.expect("room is made");
        let _other = queued(&permits, 2).await.expect("room is made");
        assert!(queued(&permits, 2).await.is_err(), "both have as much");
        assert_eq!(permits.waiting(), 4);
        let refused = [flood.pop(), flood.pop()];
        for newest in refused.into_iter().flatten() {
            assert_eq!(newest.await.expect_err("sent away"), Overloaded);
        }
        drop(running);
        assert!(is_running(&mut flood[0]).await.is_some());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_permit_is_lost_or_doubled_under_contention() {
        let permits = Permits::new(PermitLimits {
            running: 3,
            waiting: 8,
            wait: Duration::from_micros(50),
        });
        let tasks: Vec<_> = (0..16)
            .map(|account| {
                let permits = permits.clone();
                tokio::spawn(async move {
                    for _ in 0..200 {
                        let permit = permits.acquire(account % 3).await;
                        assert!(permits.running() <= 3);
                        tokio::task::yield_now().await;
                        drop(permit);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no task fails");
        }
        assert_eq!((permits.running(), permits.waiting()), (0, 0));
        assert!(permits.0.lock().by_account.is_empty() && permits.0.lock().turns.is_empty());
    }
}
