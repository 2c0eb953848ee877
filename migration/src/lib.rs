//! The database schema of imports-gateway: one file a change, up and down.
//!
//! Everything runs in one transaction that holds a lock, so two processes that migrate at once do it one after the
//! other, and a migration that fails leaves nothing behind. Statements are written out for each database: check
//! constraints, strict tables and clustered keys have no common builder.

pub use sea_orm_migration::prelude::MigratorTrait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
};

mod m20261101_000001_accounts;
mod m20261101_000002_imports;
mod m20261101_000003_import_orders;
mod m20261128_000004_find;
mod m20261128_000005_changes;
mod m20261128_000006_mirrors;
pub mod search_index;

use self::search_index::SearchIndex;

/// The list of all changes, oldest first.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261101_000001_accounts::Migration),
            Box::new(m20261101_000002_imports::Migration),
            Box::new(m20261101_000003_import_orders::Migration),
            Box::new(m20261128_000004_find::Migration),
            Box::new(m20261128_000005_changes::Migration),
            Box::new(m20261128_000006_mirrors::Migration),
        ]
    }
}

/// How a database stands to this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Known changes and whether each is applied, oldest first.
    pub known: Vec<(String, bool)>,
    /// Applied changes that this program does not know: the schema is newer.
    pub unknown: Vec<String>,
    /// Tables that are there, and that the role may not read.
    pub unreadable: Vec<String>,
    /// What there is of the index for searches, which no change makes.
    pub search_index: Option<SearchIndex>,
}

impl Status {
    /// Whether a change that this program needs is missing.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.known.iter().any(|(_, applied)| !applied)
    }
}

/// Applies what is missing. Where nothing is, or the schema is newer and has it all, nothing is written and no lock is
/// waited for.
///
/// # Errors
///
/// That of the database; a server database that is not in UTF-8. Nothing is then changed.
pub async fn up(db: &DatabaseConnection) -> Result<(), DbErr> {
    if !status(db).await?.is_outdated() {
        return Ok(());
    }
    if let Some(encoding) = other_encoding(db).await? {
        return Err(DbErr::Migration(format!(
            "the database is in {encoding} and must be in UTF8: make it with `ENCODING 'UTF8' TEMPLATE template0`"
        )));
    }
    let transaction = locked(db).await?;
    Migrator::up(&transaction, None).await?;
    transaction.commit().await
}

/// Takes back the newest `steps` changes, or all.
///
/// # Errors
///
/// That of the database; nothing is then changed.
pub async fn down(db: &DatabaseConnection, steps: Option<u32>) -> Result<(), DbErr> {
    let transaction = locked(db).await?;
    Migrator::down(&transaction, steps).await?;
    transaction.commit().await
}

/// The tables with rows that [`down`] by as many `steps` would drop. Reads only.
///
/// # Errors
///
/// That of the database.
pub async fn rows_lost(db: &DatabaseConnection, steps: Option<u32>) -> Result<Vec<&'static str>, DbErr> {
    let applied = applied(db).await?;
    let steps = steps.and_then(|steps| usize::try_from(steps).ok());
    let mut lost = Vec::new();
    for name in applied.iter().rev().take(steps.unwrap_or(applied.len())) {
        for (table, any_row) in dropped_tables(name) {
            let statement = Statement::from_string(db.get_database_backend(), *any_row);
            if db.query_one_raw(statement).await?.is_some() {
                lost.push(*table);
            }
        }
    }
    Ok(lost)
}

/// The tables that taking back a change drops, each with a statement that finds a row in it.
fn dropped_tables(name: &str) -> &'static [(&'static str, &'static str)] {
    match name {
        "m20261101_000001_accounts" => &[
            ("accounts", "SELECT id FROM accounts LIMIT 1"),
            ("api_tokens", "SELECT id FROM api_tokens LIMIT 1"),
        ],
        "m20261101_000002_imports" => &[("imports", "SELECT id FROM imports LIMIT 1")],
        "m20261128_000006_mirrors" => &[
            ("mirrors", "SELECT account_id FROM mirrors LIMIT 1"),
            ("sync_rejects", "SELECT account_id FROM sync_rejects LIMIT 1"),
        ],
        _ => &[],
    }
}

/// The tables that the service reads, as a server's role must be able to.
pub const TABLES: [&str; 6] = [
    "accounts",
    "api_tokens",
    "import_changes",
    "imports",
    "mirrors",
    "seaql_migrations",
];

/// Which of them are there, and the role may not read.
async fn unreadable(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    if db.get_database_backend() == DbBackend::Sqlite {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT name FROM unnest(ARRAY['{}']) AS name WHERE to_regclass(name) IS NOT NULL \
         AND NOT has_table_privilege(to_regclass(name), 'SELECT')",
        TABLES.join("', '")
    );
    let rows = db
        .query_all_raw(Statement::from_string(db.get_database_backend(), text))
        .await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// The encoding of a server database, where it is another than UTF-8.
async fn other_encoding(db: &DatabaseConnection) -> Result<Option<String>, DbErr> {
    if db.get_database_backend() == DbBackend::Sqlite {
        return Ok(None);
    }
    let statement = Statement::from_string(
        db.get_database_backend(),
        "SELECT current_setting('server_encoding')",
    );
    let row = db.query_one_raw(statement).await?;
    let encoding: Option<String> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(encoding.filter(|encoding| encoding != "UTF8"))
}

/// What is applied. Reads only.
///
/// # Errors
///
/// That of the database.
pub async fn status(db: &DatabaseConnection) -> Result<Status, DbErr> {
    let applied = applied(db).await?;
    let known: Vec<_> = Migrator::migrations()
        .iter()
        .map(|one| one.name().to_owned())
        .collect();
    let unknown = applied
        .iter()
        .filter(|name| !known.contains(name))
        .cloned()
        .collect();
    let known = known
        .into_iter()
        .map(|name| (applied.contains(&name), name))
        .map(|(done, name)| (name, done))
        .collect();
    Ok(Status {
        known,
        unknown,
        unreadable: unreadable(db).await?,
        search_index: search_index::status(db).await?,
    })
}

async fn applied(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let backend = db.get_database_backend();
    let exists = match backend {
        DbBackend::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'"
        }
        _ => "SELECT c.relname::text FROM pg_class c WHERE c.oid = to_regclass('seaql_migrations')",
    };
    if db
        .query_one_raw(Statement::from_string(backend, exists))
        .await?
        .is_none()
    {
        return Ok(Vec::new());
    }
    let versions = "SELECT version FROM seaql_migrations ORDER BY version";
    let rows = db
        .query_all_raw(Statement::from_string(backend, versions))
        .await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// A transaction that no second migration can be in: SQLite's write lock, or PostgreSQL's advisory lock.
async fn locked(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
    let options = TransactionOptions {
        sqlite_transaction_mode,
        ..TransactionOptions::default()
    };
    let transaction = db.begin_with_options(options).await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        // The key is arbitrary and ours: "igwmigrt" as eight bytes.
        let lock = "SELECT pg_advisory_xact_lock(x'6967776d69677274'::bigint)::text";
        // Filling an index of a large table takes longer than any request may.
        transaction
            .execute_unprepared("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
            .await?;
        transaction.execute_unprepared(lock).await?;
    }
    Ok(transaction)
}

/// Runs one text a database, statement by statement.
async fn run(manager: &SchemaManager<'_>, sqlite: &str, postgres: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let text = if manager.get_database_backend() == DbBackend::Sqlite {
        sqlite
    } else {
        postgres
    };
    connection.execute_unprepared(text).await?;
    Ok(())
}
