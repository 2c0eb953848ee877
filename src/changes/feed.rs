//! The one reader of a process, and what it keeps for subscribers.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::ChangesCursor;
use super::batch::{Batch, changes_of, flushed, last_before, with_rows};
use super::delay::Delay;
use super::subscriber::{Ended, Subscriber};
use crate::store::changes::{self, Note, Notes, Point, Scope};
use crate::store::query::table::{Column, Fields, Table};
use crate::store::{Store, StoreError};

/// Notes read at once.
pub(super) const NOTES: usize = 1000;
/// How many batches of an account are kept for subscribers that are behind.
const BATCHES: usize = 32;
/// How large they may be together. **Unit**: bytes.
const BATCH_BYTES: usize = 8 << 20;
/// How old the last known point may be for a list that is to be followed from there.
const FRESH: Duration = Duration::from_secs(1);
/// How long after a failure the feed is read again.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// How a feed is read and kept.
#[derive(Clone, Copy, Debug)]
pub struct FeedSettings {
    /// How often it is read while anybody listens.
    pub interval: Duration,
    /// How long notes are kept.
    pub retention: Duration,
}

/// The feed of a table, for all who listen in this process.
pub struct Feed<T: Table> {
    pub(super) store: Store,
    pub(super) settings: FeedSettings,
    state: Mutex<State<T>>,
    /// Held while the feed is read, so that points only grow.
    reading: tokio::sync::Mutex<()>,
}

struct State<T> {
    /// The last note that was read; nothing before the first reading.
    position: Option<ChangesCursor>,
    read_at: Option<Instant>,
    /// How long the oldest change had waited that could not be told yet when it was read.
    waiting: Duration,
    accounts: HashMap<i64, Account<T>>,
    /// Whether the reader runs.
    is_read: bool,
}

/// What is kept for the subscribers of an account.
struct Account<T> {
    listeners: usize,
    /// What any of them has to see of a row.
    fields: Fields,
    /// From where on `batches` has all.
    since: Point,
    batches: VecDeque<Arc<Batch<T>>>,
    /// The last break.
    broken_at: Option<Point>,
    told: watch::Sender<()>,
}

/// What there is for a subscriber behind its point.
pub(super) enum Behind<T> {
    /// All up to here.
    Batches(Vec<Arc<Batch<T>>>, Point),
    /// What is kept does not go back as far: it must be read, up to here.
    Read(Point),
}

impl<T: Table> Feed<T> {
    /// A feed that nobody listens to.
    #[must_use]
    pub fn new(store: Store, settings: FeedSettings) -> Arc<Self> {
        Arc::new(Self {
            store,
            settings,
            state: Mutex::new(State {
                position: None,
                read_at: None,
                waiting: Duration::ZERO,
                accounts: HashMap::new(),
                is_read: false,
            }),
            reading: tokio::sync::Mutex::new(()),
        })
    }

    /// Reads the feed as long as anybody listens.
    async fn run(self: Arc<Self>) {
        // An outage is told once.
        let mut is_away = false;
        let mut delay = Delay::default();
        while self.goes_on() {
            let read = {
                let _reading = self.reading.lock().await;
                self.step().await
            };
            match read {
                Ok(has_more) => {
                    if std::mem::take(&mut is_away) {
                        tracing::info!("the change feed is read again");
                    }
                    let waiting = self.state().waiting;
                    delay.tell(&self.store, waiting).await;
                    if !has_more {
                        sleep(self.settings.interval).await;
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_away, true) {
                        tracing::warn!(reason = %error.reason(), "the change feed cannot be read; it is tried again");
                    }
                    sleep(FAILURE_PAUSE).await;
                }
            }
        }
    }

    /// Whether anybody listens; where nobody does, the next one who comes starts the reader anew.
    fn goes_on(&self) -> bool {
        let mut state = self.state();
        state.is_read = !state.accounts.is_empty();
        state.is_read
    }

    /// For how long changes may have been there that nobody was told of yet; nothing while nobody listens.
    #[must_use]
    pub fn age(&self) -> Duration {
        let state = self.state();
        match state.read_at {
            Some(read_at) if state.is_read => state.waiting + read_at.elapsed(),
            _ => Duration::ZERO,
        }
    }

