//! Database URLs: which are accepted, and what a driver is given for one.
//!
//! Takes text from a setting. A URL may hold a password, so no error repeats it.

use std::borrow::Cow;

use sea_orm::DbBackend;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

/// Why a database URL is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// It names no database that this program knows.
    #[error("a database URL is `sqlite://FILE?mode=rwc` or `postgres://USER:PASSWORD@HOST/DATABASE`")]
    Scheme,
    /// The scheme is known, and a part after it is wrong. In a password, `%` and punctuation are percent-encoded.
    #[error("the database URL is malformed")]
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The database that a URL names. Nothing is contacted.
///
/// **Errors**: [`UrlError`]; no text in it comes from a password.
pub fn check(url: &str) -> Result<DbBackend, UrlError> {
    let (backend, parsed) = if url.starts_with("sqlite:") {
        (DbBackend::Sqlite, url.parse::<SqliteConnectOptions>().map(|_| ()))
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        (DbBackend::Postgres, url.parse::<PgConnectOptions>().map(|_| ()))
    } else {
        return Err(UrlError::Scheme);
    };
    match parsed {
        Ok(()) => Ok(backend),
        Err(sqlx::Error::Configuration(cause)) => Err(UrlError::Malformed(cause)),
        Err(other) => Err(UrlError::Malformed(other.into())),
    }
}

/// The URL as the driver reads it: SeaORM knows only the shorter scheme, and SQLite makes a file only where told to.
pub(super) fn for_driver(url: &str) -> Cow<'_, str> {
    if let Some(rest) = url.strip_prefix("postgresql://") {
        return format!("postgres://{rest}").into();
    }
    let (file, parameters) = url.split_once('?').unwrap_or((url, ""));
    let mut parameters_left = parameters.split('&');
    if !file.starts_with("sqlite:")
        || file.ends_with(":memory:")
        || parameters_left.any(|one| one.starts_with("mode="))
    {
        return url.into();
    }
    let separator = if parameters.is_empty() { "" } else { "&" };
    format!("{file}?mode=rwc{separator}{parameters}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        check(url).map_or_else(
            |error| format!("{error:?} {error}"),
            |backend| format!("{backend:?}"),
        )
    }

    #[test]
    fn both_databases_are_known_by_their_schemes() {
        assert_eq!(shown("sqlite://imports.db?mode=rwc"), "Sqlite");
        assert_eq!(shown("sqlite::memory:"), "Sqlite");
        assert_eq!(shown("postgres://user:secret@localhost/imports"), "Postgres");
        assert_eq!(shown("postgresql://localhost/imports"), "Postgres");
    }

    #[test]
    fn a_wrong_url_is_refused_and_its_password_is_not_repeated() {
        for url in [
            "",
            "imports.db",
            "mysql://user:secret@localhost/imports",
            "postgres:user:secret@localhost",
            "postgres://user:secret@localhost:port/imports",
            "postgres://user:secret#part@localhost/imports",
            "postgres://user:secret%ff@localhost/imports",
            "postgres://user:secret@localhost/imports?sslmode=never",
        ] {
            let shown = shown(url);
            assert!(
                shown.starts_with("Scheme") || shown.starts_with("Malformed"),
                "{url}: {shown}"
            );
            assert!(!shown.contains("secret"), "{url}: {shown}");
        }
        assert!(shown("sqlite://imports.db?mode=fast").contains("mode"));
    }

    #[test]
    fn a_sqlite_file_is_made_unless_the_mode_says_otherwise() {
        assert_eq!(for_driver("sqlite://a.db"), "sqlite://a.db?mode=rwc");
        assert_eq!(
            for_driver("sqlite:a.db?cache=private"),
            "sqlite:a.db?mode=rwc&cache=private"
        );
        for same in [
            "sqlite://a.db?mode=ro",
            "sqlite://a.db?cache=private&mode=rw",
            "sqlite::memory:",
            "postgres://h/d",
        ] {
            assert_eq!(for_driver(same), same);
        }
        assert_eq!(for_driver("postgresql://h/d?x=1"), "postgres://h/d?x=1");
    }
}
