//! The laws of paging through the whole service: any walk is the sorted, filtered list.
//!
//! The oracle is a vector, filtered and sorted here by comparisons of its own; it shares nothing with the service but
//! the cursors, whose text it foretells.

pub(crate) mod question;
pub(crate) mod walk;

use entity::{ImportStatus, imports};
use serde_json::Value as Json;

use self::question::{Field, Filter, Sort};
use self::walk::{Door, Walk};
use crate::app::{Caller, TestApp, row};
use crate::databases::{self, Database, execute, instant};
use crate::gauntlet;
use crate::rng::Rng;

/// A moment on which 500 imports were created.
const BUSY: i64 = 1_790_000_000_000_000;

/// 10,000 imports: 500 created on one instant, thousands one microsecond apart, changes in another order and with ties.
fn many(account_id: i64, rng: &mut Rng) -> Vec<imports::Model> {
    let import = |id: i64| {
        let created_at = match id {
            ..=5_000 => BUSY + (id - 4_000) * (id % 7 - 3),
            5_001..=5_500 => BUSY,
            5_501..=8_500 => BUSY + 8_500 - id,
            _ => BUSY + rng.below(2_000) as i64 * 1_000 - 1_000_000,
        };
        let updated_at = BUSY + 10_000_000 + rng.below(3_000) as i64;
        imports::Model {
            status: *rng.pick(&ImportStatus::ALL),
            created_at: instant(created_at),
            updated_at: instant(updated_at),
            file_name: match id % 5 {
                0 => format!("FUEL-карта {id}.CSV"),
                1 => format!("Zürich vehicles_{id}%.csv"),
                2 => format!("contacts [{id}]*?.csv"),
                _ => format!("Fuel entries {id}.csv"),
            },
            kind: (*rng.pick(&["VehicleImport", "FuelEntryImport", "FuelEntryImport", "Contacts"]))
                .to_owned(),
            ..row(account_id, id)
        }
    };
    (1..=10_000).map(import).collect()
}

/// The whole service in memory, as one of its callers.
pub(crate) struct Inside<'a> {
    pub(crate) app: &'a TestApp,
    pub(crate) caller: &'a Caller,
}

impl Door for Inside<'_> {
    async fn data(&self, document: &str, variables: Json) -> Option<Json> {
        Some(self.app.data(&self.caller.key, document, variables).await)
    }
}

/// Two accounts with the same ids, the second between the first's rows in every order.
async fn filled(database: Database, rng: &mut Rng) -> (TestApp, Caller, Vec<imports::Model>) {
    let app = TestApp::on(database, &[]).await;
    let caller = app.account("Acme").await;
    let other = app.account("Bolt").await;
    let rows = many(caller.id, rng);
    app.fill(&rows).await;
    app.fill(&many(other.id, rng)).await;
    (app, caller, rows)
}

async fn walking_gives_the_list(database: Database) {
    let mut rng = Rng::new(gauntlet::seed(1));
    let (app, caller, rows) = filled(database, &mut rng).await;
    let door = Inside {
        app: &app,
        caller: &caller,
    };
    let busy = rows.iter().filter(|row| row.created_at.micros() == BUSY).count();
    assert!(busy >= 500, "{busy}");
    // The whole list in each order of one key, both ways, and pages of one row in the midst of the ties.
    for field in Field::ALL {
        for descends in [false, true] {
            let (sort, filter) = (Sort(vec![(field, descends)]), Filter::default());
            let walk = Walk::new(&door, &rows, &sort, &filter);
            assert_eq!(walk.list.len(), 10_000);
            walk.walk(descends, 100, None, usize::MAX).await;
            walk.walk(!descends, 1, Some(&rows[5_250]), 20).await;
            walk.walk(descends, 7, Some(&rows[5_001]), 20).await;
        }
    }
    for _ in 0..40 {
        let (sort, filter) = (Sort::any(&mut rng), Filter::any(&mut rng, &rows));
        let walk = Walk::new(&door, &rows, &sort, &filter);
        // All of a short list; of a long one a stretch in its midst.
        let size = 1 + rng.below(100);
        let from = (walk.list.len() > size * 30).then(|| rng.pick(&rows));
        walk.walk(rng.one_in(2), size, from, 31).await;
    }
    for _ in 0..40 {
        let (sort, filter) = (Sort::any(&mut rng), Filter::any(&mut rng, &rows));
        let walk = Walk::new(&door, &rows, &sort, &filter);
        for _ in 0..7 {
            let mut bound = || {
                let place = match rng.below(4) {
                    0 => return None,
                    // Often near each other, so that few rows lie between, or none, or they cross.
                    1 => 5_000 + rng.below(40),
                    _ => rng.below(10_000),
                };
                Some(&rows[place])
            };
            let (after, before) = (bound(), bound());
            let any = rng.below(101);
            let size = *rng.pick(&[0, 1, 2, 50, 100, any]);
            walk.window(rng.one_in(2), size, after, before).await;
        }
    }
}

