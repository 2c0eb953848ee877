//! Which transaction the feed waits for.

use std::fmt;

use sea_orm::DbBackend;

use crate::store::statement_kind::StatementKind;
use crate::store::{Store, StoreError};

/// The oldest transaction of a PostgreSQL server that is under way and writes, in whichever of its databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process; `None` where the transaction is prepared.
    process_id: Option<i32>,
    /// The name of a prepared transaction.
    prepared: Option<String>,
    user: Option<String>,
    database: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.process_id, &self.prepared) {
            (Some(process_id), _) => write!(formatter, "the transaction of process {process_id}")?,
            (None, Some(name)) => write!(formatter, "the prepared transaction {name:?}")?,
            (None, None) => write!(formatter, "a transaction")?,
        }
        if let Some(user) = &self.user {
            write!(formatter, " of {user:?}")?;
        }
        match &self.database {
            Some(database) => write!(formatter, " in the database {database:?}"),
            None => Ok(()),
        }
    }
}

/// Who it is; `None` where nobody holds the feed back any more, and on SQLite, whose one writer does not.
///
/// Any role may see it: `pg_locks` names the process of a transaction to everybody.
///
/// # Errors
///
/// [`StoreError`].
///
/// **Source**: PostgreSQL, "pg_locks", "pg_prepared_xacts".
pub async fn holder(store: &Store) -> Result<Option<Holder>, StoreError> {
    if store.backend == DbBackend::Sqlite {
        return Ok(None);
    }
    let text = "SELECT lock.pid, prepared.gid, coalesce(session.usename, prepared.owner)::text, \
                coalesce(session.datname, prepared.database)::text \
                FROM pg_locks AS lock \
                LEFT JOIN pg_stat_activity AS session ON session.pid = lock.pid \
                LEFT JOIN pg_prepared_xacts AS prepared ON prepared.transaction = lock.transactionid \
                WHERE lock.locktype = 'transactionid' AND lock.mode = 'ExclusiveLock' AND lock.granted \
                AND lock.transactionid = CAST(pg_snapshot_xmin(pg_current_snapshot()) AS xid) LIMIT 1";
    let rows = store.rows(store.named(StatementKind::Changes, text, [])).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Ok(Some(Holder {
        process_id: row.try_get_by_index(0)?,
        prepared: row.try_get_by_index(1)?,
        user: row.try_get_by_index(2)?,
        database: row.try_get_by_index(3)?,
    }))
}
