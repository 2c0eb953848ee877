//! What operators are told of the mirrors.

use std::time::Duration;

use entity::Instant;
use sea_orm::DbErr;

use super::{Progress, ago, column, now, page, rows, standing};
use crate::store::{Store, StoreError};

/// A mirror, as operators see it.
#[derive(Clone, Debug)]
pub struct Status {
    /// The account.
    pub account_id: i64,
    /// Where its rows come from.
    pub upstream: String,
    /// How far the walks are.
    pub progress: Progress,
    /// How often changes are asked for; `None`: whenever a command is run.
    pub interval: Option<Duration>,
    /// Whether the first full walk is at its end.
    pub is_complete: bool,
    /// How long ago a poll for changes came to its end.
    pub polled_ago: Option<Duration>,
    /// How long ago the upstream gave a page.
    pub page_ago: Option<Duration>,
    /// How long ago a full walk ended.
    pub walked_ago: Option<Duration>,
    /// Pages that were read.
    pub pages: i64,
    /// Rows that were stored.
    pub rows_stored: i64,
    /// Imports that were removed.
    pub rows_removed: i64,
    /// Records that are refused at present.
    pub rejects: i64,
    /// Why the upstream gave no page, where it has not given one since.
    pub last_error: Option<String>,
    /// The process that asks, where one does.
    pub holder: Option<String>,
}

impl Status {
    /// Whether two intervals have gone by without a page.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        let is_given_up = self.last_error.is_some() || self.holder.is_none();
        standing::is_stalled(self.interval, self.page_ago, is_given_up)
    }
}

/// All mirrors, by account.
///
/// # Errors
///
/// [`StoreError`].
pub async fn statuses(store: &Store) -> Result<Vec<Status>, StoreError> {
    let text = format!(
        "SELECT *, {} AS now FROM mirrors ORDER BY account_id",
        now(store.backend())
    );
    let mut all = Vec::new();
    for row in rows(store.database(), text, Vec::new()).await? {
        let now: Instant = column(&row, "now")?;
        let since = |name: &str| {
            let then: Option<Instant> = column(&row, name)?;
            Ok::<_, DbErr>(then.map(|then| ago(now, then)))
        };
        let account_id = column(&row, "account_id")?;
        let interval: Option<i64> = column(&row, "interval_ms")?;
        let interval = interval.and_then(|ms| u64::try_from(ms).ok());
        let (backfilled, reconciled) = (since("backfilled_at")?, since("reconciled_at")?);
        let is_held = column::<Option<Instant>>(&row, "lease_until")?.is_some_and(|until| until > now);
        all.push(Status {
            account_id,
            upstream: column(&row, "upstream")?,
            progress: Progress::of_row(&row)?,
            interval: interval.map(Duration::from_millis),
            is_complete: backfilled.is_some(),
            polled_ago: since("last_polled_at")?,
            page_ago: since("last_page_at")?,
            walked_ago: reconciled.or(backfilled),
            pages: column(&row, "pages")?,
            rows_stored: column(&row, "rows_stored")?,
            rows_removed: column(&row, "rows_removed")?,
            rejects: page::rejects(store, account_id).await?,
            last_error: column(&row, "last_error")?,
            holder: column::<Option<String>>(&row, "lease_holder")?.filter(|_| is_held),
        });
    }
    Ok(all)
}
