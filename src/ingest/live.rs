//! Imports that keep moving, for a demonstration: one step at a time.
//!
//! Takes an account and the time, changes some of its rows and adds others. Deliberately absent: the clock and the beat.

use entity::{ImportStatus, Instant, imports};

use super::generate::{FIRST_ID, Generator, ended_state, has_ended, note};
use super::random::Random;
use crate::store::{Store, StoreError};

/// What has not changed for so long is stuck, and stays so. **Unit**: microseconds.
const STUCK_AFTER: i64 = 3_600_000_000;

/// States that an import leaves by itself.
const MOVING: [ImportStatus; 4] = [
    ImportStatus::New,
    ImportStatus::Queued,
    ImportStatus::Processing,
    ImportStatus::RollingBack,
];

/// Moves some of an account's newest imports on through their states, adds none to two new ones, and gives how many rows
/// it wrote. Those that have not changed for an hour stay as they are.
///
/// `updated_at` is `now`, or just after the row's last where that is later, so it always rises.
///
/// # Errors
///
/// [`StoreError`]; nothing is then changed.
pub async fn live_step(
    store: &Store,
    account_id: i64,
    random: &mut Random,
    now: Instant,
) -> Result<u64, StoreError> {
    let moving = store.newest_imports(account_id, &MOVING, 50).await?;
    let mut rows: Vec<_> = moving
        .into_iter()
        .filter(|row| now.micros() - row.updated_at.micros() < STUCK_AFTER)
        .filter_map(|row| random.chance(400).then(|| moved(random, row, now)).flatten())
        .collect();
    let added = random.below(3).unsigned_abs();
    let highest = store.highest_import(account_id).await?.unwrap_or(FIRST_ID - 1);
    let made = Generator::new(random.next(), highest.saturating_add(1), added, now);
    rows.extend(made.map(|row| imports::Model {
        account_id,
        status: ImportStatus::New,
        completed_at: None,
        note: None,
        created_at: now,
        updated_at: now,
        ..row
    }));
    store.replace_older(&rows).await
}

/// The import one state further; `None` where time has no more room.
fn moved(random: &mut Random, mut row: imports::Model, now: Instant) -> Option<imports::Model> {
    row.status = match row.status {
        ImportStatus::New => ImportStatus::Queued,
        ImportStatus::Queued => ImportStatus::Processing,
        ImportStatus::RollingBack => ImportStatus::RolledBack,
        _ => ended_state(random),
    };
    row.updated_at = now.max(Instant::from_micros(row.updated_at.micros().checked_add(1)?)?);
    row.completed_at = has_ended(row.status).then_some(row.updated_at);
    if let Some(note) = has_ended(row.status).then(|| note(random, row.status)).flatten() {
        row.note = Some(note);
    }
    Some(row)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn moving_on_always_raises_the_time_of_the_last_change() {
        let mut random = Random::new(5);
        let until = Instant::from_micros(2_000_000_000_000_000).unwrap();
        let row = Generator::new(1, 1, 1, until).next().unwrap();
        let mut row = imports::Model {
            status: ImportStatus::New,
            completed_at: None,
            ..row
        };
        let past = Instant::from_micros(0).unwrap();
        while !has_ended(row.status) {
            let next = moved(&mut random, row.clone(), past).unwrap();
            assert_eq!(next.updated_at.micros(), row.updated_at.micros() + 1);
            assert_eq!(
                next.completed_at,
                has_ended(next.status).then_some(next.updated_at)
            );
            row = next;
        }
    }
}
