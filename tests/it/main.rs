//! The one integration test binary: each module holds the tests of one feature, or a tool that the others share.
// In a test a failure is a panic.
#![allow(clippy::panic, clippy::unwrap_used)]

mod ingest;
mod records;
