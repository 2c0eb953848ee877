//! How much is let in: what runs at once, what an account may spend, how often an address may guess.
//!
//! Nothing here knows HTTP or the database: accounts, addresses, points and instants in, verdicts out. All of it lives
//! in the memory of one process, bounded in size.

pub mod budget;
pub mod failed_keys;
mod leaky_bucket;
pub mod permits;
pub mod streams;

/// Refused until some time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("retry after {retry_after_s} s")]
pub struct Limited {
    /// In whole seconds, rounded up, at least one: the value of `Retry-After`.
    pub retry_after_s: u64,
}
