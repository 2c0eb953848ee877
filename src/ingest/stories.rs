//! Imports worth finding, among the generated ones of the demo: what people look for in a list like this.
//!
//! Takes a seed, a first id, a number and the time; gives as many imports as asked for. Their days are counted back from
//! that time, so that "on Tuesday" and "for more than an hour" are true whenever a demo starts:
//!
//! - one failed import with "fuel" in its name on the last Tuesday, and no other such failure in two weeks;
//! - a night, twelve days ago, in which all files of one source failed, and the one that put it right;
//! - one import that has not moved for hours, beside some that are under way;
//! - a type that hardly anybody uses;
//! - names that are written from right to left, and names with umlauts.
//!
//! Deliberately absent: the clock, and stories in a list too short to hide them.

use entity::{ImportStatus, Instant, imports};

use super::generate::{self, FIRST_ID, Generator, has_ended};
use crate::store::query::table::Table as _;
use crate::store::{Store, StoreError};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The shortest list that has them. **Unit**: rows.
const LEAST_ROWS: u64 = 1_000;
/// How many files failed in one night.
const NIGHT: i64 = 64;
/// What the one failure has in its name, and no other in so many days.
const FUEL: &str = "fuel";
const FUEL_DAYS: i64 = 14;

/// Stores `rows` imports of an account that has none, as [`imports_until`] gives them.
///
/// # Errors
///
/// [`StoreError`]; some of them may then be stored.
pub async fn fill(
    store: &Store,
    account_id: i64,
    rows: u64,
    seed: u64,
    now: Instant,
) -> Result<u64, StoreError> {
    generate::insert(
        store,
        account_id,
        imports_until(seed, FIRST_ID, rows, now),
        |_| {},
    )
    .await
}

/// `rows` imports of account 0 in the order of their ids and of `created_at`, with ids from `first_id` on.
///
/// Below 1,000 rows they are those of [`Generator`] alone. Among more, those that are under way were changed within the
/// last hour, but for one.
pub fn imports_until(
    seed: u64,
    first_id: i64,
    rows: u64,
    now: Instant,
) -> impl Iterator<Item = imports::Model> {
    let mut stories = if rows < LEAST_ROWS {
        Vec::new()
    } else {
        stories(now)
    };
    stories.sort_by_key(|row| row.created_at);
    let has_stories = !stories.is_empty();
    let others = Generator::new(seed, first_id, rows - stories.len() as u64, now);
    let mut others = others
        .map(move |row| if has_stories { without_story(row, now) } else { row })
        .peekable();
    let mut stories = stories.into_iter().peekable();
    let merged = std::iter::from_fn(move || match (others.peek(), stories.peek()) {
        (Some(other), Some(story)) if story.created_at < other.created_at => stories.next(),
        (None, Some(_)) => stories.next(),
        _ => others.next(),
    });
    (first_id..)
        .zip(merged)
        .map(|(id, row)| imports::Model { id, ..row })
}

/// A generated import that is taken for none of the stories.
fn without_story(mut row: imports::Model, now: Instant) -> imports::Model {
    let is_recent = now.micros() - row.created_at.micros() < FUEL_DAYS * DAY;
    if row.status == ImportStatus::Failed && is_recent && row.file_name.contains(FUEL) {
        row.status = ImportStatus::Complete;
        row.note = None;
    }
    if !has_ended(row.status) {
        row.status = match row.status {
            ImportStatus::RollingBack => ImportStatus::RolledBack,
            _ => ImportStatus::Complete,
        };
        let least = row.created_at.micros() + 40 * SECOND;
        let ended = Instant::from_micros(least).map_or(now, |least| least.max(row.updated_at).min(now));
        (row.updated_at, row.completed_at) = (ended, Some(ended));
    }
    row
}

/// An import that began `ago` before `now`, and was changed last `took` after that. **Unit**: microseconds.
fn import(
    now: Instant,
    (ago, took): (i64, i64),
    (kind, file_name, file_size): (&str, &str, i64),
    status: ImportStatus,
    note: Option<&str>,
) -> Option<imports::Model> {
    // No clock gives round numbers.
    let created = now.micros() - ago + 345_678;
    let updated_at = Instant::from_micros((created + took).min(now.micros()))?;
    Some(imports::Model {
        kind: kind.to_owned(),
        file_name: file_name.to_owned(),
        file_size,
        note: note.map(str::to_owned),
        status,
        created_at: Instant::from_micros(created)?,
        updated_at,
        completed_at: has_ended(status).then_some(updated_at),
        ..imports::Model::empty(0)
    })
}

