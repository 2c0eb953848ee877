//! Files of records and generated imports, stored: what is replaced, what is refused, and on every database alike.

use std::io::Cursor;
use std::path::PathBuf;

use entity::{ImportStatus, Instant, imports};
use futures_util::future::join_all;
use imports_gateway::cli::load::{Args, run_with};
use imports_gateway::ingest::generate::{FIRST_ID, fill, has_ended};
use imports_gateway::ingest::live::live_step;
use imports_gateway::ingest::random::Random;
use imports_gateway::ingest::{OnInvalid, Outcome, load};
use imports_gateway::store::upsert::Loaded;
use imports_gateway::store::{Store, StoreError};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};

use crate::databases::{self, Database, execute};
use crate::records::{array, lines, page, rows};

/// An empty database with the accounts 1 and 2, and what keeps its files there.
struct Fresh {
    store: Store,
    _database: Database,
}

impl Fresh {
    async fn new(database: Database) -> Self {
        let store = database.migrated().await;
        for (id, byte) in [(1, "01"), (2, "02")] {
            let (hash, created_at) = match store.backend() {
                sea_orm::DbBackend::Sqlite => (format!("x'{}'", byte.repeat(32)), "0"),
                _ => (format!("decode('{}', 'hex')", byte.repeat(32)), "now()"),
            };
            let sql = format!(
                "INSERT INTO accounts (id, name, token_hash, created_at) VALUES ({id}, 'a', {hash}, {created_at})"
            );
            store.database().execute_unprepared(&sql).await.unwrap();
        }
        Self {
            store,
            _database: database,
        }
    }

    async fn all(&self) -> Vec<imports::Model> {
        let query = imports::Entity::find();
        let query = query
            .order_by_asc(imports::Column::AccountId)
            .order_by_asc(imports::Column::Id);
        query.all(self.store.database()).await.unwrap()
    }

    async fn load(&self, rows: &[imports::Model]) -> Loaded {
        match self.load_text(lines(rows), OnInvalid::Refuse).await {
            Outcome::Stored {
                loaded,
                invalid: 0,
                is_whole: true,
            } => loaded,
            outcome => panic!("{outcome:?}"),
        }
    }

    async fn load_text(&self, text: String, on_invalid: OnInvalid) -> Outcome {
        load(&self.store, 1, Cursor::new(text), on_invalid, |_| {})
            .await
            .unwrap()
    }
}

/// One of each database that the service runs on.
async fn databases() -> Vec<Fresh> {
    join_all(databases::fresh().await.into_iter().map(Fresh::new)).await
}

fn at(row: &imports::Model, micros: i64, name: &str) -> imports::Model {
    let updated_at = Instant::from_micros(row.updated_at.micros() + micros).unwrap();
    imports::Model {
        updated_at,
        file_name: name.to_owned(),
        ..row.clone()
    }
}

fn counts(stored: u64, passed_over: u64, duplicates: u64) -> Loaded {
    Loaded {
        stored,
        passed_over,
        duplicates,
    }
}

#[tokio::test]
async fn every_field_is_stored_exactly() {
    for fresh in databases().await {
        let mut rows = rows(5_001);
        rows[0].id = i64::MIN;
        rows[0].created_at = Instant::MIN;
        rows[0].completed_at = Some(Instant::MAX);
        rows[0].updated_at = Instant::from_micros(-1).unwrap();
        rows[0].note = Some("\u{1}\"\\'%s 🚚".to_owned());
        rows[0].file_size = i64::MAX;
        assert_eq!(fresh.load(&rows).await, counts(5_001, 0, 0));
        assert_eq!(fresh.all().await, rows);
        assert_eq!(
            fresh.load(&rows).await,
            counts(5_001, 0, 0),
            "the same again is stored again"
        );
        assert_eq!(fresh.all().await, rows);
    }
}

