//! How a command reaches its database, and leaves it.
//!
//! Takes the URL of the settings; gives a [`Store`] whose schema is what this program needs, or says what to do. What was
//! opened is closed however the command ends, so that a SQLite file alone holds all of its rows.

use std::time::Duration;

use anyhow::{Context as _, bail};
use migration::Status;
use migration::search_index::SearchIndex;
use sea_orm::DbBackend;

use super::WrongSettings;
use crate::store::trigrams::TrigramIndex;
use crate::store::{Settings, Store, url};

/// Runs a command with its database, as [`open`] gives it, and closes that.
///
/// # Errors
///
/// Those of [`open`] and of the command.
pub async fn with<T>(url: &str, run: impl AsyncFnOnce(&Store) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let store = open(url).await?;
    let ended = run(&store).await;
    let closed = store.close().await;
    let value = ended?;
    closed.context("the database was not closed in order")?;
    Ok(value)
}

/// Opens the database of a command. A SQLite file is made and migrated; on a server an outdated schema is refused.
///
/// # Errors
///
/// [`WrongSettings`] for the URL; else what is wrong with the database.
pub async fn open(url: &str) -> anyhow::Result<Store> {
    let store = open_as_it_is(url).await?;
    let status = status(&store).await?;
    if status.is_outdated() {
        if store.backend() != DbBackend::Sqlite {
            let pending = status.known.iter().filter(|(_, applied)| !applied).count();
            bail!(
                "the database schema is outdated ({pending} changes are pending): run `imports-gateway migrate up` first"
            );
        }
        let migrated = migration::up(store.database()).await;
        migrated
            .map_err(|error| store.fault(error))
            .context("cannot migrate")?;
    }
    Ok(store)
}

/// Opens the database of a command, whatever its schema.
///
/// # Errors
///
/// [`WrongSettings`] for the URL; else what is wrong with the database.
pub async fn open_as_it_is(url: &str) -> anyhow::Result<Store> {
    if let Err(error) = url::check(url) {
        let text = format!("--database-url: {:#}", anyhow::Error::new(error));
        return Err(WrongSettings(text).into());
    }
    let settings = Settings {
        // One person waits for one command: more patience than a request has, and no need of a second connection.
        max_connections: 1,
        acquire_timeout: Duration::from_secs(3),
        statement_timeout: Duration::from_secs(60),
        ..Settings::new(url)
    };
    Ok(Store::open(&settings).await?)
}

/// How the schema of a database stands to this program.
///
/// # Errors
///
/// What is wrong with the database.
pub async fn status(store: &Store) -> anyhow::Result<Status> {
    store.contact().await?;
    let status = migration::status(store.database()).await;
    Ok(status.map_err(|error| store.fault(error))?)
}

/// Lets a store know of the indexes that the schema may have or not.
pub fn learn(store: &Store, status: &Status) {
    store.trigrams().learn(match status.search_index {
        None | Some(SearchIndex::Unfinished | SearchIndex::Hidden) => TrigramIndex::Absent,
        Some(SearchIndex::OfAscii) => TrigramIndex::OfAscii,
        Some(SearchIndex::Whole) => TrigramIndex::Whole,
    });
}
