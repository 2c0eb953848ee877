//! PostgreSQL, as the readers' pool sees it.
//!
//! A running statement is cancelled by its backend's process id, from one connection kept for that. A pooler between us
//! and the server must keep one backend for a connection (PgBouncer: session mode), or the wrong one could be hit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::Statement;
use sqlx::Executor as _;
use sqlx::postgres::PgConnection;
use tokio::sync::Mutex;

use super::fetch::{self, RowSink};
use super::pool::Server;
use super::session::Session;

/// A PostgreSQL server.
pub(super) struct PostgresServer {
    session: Session,
    /// What the server must say of itself, in ms, once a connection is set up.
    statement_timeout: String,
    has_warned: AtomicBool,
    canceller: Mutex<Option<PgConnection>>,
}

/// The server process behind a connection. The start time tells it from a later process of the same number.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    pid: i32,
    /// `None` where the server does not say.
    started: Option<String>,
}

// The second look at a setting goes to another backend where a pooler gives a new one to each statement.
const WHO: &str = "SELECT pg_backend_pid(), (SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()), \
                   (SELECT setting FROM pg_settings WHERE name = 'statement_timeout')";
/// A role that `ALTER ROLE ... SET role` puts in another's place may not see what the session's own role may.
const AS_SESSION_USER: &str = "SET ROLE NONE";
const CANCEL: &str = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
WHERE pid = $1 AND ($2::text IS NULL OR backend_start = $2::text::timestamptz)";

impl PostgresServer {
    /// The server that a session leads to.
    pub(super) fn new(session: Session, statement_timeout: Duration) -> Self {
        Self {
            session,
            statement_timeout: statement_timeout.as_millis().to_string(),
            has_warned: AtomicBool::new(false),
            canceller: Mutex::default(),
        }
    }

    /// How it is reached.
    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    fn check(&self, statement_timeout: &str) {
        if statement_timeout != self.statement_timeout && !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the server does not keep what a connection sets, so time-outs do not hold there: a pooler between must be \
                 in session mode"
            );
        }
    }
}

impl Server for PostgresServer {
    type Connection = PgConnection;
    type CancelHandle = Backend;

    // One that was used a moment ago fails at once where the server has ended; only a silent network is in doubt.
    const CHECK_AFTER: Option<Duration> = Some(Duration::from_secs(2));

    fn place(&self) -> &Arc<str> {
        self.session.place()
    }

    async fn connect(&self) -> Result<(PgConnection, Backend), sqlx::Error> {
        let mut connection = self.session.connect().await?;
        let (pid, mut started, setting): (i32, Option<String>, String) =
            sqlx::query_as(WHO).fetch_one(&mut connection).await?;
        self.check(&setting);
        if started.is_none() {
            started = started_as_session_user(&mut connection).await?;
        }
        Ok((connection, Backend { pid, started }))
    }

    async fn read(
        connection: &mut PgConnection,
        _: &Backend,
        statement: &Statement,
        sink: &mut impl RowSink,
    ) -> Result<(), sqlx::Error> {
        fetch::each(connection, statement, sink).await
    }

    /// Once the server has answered, its signal has been sent; a backend takes it in before it reads its next message,
    /// and takes no notice of it while idle.
    async fn stop(&self, backend: &Backend) -> Result<(), sqlx::Error> {
        let mut kept = self.canceller.lock().await;
        // Taken, so that whoever gives up in the middle leaves no half-read answer behind.
        if let Some(mut connection) = kept.take()
            && cancel(&mut connection, backend).await.is_ok()
        {
            *kept = Some(connection);
            return Ok(());
        }
        let mut connection = self.session.connect().await?;
        connection.execute(AS_SESSION_USER).await?;
        cancel(&mut connection, backend).await?;
        *kept = Some(connection);
        Ok(())
    }
}

/// When the connection's backend was started, as the role that logged in may see it.
async fn started_as_session_user(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    connection.execute("BEGIN").await?;
    connection.execute("SET LOCAL ROLE NONE").await?;
    let (_, started, _): (i32, Option<String>, String) =
        sqlx::query_as(WHO).fetch_one(&mut *connection).await?;
    connection.execute("ROLLBACK").await?;
    Ok(started)
}

async fn cancel(connection: &mut PgConnection, backend: &Backend) -> Result<(), sqlx::Error> {
    let query = sqlx::query(CANCEL).bind(backend.pid).bind(&backend.started);
    query.execute(connection).await.map(drop)
}
