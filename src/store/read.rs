//! One reading statement, which ends when its reader does.
//!
//! Takes a statement and a deadline, gives what its rows come to. When the time is up, or nobody waits any more, the
//! statement is stopped at the database, by a task that goes on by itself: whoever waited is answered at once, and the
//! connection is used again only after the stop has been settled.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use sea_orm::Statement;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout, timeout_at};

use super::StoreError;
use super::error::{is_broken, is_stale};
use super::fetch::RowSink;
use super::pool::{Lease, Pool, Server};

/// How long asking for a stop may take.
const STOP_LIMIT: Duration = Duration::from_secs(1);
/// How long a statement may take to end once it was asked to.
const END_LIMIT: Duration = Duration::from_millis(500);
/// How often a stop is asked for: one that overtakes its statement finds nothing to stop.
const STOPS: u32 = 3;

/// What the rows of a statement come to, which runs for `statement_timeout` at most, and not beyond `deadline`.
///
/// What failed because a connection was found broken, or its plans stale, runs once more, on a new one: reading twice
/// does no harm, as each run begins with `nothing`.
///
/// # Errors
///
/// [`StoreError`].
pub(super) async fn read<S: Server, G: RowSink>(
    pool: &Arc<Pool<S>>,
    statement: Statement,
    nothing: impl Fn() -> G,
    statement_timeout: Duration,
    deadline: Option<Instant>,
) -> Result<G, StoreError> {
    let statement = Arc::new(statement);
    loop {
        // Two waits for a connection and the statement itself are the most that a reader without a deadline has.
        let latest = Instant::now() + pool.acquire_timeout() * 2 + statement_timeout;
        let lease = pool.lease(deadline.unwrap_or(latest)).await?;
        let may_be_stale = lease.is_reused();
        let limit = Instant::now() + statement_timeout;
        let limit = deadline.map_or(limit, |deadline| limit.min(deadline));
        let mut running = Running::new(lease, Arc::clone(&statement), nothing());
        let Ok((lease, read)) = timeout_at(limit, &mut running).await else {
            return Err(StoreError::late());
        };
        match read {
            Err(error) if is_broken(&error) || is_stale(&error) => {
                drop(lease);
                if !may_be_stale {
                    return Err(StoreError::of_statement(error));
                }
                pool.forget_idle();
            }
            read => {
                lease.keep();
                return read.map_err(StoreError::of_statement);
            }
        }
    }
}

type Read<S, G> = (Lease<S>, Result<G, sqlx::Error>);
type Work<S, G> = Pin<Box<dyn Future<Output = Read<S, G>> + Send>>;

/// A statement under way. Dropped before its end, it is stopped.
struct Running<S: Server, G: RowSink> {
    work: Option<Work<S, G>>,
    pool: Arc<Pool<S>>,
    cancel_handle: S::CancelHandle,
}

impl<S: Server, G: RowSink> Running<S, G> {
    fn new(mut lease: Lease<S>, statement: Arc<Statement>, mut sink: G) -> Self {
        let (pool, cancel_handle) = (Arc::clone(lease.pool()), lease.cancel_handle());
        let work = async move {
            let read = lease.read(&statement, &mut sink).await;
            (lease, read.map(|()| sink))
        };
        Self {
            work: Some(Box::pin(work)),
            pool,
            cancel_handle,
        }
    }
}

impl<S: Server, G: RowSink> Future for Running<S, G> {
    type Output = Read<S, G>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.work else {
            return Poll::Pending;
        };
        let read = ready!(work.as_mut().poll(context));
        self.work = None;
        Poll::Ready(read)
    }
}

impl<S: Server, G: RowSink> Drop for Running<S, G> {
    fn drop(&mut self) {
        // Without a runtime the process is ending; the connection then just closes.
        if let (Some(work), Ok(runtime)) = (self.work.take(), Handle::try_current()) {
            runtime.spawn(settle(Arc::clone(&self.pool), self.cancel_handle.clone(), work));
        }
    }
}

/// Stops a statement that nobody waits for. Its connection is given back if it is sound, and closed where that cannot be
/// known: a stop on its way could hit the next statement. The server's own time-out then ends what still runs.
async fn settle<S: Server, G: RowSink>(
    pool: Arc<Pool<S>>,
    cancel_handle: S::CancelHandle,
    mut work: Work<S, G>,
) {
    for _ in 0..STOPS {
        let asked = timeout(STOP_LIMIT, pool.server().stop(&cancel_handle)).await;
        if !matches!(asked, Ok(Ok(()))) {
            break;
        }
        if let Ok((mut lease, _)) = timeout(END_LIMIT, &mut work).await {
            if lease.is_alive().await {
                lease.keep();
            }
            return;
        }
    }
    tracing::warn!("a statement could not be stopped; its connection is closed");
}
