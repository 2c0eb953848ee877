//! API tokens: made and revoked by an operator, found by the hash of a key.
//!
//! Takes accounts, ids and hashes; gives keys once, and rows of `api_tokens`. The statements are written out, as both
//! databases read the same text. Deliberately absent: keys at rest, and what a found token permits
//! ([`crate::auth::Viewer::admit`]).

use entity::{Instant, accounts, api_tokens};
use sea_orm::{DbBackend, DbErr, QueryResult, Value};

use super::statement_kind::StatementKind;
use super::{Store, StoreError};
use crate::auth::Key;

/// Makes a key of an account; gives the token's id and the key, which is shown nowhere else. `None`: no such account.
///
/// `expires_at` is the first instant at which the key is refused; without it, the key holds until it is revoked.
///
/// # Errors
///
/// As they come.
pub async fn create(
    store: &Store,
    account_id: i64,
    name: &str,
    expires_at: Option<Instant>,
    now: Instant,
) -> Result<Option<(i64, Key)>, StoreError> {
    let key = Key::generate();
    let values = [
        Value::from(account_id),
        Value::from(name),
        Value::from(key.hash().to_vec()),
        now.value(store.backend()),
        Instant::optional_value(expires_at, store.backend()),
    ];
    let made = store.write(store.statement(CREATE, values)).await?;
    let Some(row) = made.first() else {
        return Ok(None);
    };
    Ok(Some((row.try_get_by_index(0)?, key)))
}

/// All tokens, by ascending id.
///
/// # Errors
///
/// As they come.
pub async fn list(store: &Store) -> Result<Vec<api_tokens::Model>, StoreError> {
    let rows = store.rows(store.named(StatementKind::Tokens, LIST, [])).await?;
    Ok(rows.iter().map(model).collect::<Result<_, _>>()?)
}

/// Revokes a token for ever. `false`: there is none of this id. Once revoked, it keeps its first instant.
///
/// # Errors
///
/// As they come.
pub async fn revoke(store: &Store, id: i64, now: Instant) -> Result<bool, StoreError> {
    let values = [Value::from(id), now.value(store.backend())];
    Ok(!store.write(store.statement(REVOKE, values)).await?.is_empty())
}

/// The token of a key's hash, and its account, in one statement.
///
/// # Errors
///
/// As they come.
pub async fn find(
    store: &Store,
    hash: &[u8; 32],
) -> Result<Option<(api_tokens::Model, accounts::Model)>, StoreError> {
    let rows = store
        .rows(store.named(StatementKind::Token, FIND, [Value::from(hash.to_vec())]))
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Ok(Some((model(row)?, super::accounts::model(row, TOKEN_COLUMNS)?)))
}

/// The tokens of these ids, each with its account.
///
/// # Errors
///
/// As they come.
pub async fn of_ids(
    store: &Store,
    ids: &[i64],
) -> Result<Vec<(api_tokens::Model, accounts::Model)>, StoreError> {
    let (text, ids) = if store.backend() == DbBackend::Sqlite {
        (OF_IDS_SQLITE, Value::from(format!("{ids:?}")))
    } else {
        (OF_IDS_POSTGRES, Value::from(ids.to_vec()))
    };
    let rows = store
        .rows(store.named(StatementKind::HeldTokens, text, [ids]))
        .await?;
    let both = |row| -> Result<_, DbErr> { Ok((model(row)?, super::accounts::model(row, TOKEN_COLUMNS)?)) };
    Ok(rows.iter().map(both).collect::<Result<_, _>>()?)
}

fn model(row: &QueryResult) -> Result<api_tokens::Model, DbErr> {
    Ok(api_tokens::Model {
        id: row.try_get_by_index(0)?,
        account_id: row.try_get_by_index(1)?,
        name: row.try_get_by_index(2)?,
        hash: row.try_get_by_index(3)?,
        created_at: row.try_get_by_index(4)?,
        expires_at: row.try_get_by_index(5)?,
        revoked_at: row.try_get_by_index(6)?,
    })
}

const CREATE: &str = "
INSERT INTO api_tokens (account_id, name, hash, created_at, expires_at)
SELECT id, $2, $3, $4, $5 FROM accounts WHERE id = $1 RETURNING id";

const LIST: &str = "
SELECT id, account_id, name, hash, created_at, expires_at, revoked_at FROM api_tokens ORDER BY id";

const REVOKE: &str = "
UPDATE api_tokens SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1 RETURNING id";

/// How many columns of the texts are the token's; the account's follow.
const TOKEN_COLUMNS: usize = 7;
macro_rules! token_and_account {
    ($condition:literal) => {
        concat!(
            "SELECT t.id, t.account_id, t.name, t.hash, t.created_at, t.expires_at, t.revoked_at, \
             a.id, a.name, a.token_hash, a.created_at \
             FROM api_tokens t JOIN accounts a ON a.id = t.account_id WHERE ",
            $condition
        )
    };
}
const FIND: &str = token_and_account!("t.hash = $1");
const OF_IDS_SQLITE: &str = token_and_account!("t.id IN (SELECT value FROM json_each($1))");
const OF_IDS_POSTGRES: &str = token_and_account!("t.id = ANY($1)");
