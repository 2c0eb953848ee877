//! What a driver says went wrong, in the words of whoever runs the service: where, what, and what to do.
//!
//! Takes the drivers' errors; gives one line of text. Deliberately absent from it: passwords, values of a URL, rows, and
//! the lines of the drivers' and the server's own source.

use std::fmt;
use std::sync::Arc;

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};
use sqlx::sqlite::SqliteError;

/// The cause of a [`super::StoreError`].
#[derive(Debug)]
pub struct Reason {
    place: Option<Arc<str>>,
    error: DbErr,
}

impl Reason {
    /// The same, with the server or file that it is about.
    pub(super) fn at(mut self, place: &Arc<str>) -> Self {
        self.place = Some(Arc::clone(place));
        self
    }

    /// Whether no connection came in time, and nobody said why.
    pub(super) fn is_timeout(&self) -> bool {
        matches!(
            (self.of_driver(), &self.error),
            (Some(sqlx::Error::PoolTimedOut), _) | (_, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))
        )
    }

    /// What the driver said, where it was the driver.
    pub(super) fn of_driver(&self) -> Option<&sqlx::Error> {
        match &self.error {
            DbErr::Conn(RuntimeErr::SqlxError(cause))
            | DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause)) => Some(cause),
            _ => None,
        }
    }
}

impl From<DbErr> for Reason {
    fn from(error: DbErr) -> Self {
        Self { place: None, error }
    }
}

impl std::error::Error for Reason {}

impl fmt::Display for Reason {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(text, "{place}: ")?;
        }
        let told = match (self.of_driver(), &self.error) {
            (Some(error), _) => told(error),
            (None, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)) => NO_CONNECTION.to_owned(),
            (None, DbErr::Custom(told) | DbErr::Type(told) | DbErr::Migration(told)) => told.clone(),
            (None, error) => error.to_string(),
        };
        // What a server or a certificate says may have lines of its own.
        let mut words = told.split_whitespace();
        text.write_str(words.next().unwrap_or_default())?;
        words.try_for_each(|word| write!(text, " {word}"))
    }
}

const NO_CONNECTION: &str = "no connection within the time allowed";

fn told(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => {
            let (message, code) = (database.message(), database.code().unwrap_or_default());
            let hint = match database.try_downcast_ref::<SqliteError>() {
                Some(_) => of_sqlite(&code),
                None => of_postgres(&code),
            };
            format!("{message} ({code}){hint}")
        }
        sqlx::Error::Io(error) => {
            let text = error.to_string();
            format!("{text}{}", of_tls(&text))
        }
        sqlx::Error::Tls(error) => {
            let text = error.to_string();
            format!("{text}{}", of_tls(&text))
        }
        sqlx::Error::PoolTimedOut => NO_CONNECTION.to_owned(),
        sqlx::Error::Configuration(error) => error.to_string(),
        error => error.to_string(),
    }
}

/// What to do about an SQLSTATE. **Source**: PostgreSQL's appendix A.
fn of_postgres(code: &str) -> &'static str {
    match code {
        "28P01" => "; see the password in the database URL",
        "28000" => "; see the server's pg_hba.conf",
        "42501" => "; `imports-gateway migrate grants` prints what a role needs",
        "53300" => {
            "; the server, the role or the database has no room for another connection: see max_connections, CONNECTION \
             LIMIT and --database-connections"
        }
        "26000" | "08P01" => "; a pooler between must be in session mode",
        _ => "",
    }
}

/// What to do about a result code. **Source**: SQLite's list of result codes; extended ones have the primary in their
/// low byte.
fn of_sqlite(code: &str) -> &'static str {
    match code.parse::<u32>() {
        // SQLITE_READONLY_CANTINIT, SQLITE_READONLY_DIRECTORY.
        Ok(1288 | 1544) => {
            "; SQLite keeps two files beside the database, so its folder must be writable even to read; where nobody writes \
             the file, say `?mode=ro&immutable=true`"
        }
        Ok(code) => match code & 0xff {
            5 | 6 => "; another process holds the file",
            8 => "; the file or `mode=ro` in the database URL does not let it be written",
            14 => "; see whether its folder is there and may be written",
            26 => "; the file is something else",
            _ => "",
        },
        Err(_) => "",
    }
}

/// What to do about a certificate, by the words of rustls 0.23 and of the driver.
fn of_tls(text: &str) -> &'static str {
    const HINTS: [(&str, &str); 6] = [
        (
            "UnsupportedCertVersion",
            "; the server's certificate is of X.509 version 1, which is not read at any sslmode that uses TLS: make it \
             anew with extensions (`openssl x509 -req -extfile ...`, version 3), or, on a network that you trust, say \
             `sslmode=disable`",
        ),
        (
            "UnknownIssuer",
            "; the authority that signed the certificate is not known: name its certificate with `sslrootcert=FILE`",
        ),
        (
            "CaUsedAsEndEntity",
            "; the server's certificate is an authority's own: have that authority sign one for the server, or say \
             `sslmode=require`, which verifies nothing",
        ),
        (
            "not valid for",
            "; connect by a name that the certificate has as a subjectAltName, or say `sslmode=verify-ca` with \
             `sslrootcert=FILE`",
        ),
        (
            "NotValidForName",
            "; connect by a name that the certificate has as a subjectAltName",
        ),
        (
            "does not support TLS",
            "; say `sslmode=prefer` or `sslmode=disable` if it need not",
        ),
    ];
    let hint = HINTS.iter().find(|(words, _)| text.contains(words));
    hint.map_or("", |(_, hint)| hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(error: sqlx::Error) -> String {
        Reason::from(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))).to_string()
    }

    #[test]
    fn a_reason_is_one_line_with_its_place_and_what_to_do() {
        let io =
            std::io::Error::other("invalid peer certificate:\n Other(OtherError(UnsupportedCertVersion))");
        let text = shown(sqlx::Error::Io(io));
        assert!(
            text.contains("version 1") && text.contains("sslmode=disable"),
            "{text}"
        );
        assert!(!text.contains('\n') && !text.contains("  "), "{text}");
        let place: Arc<str> = "the file a.db".into();
        let reason = Reason::from(DbErr::Custom("the time was up".to_owned())).at(&place);
        assert_eq!(reason.to_string(), "the file a.db: the time was up");
        assert_eq!(shown(sqlx::Error::PoolTimedOut), NO_CONNECTION);
    }

    #[test]
    fn extended_codes_of_sqlite_are_told_apart_where_that_helps() {
        assert!(of_sqlite("1544").contains("immutable=true"));
        assert!(of_sqlite("8").contains("mode=ro") && !of_sqlite("8").contains("immutable"));
        assert!(of_sqlite("261").contains("another process"));
        assert_eq!(of_sqlite("1"), "");
        assert_eq!(of_sqlite("53300"), "");
    }
}
