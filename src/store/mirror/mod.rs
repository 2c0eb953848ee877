//! The state of a mirror as the database keeps it: how far its walks are, who holds its lease, what was refused.
//!
//! Takes pages that were read and how far that is, gives what became of them. Every write names the lease that it is made
//! under and changes nothing where another process has taken that over. All instants of a mirror's own are those of the
//! database's clock. Deliberately absent: the upstream, and what is asked next.

mod absences;
mod lease;
mod page;
mod standing;
mod status;

use std::time::Duration;

use entity::Instant;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, TryGetable, Value};

pub use self::lease::{Attempt, Lease, Seen, Wanted, attempt, failed, release, renew};
pub use self::page::{Ends, PageWrite, Reject, Written, commit_page, restart_walk};
pub use self::standing::{Standing, standing, standings};
pub use self::status::{Status, statuses};
use super::StoreError;

/// What a mirror does at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The first walk over all imports is not at its end.
    Backfill,
    /// Changes are asked for.
    Following,
    /// Changes are asked for, and between that a walk over all imports goes on.
    Reconciling,
}

impl Phase {
    /// Its name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backfill => "backfill",
            Self::Following => "following",
            Self::Reconciling => "reconciling",
        }
    }

    fn of_name(name: &str) -> Result<Self, DbErr> {
        let all = [Self::Backfill, Self::Following, Self::Reconciling];
        let found = all.into_iter().find(|phase| phase.name() == name);
        found.ok_or_else(|| DbErr::Type(format!("`{}` is no phase of a mirror", name.escape_debug())))
    }
}

/// How far the walks are: what a process that takes over goes on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is done at present.
    pub phase: Phase,
    /// The number of the last full walk that was begun after the first.
    pub walk: i64,
    /// Where the full walk that is open goes on; `None`: at its start.
    pub walk_cursor: Option<String>,
    /// The highest id that this walk has read.
    pub walk_last_id: Option<i64>,
    /// Up to here every change was seen, but for those that become visible late.
    pub followed_to: Option<Instant>,
    /// Since when the open poll asks for changes; `None`: since ever.
    pub poll_since: Option<Instant>,
    /// Where the open poll goes on; `None`: no poll is open.
    pub poll_cursor: Option<String>,
    /// What [`Progress::followed_to`] becomes at the end of the open poll, as far as it is read.
    pub poll_followed_to: Option<Instant>,
    /// The newest change of any import that was read.
    pub newest_updated_at: Option<Instant>,
}

/// What the budget of requests has spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests that may be under way, or be sent before the next write.
    pub open: u32,
    /// Requests that have ended: how long ago, and how many then.
    pub done: Vec<(Duration, u32)>,
}

/// A mirror as a process finds it that has just got its lease.
#[derive(Clone, Debug)]
pub struct Mirror {
    /// How far it is.
    pub progress: Progress,
    /// Whether the first full walk is at its end.
    pub is_complete: bool,
    /// How long ago a full walk has ended.
    pub walked_ago: Option<Duration>,
    /// What the budget has spent.
    pub spent: Spent,
    /// Whether records are refused at present.
    pub has_rejects: bool,
    /// Whether imports are marked as absent, or as older upstream.
    pub has_absences: bool,
}

/// Why a write of a mirror's was not made.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The database's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process has taken the lease over.
    #[error("another process has taken the lease over")]
    Fenced,
}

impl From<DbErr> for MirrorError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// The database's clock, as SQL.
fn now(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000)",
        _ => "clock_timestamp()",
    }
}

/// So many milliseconds, the parameter in this place, as SQL that is added to [`now`].
fn milliseconds(backend: DbBackend, place: usize) -> String {
    match backend {
        DbBackend::Sqlite => format!("${place} * 1000"),
        _ => format!("CAST(${place} AS bigint) * interval '1 millisecond'"),
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 10_000)
}

/// Runs a statement, and gives how many rows it changed.
async fn run(
    connection: &impl ConnectionTrait,
    text: impl Into<String>,
    values: Vec<Value>,
) -> Result<u64, DbErr> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, text.into(), values);
    Ok(connection.execute_raw(statement).await?.rows_affected())
}

