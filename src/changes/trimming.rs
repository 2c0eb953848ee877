//! Old notes are removed, from time to time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::Feed;
use crate::store::changes;
use crate::store::query::table::Table;

/// How often old notes are removed, and how many at once.
const PAUSE: Duration = Duration::from_secs(10);
const MOST: usize = 5000;

impl<T: Table> Feed<T> {
    /// Removes notes that are older than they are kept, from time to time; for ever.
    pub async fn keep_short(self: Arc<Self>) {
        loop {
            sleep(PAUSE).await;
            self.trim().await;
        }
    }

    /// Removes notes that are older than they are kept. Another process may do the same.
    async fn trim(&self) {
        loop {
            match changes::trim::<T>(&self.store, self.settings.retention, MOST).await {
                Ok(removed) if removed as usize >= MOST => {}
                Ok(_) => return,
                // A role that may only read, or a database that is away: who listens is told of the latter.
                Err(error) => {
                    tracing::debug!(reason = %error.reason(), "old notes of the change feed cannot be removed");
                    return;
                }
            }
        }
    }
}
