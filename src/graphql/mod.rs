//! The GraphQL side: the schema and, in front of it, what decides whether a document may run.

pub mod guard;
pub mod schema;