    /// The point up to which everything was read, not long ago.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn position(&self) -> Result<ChangesCursor, StoreError> {
        if let Some(position) = self.fresh() {
            return Ok(position);
        }
        let _reading = self.reading.lock().await;
        if let Some(position) = self.fresh() {
            return Ok(position);
        }
        self.step().await?;
        self.state().position.ok_or(StoreError::late())
    }

    /// The point up to which everything was read, now.
    async fn catch_up(&self) -> Result<ChangesCursor, StoreError> {
        let _reading = self.reading.lock().await;
        while self.step().await? {}
        self.state().position.ok_or(StoreError::late())
    }

    fn fresh(&self) -> Option<ChangesCursor> {
        let state = self.state();
        let is_fresh = state.read_at.is_some_and(|read_at| read_at.elapsed() < FRESH);
        state.position.filter(|_| is_fresh)
    }

    /// A subscriber of an account's rows, from a point on; without one from now on.
    ///
    /// # Errors
    ///
    /// [`Ended::Expired`] where the point is of another history, or behind all that there is; whether it is still kept is for
    /// [`Subscriber::ready`] to find out.
    pub async fn subscribe(
        self: &Arc<Self>,
        account_id: i64,
        filter: keyset::Filter<T::Column>,
        fields: Fields,
        after: Option<ChangesCursor>,
    ) -> Result<Subscriber<T>, Ended> {
        let mut position = self.position().await.map_err(Ended::Unavailable)?;
        if let Some(after) = after
            && after.point > position.point
        {
            // Another process was faster; or the database has lost what came after a backup.
            position = self.catch_up().await.map_err(Ended::Unavailable)?;
        }
        let start = after.unwrap_or(position);
        if start.history != position.history || start.point > position.point {
            return Err(Ended::Expired);
        }
        let fields = T::NOTED.union(fields).with(T::Column::ID);
        let told = {
            let mut state = self.state();
            let since = state.position.map_or(position.point, |position| position.point);
            let account = state.accounts.entry(account_id).or_insert_with(|| Account {
                listeners: 0,
                fields: Fields::NONE,
                since,
                batches: VecDeque::new(),
                broken_at: None,
                told: watch::Sender::new(()),
            });
            account.listeners += 1;
            account.fields = account.fields.union(fields);
            let told = account.told.subscribe();
            if !std::mem::replace(&mut state.is_read, true) {
                tokio::spawn(Arc::clone(self).run());
            }
            told
        };
        Ok(Subscriber::new(
            Arc::clone(self),
            account_id,
            filter,
            fields,
            start,
            told,
        ))
    }

    pub(super) fn unsubscribe(&self, account_id: i64) {
        let mut state = self.state();
        if let Some(account) = state.accounts.get_mut(&account_id) {
            account.listeners -= 1;
            if account.listeners == 0 {
                state.accounts.remove(&account_id);
            }
        }
    }

    /// What there is behind a point for a subscriber that has to see `fields`, and was told of rows as they were `seen_at` last.
    ///
    /// # Errors
    ///
    /// [`Ended::Expired`].
    pub(super) fn behind(
        &self,
        account_id: i64,
        from: ChangesCursor,
        fields: Fields,
        seen_at: Option<Instant>,
    ) -> Result<Behind<T>, Ended> {
        let state = self.state();
        let Some(position) = state.position.filter(|position| position.history == from.history) else {
            return Err(Ended::Expired);
        };
        let Some(account) = state.accounts.get(&account_id) else {
            return Err(Ended::Expired);
        };
        if account.broken_at.is_some_and(|broken_at| from.point < broken_at) {
            return Err(Ended::Expired);
        }
        let batches = account.batches.iter().filter(|batch| batch.end > from.point);
        let batches: Vec<_> = batches.cloned().collect();
        // A row of a batch stands in the place of its first note: behind a point in the midst of one, a later note of it would be
        // missed. And a row must not be told as it was before what was told of it last.
        let is_whole = |batch: &Arc<Batch<T>>| {
            let is_new = seen_at.is_none_or(|seen_at| batch.read_at >= seen_at);
            batch.fields.has(fields) && batch.start >= from.point && is_new
        };
        if from.point < account.since || !batches.iter().all(is_whole) {
            return Ok(Behind::Read(position.point));
        }
        Ok(Behind::Batches(batches, position.point))
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads on; whether there is more. Where nobody listens, it goes to the newest note.
    async fn step(&self) -> Result<bool, StoreError> {
        let position = {
            let state = self.state();
            state.position.filter(|_| !state.accounts.is_empty())
        };
        let Some(from) = position else {
            let notes = changes::newest::<T>(&self.store).await?;
            let Some(newest) = notes.notes.last().map(|note| note.point) else {
                return Ok(false);
            };
            flushed::<T>(&self.store).await?;
            let mut state = self.state();
            let position = ChangesCursor {
                history: notes.history,
                point: newest,
            };
            // Somebody may have begun to listen meanwhile; what lies between, subscribers read alone.
            for account in state.accounts.values_mut() {
                account.since = newest;
                account.batches.clear();
                account.told.send_replace(());
            }
            (state.position, state.read_at) = (Some(position), Some(Instant::now()));
            state.waiting = notes.waiting;
            return Ok(false);
        };
        let notes = changes::after::<T>(&self.store, from.point, Scope::All, NOTES).await?;
        if notes.history != from.history || !notes.is_known {
            tracing::warn!(
                "the change feed goes on from another point: the database was restored, or another one took its place"
            );
            let mut state = self.state();
            state.position = None;
            state.accounts.values().for_each(|account| {
                account.told.send_replace(());
            });
            return Ok(true);
        }
        let (heard, end) = self.batches(from.point, &notes).await?;
        if !notes.notes.is_empty() {
            flushed::<T>(&self.store).await?;
        }
        self.keep(from, end, &notes, heard);
        let is_last = notes.notes.last().is_none_or(|note| note.point <= end);
        Ok(!is_last || notes.notes.len() == NOTES)
    }

    /// The changes of the accounts that are listened to, with their rows; and the last note up to which these are all.
    async fn batches(&self, from: Point, notes: &Notes<T>) -> Result<(Heard<T>, Point), StoreError> {
        let (listened, fields) = {
            let state = self.state();
            let fields = state.accounts.values().map(|account| account.fields);
            let listened: HashSet<_> = state.accounts.keys().copied().collect();
            (listened, fields.fold(Fields::NONE, Fields::union))
        };
        let is_heard = |note: &&Note<T>| note.account_id.is_some_and(|id| listened.contains(&id));
        let changes = changes_of(notes.notes.iter().filter(is_heard));
        let read_at = Instant::now();
        let (changes, next) = with_rows(&self.store, changes, fields).await?;
        let end = last_before(&notes.notes, next).unwrap_or(from);
        let batch = || Batch {
            start: from,
            end,
            fields,
            read_at,
            changes: Vec::new(),
        };
        let mut heard: Heard<T> = listened.into_iter().map(|id| (id, batch())).collect();
        for (account_id, change) in changes {
            if let Some(batch) = heard.get_mut(&account_id) {
                batch.changes.push(change);
            }
        }
        Ok((heard, end))
    }

    fn keep(&self, from: ChangesCursor, end: Point, notes: &Notes<T>, mut heard: Heard<T>) {
        let mut state = self.state();
        for (id, account) in &mut state.accounts {
            let mut breaks = notes
                .notes
                .iter()
                .filter(|note| note.id.is_none() && note.point <= end);
            let last = breaks.rfind(|note| note.account_id.is_none_or(|account_id| account_id == *id));
            if let Some(last) = last {
                account.broken_at = Some(last.point);
                account.told.send_replace(());
            }
            match heard.remove(id) {
                Some(batch) if !batch.changes.is_empty() => {
                    account.batches.push_back(Arc::new(batch));
                    account.told.send_replace(());
                }
                Some(_) => {}
                // It began to listen while the rows were read.
                None => account.since = end,
            }
            let mut bytes: usize = account.batches.iter().map(|batch| batch.bytes()).sum();
            while (account.batches.len() > BATCHES || bytes > BATCH_BYTES)
                && let Some(oldest) = account.batches.pop_front()
            {
                bytes -= oldest.bytes();
                account.since = oldest.end;
            }
        }
        state.position = Some(ChangesCursor {
            history: from.history,
            point: end,
        });
        state.read_at = Some(Instant::now());
        state.waiting = notes.waiting;
    }
}

/// What was read for each account that is listened to.
type Heard<T> = HashMap<i64, Batch<T>>;
