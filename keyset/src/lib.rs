//! Keyset paging as plain values.
//!
//! Takes an [`Order`], a [`Filter`] and two optional [`Position`]s; gives [`Plan`]s (whole queries as values) and cuts
//! the rows that such a plan fetched into a [`Page`]. One [`Order`] yields the sort, the seek predicate, the cursor's
//! keys and its fingerprint, so that they cannot disagree.
//!
//! Deliberately absent: databases, SQL, GraphQL, clocks and async. The crate is generic over a [`Column`] type and never
//! learns what a table is.

mod cursor;
mod filter;
mod order;
mod page;
mod plan;
mod predicate;
mod seek;
mod value;

pub use cursor::{CursorError, CursorText, MAX_CURSOR_BYTES, decode, encode, encode_row};
pub use filter::{Check, Filter, Range};
pub use order::{Direction, Key, Order, OrderError, Position};
pub use page::{Page, PageRequest, Reading};
pub use plan::Plan;
pub use predicate::{Comparison, Predicate};
pub use seek::{SeekBound, Side};
pub use value::{Column, Kind, Row, Value};
