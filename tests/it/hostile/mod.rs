//! Hostile input against the real program over real sockets: whatever comes, a documented answer, and then service.
//!
//! Floods of damaged requests, and tables of the attacks that have names. Every answer is judged alike: status, code,
//! size, and nothing of our inside in it.

mod arguments;
mod damage;
mod documents;
pub(crate) mod flood;
mod http;
pub(crate) mod judge;
mod keys;
mod sockets;
