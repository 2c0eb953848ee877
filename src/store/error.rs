//! What can be wrong with a database, in four words.
//!
//! Takes errors of the drivers, gives [`StoreError`]s. Deliberately absent: what a caller is told.

use std::sync::Arc;

use sea_orm::{DbErr, RuntimeErr};
use sqlx::sqlite::SqliteError;

use super::reason::Reason;

/// Why the database gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, is shutting down, or has no schema yet. Trying again later may help.
    #[error("the database is not available")]
    Unavailable(#[source] Reason),
    /// It is there, and every connection to it was in use for as long as one may wait.
    #[error("every database connection is in use")]
    Busy,
    /// The statement was cancelled, or never ran: its time was up.
    #[error("the statement ran out of time")]
    TimedOut(#[source] Reason),
    /// Anything else: a fault of ours, or a row that breaks the table's promises.
    #[error("a statement failed")]
    Failed(#[source] Reason),
}

impl StoreError {
    /// Our own clock said so, not the database.
    pub(crate) fn late() -> Self {
        Self::TimedOut(DbErr::Custom("the time was up".to_owned()).into())
    }

    /// There is no connection, and none can be made.
    pub(super) fn no_connection(error: sqlx::Error) -> Self {
        Self::Unavailable(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))).into())
    }

    /// What a driver said of a statement.
    pub(super) fn of_statement(error: sqlx::Error) -> Self {
        DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error))).into()
    }

    /// Whether the database is there and has no room for one more connection.
    pub(super) fn is_crowded(&self) -> bool {
        let Self::Unavailable(reason) = self else {
            return false;
        };
        let error = reason.of_driver().and_then(sqlx::Error::as_database_error);
        error.and_then(|error| error.code()).as_deref() == Some("53300")
    }

    /// The same, with the server or file that it is about.
    pub(super) fn at(self, place: &Arc<str>) -> Self {
        match self {
            Self::Unavailable(reason) => Self::Unavailable(reason.at(place)),
            Self::TimedOut(reason) => Self::TimedOut(reason.at(place)),
            Self::Failed(reason) => Self::Failed(reason.at(place)),
            Self::Busy => Self::Busy,
        }
    }

    /// Whether nothing is known but that the time was up.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::TimedOut(_) => true,
            Self::Unavailable(reason) => reason.is_timeout(),
            Self::Failed(_) | Self::Busy => false,
        }
    }

    /// Why, for operators: in one line, without a password.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Unavailable(reason) | Self::TimedOut(reason) | Self::Failed(reason) => reason.to_string(),
            Self::Busy => self.to_string(),
        }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Unavailable(error.into()),
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
                match kind_of(cause) {
                    Kind::Away => Self::Unavailable(error.into()),
                    Kind::Cancelled => Self::TimedOut(error.into()),
                    Kind::Other => Self::Failed(error.into()),
                }
            }
            _ => Self::Failed(error.into()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Away,
    Cancelled,
    Other,
}

fn kind_of(error: &sqlx::Error) -> Kind {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Kind::Away,
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            match database.try_downcast_ref::<SqliteError>() {
                Some(_) => of_sqlite(primary(&code)),
                None => of_postgres(&code),
            }
        }
        _ => Kind::Other,
    }
}

/// Source: PostgreSQL's appendix A (SQLSTATE).
fn of_postgres(code: &str) -> Kind {
    match code {
        // Cancelled by a time-out or by request; a lock not had in time.
        "57014" | "55P03" => Kind::Cancelled,
        // Shutdown, start-up and an idle connection closed; too many connections; no such database, table or column
        // yet; a standby whose replay takes rows away that a statement reads.
        "57P01" | "57P02" | "57P03" | "57P05" | "53300" | "3D000" | "42P01" | "42703" | "40001" => Kind::Away,
        code if code.starts_with("08") => Kind::Away,
        _ => Kind::Other,
    }
}

/// Source: SQLite's primary result codes: SQLITE_BUSY, _LOCKED, _CANTOPEN; _INTERRUPT.
fn of_sqlite(code: Option<u32>) -> Kind {
    match code {
        Some(5 | 6 | 14) => Kind::Away,
        Some(9) => Kind::Cancelled,
        _ => Kind::Other,
    }
}

/// Source: SQLite's result codes: the low byte of an extended one is its primary one.
fn primary(code: &str) -> Option<u32> {
    code.parse::<u32>().ok().map(|code| code & 0xff)
}

/// Whether the connection that said so is of no use any more.
pub(super) fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            // Shutdown, crash, idle connection closed; connection exceptions.
            database.try_downcast_ref::<SqliteError>().is_none()
                && (code.starts_with("57P") || code.starts_with("08"))
        }
        sqlx::Error::Encode(_) => false,
        _ => true,
    }
}

/// Whether what the connection has prepared no longer fits the server: a column is of another type or collation, or the
/// statement is not there any more (`DISCARD`, `DEALLOCATE`, a pooler's other backend). A new connection prepares anew.
pub(super) fn is_stale(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("0A000" | "26000"))
}

/// Whether SQLite says that another connection is in the way.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| primary(&code) == Some(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extended_code_of_sqlite_counts_as_its_primary_one() {
        // SQLITE_BUSY_RECOVERY, SQLITE_BUSY_SNAPSHOT, SQLITE_LOCKED_SHAREDCACHE, SQLITE_CANTOPEN_ISDIR.
        for code in ["5", "261", "517", "262", "526"] {
            assert_eq!(of_sqlite(primary(code)), Kind::Away, "{code}");
        }
        assert_eq!(of_sqlite(primary("9")), Kind::Cancelled);
        // SQLITE_CONSTRAINT_UNIQUE, SQLITE_IOERR_READ, and no number at all.
        for code in ["2067", "266", "", "57014"] {
            assert_eq!(of_sqlite(primary(code)), Kind::Other, "{code}");
        }
    }

    #[test]
    fn a_code_of_postgresql_is_never_read_as_a_number() {
        assert_eq!(of_postgres("57014"), Kind::Cancelled);
        assert_eq!(of_postgres("55P03"), Kind::Cancelled);
        for code in ["57P01", "57P03", "53300", "08006", "08P01"] {
            assert_eq!(of_postgres(code), Kind::Away, "{code}");
        }
        // 23557 is 5 modulo 256.
        for code in ["23505", "23557", "00009", ""] {
            assert_eq!(of_postgres(code), Kind::Other, "{code}");
        }
    }

    #[test]
    fn only_a_server_without_room_is_crowded() {
        assert!(!StoreError::late().is_crowded());
        assert!(!StoreError::no_connection(sqlx::Error::PoolTimedOut).is_crowded());
    }
}
