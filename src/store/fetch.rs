//! The rows of one statement, over either driver.
//!
//! Takes a connection and a statement, hands its rows on one by one, as the driver gives them. Deliberately absent: what
//! they mean.

use futures_util::TryStreamExt as _;
use sea_orm::{QueryResult, Statement, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, Database, Either, Executor, IntoArguments};

/// What a statement's rows come to.
///
/// A row is taken in as soon as it is there, so that no list of the driver's rows is kept beside the list of ours.
pub(super) trait RowSink: Send + 'static {
    /// Takes in the next row.
    fn take(&mut self, row: QueryResult);
}

impl RowSink for Vec<QueryResult> {
    fn take(&mut self, row: QueryResult) {
        self.push(row);
    }
}

/// Runs `statement` to its end; its rows go to `sink`, in their order.
///
/// # Errors
///
/// The driver's.
pub(super) async fn each<'c, C, D>(
    connection: &'c mut C,
    statement: &Statement,
    sink: &mut impl RowSink,
) -> Result<(), sqlx::Error>
where
    &'c mut C: Executor<'c, Database = D>,
    D: Database,
    SqlxValues: IntoArguments<D>,
    QueryResult: From<D::Row>,
{
    let values = SqlxValues(statement.values.clone().unwrap_or(Values(Vec::new())));
    let query = sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), values);
    // Not `fetch_all`, which wraps this stream twice more.
    let mut stream = connection.fetch_many(query);
    while let Some(step) = stream.try_next().await? {
        if let Either::Right(row) = step {
            sink.take(QueryResult::from(row));
        }
    }
    Ok(())
}
