//! Rows into a table, many a statement, on either database.
//!
//! Takes rows, gives how many the table took. SQLite gets rows of parameters, PostgreSQL an array a column, so its
//! statements are the same for any number of rows. Deliberately absent: transactions, and which rows may be written.

use entity::{Instant, imports};
use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};

use super::StoreError;

/// Rows a statement: 5,000 parameters of the 32,766 that SQLite takes.
const SQLITE_ROWS: usize = 500;
/// Rows a statement; its arrays are all in memory on both sides.
const POSTGRES_ROWS: usize = 5_000;

/// The columns, in the order in which rows are bound.
pub(super) const COLUMNS: &str =
    "account_id, id, completed_at, file_name, file_size, note, type, status, created_at, updated_at";
const ROW: &str = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// Replaces what is there by what was to be inserted; a condition may follow.
pub(super) const REPLACE: &str = "ON CONFLICT (account_id, id) DO UPDATE SET completed_at = excluded.completed_at, \
     file_name = excluded.file_name, file_size = excluded.file_size, note = excluded.note, type = excluded.type, \
     status = excluded.status, created_at = excluded.created_at, updated_at = excluded.updated_at";

/// Inserts rows into `table`, in their order; `conflict` is what SQL says of rows that are there already, or nothing.
pub(super) async fn sqlite(
    connection: &mut SqliteConnection,
    table: &'static str,
    conflict: &str,
    rows: &[imports::Model],
) -> Result<u64, StoreError> {
    let mut affected = 0;
    for chunk in rows.chunks(SQLITE_ROWS) {
        let mut sql = format!("INSERT INTO {table} ({COLUMNS}) VALUES {ROW}");
        for _ in 1..chunk.len() {
            sql.push(',');
            sql.push_str(ROW);
        }
        sql.push(' ');
        sql.push_str(conflict);
        // Only the text of full chunks comes again.
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(chunk.len() == SQLITE_ROWS);
        for row in chunk {
            query = query
                .bind(row.account_id)
                .bind(row.id)
                .bind(row.completed_at.map(Instant::micros))
                .bind(row.file_name.as_str())
                .bind(row.file_size)
                .bind(row.note.as_deref())
                .bind(row.kind.as_str())
                .bind(row.status.name())
                .bind(row.created_at.micros())
                .bind(row.updated_at.micros());
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
pub(super) async fn postgres(
    connection: &mut PgConnection,
    table: &'static str,
    conflict: &str,
    rows: &[imports::Model],
) -> Result<u64, StoreError> {
    // Text is how an instant gets there exactly without a calendar type in between.
    let sql = format!(
        "INSERT INTO {table} ({COLUMNS}) SELECT * FROM unnest($1::bigint[], $2::bigint[], \
         $3::text[]::timestamptz[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], \
         $9::text[]::timestamptz[], $10::text[]::timestamptz[]) {conflict}"
    );
    let mut affected = 0;
    for chunk in rows.chunks(POSTGRES_ROWS) {
        let text = |instant: Instant| instant.to_string();
        let query = sqlx::query(AssertSqlSafe(sql.as_str()))
            .bind(chunk.iter().map(|row| row.account_id).collect::<Vec<_>>())
            .bind(chunk.iter().map(|row| row.id).collect::<Vec<_>>())
            .bind(
                chunk
                    .iter()
                    .map(|row| row.completed_at.map(text))
                    .collect::<Vec<_>>(),
            )
            .bind(chunk.iter().map(|row| row.file_name.as_str()).collect::<Vec<_>>())
            .bind(chunk.iter().map(|row| row.file_size).collect::<Vec<_>>())
            .bind(chunk.iter().map(|row| row.note.as_deref()).collect::<Vec<_>>())
            .bind(chunk.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>())
            .bind(chunk.iter().map(|row| row.status.name()).collect::<Vec<_>>())
            .bind(chunk.iter().map(|row| text(row.created_at)).collect::<Vec<_>>())
            .bind(chunk.iter().map(|row| text(row.updated_at)).collect::<Vec<_>>());
        affected += query
            .execute(&mut *connection)
            .await
            .map_err(failed)?
            .rows_affected();
    }
    Ok(affected)
}

/// A fault of the driver, by the rules of all others.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    StoreError::of_statement(error)
}