fn stories(now: Instant) -> Vec<imports::Model> {
    let rest = [unmoved(now), under_way(now), rare(now), names(now)].concat();
    let told = [failed_fuel(now)]
        .into_iter()
        .chain(failed_night(now))
        .chain(rest);
    told.flatten().collect()
}

/// At ten in the morning of a day, in UTC: on most of the Earth it is the same day then.
fn since_morning(now: Instant, day: i64) -> i64 {
    now.micros() - (day * DAY + 10 * HOUR)
}

/// The last Tuesday whose morning is an hour ago or more. **Unit**: days since 1970, which began with a Thursday.
fn last_tuesday(now: Instant) -> i64 {
    let day = (now.micros() - 11 * HOUR).div_euclid(DAY);
    day - (day + 2).rem_euclid(7)
}

fn failed_fuel(now: Instant) -> Option<imports::Model> {
    let times = (since_morning(now, last_tuesday(now)), 42 * SECOND);
    let file = ("FuelEntryImport", "fuel_cards_north.csv", 48_213);
    let note = "Line 118: \"Liters\" is not a number: \"n/a\"";
    import(now, times, file, ImportStatus::Failed, Some(note))
}

fn failed_night(now: Instant) -> impl Iterator<Item = Option<imports::Model>> {
    let morning = since_morning(now, now.micros().div_euclid(DAY) - 12);
    let failed = (0..NIGHT).map(move |number| {
        let times = (morning + 8 * HOUR - number * 41 * SECOND, 3 * SECOND);
        let name = format!("telematics_{:03}.csv", number + 1);
        let file = ("MeterEntryImport", name.as_str(), 20_480 + 97 * number);
        let note = "Line 1: column \"Odometer\" is missing";
        import(now, times, file, ImportStatus::Failed, Some(note))
    });
    let again = ("MeterEntryImport", "telematics_all_corrected.csv", 1_506_304);
    let note = "All files of the night in one";
    let righted = import(
        now,
        (morning, 95 * SECOND),
        again,
        ImportStatus::Complete,
        Some(note),
    );
    failed.chain([righted])
}

fn unmoved(now: Instant) -> Vec<Option<imports::Model>> {
    let file = ("PartImport", "inventory_full_export.xlsx", 1_912_602_624);
    vec![import(
        now,
        (5 * HOUR, 20 * MINUTE),
        file,
        ImportStatus::Processing,
        None,
    )]
}

fn under_way(now: Instant) -> Vec<Option<imports::Model>> {
    let running = |ago, took, file, status| import(now, (ago * MINUTE, took * SECOND), file, status, None);
    let vehicles = |name| ("VehicleImport", name, 91_344);
    vec![
        running(
            14,
            700,
            vehicles("Fahrzeuge_München.csv"),
            ImportStatus::Processing,
        ),
        running(11, 9, vehicles("vehicles_south.csv"), ImportStatus::Processing),
        running(
            9,
            480,
            ("ContactImport", "drivers.csv", 7_902),
            ImportStatus::RollingBack,
        ),
        running(6, 4, vehicles("fleet_2.xlsx"), ImportStatus::Processing),
        running(
            4,
            2,
            ("ServiceEntryImport", "entretien_Québec.csv", 30_118),
            ImportStatus::Queued,
        ),
        running(
            2,
            0,
            ("ContactImport", "contacts_depot 7.csv", 12_440),
            ImportStatus::New,
        ),
    ]
}

fn rare(now: Instant) -> Vec<Option<imports::Model>> {
    let claims = |name, days, status, note| {
        let file = ("WarrantyClaimImport", name, 5_310);
        import(now, (days * DAY + 3 * HOUR, 6 * SECOND), file, status, note)
    };
    vec![
        claims("warranty_claims.csv", 401, ImportStatus::Complete, None),
        claims(
            "warranty_claims_2.csv",
            187,
            ImportStatus::PartiallyComplete,
            Some("2 rows skipped, the first in line 31"),
        ),
        claims(
            "Garantieansprüche.csv",
            33,
            ImportStatus::Complete,
            Some("Asked for by accounting"),
        ),
    ]
}

