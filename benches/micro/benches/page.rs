//! A page through the whole door, without a network: the road's own cost, and by the difference between sizes that of
//! a row. The database is a SQLite file in memory's reach, so that no other process takes part.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use clap::Parser;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use entity::Instant;
use http_body_util::BodyExt;
use imports_gateway::http::{self, Door};
use imports_gateway::ingest::generate::fill;
use imports_gateway::store::{Store, accounts, tokens};
use imports_gateway::{app, config};
use micro::PAGE;
use tokio::runtime::Runtime;

const ROWS: u64 = 1_000;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    settings: config::Settings,
}

/// The service as it is shipped, but for the rate limit; and a key to an account with imports.
async fn service(folder: &tempfile::TempDir) -> (Door, String) {
    let url = format!("sqlite://{}/imports.db?mode=rwc", folder.path().display());
    let arguments = Arguments::parse_from(["micro", "--rate-limit", "off"]);
    let config = arguments
        .settings
        .check(&url)
        .unwrap_or_else(|faults| panic!("{faults:?}"));
    let store = Store::open(&config.store).await.expect("a new file");
    migration::up(store.database()).await.expect("a schema");
    let now = Instant::from_micros(1_777_636_800_000_000).expect("an instant");
    let (account, _) = accounts::create(&store, "Acme", now).await.expect("an account");
    let made = tokens::create(&store, account, "", None, now)
        .await
        .expect("a statement");
    let (_, key) = made.expect("the account is there");
    fill(&store, account, ROWS, 1, now, |_| {})
        .await
        .expect("imports");
    let documents = app::documents(&config).expect("a sound schema");
    let (gateway, _) = app::gateway(&config, documents, store);
    (http::door(gateway, None), key.reveal().to_owned())
}

fn request(key: &str, rows: u32) -> Request<Body> {
    let body =
        serde_json::json!({"query": PAGE, "variables": {"first": rows, "after": null, "filter": null}});
    Request::post("/graphql")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .expect("a request")
}

async fn answer(door: &Door, request: Request<Body>) -> usize {
    let response = door.answer(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    assert!(!body.starts_with(b"{\"errors\""));
    body.len()
}

fn page(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let (door, key) = runtime.block_on(service(&folder));
    let mut group = criterion.benchmark_group("page");
    for rows in [0, 5, 50, 100] {
        group.bench_with_input(BenchmarkId::from_parameter(rows), &rows, |bencher, rows| {
            bencher.iter_batched(
                || request(&key, *rows),
                |request| runtime.block_on(answer(&door, request)),
                criterion::BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, page);
criterion_main!(benches);
