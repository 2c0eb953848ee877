//! All imports, looked through for values that break the promises of their table.
//!
//! Takes a store and where to go on; gives what is wrong, a portion of the table at a time. Applications write the table
//! themselves, and may have dropped its checks.

use sea_orm::Value;

use super::row::{self, Fields, Unreadable};
use crate::store::shape::{Named, Shape};
use crate::store::{Store, StoreError};

/// Rows read at once.
const PORTION: usize = 1000;

/// What one portion of the table came to.
#[derive(Debug)]
pub struct Portion {
    /// What is wrong, in the order of the table; of a row that cannot be shown at all its first such value.
    pub unreadable: Vec<Unreadable>,
    /// How many rows were read.
    pub rows: usize,
    /// Where the next portion begins; `None`: this was the last.
    pub next: Option<(i64, i64)>,
}

const START: &str = "SELECT id, completed_at, file_name, file_size, note, type, status, created_at, updated_at, account_id \
                     FROM imports ORDER BY account_id, id LIMIT $1";
const AFTER: &str = "SELECT id, completed_at, file_name, file_size, note, type, status, created_at, updated_at, account_id \
                     FROM imports WHERE (account_id, id) > ($2, $3) ORDER BY account_id, id LIMIT $1";

/// Reads the portion after an account and id, or the first.
///
/// # Errors
///
/// [`StoreError`].
pub async fn portion(store: &Store, after: Option<(i64, i64)>) -> Result<Portion, StoreError> {
    let limit = Value::from(PORTION as i64);
    let (text, values) = match after {
        None => (START, vec![limit]),
        Some((account_id, id)) => (AFTER, vec![limit, account_id.into(), id.into()]),
    };
    let statement = sea_orm::Statement::from_sql_and_values(store.backend(), text, values);
    let shape = Shape::Check;
    let rows = store.rows(Named { shape, statement }).await?;
    let (mut unreadable, mut next) = (Vec::new(), None);
    for row in &rows {
        let (id, account_id) = (row.try_get_by_index(0)?, row.try_get_by_index(9)?);
        let failed = row::decode(row, account_id, Fields::ALL, &mut unreadable).err();
        unreadable.extend(failed);
        next = Some((account_id, id));
    }
    Ok(Portion {
        unreadable,
        rows: rows.len(),
        next: next.filter(|_| rows.len() == PORTION),
    })
}
