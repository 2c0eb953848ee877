//! Database URLs: which are accepted, and what a driver is given for one.
//!
//! Takes text from a setting. A URL may hold a password, so no error repeats a value of it.

mod parameters;
pub(super) mod postgres;
pub(super) mod sqlite;

use std::path::Path;

use sea_orm::DbBackend;

/// Why a database URL is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// It names no database that this program knows.
    #[error("a database URL is `sqlite://FILE?mode=rwc` or `postgres://USER:PASSWORD@HOST/DATABASE`")]
    Scheme,
    /// The scheme is known, and something after it is wrong; the text says what, without any value.
    #[error("the database URL cannot be used: {0}")]
    Malformed(String),
}

/// The database that a URL names. Nothing is contacted.
///
/// # Errors
///
/// [`UrlError`]; no text in it is a value of the URL.
pub fn check(url: &str) -> Result<DbBackend, UrlError> {
    if url.starts_with("sqlite:") {
        return sqlite::read(url).map(|_| DbBackend::Sqlite);
    }
    read_postgres(url).map(|_| DbBackend::Postgres)
}

/// A URL of PostgreSQL, with the environment and the sockets of this machine.
///
/// # Errors
///
/// [`UrlError`].
pub(super) fn read_postgres(url: &str) -> Result<postgres::ServerUrl, UrlError> {
    postgres::read(url, variable, Path::exists)
}

/// A variable of the environment, where it is text.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests;
