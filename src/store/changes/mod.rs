//! The change feed as the database keeps it: notes of what was written, in an order in which none comes late.
//!
//! Takes points, gives the notes behind them and the rows as they are now. On PostgreSQL the order is that of transactions, read
//! only below `pg_snapshot_xmin`: a transaction that commits late has a place there that nobody has read past. On SQLite it is
//! that of the one writer. Deliberately absent: who listens, and what an event looks like.
//!
//! Source: PostgreSQL, "System Information Functions"; the migration that makes the table says what a note is.

mod holder;
mod rows;
mod tag;
mod upkeep;

use std::time::Duration;

use sea_orm::{DbBackend, DbErr, QueryResult, RuntimeErr, Value};
use sha2::{Digest as _, Sha256};

use super::query::decode;
use super::query::table::{Column, Table};
use super::statement_kind::{Named, StatementKind};
use super::{Store, StoreError};

pub use self::holder::{Holder, holder};
pub use self::rows::rows;
pub use self::tag::{Ground, Seen, ground, seen, seen_at_rest, seen_statement};
pub use self::upkeep::{expire, trim};

/// The place of a note in the order of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// Of PostgreSQL: the transaction, with its epoch. Of SQLite: 0.
    pub transaction: u64,
    /// The note within the transaction, or within the file.
    pub sequence: i64,
    /// When it was noted, by which another note in the same place is told from it. **Unit**: microseconds since 1970.
    pub noted_at: i64,
}

/// A row that was written.
#[derive(Clone, Debug)]
pub struct Note<T> {
    /// Its place.
    pub point: Point,
    /// The account of the row; of a break `None`, where it is one for all.
    pub account_id: Option<i64>,
    /// The row; `None`: a break, before which nothing can be followed.
    pub id: Option<i64>,
    /// What filters look at, as it was before.
    pub old: Old<T>,
}

/// What a row was before it was written.
#[derive(Clone, Debug)]
pub enum Old<T> {
    /// It was not there.
    Absent,
    /// This; other columns are empty.
    Row(T),
    /// It was there, and cannot be read.
    Unreadable,
}

/// Notes, and the state of the database that they were read in.
#[derive(Clone, Debug)]
pub struct Notes<T> {
    /// Which history of the database this is: a promoted standby, a restored dump and another server have others.
    pub history: u64,
    /// Whether the note that was read from is there: neither trimmed nor of another history.
    pub is_known: bool,
    /// Whether a break follows it, where one account was asked for.
    pub is_broken: bool,
    /// In order.
    pub notes: Vec<Note<T>>,
    /// How long the oldest note has waited that was committed, and that something may still come before. On SQLite nothing can.
    pub waiting: Duration,
    /// What was written to the log when this was read.
    pub log: Log,
}

/// How far PostgreSQL has written its log, and how far that is on its disk; of SQLite 0. **Unit**: bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The end of what was written.
    pub written: u64,
    /// The end of what would be there after a crash.
    pub flushed: u64,
}

impl Log {
    /// Whether all that was written then is on the disk now.
    ///
    /// The end of what was written lies behind the head of its page where the page has nothing else yet.
    #[must_use]
    pub fn is_flushed(self, now: Self) -> bool {
        const PAGE: u64 = 8192;
        const PAGE_HEAD: u64 = 40;
        let into = self.written % PAGE;
        now.flushed >= self.written || into <= PAGE_HEAD && now.flushed >= self.written - into
    }
}

/// What of a feed is read.
#[derive(Clone, Copy, Debug)]
pub enum Scope {
    /// All accounts, as far as nothing can come in between any more.
    All,
    /// One account, up to a point that was read under [`Scope::All`].
    Account {
        /// The account.
        id: i64,
        /// The last note that may be read.
        until: Point,
    },
}

/// The newest note that nothing can come before any more.
///
/// # Errors
///
/// [`StoreError`].
pub async fn newest<T: Table>(store: &Store) -> Result<Notes<T>, StoreError> {
    let is_sqlite = store.backend == DbBackend::Sqlite;
    let found = match is_sqlite {
        true => format!("SELECT * FROM {} ORDER BY sequence DESC LIMIT 1", T::CHANGES),
        false => format!(
            "SELECT * FROM {} WHERE transaction_id < state.horizon ORDER BY transaction_id DESC, sequence DESC LIMIT 1",
            T::CHANGES
        ),
    };
    let newest = statement::<T>(store.backend, &found, "TRUE", "FALSE", Vec::new());
    read(store, newest).await
}

