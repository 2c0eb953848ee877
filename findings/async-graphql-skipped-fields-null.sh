#!/usr/bin/env bash
# async-graphql 7.2.1 (crates.io).
#
# Guess: an object whose fields are all skipped is an empty object, `{}`.
# What happens: it is null, without an error, also where the schema says `Viewer!`. If the root fields are
#   skipped, `data` itself is null, which a client reads as a failed request.
# Seen: see `expected` below.
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
async-graphql = { version = "=7.2.1", default-features = false }
futures-executor = "=0.3.31"

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RS'
use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema, SimpleObject};

#[derive(SimpleObject)]
struct Viewer {
    name: &'static str,
}

struct Query;

#[Object]
impl Query {
    async fn viewer(&self) -> Viewer {
        Viewer { name: "Ada" }
    }
}

fn main() {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    assert!(schema.sdl().contains("viewer: Viewer!"));
    for document in ["{ viewer { name @skip(if: true) } }", "{ viewer @skip(if: true) { name } }"] {
        let response = futures_executor::block_on(schema.execute(document));
        println!("{document}: data {}, {} errors", response.data, response.errors.len());
    }
}
RS
seen=$(cargo run --quiet)
expected='{ viewer { name @skip(if: true) } }: data {viewer: null}, 0 errors
{ viewer @skip(if: true) { name } }: data null, 0 errors'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "This has changed."; exit 1; }
