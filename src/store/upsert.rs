//! Writing tables: whole files, whole or not at all, and rows that a generator made.
//!
//! Takes rows of one account, gives counts. Deliberately absent: where rows come from, and deleting.

use std::collections::HashMap;
use std::marker::PhantomData;

use entity::{ImportStatus, imports};
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sqlx::{AssertSqlSafe, Postgres, Sqlite};

use super::bulk::{self, all_names, failed, replace};
use super::query::table::{Column, Kind, Table};
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
/// **StatementKind**: `stored + passed_over + duplicates` is the number of rows that were put.
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
pub struct Upsert<T> {
    transaction: Transaction,
    put: u64,
    rows: PhantomData<fn(T)>,
}

#[derive(Debug)]
enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// Where rows are staged, on either database: the columns of the table with the id alone as the key.
fn stage<T: Table>(backend: DbBackend) -> String {
    let is_sqlite = backend == DbBackend::Sqlite;
    let declared = |column: T::Column| {
        let of = match (column.holds(), is_sqlite) {
            (Kind::Id | Kind::Size, false) => "bigint",
            (Kind::Instant, false) => "timestamptz",
            (Kind::Id | Kind::Size | Kind::Instant, true) => "INTEGER",
            (Kind::Text | Kind::Names(_), _) => "text",
        };
        let rule = match column {
            column if column == T::Column::ID => " PRIMARY KEY",
            column if column.is_optional() => "",
            _ => " NOT NULL",
        };
        format!("{} {of}{rule}", column.name())
    };
    let columns: Vec<_> = bulk::all::<T>().map(declared).collect();
    let end = if is_sqlite { "STRICT" } else { "ON COMMIT DROP" };
    format!(
        "CREATE TEMP TABLE staged_{} ({}) {end}",
        T::NAME,
        columns.join(", ")
    )
}

/// What is to be inserted replaces what is there only where `comparison` holds for its version.
pub(super) fn replace_by_version<T: Table>(comparison: &str) -> String {
    let (replace, version) = (replace::<T>("account_id, id"), T::VERSION.name());
    format!(
        "{replace} WHERE excluded.{version} {comparison} {}.{version}",
        T::NAME
    )
}

impl Store {
    /// Starts a file.
    ///
    /// On SQLite the write lock is taken by [`Upsert::commit`], by the first statement that touches the database proper:
    /// a slow file keeps no other writer out. The staged rows lie in SQLite's temporary directory
    /// (`SQLITE_TMPDIR`), or with PostgreSQL's temporary tables, for which its role needs the right.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn upsert<T: Table>(&self) -> Result<Upsert<T>, StoreError> {
        let stage = AssertSqlSafe(stage::<T>(self.backend));
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
            run!(&mut *transaction, stage);
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
            run!(&mut *transaction, stage);
            Transaction::Postgres(transaction)
        };
        Ok(Upsert {
            transaction,
            put: 0,
            rows: PhantomData,
        })
    }

    /// Inserts rows, all or none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] where one of them is there already, or two have one id.
    pub async fn insert<T: Table>(&self, rows: &[T]) -> Result<u64, StoreError> {
        self.write_rows(rows, "").await
    }

    /// Inserts rows, all or none, where a newer row, by `updated_at`, replaces one that is there. No two have one id.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn replace_older<T: Table>(&self, rows: &[T]) -> Result<u64, StoreError> {
        self.write_rows(rows, &replace_by_version::<T>(">")).await
    }

    async fn write_rows<T: Table>(&self, rows: &[T], conflict: &str) -> Result<u64, StoreError> {
        if self.backend == DbBackend::Sqlite {
            let pool = self.db.get_sqlite_connection_pool();
            let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
            let written = bulk::sqlite(&mut transaction, T::NAME, conflict, rows).await?;
            transaction.commit().await.map_err(failed)?;
            Ok(written)
        } else {
            let pool = self.db.get_postgres_connection_pool();
            let mut transaction = pool.begin().await.map_err(failed)?;
            run!(&mut *transaction, "SET LOCAL statement_timeout = 0");
            let written = bulk::postgres(&mut transaction, T::NAME, conflict, rows).await?;
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
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn has_account(&self, account_id: i64) -> Result<bool, StoreError> {
        let account = entity::accounts::Entity::find_by_id(account_id);
        Ok(account.one(&self.db).await?.is_some())
    }

    /// The highest id of an account's imports; `None` where it has none.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn highest_import(&self, account_id: i64) -> Result<Option<i64>, StoreError> {
        let of_account = imports::Entity::find().filter(imports::Column::AccountId.eq(account_id));
        let newest = of_account.order_by_desc(imports::Column::Id).one(&self.db);
        Ok(newest.await?.map(|import| import.id))
    }

    /// The newest imports of an account in one of some states, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
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

impl<T: Table> Upsert<T> {
    /// Puts rows of one account behind those put before. Nothing is decided yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the file is then lost.
    pub async fn put(&mut self, rows: &[T]) -> Result<(), StoreError> {
        let (conflict, staged) = (replace::<T>("id"), staged::<T>(&self.transaction));
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => bulk::sqlite(transaction, &staged, &conflict, rows).await?,
            Transaction::Postgres(transaction) => {
                bulk::postgres(transaction, &staged, &conflict, &last_of_each_id(rows)).await?
            }
        };
        self.put += rows.len() as u64;
        Ok(())
    }

    /// Stores the file: each row that is not older than what is there.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing is then stored.
    pub async fn commit(mut self) -> Result<Loaded, StoreError> {
        let (table, columns) = (T::NAME, all_names::<T>());
        let (staged, not_older) = (staged::<T>(&self.transaction), replace_by_version::<T>(">="));
        // Without a WHERE of its own, SQLite takes `ON` for a join's.
        let all = match &self.transaction {
            Transaction::Sqlite(_) => "WHERE true ",
            Transaction::Postgres(_) => "",
        };
        let merge = AssertSqlSafe(format!(
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM {staged} {all}ORDER BY id {not_older}"
        ));
        let count = AssertSqlSafe(format!("SELECT count(*) FROM {staged}"));
        let (staged, stored): (i64, u64) = match &mut self.transaction {
            Transaction::Sqlite(transaction) => {
                let stored = run!(&mut **transaction, merge);
                let count = sqlx::query_scalar(count).fetch_one(&mut **transaction);
                let counted = count.await.map_err(failed)?;
                run!(&mut **transaction, AssertSqlSafe(format!("DROP TABLE {staged}")));
                (counted, stored)
            }
            Transaction::Postgres(transaction) => {
                let stored = run!(&mut **transaction, merge);
                let count = sqlx::query_scalar(count).fetch_one(&mut **transaction);
                (count.await.map_err(failed)?, stored)
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

/// The table of the staged rows.
fn staged<T: Table>(transaction: &Transaction) -> String {
    let schema = match transaction {
        Transaction::Sqlite(_) => "temp",
        Transaction::Postgres(_) => "pg_temp",
    };
    format!("{schema}.staged_{}", T::NAME)
}

/// The last row of each id.
fn last_of_each_id<T: Table>(rows: &[T]) -> Vec<T> {
    let id = |row: &T| row.value(T::Column::ID);
    let last: HashMap<_, usize> = rows.iter().enumerate().map(|(at, row)| (id(row), at)).collect();
    let is_last = |(at, row): &(usize, &T)| last.get(&id(row)) == Some(at);
    let kept = rows.iter().enumerate().filter(is_last);
    kept.map(|(_, row)| row.clone()).collect()
}
