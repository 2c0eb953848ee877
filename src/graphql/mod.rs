//! GraphQL: what a document may be, and how it is answered.

pub mod guard;
