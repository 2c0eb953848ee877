//! Limits and validation of GraphQL documents and variables, beyond what async-graphql checks by itself.
//!
//! [`check`] takes a document's text, the [`Limits`] and the [`SchemaTypes`]; it gives a [`Document`] that can be cached and
//! shared. For each request [`coerce`](coerce()) then gives the [`Coerced`] variables and the operation's cost. Either gives
//! a [`Rejection`] instead.
//!
//! The order of the checks is: the size, tokens and brackets of the text ([`check_tokens`]); the syntax; the number of
//! definitions and directives, and the complexity of each operation with its fragments expanded; the types of literals, the
//! uses of variables, and fields that must be mergeable. Then, for each request, the types of its variables and the cost.
//!
//! Accepted documents are bounded in every direction in which async-graphql recurses or repeats work: nesting with fragments
//! expanded, expanded nodes, aliases, root fields, directives. The checks themselves visit each node of the text a few times,
//! fragments in the order of their dependencies, so their work is linear in the text; that of mergeable fields is linear in
//! the expanded nodes, which are bounded by then.
//!
//! Not here: I/O, clocks, HTTP, and the rules that async-graphql checks well (unknown fields, unused variables). Queries and
//! subscriptions are typed; a mutation has the limits alone.
//!
//! ```
//! use graphql_limits::{Cost, Costs, Limits, SchemaTypes, check, coerce};
//!
//! let costs = Costs { introspection: 10, root_fields: vec![("users", Cost::Items("ids"))] };
//! let sdl = "type Query { users(ids: [ID!]!): [User] } type User { name: String }";
//! let types = SchemaTypes::from_sdl(sdl, &[], costs)?;
//! let limits = Limits::default();
//!
//! let document = check("query ($ids: [ID!]!) { users(ids: $ids) { name } }", &limits, true, &types)?;
//! let variables = serde_json::json!({"ids": [1, 2]});
//! let operation = document.operation(None)?;
//! let coerced = coerce(&document, operation, variables.as_object().unwrap(), &types, &limits)?;
//! assert_eq!(coerced.cost, 2);
//!
//! let rejection = check("{ users { name } }", &limits, true, &types).unwrap_err();
//! assert_eq!(rejection.errors[0].message, "The argument `ids` is required, but not given.");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod coerce;
mod complexity;
pub mod conditions;
mod cost;
mod document;
mod duplicate_leaves;
mod fields_can_merge;
mod input_path;
mod lexer;
mod limits;
mod literals;
mod parser;
mod rejection;
mod scalars;
mod schema_types;
mod single_root_field;
mod string_value;
mod token_limits;
mod variables;

pub use coerce::{Coerced, coerce};
pub use cost::{ConnectionCost, Cost, Costs};
pub use document::{Document, Operation, check};
pub use limits::Limits;
pub use rejection::{Code, Rejection, ValidationError};
pub use scalars::CustomScalar;
pub use schema_types::{SchemaTypes, SchemaTypesError};
pub use token_limits::{TokenCounts, check_tokens};
