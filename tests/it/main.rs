//! The one integration test binary: each module holds the tests of one feature, or a tool that the others share.
// In a test a failure is a panic.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod accounts;
#[path = "../../xtask/src/binaries.rs"]
mod binaries;
mod cli;
mod databases;
mod drain;
mod fuzzing;
mod guard;
mod hostile;
mod house;
mod ingest;
mod instants;
mod load;
mod migrations;
mod postgres;
mod readme;
mod records;
mod rest;
mod server;
mod settings;
