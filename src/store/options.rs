//! How connections to a SQLite file are set up.
//!
//! Takes [`Settings`], gives the driver's options: once for a store, so that each of its connections is alike.

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::Settings;
use super::url::sqlite::FileUrl;

/// For every connection to a SQLite file: readers never wait for a writer (WAL), a writer waits a while for another,
/// and what is hot stays mapped.
///
/// # Errors
///
/// That of the URL.
pub(super) fn sqlite(settings: &Settings, url: &FileUrl) -> Result<SqliteConnectOptions, sqlx::Error> {
    let mut options: SqliteConnectOptions = url.for_driver.parse()?;
    if !url.is_immutable {
        options = options.journal_mode(SqliteJournalMode::Wal);
    }
    Ok(options
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
