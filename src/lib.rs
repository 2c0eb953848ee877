//! imports-gateway: keyset-paginated GraphQL and REST for imports, on SQLite and PostgreSQL.
//!
//! The README shows the architecture and the road of a request; each module's first lines say what it takes and gives.

pub mod app;
pub mod auth;
pub mod calendar;
pub mod changes;
pub mod cli;
pub mod client_address;
pub mod config;
pub mod error;
pub mod fuzzing;
pub mod graphql;
pub mod host;
pub mod http;
pub mod ingest;
pub mod json;
pub mod list;
pub mod load;
pub mod mirror;
pub mod origin;
pub mod relay;
pub mod resources;
pub mod rfc3339;
pub mod scalars;
pub mod selection;
pub mod store;
pub mod telemetry;
