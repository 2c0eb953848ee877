//! Keyset-paginated GraphQL and REST over imports.

pub mod graphql;
