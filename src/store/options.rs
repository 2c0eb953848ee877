//! How connections to either database are set up.
//!
//! Takes [`Settings`], gives the driver's options: once for a store, so that each of its connections is alike.

use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::{Settings, url};

/// For every connection to a server database.
///
/// **Errors**: that of the URL.
pub(super) fn postgres(settings: &Settings) -> Result<PgConnectOptions, sqlx::Error> {
    let options: PgConnectOptions = url::for_driver(&settings.url).parse()?;
    let millis = |duration: Duration| duration.as_millis().to_string();
    Ok(options
        .application_name("imports-gateway")
        .statement_cache_capacity(512)
        .options([
            ("statement_timeout", millis(settings.statement_timeout)),
            (
                "idle_in_transaction_session_timeout",
                millis(settings.idle_transaction_timeout),
            ),
            // The server's side of a connection whose other side is gone without a word.
            ("tcp_keepalives_idle", "10".to_owned()),
            ("tcp_keepalives_interval", "5".to_owned()),
            ("tcp_keepalives_count", "3".to_owned()),
        ])
        .disable_statement_logging())
}

/// For the connections that only read; only a change of the schema keeps them out.
pub(super) fn reading_postgres(settings: &Settings, options: PgConnectOptions) -> PgConnectOptions {
    options.options([
        ("lock_timeout", settings.lock_timeout.as_millis().to_string()),
        ("default_transaction_read_only", "on".to_owned()),
    ])
}

/// For every connection to a SQLite file: readers never wait for a writer (WAL), a writer waits a while for another,
/// and what is hot stays mapped.
///
/// **Errors**: that of the URL.
pub(super) fn sqlite(settings: &Settings) -> Result<SqliteConnectOptions, sqlx::Error> {
    let options: SqliteConnectOptions = url::for_driver(&settings.url).parse()?;
    Ok(options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(settings.lock_timeout)
        .foreign_keys(true)
        .statement_cache_capacity(512)
        // A page of 100 and its two neighbours cross the driver's channel without a pause.
        .row_buffer_size(256)
        .pragma("temp_store", "memory")
        .pragma("mmap_size", "268435456")
        .pragma("cache_size", "-32000")
        .disable_statement_logging())
}

/// For the connections that only read.
pub(super) fn reading_sqlite(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.pragma("query_only", "on")
}

/// For the connections that write.
pub(super) fn writing_sqlite(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.optimize_on_close(true, None)
}
