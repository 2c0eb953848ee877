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
mod guard;
mod house;
mod ingest;
mod instants;
mod migrations;
mod postgres;
mod records;
mod shapes;
