#!/usr/bin/env bash
# async-graphql 7.2.1 (crates.io).
#
# Guess: `{ viewer { name } viewer { email } }` is one field, resolved once: the specification merges equal
#   response keys before it runs them (CollectFields).
# What happens: the resolver runs twice and the two results are merged, so nothing in the answer tells. Where
#   the two are in fragments and give one key to different fields, validation passes as well, and the second
#   one is missing.
# Seen: see `expected` below.
# Our project: the first place runs, with all that the places select together, and the others take its answer.
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
use std::sync::atomic::{AtomicU32, Ordering};

use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema, SimpleObject};

static CALLS: AtomicU32 = AtomicU32::new(0);

#[derive(SimpleObject)]
struct Viewer {
    name: &'static str,
    email: &'static str,
}

struct Query;

#[Object]
impl Query {
    async fn viewer(&self) -> Viewer {
        CALLS.fetch_add(1, Ordering::Relaxed);
        Viewer { name: "Ada", email: "ada@example.com" }
    }
}

fn main() {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    for document in [
        "{ viewer { name } viewer { email } }",
        "{ ...A ...B } fragment A on Query { viewer { x: name } } fragment B on Query { viewer { x: email } }",
    ] {
        CALLS.store(0, Ordering::Relaxed);
        let response = futures_executor::block_on(schema.execute(document));
        let (calls, errors) = (CALLS.load(Ordering::Relaxed), response.errors.len());
        println!("{calls} calls, {errors} errors, {}", response.data);
    }
}
RS
seen=$(cargo run --quiet)
expected='2 calls, 0 errors, {viewer: {name: "Ada", email: "ada@example.com"}}
2 calls, 0 errors, {viewer: {x: "Ada"}}'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "This has changed."; exit 1; }
