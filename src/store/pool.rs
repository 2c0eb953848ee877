//! The connections that requests read over.
//!
//! Takes a [`Server`], gives a [`Lease`] of one connection at a time. A lease that is not kept on purpose closes its
//! connection, and its permit is back the moment it is gone: no peer, however silent, can hold one. That is why this is
//! not the driver's pool, which asks a connection whether it is alive, for as long as it takes, before its permit is
//! back (launchbadge/sqlx#4349), and which goes on trying where a server refuses. Deliberately absent: writers, and
//! what runs on a connection.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::Statement;
use sqlx::Connection as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::StoreError;
use super::fetch::RowSink;

/// How long a connection that was idle may take to show that it is alive.
const CHECK_LIMIT: Duration = Duration::from_millis(250);
/// When a connection has served long enough, so that the server's memory of it goes and a moved address is found.
const MAX_AGE: Duration = Duration::from_secs(30 * 60);
/// How long closing waits for statements that still run.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// A database, as the pool sees it.
pub(super) trait Server: Send + Sync + 'static {
    /// A connection.
    type Connection: sqlx::Connection;
    /// What stops the statement that runs on a connection; made once for each.
    type CancelHandle: Clone + Send + Sync + Unpin + 'static;

    /// Where it is, for people.
    fn place(&self) -> &Arc<str>;

    /// After how long without use a connection is asked whether it is alive; `None`: never.
    const CHECK_AFTER: Option<Duration>;

    /// A new connection.
    fn connect(
        &self,
    ) -> impl Future<Output = Result<(Self::Connection, Self::CancelHandle), sqlx::Error>> + Send;

    /// Runs a statement to its end; its rows go to `sink`.
    fn read(
        connection: &mut Self::Connection,
        cancel_handle: &Self::CancelHandle,
        statement: &Statement,
        sink: &mut impl RowSink,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Asks that the statement ends which runs on the cancel_handle's connection. Once this is done, and the connection has
    /// answered a ping, no later statement on it is hit.
    fn stop(
        &self,
        cancel_handle: &Self::CancelHandle,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

/// The state of the connections that requests read over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolState {
    /// Open connections, those counted that are just being made.
    pub open: u32,
    /// Of these, the idle ones.
    pub idle: usize,
    /// Grows when one is begun to be made, and again when it is there.
    pub begun: u64,
}

/// A bounded number of connections to one server.
pub(super) struct Pool<S: Server> {
    server: S,
    acquire_timeout: Duration,
    max_connections: u32,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Open<S>>>,
    away: AtomicBool,
    begun: AtomicU64,
}

/// A connection, and what the pool knows about it.
struct Open<S: Server> {
    connection: S::Connection,
    cancel_handle: S::CancelHandle,
    since: Instant,
    used: Instant,
}

impl<S: Server> Pool<S> {
    /// A pool without connections yet.
    pub(super) fn new(server: S, max_connections: u32, acquire_timeout: Duration) -> Arc<Self> {
        let permits = usize::try_from(max_connections).unwrap_or(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            server,
            acquire_timeout,
            max_connections,
            permits: Arc::new(Semaphore::new(permits)),
            idle: Mutex::default(),
            away: AtomicBool::new(false),
            begun: AtomicU64::new(0),
        })
    }

    /// The database behind it.
    pub(super) fn server(&self) -> &S {
        &self.server
    }

    /// How long a connection is waited for.
    pub(super) fn acquire_timeout(&self) -> Duration {
        self.acquire_timeout
    }

    /// How many connections there are.
    pub(super) fn state(&self) -> PoolState {
        let free = u32::try_from(self.permits.available_permits()).unwrap_or(u32::MAX);
        let idle = self.idle().len();
        PoolState {
            open: self.max_connections.saturating_sub(free) + u32::try_from(idle).unwrap_or(u32::MAX),
            idle,
            begun: self.begun.load(Ordering::SeqCst),
        }
    }

    /// While the database is known to be away nobody waits for it.
    pub(super) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    /// A connection of one's own, at `until` at the latest.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] where all are in use, [`StoreError::Unavailable`] where none can be made,
    /// [`StoreError::TimedOut`] where `until` came before the pool's own limit.
    pub(super) async fn lease(self: &Arc<Self>, until: Instant) -> Result<Lease<S>, StoreError> {
        self.refuse_if_away()?;
        let limit = until.min(Instant::now() + self.acquire_timeout);
        let permit = match timeout_at(limit, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) => return Err(StoreError::no_connection(sqlx::Error::PoolClosed)),
            Err(_) if limit == until => return Err(StoreError::late()),
            Err(_) => {
                self.refuse_if_away()?;
                return Err(StoreError::Busy);
            }
        };
        self.refuse_if_away()?;
        let (open, is_reused) = match self.take_idle().await {
            Some(open) => (open, true),
            None => (self.connect(until).await?, false),
        };
        Ok(Lease {
            open: Some(open),
            is_reused,
            pool: Arc::clone(self),
            _permit: permit,
        })
    }

    /// Whether the database is known to be away.
    pub(super) fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    fn refuse_if_away(&self) -> Result<(), StoreError> {
        if self.is_away() {
            return Err(StoreError::no_connection(sqlx::Error::PoolTimedOut));
        }
        Ok(())
    }

    /// The connection used last, if it is alive. One that is not takes all others with it: the server is another.
    async fn take_idle(&self) -> Option<Open<S>> {
        loop {
            let mut open = self.idle().pop()?;
            if open.since.elapsed() > MAX_AGE {
                continue;
            }
            if S::CHECK_AFTER.is_none_or(|after| open.used.elapsed() < after) || open.is_alive().await {
                return Some(open);
            }
            self.forget_idle();
        }
    }

    /// Closes the connections that nobody uses.
    pub(super) fn forget_idle(&self) {
        // Not under the lock: closing takes a moment.
        let forgotten = std::mem::take(&mut *self.idle());
        drop(forgotten);
    }

    async fn connect(&self, until: Instant) -> Result<Open<S>, StoreError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let limit = until.min(Instant::now() + self.acquire_timeout);
        match timeout_at(limit, self.server.connect()).await {
            Ok(Ok((connection, cancel_handle))) => {
                self.begun.fetch_add(1, Ordering::SeqCst);
                let now = Instant::now();
                Ok(Open {
                    connection,
                    cancel_handle,
                    since: now,
                    used: now,
                })
            }
            Ok(Err(error)) => Err(StoreError::no_connection(error).at(self.server.place())),
            Err(_) if limit == until => Err(StoreError::late()),
            Err(_) => Err(StoreError::no_connection(sqlx::Error::PoolTimedOut).at(self.server.place())),
        }
    }

    /// Closes every connection in order, those in use once their statement has ended. Nothing is leased afterwards.
    pub(super) async fn close(&self) {
        let ended = timeout(CLOSE_LIMIT, self.permits.acquire_many(self.max_connections)).await;
        self.permits.close();
        drop(ended);
        let idle = std::mem::take(&mut *self.idle());
        for open in idle {
            // Nothing depends on a goodbye.
            let _ = timeout(CLOSE_LIMIT, open.connection.close()).await;
        }
    }

    /// No code panics while it holds the lock; should it, the list is still a list.
    fn idle(&self) -> MutexGuard<'_, Vec<Open<S>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Server> fmt::Debug for Pool<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Pool");
        shown.field("max_connections", &self.max_connections);
        shown.field("state", &self.state()).finish_non_exhaustive()
    }
}

