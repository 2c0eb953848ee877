//! The GraphQL side: the schema and, in front of it, what decides whether a document may run.

pub mod direct;
pub mod documents;
pub mod guard;
pub mod manifest;
pub mod once;
pub mod schema;
mod sdl;
