//! What a client selects: output types as tables, and selections that are compiled against them.
//!
//! Each output type is one table of its fields ([`table::Object`]). The schema is declared from it ([`declare`]), and a
//! selection set of a valid document is compiled against it once ([`compiled::Selection`]) and then writes any number of
//! rows, without looking at a name again. Nothing inside a selection can fail or wait.

pub mod collect;
pub mod compiled;
pub mod declare;
pub mod table;
