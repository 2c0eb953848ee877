//! The guard: every document is measured here before the GraphQL library sees it.
//!
//! Takes a document's text, its variables as JSON, the limits and the schema's types; gives a
//! [`Document`](document::Document) that can be kept and shared, then for each request the
//! [`Coerced`](coerce::Coerced) variables and the cost, or a [`Refusal`](refusal::Refusal). The order is:
//! [`scan`](scan::scan) the bytes, parse, outline and measure the tree, type the literals
//! ([`check`](document::check)); then, a request at a time, type the variables and price the operation
//! ([`coerce`](coerce::coerce)).
//!
//! What is accepted is bounded in every direction in which the library recurses or repeats itself: nesting with
//! fragments expanded, expanded nodes, aliases, root fields, directives. The guard's own walks visit each node of
//! the text once, fragments in dependency order, so its work is linear in the text; the last of them, over fields that
//! merge, is linear in what has been found to be no more than the limit on expanded nodes.
//!
//! Absent on purpose: I/O, clocks, the HTTP status of a code, and the rules that the library checks well by
//! itself (unknown fields, unused variables).

pub mod coerce;
pub mod cost;
pub mod document;
pub mod fuzz;
pub mod instant;
mod lexeme;
pub mod limits;
mod literal;
mod measure;
mod merging;
mod outline;
mod place;
pub mod refusal;
mod repeats;
mod scalar;
pub mod scan;
pub mod table;
mod variables;
