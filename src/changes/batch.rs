//! Notes made into changes: one a row, with the row as it is now.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::store::changes::{self, Note, Old, Point};
use crate::store::query::table::{Cell, Column, Fields, Table};
use crate::store::{Store, StoreError};

/// Rows read at once, at first and at most: how large they are is known only then.
const FIRST_ROWS: usize = 4;
const MOST_ROWS: usize = 32;
/// Of rows as large as this no more are read until these were told. **Unit**: bytes.
const MOST_BYTES: usize = 4 << 20;
/// How often the database is asked how far its log is on the disk, and how long.
const FLUSH_PAUSE: Duration = Duration::from_millis(20);
const FLUSH_WAIT: Duration = Duration::from_secs(3);

/// Changes of one account that were read at once.
#[derive(Debug)]
pub(super) struct Batch<T> {
    /// The note of any account behind which it begins, and the last one that was looked at.
    pub(super) start: Point,
    pub(super) end: Point,
    /// What was read of the rows, and since when.
    pub(super) fields: Fields,
    pub(super) read_at: Instant,
    pub(super) changes: Vec<Change<T>>,
}

impl<T: Table> Batch<T> {
    /// How much memory its rows take, about. **Unit**: bytes.
    pub(super) fn bytes(&self) -> usize {
        let rows = self.changes.iter().filter_map(|change| change.now.as_deref());
        rows.map(bytes_of).sum()
    }
}

fn bytes_of<T: Table>(row: &T) -> usize {
    let texts = T::Column::ALL.iter().map(|column| match row.cell(*column) {
        Cell::Text(text) => text.len(),
        _ => 8,
    });
    texts.sum()
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
    let mut lasts = HashMap::new();
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
        // Of a transaction only what there was before it could be seen.
        let transaction = note.point.transaction;
        if transaction == 0 || lasts.insert((account_id, id), transaction) != Some(transaction) {
            changes[place].1.old.push(note.old.clone());
        }
    }
    changes
}

/// The first of these, with their rows as they are now; and where the next one begins, as far as rows are too large to be read
/// at once.
///
/// # Errors
///
/// [`StoreError`].
pub(super) async fn with_rows<T: Table>(
    store: &Store,
    mut changes: Vec<(i64, Change<T>)>,
    fields: Fields,
) -> Result<(Vec<(i64, Change<T>)>, Option<Point>), StoreError> {
    let id_of = |row: &T, column| match row.cell(column) {
        Cell::Number(number) => number,
        _ => 0,
    };
    let (mut read, mut bytes, mut size) = (0, 0, FIRST_ROWS);
    while read < changes.len() && bytes < MOST_BYTES {
        let end = changes.len().min(read + size);
        let some = &mut changes[read..end];
        let keys: Vec<_> = some
            .iter()
            .map(|(account_id, change)| (*account_id, change.id))
            .collect();
        let rows = changes::rows::<T>(store, &keys, fields).await?;
        let of_these: usize = rows.iter().map(bytes_of).sum();
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
        (read, bytes) = (end, bytes + of_these);
        if of_these < MOST_BYTES / 4 {
            size = MOST_ROWS.min(2 * size);
        }
    }
    let next = changes.get(read).map(|(_, change)| change.point);
    changes.truncate(read);
    Ok((changes, next))
}

/// The last of some notes, or the last before a point where one is given.
pub(super) fn last_before<T>(notes: &[Note<T>], point: Option<Point>) -> Option<Point> {
    let is_before = |note: &&Note<T>| point.is_none_or(|point| note.point < point);
    notes.iter().rfind(is_before).map(|note| note.point)
}
