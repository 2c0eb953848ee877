//! One page of an upstream, stored: its rows, its bad records and how far the walk is, in one transaction.
//!
//! A row replaces one that is not newer; of two of one version the later arrival stays. Rows that are stored as they are
//! already are not written, so that the change feed tells only of changes.

use entity::{Instant, imports};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, DbErr, EntityTrait as _, FromQueryResult as _, QueryFilter as _,
    QueryTrait as _, SqliteTransactionMode, TransactionOptions, TransactionTrait as _, Value,
};

use super::lease::{FENCE, fenced, held, held_values};
use super::{Lease, MirrorError, Progress, Spent, absences, column, now, places, rows, run};
use crate::store::query::table::{Cell, Table};
use crate::store::upsert::replace_by_version;
use crate::store::{Store, bulk};

/// Rows a statement: 5,000 parameters of the 32,766 that SQLite takes.
const ROWS: usize = 500;

/// A record that is no import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Its id, where it has one; else a hash of it.
    pub key: String,
    /// Its id.
    pub id: Option<i64>,
    /// Why it is none.
    pub reason: String,
    /// As it came.
    pub record: String,
}

/// What ends with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Nothing: more pages follow.
    Nothing,
    /// The first full walk.
    Backfill,
    /// A poll for changes.
    Poll,
    /// A later full walk.
    Reconcile,
}

/// A page and how far the walk is with it.
#[derive(Clone, Copy, Debug)]
pub struct PageWrite<'a> {
    /// Its rows, no two of one id.
    pub rows: &'a [imports::Model],
    /// Its bad records.
    pub rejects: &'a [Reject],
    /// How far the walks are when it is stored.
    pub progress: &'a Progress,
    /// What the budget has spent.
    pub spent: &'a Spent,
    /// The ids that it has, bad records' too.
    pub ids: &'a [i64],
    /// Of a full walk after the first: the ids, the first and the last, between which the page has all that are there.
    pub whole: Option<(i64, i64)>,
    /// What ends with it.
    pub ends: Ends,
    /// Whether some record is refused at present, so that a good one may take its place.
    pub has_rejects: bool,
    /// Whether some import is marked as absent, so that it may have been found again.
    pub has_absences: bool,
}

/// What became of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows that were new or have changed.
    pub stored: u64,
    /// Rows that are older than what is stored.
    pub older: u64,
    /// Imports that two walks did not find, and that are gone.
    pub removed: u64,
    /// Whether imports were marked.
    pub marked: bool,
}

/// A transaction that, on SQLite, has the write lock from its start.
pub(super) async fn begin(store: &Store) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    store.database().begin_with_options(options).await
}

/// Stores a page under a lease.
///
/// # Errors
///
/// [`MirrorError`]; nothing of the page is then stored.
pub async fn commit_page(
    store: &Store,
    lease: &Lease,
    write: &PageWrite<'_>,
) -> Result<Written, MirrorError> {
    let transaction = begin(store).await?;
    let sorted = sort_out(&transaction, lease.account_id, write.rows).await?;
    let mut written = Written {
        stored: sorted.changed.len() as u64,
        older: sorted.older.len() as u64,
        ..Written::default()
    };
    go_on(store, &transaction, lease, write, written.stored).await?;
    for rows in sorted.changed.chunks(ROWS) {
        put(&transaction, rows, &replace_by_version::<imports::Model>(">=")).await?;
    }
    keep_rejects(store, &transaction, lease.account_id, write).await?;
    let account_id = lease.account_id;
    if write.has_absences {
        absences::found(&transaction, account_id, write.ids).await?;
    }
    if let Some(whole) = write.whole {
        let walk = write.progress.walk;
        written.marked = absences::mark(&transaction, account_id, walk, whole, write.ids).await?;
        let again = absences::older(&transaction, account_id, walk, &sorted.older).await?;
        written.marked |= !sorted.older.is_empty();
        written.stored += again.len() as u64;
        put(
            &transaction,
            &again,
            &bulk::replace::<imports::Model>("account_id, id"),
        )
        .await?;
    }
    if write.ends == Ends::Reconcile {
        written.removed = absences::remove(&transaction, account_id, write.progress.walk).await?;
    }
    transaction.commit().await?;
    Ok(written)
}

/// What of a page's rows is to be written.
struct Sorted {
    changed: Vec<imports::Model>,
    older: Vec<imports::Model>,
}

async fn sort_out(
    transaction: &DatabaseTransaction,
    account_id: i64,
    page: &[imports::Model],
) -> Result<Sorted, DbErr> {
    let mut sorted = Sorted {
        changed: Vec::new(),
        older: Vec::new(),
    };
    for page in page.chunks(ROWS) {
        let query = imports::Entity::find()
            .filter(imports::Column::AccountId.eq(account_id))
            .filter(imports::Column::Id.is_in(page.iter().map(|row| row.id)));
        let backend = sea_orm::ConnectionTrait::get_database_backend(transaction);
        let found = sea_orm::ConnectionTrait::query_all_raw(transaction, query.build(backend)).await?;
        // A row that an application spoiled cannot be read, and is replaced.
        let stored = found
            .iter()
            .filter_map(|row| imports::Model::from_query_result(row, "").ok());
        let stored: std::collections::HashMap<i64, imports::Model> =
            stored.map(|row| (row.id, row)).collect();
        for row in page {
            match stored.get(&row.id) {
                Some(stored) if stored == row => {}
                Some(stored) if stored.updated_at > row.updated_at => sorted.older.push(row.clone()),
                _ => sorted.changed.push(row.clone()),
            }
        }
    }
    Ok(sorted)
}

