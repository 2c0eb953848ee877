//! The guard: every document is measured here before the GraphQL library sees it.
//!
//! Takes a document's text, its variables as JSON, the [`Limits`] and the schema's [`Types`]; gives a
//! [`Document`] that can be kept and shared, then for each request the [`Coerced`] variables and the cost, or
//! a [`Refusal`]. The order is: [`scan`](scan::scan) the bytes, parse, outline and measure the tree, type the
//! literals; then, a request at a time, type the variables and price the operation.
//!
//! What is accepted is bounded in every direction in which the library recurses or repeats itself: nesting with
//! fragments expanded, expanded nodes, aliases, root fields, directives. The guard's own walks visit each node of
//! the text once, fragments in dependency order, so its work is linear in the text.
//!
//! Absent on purpose: I/O, clocks, the HTTP status of a code, and the rules that the library checks well by
//! itself (unknown fields, unused variables, fields that do not merge).

mod coerce;
mod cost;
mod document;
mod fuzz;
pub mod instant;
mod limits;
mod literal;
mod measure;
mod outline;
mod refusal;
mod scalar;
mod scan;
mod table;
mod variables;

pub use coerce::{Coerced, coerce};
pub use cost::cost;
pub use document::{Document, Operation, check};
pub use fuzz::fuzz_guard;
pub use limits::Limits;
pub use refusal::{Code, Fault, Refusal};
pub use scan::{Scanned, scan};
pub use table::{Types, TypesError};
