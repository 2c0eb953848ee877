//! How far behind its upstream a mirror is: what its readers are told.
//!
//! One statement over a table of a row a mirror. Ages are of the database's clock, so they are right while the upstream, or the
//! process that asks it, is away.

use std::time::Duration;

use entity::Instant;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};

use super::{Phase, ago, column, now};
use crate::store::statement_kind::StatementKind;
use crate::store::{Store, StoreError};

/// How long a mirror may go without a page before it counts as stalled, at least.
const LEAST: Duration = Duration::from_secs(10);

/// A mirror, as its readers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The account.
    pub account_id: i64,
    /// Where its rows come from.
    pub upstream: String,
    /// What is done at present, whether it gets on or not.
    pub phase: Phase,
    /// Whether two intervals have gone by without a page.
    pub is_stalled: bool,
    /// Whether the first full walk is at its end.
    pub is_complete: bool,
    /// When a poll for changes last came to its end, by the database's clock.
    pub last_polled_at: Option<Instant>,
    /// How long ago that was when this was read.
    pub polled_ago: Option<Duration>,
    /// How long ago the upstream gave a page when this was read.
    pub page_ago: Option<Duration>,
    /// Why the upstream gave no page, where no poll has come to its end since.
    pub last_error: Option<String>,
}

impl Standing {
    /// The name of its phase, in small letters; `stalled` where it is.
    #[must_use]
    pub const fn phase_name(&self) -> &'static str {
        match self.phase {
            _ if self.is_stalled => "stalled",
            phase => phase.name(),
        }
    }

    fn of_row(row: &QueryResult) -> Result<Self, DbErr> {
        let now: Instant = column(row, "now")?;
        let since = |then: Option<Instant>| then.map(|then| ago(now, then));
        let interval: Option<i64> = column(row, "interval_ms")?;
        let interval = interval.and_then(|ms| u64::try_from(ms).ok());
        let (last_polled_at, lease_until): (Option<Instant>, Option<Instant>) =
            (column(row, "last_polled_at")?, column(row, "lease_until")?);
        let page_ago = since(column(row, "last_page_at")?);
        let last_error: Option<String> = column(row, "last_error")?;
        let is_given_up = last_error.is_some() || lease_until.is_none_or(|until| until < now);
        Ok(Self {
            account_id: column(row, "account_id")?,
            upstream: column(row, "upstream")?,
            phase: Phase::of_name(&column::<String>(row, "phase")?)?,
            is_stalled: is_stalled(interval.map(Duration::from_millis), page_ago, is_given_up),
            is_complete: column::<Option<Instant>>(row, "backfilled_at")?.is_some(),
            last_polled_at,
            polled_ago: since(last_polled_at),
            page_ago,
            last_error,
        })
    }
}

/// Whether two intervals have gone by without a page. Of a mirror that never had one it counts whether anybody still tries
/// without a failure. One that is brought up to date by hand alone never stalls.
pub(super) fn is_stalled(interval: Option<Duration>, page_ago: Option<Duration>, is_given_up: bool) -> bool {
    let Some(interval) = interval else {
        return false;
    };
    let allowed = interval.saturating_mul(2).max(LEAST);
    page_ago.map_or(is_given_up, |ago| ago > allowed)
}

fn text(backend: DbBackend, which: &str) -> String {
    let now = now(backend);
    format!(
        "SELECT account_id, upstream, phase, interval_ms, backfilled_at, last_polled_at, last_page_at, last_error, \
         lease_until, {now} AS now FROM mirrors{which}"
    )
}

/// How all mirrors stand, in no order.
///
/// # Errors
///
/// The database's.
pub async fn standings(db: &impl ConnectionTrait) -> Result<Vec<Standing>, DbErr> {
    let backend = db.get_database_backend();
    let read = Statement::from_string(backend, text(backend, ""));
    let rows = db.query_all_raw(read).await?;
    rows.iter().map(Standing::of_row).collect()
}

/// How the mirror of an account stands; `None` where the account is none.
///
/// # Errors
///
/// [`StoreError`].
pub async fn standing(store: &Store, account_id: i64) -> Result<Option<Standing>, StoreError> {
    let text = text(store.backend(), " WHERE account_id = $1");
    let asked = store.named(StatementKind::Mirror, text, [account_id.into()]);
    let rows = store.rows(asked).await?;
    Ok(rows.first().map(Standing::of_row).transpose()?)
}
