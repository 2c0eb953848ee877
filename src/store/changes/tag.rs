//! What of an account's changes one snapshot of the database sees, as a text that is another one after each of them.
//!
//! Takes an account, gives the text; one statement, whose work does not grow with the tables. Two snapshots of one text see the
//! same rows of the account, as every change leaves a note in its own transaction.
//!
//! **PostgreSQL.** The last note below the oldest running transaction is not enough: others commit above it, and are seen. So
//! the visible notes above it are part of the text. They are looked for between the running transactions, so that what these
//! have written so far is not walked through. The checkpoint's place in the log is part of it too: after a crash, which may lose
//! commits under `synchronous_commit = off`, it is another.
//!
//! **No note left.** Of an account whose notes are all trimmed, the text is the same before and after a change that is trimmed
//! in its turn. It is then of use only together with an *anchor*: a note that was the newest of all, and that is still there.
//! Notes are trimmed from the oldest on, so none behind it is gone.
//!
//! Where that cannot be known there is no text: on a standby, under row security, without the triggers.

use sea_orm::{DbBackend, QueryResult, Statement, Value};

use super::{Point, history_of};
use crate::store::query::table::Table;
use crate::store::statement_kind::{Named, StatementKind};
use crate::store::{Store, StoreError};

/// The most notes above the oldest running transaction. With more there is no text.
const MOST_ABOVE: i64 = 100;

/// What a snapshot sees of an account's changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The history of the database that this is true in; 0 on SQLite.
    pub history: u64,
    /// The text.
    pub state: String,
    /// Where the account has no note left: the newest note of all.
    pub anchor: Option<Point>,
    /// Whether the anchor that was asked about is still there.
    pub is_known: bool,
}

/// What of an account's changes is seen now, and whether a note is still there; `None` where it cannot be known.
///
/// # Errors
///
/// [`StoreError`].
pub async fn seen<T: Table>(
    store: &Store,
    account_id: i64,
    anchor: Option<Point>,
) -> Result<Option<Seen>, StoreError> {
    let sequence = Value::BigInt(anchor.map(|anchor| anchor.sequence));
    let (text, values) = if store.backend == DbBackend::Sqlite {
        let noted_at = Value::BigInt(anchor.map(|anchor| anchor.noted_at));
        (sqlite::<T>(), vec![account_id.into(), sequence, noted_at])
    } else {
        let transaction = anchor.map(|anchor| anchor.transaction.to_string());
        let noted_at = anchor.and_then(|anchor| chrono::DateTime::from_timestamp_micros(anchor.noted_at));
        let noted_at = Value::ChronoDateTimeUtc(noted_at);
        (
            postgres::<T>(),
            vec![account_id.into(), transaction.into(), sequence, noted_at],
        )
    };
    let statement = Statement::from_sql_and_values(store.backend, text, values);
    let kind = StatementKind::Tag;
    let rows = store.rows(Named { kind, statement }).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (is_whole, is_quiet): (i32, i32) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let state: Option<String> = row.try_get_by_index(3)?;
    let anchor = if is_quiet == 0 { None } else { newest(row)? };
    if is_whole == 0 || is_quiet != 0 && anchor.is_none() {
        return Ok(None);
    }
    let history: String = row.try_get_by_index(4)?;
    let is_known = row.try_get_by_index::<i32>(2)? != 0;
    Ok(state.map(|state| Seen {
        history: if history.is_empty() {
            0
        } else {
            history_of(&history)
        },
        state,
        anchor,
        is_known,
    }))
}

fn newest(row: &QueryResult) -> Result<Option<Point>, StoreError> {
    let transaction: Option<String> = row.try_get_by_index(5)?;
    let (sequence, noted_at): (Option<i64>, Option<i64>) =
        (row.try_get_by_index(6)?, row.try_get_by_index(7)?);
    let transaction = transaction.and_then(|transaction| transaction.parse().ok());
    Ok(match (transaction, sequence, noted_at) {
        (Some(transaction), Some(sequence), Some(noted_at)) => Some(Point {
            transaction,
            sequence,
            noted_at,
        }),
        _ => None,
    })
}

