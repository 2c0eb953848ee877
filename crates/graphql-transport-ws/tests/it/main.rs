//! The protocol over real sockets. Every wait is for an event, and has a limit of its own; the server's limits are short
//! where they have to run out.
#![allow(clippy::panic, reason = "a test that gives up says what it waited for")]

mod client;
mod endings;
mod host;
mod hostile;
mod operations;
mod raw;
mod server;
