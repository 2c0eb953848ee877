//! `schema`: the GraphQL schema, as `schema.graphql` holds it, or as a subgraph of a federated graph.

use super::output;
use crate::graphql::{federation, schema};

/// The arguments of `schema`.
#[derive(clap::Args)]
pub struct Args {
    /// Print the subgraph for Apollo Federation, to be composed with others.
    #[arg(long)]
    federation: bool,
}

/// Prints the schema definition.
///
/// # Errors
///
/// Those of standard output.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let text = if args.federation {
        federation::subgraph_sdl()
    } else {
        schema::sdl()
    };
    output::print(&text)
}
