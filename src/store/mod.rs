//! The only place that talks to a database.
//!
//! Takes plans and keys; gives rows and a small enum of errors. SeaORM is the entity, the builder and the pool; the one
//! statement whose cost is a promise, the page, is written by [`query`] itself. Deliberately absent: pagination logic
//! (the `keyset` crate) and what an error looks like to a caller.

pub mod accounts;
mod bulk;
pub mod changes;
mod error;
mod fetch;
mod health_check;
pub mod held_tokens;
pub mod mirror;
mod options;
mod pool;
mod postgres;
pub mod query;
mod read;
mod reason;
mod replaced;
mod session;
mod sqlite;
pub mod statement_kind;
pub mod token_cache;
pub mod tokens;
pub mod trigrams;
pub mod upsert;
pub mod url;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, SqlxPostgresConnector,
    SqlxSqliteConnector, Statement, Value,
};
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool};
use sqlx::{Connection as _, Database};
use tokio::time::{Instant, timeout};

pub use self::error::StoreError;
use self::fetch::RowSink;
pub use self::health_check::HealthCheck;
pub use self::pool::PoolState;
use self::pool::Server as _;
use self::postgres::PostgresServer;
pub use self::reason::Reason;
use self::replaced::ReplacedLog;
use self::session::Session;
use self::sqlite::SqliteFile;
use self::statement_kind::{Named, StatementKind};
use self::trigrams::Trigrams;
use crate::telemetry::metrics::Metrics;

/// How a store reaches its database.
#[derive(Clone)]
pub struct Settings {
    /// `sqlite://FILE?mode=rwc`, `postgres://…` or `postgresql://…`. May hold a password: never printed.
    pub url: String,
    /// The most connections at once.
    pub max_connections: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// How long one reading statement may run, or any on a server database.
    pub statement_timeout: Duration,
    /// How long a reader on a server database waits for a lock, or a writer of a file for another.
    pub lock_timeout: Duration,
    /// When a server database ends a transaction that does nothing.
    pub idle_transaction_timeout: Duration,
    /// How long the index of trigrams may look for a search.
    pub trigram_timeout: Duration,
}

impl Settings {
    /// The defaults for a URL: 4 connections, 1 s for a connection, 5 s a statement, 2 s for a lock, 5 s in a transaction
    /// that does nothing.
    ///
    /// Source: on two cores a pool of 4 served 1.15 times what a pool of 16 did, with a lower p99.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 4,
            acquire_timeout: Duration::from_secs(1),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
            idle_transaction_timeout: Duration::from_secs(5),
            trigram_timeout: trigrams::TIMEOUT,
        }
    }
}

/// A database that holds imports, accounts and tokens. Cloning shares its connections.
///
/// Requests read over connections of their own, under a deadline that reaches the database ([`Store::until`]); commands
/// and writers use a pool beside them.
#[derive(Clone, Debug)]
pub struct Store {
    db: DatabaseConnection,
    backend: DbBackend,
    readers: Readers,
    statement_timeout: Duration,
    deadline: Option<Instant>,
    statements: Arc<AtomicU64>,
    metrics: Arc<Metrics>,
    replaced: Arc<ReplacedLog>,
    trigrams: Arc<Trigrams>,
}

/// The connections that requests read over.
#[derive(Clone, Debug)]
enum Readers {
    Sqlite(Arc<pool::Pool<SqliteFile>>),
    Postgres(Arc<pool::Pool<PostgresServer>>),
}

impl Store {
    /// Opens a store. A server database is not contacted yet, so it may be away.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where a SQLite file cannot be opened, or the URL is of no known form.
    pub async fn open(settings: &Settings) -> Result<Self, StoreError> {
        let (readers, db) = if settings.url.starts_with("sqlite:") {
            sqlite_parts(settings).await?
        } else {
            postgres_parts(settings)?
        };
        let backend = db.get_database_backend();
        Ok(Self {
            db,
            backend,
            readers,
            statement_timeout: settings.statement_timeout,
            deadline: None,
            statements: Arc::default(),
            metrics: Arc::default(),
            replaced: Arc::default(),
            trigrams: Arc::new(Trigrams::new(settings.trigram_timeout)),
        })
    }

