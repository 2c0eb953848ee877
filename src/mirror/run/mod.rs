//! A mirror at work: the first walk, polls for changes, and full walks between them, for as long as the lease is held.
//!
//! Takes a client and a store; gives an end where one is asked for, or where it is of no use to go on. A database that is away
//! and an upstream that answers badly are waited for.

mod asking;

use std::process;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use super::backoff;
use super::budget::{Budget, Rate};
use super::client::Client;
use super::holder::{Holder, Tried, Watched};
use super::page::Page;
use super::walk::{Step, Walk, earlier};
use crate::ingest::random::Random;
use crate::store::mirror::{Ends, MirrorError, PageWrite, Phase, Progress, Spent, Wanted};
use crate::store::{Store, StoreError};

/// What is mirrored, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The account whose imports are written.
    pub account_id: i64,
    /// This process, for people.
    pub holder: String,
    /// How often changes are asked for; `None`: once.
    pub every: Option<Duration>,
    /// How much may be asked; `None`: as much as one likes.
    pub rate: Option<Rate>,
    /// How late a change may become visible upstream.
    pub overlap: Duration,
    /// How often everything is walked over.
    pub reconcile_every: Duration,
    /// How many pages are read in one interval at most.
    pub max_pages: Option<u64>,
    /// How long the lease lasts without being renewed.
    pub lease: Duration,
}

/// Why a mirror does not go on.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The upstream refuses the key.
    #[error("the key is refused: {0}")]
    KeyRefused(String),
    /// The upstream gives no page.
    #[error("{0}")]
    NoPage(String),
    /// The account is a mirror of something else.
    #[error("the account is a mirror of {0}: use that, or remove its row from `mirrors` to begin anew")]
    OfAnother(String),
    /// The database's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was done so far, by this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Pages read and stored.
    pub pages: u64,
    /// Rows that were new or have changed.
    pub stored: u64,
    /// Rows that are older than what was stored.
    pub older: u64,
    /// Imports that were removed.
    pub removed: u64,
    /// Bad records that were met.
    pub rejected: u64,
}

/// Why the work under a lease ends.
enum Stop {
    /// Another process has it, or the database is away.
    Lease(MirrorError),
    /// For good.
    End(SyncError),
}

impl From<MirrorError> for Stop {
    fn from(error: MirrorError) -> Self {
        Self::Lease(error)
    }
}

/// What a request for a page came to.
enum Fetched {
    Page(Box<(Page, Step)>),
    /// The walk has gone back to its start.
    Restarted,
    /// No more pages may be read for now.
    Enough,
}

/// What is called behind each page.
type Told<'a> = Box<dyn FnMut(Phase, &Totals) + Send + 'a>;

/// One mirror, and what this process knows of it.
pub struct Sync<'a> {
    store: &'a Store,
    client: Client,
    options: &'a Options,
    budget: Budget,
    random: Random,
    holder: Option<Holder>,
    totals: Totals,
    told: Told<'a>,
}

/// What is known of the mirror while the lease is held.
struct Known {
    progress: Progress,
    is_complete: bool,
    /// When the next full walk is due; `None`: in the far future.
    walk_due: Option<Instant>,
    has_rejects: bool,
    has_absences: bool,
    pages_left: Option<u64>,
    failures: u32,
    /// When this run of the open poll's pages began, and what the ones before have reached.
    run: (Instant, Option<entity::Instant>),
}

