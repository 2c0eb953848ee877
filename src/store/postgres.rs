//! PostgreSQL, as the readers' pool sees it.
//!
//! A running statement is cancelled by its backend's process id, from one connection kept for that. A pooler between us
//! and the server must keep one backend for a connection (PgBouncer: session mode), or the wrong one could be hit.

use std::time::Duration;

use sea_orm::Statement;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::sync::Mutex;

use super::fetch::{self, Gather};
use super::pool::Server;

/// A PostgreSQL server.
pub(super) struct PostgresServer {
    options: PgConnectOptions,
    canceller: Mutex<Option<PgConnection>>,
}

/// The server process behind a connection. The start time tells it from a later process of the same number.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    pid: i32,
    started: String,
}

const WHO: &str = "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()";
const CANCEL: &str = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
WHERE pid = $1 AND backend_start = $2::text::timestamptz";

impl PostgresServer {
    /// The server that the options lead to.
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self {
            options,
            canceller: Mutex::default(),
        }
    }

    /// How it is reached.
    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.options
    }
}

impl Server for PostgresServer {
    type Connection = PgConnection;
    type Brake = Backend;

    // One that was used a moment ago fails at once where the server has ended; only a silent network is in doubt.
    const CHECK_AFTER: Option<Duration> = Some(Duration::from_secs(2));

    async fn connect(&self) -> Result<(PgConnection, Backend), sqlx::Error> {
        let mut connection = self.options.connect().await?;
        let (pid, started) = sqlx::query_as(WHO).fetch_one(&mut connection).await?;
        Ok((connection, Backend { pid, started }))
    }

    async fn read(
        connection: &mut PgConnection,
        _: &Backend,
        statement: &Statement,
        gathered: &mut impl Gather,
    ) -> Result<(), sqlx::Error> {
        fetch::each(connection, statement, gathered).await
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
        let mut connection = self.options.connect().await?;
        cancel(&mut connection, backend).await?;
        *kept = Some(connection);
        Ok(())
    }
}

async fn cancel(connection: &mut PgConnection, backend: &Backend) -> Result<(), sqlx::Error> {
    let query = sqlx::query(CANCEL).bind(backend.pid).bind(&backend.started);
    query.execute(connection).await.map(drop)
}
