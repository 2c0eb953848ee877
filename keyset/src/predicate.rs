//! Conditions on rows, as data.
//!
//! The same value is rendered to SQL by a store and evaluated here in memory, so that the two can be held against each
//! other. Deliberately absent: text of any kind that came from a user.

use std::cmp::Ordering;

use crate::{Check, Row, Value};

/// How two tuples of values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `=`
    Equal,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
}

impl Comparison {
    /// Whether the comparison holds for two values that stand as `ordering` says.
    #[must_use]
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Equal => ordering.is_eq(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Greater => ordering.is_gt(),
        }
    }
}

/// A condition on a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate<C> {
    /// All of them hold; true where the list is empty.
    All(Vec<Predicate<C>>),
    /// One of them holds; false where the list is empty.
    Any(Vec<Predicate<C>>),
    /// A row-value comparison, lexicographic: `(a, b) < (1, 2)`. Both lists have the same length, at least one. It holds
    /// for no row where one of the columns is NULL.
    Compare {
        /// The left side.
        columns: Vec<C>,
        /// The operator.
        comparison: Comparison,
        /// The right side.
        values: Vec<Value>,
    },
    /// The column has one of the values; false where the list is empty.
    OneOf {
        /// The column.
        column: C,
        /// The values.
        values: Vec<Value>,
    },
    /// A condition on one column's text, or on its being there.
    Check(Check<C>),
}

impl<C: Copy> Predicate<C> {
    /// A comparison of one column.
    #[must_use]
    pub fn compare(column: C, comparison: Comparison, value: Value) -> Self {
        Self::Compare {
            columns: vec![column],
            comparison,
            values: vec![value],
        }
    }

    /// Whether the row meets the condition.
    pub fn eval(&self, row: &impl Row<C>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.eval(row)),
            Self::Any(parts) => parts.iter().any(|part| part.eval(row)),
            Self::Compare {
                columns,
                comparison,
                values,
            } => {
                if columns.iter().any(|column| row.is_null(*column)) {
                    return false;
                }
                let left = columns.iter().map(|column| row.value(*column));
                comparison.holds(left.cmp(values.iter().copied()))
            }
            Self::OneOf { column, values } => values.contains(&row.value(*column)),
            Self::Check(check) => check.eval(row),
        }
    }
}
