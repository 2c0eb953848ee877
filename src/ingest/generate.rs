//! Believable imports of a fleet platform, the same for the same seed on every machine and in every version.
//!
//! Takes a seed, a first id, a number and an end; gives rows in the order of their ids. Only integer arithmetic and the
//! small generator below are used, no library's distributions and no floating point, so nothing else can change what a
//! seed means. Deliberately absent: the clock; who wants imports until now says when that is.

use entity::{ImportStatus, Instant, imports};

use super::random::Random;
use crate::store::query::table::Table as _;
use crate::store::{Store, StoreError};

/// The id of the first import of an account that has none.
pub const FIRST_ID: i64 = 1_240_000_001;
/// Rows that are stored at once.
const CHUNK_ROWS: usize = 10_000;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// Over which imports are spread. **Unit**: microseconds.
const SPAN: i64 = 730 * DAY;
/// As many of the newest as may still be under way.
const UNDER_WAY: u64 = 12;

/// Generated imports of account 0; see [`fill`] for those of another.
///
/// `rows` rows, ids one after another, `created_at` never falling, bursts of 5 to 500 with one `created_at`,
/// `updated_at` at least `created_at`, `completed_at` only in states that have ended, and no instant after `until`.
#[derive(Clone, Debug)]
pub struct Generator {
    random: Random,
    next_id: i64,
    left: u64,
    created_at: i64,
    /// Rows to come with the same `created_at`, and what all of them are.
    burst_left: u64,
    burst_kind: usize,
    until: i64,
}

impl Generator {
    /// `rows` imports with ids from `first_id` on, over the two years before `until`.
    #[must_use]
    pub fn new(seed: u64, first_id: i64, rows: u64, until: Instant) -> Self {
        Self {
            random: Random::new(seed),
            next_id: first_id,
            left: rows,
            created_at: (until.micros() - SPAN).max(Instant::MIN.micros()),
            burst_left: 0,
            burst_kind: 0,
            until: until.micros(),
        }
    }

    /// Moves on to the next creation: an even share of the time that is left, more or less, and never past the end.
    fn next_creation(&mut self) {
        if self.burst_left > 0 {
            self.burst_left -= 1;
            return;
        }
        // The last row lies some minutes before the end.
        let share = (self.until - 5 * 60 * SECOND - self.created_at).max(0) / self.left.max(1) as i64;
        self.created_at += self.random.below(2 * share + 1).min(self.until - self.created_at);
        self.burst_kind = self.random.below(KINDS.len() as i64) as usize;
        if self.random.chance(3) {
            let longest = 1_i64 << (3 + self.random.below(7));
            self.burst_left = (4 + self.random.below(longest.min(496))).unsigned_abs();
        }
    }
}

impl Iterator for Generator {
    type Item = imports::Model;

    fn next(&mut self) -> Option<imports::Model> {
        let left_after = self.left.checked_sub(1)?;
        let id = self.next_id;
        self.next_id = id.checked_add(1)?;
        self.next_creation();
        let kind = KINDS.get(self.burst_kind).unwrap_or(&KINDS[0]);
        let created_at = Instant::from_micros(self.created_at)?;
        let random = &mut self.random;
        let status = if left_after < UNDER_WAY && random.chance(600) {
            UNDER_WAY_STATES[random.below(UNDER_WAY_STATES.len() as i64) as usize]
        } else {
            ended_state(random)
        };
        let mut import = imports::Model {
            id,
            file_name: file_name(random, kind, created_at),
            file_size: random.around_power(kind.middle_size),
            note: note(random, status),
            kind: kind.name.to_owned(),
            status,
            created_at,
            updated_at: created_at,
            ..imports::Model::empty(0)
        };
        let latest = self.until - self.created_at;
        if status != ImportStatus::New {
            // Most take seconds to minutes.
            let took = (random.around_power(25) + random.below(SECOND)).min(latest);
            import.updated_at = Instant::from_micros(self.created_at + took)?;
        }
        if has_ended(status) {
            import.completed_at = Some(import.updated_at);
        }
        if status == ImportStatus::RolledBack || status == ImportStatus::RollingBack || random.chance(20) {
            // Somebody came back to it later.
            let later = random.below((self.until - import.updated_at.micros()).min(9 * DAY) + 1);
            import.updated_at = Instant::from_micros(import.updated_at.micros() + later)?;
        }
        self.left = left_after;
        Some(import)
    }
}

/// Whether an import in this state has come to an end, so that it has a `completed_at`.
#[must_use]
pub const fn has_ended(status: ImportStatus) -> bool {
    match status {
        ImportStatus::New | ImportStatus::Queued | ImportStatus::Processing | ImportStatus::RollingBack => {
            false
        }
        ImportStatus::PartiallyComplete
        | ImportStatus::Failed
        | ImportStatus::Complete
        | ImportStatus::Incomplete
        | ImportStatus::RolledBack
        | ImportStatus::Unsupported => true,
    }
}