/// Runs a statement, and gives its rows.
async fn rows(
    connection: &impl ConnectionTrait,
    text: impl Into<String>,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, text.into(), values);
    connection.query_all_raw(statement).await
}

fn column<T: TryGetable>(row: &QueryResult, name: &str) -> Result<T, DbErr> {
    row.try_get("", name)
}

/// `$2, $3, …` for so many values from this place on.
fn places(first: usize, count: usize) -> String {
    let places: Vec<_> = (first..first + count).map(|place| format!("${place}")).collect();
    places.join(", ")
}

/// How long before `now` an instant of the same clock was; no time at all where the clock was set back.
fn ago(now: Instant, then: Instant) -> Duration {
    Duration::from_micros(u64::try_from(now.micros() - then.micros()).unwrap_or(0))
}

impl Progress {
    fn of_row(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            phase: Phase::of_name(&column::<String>(row, "phase")?)?,
            walk: column(row, "walk")?,
            walk_cursor: column(row, "walk_cursor")?,
            walk_last_id: column(row, "walk_last_id")?,
            followed_to: column(row, "followed_to")?,
            poll_since: column(row, "poll_since")?,
            poll_cursor: column(row, "poll_cursor")?,
            poll_followed_to: column(row, "poll_followed_to")?,
            newest_updated_at: column(row, "newest_updated_at")?,
        })
    }

    /// The columns that [`Progress::values`] are for, each with its parameter, from this place on.
    fn assignments(first: usize) -> String {
        let names = [
            "phase",
            "walk",
            "walk_cursor",
            "walk_last_id",
            "followed_to",
            "poll_since",
            "poll_cursor",
            "poll_followed_to",
            "newest_updated_at",
        ];
        let set = names.iter().enumerate();
        let set: Vec<_> = set
            .map(|(at, name)| format!("{name} = ${}", first + at))
            .collect();
        set.join(", ")
    }

    fn values(&self, backend: DbBackend) -> [Value; 9] {
        let instant = |instant| Instant::optional_value(instant, backend);
        [
            self.phase.name().into(),
            self.walk.into(),
            self.walk_cursor.clone().into(),
            self.walk_last_id.into(),
            instant(self.followed_to),
            instant(self.poll_since),
            self.poll_cursor.clone().into(),
            instant(self.poll_followed_to),
            instant(self.newest_updated_at),
        ]
    }
}

impl Spent {
    /// As it is written down: each age in milliseconds, and how many.
    fn text(&self) -> String {
        let done = self.done.iter();
        let parts: Vec<_> = done
            .map(|(age, count)| format!("{}:{count}", age.as_millis()))
            .collect();
        parts.join(",")
    }

    /// What was written down so long ago. What cannot be read counts as spent just now.
    fn read(open: i64, text: &str, since: Duration) -> Self {
        let mut open = u32::try_from(open).unwrap_or(u32::MAX);
        let mut done = Vec::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let read = part
                .split_once(':')
                .and_then(|(age, count)| Some((age.parse().ok()?, count.parse().ok()?)));
            match read {
                Some((age, count)) => done.push((Duration::from_millis(age) + since, count)),
                None => open = open.saturating_add(1),
            }
        }
        Self { open, done }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_is_older_when_it_is_read_again() {
        let spent = Spent {
            open: 2,
            done: vec![(Duration::from_millis(1500), 3), (Duration::from_millis(20), 1)],
        };
        assert_eq!(spent.text(), "1500:3,20:1");
        let read = Spent::read(2, &spent.text(), Duration::from_secs(1));
        let later = vec![(Duration::from_millis(2500), 3), (Duration::from_millis(1020), 1)];
        assert_eq!(read, Spent { open: 2, done: later });
        assert_eq!(Spent::read(0, "", Duration::ZERO), Spent::default());
        assert_eq!(Spent::read(0, "x,1:y", Duration::ZERO).open, 2);
    }
}
