//! One page after another: asked for when the budget has room, and again after what is no page.

use std::time::SystemTime;

use tokio::time::{Instant, sleep};

use super::{Fetched, Known, Stop, Sync, SyncError};
use crate::mirror::backoff;
use crate::mirror::verdict::{Verdict, judge};
use crate::mirror::walk::{PER_PAGE, Segment, Walk};
use crate::store::mirror::MirrorError;

/// How often a request is tried where nobody waits for the next interval.
const TRIES: u32 = 10;
/// Records of the page that tells the newest change.
const NEWEST: usize = 2;

impl Sync<'_> {
    /// When the newest change was; `None` where no more pages may be read.
    pub(super) async fn newest(
        &mut self,
        known: &mut Known,
    ) -> Result<Option<Option<entity::Instant>>, Stop> {
        let query = format!("per_page={NEWEST}&sort%5Bupdated_at%5D=desc");
        loop {
            if known.pages_left == Some(0) {
                return Ok(None);
            }
            match self.ask(known, &query, NEWEST, false).await? {
                Verdict::Page(page) => {
                    known.failures = 0;
                    let newest = page.rows.iter().map(|row| row.updated_at).max();
                    return Ok(Some(newest));
                }
                verdict => self.wait_out(known, verdict).await?,
            }
        }
    }

    /// The next page of a walk, and how far one is with it.
    pub(super) async fn page(&mut self, known: &mut Known, walk: Walk) -> Result<Fetched, Stop> {
        loop {
            if known.pages_left == Some(0) {
                return Ok(Fetched::Enough);
            }
            let had_cursor = walk.cursor(&known.progress).is_some();
            let query = walk.query(&known.progress);
            let verdict = match self.ask(known, &query, PER_PAGE, had_cursor).await? {
                Verdict::Page(page) => {
                    let segment = Segment {
                        before: known.run.1,
                        elapsed: known.run.0.elapsed(),
                    };
                    match walk.step(&known.progress, &page, segment) {
                        Ok(step) => return Ok(Fetched::Page(Box::new((page, step)))),
                        Err(reason) => Verdict::Again { reason, asked: None },
                    }
                }
                Verdict::CursorRefused(reason) => {
                    self.restart(known, walk, &reason).await?;
                    return Ok(Fetched::Restarted);
                }
                verdict => verdict,
            };
            self.wait_out(known, verdict).await?;
        }
    }

    /// One request, when the budget has room for it.
    async fn ask(
        &mut self,
        known: &Known,
        query: &str,
        per_page: usize,
        had_cursor: bool,
    ) -> Result<Verdict, Stop> {
        let wait = self.budget.wait(Instant::now());
        if !wait.is_zero() {
            tracing::debug!(
                account_id = self.options.account_id,
                ?wait,
                phase = known.progress.phase.name(),
                "the budget of requests is spent"
            );
            let (holder, budget) = self.held();
            holder.during(budget, sleep(wait)).await?;
        }
        let Self {
            holder: Some(holder),
            budget,
            client,
            ..
        } = self
        else {
            return Err(MirrorError::Fenced.into());
        };
        holder.before_request(budget).await?;
        budget.sent();
        let answered = holder.during(budget, client.get(query)).await;
        budget.answered(Instant::now());
        let account_id = self.options.account_id;
        Ok(judge(
            answered?,
            account_id,
            per_page,
            had_cursor,
            SystemTime::now(),
        ))
    }

    /// Goes back to the start of a walk whose cursor the upstream does not know.
    async fn restart(&mut self, known: &mut Known, walk: Walk, reason: &str) -> Result<(), Stop> {
        let progress = &mut known.progress;
        match walk {
            Walk::Poll => {
                (progress.poll_cursor, progress.poll_followed_to) = (None, None);
                known.run = (Instant::now(), None);
            }
            Walk::Backfill | Walk::Reconcile => (progress.walk_cursor, progress.walk_last_id) = (None, None),
        }
        let (holder, budget) = self.held();
        let is_full = walk == Walk::Reconcile;
        holder.restart(budget, &known.progress, (is_full, reason)).await?;
        let reason = format!("the cursor is refused, so the walk begins again: {reason}");
        self.wait_out(known, Verdict::Again { reason, asked: None }).await
    }

    /// Writes down what went wrong, and waits as long as is due; ends where another try is of no use.
    async fn wait_out(&mut self, known: &mut Known, verdict: Verdict) -> Result<(), Stop> {
        let (reason, asked, is_useless) = match verdict {
            Verdict::Again { reason, asked } => (reason, asked, false),
            Verdict::Useless(reason) | Verdict::CursorRefused(reason) => (reason, None, true),
            Verdict::KeyRefused(reason) => {
                let (holder, budget) = self.held();
                holder.failed(budget, &reason).await?;
                return Err(Stop::End(SyncError::KeyRefused(reason)));
            }
            Verdict::Page(_) => return Ok(()),
        };
        known.failures += 1;
        let (holder, budget) = self.held();
        holder.failed(budget, &reason).await?;
        let is_last = is_useless || known.failures >= TRIES;
        if self.options.every.is_none() && is_last {
            return Err(Stop::End(SyncError::NoPage(reason)));
        }
        let wait = backoff::wait(known.failures, asked, self.random.part());
        tracing::warn!(
            account_id = self.options.account_id,
            reason,
            ?wait,
            failures = known.failures,
            "the upstream gives no page"
        );
        let (holder, budget) = self.held();
        Ok(holder.during(budget, sleep(wait)).await?)
    }
}