#[tokio::test]
async fn a_record_older_than_what_is_stored_is_passed_over_and_counted() {
    for fresh in databases().await {
        let row = &rows(1)[0];
        fresh.load(std::slice::from_ref(row)).await;
        for (micros, stored) in [(-1, false), (0, true), (1, true), (0, false)] {
            let name = format!("by {micros}, stored {stored}");
            let expected = if stored { counts(1, 0, 0) } else { counts(0, 1, 0) };
            assert_eq!(fresh.load(&[at(row, micros, &name)]).await, expected, "{name}");
            assert_eq!(fresh.all().await[0].file_name == name, stored, "{name}");
        }
    }
}

#[tokio::test]
async fn the_last_record_of_an_id_in_a_file_wins_however_far_apart() {
    for fresh in databases().await {
        let others = rows(6_000);
        let first = others[0].clone();
        // Nothing was stored before: the last wins although it is older than the one before it.
        let file = [
            vec![at(&first, 5, "first")],
            others[1..].to_vec(),
            vec![at(&first, 1, "last")],
        ]
        .concat();
        assert_eq!(fresh.load(&file).await, counts(6_000, 0, 1));
        assert_eq!(fresh.all().await[0], at(&first, 1, "last"));
        // What was stored is newer than the last, so it stays, though one before would have replaced it.
        let file = [
            vec![at(&first, 9, "newer")],
            others[1..].to_vec(),
            vec![at(&first, 0, "older")],
        ]
        .concat();
        assert_eq!(fresh.load(&file).await, counts(5_999, 1, 1));
        assert_eq!(fresh.all().await[0], at(&first, 1, "last"));
        // Within one batch the same.
        let file = [
            at(&first, 9, "newer"),
            at(&first, 0, "older"),
            at(&first, 2, "last"),
        ];
        assert_eq!(fresh.load(&file).await, counts(1, 0, 2));
        assert_eq!(fresh.all().await[0], at(&first, 2, "last"));
    }
}

#[tokio::test]
async fn another_accounts_rows_of_the_same_ids_stay_as_they_are() {
    for fresh in databases().await {
        let theirs: Vec<_> = rows(3)
            .into_iter()
            .map(|row| imports::Model { account_id: 2, ..row })
            .collect();
        fresh.store.insert(&theirs).await.unwrap();
        let ours: Vec<_> = rows(3).iter().map(|row| at(row, 1, "ours")).collect();
        assert_eq!(fresh.load(&ours).await, counts(3, 0, 0));
        assert_eq!(fresh.all().await, [ours, theirs].concat());
    }
}

#[tokio::test]
async fn one_bad_record_refuses_the_whole_file_unless_it_is_to_be_skipped() {
    for fresh in databases().await {
        let rows = rows(4_500);
        let bad = format!(
            "{}{{\"id\": 1.5}}\n{}nonsense\n",
            lines(&rows[..4_400]),
            lines(&rows[4_400..])
        );
        let refused = fresh.load_text(bad.clone(), OnInvalid::Refuse).await;
        assert_eq!(refused, Outcome::Refused { invalid: 2 });
        assert_eq!(fresh.all().await, []);
        let stored = fresh.load_text(bad, OnInvalid::Skip).await;
        let loaded = counts(4_500, 0, 0);
        let expected = Outcome::Stored {
            loaded,
            invalid: 2,
            is_whole: true,
        };
        assert_eq!(stored, expected);
        assert_eq!(fresh.all().await, rows);
    }
}

