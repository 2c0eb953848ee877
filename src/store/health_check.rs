//! Whether the database is there, found out beside the pools.
//!
//! Takes a question, gives its answer within a time. What it finds also decides whether readers wait for a connection or
//! are refused at once. A server is asked over a connection of its own, so that neither a full pool nor a broken one is
//! taken for a lost database, and a broken one of its own is replaced.

use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr, SqlxPostgresConnector};
use sqlx::Connection as _;
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
pub struct HealthCheck {
    store: Store,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    connection: Option<DatabaseConnection>,
    failures: u32,
}

impl HealthCheck {
    pub(super) fn new(store: Store) -> Self {
        Self {
            store,
            seen: Mutex::default(),
        }
    }

    /// Puts a question to the database.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::TimedOut`] where it gives no answer within 1.5 s.
    pub async fn look<T, F>(&self, ask: impl FnOnce(DatabaseConnection) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        let mut seen = self.seen.lock().await;
        // Taken: only a connection that has answered is used again.
        let kept = seen.connection.take();
        let answer = match self.asked(kept, ask).await {
            Ok((answer, connection)) => {
                seen.failures = 0;
                seen.connection = Some(connection);
                Ok(answer)
            }
            Err(error) => {
                // No room for a connection of ours says nothing about those that are there.
                if !error.is_crowded() {
                    seen.failures = seen.failures.saturating_add(1);
                }
                Err(error)
            }
        };
        if let Readers::Postgres(pool) = &self.store.readers {
            // A single failure changes nothing: another look-out of this store may know better.
            if answer.is_ok() {
                pool.set_away(false);
            } else if seen.failures >= STRIKES {
                pool.set_away(true);
            }
        }
        answer
    }

    /// The answer, and the connection that gave it.
    async fn asked<T, F>(
        &self,
        kept: Option<DatabaseConnection>,
        ask: impl FnOnce(DatabaseConnection) -> F,
    ) -> Result<(T, DatabaseConnection), StoreError>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        let connection = match kept {
            Some(connection) => connection,
            None => self.connection().await?,
        };
        match timeout(LOOK_LIMIT, ask(connection.clone())).await {
            Ok(answer) => Ok((answer.map_err(|error| self.store.fault(error))?, connection)),
            Err(_) => Err(StoreError::late().at(self.store.place_of_readers())),
        }
    }

    /// A connection. A server's is tried by itself first: a pool of the driver's would try again and again, and then know
    /// nothing but the time.
    async fn connection(&self) -> Result<DatabaseConnection, StoreError> {
        let Readers::Postgres(readers) = &self.store.readers else {
            return Ok(self.store.db.clone());
        };
        let session = readers.server().session();
        let connected = timeout(LOOK_LIMIT, session.connect()).await;
        let connection = connected
            .unwrap_or(Err(sqlx::Error::PoolTimedOut))
            .map_err(|error| StoreError::no_connection(error).at(session.place()))?;
        // Nothing depends on a goodbye.
        let _ = timeout(LOOK_LIMIT, connection.close()).await;
        let options = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(LOOK_LIMIT);
        Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(
            session.pool(options),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    #[tokio::test]
    async fn a_new_look_out_does_not_take_back_what_another_has_found() {
        // No server listens on port 1.
        let store = Store::open(&Settings::new("postgres://gateway@127.0.0.1:1/imports"))
            .await
            .unwrap();
        let Readers::Postgres(pool) = &store.readers else {
            panic!("a server database");
        };
        let ask = async |health_check: &HealthCheck| health_check.look(async |db| db.ping().await).await;
        let watcher = store.health_check();
        for _ in 0..STRIKES {
            assert!(!pool.is_away());
            ask(&watcher).await.unwrap_err();
        }
        assert!(pool.is_away());
        ask(&store.health_check()).await.unwrap_err();
        assert!(pool.is_away());
    }
}