impl<S: Server> Open<S> {
    async fn is_alive(&mut self) -> bool {
        matches!(timeout(CHECK_LIMIT, self.connection.ping()).await, Ok(Ok(())))
    }
}

/// A connection in use. Dropped, it is closed; [`Lease::keep`] gives it back.
pub(super) struct Lease<S: Server> {
    // Before the permit: the connection is gone, or back, when the next one may be made.
    open: Option<Open<S>>,
    is_reused: bool,
    pool: Arc<Pool<S>>,
    _permit: OwnedSemaphorePermit,
}

impl<S: Server> Lease<S> {
    /// The pool that it comes from.
    pub(super) fn pool(&self) -> &Arc<Pool<S>> {
        &self.pool
    }

    /// Whether the connection was there already, so that its server may have gone unnoticed.
    pub(super) fn is_reused(&self) -> bool {
        self.is_reused
    }

    /// What stops its statement.
    pub(super) fn cancel_handle(&self) -> S::CancelHandle {
        self.open().cancel_handle.clone()
    }

    /// Runs a statement to its end; its rows go to `sink`.
    pub(super) async fn read(
        &mut self,
        statement: &Statement,
        sink: &mut impl RowSink,
    ) -> Result<(), sqlx::Error> {
        let open = self.open.as_mut().expect(HELD);
        S::read(&mut open.connection, &open.cancel_handle, statement, sink).await
    }

    /// Whether the connection answers, which also settles whatever was asked of it before.
    pub(super) async fn is_alive(&mut self) -> bool {
        self.open.as_mut().expect(HELD).is_alive().await
    }

    /// Gives a connection back that is known to be sound.
    pub(super) fn keep(mut self) {
        if let Some(mut open) = self.open.take()
            && !self.pool.permits.is_closed()
        {
            open.used = Instant::now();
            self.pool.idle().push(open);
        }
    }

    fn open(&self) -> &Open<S> {
        self.open.as_ref().expect(HELD)
    }
}

const HELD: &str = "a lease holds its connection until it is kept, which consumes it";
