//! Whether the database is there, found out beside the pools.
//!
//! Takes a question, gives its answer within a time. What it finds also decides whether readers wait for a connection or
//! are refused at once. A server is asked over a connection of its own, so that neither a full pool nor a broken one is
//! taken for a lost database, and a broken one of its own is replaced.

use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr, SqlxPostgresConnector};
use sqlx::postgres::PgPoolOptions;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::{Readers, Store, StoreError};

/// How long one look may take.
const LOOK_LIMIT: Duration = Duration::from_millis(1500);
/// How many looks in a row must fail before readers are refused: one may fall into a busy moment.
const STRIKES: u32 = 2;

/// A look-out for one store.
#[derive(Debug)]
pub struct Lookout {
    store: Store,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    connection: Option<DatabaseConnection>,
    failures: u32,
}

impl Lookout {
    pub(super) fn new(store: Store) -> Self {
        Self {
            store,
            seen: Mutex::default(),
        }
    }

    /// Puts a question to the database.
    ///
    /// **Errors**: [`StoreError::Unavailable`] or [`StoreError::TimedOut`] where it gives no answer within 1.5 s.
    pub async fn look<T, F>(&self, ask: impl FnOnce(DatabaseConnection) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        let mut seen = self.seen.lock().await;
        // Taken: only a connection that has answered is used again.
        let connection = match seen.connection.take() {
            Some(connection) => connection,
            None => self.connection(),
        };
        let answer = match timeout(LOOK_LIMIT, ask(connection.clone())).await {
            Ok(answer) => answer.map_err(StoreError::from),
            Err(_) => Err(StoreError::late()),
        };
        match &answer {
            Ok(_) => {
                seen.failures = 0;
                seen.connection = Some(connection);
            }
            // No room for a connection of ours says nothing about those that are there.
            Err(error) if error.is_crowded() => {}
            Err(_) => seen.failures = seen.failures.saturating_add(1),
        }
        if let Readers::Postgres(pool) = &self.store.readers {
            pool.set_away(seen.failures >= STRIKES);
        }
        answer
    }

    fn connection(&self) -> DatabaseConnection {
        match &self.store.readers {
            Readers::Sqlite(_) => self.store.db.clone(),
            Readers::Postgres(readers) => {
                let pool = PgPoolOptions::new()
                    .max_connections(1)
                    .acquire_timeout(LOOK_LIMIT)
                    .connect_lazy_with(readers.server().options().clone());
                SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
            }
        }
    }
}
