//! Scalars, columns and rows: what the rest of the crate compares.
//!
//! Deliberately absent: NULL. A nullable column cannot be a sort key, and no filter here asks for one.

use std::fmt::Debug;

/// One typed scalar with a total order.
///
/// Values of one column always share a variant; across variants the order is that of the declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// A whole number, such as an id.
    Int(i64),
    /// An instant. **Unit**: microseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
    /// A member of a closed set of names. Never a sort key.
    Name(&'static str),
}

impl Value {
    /// The first instant that is ever compared, 0001-01-01T00:00:00Z. **Unit**: microseconds since 1970.
    pub const MIN_INSTANT: i64 = -62_135_596_800_000_000;
    /// The last instant that is ever compared, 9999-12-31T23:59:59.999999Z. **Unit**: microseconds since 1970.
    pub const MAX_INSTANT: i64 = 253_402_300_799_999_999;
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`Value::Int`].
    Int,
    /// [`Value::Instant`].
    Instant,
    /// [`Value::Name`].
    Name,
}

/// A column that can be compared, as a small copyable name.
pub trait Column: Copy + Eq + Debug {
    /// The column's number in cursors, below 128. It is part of every cursor ever given out: never reuse one.
    fn code(self) -> u8;

    /// The column of a code, or `None` where no sortable column has it.
    fn from_code(code: u8) -> Option<Self>;

    /// What the column holds.
    fn kind(self) -> Kind;

    /// Whether no two rows that a caller can see share a value of this column, so that nothing after it can matter.
    fn is_unique(self) -> bool;
}

/// Something with a value for each column.
pub trait Row<C> {
    /// The row's value of `column`, in the variant of the column's [`Kind`].
    fn value(&self, column: C) -> Value;
}

impl<C, R: Row<C>> Row<C> for &R {
    fn value(&self, column: C) -> Value {
        (**self).value(column)
    }
}
