//! All rows of a table, looked through for values that break its promises.
//!
//! Takes a store and where to go on; gives what is wrong, a portion of the table at a time. Applications write the table
//! themselves, and may have dropped its checks.

use sea_orm::Value;

use super::rows::{self, Unreadable};
use super::table::{Column, Fields, Table};
use crate::store::bulk::names;
use crate::store::statement_kind::StatementKind;
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

/// Reads the portion after an account and id, or the first.
///
/// # Errors
///
/// [`StoreError`].
pub async fn portion<T: Table>(store: &Store, after: Option<(i64, i64)>) -> Result<Portion, StoreError> {
    let columns = T::Column::ALL;
    let mut values = vec![Value::from(PORTION as i64)];
    let mut bound = "";
    if let Some((account_id, id)) = after {
        values.extend([Value::from(account_id), id.into()]);
        bound = "WHERE (account_id, id) > ($2, $3) ";
    }
    let (table, listed) = (T::NAME, names(columns));
    let text = format!("SELECT {listed}, account_id FROM {table} {bound}ORDER BY account_id, id LIMIT $1");
    let found = store
        .rows(store.named(StatementKind::Check, text, values))
        .await?;
    let (mut unreadable, mut next) = (Vec::new(), None);
    for row in &found {
        let (id, account_id) = (row.try_get_by_index(0)?, row.try_get_by_index(columns.len())?);
        let decoded = rows::decode::<T>(row, account_id, Fields::ALL, &mut unreadable);
        unreadable.extend(decoded.err());
        next = Some((account_id, id));
    }
    Ok(Portion {
        unreadable,
        rows: found.len(),
        next: next.filter(|_| found.len() == PORTION),
    })
}
