//! All rows of one statement, over either driver.
//!
//! Takes a connection and a statement, gives its rows as the driver hands them over. Deliberately absent: what they mean.

use futures_util::TryStreamExt as _;
use sea_orm::{QueryResult, Statement, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, Database, Either, Executor, IntoArguments};

/// The rows of `statement`, in their order.
///
/// **Errors**: the driver's.
pub(super) async fn all<'c, C, D>(
    connection: &'c mut C,
    statement: &Statement,
) -> Result<Vec<QueryResult>, sqlx::Error>
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
    let mut rows = Vec::new();
    while let Some(step) = stream.try_next().await? {
        if let Either::Right(row) = step {
            rows.push(QueryResult::from(row));
        }
    }
    Ok(rows)
}
