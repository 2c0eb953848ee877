//! Keyset-paginated GraphQL and REST for imports.

pub mod error;
pub mod http;
pub mod load;
pub mod peer;