fn names(now: Instant) -> Vec<Option<imports::Model>> {
    let complete = |kind, name, hours| {
        let times = (hours * HOUR, 50 * SECOND);
        import(now, times, (kind, name, 66_190), ImportStatus::Complete, None)
    };
    vec![
        complete("FuelEntryImport", "وقود_الأسطول.csv", 9),
        complete("ServiceEntryImport", "טיפולים ודלק (2).xlsx", 13),
        complete("FuelEntryImport", "تقرير fuel 2026.csv", 17),
        complete("VehicleImport", "Überführung Ölmühle, größere Fahrzeuge.csv", 21),
    ]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ImportStatus as S;

    /// Some instant of each day of a week, and of the hours around the story's own.
    fn starts() -> Vec<Instant> {
        let monday = crate::rfc3339::parse("2026-11-30T00:30:00Z").unwrap().micros;
        (0..7 * 24)
            .step_by(5)
            .map(|hour| Instant::from_micros(monday + hour * HOUR).unwrap())
            .collect()
    }

    fn demo(now: Instant) -> Vec<imports::Model> {
        imports_until(1, FIRST_ID, 10_000, now).collect()
    }

    #[test]
    fn as_many_imports_as_asked_for_are_in_order_and_none_is_of_the_future() {
        let now = starts()[7];
        for rows in [0, 1, 999, 1_000, 10_000] {
            let all: Vec<_> = imports_until(1, FIRST_ID, rows, now).collect();
            assert_eq!(all.len() as u64, rows);
            assert!((FIRST_ID..).zip(&all).all(|(id, row)| row.id == id));
            assert!(all.is_sorted_by_key(|row| row.created_at));
            for row in &all {
                assert!(
                    row.created_at <= row.updated_at && row.updated_at <= now,
                    "{row:?}"
                );
                assert_eq!(row.completed_at.is_some(), has_ended(row.status), "{row:?}");
                let ended = row.completed_at.unwrap_or(row.created_at);
                assert!(row.created_at <= ended && ended <= row.updated_at, "{row:?}");
                assert!(row.file_size > 0 && !row.file_name.is_empty());
            }
        }
        assert_eq!(demo(now), demo(now));
    }

    #[test]
    fn short_lists_are_the_generators() {
        let now = starts()[0];
        let plain = Generator::new(1, FIRST_ID, 999, now);
        assert!(imports_until(1, FIRST_ID, 999, now).eq(plain));
    }

    #[test]
    fn one_import_with_fuel_in_its_name_failed_on_the_last_tuesday_whenever_the_demo_starts() {
        for now in starts() {
            let found: Vec<_> = demo(now)
                .into_iter()
                .filter(|row| row.status == S::Failed && row.file_name.to_lowercase().contains(FUEL))
                .filter(|row| now.micros() - row.created_at.micros() < FUEL_DAYS * DAY)
                .collect();
            let [story] = &found[..] else { panic!("{found:?}") };
            let day = story.created_at.micros().div_euclid(DAY);
            // 1 December 2026 is a Tuesday.
            let tuesday = crate::rfc3339::parse("2026-12-01T00:00:00Z").unwrap().micros / DAY;
            assert_eq!((day - tuesday).rem_euclid(7), 0, "{now}: {story:?}");
            let ago = now.micros() - story.created_at.micros();
            assert!((0..7 * DAY + HOUR).contains(&ago), "{now}: {story:?}");
        }
    }

    #[test]
    fn one_import_is_stuck_and_some_are_under_way() {
        for now in starts() {
            let all = demo(now);
            let (stuck, moving): (Vec<_>, Vec<_>) = all
                .iter()
                .filter(|row| !has_ended(row.status))
                .partition(|row| now.micros() - row.updated_at.micros() > HOUR);
            assert_eq!(stuck.len(), 1, "{stuck:?}");
            assert_eq!(stuck[0].file_name, "inventory_full_export.xlsx");
            for status in [S::New, S::Queued, S::Processing, S::RollingBack] {
                assert!(moving.iter().any(|row| row.status == status), "{status:?}");
            }
        }
    }

    #[test]
    fn a_night_of_failures_stands_out_among_its_days() {
        let now = starts()[20];
        let mut of_day = std::collections::BTreeMap::new();
        for row in demo(now).iter().filter(|row| row.status == S::Failed) {
            *of_day
                .entry((now.micros() / DAY) - row.created_at.micros() / DAY)
                .or_insert(0) += 1;
        }
        let night = of_day.remove(&12).unwrap();
        let next = of_day.values().max().unwrap();
        assert!(night >= NIGHT && night > *next, "{night} beside {next}");
        assert!(
            of_day
                .iter()
                .filter(|(ago, _)| **ago < 30)
                .all(|(_, count)| *count < NIGHT / 2)
        );
    }

    #[test]
    fn a_type_is_rare_and_names_are_of_many_scripts() {
        let all = demo(starts()[3]);
        assert_eq!(
            all.iter().filter(|row| row.kind == "WarrantyClaimImport").count(),
            3
        );
        let recent: String = all[9_900..].iter().map(|row| row.file_name.as_str()).collect();
        for letter in ['ö', 'Ü', 'ق', 'ט'] {
            assert!(recent.contains(letter), "{letter}");
        }
    }
}