const UNDER_WAY_STATES: [ImportStatus; 4] = [
    ImportStatus::New,
    ImportStatus::Queued,
    ImportStatus::Processing,
    ImportStatus::Processing,
];

/// The state of an import that is long done.
pub(super) fn ended_state(random: &mut Random) -> ImportStatus {
    match random.below(10_000) {
        0..7_600 => ImportStatus::Complete,
        7_600..8_700 => ImportStatus::PartiallyComplete,
        8_700..9_400 => ImportStatus::Failed,
        9_400..9_700 => ImportStatus::Incomplete,
        9_700..9_930 => ImportStatus::RolledBack,
        9_930..9_990 => ImportStatus::Unsupported,
        _ => ImportStatus::RollingBack,
    }
}

struct Kind {
    name: &'static str,
    /// What its files are called, in the languages of the customers.
    words: &'static [&'static str],
    /// The exponent of the usual size in bytes.
    middle_size: i64,
}

const KINDS: [Kind; 6] = [
    Kind {
        name: "VehicleImport",
        words: &[
            "vehicles",
            "fleet",
            "Fahrzeuge",
            "véhicules",
            "vehículos",
            "車両一覧",
            "pojazdy",
        ],
        middle_size: 16,
    },
    Kind {
        name: "FuelEntryImport",
        words: &[
            "fuel_entries",
            "fuel-card",
            "Tankungen",
            "carburant",
            "給油記録",
            "combustível",
        ],
        middle_size: 18,
    },
    Kind {
        name: "ContactImport",
        words: &[
            "contacts",
            "drivers",
            "Fahrer",
            "conducteurs",
            "Þjónusta",
            "контакты",
        ],
        middle_size: 14,
    },
    Kind {
        name: "MeterEntryImport",
        words: &["odometer", "meter_entries", "Kilometerstände", "kilométrage"],
        middle_size: 17,
    },
    Kind {
        name: "ServiceEntryImport",
        words: &[
            "service_history",
            "maintenance",
            "Wartung",
            "entretien",
            "整備履歴",
        ],
        middle_size: 17,
    },
    Kind {
        name: "PartImport",
        words: &["parts", "inventory", "Ersatzteile", "pièces", "delar-lager"],
        middle_size: 15,
    },
];

const REGIONS: [&str; 10] = [
    "north",
    "south",
    "EMEA",
    "us-west",
    "Köln",
    "São Paulo",
    "Québec",
    "大阪",
    "Zürich",
    "depot 7",
];
const ENDINGS: [&str; 6] = ["csv", "csv", "csv", "xlsx", "tsv", "CSV"];

fn file_name(random: &mut Random, kind: &Kind, created_at: Instant) -> String {
    let text = created_at.to_string();
    let date = text.get(..10).unwrap_or_default();
    let (word, ending) = (random.pick(kind.words), random.pick(&ENDINGS));
    match random.below(6) {
        0 => format!("{word}.{ending}"),
        1 => format!("{word} ({}).{ending}", 1 + random.below(9)),
        2 => format!("{word}_{}.{ending}", random.pick(&REGIONS)),
        3 => format!("{date} {word} {}.{ending}", random.pick(&REGIONS)),
        4 => format!("{word}-{}.{ending}", date.replace('-', "")),
        _ => format!("{word}_{date}_v{}.{ending}", 1 + random.below(12)),
    }
}

pub(super) fn note(random: &mut Random, status: ImportStatus) -> Option<String> {
    let row = 2 + random.below(4_000);
    match status {
        ImportStatus::PartiallyComplete => {
            Some(format!("{} rows skipped, the first in line {row}", 1 + row / 40))
        }
        ImportStatus::Failed if random.chance(800) => Some(format!("Line {row}: unknown column \"VIN №\"")),
        ImportStatus::Incomplete => Some(format!("The file ends within line {row}")),
        ImportStatus::Unsupported => Some("Not a spreadsheet".to_owned()),
        ImportStatus::RolledBack if random.chance(500) => Some("Wrong depot, undone".to_owned()),
        _ if random.chance(60) => Some(random.pick(&NOTES).to_owned()),
        _ => None,
    }
}

const NOTES: [&str; 5] = [
    "Monthly upload",
    "Asked for by accounting",
    "Nachtrag für März",
    "2e essai – colonnes corrigées",
    "From the old system 🚚",
];

