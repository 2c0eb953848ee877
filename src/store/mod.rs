//! The only place that talks to a database.
//!
//! Takes plans and keys; gives rows and a small enum of errors. SeaORM is the entity, the builder and the pool; the one
//! statement whose cost is a promise, the page, is written by [`imports`] itself. Deliberately absent: pagination logic
//! (the `keyset` crate) and what an error looks like to a caller.

pub mod accounts;
mod bulk;
pub mod imports;
pub mod shape;
pub mod tokens;
pub mod upsert;
pub mod url;
pub mod viewers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, QueryResult, RuntimeErr,
    Statement, Value,
};

use self::shape::{Named, Shape};

/// How a store reaches its database.
#[derive(Clone)]
pub struct Settings {
    /// `sqlite://FILE?mode=rwc`, `postgres://…` or `postgresql://…`. May hold a password: never printed.
    pub url: String,
    /// The most connections at once.
    pub max_connections: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// How long one statement may run on a server database.
    pub statement_timeout: Duration,
}

impl Settings {
    /// The defaults for a URL: 4 connections, 1 s for a connection, 5 s a statement.
    ///
    /// **Source**: on two cores a pool of 4 served 1.15 times what a pool of 16 did, with a lower p99.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 4,
            acquire_timeout: Duration::from_secs(1),
            statement_timeout: Duration::from_secs(5),
        }
    }
}

/// Why the database gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, is shutting down, or has no schema yet. Trying again later may help.
    #[error("the database is not available")]
    Unavailable(#[source] DbErr),
    /// The statement was cancelled: its time was up.
    #[error("the statement ran out of time")]
    TimedOut(#[source] DbErr),
    /// Anything else: a fault of ours, or a row that breaks the table's promises.
    #[error("the database refused a statement")]
    Failed(#[source] DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Unavailable(error),
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
                match kind_of(cause) {
                    Kind::Away => Self::Unavailable(error),
                    Kind::Cancelled => Self::TimedOut(error),
                    Kind::Other => Self::Failed(error),
                }
            }
            _ => Self::Failed(error),
        }
    }
}

enum Kind {
    Away,
    Cancelled,
    Other,
}

/// **Source**: PostgreSQL's appendix A (SQLSTATE) and SQLite's result codes.
fn kind_of(error: &sqlx::Error) -> Kind {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Kind::Away,
        sqlx::Error::Database(database) => match database.code().as_deref() {
            // query_canceled; SQLITE_INTERRUPT.
            Some("57014" | "9") => Kind::Cancelled,
            // Shutdown and start-up, too many connections, no such table or column yet; SQLITE_BUSY, _LOCKED, _CANTOPEN.
            Some("57P01" | "57P02" | "57P03" | "53300" | "42P01" | "42703" | "3D000" | "5" | "6" | "14") => {
                Kind::Away
            }
            Some(code) if code.starts_with("08") => Kind::Away,
            _ => Kind::Other,
        },
        _ => Kind::Other,
    }
}

/// A database that holds imports, accounts and tokens. Cloning shares the pool.
#[derive(Clone, Debug)]
pub struct Store {
    db: DatabaseConnection,
    backend: DbBackend,
    statements: Arc<AtomicU64>,
}

impl Store {
    /// Opens a pool. A server database is not contacted yet, so it may be away.
    ///
    /// **Errors**: [`StoreError::Unavailable`] where a SQLite file cannot be opened, or the URL is of no known form.
    pub async fn open(settings: &Settings) -> Result<Self, StoreError> {
        let mut options = ConnectOptions::new(url::for_driver(&settings.url));
        options
            .max_connections(settings.max_connections)
            .acquire_timeout(settings.acquire_timeout)
            .test_before_acquire_if_idle_for(Duration::from_secs(30))
            .sqlx_logging(false)
            .record_stmt_in_spans(false)
            .connect_lazy(true)
            .set_application_name("imports-gateway")
            .statement_timeout(settings.statement_timeout)
            .map_sqlx_postgres_opts(|options| options.statement_cache_capacity(512))
            .map_sqlx_sqlite_opts(sqlite_options);
        let db = connect(options).await?;
        let backend = db.get_database_backend();
        Ok(Self {
            db,
            backend,
            statements: Arc::default(),
        })
    }

    /// Which database this is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.backend
    }

    /// The connection pool, for migrations and writers.
    #[must_use]
    pub fn database(&self) -> &DatabaseConnection {
        &self.db
    }

    /// How many statements requests have run since the store was opened.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Whether the database answers at all.
    ///
    /// **Errors**: [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        Ok(self.db.ping().await?)
    }

    /// Closes every connection, so that a SQLite file is left without its side files.
    ///
    /// **Errors**: as they come.
    pub async fn close(self) -> Result<(), StoreError> {
        Ok(self.db.close().await?)
    }

    /// One of our texts, for this database, with its values.
    fn statement<const N: usize>(&self, text: &'static str, values: [Value; N]) -> Statement {
        Statement::from_sql_and_values(self.backend, text, values)
    }

    /// One of our texts with its name.
    fn named<const N: usize>(&self, shape: Shape, text: &'static str, values: [Value; N]) -> Named {
        let statement = self.statement(text, values);
        Named { shape, statement }
    }

    /// Runs one reading statement. Every read of a request comes through here, so it is counted.
    async fn rows(&self, named: Named) -> Result<Vec<QueryResult>, StoreError> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        tracing::trace!(statement = named.shape.label());
        Ok(self.db.query_all_raw(named.statement).await?)
    }

    /// Runs one writing statement, and gives the rows that it returns. Not counted: no request writes.
    async fn write(&self, statement: Statement) -> Result<Vec<QueryResult>, StoreError> {
        Ok(self.db.query_all_raw(statement).await?)
    }
}

/// Opens a pool; tries again for 2 s while a SQLite file is busy.
///
/// Processes that open a new file at once all switch it to WAL. SQLite tells all but one that it is busy without waiting
/// for its own time-out, as two that hold a read lock and wait for each other's would never end.
async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    for _ in 0..BUSY_TRIES {
        match Database::connect(options.clone()).await {
            Err(error) if is_busy(&error) => tokio::time::sleep(BUSY_PAUSE).await,
            result => return result,
        }
    }
    Database::connect(options).await
}

const BUSY_TRIES: u32 = 100;
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// **Source**: SQLite's result codes; the low byte of an extended one is its primary one, and SQLITE_BUSY is 5.
fn is_busy(error: &DbErr) -> bool {
    let DbErr::Conn(RuntimeErr::SqlxError(cause)) = error else {
        return false;
    };
    let code = cause.as_database_error().and_then(|error| error.code());
    let number = code.and_then(|code| code.parse::<u32>().ok());
    number.is_some_and(|number| number & 0xff == 5)
}

/// Readers never wait for a writer (WAL), a writer waits 2 s for another, and what is hot stays mapped.
fn sqlite_options(options: sqlx::sqlite::SqliteConnectOptions) -> sqlx::sqlite::SqliteConnectOptions {
    options
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .synchronous(sqlx::sqlite::SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(2))
        .foreign_keys(true)
        .statement_cache_capacity(512)
        // A page of 100 and its two neighbours cross the driver's channel without a pause.
        .row_buffer_size(256)
        .pragma("temp_store", "memory")
        .pragma("mmap_size", "268435456")
        .pragma("cache_size", "-32000")
        .optimize_on_close(true, None)
}