impl<'a> Sync<'a> {
    /// A mirror; `told` is called behind each page.
    pub fn new(
        store: &'a Store,
        client: Client,
        options: &'a Options,
        told: impl FnMut(Phase, &Totals) + Send + 'a,
    ) -> Self {
        let seed = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            store,
            client,
            options,
            budget: Budget::new(options.rate, &Spent::default(), Instant::now()),
            random: Random::new(seed.as_nanos() as u64 ^ u64::from(process::id())),
            holder: None,
            totals: Totals::default(),
            told: Box::new(told),
        }
    }

    /// What was done so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Works until it is done, where it is to be done once; else for ever.
    ///
    /// # Errors
    ///
    /// [`SyncError`]; where it goes on for ever, only a refused key and a wrong upstream end it.
    pub async fn run(&mut self) -> Result<(), SyncError> {
        let account_id = self.options.account_id;
        let mut faults = 0;
        loop {
            let error = match self.under_lease(&mut faults).await {
                Ok(()) => return Ok(()),
                Err(Stop::End(error)) => return Err(error),
                Err(Stop::Lease(MirrorError::Fenced)) => {
                    tracing::warn!(
                        account_id,
                        "another process has taken the lease over; waiting for it"
                    );
                    self.holder = None;
                    continue;
                }
                Err(Stop::Lease(MirrorError::Store(error))) => error,
            };
            self.holder = None;
            if self.options.every.is_none() {
                return Err(error.into());
            }
            faults += 1;
            let wait = backoff::wait(faults, None, self.random.part());
            tracing::warn!(
                account_id,
                cause = error.reason(),
                ?wait,
                "the database gives no answer"
            );
            sleep(wait).await;
        }
    }

    /// Gives the lease back, so that another process need not wait for it.
    pub async fn release(&mut self) {
        if let Some(holder) = self.holder.take()
            && let Err(error) = holder.release(&self.budget).await
        {
            tracing::debug!(%error, "the lease was not given back");
        }
    }

    async fn under_lease(&mut self, faults: &mut u32) -> Result<(), Stop> {
        let mut known = self.acquire().await?;
        *faults = 0;
        loop {
            let begun = Instant::now();
            let next = self.options.every.map(|every| begun + every);
            known.pages_left = self.options.max_pages;
            self.round(&mut known, next).await?;
            let Some(next) = next else {
                return Ok(());
            };
            let (holder, budget) = self.held();
            holder.during(budget, tokio::time::sleep_until(next)).await?;
        }
    }

    /// Waits for the lease, and goes on from what the mirror is then.
    async fn acquire(&mut self) -> Result<Known, Stop> {
        let upstream = self.client.upstream().text().to_owned();
        let account_id = self.options.account_id;
        let wanted = Wanted {
            account_id,
            upstream: &upstream,
            holder: &self.options.holder,
            length: self.options.lease,
            interval: self.options.every,
        };
        let mut watched = Watched::default();
        let mut is_told = false;
        let mirror = loop {
            match Holder::attempt(self.store, &wanted, &mut watched)
                .await
                .map_err(MirrorError::from)?
            {
                Tried::Held(holder, mirror) => {
                    self.holder = Some(holder);
                    break mirror;
                }
                Tried::OfAnother(upstream) => return Err(Stop::End(SyncError::OfAnother(upstream))),
                Tried::Taken if !is_told => {
                    tracing::info!(
                        account_id,
                        "another process asks this upstream; waiting for its lease"
                    );
                    is_told = true;
                }
                Tried::Taken => {}
            }
            sleep(self.options.lease / 4).await;
        };
        let now = Instant::now();
        self.budget.add(&mirror.spent, now);
        let left = mirror
            .walked_ago
            .map(|ago| self.options.reconcile_every.saturating_sub(ago));
        let before = mirror
            .progress
            .poll_followed_to
            .filter(|_| mirror.progress.poll_cursor.is_some());
        tracing::info!(
            account_id,
            phase = mirror.progress.phase.name(),
            "the lease is held"
        );
        Ok(Known {
            is_complete: mirror.is_complete,
            walk_due: now.checked_add(left.unwrap_or(self.options.reconcile_every)),
            has_rejects: mirror.has_rejects,
            has_absences: mirror.has_absences,
            pages_left: None,
            failures: 0,
            run: (now, before),
            progress: mirror.progress,
        })
    }

    /// What there is to do in one interval; full walks go on until the `next` begins.
    async fn round(&mut self, known: &mut Known, next: Option<Instant>) -> Result<(), Stop> {
        if !known.is_complete {
            if known.progress.walk_last_id.is_none() && known.progress.walk_cursor.is_none() {
                let Some(newest) = self.newest(known).await? else {
                    return Ok(());
                };
                // Changes are followed from here on once the walk is at its end.
                known.progress.followed_to = newest;
            }
            if !self.walk(known, Walk::Backfill, None).await? {
                return Ok(());
            }
        }
        if known.progress.poll_cursor.is_none() {
            let overlap = self.options.overlap;
            known.progress.poll_since = known.progress.followed_to.map(|to| earlier(to, overlap));
            known.run = (Instant::now(), None);
        }
        if !self.walk(known, Walk::Poll, None).await? {
            return Ok(());
        }
        let is_due = known.walk_due.is_some_and(|due| due <= Instant::now());
        if known.progress.phase != Phase::Reconciling && is_due {
            known.progress.phase = Phase::Reconciling;
            known.progress.walk += 1;
        }
        if known.progress.phase == Phase::Reconciling {
            self.walk(known, Walk::Reconcile, next).await?;
        }
        Ok(())
    }

    /// Goes on with a walk, to its end or until a time is there; whether it is at its end.
    async fn walk(&mut self, known: &mut Known, walk: Walk, until: Option<Instant>) -> Result<bool, Stop> {
        loop {
            let (page, step) = match self.page(known, walk).await? {
                Fetched::Page(page) => *page,
                Fetched::Restarted => continue,
                Fetched::Enough => return Ok(false),
            };
            let is_end = step.ends != Ends::Nothing;
            self.store_page(known, &page, step).await?;
            if is_end {
                return Ok(true);
            }
            if until.is_some_and(|until| until <= Instant::now()) {
                return Ok(false);
            }
        }
    }

    async fn store_page(&mut self, known: &mut Known, page: &Page, step: Step) -> Result<(), Stop> {
        let write = PageWrite {
            rows: &page.rows,
            rejects: &page.rejects,
            progress: &step.progress,
            spent: &Spent::default(),
            ids: &page.ids,
            whole: step.whole,
            ends: step.ends,
            has_rejects: known.has_rejects,
            has_absences: known.has_absences,
        };
        let (holder, budget) = self.held();
        let written = holder.commit(budget, &write).await?;
        for reject in &page.rejects {
            tracing::debug!(id = reject.id, reason = reject.reason, "a record is refused");
        }
        known.progress = step.progress;
        known.failures = 0;
        known.has_rejects |= !page.rejects.is_empty();
        known.has_absences |= written.marked;
        known.pages_left = known.pages_left.map(|left| left.saturating_sub(1));
        self.totals.pages += 1;
        self.totals.stored += written.stored;
        self.totals.older += written.older;
        self.totals.removed += written.removed;
        self.totals.rejected += page.rejects.len() as u64;
        self.ended(known, step.ends, written.removed);
        (self.told)(known.progress.phase, &self.totals);
        Ok(())
    }

    fn ended(&self, known: &mut Known, ends: Ends, removed: u64) {
        let Totals { pages, stored, .. } = self.totals;
        let account_id = self.options.account_id;
        match ends {
            Ends::Nothing => return,
            Ends::Poll => return tracing::debug!(account_id, pages, stored, "up to date"),
            Ends::Backfill => {
                known.is_complete = true;
                tracing::info!(
                    account_id,
                    pages,
                    stored,
                    "the first walk over all imports is at its end"
                );
            }
            Ends::Reconcile => {
                tracing::info!(
                    account_id,
                    pages,
                    stored,
                    removed,
                    "a walk over all imports is at its end"
                )
            }
        }
        known.walk_due = Instant::now().checked_add(self.options.reconcile_every);
    }

    fn held(&mut self) -> (&mut Holder, &mut Budget) {
        let holder = self.holder.as_mut().expect("work is done only under a lease");
        (holder, &mut self.budget)
    }
}
