//! Rows into a table, many a statement, on either database.
//!
//! Takes rows, gives how many the table took. SQLite gets rows of parameters, PostgreSQL an array a column, so its
//! statements are the same for any number of rows. Deliberately absent: transactions, and which rows may be written.

use entity::Instant;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, SqliteConnection};

use super::StoreError;
use super::query::table::{Cell, Column, Kind, Table};

/// Rows a statement: 5,000 parameters of the 32,766 that SQLite takes.
const SQLITE_ROWS: usize = 500;
/// Rows a statement; its arrays are all in memory on both sides.
const POSTGRES_ROWS: usize = 5_000;

/// The names of columns, as a list in SQL.
pub(super) fn names<C: Column>(columns: &[C]) -> String {
    let names: Vec<_> = columns.iter().map(|column| column.name()).collect();
    names.join(", ")
}

/// All columns in the order in which rows are bound, as a list in SQL.
pub(super) fn all_names<T: Table>() -> String {
    format!("{}, {}", T::Column::ACCOUNT.name(), names(T::Column::ALL))
}

/// Replaces what is there under `key` by what was to be inserted; a condition may follow.
pub(super) fn replace<T: Table>(key: &str) -> String {
    let others = T::Column::ALL.iter().filter(|column| **column != T::Column::ID);
    let set: Vec<_> = others
        .map(|column| format!("{0} = excluded.{0}", column.name()))
        .collect();
    format!("ON CONFLICT ({key}) DO UPDATE SET {}", set.join(", "))
}

/// All columns, in the order in which rows are bound.
pub(super) fn all<T: Table>() -> impl Iterator<Item = T::Column> {
    std::iter::once(T::Column::ACCOUNT).chain(T::Column::ALL.iter().copied())
}

/// Inserts rows into `table`, in their order; `conflict` is what SQL says of rows that are there already, or nothing.
pub(super) async fn sqlite<T: Table>(
    connection: &mut SqliteConnection,
    table: &str,
    conflict: &str,
    rows: &[T],
) -> Result<u64, StoreError> {
    let row = format!("({})", vec!["?"; 1 + T::Column::ALL.len()].join(", "));
    let mut affected = 0;
    for chunk in rows.chunks(SQLITE_ROWS) {
        let values = vec![row.as_str(); chunk.len()].join(",");
        let sql = format!(
            "INSERT INTO {table} ({}) VALUES {values} {conflict}",
            all_names::<T>()
        );
        // Only the text of full chunks comes again.
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(chunk.len() == SQLITE_ROWS);
        for row in chunk {
            for column in all::<T>() {
                query = match row.cell(column) {
                    Cell::Null => query.bind(None::<i64>),
                    Cell::Number(number) => query.bind(number),
                    Cell::Instant(instant) => query.bind(instant.micros()),
                    Cell::Text(text) | Cell::Name(text) => query.bind(text),
                };
            }
        }
        affected += query
            .execute(&mut *connection)
            .await
            .map_err(failed)?
            .rows_affected();
    }
    Ok(affected)
}

/// Inserts rows into `table`. One statement of PostgreSQL can touch a row only once, so no two rows share a key.
pub(super) async fn postgres<T: Table>(
    connection: &mut PgConnection,
    table: &str,
    conflict: &str,
    rows: &[T],
) -> Result<u64, StoreError> {
    // Text is how an instant gets there exactly without a calendar type in between.
    let array = |(place, column): (usize, T::Column)| match column.holds() {
        Kind::Id | Kind::Size => format!("${}::bigint[]", place + 1),
        Kind::Instant => format!("${}::text[]::timestamptz[]", place + 1),
        Kind::Text | Kind::Names(_) => format!("${}::text[]", place + 1),
    };
    let arrays: Vec<_> = all::<T>().enumerate().map(array).collect();
    let (columns, arrays) = (all_names::<T>(), arrays.join(", "));
    let sql = format!("INSERT INTO {table} ({columns}) SELECT * FROM unnest({arrays}) {conflict}");
    let mut affected = 0;
    for chunk in rows.chunks(POSTGRES_ROWS) {
        let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
        for column in all::<T>() {
            query = bind_array(query, chunk, column);
        }
        affected += query
            .execute(&mut *connection)
            .await
            .map_err(failed)?
            .rows_affected();
    }
    Ok(affected)
}

/// The query with the values of a column as one more array.
fn bind_array<'q, T: Table>(
    query: Query<'q, Postgres, PgArguments>,
    rows: &'q [T],
    column: T::Column,
) -> Query<'q, Postgres, PgArguments> {
    let cells = rows.iter().map(|row| row.cell(column));
    match column.holds() {
        Kind::Id | Kind::Size => query.bind(
            cells
                .map(|cell| match cell {
                    Cell::Number(number) => Some(number),
                    _ => None,
                })
                .collect::<Vec<_>>(),
        ),
        Kind::Instant => query.bind(cells.map(instant).collect::<Vec<_>>()),
        Kind::Text | Kind::Names(_) => query.bind(
            cells
                .map(|cell| match cell {
                    Cell::Text(text) | Cell::Name(text) => Some(text),
                    _ => None,
                })
                .collect::<Vec<_>>(),
        ),
    }
}

fn instant(cell: Cell<'_>) -> Option<String> {
    match cell {
        Cell::Instant(instant) => Some(Instant::to_string(&instant)),
        _ => None,
    }
}

/// A fault of the driver, by the rules of all others.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    StoreError::of_statement(error)
}
