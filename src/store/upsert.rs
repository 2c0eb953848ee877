//! Writing imports: whole files, whole or not at all, and rows that a generator made.
//!
//! Takes rows of one account, gives counts. Deliberately absent: where rows come from, and deleting.

use std::collections::HashMap;

use entity::{ImportStatus, imports};
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sqlx::{AssertSqlSafe, Postgres, Sqlite};

use super::bulk::{self, COLUMNS, REPLACE, failed};
use super::{Store, StoreError};

/// From how many stored rows on the planner's statistics are brought up to date.
const ROWS_TO_ANALYZE: u64 = 10_000;

/// Runs one statement on a connection of either database and gives the number of rows that it changed.
macro_rules! run {
    ($connection:expr, $sql:expr) => {
        sqlx::query($sql)
            .execute($connection)
            .await
            .map_err(failed)?
            .rows_affected()
    };
}

/// What became of the rows of one file.
///
/// **Shape**: `stored + passed_over + duplicates` is the number of rows that were put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Rows that were inserted or replaced one that was not newer.
    pub stored: u64,
    /// Rows that are older, by `updated_at`, than what was stored before the file.
    pub passed_over: u64,
    /// Rows whose id comes again later in the file, so they did not count.
    pub duplicates: u64,
}

/// One file's rows on their way into the table. Dropped without [`Upsert::commit`], it changes nothing.
///
/// Rows are first staged in a temporary table by id, where the last of an id wins; only then are they compared with
/// what is stored. So the rule holds whatever the file's length, and memory does not grow with it.
#[derive(Debug)]
pub struct Upsert {
    transaction: Transaction,
    put: u64,
}

#[derive(Debug)]
enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

const SQLITE_STAGE: &str = "CREATE TEMP TABLE staged_imports (
    account_id INTEGER NOT NULL, id INTEGER PRIMARY KEY, completed_at INTEGER, file_name TEXT NOT NULL,
    file_size INTEGER NOT NULL, note TEXT, type TEXT NOT NULL, status TEXT NOT NULL, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL) STRICT";

const POSTGRES_STAGE: &str = "CREATE TEMP TABLE staged_imports (
    account_id bigint NOT NULL, id bigint PRIMARY KEY, completed_at timestamptz, file_name text NOT NULL,
    file_size bigint NOT NULL, note text, type text NOT NULL, status text NOT NULL, created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL) ON COMMIT DROP";

impl Store {
    /// Starts a file.
    ///
    /// On SQLite the write lock is taken by [`Upsert::commit`], by the first statement that touches the database proper:
    /// a slow file keeps no other writer out. The staged rows lie in SQLite's temporary directory
    /// (`SQLITE_TMPDIR`), or with PostgreSQL's temporary tables, for which its role needs the right.
    ///
    /// **Errors**: [`StoreError`].
    pub async fn upsert(&self) -> Result<Upsert, StoreError> {
        let transaction = if self.backend == DbBackend::Sqlite {
            let mut connection = self
                .db
                .get_sqlite_connection_pool()
                .acquire()
                .await
                .map_err(failed)?;
            // Staged rows are not to fill the memory. Readers that get this connection later sort too little to notice.
            run!(&mut *connection, "PRAGMA temp_store = file");
            let mut transaction = sqlx::Transaction::begin(connection, None).await.map_err(failed)?;
            run!(&mut *transaction, SQLITE_STAGE);
            Transaction::Sqlite(transaction)
        } else {
            let pool = self.db.get_postgres_connection_pool();
            let mut transaction = pool.begin().await.map_err(failed)?;
            // One statement stores the whole file, and the connection waits for the file in between.
            run!(&mut *transaction, "SET LOCAL statement_timeout = 0");
            run!(
                &mut *transaction,
                "SET LOCAL idle_in_transaction_session_timeout = 0"
            );
            run!(&mut *transaction, POSTGRES_STAGE);
            Transaction::Postgres(transaction)
        };
        Ok(Upsert { transaction, put: 0 })
    }

    /// Inserts rows, all or none.
    ///
    /// **Errors**: [`StoreError::Failed`] where one of them is there already, or two have one id.
    pub async fn insert(&self, rows: &[imports::Model]) -> Result<u64, StoreError> {
        self.write_rows(rows, "").await
    }

    /// Inserts rows, all or none, where a newer row, by `updated_at`, replaces one that is there. No two have one id.
    ///
    /// **Errors**: [`StoreError`].
    pub async fn replace_older(&self, rows: &[imports::Model]) -> Result<u64, StoreError> {
        let conflict = format!("{REPLACE} WHERE excluded.updated_at > imports.updated_at");
        self.write_rows(rows, &conflict).await
    }

    async fn write_rows(&self, rows: &[imports::Model], conflict: &str) -> Result<u64, StoreError> {
        if self.backend == DbBackend::Sqlite {
            let pool = self.db.get_sqlite_connection_pool();
            let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
            let written = bulk::sqlite(&mut transaction, "imports", conflict, rows).await?;
            transaction.commit().await.map_err(failed)?;
            Ok(written)
        } else {
            let pool = self.db.get_postgres_connection_pool();
            let mut transaction = pool.begin().await.map_err(failed)?;
            run!(&mut *transaction, "SET LOCAL statement_timeout = 0");
            let written = bulk::postgres(&mut transaction, "imports", conflict, rows).await?;
            transaction.commit().await.map_err(failed)?;
            Ok(written)
        }
    }

