//! What each statement of a list costs: bounded by the page, whatever the table, on both databases.
//!
//! [`questions`] are plans as a list makes them; [`table`] is what they are asked of. Costs are counted, never timed.

mod agree;
mod postgres;
mod questions;
mod sqlite;
mod table;
