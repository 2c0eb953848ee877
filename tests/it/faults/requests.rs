//! Requests whose database is slow or busy, and whose client goes away.

use imports_gateway::app;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{
    App, ENDLESS, answered, config, none_in_use, patient, prepared, so_many_in_use, so_many_run, statement,
};
use crate::databases::{self, execute};
use crate::postgres::cluster;
use crate::waiting::eventually;

#[tokio::test]
async fn where_every_connection_is_in_use_the_service_is_overloaded() {
    let sqlite = databases::sqlite();
    let key = prepared(&sqlite.url).await;
    let few = ["--database-connections", "1", "--acquire-timeout-ms", "50"];
    let long = ["--statement-timeout-ms", "60000"];
    let app = App::start(&sqlite.url, &key, &[few.as_slice(), &long].concat()).await;
    app.serves().await;
    let (reader, text) = (app.store.clone(), statement(&app.store, ENDLESS));
    let reading = tokio::spawn(async move { reader.rows(text).await.map(drop) });
    so_many_in_use(&app.store, 1).await;
    assert_eq!(app.ask().await, (503, "OVERLOADED".to_owned()));
    reading.abort();
    eventually("a good answer", async || answered(&app).await).await;
}

#[tokio::test]
async fn a_request_whose_time_is_up_is_answered_so_and_leaves_no_statement() {
    let url = cluster().create_database().await;
    let key = prepared(&url).await;
    let short = ["--request-timeout-ms", "300", "--statement-timeout-ms", "60000"];
    let app = App::start(&url, &key, &short).await;
    app.serves().await;
    let other = patient(&url).await;
    execute(&other, "ALTER TABLE imports RENAME TO imports_rows", Vec::new())
        .await
        .unwrap();
    execute(&other, SLOW_VIEW, Vec::new()).await.unwrap();
    assert_eq!(app.ask().await, (504, "TIMEOUT".to_owned()));
    so_many_run(&other, 0).await;
    none_in_use(&app.store).await;
}

const SLOW_VIEW: &str =
    "CREATE VIEW imports AS SELECT r.* FROM imports_rows r CROSS JOIN pg_sleep(60) AS slow";

#[tokio::test]
async fn what_a_client_waited_for_ends_when_it_is_gone() {
    let url = cluster().create_database().await;
    let key = prepared(&url).await;
    let long = [
        "--request-timeout-ms",
        "60000",
        "--statement-timeout-ms",
        "60000",
        "--mcp",
        "on",
    ];
    let app = App::start(&url, &key, &long).await;
    let other = patient(&url).await;
    execute(&other, "ALTER TABLE imports RENAME TO imports_rows", Vec::new())
        .await
        .unwrap();
    execute(&other, SLOW_VIEW, Vec::new()).await.unwrap();

    let listener = http_server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let limits = app::connection_limits(&config(&url, &long).limits);
    let door = app.door.clone();
    let serving = tokio::spawn(async move {
        http_server::serve(listener, door, &limits, std::future::pending()).await;
    });
    let call = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_imports"}}"#;
    for (path, body) in [
        ("/graphql", r#"{"query": "{ imports { nodes { id } } }"}"#),
        ("/mcp", call),
    ] {
        let mut client = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        client.write_all(request.as_bytes()).await.unwrap();
        so_many_run(&other, 1).await;
        drop(client);
        so_many_run(&other, 0).await;
        none_in_use(&app.store).await;
    }
    serving.abort();
}