#[tokio::test]
async fn of_a_file_that_is_cut_off_what_came_before_is_stored_where_bad_records_are_skipped() {
    for fresh in databases().await {
        let rows = rows(3);
        let files = tempfile::tempdir().unwrap();
        let path = files.path().join("cut");
        for whole in [page(&rows), array(&rows), lines(&rows)] {
            let text = &whole[..whole.rfind("\"id\"").unwrap()];
            assert_eq!(
                fresh.load_text(text.to_owned(), OnInvalid::Refuse).await,
                Outcome::Refused { invalid: 1 }
            );
            assert_eq!(fresh.all().await, []);
            std::fs::write(&path, text).unwrap();
            let (out, err, all_stored) = command(&fresh, 1, true, vec![path.clone()]).await;
            let expected = format!(
                "{}: 2 stored, 0 passed over as older, 0 repeated later, 1 invalid; the rest of the file could not be read\n",
                path.display()
            );
            assert_eq!((out, all_stored), (expected, false));
            assert!(err.contains("cut off"), "{err}");
            assert_eq!(fresh.all().await, rows[..2]);
            execute(&fresh.store, "DELETE FROM imports", Vec::new())
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn others_can_write_while_a_file_is_staged() {
    for fresh in databases().await {
        let rows = rows(20);
        let mut upsert = fresh.store.upsert::<imports::Model>().await.unwrap();
        upsert.put(&rows[..10]).await.unwrap();
        let newer = at(&rows[3], 1, "newer");
        fresh
            .store
            .insert(&[newer.clone(), rows[15].clone()])
            .await
            .unwrap();
        upsert.put(&rows[10..]).await.unwrap();
        assert_eq!(fresh.all().await.len(), 2, "what is staged is not seen");
        assert_eq!(upsert.commit().await.unwrap(), counts(19, 1, 0));
        assert_eq!(fresh.all().await[3], newer);
    }
}

#[tokio::test]
async fn a_file_that_is_given_up_leaves_nothing_behind() {
    for fresh in databases().await {
        for _ in 0..10 {
            let mut upsert = fresh.store.upsert::<imports::Model>().await.unwrap();
            upsert.put(&rows(10)).await.unwrap();
        }
        assert_eq!(fresh.load(&rows(3)).await, counts(3, 0, 0));
        assert_eq!(fresh.all().await, rows(3));
    }
}

#[tokio::test]
async fn an_insert_stores_all_or_nothing() {
    for fresh in databases().await {
        let rows = rows(1_200);
        fresh.store.insert(&rows[1_100..1_101]).await.unwrap();
        let refused = fresh.store.insert(&rows).await;
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
        assert_eq!(fresh.all().await.len(), 1);
    }
}

#[tokio::test]
async fn generated_imports_follow_the_highest_id_and_are_the_same_for_one_seed() {
    for fresh in databases().await {
        let until = Instant::from_micros(1_790_000_000_000_000).unwrap();
        let mut seen = Vec::new();
        for (account, rows) in [(1, 12_000), (2, 12_000), (1, 5)] {
            let stored = fill(&fresh.store, account, rows, 9, until, |stored| seen.push(stored)).await;
            assert_eq!(stored.unwrap(), rows);
        }
        assert_eq!(seen, [10_000, 12_000, 10_000, 12_000, 5]);
        let all = fresh.all().await;
        let (ours, theirs) = all.split_at(12_005);
        let same = ours.iter().zip(theirs).all(|(our, their)| {
            *our == imports::Model {
                account_id: 1,
                ..their.clone()
            }
        });
        assert!(same && theirs.len() == 12_000);
        assert!(ours.iter().map(|row| row.id).eq(FIRST_ID..FIRST_ID + 12_005));
    }
}

#[tokio::test]
async fn a_live_account_moves_on_and_grows_and_every_change_is_later() {
    for fresh in databases().await {
        let start = Instant::from_micros(1_790_000_000_000_000).unwrap();
        fill(&fresh.store, 1, 100, 1, start, |_| {}).await.unwrap();
        let mut random = Random::new(1);
        let mut before = fresh.all().await;
        let (mut moved, mut ended) = (0, 0);
        for step in 1..=60 {
            // The clock stands still every other step.
            let now = Instant::from_micros(start.micros() + step / 2 * 1_000_000).unwrap();
            let written = live_step(&fresh.store, 1, &mut random, now).await.unwrap();
            let after = fresh.all().await;
            let changed: Vec<_> = before
                .iter()
                .zip(&after)
                .filter(|(old, new)| old != new)
                .collect();
            assert_eq!((changed.len() + after.len() - before.len()) as u64, written);
            for (old, new) in changed {
                assert!(old.updated_at < new.updated_at && now <= new.updated_at && !has_ended(old.status));
                assert_eq!((old.id, old.created_at), (new.id, new.created_at));
                assert!(
                    now.micros() - old.updated_at.micros() < 3_600_000_000,
                    "moved on after an hour: {old:?}"
                );
                assert_eq!(new.completed_at.is_some(), has_ended(new.status));
                moved += 1;
                ended += usize::from(has_ended(new.status));
            }
            for new in &after[before.len()..] {
                assert_eq!(
                    (new.status, new.created_at, new.updated_at),
                    (ImportStatus::New, now, now)
                );
            }
            before = after;
        }
        assert!(
            before.len() > 130 && moved > 50 && ended > 10,
            "{} {moved} {ended}",
            before.len()
        );
    }
}

/// What the command printed, on both outputs, and whether every file was stored.
async fn command(
    fresh: &Fresh,
    account: i64,
    skip_invalid: bool,
    files: Vec<PathBuf>,
) -> (String, String, bool) {
    let args = Args {
        account,
        skip_invalid,
        files,
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let all_stored = run_with(&args, &fresh.store, &mut out, &mut err).await.unwrap();
    (
        String::from_utf8(out).unwrap(),
        String::from_utf8(err).unwrap(),
        all_stored,
    )
}

#[tokio::test]
async fn each_file_stands_alone_and_its_faults_are_named() {
    for fresh in databases().await {
        let files = tempfile::tempdir().unwrap();
        let path = |name: &str| files.path().join(name);
        let rows = rows(30);
        std::fs::write(path("good"), lines(&rows[..2])).unwrap();
        std::fs::write(path("bad"), format!("{}{{}}\n", lines(&rows[2..4]))).unwrap();
        std::fs::write(path("many"), "x\n".repeat(25)).unwrap();
        std::fs::write(path("more"), lines(&rows[4..])).unwrap();
        let all = ["good", "bad", "absent", "many", "more"].map(path).to_vec();
        let named = |text: String| text.replace(&format!("{}/", files.path().display()), "");

        let (out, err, all_stored) = command(&fresh, 1, false, all.clone()).await;
        assert!(!all_stored);
        assert_eq!(
            named(out),
            "good: 2 stored, 0 passed over as older, 0 repeated later, 0 invalid\n\
             bad: nothing stored, 1 invalid\n\
             many: nothing stored, 25 invalid\n\
             more: 26 stored, 0 passed over as older, 0 repeated later, 0 invalid\n"
        );
        let err = named(err);
        let err: Vec<_> = err.lines().collect();
        assert_eq!(err[0], "bad:3: `id` is missing");
        assert!(err[1].starts_with("absent: cannot be opened: "), "{}", err[1]);
        assert_eq!(err[2], "many:1: a record must be an object, and start with `{`");
        assert_eq!((err.len(), err[22]), (23, "many: and 5 more"));
        assert_eq!(fresh.all().await.len(), 28);

        let (out, _, all_stored) = command(&fresh, 1, true, vec![path("bad")]).await;
        assert!(all_stored);
        assert_eq!(
            named(out),
            "bad: 2 stored, 0 passed over as older, 0 repeated later, 1 invalid\n"
        );
    }
}

#[tokio::test]
async fn an_unknown_account_is_named() {
    for fresh in databases().await {
        let args = Args {
            account: 77,
            skip_invalid: false,
            files: vec![PathBuf::from("absent")],
        };
        let error = run_with(&args, &fresh.store, &mut Vec::new(), &mut Vec::new())
            .await
            .unwrap_err();
        assert!(error.to_string().starts_with("there is no account 77"), "{error}");
    }
}
