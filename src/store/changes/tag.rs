//! What of an account's changes one snapshot of the database sees, as a text that is another one after each of them.
//!
//! Takes an account, gives the text; one statement, whose work does not grow with the tables. Two snapshots of one text see the
//! same rows of the account, as every change leaves a note in its own transaction.
//!
//! **PostgreSQL.** Where nothing is being written it is the account's last note. Else that is not enough: others commit above
//! the oldest running transaction, and are seen. So the visible notes above it are part of the text. They are looked for between
//! the running transactions, so that what these have written so far is not walked through.
//!
//! **No note left.** Of an account whose notes are all trimmed, the text is the same before and after a change that is trimmed
//! in its turn. It is then of use only together with an *anchor*: a note that was the newest of all, and that is still there.
//! Notes are trimmed from the oldest on, so none behind it is gone.
//!
//! A table that is written anew as a whole, such as by `ALTER TABLE`, has another file, whose name is part of the text.
//!
//! All this holds in one [ground](Ground), which costs more to read than a text, and is read far less often.

use sea_orm::{DbBackend, QueryResult, Value};

use super::Point;
use crate::store::query::table::Table;
use crate::store::statement_kind::{Named, StatementKind};
use crate::store::{Store, StoreError};

/// The most notes above the oldest running transaction. With more there is no text.
const MOST_ABOVE: i64 = 100;

/// What texts are true in: the history of the database, its table and the triggers that note what is written. On PostgreSQL the
/// checkpoint's place in the log is part of it: after a crash, which may lose commits under `synchronous_commit = off`, it is
/// another. No connection outlives a crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground(String);

impl Ground {
    /// Its text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// What texts are true in now; `None` where no text can be: on a standby, under row security, without the triggers, where the
/// table has parts.
///
/// # Errors
///
/// [`StoreError`].
pub async fn ground<T: Table>(store: &Store) -> Result<Option<Ground>, StoreError> {
    // Of a file it is part of the text.
    if store.backend == DbBackend::Sqlite {
        return Ok(Some(Ground(String::new())));
    }
    let ground = store.named(StatementKind::Tag, ground_of_postgres::<T>(), []);
    let rows = store.rows(ground).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let is_whole: i32 = row.try_get_by_index(0)?;
    let text: String = row.try_get_by_index(1)?;
    Ok((is_whole != 0).then_some(Ground(text)))
}

/// What a snapshot sees of an account's changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The text.
    pub state: String,
    /// Where the account has no note left: the newest note of all.
    pub anchor: Option<Point>,
    /// Whether the anchor that was asked about is still there.
    pub is_known: bool,
    /// Whether other transactions were writing.
    pub is_written: bool,
}

/// What of an account's changes is seen now, if that can be said by its last note alone: nobody writes, and it has one.
///
/// # Errors
///
/// [`StoreError`].
pub async fn seen_at_rest<T: Table>(store: &Store, account_id: i64) -> Result<Option<Seen>, StoreError> {
    // On a file the other statement is no dearer.
    if store.backend == DbBackend::Sqlite {
        return Ok(None);
    }
    let text = at_rest_of_postgres::<T>();
    let at_rest = store.named(StatementKind::Tag, text, [account_id.into()]);
    let rows = store.rows(at_rest).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let state: Option<String> = row.try_get_by_index(0)?;
    Ok(state.map(|state| Seen {
        state,
        anchor: None,
        is_known: false,
        is_written: false,
    }))
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
    let rows = store
        .rows(seen_statement::<T>(store.backend, account_id, anchor))
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (is_whole, is_quiet): (i32, i32) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let (is_known, is_written): (i32, i32) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
    let state: Option<String> = row.try_get_by_index(4)?;
    let anchor = if is_quiet == 0 { None } else { newest(row)? };
    if is_whole == 0 || is_quiet != 0 && anchor.is_none() {
        return Ok(None);
    }
    Ok(state.map(|state| Seen {
        state,
        anchor,
        is_known: is_known != 0,
        is_written: is_written != 0,
    }))
}