#[tokio::test]
async fn walking_the_pages_gives_the_sorted_filtered_list_on_sqlite() {
    walking_gives_the_list(databases::sqlite()).await;
}

#[tokio::test]
async fn walking_the_pages_gives_the_sorted_filtered_list_on_postgresql() {
    walking_gives_the_list(databases::postgres().await).await;
}

/// A list that changes under the reader: what lies before the cursor, and the cursor's own row.
#[tokio::test]
async fn what_changes_before_the_cursor_changes_nothing_after_it() {
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        let door = Inside {
            app: &app,
            caller: &caller,
        };
        let mut rng = Rng::new(gauntlet::seed(2));
        for sort in [
            Sort(vec![]),
            Sort(vec![(Field::CreatedAt, false)]),
            Sort(vec![(Field::UpdatedAt, true), (Field::CreatedAt, false)]),
        ] {
            let text = "DELETE FROM imports";
            execute(&app.store, text, Vec::new()).await.unwrap();
            let mut rows = many(caller.id, &mut rng);
            rows.sort_by(|left, right| sort.compare(left, right));
            // Every third row is there; the others come later.
            let (mut there, mut later): (Vec<_>, Vec<_>) = rows
                .into_iter()
                .partition(|row| row.id % 3 == 0 && row.id > 9_000);
            later.retain(|row| row.id > 9_000);
            app.fill(&there).await;
            let mut cursor = there[20].clone();
            for _ in 0..25 {
                let is_before = |row: &imports::Model| sort.compare(row, &cursor).is_le();
                let after: Vec<_> = there.iter().filter(|row| !is_before(row)).cloned().collect();
                // Some rows come before the cursor, some go; sometimes the cursor's own.
                let coming: Vec<_> = later
                    .extract_if(.., |row| is_before(row) && rng.one_in(4))
                    .collect();
                app.fill(&coming).await;
                let going: Vec<_> = there
                    .extract_if(.., |row| is_before(row) && rng.one_in(3))
                    .collect();
                for row in &going {
                    let text = "DELETE FROM imports WHERE account_id = $1 AND id = $2";
                    let values = vec![row.account_id.into(), row.id.into()];
                    assert_eq!(execute(&app.store, text, values).await, Ok(1));
                }
                there.extend(coming);
                // Whatever size and filter the next page is asked with.
                let filter = if rng.one_in(2) {
                    Filter::default()
                } else {
                    Filter::any(&mut rng, &after)
                };
                let size = 1 + rng.below(9);
                let now = Walk::new(&door, &there, &sort, &filter);
                let unchanged = after.iter().filter(|row| filter.admits(row)).map(|row| row.id);
                let place = now.place(&cursor, true);
                assert!(now.list[place..].iter().map(|row| row.id).eq(unchanged));
                now.walk(false, size, Some(&cursor), 1).await;
                cursor = after[size.min(after.len() - 1)].clone();
            }
        }
    }
}
