//! A checker of walks in the manner of Jepsen: it is given what was written and what was answered, each with the time
//! that it took, and names every answer that no order of these events explains.
//!
//! [`judge`](judge::judge) is pure. [`service`] is a list service in memory that can be made to err in seventeen ways; each
//! must be found. [`writer`] and [`walker`] bring histories from the real service, beside each other.

mod concurrent;
pub(crate) mod history;
pub(crate) mod judge;
mod mistakes;
mod rules;
mod service;
mod simulation;
pub(crate) mod violation;
pub(crate) mod walker;
pub(crate) mod writer;
