//! Rows of several accounts, as they are now.

use sea_orm::{DbBackend, Value};

use crate::store::query::table::{Column, Fields, Table};
use crate::store::query::{Unreadable, decode};
use crate::store::statement_kind::StatementKind;
use crate::store::{Store, StoreError};

/// The rows of these accounts and ids as they are now, in no order; what is gone is left out, and what cannot be read, which
/// is told.
///
/// # Errors
///
/// [`StoreError`].
pub async fn rows<T: Table>(
    store: &Store,
    keys: &[(i64, i64)],
    fields: Fields,
) -> Result<Vec<T>, StoreError> {
    let fields = fields.with(T::Column::ID);
    let listed: String = fields
        .iter::<T::Column>()
        .map(|column| format!("{}, ", column.name()))
        .collect();
    let (text, values) = if store.backend == DbBackend::Sqlite {
        let keys: Vec<_> = keys.iter().map(|(account_id, id)| [account_id, id]).collect();
        let text = format!(
            "SELECT {listed}account_id FROM (SELECT value AS wanted FROM json_each(?1)) CROSS JOIN {table} \
             ON account_id = wanted ->> 0 AND id = wanted ->> 1",
            table = T::NAME
        );
        (text, vec![Value::from(format!("{keys:?}"))])
    } else {
        let text = format!(
            "SELECT {listed}row.account_id FROM unnest($1::bigint[], $2::bigint[]) AS wanted (account_id, row_id), \
             LATERAL (SELECT * FROM {table} WHERE account_id = wanted.account_id AND id = row_id LIMIT 1) AS row",
            table = T::NAME
        );
        let (accounts, ids): (Vec<_>, Vec<_>) = keys.iter().copied().unzip();
        (text, vec![Value::from(accounts), Value::from(ids)])
    };
    let found = store
        .rows(store.named(StatementKind::Changed, text, values))
        .await?;
    let place = fields.iter::<T::Column>().count();
    let (mut rows, mut unreadable) = (Vec::with_capacity(found.len()), Vec::new());
    for row in &found {
        match decode(row, row.try_get_by_index(place)?, fields, &mut unreadable) {
            Ok(row) => rows.push(row),
            Err(error) => unreadable.push(error),
        }
    }
    tell(store, &unreadable);
    Ok(rows)
}

fn tell(store: &Store, unreadable: &[Unreadable]) {
    for one in unreadable {
        store.metrics().unreadable(one.column);
    }
    store.replaced.tell(unreadable);
}
