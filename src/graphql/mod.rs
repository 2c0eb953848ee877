//! The GraphQL side: the schema, what decides whether a document may run, and the executor.

pub mod documents;
pub mod execute;
pub mod federation;
pub mod introspection;
pub mod schema;
mod sdl;
pub mod validation;