    /// The same store for one request: what it reads ends at `deadline`, at the database too, with
    /// [`StoreError::TimedOut`].
    ///
    /// Without a deadline a statement has its own limit alone. Either way it ends when its future is dropped.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self {
            deadline: Some(deadline),
            ..self.clone()
        }
    }

    /// Makes one connection to a server database and closes it again, so that what is in the way is known by its reason: a
    /// pool of the driver's tries again and again, and then knows nothing but the time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn contact(&self) -> Result<(), StoreError> {
        let Readers::Postgres(pool) = &self.readers else {
            return Ok(());
        };
        let session = pool.server().session();
        let connected = timeout(pool.acquire_timeout(), session.connect()).await;
        let connection = connected
            .unwrap_or(Err(sqlx::Error::PoolTimedOut))
            .map_err(|error| StoreError::no_connection(error).at(session.place()))?;
        // Nothing depends on a goodbye.
        let _ = timeout(pool.acquire_timeout(), connection.close()).await;
        Ok(())
    }

    /// The server or file, for people; without user and password.
    #[must_use]
    pub fn place(&self) -> &str {
        self.place_of_readers()
    }

    fn place_of_readers(&self) -> &Arc<str> {
        match &self.readers {
            Readers::Sqlite(pool) => pool.server().place(),
            Readers::Postgres(pool) => pool.server().place(),
        }
    }

    /// An error of [`Store::database`] with the server or file that it is about.
    #[must_use]
    pub fn fault(&self, error: DbErr) -> StoreError {
        StoreError::from(error).at(self.place_of_readers())
    }

    /// A look-out, which finds out whether the database is there.
    #[must_use]
    pub fn health_check(&self) -> HealthCheck {
        HealthCheck::new(self.clone())
    }

    /// Which database this is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.backend
    }

    /// The pool of migrations and writers.
    #[must_use]
    pub fn database(&self) -> &DatabaseConnection {
        &self.db
    }

    /// What is counted: statements here, the rest by whoever shares it.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// What is known of the index of trigrams.
    #[must_use]
    pub fn trigrams(&self) -> &Trigrams {
        &self.trigrams
    }

    /// How many statements requests have run since the store was opened.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// The state of the connections that requests read over.
    #[must_use]
    pub fn pool(&self) -> PoolState {
        match &self.readers {
            Readers::Sqlite(pool) => pool.state(),
            Readers::Postgres(pool) => pool.state(),
        }
    }

    /// Closes every connection, so that a SQLite file is left without its side files.
    ///
    /// # Errors
    ///
    /// As they come.
    pub async fn close(self) -> Result<(), StoreError> {
        match &self.readers {
            Readers::Sqlite(pool) => {
                pool.close().await;
                // Statistics are brought up to date where that is due and another writer is not in the way.
                let _ = self.db.execute_unprepared(OPTIMIZE).await;
            }
            Readers::Postgres(pool) => pool.close().await,
        }
        Ok(self.db.close().await?)
    }

    /// One of our texts, for this database, with its values.
    fn statement<const N: usize>(&self, text: &'static str, values: [Value; N]) -> Statement {
        Statement::from_sql_and_values(self.backend, text, values)
    }

    /// A text with its values and its name.
    fn named(
        &self,
        kind: StatementKind,
        text: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) -> Named {
        Named::new(kind, self.backend, text, values)
    }

    /// Runs one reading statement. Every read of a request comes through here, so it is counted.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; where it is [`StoreError::TimedOut`], or the future is dropped, the statement is
    /// stopped at the database.
    pub async fn rows(&self, named: Named) -> Result<Vec<QueryResult>, StoreError> {
        self.read_into(named, Vec::new).await
    }

    /// The same of a statement that may take no longer than `limit`.
    async fn rows_within(&self, named: Named, limit: Duration) -> Result<Vec<QueryResult>, StoreError> {
        self.read_within(named, Vec::new, limit).await
    }

    /// Runs one reading statement as [`Store::rows`] does, and gives what its rows come to, from `nothing` on.
    async fn read_into<G: RowSink>(&self, named: Named, nothing: impl Fn() -> G) -> Result<G, StoreError> {
        self.read_within(named, nothing, self.statement_timeout).await
    }

    async fn read_within<G: RowSink>(
        &self,
        named: Named,
        nothing: impl Fn() -> G,
        limit: Duration,
    ) -> Result<G, StoreError> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.metrics.statement(named.kind.label());
        match &self.readers {
            Readers::Sqlite(pool) => read::read(pool, named.statement, nothing, limit, self.deadline).await,
            Readers::Postgres(pool) => read::read(pool, named.statement, nothing, limit, self.deadline).await,
        }
    }

    /// Runs one writing statement, and gives the rows that it returns. Not counted: no request writes.
    async fn write(&self, statement: Statement) -> Result<Vec<QueryResult>, StoreError> {
        Ok(self.db.query_all_raw(statement).await?)
    }
}

