//! Notes made into changes: one a row, with the row as it is now.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::store::changes::{self, Note, Old, Point};
use crate::store::query::table::{Cell, Column, Fields, Table};
use crate::store::{Store, StoreError};

/// Rows read at once.
const ROWS: usize = 100;
/// How often the database is asked how far its log is on the disk, and how long.
const FLUSH_PAUSE: Duration = Duration::from_millis(20);
const FLUSH_WAIT: Duration = Duration::from_secs(3);

/// Changes of one account that were read at once.
#[derive(Debug)]
pub(super) struct Batch<T> {
    /// The note of any account behind which it begins, and the last one that was looked at.
    pub(super) start: Point,
    pub(super) end: Point,
    /// What was read of the rows.
    pub(super) fields: Fields,
    pub(super) changes: Vec<Change<T>>,
}

/// A row that was written, once or several times.
#[derive(Debug)]
pub(super) struct Change<T> {
    /// Its first note in the batch.
    pub(super) point: Point,
    pub(super) id: i64,
    /// What it was before each of them.
    pub(super) old: Vec<Old<T>>,
    /// What it is.
    pub(super) now: Option<Arc<T>>,
}

/// Waits until all that can be seen now would outlive a crash of the database: what was told once must not be taken back.
pub(super) async fn flushed<T: Table>(store: &Store) -> Result<(), StoreError> {
    let begun = Instant::now();
    let seen = changes::newest::<T>(store).await?.log;
    let mut now = seen;
    while !seen.is_flushed(now) {
        if begun.elapsed() > FLUSH_WAIT {
            return Err(StoreError::late());
        }
        sleep(FLUSH_PAUSE).await;
        now = changes::newest::<T>(store).await?.log;
    }
    Ok(())
}

/// Notes as changes, one a row, in the place of its first note; breaks are left out.
pub(super) fn changes_of<'a, T: Table>(notes: impl Iterator<Item = &'a Note<T>>) -> Vec<(i64, Change<T>)> {
    let (mut changes, mut places): (Vec<(i64, Change<T>)>, _) = (Vec::new(), HashMap::new());
    for note in notes {
        let (Some(account_id), Some(id)) = (note.account_id, note.id) else {
            continue;
        };
        let place = *places.entry((account_id, id)).or_insert_with(|| {
            changes.push((
                account_id,
                Change {
                    point: note.point,
                    id,
                    old: Vec::new(),
                    now: None,
                },
            ));
            changes.len() - 1
        });
        changes[place].1.old.push(note.old.clone());
    }
    changes
}

/// The same, with the rows as they are now.
///
/// # Errors
///
/// [`StoreError`].
pub(super) async fn with_rows<T: Table>(
    store: &Store,
    mut changes: Vec<(i64, Change<T>)>,
    fields: Fields,
) -> Result<Vec<(i64, Change<T>)>, StoreError> {
    let id_of = |row: &T, column| match row.cell(column) {
        Cell::Number(number) => number,
        _ => 0,
    };
    for some in changes.chunks_mut(ROWS) {
        let keys: Vec<_> = some
            .iter()
            .map(|(account_id, change)| (*account_id, change.id))
            .collect();
        let rows = changes::rows::<T>(store, &keys, fields).await?;
        let mut rows: HashMap<_, _> = rows
            .into_iter()
            .map(|row| {
                (
                    (id_of(&row, T::Column::ACCOUNT), id_of(&row, T::Column::ID)),
                    Arc::new(row),
                )
            })
            .collect();
        for (account_id, change) in some {
            change.now = rows.remove(&(*account_id, change.id));
        }
    }
    Ok(changes)
}