    /// Brings the planner's statistics up to date after `stored` new rows, where that pays.
    ///
    /// Where it does not succeed the rows are stored all the same, so it only leaves a line in the log.
    pub async fn analyze(&self, stored: u64) {
        if stored < ROWS_TO_ANALYZE {
            return;
        }
        let analyzed = if self.backend == DbBackend::Sqlite {
            let pool = self.db.get_sqlite_connection_pool();
            sqlx::query("PRAGMA optimize").execute(pool).await.map(drop)
        } else {
            let pool = self.db.get_postgres_connection_pool();
            sqlx::query("ANALYZE imports").execute(pool).await.map(drop)
        };
        if let Err(error) = analyzed {
            tracing::warn!(%error, "statistics of imports not brought up to date");
        }
    }

    /// Whether there is an account of this id.
    ///
    /// **Errors**: [`StoreError`].
    pub async fn has_account(&self, account_id: i64) -> Result<bool, StoreError> {
        let account = entity::accounts::Entity::find_by_id(account_id);
        Ok(account.one(&self.db).await?.is_some())
    }

    /// The highest id of an account's imports; `None` where it has none.
    ///
    /// **Errors**: [`StoreError`].
    pub async fn highest_import(&self, account_id: i64) -> Result<Option<i64>, StoreError> {
        let of_account = imports::Entity::find().filter(imports::Column::AccountId.eq(account_id));
        let newest = of_account.order_by_desc(imports::Column::Id).one(&self.db);
        Ok(newest.await?.map(|import| import.id))
    }

    /// The newest imports of an account in one of some states, at most `limit`.
    ///
    /// **Errors**: [`StoreError`].
    pub async fn newest_imports(
        &self,
        account_id: i64,
        statuses: &[ImportStatus],
        limit: u64,
    ) -> Result<Vec<imports::Model>, StoreError> {
        let query = imports::Entity::find()
            .filter(imports::Column::AccountId.eq(account_id))
            .filter(imports::Column::Status.is_in(statuses.iter().copied()))
            .order_by_desc(imports::Column::Id)
            .limit(limit);
        Ok(query.all(&self.db).await?)
    }
}

impl Upsert {
    /// Puts rows of one account behind those put before. Nothing is decided yet.
    ///
    /// **Errors**: [`StoreError`]; the file is then lost.
    pub async fn put(&mut self, rows: &[imports::Model]) -> Result<(), StoreError> {
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => {
                let conflict = REPLACE.replace("(account_id, id)", "(id)");
                bulk::sqlite(transaction, "temp.staged_imports", &conflict, rows).await?;
            }
            Transaction::Postgres(transaction) => {
                let conflict = REPLACE.replace("(account_id, id)", "(id)");
                let last = last_of_each_id(rows);
                bulk::postgres(transaction, "pg_temp.staged_imports", &conflict, &last).await?;
            }
        }
        self.put += rows.len() as u64;
        Ok(())
    }

    /// Stores the file: each row that is not older than what is there.
    ///
    /// **Errors**: [`StoreError`]; nothing is then stored.
    pub async fn commit(mut self) -> Result<Loaded, StoreError> {
        let not_older = format!("{REPLACE} WHERE excluded.updated_at >= imports.updated_at");
        let (staged, stored) = match &mut self.transaction {
            Transaction::Sqlite(transaction) => {
                // Without a WHERE of its own, SQLite takes `ON` for a join's.
                let merge = format!(
                    "INSERT INTO imports ({COLUMNS}) SELECT {COLUMNS} FROM temp.staged_imports \
                     WHERE true ORDER BY id {not_older}"
                );
                let stored = run!(&mut **transaction, AssertSqlSafe(merge));
                let count = sqlx::query_scalar("SELECT count(*) FROM temp.staged_imports");
                let staged: i64 = count.fetch_one(&mut **transaction).await.map_err(failed)?;
                run!(&mut **transaction, "DROP TABLE temp.staged_imports");
                (staged, stored)
            }
            Transaction::Postgres(transaction) => {
                let merge = format!(
                    "INSERT INTO imports ({COLUMNS}) SELECT {COLUMNS} FROM pg_temp.staged_imports \
                     ORDER BY id {not_older}"
                );
                let stored = run!(&mut **transaction, AssertSqlSafe(merge));
                let count = sqlx::query_scalar("SELECT count(*) FROM pg_temp.staged_imports");
                (count.fetch_one(&mut **transaction).await.map_err(failed)?, stored)
            }
        };
        match self.transaction {
            Transaction::Sqlite(transaction) => transaction.commit().await.map_err(failed)?,
            Transaction::Postgres(transaction) => transaction.commit().await.map_err(failed)?,
        }
        let staged = staged.unsigned_abs();
        Ok(Loaded {
            stored,
            passed_over: staged.saturating_sub(stored),
            duplicates: self.put.saturating_sub(staged),
        })
    }
}

/// The last row of each id.
fn last_of_each_id(rows: &[imports::Model]) -> Vec<imports::Model> {
    let last: HashMap<i64, usize> = rows.iter().enumerate().map(|(at, row)| (row.id, at)).collect();
    let is_last = |(at, row): &(usize, &imports::Model)| last.get(&row.id) == Some(at);
    let kept = rows.iter().enumerate().filter(is_last);
    kept.map(|(_, row)| row.clone()).collect()
}
