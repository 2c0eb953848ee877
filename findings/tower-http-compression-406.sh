#!/usr/bin/env bash
# tower-http 0.7.1 (crates.io), feature compression-gzip.
#
# Guess: where the client refuses `identity` and knows no coding of ours, CompressionLayer leaves the answer
#   as it is, or refuses the request before it runs.
# What happens: the request runs, and its answer keeps body and headers, `Location` too, under another status:
#   406 in place of 201. A client that tries again makes a second order.
# Seen: see `expected` below.
# Our project: a refusal of `identity` is taken out of the request before the compression sees it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir src

cat > Cargo.toml <<'TOML'
[package]
name = "probe"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
tower-http = { version = "=0.7.1", default-features = false, features = ["compression-gzip"] }
tower = { version = "=0.5.2", default-features = false, features = ["util"] }
http = "=1.3.1"
http-body-util = "=0.1.3"
bytes = "=1.10.1"
futures-executor = "=0.3.31"

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RS'
use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::compression::CompressionLayer;

static ORDERS: AtomicU32 = AtomicU32::new(0);

async fn order(_: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let id = ORDERS.fetch_add(1, Ordering::Relaxed) + 1;
    let response = Response::builder().status(StatusCode::CREATED).header("Location", format!("/orders/{id}"));
    Ok(response.body(Full::from("ordered")).unwrap())
}

async fn ask(accept_encoding: &str) {
    let service = CompressionLayer::new().layer(service_fn(order));
    let request = Request::post("/orders").header("Accept-Encoding", accept_encoding).body(Full::default()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    let (status, location) = (response.status().as_u16(), response.headers()["Location"].clone());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    println!("{accept_encoding}: {status}, Location {location:?}, body {body:?}");
}

fn main() {
    futures_executor::block_on(async {
        ask("br").await;
        ask("br, identity;q=0").await;
    });
}
RS
seen=$(cargo run --quiet)
expected='br: 201, Location "/orders/1", body b"ordered"
br, identity;q=0: 406, Location "/orders/2", body b"ordered"'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "This has changed."; exit 1; }
