//! Places between rows: where a scan of an order begins and ends.
//!
//! A [`SeekBound`] is a prefix of key values and a side of it. "Strictly after this row", "at which the page starts",
//! "created before noon" are all bounds of the same order, so they can be compared, and the tighter one replaces the other
//! before any SQL is made.

use std::cmp::Ordering;

use crate::{Column, Comparison, Direction, Key, Order, Position, Predicate, Range, Value};

/// Which side of all the rows that share a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// In front of them.
    Before,
    /// Behind them.
    After,
}

/// A place between the rows of an order.
///
/// Values for the first keys of the order, at least one; a full-length prefix names one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeekBound {
    values: Vec<Value>,
    side: Side,
}

impl SeekBound {
    /// The place just in front of a position, or just behind it.
    #[must_use]
    pub fn at<C: Column>(position: &Position<C>, side: Side) -> Self {
        Self {
            values: position.values().to_vec(),
            side,
        }
    }

    /// The values of the prefix.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The side.
    #[must_use]
    pub fn side(&self) -> Side {
        self.side
    }

    /// The first and the last place of a range on the order's first key, in that key's direction.
    pub(crate) fn of_range<C: Column>(
        range: &Range<C>,
        direction: Direction,
    ) -> (Option<Self>, Option<Self>) {
        let bound = |value: Option<Value>, side| {
            value.map(|value| Self {
                values: vec![value],
                side,
            })
        };
        match direction {
            Direction::Asc => (bound(range.from, Side::Before), bound(range.until, Side::Before)),
            Direction::Desc => (bound(range.until, Side::After), bound(range.from, Side::After)),
        }
    }

    /// How two bounds of one order stand to each other; `Equal` only where no row fits between them in any table.
    #[must_use]
    pub fn compare<C: Column>(&self, other: &Self, order: &Order<C>) -> Ordering {
        for (key, (left, right)) in order.keys().iter().zip(self.values.iter().zip(&other.values)) {
            let verdict = key.direction.apply(left.cmp(right));
            if verdict.is_ne() {
                return verdict;
            }
        }
        match self.values.len().cmp(&other.values.len()) {
            Ordering::Equal => (self.side == Side::After).cmp(&(other.side == Side::After)),
            // The shorter prefix encloses every row of the longer one.
            Ordering::Less if self.side == Side::Before => Ordering::Less,
            Ordering::Less => Ordering::Greater,
            Ordering::Greater if other.side == Side::Before => Ordering::Greater,
            Ordering::Greater => Ordering::Less,
        }
    }

    /// The condition "behind this place, in `order`".
    #[must_use]
    pub fn predicate_after<C: Column>(&self, order: &Order<C>) -> Predicate<C> {
        seek(order.keys(), &self.values, self.side == Side::Before)
    }

    /// The condition "in front of this place, in `order`".
    #[must_use]
    pub fn predicate_before<C: Column>(&self, order: &Order<C>) -> Predicate<C> {
        seek(order.reversed().keys(), &self.values, self.side == Side::After)
    }
}

/// "At or behind `values`" (`inclusive`), or strictly behind them, for the first keys of an order.
///
/// One row-value comparison where all keys sort the same way: an index range in SQLite and PostgreSQL. Else each leading
/// column gets a redundant bound of its own, `a <= 1 AND (a < 1 OR …)`, because neither database finds an index range in
/// the OR alone.
fn seek<C: Column>(keys: &[Key<C>], values: &[Value], inclusive: bool) -> Predicate<C> {
    let keys = &keys[..values.len()];
    let direction = keys[0].direction;
    if keys.iter().all(|key| key.direction == direction) {
        let columns = keys.iter().map(|key| key.column).collect();
        let comparison = comparison(direction, inclusive);
        return Predicate::Compare {
            columns,
            comparison,
            values: values.to_vec(),
        };
    }
    let bound = Predicate::compare(keys[0].column, comparison(direction, true), values[0]);
    let strict = Predicate::compare(keys[0].column, comparison(direction, false), values[0]);
    Predicate::All(vec![
        bound,
        Predicate::Any(vec![strict, seek(&keys[1..], &values[1..], inclusive)]),
    ])
}

fn comparison(direction: Direction, inclusive: bool) -> Comparison {
    match (direction, inclusive) {
        (Direction::Asc, true) => Comparison::GreaterOrEqual,
        (Direction::Asc, false) => Comparison::Greater,
        (Direction::Desc, true) => Comparison::LessOrEqual,
        (Direction::Desc, false) => Comparison::Less,
    }
}
