//! Reading imports: plans in, rows out.

mod column;

pub use column::Column;
