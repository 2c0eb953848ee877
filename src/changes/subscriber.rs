//! One that listens to an account's rows.

use std::sync::Arc;
use std::time::Duration;

use keyset::Filter;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::ChangesCursor;
use super::batch::{Batch, Change, changes_of, flushed, last_before, with_rows};
use super::feed::{Behind, Feed, NOTES};
use crate::store::StoreError;
use crate::store::changes::{self, Notes, Old, Point, Scope};
use crate::store::query::table::{Fields, Table};

/// How long after a failure a subscriber that is behind reads again.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// Why nothing follows.
#[derive(Debug)]
pub enum Ended {
    /// The point is no longer kept, or is of another history: the list must be read anew.
    Expired,
    /// The database gave no answer.
    Unavailable(StoreError),
}

/// What became of a row of the filtered list.
#[derive(Clone, Debug)]
pub struct Event<T> {
    /// Where the next events come from.
    pub cursor: ChangesCursor,
    /// The row's id.
    pub id: i64,
    /// The row, which is in the list; `None`: it was, and is no longer.
    pub row: Option<Arc<T>>,
}

/// Somebody who is told what becomes of an account's rows that meet a filter.
pub struct Subscriber<T: Table> {
    feed: Arc<Feed<T>>,
    account_id: i64,
    filter: Filter<T::Column>,
    fields: Fields,
    /// Up to where all was told.
    position: ChangesCursor,
    /// Until when it read rows itself; what others read before is older.
    seen_at: Option<Instant>,
    told: watch::Receiver<()>,
    /// What was read before it was asked for.
    pending: Vec<Event<T>>,
}

impl<T: Table> Subscriber<T> {
    pub(super) fn new(
        feed: Arc<Feed<T>>,
        account_id: i64,
        filter: Filter<T::Column>,
        fields: Fields,
        position: ChangesCursor,
        told: watch::Receiver<()>,
    ) -> Self {
        Self {
            feed,
            account_id,
            filter,
            fields,
            position,
            seen_at: None,
            told,
            pending: Vec::new(),
        }
    }

    /// Up to where all was told.
    #[must_use]
    pub fn position(&self) -> ChangesCursor {
        self.position
    }

    /// Finds out whether its point can be followed.
    ///
    /// # Errors
    ///
    /// [`Ended`].
    pub async fn ready(&mut self) -> Result<(), Ended> {
        // At the database, even where all that follows is known here: the same place may have been another note's.
        let behind = self.behind()?;
        let (Behind::Read(until) | Behind::Batches(_, until)) = behind;
        let batch = self.read(until).await?;
        self.pending = self.events(&batch, self.position.point);
        self.position.point = batch.end;
        Ok(())
    }

    /// Waits for the next events, at least one, in order. Dropped before it ends, it loses none.
    ///
    /// A database that is away is waited for.
    ///
    /// # Errors
    ///
    /// [`Ended::Expired`].
    pub async fn next(&mut self) -> Result<Vec<Event<T>>, Ended> {
        if !self.pending.is_empty() {
            return Ok(std::mem::take(&mut self.pending));
        }
        loop {
            self.told.mark_unchanged();
            match self.behind()? {
                Behind::Batches(batches, end) => {
                    let from = self.position.point;
                    let events: Vec<_> = batches
                        .iter()
                        .flat_map(|batch| self.events(batch, from))
                        .collect();
                    self.position.point = end.max(from);
                    if !events.is_empty() {
                        return Ok(events);
                    }
                    // The feed lives as long as a subscriber.
                    let _ = self.told.changed().await;
                }
                Behind::Read(until) => match self.read(until).await {
                    Ok(batch) => {
                        let events = self.events(&batch, self.position.point);
                        self.position.point = batch.end;
                        if !events.is_empty() {
                            return Ok(events);
                        }
                    }
                    Err(Ended::Unavailable(error)) => {
                        tracing::debug!(reason = %error.reason(), "a subscriber that is behind cannot read");
                        sleep(FAILURE_PAUSE).await;
                    }
                    Err(ended) => return Err(ended),
                },
            }
        }
    }

    fn behind(&self) -> Result<Behind<T>, Ended> {
        self.feed
            .behind(self.account_id, self.position, self.fields, self.seen_at)
    }

    /// What the feed has of the account up to a point, or as much of that as is read at once.
    async fn read(&mut self, until: Point) -> Result<Batch<T>, Ended> {
        let (store, from) = (&self.feed.store, self.position);
        let scope = Scope::Account {
            id: self.account_id,
            until,
        };
        let read = changes::after::<T>(store, from.point, scope, NOTES).await;
        let Notes {
            history,
            is_known,
            is_broken,
            notes,
            ..
        } = read.map_err(Ended::Unavailable)?;
        if history != from.history || !is_known || is_broken {
            return Err(Ended::Expired);
        }
        let read_at = Instant::now();
        let changes = with_rows(store, changes_of(notes.iter()), self.fields).await;
        let (changes, next) = changes.map_err(Ended::Unavailable)?;
        let seen_at = Instant::now();
        flushed::<T>(store).await.map_err(Ended::Unavailable)?;
        let end = match next {
            None if notes.len() < NOTES => until.max(from.point),
            next => last_before(&notes, next).unwrap_or(from.point),
        };
        self.seen_at = Some(seen_at);
        Ok(Batch {
            start: from.point,
            end,
            fields: self.fields,
            read_at,
            changes: changes.into_iter().map(|(_, change)| change).collect(),
        })
    }

    /// The events of a batch behind a point.
    ///
    /// Each has the place of its row's first note: from there on, what is told behind it comes again. The last one has the end
    /// of the batch, as with it all was told.
    fn events(&self, batch: &Batch<T>, from: Point) -> Vec<Event<T>> {
        let was_in = |old: &Old<T>| match old {
            Old::Absent => false,
            Old::Row(old) => self.filter.eval(old),
            Old::Unreadable => true,
        };
        let history = self.position.history;
        let event = |change: &Change<T>| {
            let row = change.now.as_ref().filter(|row| self.filter.eval(row.as_ref()));
            let is_told = row.is_some() || change.old.iter().any(was_in);
            is_told.then(|| Event {
                cursor: ChangesCursor {
                    history,
                    point: change.point,
                },
                id: change.id,
                row: row.cloned(),
            })
        };
        let behind = batch.changes.iter().filter(|change| change.point > from);
        let mut events: Vec<_> = behind.filter_map(event).collect();
        if let Some(last) = events.last_mut() {
            last.cursor.point = batch.end;
        }
        events
    }
}

impl<T: Table> Drop for Subscriber<T> {
    fn drop(&mut self) {
        self.feed.unsubscribe(self.account_id);
    }
}
