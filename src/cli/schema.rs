//! `schema`: the GraphQL schema, as `schema.graphql` holds it.

use super::output;
use crate::graphql::schema;

/// Prints the schema definition.
///
/// # Errors
///
/// Those of standard output.
pub fn run() -> anyhow::Result<()> {
    output::print(&schema::sdl())
}
