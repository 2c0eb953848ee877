//! How complex a document is: what its text holds, and what it expands to.

mod definitions;
mod expanded;

pub(crate) use self::definitions::{check_definitions, is_introspection};
pub(crate) use self::expanded::{Complexity, check_complexity};
