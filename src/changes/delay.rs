//! Who holds the feed back is told to the operator, once.

use std::time::Duration;

use crate::store::Store;
use crate::store::changes;

/// After how long.
const LONG: Duration = Duration::from_secs(10);

/// What was told of a transaction that holds the feed back.
#[derive(Debug, Default)]
pub(super) struct Delay {
    told: Option<changes::Holder>,
}

impl Delay {
    /// Tells who holds the feed back, where the oldest change waits for long.
    pub(super) async fn tell(&mut self, store: &Store, waiting: Duration) {
        if waiting < LONG {
            if self.told.take().is_some() {
                tracing::info!("the change feed waits for no long transaction any more");
            }
            return;
        }
        match changes::holder(store).await {
            Ok(Some(holder)) if self.told.as_ref() != Some(&holder) => {
                tracing::warn!(
                    waiting_seconds = waiting.as_secs(),
                    "the change feed waits until {holder} ends: changes that were committed since cannot be told in order before"
                );
                self.told = Some(holder);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(reason = %error.reason(), "who holds the change feed back cannot be read");
            }
        }
    }
}
