//! When a request must be answered.
//!
//! Takes the limit of a whole request, gives the moment; all that waits on the request's behalf waits until then at
//! most.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Gateway;
use crate::error::{Code, Rejection};
use crate::store::Store;

/// How much later than its deadline a request is given up whole. What the store ends at the deadline has become an answer
/// by then, of those fields that have one.
const GRACE: Duration = Duration::from_millis(250);

/// The moment at which a request must be answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// That of a request whose head has just arrived.
    pub(super) fn of(gateway: &Gateway) -> Self {
        Self(Instant::now() + gateway.limits.request_timeout)
    }

    /// In as long as `limit`, and no later than this.
    pub(super) fn within(self, limit: Duration) -> Instant {
        self.0.min(Instant::now() + limit)
    }

    /// The store for this request.
    pub(super) fn store(self, gateway: &Gateway) -> Store {
        gateway.store.until(self.0)
    }

    /// What gives an answer, or gives up.
    ///
    /// # Errors
    ///
    /// `TIMEOUT`.
    pub(super) async fn bound<T>(self, answer: impl Future<Output = T>) -> Result<T, Rejection> {
        let answered = timeout_at(self.0 + GRACE, answer).await;
        answered.map_err(|_| {
            Rejection::new(
                Code::Timeout,
                "the request took too long; ask for less, or try again",
            )
        })
    }
}