/// The statement of [`seen`].
#[must_use]
pub fn seen_statement<T: Table>(backend: DbBackend, account_id: i64, anchor: Option<Point>) -> Named {
    let sequence = Value::BigInt(anchor.map(|anchor| anchor.sequence));
    let (text, values) = if backend == DbBackend::Sqlite {
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
    Named::new(StatementKind::Tag, backend, text, values)
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

/// Each has the columns: whether it is whole, whether the account has no note left, whether the anchor is there, whether others
/// write, the state, and the three of the newest note of all. The index of the breaks is named: SQLite reads all notes else.
fn sqlite<T: Table>() -> String {
    let (table, changes) = (T::NAME, T::CHANGES);
    format!(
        "SELECT triggers = 4, last IS NULL, EXISTS (SELECT 1 FROM {changes} WHERE sequence = ?2 AND noted_at = ?3), \
         0, version || ' ' || coalesce(last, '-') || ' ' || coalesce(broken, '-'), \
         '0', newest, (SELECT noted_at FROM {changes} WHERE sequence = newest) FROM (SELECT \
         (SELECT schema_version FROM pragma_schema_version) AS version, \
         (SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '{table}' \
         AND name LIKE '{table}_note_%') AS triggers, \
         (SELECT sequence || '.' || noted_at FROM {changes} WHERE account_id = ?1 ORDER BY sequence DESC LIMIT 1) AS last, \
         (SELECT sequence || '.' || noted_at FROM {changes} INDEXED BY {changes}_breaks \
         WHERE import_id IS NULL AND account_id IS NULL ORDER BY sequence DESC LIMIT 1) AS broken, (SELECT max(sequence) FROM {changes}) AS newest)"
    )
}

/// A note as text: its place, and its instant, by which another note in the same place is told from it.
const NOTE: &str = "concat_ws('.', transaction_id, sequence, extract(epoch FROM noted_at))";

fn ground_of_postgres<T: Table>() -> String {
    let (table, changes) = (T::NAME, T::CHANGES);
    format!(
        "SELECT CAST(made IS NOT NULL AND triggers IS NOT NULL AND NOT row_security_active('{table}') \
         AND NOT row_security_active('{changes}') AS int), \
         concat_ws(' ', system_identifier, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), redo_lsn, \
         (SELECT oid FROM pg_database WHERE datname = current_database()), '{changes}'::regclass::oid, made, triggers) \
         FROM (SELECT 1 WHERE NOT pg_is_in_recovery() OFFSET 0) AS primary_server \
         CROSS JOIN pg_control_system() CROSS JOIN pg_control_checkpoint() CROSS JOIN LATERAL (SELECT \
         (SELECT concat_ws('.', oid, relfilenode, xmin) FROM pg_class WHERE oid = '{table}'::regclass \
         AND relkind = 'r' AND NOT relhassubclass AND NOT relispartition) AS made, \
         (SELECT CASE WHEN count(*) = 5 THEN string_agg(concat_ws('.', oid, xmin), ' ' ORDER BY tgname) END \
         FROM pg_trigger WHERE tgrelid = '{table}'::regclass AND starts_with(tgname::text, '{table}_note_') \
         AND tgenabled IN ('O', 'A')) AS triggers) AS tables"
    )
}

/// The last notes below the horizon: of the account, and for all accounts.
fn last_of_postgres<T: Table>() -> String {
    let changes = T::CHANGES;
    format!(
        "(SELECT {NOTE} FROM {changes} WHERE account_id = $1 AND transaction_id < horizon \
         ORDER BY transaction_id DESC, sequence DESC LIMIT 1) AS last, \
         (SELECT {NOTE} FROM {changes} WHERE import_id IS NULL AND account_id IS NULL AND transaction_id < horizon \
         ORDER BY transaction_id DESC, sequence DESC LIMIT 1) AS broken"
    )
}

fn at_rest_of_postgres<T: Table>() -> String {
    let (table, last) = (T::NAME, last_of_postgres::<T>());
    format!(
        "SELECT pg_relation_filenode('{table}'::regclass) || ' ' || last || ' ' || coalesce(broken, '-') \
         FROM (SELECT {last} FROM \
         (SELECT pg_snapshot_xmin(snapshot) AS horizon FROM (SELECT pg_current_snapshot() AS snapshot \
         WHERE NOT pg_is_in_recovery() OFFSET 0) AS taken \
         WHERE pg_snapshot_xmin(snapshot) = pg_snapshot_xmax(snapshot) OFFSET 0) AS at_rest) AS below"
    )
}

fn postgres<T: Table>() -> String {
    let (table, changes, last) = (T::NAME, T::CHANGES, last_of_postgres::<T>());
    let limit = MOST_ABOVE + 1;
    format!(
        "SELECT CAST(above <= {MOST_ABOVE} AS int), CAST(last IS NULL AS int), \
         CAST(EXISTS (SELECT 1 FROM {changes} WHERE (transaction_id, sequence) = \
         (CAST(CAST($2 AS text) AS xid8), $3) AND noted_at = $4) AS int), CAST(horizon <> ahead AS int), \
         concat_ws(' ', pg_relation_filenode('{table}'::regclass), coalesce(last, '-'), coalesce(broken, '-'), notes), \
         newest.transaction_id::text, newest.sequence, CAST(extract(epoch FROM newest.noted_at) * 1000000 AS bigint) \
         FROM (SELECT pg_current_snapshot() AS snapshot WHERE NOT pg_is_in_recovery() OFFSET 0) AS taken \
         CROSS JOIN LATERAL (SELECT pg_snapshot_xmin(snapshot) AS horizon, pg_snapshot_xmax(snapshot) AS ahead, \
         ARRAY(SELECT pg_snapshot_xip(snapshot)) AS running OFFSET 0) AS bounds \
         CROSS JOIN LATERAL (SELECT {last} OFFSET 0) AS below \
         CROSS JOIN LATERAL (SELECT count(*) AS above, string_agg(note, ' ') AS notes FROM (\
         SELECT {NOTE} AS note FROM generate_subscripts(running, 1) AS place, LATERAL (SELECT * FROM {changes} \
         WHERE account_id = $1 AND transaction_id > running[place] \
         AND transaction_id < coalesce(running[place + 1], ahead) \
         ORDER BY transaction_id, sequence LIMIT {limit}) AS between_running \
         UNION ALL SELECT * FROM (SELECT {NOTE} FROM {changes} WHERE import_id IS NULL AND account_id IS NULL \
         AND transaction_id >= horizon ORDER BY transaction_id, sequence LIMIT {limit}) AS breaks \
         LIMIT {limit}) AS listed) AS seen \
         LEFT JOIN LATERAL (SELECT transaction_id, sequence, noted_at FROM {changes} WHERE last IS NULL \
         AND transaction_id < horizon ORDER BY {changes}.transaction_id DESC, {changes}.sequence DESC LIMIT 1) \
         AS newest ON TRUE"
    )
}
