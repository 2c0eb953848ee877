//! Plans that connections keep, and a server on which they no longer fit.

use imports_gateway::store::statement_kind::{Named, StatementKind};
use imports_gateway::store::{Settings, Store};
use sea_orm::Statement;
use serde_json::Value;
use tokio::task::block_in_place;

use super::{PATIENT, sql};
use crate::postgres::cluster;
use crate::server::{Server, furnish};
use crate::waiting::PATIENCE;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_table_is_read_on_without_one_failed_request() {
    let url = cluster().create_database().await;
    let tenants = furnish(&url, &[130]).await;
    let server = block_in_place(|| Server::over(&url, &PATIENT, tenants));
    let ask = || {
        for query in [
            "{ imports(first: 3) { nodes { id note fileName status createdAt } estimatedRemainingCount } }",
            "{ imports(first: 3, filter: {status: {include: [FAILED, NEW]}}) { nodes { note fileName } } }",
            "{ importStatusCounts { count } }",
        ] {
            for _ in 0..3 {
                // At once: another try would hide what this is about.
                let answer = server.client().graphql(query);
                assert_eq!(
                    (answer.status, &answer.json()["errors"]),
                    (200, &Value::Null),
                    "{query}: {}{}",
                    answer.text(),
                    server.written_log()
                );
            }
        }
    };
    block_in_place(ask);
    for change in [
        "ALTER TABLE imports ALTER note TYPE varchar(500)",
        "ALTER TABLE imports ALTER status TYPE varchar(40) COLLATE \"C\"",
        "ALTER TABLE imports ALTER note TYPE text",
        "ALTER TABLE imports ADD COLUMN remark text",
        "ALTER TABLE imports DROP COLUMN remark",
        "BEGIN; CREATE TABLE fresh (LIKE imports INCLUDING ALL); ALTER TABLE fresh ALTER note TYPE varchar(900);
         INSERT INTO fresh (account_id, id, completed_at, file_name, file_size, note, type, status, created_at, updated_at)
         SELECT account_id, id, completed_at, file_name, file_size, note, type, status, created_at, updated_at FROM imports;
         DROP TABLE imports; ALTER TABLE fresh RENAME TO imports; COMMIT",
        "DROP INDEX IF EXISTS fresh_account_id_updated_at_id_idx",
        "ALTER TABLE api_tokens ALTER name TYPE varchar(300)",
        "ALTER TABLE accounts ALTER name TYPE varchar(300)",
        "ANALYZE imports",
    ] {
        sql(&url, change).await;
        block_in_place(ask);
    }
}

#[tokio::test]
async fn statements_that_a_pooler_discarded_are_prepared_anew() {
    let url = cluster().create_database().await;
    furnish(&url, &[3]).await;
    let settings = Settings {
        max_connections: 1,
        acquire_timeout: PATIENCE,
        statement_timeout: PATIENCE,
        ..Settings::new(&url)
    };
    let store = Store::open(&settings).await.unwrap();
    let named = |text: &str| Named {
        kind: StatementKind::Page,
        statement: Statement::from_string(store.backend(), text),
    };
    let read = async || store.rows(named("SELECT id FROM imports")).await.unwrap().len();
    assert_eq!(read().await, 3);
    for discards in ["DEALLOCATE ALL", "DISCARD ALL"] {
        store.rows(named(discards)).await.unwrap();
        assert_eq!(read().await, 3, "{discards}");
        assert_eq!(read().await, 3, "{discards}");
    }
    // The new connection is set up like the first.
    let kept = store
        .rows(named("SELECT current_setting('lock_timeout')"))
        .await
        .unwrap();
    assert_eq!(kept[0].try_get_by_index::<String>(0).unwrap(), "2s");
    store.close().await.unwrap();
}
