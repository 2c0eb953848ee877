//! Instants and the other promises of a row of `imports`, as the databases themselves keep them.

use entity::{ImportStatus, Instant, imports};
use imports_gateway::store::Store;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use sea_orm::{ColumnTrait as _, DbBackend, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use crate::databases::{self, execute, instant, literal};

/// 2000-01-01, from where PostgreSQL counts.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

const EDGES: [i64; 11] = [
    Instant::MIN.micros(),
    Instant::MIN.micros() + 1,
    -62_135_596_799_000_001,
    -1,
    0,
    1,
    POSTGRES_EPOCH - 1,
    POSTGRES_EPOCH,
    POSTGRES_EPOCH + 1,
    Instant::MAX.micros() - 1,
    Instant::MAX.micros(),
];

async fn store_instants(store: &Store, account_id: i64, all: &[i64]) {
    let text = "INSERT INTO imports
        (account_id, id, completed_at, file_name, file_size, type, status, created_at, updated_at)
        VALUES ($1, $2, $3, 'a.csv', 1, 'VehicleImport', 'new', $4, $5)";
    for (id, micros) in (1_i64..).zip(all) {
        let value = instant(*micros).value(store.backend());
        // Every third has not ended.
        let completed_at = (id % 3 > 0).then(|| instant(*micros));
        let completed_at = Instant::optional_value(completed_at, store.backend());
        let values = vec![account_id.into(), id.into(), completed_at, value.clone(), value];
        assert_eq!(execute(store, text, values).await, Ok(1));
    }
}

#[tokio::test]
async fn instants_survive_exactly_and_sql_order_is_time_order() {
    let range = Instant::MIN.micros()..=Instant::MAX.micros();
    let near = proptest::sample::select(EDGES.to_vec())
        .prop_flat_map(|edge| (-3..=3_i64).prop_map(move |step| edge.saturating_add(step)))
        .prop_filter("in range", |micros| Instant::from_micros(*micros).is_some());
    let one = proptest::prop_oneof![3 => range, 1 => near];
    let many = proptest::collection::vec(one, 150);
    let mut runner = TestRunner::deterministic();
    for database in databases::fresh().await {
        let store = database.migrated().await;
        for account_id in 1..=4 {
            let mut expected = many.new_tree(&mut runner).unwrap().current();
            expected.extend(EDGES);
            store_instants(&store, account_id, &expected).await;
            let rows = imports::Entity::find()
                .filter(imports::Column::AccountId.eq(account_id))
                .order_by_asc(imports::Column::CreatedAt)
                .order_by_asc(imports::Column::Id);
            let rows = rows.all(store.database()).await.unwrap();
            for row in &rows {
                let micros = expected[usize::try_from(row.id - 1).unwrap()];
                assert_eq!(
                    (row.created_at, row.updated_at),
                    (instant(micros), instant(micros))
                );
                assert_eq!(row.completed_at, (row.id % 3 > 0).then(|| instant(micros)));
            }
            let mut sorted = expected.clone();
            sorted.sort_unstable();
            assert_eq!(
                rows.iter().map(|row| row.created_at.micros()).collect::<Vec<_>>(),
                sorted
            );
        }
    }
}

/// Inserts a row with one column's value, as SQL text, and the others right.
async fn insert(store: &Store, id: i64, column: &str, value: &str) -> Result<u64, String> {
    let now = literal(store, 0);
    let mut values = [
        ("account_id", "1".to_owned()),
        ("id", id.to_string()),
        ("completed_at", "NULL".to_owned()),
        ("file_name", "'a.csv'".to_owned()),
        ("file_size", "0".to_owned()),
        ("note", "NULL".to_owned()),
        ("type", "'VehicleImport'".to_owned()),
        ("status", "'new'".to_owned()),
        ("created_at", now.clone()),
        ("updated_at", now),
    ];
    let place = values.iter_mut().find(|(name, _)| *name == column).unwrap();
    value.clone_into(&mut place.1);
    let (names, values): (Vec<_>, Vec<_>) = values.into_iter().unzip();
    let text = format!(
        "INSERT INTO imports ({}) VALUES ({})",
        names.join(", "),
        values.join(", ")
    );
    execute(store, &text, Vec::new()).await
}

#[tokio::test]
async fn the_ten_statuses_are_stored_and_no_eleventh() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        for (id, status) in (1..).zip(ImportStatus::ALL) {
            assert_eq!(insert(&store, id, "status", &format!("'{status}'")).await, Ok(1));
        }
        for wrong in ["'paused'", "'New'", "''", "'new '"] {
            let refused = insert(&store, 11, "status", wrong).await.unwrap_err();
            assert!(refused.contains("imports_status"), "{wrong}: {refused}");
        }
        let rows = imports::Entity::find().order_by_asc(imports::Column::Id);
        let rows = rows.all(store.database()).await.unwrap();
        assert_eq!(
            rows.iter().map(|row| row.status).collect::<Vec<_>>(),
            ImportStatus::ALL
        );
    }
}

#[tokio::test]
async fn what_a_page_relies_on_is_refused_where_it_is_broken() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let mut wrong = vec![
            ("file_size", "-1"),
            ("file_name", "NULL"),
            ("created_at", "NULL"),
            ("status", "NULL"),
        ];
        for column in ["completed_at", "created_at", "updated_at"] {
            wrong.extend(match store.backend() {
                DbBackend::Sqlite => vec![
                    (column, "'2026-05-01T12:00:00Z'"),
                    (column, "'now'"),
                    (column, "1.5"),
                    (column, "x'00'"),
                    (column, "-62135596800000001"),
                    (column, "253402300800000000"),
                ],
                _ => vec![
                    (column, "'infinity'"),
                    (column, "'-infinity'"),
                    (column, "'0001-12-31T23:59:59.999999Z BC'"),
                    (column, "'10000-01-01T00:00:00Z'"),
                ],
            });
        }
        for (column, value) in wrong {
            let refused = insert(&store, 1, column, value).await;
            assert!(refused.is_err(), "{column} {value}");
        }
        // The statement itself is right.
        assert_eq!(insert(&store, 1, "file_size", "9223372036854775807").await, Ok(1));
        assert!(insert(&store, 1, "file_size", "0").await.is_err(), "one id twice");
    }
}
