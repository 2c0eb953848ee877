//! The lease of a mirror: one process at a time asks its upstream, and writes.
//!
//! A lease is held until some time of the database's clock, and is renewed long before. Each take-over raises its number, by
//! which every write is fenced: a process that was halted and goes on finds another number and writes nothing.

use std::time::Duration;

use entity::Instant;
use sea_orm::{DbErr, QueryResult, Value};

use super::{Mirror, MirrorError, Progress, Spent, ago, column, millis, milliseconds, now, rows, run};
use crate::store::{Store, StoreError};

/// A lease that was got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The account whose mirror it is of.
    pub account_id: i64,
    /// Its number, by which writes are fenced.
    pub number: i64,
    /// How long it lasts without being renewed.
    pub length: Duration,
}

/// A lease of another process: who saw it unchanged for as long as it lasts may take it over, whatever any clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    number: i64,
    renewals: i64,
}

/// What became of an attempt to get a lease.
#[derive(Debug)]
pub enum Attempt {
    /// It is ours, and this is the mirror.
    Held(Lease, Box<Mirror>),
    /// Another process has it.
    Taken(Seen),
    /// The account is a mirror of this upstream, and not of the one named.
    OfAnother(String),
}

/// Tries to get the lease of an account's mirror, which is made where there is none. `unchanged` is what was seen so long ago
/// that it would have been renewed.
///
/// # Errors
///
/// [`StoreError`].
pub async fn attempt(
    store: &Store,
    wanted: &Wanted<'_>,
    unchanged: Option<Seen>,
) -> Result<Attempt, StoreError> {
    let (db, backend, account_id) = (store.database(), store.backend(), wanted.account_id);
    let read = "SELECT upstream, lease_number, lease_renewals FROM mirrors WHERE account_id = $1";
    let mut found = rows(db, read, vec![account_id.into()]).await?;
    if found.is_empty() {
        let make = "INSERT INTO mirrors (account_id, upstream, phase, walk, pages, rows_stored, rows_removed, \
                    lease_number, lease_renewals, requests_open, requests_done) \
                    VALUES ($1, $2, 'backfill', 0, 0, 0, 0, 0, 0, 0, '') ON CONFLICT (account_id) DO NOTHING";
        run(db, make, vec![account_id.into(), wanted.upstream.into()]).await?;
        found = rows(db, read, vec![account_id.into()]).await?;
    }
    let found = found.first().ok_or(DbErr::RecordNotInserted)?;
    let upstream: String = column(found, "upstream")?;
    if upstream != wanted.upstream {
        return Ok(Attempt::OfAnother(upstream));
    }
    let unchanged = unchanged.unwrap_or(Seen {
        number: -1,
        renewals: -1,
    });
    let (now, length) = (now(backend), milliseconds(backend, 3));
    let take = format!(
        "UPDATE mirrors SET lease_number = lease_number + 1, lease_renewals = lease_renewals + 1, lease_holder = $2, \
         lease_until = {now} + {length}, interval_ms = $4 \
         WHERE account_id = $1 AND (lease_holder IS NULL OR lease_until < {now} \
         OR (lease_number = $5 AND lease_renewals = $6)) RETURNING *, {now} AS now"
    );
    let values = vec![
        account_id.into(),
        wanted.holder.into(),
        millis(wanted.length).into(),
        wanted.interval.map(millis).into(),
        unchanged.number.into(),
        unchanged.renewals.into(),
    ];
    let taken = rows(db, take, values).await?;
    let Some(taken) = taken.first() else {
        return Ok(Attempt::Taken(Seen {
            number: column(found, "lease_number")?,
            renewals: column(found, "lease_renewals")?,
        }));
    };
    let lease = Lease {
        account_id,
        number: column(taken, "lease_number")?,
        length: wanted.length,
    };
    let any = async |table: &str| {
        let text = format!("SELECT account_id FROM {table} WHERE account_id = $1 LIMIT 1");
        Ok::<_, DbErr>(!rows(db, text, vec![account_id.into()]).await?.is_empty())
    };
    let mirror = Mirror {
        has_rejects: any("sync_rejects").await?,
        has_absences: any("mirror_absences").await?,
        ..mirror(taken)?
    };
    Ok(Attempt::Held(lease, Box::new(mirror)))
}

