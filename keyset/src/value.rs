//! Scalars, columns and rows: what the rest of the crate compares.
//!
//! Deliberately absent: an order with NULL. A nullable column cannot be a sort key, and a range holds no NULL.

use std::fmt::Debug;

use crate::Direction;

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

    /// The next value in a direction; `None` where this is the last, or has no order.
    #[must_use]
    pub(crate) fn step(self, direction: Direction) -> Option<Self> {
        let step = match direction {
            Direction::Asc => 1,
            Direction::Desc => -1,
        };
        match self {
            Self::Int(number) => number.checked_add(step).map(Self::Int),
            Self::Instant(micros) => {
                let next = micros + step;
                (Self::MIN_INSTANT..=Self::MAX_INSTANT)
                    .contains(&next)
                    .then_some(Self::Instant(next))
            }
            Self::Name(_) => None,
        }
    }
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

impl Kind {
    /// The last value of the kind in a direction.
    pub(crate) fn last(self, direction: Direction) -> Value {
        match (self, direction) {
            (Self::Int, Direction::Asc) => Value::Int(i64::MAX),
            (Self::Int, Direction::Desc) => Value::Int(i64::MIN),
            (Self::Instant, Direction::Asc) => Value::Instant(Value::MAX_INSTANT),
            (Self::Instant, Direction::Desc) => Value::Instant(Value::MIN_INSTANT),
            (Self::Name, _) => Value::Name(""),
        }
    }
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

    /// The row's text in `column`; empty where that holds none.
    fn text(&self, column: C) -> &str;

    /// Whether the row's `column` is NULL.
    fn is_null(&self, column: C) -> bool;
}

impl<C, R: Row<C>> Row<C> for &R {
    fn value(&self, column: C) -> Value {
        (**self).value(column)
    }

    fn text(&self, column: C) -> &str {
        (**self).text(column)
    }

    fn is_null(&self, column: C) -> bool {
        (**self).is_null(column)
    }
}