/// Each text has the columns: whether it is whole, whether the account has no note left, whether the anchor is there, the state,
/// the history, and the three of the newest note of all.
fn sqlite<T: Table>() -> String {
    let (table, changes) = (T::NAME, T::CHANGES);
    format!(
        "SELECT triggers = 4, last IS NULL, EXISTS (SELECT 1 FROM {changes} WHERE sequence = ?2 AND noted_at = ?3), \
         version || ' ' || coalesce(last, '-') || ' ' || coalesce(broken, '-'), '', \
         '0', newest, (SELECT noted_at FROM {changes} WHERE sequence = newest) FROM (SELECT \
         (SELECT schema_version FROM pragma_schema_version) AS version, \
         (SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '{table}' \
         AND name LIKE '{table}_note_%') AS triggers, \
         (SELECT sequence || '.' || noted_at FROM {changes} WHERE account_id = ?1 ORDER BY sequence DESC LIMIT 1) AS last, \
         (SELECT sequence || '.' || noted_at FROM {changes} WHERE account_id IS NULL ORDER BY sequence DESC LIMIT 1) \
         AS broken, (SELECT max(sequence) FROM {changes}) AS newest)"
    )
}

fn postgres<T: Table>() -> String {
    let (table, changes) = (T::NAME, T::CHANGES);
    // A note as text: its place, and its instant, by which another note in the same place is told from it.
    let note = "concat_ws('.', transaction_id, sequence, extract(epoch FROM noted_at))";
    let limit = MOST_ABOVE + 1;
    format!(
        "SELECT CAST(above <= {MOST_ABOVE} AND made IS NOT NULL AND triggers IS NOT NULL AS int), \
         CAST(last IS NULL AS int), CAST(EXISTS (SELECT 1 FROM {changes} WHERE (transaction_id, sequence) = \
         (CAST(CAST($2 AS text) AS xid8), $3) AND noted_at = $4) AS int), \
         concat_ws(' ', redo_lsn, made, triggers, coalesce(last, '-'), coalesce(broken, '-'), notes), \
         concat_ws('/', system_identifier, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), \
         (SELECT oid FROM pg_database WHERE datname = current_database()), '{changes}'::regclass::oid), \
         newest.transaction_id::text, newest.sequence, CAST(extract(epoch FROM newest.noted_at) * 1000000 AS bigint) \
         FROM (SELECT pg_current_snapshot() AS snapshot WHERE NOT pg_is_in_recovery() \
         AND NOT row_security_active('{table}') AND NOT row_security_active('{changes}') OFFSET 0) AS taken \
         CROSS JOIN pg_control_system() CROSS JOIN pg_control_checkpoint() \
         CROSS JOIN LATERAL (SELECT pg_snapshot_xmin(snapshot) AS horizon, pg_snapshot_xmax(snapshot) AS ahead, \
         ARRAY(SELECT pg_snapshot_xip(snapshot)) AS running OFFSET 0) AS bounds \
         CROSS JOIN LATERAL (SELECT \
         (SELECT concat_ws('.', oid, relfilenode, xmin) FROM pg_class WHERE oid = '{table}'::regclass \
         AND relkind = 'r' AND NOT relhassubclass AND NOT relispartition) AS made, \
         (SELECT CASE WHEN count(*) = 5 THEN string_agg(concat_ws('.', oid, xmin), ' ' ORDER BY tgname) END \
         FROM pg_trigger WHERE tgrelid = '{table}'::regclass AND starts_with(tgname::text, '{table}_note_') \
         AND tgenabled IN ('O', 'A')) AS triggers, \
         (SELECT {note} FROM {changes} WHERE account_id = $1 AND transaction_id < horizon \
         ORDER BY transaction_id DESC, sequence DESC LIMIT 1) AS last, \
         (SELECT {note} FROM {changes} WHERE import_id IS NULL AND account_id IS NULL AND transaction_id < horizon \
         ORDER BY transaction_id DESC, sequence DESC LIMIT 1) AS broken OFFSET 0) AS below \
         CROSS JOIN LATERAL (SELECT count(*) AS above, string_agg(note, ' ') AS notes FROM (\
         SELECT {note} AS note FROM generate_subscripts(running, 1) AS place, LATERAL (SELECT * FROM {changes} \
         WHERE account_id = $1 AND transaction_id > running[place] \
         AND transaction_id < coalesce(running[place + 1], ahead) \
         ORDER BY transaction_id, sequence LIMIT {limit}) AS between_running \
         UNION ALL SELECT * FROM (SELECT {note} FROM {changes} WHERE import_id IS NULL AND account_id IS NULL \
         AND transaction_id >= horizon ORDER BY transaction_id, sequence LIMIT {limit}) AS breaks \
         LIMIT {limit}) AS listed) AS seen \
         LEFT JOIN LATERAL (SELECT transaction_id, sequence, noted_at FROM {changes} WHERE last IS NULL \
         AND transaction_id < horizon ORDER BY {changes}.transaction_id DESC, {changes}.sequence DESC LIMIT 1) \
         AS newest ON TRUE"
    )
}
