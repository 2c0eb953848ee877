//! The commands, one file each: arguments in, something printed, an exit status out.

pub mod load;
pub mod seed;