/// At most `limit` notes behind a point.
///
/// # Errors
///
/// [`StoreError`].
pub async fn after<T: Table>(
    store: &Store,
    point: Point,
    scope: Scope,
    limit: usize,
) -> Result<Notes<T>, StoreError> {
    read(store, after_statement::<T>(store.backend, point, scope, limit)).await
}

/// The statement of [`after`].
#[must_use]
pub fn after_statement<T: Table>(backend: DbBackend, point: Point, scope: Scope, limit: usize) -> Named {
    let is_sqlite = backend == DbBackend::Sqlite;
    let mut values = place(is_sqlite, point);
    values.push(match is_sqlite {
        true => point.noted_at.into(),
        false => Value::ChronoDateTimeUtc(chrono::DateTime::from_timestamp_micros(point.noted_at)),
    });
    let (key, here, parameter) = match is_sqlite {
        true => ("sequence", "?1", "?"),
        false => (
            "(transaction_id, sequence)",
            "(CAST(CAST($1 AS text) AS xid8), $2)",
            "$",
        ),
    };
    let mut bound = |value: Value| {
        values.push(value);
        format!("{parameter}{}", values.len())
    };
    let (mut behind, mut is_broken) = (format!("{key} > {here}"), "FALSE".to_owned());
    match scope {
        Scope::All if is_sqlite => {}
        Scope::All => behind.push_str(" AND transaction_id < state.horizon"),
        Scope::Account { id, until } => {
            let last = place(is_sqlite, until)
                .into_iter()
                .map(&mut bound)
                .collect::<Vec<_>>();
            let last = match last.as_slice() {
                [transaction, sequence] => format!("(CAST(CAST({transaction} AS text) AS xid8), {sequence})"),
                last => last.concat(),
            };
            behind.push_str(&format!(" AND {key} <= {last}"));
            let account = bound(id.into());
            // SQLite reads all notes else.
            let by_index = match is_sqlite {
                true => format!(" INDEXED BY {}_breaks", T::CHANGES),
                false => String::new(),
            };
            is_broken = format!(
                "EXISTS (SELECT 1 FROM {changes}{by_index} WHERE import_id IS NULL AND {behind} \
                 AND (account_id IS NULL OR account_id = {account}))",
                changes = T::CHANGES
            );
            behind.push_str(&format!(" AND account_id = {account}"));
        }
    }
    let order = if is_sqlite {
        "sequence"
    } else {
        "transaction_id, sequence"
    };
    let limit = bound((limit as i64).into());
    let found = format!(
        "SELECT * FROM {} WHERE {behind} ORDER BY {order} LIMIT {limit}",
        T::CHANGES
    );
    let noted_at = if is_sqlite { "?2" } else { "$3" };
    let is_known = format!(
        "EXISTS (SELECT 1 FROM {} WHERE {key} = {here} AND noted_at = {noted_at})",
        T::CHANGES
    );
    statement::<T>(backend, &found, &is_known, &is_broken, values)
}

/// The parameters of a place.
fn place(is_sqlite: bool, point: Point) -> Vec<Value> {
    match is_sqlite {
        true => vec![point.sequence.into()],
        false => vec![point.transaction.to_string().into(), point.sequence.into()],
    }
}

fn statement<T: Table>(
    backend: DbBackend,
    found: &str,
    is_known: &str,
    is_broken: &str,
    values: Vec<Value>,
) -> Named {
    let old: String = T::NOTED
        .iter::<T::Column>()
        .map(|column| format!("old_{}, ", column.name()))
        .collect();
    let text = if backend == DbBackend::Sqlite {
        format!(
            "SELECT {old}account_id, import_id, '0', sequence, noted_at, '', 0, 0, 0, is_known, is_broken \
             FROM (SELECT {is_known} AS is_known, {is_broken} AS is_broken) AS state \
             LEFT JOIN ({found}) AS note ON TRUE"
        )
    } else {
        // The functions of the log change while the statement runs: OFFSET keeps them where they are called once.
        format!(
            "SELECT {old}account_id, import_id, transaction_id::text, sequence, \
             CAST(extract(epoch FROM noted_at) * 1000000 AS bigint), history, written, flushed, \
             waiting, CAST(is_known AS int), CAST(is_broken AS int) \
             FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon, \
             CAST(pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS bigint) AS written, \
             CAST(pg_current_wal_flush_lsn() - '0/0'::pg_lsn AS bigint) AS flushed, \
             concat_ws('/', system_identifier, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), \
             (SELECT oid FROM pg_database WHERE datname = current_database()), '{changes}'::regclass::oid) AS history \
             FROM pg_control_system() WHERE NOT pg_is_in_recovery() OFFSET 0) AS state \
             CROSS JOIN LATERAL (SELECT {is_known} AS is_known, {is_broken} AS is_broken, \
             (SELECT CAST(extract(epoch FROM clock_timestamp() - noted_at) * 1000000 AS bigint) FROM {changes} \
             WHERE transaction_id >= state.horizon ORDER BY transaction_id, sequence LIMIT 1) AS waiting) AS known \
             LEFT JOIN LATERAL ({found}) AS note ON TRUE",
            changes = T::CHANGES
        )
    };
    Named::new(StatementKind::Changes, backend, text, values)
}

