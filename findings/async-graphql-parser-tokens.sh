#!/usr/bin/env bash
# async-graphql-parser 7.2.1 (crates.io).
#
# Guess: its grammar is that of the October 2021 edition, so what it takes and refuses is what that edition does.
# What happens: tokens have no end of their own. In a list `truetrue` is two values, and so are the digits of `007`
#   three numbers; and a variable's directives are read before its default value, not behind it, where every edition
#   has them.
# Seen: see `expected` below.
# Our project: documents are parsed by a parser of our own into the library's types, with graphql-js as its oracle.
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
async-graphql-parser = "=7.2.1"

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RS'
use async_graphql_parser::parse_query;
use async_graphql_parser::types::{DocumentOperations, Selection};

/// The first argument's value as the parser reads it, or that the document is refused.
fn read(text: &str) -> String {
    let Ok(document) = parse_query(text) else {
        return "refused".to_owned();
    };
    let DocumentOperations::Single(operation) = document.operations else {
        return "read".to_owned();
    };
    match &operation.node.selection_set.node.items[0].node {
        Selection::Field(field) => match field.node.arguments.first() {
            Some((_, value)) => value.node.to_string(),
            None => "read".to_owned(),
        },
        _ => "read".to_owned(),
    }
}

fn main() {
    for text in [
        "{ a(b: [truetrue]) }",
        "{ a(b: [007]) }",
        "query Q($v: Int @d = 1) { a }",
        "query Q($v: Int = 1 @d) { a }",
    ] {
        println!("{}: {}", text, read(text));
    }
}
RS
actual=$(cargo run --quiet 2>/dev/null)
expected='{ a(b: [truetrue]) }: [true, true]
{ a(b: [007]) }: [0, 0, 7]
query Q($v: Int @d = 1) { a }: read
query Q($v: Int = 1 @d) { a }: refused'
if [ "$actual" != "$expected" ]; then
    printf 'this has changed:\n%s\n' "$actual"
    exit 1
fi
printf '%s\n' "$actual"
