//! The one integration test binary: each module holds the tests of one feature, or a tool that the others share.
// Futures of whole requests within loops of a test are deep types.
#![recursion_limit = "256"]
// In a test a failure is a panic.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod accounts;
mod agreement;
mod app;
mod architecture;
#[path = "../../xtask/src/binaries.rs"]
mod binaries;
mod changes;
mod checker;
mod cli;
mod conditional;
mod databases;
mod document_limits;
mod documents;
mod door;
mod drain;
mod echo;
mod executor;
mod faults;
mod federation;
mod find;
mod full_disk;
mod fuzzing;
mod gauntlet;
mod graphql_answers;
mod graphql_errors;
mod hostile;
mod http_statuses;
mod ingest;
mod instants;
mod introspection;
mod isolation;
mod killed;
mod laws;
mod load;
mod mcp;
mod migrations;
mod mirror;
mod operators;
mod pages;
mod postgres;
mod readme;
mod records;
mod rest;
mod rng;
mod schema;
mod search_index;
mod server;
mod settings;
mod shapes;
mod soak;
mod statements;
mod store;
mod waiting;
