//! Rows that applications wrote past the checks of the table: named in the log, counted, and found by `migrate check`.

use std::time::Instant;

use sea_orm::DbBackend;

use super::{PATIENT, data, done, failed, run};
use crate::databases::{self, execute};
use crate::server::{Ask, Server, furnish};

/// Imports of account 1 that cannot be read, as SQL of either database, each with its column.
fn spoiled(backend: DbBackend) -> Vec<(i64, &'static str, String)> {
    let insert = |id: i64, status: &str, created: &str, name: &str| {
        format!(
            "INSERT INTO imports (account_id, id, file_name, file_size, type, status, created_at, updated_at)
             VALUES (1, {id}, {name}, 1, 'T', '{status}', {created}, {created})"
        )
    };
    let (good, late, early) = match backend {
        DbBackend::Sqlite => ("0", "9000000000000000000", "-9000000000000000000"),
        _ => ("'2026-01-01Z'", "'infinity'", "'-infinity'"),
    };
    vec![
        (9001, "status", insert(9001, "paused", good, "'a'")),
        (9002, "created_at", insert(9002, "new", late, "'a'")),
        (9003, "created_at", insert(9003, "new", early, "'a'")),
    ]
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named_in_the_log_counted_and_found_by_a_check() {
    for database in databases::fresh().await {
        let tenants = furnish(&database.url, &[1200]).await;
        let store = database.open().await;
        assert_eq!(
            done(&database.url, "migrate check"),
            "1200 imports, all readable\n"
        );
        let lifts: &[&str] = match store.backend() {
            DbBackend::Sqlite => &["PRAGMA ignore_check_constraints = on"],
            _ => &[
                "ALTER TABLE imports DROP CONSTRAINT imports_status",
                "ALTER TABLE imports DROP CONSTRAINT imports_created_at_check",
                "ALTER TABLE imports DROP CONSTRAINT imports_updated_at_check",
            ],
        };
        let rows = spoiled(store.backend());
        let texts: Vec<_> = lifts
            .iter()
            .map(|text| (*text).to_owned())
            .chain(rows.iter().map(|(.., text)| text.clone()))
            .collect();
        // One after another on one connection, which keeps the pragma.
        execute_all(&store, &texts).await;
        store.close().await.unwrap();

        let mut server = Server::over(&database.url, &PATIENT, tenants);
        for (id, ..) in &rows {
            let query = format!("{{ importByDatabaseId(databaseId: \"{id}\") {{ id status createdAt }} }}");
            let answer = server.client().graphql(&query);
            assert_eq!(answer.code(), "INTERNAL_SERVER_ERROR", "{}", answer.text());
            assert!(!answer.text().contains("paused"), "{}", answer.text());
            assert_eq!(server.client().get(&format!("/api/v1/imports/{id}")).status, 500);
        }
        let metrics = server.stranger().ask(&Ask::get("/metrics")).text();
        for line in [
            "imports_gateway_unreadable_values_total{column=\"status\"} 2",
            "imports_gateway_unreadable_values_total{column=\"created_at\"} 4",
        ] {
            assert!(metrics.contains(line), "{line}: {metrics}");
        }
        server.terminate();
        assert_eq!(server.wait().code(), Some(0));
        let log = server.last_log();
        for (id, column, _) in &rows {
            let words = format!("import {id} of account 1, column `{column}`: ");
            assert_eq!(log.matches(&words).count(), 2, "{words}: {log}");
        }
        let checked = run(&database.url, "migrate check");
        assert_eq!(checked.code, Some(1), "{checked:?}");
        assert!(checked.error.contains("3 values of 1203 imports"), "{checked:?}");
        for (id, column, _) in &rows {
            let line = checked.output.lines().find(|line| line.contains(&id.to_string()));
            assert!(
                line.is_some_and(|line| line.contains(column)),
                "{id}: {checked:?}"
            );
        }
    }
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_shown_with_replacements_and_named_in_the_log() {
    let database = databases::sqlite();
    let tenants = furnish(&database.url, &[3]).await;
    let store = database.open().await;
    let text = "UPDATE imports SET file_name = CAST(x'61ff62' AS TEXT), note = CAST(x'c3' AS TEXT) WHERE id = \
                (SELECT max(id) FROM imports)";
    assert_eq!(execute(&store, text, Vec::new()).await, Ok(1));
    store.close().await.unwrap();
    let mut server = Server::over(&database.url, &PATIENT, tenants);
    let data = data(
        &server,
        "{ imports(first: 1) { nodes { databaseId fileName note } } }",
    );
    let node = &data["imports"]["nodes"][0];
    assert_eq!(
        (&node["fileName"], &node["note"]),
        (&"a\u{fffd}b".into(), &"\u{fffd}".into())
    );
    let page = server.client().get("/api/v1/imports?per_page=2");
    assert_eq!((page.status, page.text().contains("a\u{fffd}b")), (200, true));
    let id = node["databaseId"].as_str().unwrap().to_owned();
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
    let log = server.last_log();
    for column in ["file_name", "note"] {
        let is_named = log.lines().any(|line| {
            line.contains("U+FFFD")
                && line.contains(&id)
                && line.contains(column)
                && line.contains("account_id=1")
        });
        assert!(is_named, "{column}: {log}");
    }
    let checked = run(&database.url, "migrate check");
    assert_eq!(
        (checked.code, checked.output.matches("not UTF-8").count()),
        (Some(1), 2),
        "{checked:?}"
    );
}

#[tokio::test]
async fn many_values_that_are_not_utf_8_are_one_line_a_column_and_minute() {
    let database = databases::sqlite();
    let tenants = furnish(&database.url, &[40]).await;
    let store = database.open().await;
    let text = "UPDATE imports SET file_name = CAST(x'61ff62' AS TEXT), note = CAST(x'c3' AS TEXT)";
    assert_eq!(execute(&store, text, Vec::new()).await, Ok(40));
    store.close().await.unwrap();
    let begun = Instant::now();
    let mut server = Server::over(&database.url, &PATIENT, tenants);
    for _ in 0..5 {
        data(&server, "{ imports(first: 40) { nodes { fileName note } } }");
    }
    let metrics = server.stranger().ask(&Ask::get("/metrics")).text();
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
    let (log, minutes) = (server.last_log(), begun.elapsed().as_secs() / 60);
    for column in ["file_name", "note"] {
        let count = format!("imports_gateway_unreadable_values_total{{column=\"{column}\"}} 200");
        assert!(metrics.contains(&count), "{count}: {metrics}");
        let name = format!("column=\"{column}\"");
        let lines: Vec<_> = log
            .lines()
            .filter(|line| line.contains("U+FFFD") && line.contains(&name))
            .collect();
        assert!(
            (1..=minutes as usize + 1).contains(&lines.len()) && lines[0].contains("more=39"),
            "{column}, in {minutes} minutes: {log}"
        );
    }
}

#[tokio::test]
async fn a_server_database_that_is_not_utf_8_is_not_migrated() {
    let url = crate::postgres::cluster().create_database().await;
    super::sql(
        &url,
        "CREATE DATABASE plain_bytes ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
    )
    .await;
    let (host, _) = url.rsplit_once('/').unwrap();
    let error = failed(&format!("{host}/plain_bytes"), "migrate up");
    assert!(error.contains("SQL_ASCII") && error.contains("UTF8"), "{error}");
}

async fn execute_all(store: &imports_gateway::store::Store, texts: &[String]) {
    use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
    if store.backend() == DbBackend::Sqlite {
        // A pragma of checks is not heeded inside a transaction that began before it; one text is one connection's.
        store
            .database()
            .execute_unprepared(&texts.join("; "))
            .await
            .unwrap();
        return;
    }
    let transaction = store.database().begin().await.unwrap();
    for text in texts {
        transaction.execute_unprepared(text).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn a_failure_that_empties_a_list_of_nodes_is_logged_once() {
    let database = databases::sqlite();
    let tenants = furnish(&database.url, &[30]).await;
    let mut server = Server::over(&database.url, &PATIENT, tenants);
    let found = data(&server, "{ imports(first: 30) { nodes { id } } }");
    let nodes = found["imports"]["nodes"].as_array().unwrap();
    let ids: Vec<_> = nodes.iter().map(|node| node["id"].to_string()).collect();
    let store = database.open().await;
    let text = "ALTER TABLE imports RENAME COLUMN note TO remark";
    assert!(execute(&store, text, Vec::new()).await.is_ok());
    let query = format!(
        "{{ nodes(ids: [{}]) {{ ... on Import {{ note }} }} }}",
        ids.join(",")
    );
    let answer = server.client().ask(&Ask::graphql(&query, &serde_json::json!({})));
    let errors = answer.json()["errors"].as_array().map(Vec::len);
    assert_eq!(
        (errors, answer.code().as_str()),
        (Some(10), "INTERNAL_SERVER_ERROR")
    );
    server.terminate();
    server.wait();
    let log = server.last_log();
    assert_eq!(log.matches("a field failed").count(), 1, "{log}");
}

#[tokio::test]
async fn a_check_without_a_schema_says_that_there_is_none_and_what_to_type() {
    for database in databases::fresh().await {
        let error = failed(&database.url, "migrate check");
        assert!(
            error.contains("no schema") && error.contains("`imports-gateway migrate up`"),
            "{error}"
        );
    }
}
