//! The lease of a mirror in the hands of one process: got, renewed while it waits and asks, and given back.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::budget::Budget;
use crate::store::mirror::{self, Attempt, Lease, Mirror, MirrorError, PageWrite, Seen, Wanted, Written};
use crate::store::{Store, StoreError};

/// The longest that a lease may last without being renewed.
pub const LONGEST_LEASE: Duration = Duration::from_secs(30);

/// A lease.
#[derive(Debug)]
pub struct Holder {
    store: Store,
    lease: Lease,
    /// When the last write under the lease was begun.
    renewed: Instant,
}

/// Another process's lease, as long as it is watched.
#[derive(Debug, Default)]
pub struct Watched(Option<(Seen, Instant)>);

impl Watched {
    /// What was seen last, where it has stood for longer than any lease lasts.
    fn unchanged(&self, now: Instant) -> Option<Seen> {
        let (seen, since) = self.0?;
        (now - since > LONGEST_LEASE).then_some(seen)
    }

    fn see(&mut self, seen: Seen, now: Instant) {
        if self.0.is_none_or(|(before, _)| before != seen) {
            self.0 = Some((seen, now));
        }
    }
}

/// What came of trying to get a lease.
pub enum Tried {
    /// It is ours.
    Held(Holder, Box<Mirror>),
    /// Another process has it.
    Taken,
    /// The account is a mirror of this upstream.
    OfAnother(String),
}

impl Holder {
    /// Tries to get a lease.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn attempt(
        store: &Store,
        wanted: &Wanted<'_>,
        watched: &mut Watched,
    ) -> Result<Tried, StoreError> {
        let begun = Instant::now();
        Ok(
            match mirror::attempt(store, wanted, watched.unchanged(begun)).await? {
                Attempt::Taken(seen) => {
                    watched.see(seen, begun);
                    Tried::Taken
                }
                Attempt::OfAnother(upstream) => Tried::OfAnother(upstream),
                Attempt::Held(lease, mirror) => {
                    let holder = Self {
                        store: store.clone(),
                        lease,
                        renewed: begun,
                    };
                    Tried::Held(holder, mirror)
                }
            },
        )
    }

    /// Does something that takes time, and renews the lease meanwhile.
    ///
    /// # Errors
    ///
    /// [`MirrorError`]; the work is then given up.
    pub async fn during<T>(
        &mut self,
        budget: &mut Budget,
        work: impl Future<Output = T>,
    ) -> Result<T, MirrorError> {
        let mut work = std::pin::pin!(work);
        loop {
            let due = self.renewed + self.lease.length / 3;
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = sleep_until(due) => self.renew(budget).await?,
            }
        }
    }

    /// Makes sure that the lease lasts, and that the database knows of the next request.
    ///
    /// # Errors
    ///
    /// [`MirrorError`].
    pub async fn before_request(&mut self, budget: &mut Budget) -> Result<(), MirrorError> {
        if budget.must_be_told() || self.renewed.elapsed() > self.lease.length / 2 {
            self.renew(budget).await?;
        }
        Ok(())
    }

    async fn renew(&mut self, budget: &mut Budget) -> Result<(), MirrorError> {
        let begun = Instant::now();
        mirror::renew(&self.store, &self.lease, &budget.spent(begun)).await?;
        self.told(budget, begun);
        Ok(())
    }

    /// Stores a page; what is spent is filled in.
    ///
    /// # Errors
    ///
    /// [`MirrorError`].
    pub async fn commit(
        &mut self,
        budget: &mut Budget,
        write: &PageWrite<'_>,
    ) -> Result<Written, MirrorError> {
        let begun = Instant::now();
        let spent = budget.spent(begun);
        let write = PageWrite {
            spent: &spent,
            ..*write
        };
        let written = mirror::commit_page(&self.store, &self.lease, &write).await?;
        self.told(budget, begun);
        Ok(written)
    }

    /// Writes down why there was no page.
    ///
    /// # Errors
    ///
    /// [`MirrorError`].
    pub async fn failed(&mut self, budget: &mut Budget, reason: &str) -> Result<(), MirrorError> {
        let begun = Instant::now();
        mirror::failed(&self.store, &self.lease, &budget.spent(begun), reason).await?;
        self.told(budget, begun);
        Ok(())
    }

    /// Goes back to the start of a walk.
    ///
    /// # Errors
    ///
    /// [`MirrorError`].
    pub async fn restart(
        &mut self,
        budget: &mut Budget,
        progress: &mirror::Progress,
        (is_full, reason): (bool, &str),
    ) -> Result<(), MirrorError> {
        let begun = Instant::now();
        let spent = budget.spent(begun);
        mirror::restart_walk(&self.store, &self.lease, progress, &spent, (is_full, reason)).await?;
        self.told(budget, begun);
        Ok(())
    }

    /// Gives the lease back.
    ///
    /// # Errors
    ///
    /// [`MirrorError`].
    pub async fn release(self, budget: &Budget) -> Result<(), MirrorError> {
        mirror::release(&self.store, &self.lease, &budget.ended(Instant::now())).await
    }

    fn told(&mut self, budget: &mut Budget, begun: Instant) {
        budget.told();
        self.renewed = begun;
    }
}