/// Whose lease is wanted, by whom, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The account.
    pub account_id: i64,
    /// The upstream that its rows come from.
    pub upstream: &'a str,
    /// The process, for people.
    pub holder: &'a str,
    /// How long it lasts without being renewed.
    pub length: Duration,
    /// How often changes are asked for; `None`: once.
    pub interval: Option<Duration>,
}

fn mirror(row: &QueryResult) -> Result<Mirror, DbErr> {
    let now: Instant = column(row, "now")?;
    let (backfilled, reconciled): (Option<Instant>, Option<Instant>) =
        (column(row, "backfilled_at")?, column(row, "reconciled_at")?);
    let spent_at: Option<Instant> = column(row, "requests_at")?;
    let since = spent_at.map_or(Duration::ZERO, |then| ago(now, then));
    let done: String = column(row, "requests_done")?;
    Ok(Mirror {
        progress: Progress::of_row(row)?,
        is_complete: backfilled.is_some(),
        walked_ago: reconciled.max(backfilled).map(|then| ago(now, then)),
        spent: Spent::read(column(row, "requests_open")?, &done, since),
        has_rejects: false,
        has_absences: false,
    })
}

/// What every write of a lease's holder sets, with the parameters `$1` to `$5` of [`held_values`].
pub(super) fn held(store: &Store) -> String {
    let (now, length) = (now(store.backend()), milliseconds(store.backend(), 3));
    format!(
        "lease_renewals = lease_renewals + 1, lease_until = {now} + {length}, requests_open = $4, requests_done = $5, \
         requests_at = {now}"
    )
}

/// The account, the number of its lease, its length, and what is spent.
pub(super) fn held_values(lease: &Lease, spent: &Spent) -> Vec<Value> {
    vec![
        lease.account_id.into(),
        lease.number.into(),
        millis(lease.length).into(),
        i64::from(spent.open).into(),
        spent.text().into(),
    ]
}

/// The row that a lease is of, as long as nobody has taken it over.
pub(super) const FENCE: &str = "account_id = $1 AND lease_number = $2";

/// Refuses a write that found another number.
pub(super) fn fenced(changed: u64) -> Result<(), MirrorError> {
    match changed {
        0 => Err(MirrorError::Fenced),
        _ => Ok(()),
    }
}

/// Renews a lease, and writes down what is spent.
///
/// # Errors
///
/// [`MirrorError`].
pub async fn renew(store: &Store, lease: &Lease, spent: &Spent) -> Result<(), MirrorError> {
    let text = format!("UPDATE mirrors SET {} WHERE {FENCE}", held(store));
    fenced(run(store.database(), text, held_values(lease, spent)).await?)
}

/// Renews a lease, and writes down why the upstream gave no page.
///
/// # Errors
///
/// [`MirrorError`].
pub async fn failed(store: &Store, lease: &Lease, spent: &Spent, reason: &str) -> Result<(), MirrorError> {
    let (held, now) = (held(store), now(store.backend()));
    let text = format!("UPDATE mirrors SET {held}, last_error = $6, last_error_at = {now} WHERE {FENCE}");
    let mut values = held_values(lease, spent);
    values.push(reason.into());
    fenced(run(store.database(), text, values).await?)
}

/// Gives a lease back, so that the next process need not wait.
///
/// # Errors
///
/// [`MirrorError`].
pub async fn release(store: &Store, lease: &Lease, spent: &Spent) -> Result<(), MirrorError> {
    let text = format!(
        "UPDATE mirrors SET {}, lease_holder = NULL WHERE {FENCE}",
        held(store)
    );
    fenced(run(store.database(), text, held_values(lease, spent)).await?)
}
