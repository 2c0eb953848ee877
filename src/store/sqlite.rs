//! A SQLite file, as the readers' pool sees it.
//!
//! A running statement looks at its connection's flag every few thousand steps, and ends where that is up. What waits
//! for a lock does not look; that wait has a limit of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::Statement;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::fetch::{self, RowSink};
use super::pool::Server;

/// How often a statement looks at its flag. **Unit**: instructions of SQLite's virtual machine.
const STEPS: i32 = 4096;

/// A SQLite file.
pub(super) struct SqliteFile {
    options: SqliteConnectOptions,
    place: Arc<str>,
}

impl SqliteFile {
    /// The file that the options name.
    pub(super) fn new(options: SqliteConnectOptions, place: Arc<str>) -> Self {
        Self { options, place }
    }
}

impl Server for SqliteFile {
    type Connection = SqliteConnection;
    /// Up: whatever runs on the connection is to end.
    type CancelHandle = Arc<AtomicBool>;

    // A file does not go away silently.
    const CHECK_AFTER: Option<Duration> = None;

    fn place(&self) -> &Arc<str> {
        &self.place
    }

    async fn connect(&self) -> Result<(SqliteConnection, Arc<AtomicBool>), sqlx::Error> {
        let mut connection = self.options.connect().await?;
        let flag = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&flag);
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(STEPS, move || !seen.load(Ordering::Relaxed));
        drop(handle);
        Ok((connection, flag))
    }

    async fn read(
        connection: &mut SqliteConnection,
        flag: &Arc<AtomicBool>,
        statement: &Statement,
        sink: &mut impl RowSink,
    ) -> Result<(), sqlx::Error> {
        flag.store(false, Ordering::Relaxed);
        fetch::each(connection, statement, sink).await
    }

    async fn stop(&self, flag: &Arc<AtomicBool>) -> Result<(), sqlx::Error> {
        flag.store(true, Ordering::Relaxed);
        Ok(())
    }
}