async fn read<T: Table>(store: &Store, asked: Named) -> Result<Notes<T>, StoreError> {
    let rows = store.rows(asked).await?;
    if rows.is_empty() {
        return Err(StoreError::from(DbErr::Conn(RuntimeErr::Internal(
            "it is a standby, which does not say in which order transactions end".to_owned(),
        ))));
    }
    let mut notes = Notes {
        history: 0,
        is_known: false,
        is_broken: false,
        notes: Vec::with_capacity(rows.len()),
        waiting: Duration::ZERO,
        log: Log::default(),
    };
    for row in &rows {
        let mut next = T::NOTED.iter::<T::Column>().count()..;
        let mut place = || next.next().unwrap_or_default();
        let (account_id, id): (Option<i64>, _) =
            (row.try_get_by_index(place())?, row.try_get_by_index(place())?);
        let transaction: Option<String> = row.try_get_by_index(place())?;
        let (sequence, noted_at) = (row.try_get_by_index(place())?, row.try_get_by_index(place())?);
        notes.history = history_of(&row.try_get_by_index::<String>(place())?);
        notes.log = Log {
            written: row.try_get_by_index::<i64>(place())?.cast_unsigned(),
            flushed: row.try_get_by_index::<i64>(place())?.cast_unsigned(),
        };
        // Another server's clock may be behind that of its notes.
        let waiting: Option<i64> = row.try_get_by_index(place())?;
        notes.waiting = Duration::from_micros(waiting.unwrap_or_default().try_into().unwrap_or_default());
        notes.is_known = row.try_get_by_index::<i32>(place())? != 0;
        notes.is_broken = row.try_get_by_index::<i32>(place())? != 0;
        let (Some(sequence), Some(noted_at)) = (sequence, noted_at) else {
            continue;
        };
        let transaction = transaction.unwrap_or_default().parse();
        let transaction =
            transaction.map_err(|_| DbErr::Type("a transaction that is no number".to_owned()))?;
        notes.notes.push(Note {
            point: Point {
                transaction,
                sequence,
                noted_at,
            },
            account_id,
            id,
            old: old_of(row, account_id.unwrap_or_default()),
        });
    }
    Ok(notes)
}

/// A note without a state names a row that was not there before.
fn old_of<T: Table>(row: &QueryResult, account_id: i64) -> Old<T> {
    let status = T::NOTED
        .iter::<T::Column>()
        .position(|column| !column.is_optional());
    let is_absent = status.is_none_or(|place| is_null(row, place));
    match decode::<T>(row, account_id, T::NOTED, &mut Vec::new()) {
        _ if is_absent => Old::Absent,
        Ok(old) => Old::Row(old),
        Err(_) => Old::Unreadable,
    }
}

fn is_null(row: &QueryResult, place: usize) -> bool {
    matches!(row.try_get_by_index::<Option<String>>(place), Ok(None))
}

fn history_of(text: &str) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(Sha256::digest(text));
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::Log;

    #[test]
    fn what_stands_behind_the_head_of_an_empty_page_waits_for_nobody() {
        let log = |written, flushed| Log { written, flushed };
        let is_flushed = |log: Log| log.is_flushed(log);
        // As PostgreSQL says it after a commit, after a switch of the segment, and at the start of any other page.
        for log in [
            log(0x3014798, 0x3014798),
            log(0x4000028, 0x4000000),
            log(0x4002018, 0x4002000),
        ] {
            assert!(is_flushed(log), "{log:x?}");
        }
        for log in [
            log(0x3014798, 0x3014790),
            log(0x4000028, 0x3fffff8),
            log(0x4000030, 0x4000000),
        ] {
            assert!(!is_flushed(log), "{log:x?}");
        }
        assert!(log(0x3014798, 0x3014000).is_flushed(log(0x3016000, 0x3015000)));
    }
}