/// Writes down how far the walks are, under the fence.
async fn go_on(
    store: &Store,
    transaction: &DatabaseTransaction,
    lease: &Lease,
    write: &PageWrite<'_>,
    stored: u64,
) -> Result<(), MirrorError> {
    let (held, now) = (held(store), now(store.backend()));
    let ended = match write.ends {
        Ends::Nothing => String::new(),
        Ends::Backfill => format!(", backfilled_at = {now}"),
        Ends::Poll => format!(", last_polled_at = {now}, last_error = NULL, last_error_at = NULL"),
        Ends::Reconcile => format!(", reconciled_at = {now}"),
    };
    let text = format!(
        "UPDATE mirrors SET {held}, {}, pages = pages + 1, rows_stored = rows_stored + $15, last_page_at = {now}{ended} \
         WHERE {FENCE}",
        Progress::assignments(6)
    );
    let mut values = held_values(lease, write.spent);
    values.extend(write.progress.values(store.backend()));
    values.push(i64::try_from(stored).unwrap_or(i64::MAX).into());
    fenced(run(transaction, text, values).await?)
}

/// Inserts rows; `conflict` says what becomes of those that are there.
async fn put(
    transaction: &DatabaseTransaction,
    page: &[imports::Model],
    conflict: &str,
) -> Result<(), DbErr> {
    if page.is_empty() {
        return Ok(());
    }
    let backend = sea_orm::ConnectionTrait::get_database_backend(transaction);
    let mut values: Vec<Value> = Vec::new();
    let mut tuples = Vec::new();
    for row in page {
        let first = values.len() + 1;
        for of in bulk::all::<imports::Model>() {
            values.push(match row.cell(of) {
                Cell::Null => match of {
                    of if crate::store::query::table::Column::holds(of)
                        == crate::store::query::table::Kind::Instant =>
                    {
                        Instant::optional_value(None, backend)
                    }
                    _ => Value::String(None),
                },
                Cell::Number(number) => number.into(),
                Cell::Instant(instant) => instant.value(backend),
                Cell::Text(text) | Cell::Name(text) => text.into(),
            });
        }
        tuples.push(format!("({})", places(first, values.len() + 1 - first)));
    }
    let (table, columns) = (imports::Model::NAME, bulk::all_names::<imports::Model>());
    let text = format!(
        "INSERT INTO {table} ({columns}) VALUES {} {conflict}",
        tuples.join(", ")
    );
    run(transaction, text, values).await?;
    Ok(())
}

/// Keeps a page's bad records, and forgets those that a good one has taken the place of.
async fn keep_rejects(
    store: &Store,
    transaction: &DatabaseTransaction,
    account_id: i64,
    write: &PageWrite<'_>,
) -> Result<(), DbErr> {
    if write.has_rejects && !write.rows.is_empty() {
        let places = places(2, write.rows.len());
        let text = format!("DELETE FROM sync_rejects WHERE account_id = $1 AND import_id IN ({places})");
        let ids = write.rows.iter().map(|row| row.id.into());
        run(
            transaction,
            text,
            std::iter::once(account_id.into()).chain(ids).collect(),
        )
        .await?;
    }
    let now = now(store.backend());
    for reject in write.rejects {
        let text = format!(
            "INSERT INTO sync_rejects (account_id, record_key, import_id, reason, record, first_seen_at, last_seen_at) \
             VALUES ($1, $2, $3, $4, $5, {now}, {now}) ON CONFLICT (account_id, record_key) DO UPDATE SET \
             reason = excluded.reason, record = excluded.record, last_seen_at = excluded.last_seen_at"
        );
        let values = vec![
            account_id.into(),
            reject.key.as_str().into(),
            reject.id.into(),
            reject.reason.as_str().into(),
            reject.record.as_str().into(),
        ];
        run(transaction, text, values).await?;
    }
    Ok(())
}

/// Goes back to the start of the full walk or the poll that is open, as `progress` says; where it is the full walk, what that
/// has marked is forgotten.
///
/// # Errors
///
/// [`MirrorError`].
pub async fn restart_walk(
    store: &Store,
    lease: &Lease,
    progress: &Progress,
    spent: &Spent,
    (is_full, reason): (bool, &str),
) -> Result<(), MirrorError> {
    let transaction = begin(store).await?;
    let now = now(store.backend());
    let text = format!(
        "UPDATE mirrors SET {}, {}, last_error = $15, last_error_at = {now} WHERE {FENCE}",
        held(store),
        Progress::assignments(6)
    );
    let mut values = held_values(lease, spent);
    values.extend(progress.values(store.backend()));
    values.push(reason.into());
    fenced(run(&transaction, text, values).await?)?;
    if is_full {
        absences::forget(&transaction, lease.account_id, progress.walk).await?;
    }
    Ok(transaction.commit().await?)
}

/// How many records of an account are refused.
pub(super) async fn rejects(store: &Store, account_id: i64) -> Result<i64, DbErr> {
    let text = "SELECT count(*) AS rejects FROM sync_rejects WHERE account_id = $1";
    let found = rows(store.database(), text, vec![account_id.into()]).await?;
    found.first().map_or(Ok(0), |row| column(row, "rejects"))
}