fn pool_options<D: Database>(settings: &Settings) -> PoolOptions<D> {
    PoolOptions::new()
        .max_connections(settings.max_connections)
        .acquire_timeout(settings.acquire_timeout)
}

async fn sqlite_parts(settings: &Settings) -> Result<(Readers, DatabaseConnection), StoreError> {
    let url = url::sqlite::read(&settings.url)
        .map_err(|error| StoreError::no_connection(sqlx::Error::Configuration(error.into())))?;
    let place: Arc<str> = format!("the file {}", url.file).into();
    let failed = |error| StoreError::no_connection(error).at(&place);
    if url.is_immutable && has_wal(&url.file) {
        let reason = "what stands in the -wal beside it would not be read: say `mode=ro` without `immutable=true`, or open \
                      the file once where its folder can be written";
        return Err(failed(sqlx::Error::Configuration(reason.into())));
    }
    let options = options::sqlite(settings, &url).map_err(failed)?;
    let writers = sqlite_pool(settings, options.clone()).await.map_err(failed)?;
    let file = SqliteFile::new(options::reading_sqlite(options), Arc::clone(&place));
    let readers = pool::Pool::new(file, settings.max_connections, settings.acquire_timeout);
    Ok((
        Readers::Sqlite(readers),
        SqlxSqliteConnector::from_sqlx_sqlite_pool(writers),
    ))
}

fn has_wal(file: &str) -> bool {
    std::fs::metadata(format!("{file}-wal")).is_ok_and(|wal| wal.len() > 0)
}

fn postgres_parts(settings: &Settings) -> Result<(Readers, DatabaseConnection), StoreError> {
    let server = PostgresServer::new(Session::reading(settings)?, settings.statement_timeout);
    let readers = pool::Pool::new(server, settings.max_connections, settings.acquire_timeout);
    let writers = pool_options(settings).idle_timeout(WRITER_IDLE);
    let writers = Session::writing(settings)?.pool(writers);
    Ok((
        Readers::Postgres(readers),
        SqlxPostgresConnector::from_sqlx_postgres_pool(writers),
    ))
}

/// Opens the writers' pool; tries again while the file is busy, for as long as one waits for a lock.
///
/// Processes that open a new file at once all switch it to WAL. SQLite tells all but one that it is busy without waiting
/// for its own time-out, as two that hold a read lock and wait for each other's would never end.
async fn sqlite_pool(settings: &Settings, options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let begun = Instant::now();
    loop {
        let opened = pool_options(settings)
            .test_before_acquire(false)
            .acquire_timeout(OPEN_TIMEOUT.max(settings.acquire_timeout))
            .after_release(|connection, _| Box::pin(is_outside_transactions(connection)))
            .connect_with(options.clone());
        match opened.await {
            Err(error) if error::is_busy(&error) && begun.elapsed() < settings.lock_timeout => {
                tokio::time::sleep(BUSY_PAUSE).await
            }
            opened => return opened,
        }
    }
}

/// Whether a connection can be used again.
///
/// On a full disk SQLite ends a transaction by itself. The driver's own rollback then fails, and it takes the transaction
/// for open as long as the connection lives: no other can begin.
///
/// # Errors
///
/// The connection is broken.
///
/// Source: SQLite's "Response To Errors Within A Transaction"; sqlx-sqlite 0.9.0, `connection/worker.rs`.
async fn is_outside_transactions(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // Answered behind the rollback of a transaction that was dropped.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// Notes come and go by the thousand: what was counted of them is out of date soon, and of few SQLite reads and sorts all.
const OPTIMIZE: &str = "PRAGMA busy_timeout = 0; PRAGMA optimize; \
    DELETE FROM sqlite_stat1 WHERE tbl = 'import_changes'; DELETE FROM sqlite_stat4 WHERE tbl = 'import_changes'";
/// How long a writer waits for a connection: a file is there, however slow its disk.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// When a writer's connection to a server is closed that nobody uses: the service itself only reads.
const WRITER_IDLE: Duration = Duration::from_secs(10);
