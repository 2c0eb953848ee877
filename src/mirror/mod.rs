//! Accounts kept in step with another service's: what is asked, when, and what becomes of the answers.
//!
//! Takes an upstream that speaks the REST API of this gateway, and a store; leaves in the store what the upstream has. The
//! parts that decide are pure: [`walk`] (what to ask, and how far one is), [`budget`] and [`backoff`] (when), [`page`] and
//! [`verdict`] (what an answer means). [`client`] speaks HTTP, [`holder`] keeps the lease, [`run`] puts them together.
//! [`standings`] is what readers are told of all that. Deliberately absent: SQL, which is in `store::mirror`, and what is
//! printed.

pub mod backoff;
pub mod budget;
pub mod client;
pub mod holder;
pub mod page;
pub mod run;
pub mod standings;
pub mod upstream;
pub mod verdict;
pub mod walk;
