//! The databases that a test runs on: fresh ones, one of each kind, and never shared.

use entity::Instant;
use imports_gateway::store::{Settings, Store};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, Value};
use tempfile::TempDir;

use crate::gauntlet;
use crate::postgres::cluster;
use crate::waiting::PATIENCE;

/// An empty database, which goes away with this value where it is a file.
pub(crate) struct Database {
    pub(crate) url: String,
    _folder: Option<TempDir>,
}

/// One empty database of each kind that is tested.
pub(crate) async fn fresh() -> Vec<Database> {
    let mut databases = Vec::new();
    if gauntlet::tests_on("sqlite") {
        databases.push(sqlite());
    }
    if gauntlet::tests_on("postgresql") {
        databases.push(postgres().await);
    }
    databases
}

/// One empty database for a test to which its kind makes no difference: SQLite, but where only the other is tested.
pub(crate) async fn either() -> Database {
    if gauntlet::prefers_postgresql() {
        postgres().await
    } else {
        sqlite()
    }
}

/// An empty SQLite database, not yet a file.
pub(crate) fn sqlite() -> Database {
    let folder = TempDir::new().unwrap();
    Database {
        url: format!("sqlite://{}/imports.db?mode=rwc", folder.path().display()),
        _folder: Some(folder),
    }
}

/// An empty database of the cluster that the tests share.
pub(crate) async fn postgres() -> Database {
    Database {
        url: cluster().create_database().await,
        _folder: None,
    }
}

impl Database {
    /// One that is there, on the cluster.
    pub(crate) fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            _folder: None,
        }
    }

    /// A pool of its own, whatever the schema.
    pub(crate) async fn open(&self) -> Store {
        open(&self.url).await
    }

    /// A pool of its own, with the schema that the program needs.
    pub(crate) async fn migrated(&self) -> Store {
        let store = self.open().await;
        migration::up(store.database()).await.unwrap();
        store
    }
}

/// A store over a database; patient, so that no test fails because a machine is busy.
pub(crate) async fn open(url: &str) -> Store {
    let settings = Settings {
        acquire_timeout: PATIENCE,
        statement_timeout: PATIENCE,
        lock_timeout: PATIENCE,
        trigram_timeout: PATIENCE,
        ..Settings::new(url)
    };
    Store::open(&settings).await.unwrap()
}

/// Runs one statement, and says what the database objects to.
pub(crate) async fn execute(store: &Store, text: &str, values: Vec<Value>) -> Result<u64, String> {
    let statement = Statement::from_sql_and_values(store.backend(), text, values);
    let done = store.database().execute_raw(statement).await;
    done.map(|done| done.rows_affected())
        .map_err(|error| error.to_string())
}

/// An instant as SQL text of the store's database.
pub(crate) fn literal(store: &Store, micros: i64) -> String {
    match store.backend() {
        DbBackend::Sqlite => micros.to_string(),
        _ => format!("'{}'", instant(micros)),
    }
}

pub(crate) fn instant(micros: i64) -> Instant {
    Instant::from_micros(micros).unwrap()
}
