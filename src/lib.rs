//! imports-gateway: keyset-paginated GraphQL and REST for imports, on SQLite and PostgreSQL.
//!
//! The README shows the house and the road of a request; each module's first lines say what it takes and gives.

pub mod cli;
pub mod ingest;
pub mod rfc3339;
pub mod store;
