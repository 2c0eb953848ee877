//! The database schema: up, down, on a filled database, and by several at once.

use entity::imports;
use futures_util::future::join_all;
use imports_gateway::store::{Store, accounts, tokens};
use migration::Status;
use sea_orm::{ConnectionTrait as _, DbBackend, EntityTrait as _, QueryOrder as _, Statement};

use crate::databases::{self, execute, instant, literal};

const NAMES: [&str; 6] = [
    "m20261101_000001_accounts",
    "m20261101_000002_imports",
    "m20261101_000003_import_orders",
    "m20261128_000004_find",
    "m20261128_000005_changes",
    "m20261128_000006_mirrors",
];

async fn status(store: &Store) -> Status {
    migration::status(store.database()).await.unwrap()
}

fn applied(count: usize) -> Status {
    let known = NAMES.iter().enumerate();
    Status {
        known: known
            .map(|(place, name)| ((*name).to_owned(), place < count))
            .collect(),
        unknown: Vec::new(),
        unreadable: Vec::new(),
        search_index: None,
    }
}

/// Two accounts with a key and 50 imports each.
async fn fill(store: &Store) {
    for account in 1..=2_i64 {
        let (id, _) = accounts::create(store, "Acme", instant(0)).await.unwrap();
        tokens::create(store, id, "", None, instant(0))
            .await
            .unwrap()
            .unwrap();
        for import in 1..=50_i64 {
            let time = literal(store, import * 1_000 / 3);
            let text = format!(
                "INSERT INTO imports (account_id, id, file_name, file_size, type, status, created_at, updated_at)
                 VALUES ({account}, {import}, 'a.csv', {import}, 'VehicleImport', 'failed', {time}, {time})"
            );
            assert_eq!(execute(store, &text, Vec::new()).await, Ok(1));
        }
    }
}

async fn imports(store: &Store) -> Vec<imports::Model> {
    let all = imports::Entity::find().order_by_asc(imports::Column::AccountId);
    all.order_by_asc(imports::Column::Id)
        .all(store.database())
        .await
        .unwrap()
}

/// Our tables and indexes, by name.
async fn objects(store: &Store) -> Vec<String> {
    let text = match store.backend() {
        DbBackend::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'index') AND name NOT LIKE 'sqlite%' ORDER BY name"
        }
        _ => {
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
              AND relkind IN ('r', 'i') ORDER BY 1"
        }
    };
    let rows = store
        .database()
        .query_all_raw(Statement::from_string(store.backend(), text))
        .await
        .unwrap();
    let names = rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap());
    // How the primary keys' own indexes are called is the database's business.
    names
        .filter(|name| !name.ends_with("_pkey") && !name.ends_with("_key"))
        .collect()
}

#[tokio::test]
async fn the_state_is_known_before_and_after() {
    for database in databases::fresh().await {
        let store = database.open().await;
        assert_eq!(status(&store).await, applied(0));
        assert!(status(&store).await.is_outdated());
        migration::up(store.database()).await.unwrap();
        assert_eq!(status(&store).await, applied(6));
        assert!(!status(&store).await.is_outdated());
        migration::up(store.database()).await.unwrap();
        assert_eq!(status(&store).await, applied(6));
        migration::down(store.database(), Some(5)).await.unwrap();
        assert_eq!(status(&store).await, applied(1));
        migration::down(store.database(), None).await.unwrap();
        assert_eq!(status(&store).await, applied(0));
    }
}

#[tokio::test]
async fn the_schema_has_these_tables_and_indexes() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let expected = [
            "accounts",
            "api_tokens",
            "import_changes",
            "import_changes_account",
            "import_changes_breaks",
            "imports",
            "imports_completed",
            "imports_created",
            "imports_status_created",
            "imports_status_id",
            "imports_status_updated",
            "imports_type",
            "imports_updated",
            "mirror_absences",
            "mirrors",
            "seaql_migrations",
            "sync_rejects",
        ];
        assert_eq!(objects(&store).await, expected);
        migration::down(store.database(), None).await.unwrap();
        assert_eq!(objects(&store).await, ["seaql_migrations"]);
        migration::up(store.database()).await.unwrap();
        assert_eq!(objects(&store).await, expected);
    }
}

#[tokio::test]
async fn the_rows_of_a_filled_database_survive_the_indexes_going_and_coming_back() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        fill(&store).await;
        let before = imports(&store).await;
        assert_eq!(before.len(), 100);
        for steps in [1, 1, 1, 1] {
            migration::down(store.database(), Some(steps)).await.unwrap();
            assert_eq!(imports(&store).await, before);
        }
        assert_eq!(status(&store).await, applied(2));
        migration::up(store.database()).await.unwrap();
        assert_eq!(imports(&store).await, before);
        assert_eq!(accounts::list(&store).await.unwrap().len(), 2);
        assert_eq!(tokens::list(&store).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_filled_database_goes_all_the_way_down_and_comes_back_empty() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        fill(&store).await;
        migration::down(store.database(), None).await.unwrap();
        migration::up(store.database()).await.unwrap();
        assert!(imports(&store).await.is_empty());
        assert!(accounts::list(&store).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_rows_that_would_be_lost_are_known() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let lost = async |steps| migration::rows_lost(store.database(), steps).await.unwrap();
        assert!(lost(None).await.is_empty());
        fill(&store).await;
        assert!(lost(Some(4)).await.is_empty());
        assert_eq!(lost(Some(5)).await, ["imports"]);
        let all = ["imports", "accounts", "api_tokens"];
        assert_eq!(lost(Some(6)).await, all);
        assert_eq!(lost(Some(u32::MAX)).await, all);
        assert_eq!(lost(None).await, all);
        migration::down(store.database(), Some(4)).await.unwrap();
        assert_eq!(lost(Some(1)).await, ["imports"]);
    }
}

#[tokio::test]
async fn several_that_migrate_at_once_do_it_once() {
    for database in databases::fresh().await {
        let stores = join_all((0..6).map(|_| database.open())).await;
        let tasks = stores
            .iter()
            .cloned()
            .map(|store| tokio::spawn(async move { migration::up(store.database()).await }));
        for done in join_all(tasks).await {
            done.unwrap().unwrap();
        }
        for store in &stores {
            assert_eq!(status(store).await, applied(6));
        }
    }
}

#[tokio::test]
async fn a_newer_schema_is_told_apart() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let text = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_later', 0)";
        assert_eq!(execute(&store, text, Vec::new()).await, Ok(1));
        let found = status(&store).await;
        assert_eq!(found.unknown, ["m29990101_000001_later"]);
        assert_eq!(found.known, applied(6).known);
        assert!(!found.is_outdated());
    }
}

#[tokio::test]
async fn a_change_that_fails_leaves_nothing_behind() {
    for database in databases::fresh().await {
        let store = database.open().await;
        // The second change cannot make its table.
        assert!(
            execute(&store, "CREATE TABLE imports (id bigint)", Vec::new())
                .await
                .is_ok()
        );
        assert!(migration::up(store.database()).await.is_err());
        assert_eq!(status(&store).await, applied(0));
        assert_eq!(objects(&store).await, ["imports"]);
    }
}
