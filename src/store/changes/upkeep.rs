//! What keeps a feed short, and what ends it.

use std::time::Duration;

use sea_orm::{DbBackend, Statement, Value};

use crate::store::query::table::Table;
use crate::store::statement_kind::StatementKind;
use crate::store::{Store, StoreError};

/// Makes every earlier point of an account, or of all, one that cannot be followed.
///
/// # Errors
///
/// [`StoreError`].
pub async fn expire<T: Table>(store: &Store, account_id: Option<i64>) -> Result<(), StoreError> {
    let text = match store.backend {
        DbBackend::Sqlite => format!("INSERT INTO {} (account_id) VALUES (?1)", T::CHANGES),
        _ => format!("INSERT INTO {} (account_id) VALUES ($1)", T::CHANGES),
    };
    store
        .write(Statement::from_sql_and_values(
            store.backend,
            text,
            [Value::from(account_id)],
        ))
        .await?;
    Ok(())
}

/// Removes the oldest notes, `most` at most, as far as they are older than `keep`; the last of those stays, as the place from
/// which on the feed is whole. Gives how many it removed.
///
/// # Errors
///
/// [`StoreError`].
pub async fn trim<T: Table>(store: &Store, keep: Duration, most: usize) -> Result<u64, StoreError> {
    if !is_trimmable::<T>(store, keep).await? {
        return Ok(0);
    }
    let (changes, keep) = (T::CHANGES, i64::try_from(keep.as_micros()).unwrap_or(i64::MAX));
    // A note that is younger than it must be ends the run, wherever an older one stands behind it.
    let text = if store.backend == DbBackend::Sqlite {
        format!(
            "WITH oldest AS (SELECT sequence, noted_at <= (julianday('now') - 2440587.5) * 86400000000 - ?1 AS is_old \
             FROM {changes} ORDER BY sequence LIMIT ?2) \
             DELETE FROM {changes} WHERE sequence < (SELECT max(sequence) FROM oldest WHERE is_old AND sequence < \
             coalesce((SELECT min(sequence) FROM oldest WHERE NOT is_old), 9223372036854775807)) RETURNING 1"
        )
    } else {
        format!(
            "WITH oldest AS MATERIALIZED (SELECT transaction_id, sequence, \
             noted_at <= clock_timestamp() - $1 * interval '1 microsecond' AS is_old FROM {changes} \
             WHERE transaction_id < pg_snapshot_xmin(pg_current_snapshot()) \
             ORDER BY transaction_id, sequence LIMIT $2), \
             young AS (SELECT transaction_id, sequence FROM oldest WHERE NOT is_old ORDER BY 1, 2 LIMIT 1), \
             kept AS MATERIALIZED (SELECT oldest.transaction_id, oldest.sequence FROM oldest LEFT JOIN young ON TRUE \
             WHERE is_old AND coalesce((oldest.transaction_id, oldest.sequence) \
             < (young.transaction_id, young.sequence), TRUE) ORDER BY 1 DESC, 2 DESC LIMIT 1) \
             DELETE FROM {changes} USING kept WHERE ({changes}.transaction_id, {changes}.sequence) \
             < (kept.transaction_id, kept.sequence) RETURNING 1"
        )
    };
    let values = [Value::from(keep), Value::from(most as i64 + 1)];
    let removed = store
        .write(Statement::from_sql_and_values(store.backend, text, values))
        .await?;
    Ok(removed.len() as u64)
}

/// Whether the two oldest notes are older than `keep`: found out by reading, so that no lock is taken where there is nothing to do.
async fn is_trimmable<T: Table>(store: &Store, keep: Duration) -> Result<bool, StoreError> {
    let (noted_at, order) = match store.backend {
        DbBackend::Sqlite => ("noted_at", "sequence"),
        _ => (
            "CAST(extract(epoch FROM noted_at) * 1000000 AS bigint)",
            "transaction_id, sequence",
        ),
    };
    let text = format!("SELECT {noted_at} FROM {} ORDER BY {order} LIMIT 2", T::CHANGES);
    let rows = store.rows(store.named(StatementKind::Changes, text, [])).await?;
    let now = entity::Instant::now().micros();
    let oldest = now.saturating_sub(i64::try_from(keep.as_micros()).unwrap_or(i64::MAX));
    match rows.as_slice() {
        [_, second] => Ok(second.try_get_by_index::<i64>(0)? <= oldest),
        _ => Ok(false),
    }
}