/// Stores `rows` generated imports of an account, with ids after the highest there, and gives how many.
///
/// `progress` gets the number stored so far. Some thousand rows are stored at a time: what is interrupted has stored a
/// whole number of such chunks, oldest first.
///
/// # Errors
///
/// [`StoreError`]; also where another writer takes the same ids meanwhile.
pub async fn fill(
    store: &Store,
    account_id: i64,
    rows: u64,
    seed: u64,
    until: Instant,
    progress: impl FnMut(u64),
) -> Result<u64, StoreError> {
    let highest = store.highest_import(account_id).await?;
    let first_id = highest.map_or(FIRST_ID, |id| id.saturating_add(1));
    let generated = Generator::new(seed, first_id, rows, until);
    insert(store, account_id, generated, progress).await
}

/// Stores imports of an account as they come, some thousand at a time, and gives how many.
pub(super) async fn insert(
    store: &Store,
    account_id: i64,
    mut imports: impl Iterator<Item = imports::Model>,
    mut progress: impl FnMut(u64),
) -> Result<u64, StoreError> {
    let mut stored = 0;
    loop {
        let mut chunk: Vec<_> = imports.by_ref().take(CHUNK_ROWS).collect();
        if chunk.is_empty() {
            store.analyze(stored).await;
            return Ok(stored);
        }
        chunk.iter_mut().for_each(|row| row.account_id = account_id);
        stored += store.insert(&chunk).await?;
        progress(stored);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, HashSet};

    fn until() -> Instant {
        Instant::from_micros(crate::rfc3339::parse("2026-10-31T00:00:00Z").unwrap().micros).unwrap()
    }

    #[test]
    fn a_seed_means_the_same_rows_for_ever() {
        let digest = |seed| {
            Generator::new(seed, 1, 2_000, until()).fold(0_u32, |sum, row| {
                sum.rotate_left(5) ^ crc32fast::hash(format!("{row:?}").as_bytes())
            })
        };
        assert_eq!(digest(1), digest(1));
        assert_ne!(digest(1), digest(2));
        assert_eq!(digest(1), 795_799_499);
    }

    #[test]
    fn generated_imports_keep_every_invariant() {
        for rows in [1, 30, 10_000] {
            let all: Vec<_> = Generator::new(7, 100, rows, until()).collect();
            assert_eq!(all.len() as u64, rows);
            for (at, row) in all.iter().enumerate() {
                assert_eq!(row.id, 100 + at as i64);
                assert!(
                    row.created_at <= row.updated_at && row.updated_at <= until(),
                    "{row:?}"
                );
                assert!(row.created_at.micros() >= until().micros() - SPAN);
                assert_eq!(row.completed_at.is_some(), has_ended(row.status), "{row:?}");
                assert!(
                    row.completed_at
                        .is_none_or(|ended| row.created_at <= ended && ended <= row.updated_at)
                );
                assert!(row.file_size > 0 && !row.file_name.contains(['\0', '/']));
            }
            assert!(all.is_sorted_by_key(|row| row.created_at));
        }
    }

    #[test]
    fn ten_thousand_imports_look_like_two_years_of_a_fleet() {
        let all: Vec<_> = Generator::new(3, 1, 10_000, until()).collect();
        let mut of_status = BTreeMap::new();
        let mut of_instant = BTreeMap::new();
        for row in &all {
            *of_status.entry(row.status).or_insert(0) += 1;
            *of_instant.entry(row.created_at).or_insert(0) += 1;
        }
        assert_eq!(of_status.len(), ImportStatus::ALL.len(), "{of_status:?}");
        assert!(of_status[&ImportStatus::Complete] > 7_000, "{of_status:?}");
        assert!(of_status[&ImportStatus::RollingBack] < 30, "{of_status:?}");
        let longest = of_instant.values().copied().max().unwrap_or(0);
        assert!((100..=500).contains(&longest), "{longest}");
        assert!(of_instant.values().filter(|count| **count >= 5).count() > 5);
        let oldest = all[0].created_at.micros();
        assert!(all[9_999].created_at.micros() - oldest > SPAN * 9 / 10);
        assert!(all.iter().any(|row| !row.file_name.is_ascii()));
        assert!(all.iter().map(|row| &row.kind).collect::<HashSet<_>>().len() == KINDS.len());
        assert!(
            all.iter()
                .filter(|row| row.created_at.micros() % 1_000 != 0)
                .count()
                > 9_000
        );
        let sizes: BTreeMap<_, _> = all.iter().map(|row| (row.file_size.ilog2(), ())).collect();
        assert!(sizes.len() > 8, "{sizes:?}");
    }

    #[test]
    fn what_is_not_the_newest_is_not_under_way() {
        let all: Vec<_> = Generator::new(9, 1, 5_000, until()).collect();
        let under_way = |row: &&imports::Model| UNDER_WAY_STATES.contains(&row.status);
        assert_eq!(all[..4_988].iter().filter(under_way).count(), 0);
        assert!(all[4_988..].iter().filter(under_way).count() > 3);
    }
}
