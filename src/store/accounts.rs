//! Accounts: made by an operator, found by their ids.
//!
//! Takes names and ids; gives rows of `accounts`. The account token of a new account is given once and kept as a hash.
//! Deliberately absent: renaming and deleting, which would strand imports that applications write.

use entity::{Instant, accounts};
use sea_orm::{DbErr, QueryResult, Value};

use super::statement_kind::StatementKind;
use super::{Store, StoreError};
use crate::auth::AccountToken;

/// Makes an account; gives its id and its account token, which is shown nowhere else.
///
/// # Errors
///
/// [`StoreError::Failed`] for an empty name; the others as they come.
pub async fn create(store: &Store, name: &str, now: Instant) -> Result<(i64, AccountToken), StoreError> {
    let token = AccountToken::generate();
    let values = [
        Value::from(name),
        Value::from(token.hash().to_vec()),
        now.value(store.backend()),
    ];
    let made = store.write(store.statement(CREATE, values)).await?;
    let made = made.first().ok_or_else(|| DbErr::RecordNotInserted)?;
    Ok((made.try_get_by_index(0)?, token))
}

/// All accounts, by ascending id.
///
/// # Errors
///
/// As they come.
pub async fn list(store: &Store) -> Result<Vec<accounts::Model>, StoreError> {
    let rows = store.rows(store.named(StatementKind::Accounts, LIST, [])).await?;
    Ok(rows.iter().map(|row| model(row, 0)).collect::<Result<_, _>>()?)
}

/// The account of an id.
///
/// # Errors
///
/// As they come.
pub async fn get(store: &Store, id: i64) -> Result<Option<accounts::Model>, StoreError> {
    let rows = store
        .rows(store.named(StatementKind::Account, GET, [Value::from(id)]))
        .await?;
    Ok(rows.first().map(|row| model(row, 0)).transpose()?)
}

/// The account whose four columns begin at `first` in a row.
pub(super) fn model(row: &QueryResult, first: usize) -> Result<accounts::Model, DbErr> {
    Ok(accounts::Model {
        id: row.try_get_by_index(first)?,
        name: row.try_get_by_index(first + 1)?,
        token_hash: row.try_get_by_index(first + 2)?,
        created_at: row.try_get_by_index(first + 3)?,
    })
}

const CREATE: &str = "INSERT INTO accounts (name, token_hash, created_at) VALUES ($1, $2, $3) RETURNING id";
const LIST: &str = "SELECT id, name, token_hash, created_at FROM accounts ORDER BY id";
const GET: &str = "SELECT id, name, token_hash, created_at FROM accounts WHERE id = $1";
