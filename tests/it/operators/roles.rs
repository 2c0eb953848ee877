//! Roles of a PostgreSQL server that may do less than ours, or are others in truth, and how many connections one needs.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use imports_gateway::store::statement_kind::{Named, StatementKind};
use imports_gateway::store::{Settings, Store, StoreError};
use sea_orm::Statement;
use sqlx::{Connection as _, PgConnection};
use tokio::task::block_in_place;

use super::{PATIENT, as_role, data, done, failed, sql, unready_for};
use crate::postgres::cluster;
use crate::server::{Ask, Server, furnish, program};
use crate::waiting::PATIENCE;

const PAGE: &str = "{ imports(first: 2) { nodes { id note status } estimatedRemainingCount } }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_is_told_what_it_lacks_and_with_the_printed_grants_it_serves_and_writes() {
    let url = cluster().create_database().await;
    let tenants = furnish(&url, &[7]).await;
    sql(&url, "CREATE ROLE narrow LOGIN").await;
    let theirs = as_role(&url, "narrow");
    let server = block_in_place(|| {
        let server = Server::over(&theirs, &PATIENT, tenants);
        let told = unready_for(&server, "seaql_migrations");
        assert!(
            told.contains("permission denied") && told.contains("migrate grants"),
            "{told}"
        );
        assert!(failed(&theirs, "migrate status").contains("seaql_migrations"));
        server
    });
    sql(&url, "GRANT SELECT ON seaql_migrations, accounts TO narrow").await;
    block_in_place(|| {
        let told = unready_for(&server, "may not read");
        assert!(
            told.contains("api_tokens, import_changes, imports, mirrors;") && told.contains("migrate grants"),
            "{told}"
        );
    });
    let grants = done(&url, "migrate grants --role narrow");
    let (serve, more) = grants.split_once("-- account").unwrap();
    sql(&url, serve).await;
    block_in_place(|| {
        server.wait_for("/readyz", 200);
        data(&server, PAGE);
        // Nothing is pending: the role that only reads is asked for nothing else.
        let migrating = Server::over(
            &theirs,
            &[&PATIENT[..], &["--migrate"]].concat(),
            server.tenants.clone(),
        );
        migrating.wait_for("/readyz", 200);
        assert!(failed(&theirs, "account create --name Bolt").contains("accounts"));
    });
    sql(&url, &format!("-- account{more}")).await;
    block_in_place(|| {
        assert!(done(&theirs, "account create --name Bolt").starts_with("id: 2\n"));
        assert!(done(&theirs, "token create --account 2").starts_with("igw_"));
        assert_eq!(done(&theirs, "token revoke 2"), "");
        assert_eq!(done(&theirs, "seed --account 2 --rows 3"), "3 stored\n");
        let mut load = program(&["load", "--account", "2", "-"]);
        let mut load = load
            .env("DATABASE_URL", &theirs)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let record = br#"{"id":1,"completed_at":null,"file_name":"a","file_size":"1","note":null,"type":"T","status":"new","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}"#;
        load.stdin.take().unwrap().write_all(record).unwrap();
        assert_eq!(load.wait().unwrap().code(), Some(0));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_is_another_from_its_start_reads_and_its_statements_are_cancelled() {
    let url = cluster().create_database().await;
    let tenants = furnish(&url, &[7]).await;
    sql(
        &url,
        "CREATE ROLE owner_of_all; CREATE ROLE face LOGIN; GRANT owner_of_all TO face;
         ALTER ROLE face SET role owner_of_all;
         GRANT SELECT ON accounts, api_tokens, import_changes, imports, mirrors, seaql_migrations TO owner_of_all",
    )
    .await;
    let theirs = as_role(&url, "face");
    block_in_place(|| {
        assert!(done(&theirs, "account list").contains("Acme"));
        let server = Server::over(&theirs, &PATIENT, tenants);
        server.wait_for("/readyz", 200);
        data(&server, PAGE);
    });
    let settings = Settings {
        acquire_timeout: PATIENCE,
        statement_timeout: PATIENCE * 10,
        ..Settings::new(&theirs)
    };
    let store = Store::open(&settings).await.unwrap();
    let sleep = Named {
        kind: StatementKind::Page,
        statement: Statement::from_string(store.backend(), "SELECT 1 FROM pg_sleep(600)"),
    };
    let soon = tokio::time::Instant::now() + Duration::from_millis(300);
    let ended = store.until(soon).rows(sleep).await;
    assert!(matches!(ended, Err(StoreError::TimedOut(_))), "{ended:?}");
    let mut outside = PgConnection::connect(&url).await.unwrap();
    let begun = Instant::now();
    loop {
        let left: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'face' AND state = 'active'",
        )
        .fetch_one(&mut outside)
        .await
        .unwrap();
        if left == 0 {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the statement still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_connections_as_the_table_says_are_enough() {
    let url = cluster().create_database().await;
    let tenants = furnish(&url, &[7]).await;
    sql(
        &url,
        "CREATE ROLE counted LOGIN CONNECTION LIMIT 6;
         GRANT SELECT ON accounts, api_tokens, import_changes, imports, mirrors, seaql_migrations TO counted",
    )
    .await;
    let theirs = as_role(&url, "counted");
    let mut server = block_in_place(|| {
        Server::over(
            &theirs,
            &[&PATIENT[..], &["--database-connections", "4"]].concat(),
            tenants,
        )
    });
    block_in_place(|| server.wait_for("/readyz", 200));
    let mut locker = PgConnection::connect(&url).await.unwrap();
    // The key is known before the table is locked.
    block_in_place(|| data(&server, PAGE));
    sqlx::raw_sql("BEGIN; LOCK TABLE imports")
        .execute(&mut locker)
        .await
        .unwrap();
    let ask = Ask::graphql(PAGE, &serde_json::Value::Null)
        .with("Authorization", format!("Bearer {}", server.tenants[0].key))
        .bytes(&server.address);
    let sockets: Vec<_> = (0..8)
        .map(|_| {
            let mut socket = server.socket();
            socket.write_all(&ask).unwrap();
            socket
        })
        .collect();
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'counted' AND wait_event_type = 'Lock'";
    let mut outside = PgConnection::connect(&url).await.unwrap();
    let begun = Instant::now();
    loop {
        let readers: i64 = sqlx::query_scalar(waiting).fetch_one(&mut outside).await.unwrap();
        if readers == 4 {
            break;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "only {readers} readers wait for the lock"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Clients that go away have their statements cancelled, over a connection of its own.
    drop(sockets);
    sqlx::raw_sql("ROLLBACK").execute(&mut locker).await.unwrap();
    block_in_place(|| {
        data(&server, PAGE);
        server.terminate();
        assert_eq!(server.wait().code(), Some(0));
    });
    let log = server.last_log();
    assert!(!log.contains("too many connections"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_is_pending_the_lock_of_migrations_is_in_nobodys_way() {
    let url = cluster().create_database().await;
    let tenants = furnish(&url, &[3]).await;
    let mut other = PgConnection::connect(&url).await.unwrap();
    // "igwmigrt" as eight bytes, as the migrations take it.
    sqlx::raw_sql("SELECT pg_advisory_lock(x'6967776d69677274'::bigint)")
        .execute(&mut other)
        .await
        .unwrap();
    block_in_place(|| {
        assert_eq!(done(&url, "migrate up"), "nothing to do\n");
        let server = Server::over(&url, &[&PATIENT[..], &["--migrate"]].concat(), tenants);
        server.wait_for("/readyz", 200);
        data(&server, PAGE);
    });
    other.close().await.unwrap();
}
