//! A total order of rows, and a position in it.
//!
//! Takes sort keys as a client names them; gives the canonical [`Order`]: two lists of keys that sort every table alike
//! become the same value. Deliberately absent: NULL placement (nullable columns are not sort keys).

use std::cmp::Ordering;

use crate::{Column, Kind, Row, Value};

/// Which way a key sorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

impl Direction {
    /// The other direction.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Asc => Self::Desc,
            Self::Desc => Self::Asc,
        }
    }

    /// Turns an ascending comparison into one of this direction.
    #[must_use]
    pub fn apply(self, ascending: Ordering) -> Ordering {
        match self {
            Self::Asc => ascending,
            Self::Desc => ascending.reverse(),
        }
    }
}

/// One sort key: a column and its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key<C> {
    /// What is compared.
    pub column: C,
    /// Which way.
    pub direction: Direction,
}

/// Why a list of keys is no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderError<C> {
    /// The column is named twice.
    Repeated(C),
    /// The column holds names, which have no order that both databases share.
    NotSortable(C),
}

/// A total order of rows.
///
/// At least one key; exactly the last key's column is unique. What a client names after a unique column
/// cannot matter and is left out, so equal orders are equal values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Order<C> {
    keys: Vec<Key<C>>,
}

impl<C: Column> Order<C> {
    /// The order that `keys` name.
    ///
    /// Where no key is unique, `tie_break`'s column is appended in the direction of the last key; an empty list is
    /// `tie_break` itself.
    ///
    /// # Errors
    ///
    /// [`OrderError::Repeated`] where a column is named twice (anywhere in the list),
    /// [`OrderError::NotSortable`] for a column of names.
    pub fn new(keys: &[Key<C>], tie_break: Key<C>) -> Result<Self, OrderError<C>> {
        for (index, key) in keys.iter().enumerate() {
            if key.column.kind() == Kind::Name {
                return Err(OrderError::NotSortable(key.column));
            }
            if keys[..index].iter().any(|earlier| earlier.column == key.column) {
                return Err(OrderError::Repeated(key.column));
            }
        }
        let mut canonical = Vec::with_capacity(keys.len() + 1);
        for key in keys {
            canonical.push(*key);
            if key.column.is_unique() {
                return Ok(Self { keys: canonical });
            }
        }
        let direction = keys.last().map_or(tie_break.direction, |last| last.direction);
        canonical.push(Key {
            column: tie_break.column,
            direction,
        });
        Ok(Self { keys: canonical })
    }

    /// The order of one unique column alone.
    #[must_use]
    pub fn of_unique(key: Key<C>) -> Self {
        debug_assert!(key.column.is_unique(), "an order ends in a unique column");
        Self { keys: vec![key] }
    }

    /// The keys, most significant first; the last one is unique.
    #[must_use]
    pub fn keys(&self) -> &[Key<C>] {
        &self.keys
    }

    /// The keys that a reader needs to name this order: without the tie-break where it is the one that
    /// [`Order::new`] would append by itself.
    #[must_use]
    pub fn named_keys(&self) -> &[Key<C>] {
        match self.keys.as_slice() {
            [head @ .., before, tie] if before.direction == tie.direction => &self.keys[..head.len() + 1],
            all => all,
        }
    }

    /// The same rows from the other end.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let flip = |key: &Key<C>| Key {
            column: key.column,
            direction: key.direction.reversed(),
        };
        Self {
            keys: self.keys.iter().map(flip).collect(),
        }
    }

    /// How two rows stand to each other in this order; `Equal` only for the same row.
    pub fn compare(&self, left: &impl Row<C>, right: &impl Row<C>) -> Ordering {
        self.compare_values(
            |column| left.value(column),
            |index| right.value(self.keys[index].column),
        )
    }

    /// How a row stands to a position of this order.
    pub fn compare_position(&self, row: &impl Row<C>, position: &Position<C>) -> Ordering {
        self.compare_values(|column| row.value(column), |index| position.values[index])
    }

    /// Where `row` stands in this order.
    pub fn position(&self, row: &impl Row<C>) -> Position<C> {
        let values = self.keys.iter().map(|key| row.value(key.column)).collect();
        Position {
            order: self.clone(),
            values,
        }
    }

    fn compare_values(&self, left: impl Fn(C) -> Value, right: impl Fn(usize) -> Value) -> Ordering {
        let mut verdict = Ordering::Equal;
        for (index, key) in self.keys.iter().enumerate() {
            verdict = verdict.then_with(|| key.direction.apply(left(key.column).cmp(&right(index))));
        }
        verdict
    }
}

/// The decoded keys of a cursor: a place in an order. The row that was there may be gone.
///
/// One value for each key of its order, each in the variant of its column's kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position<C> {
    order: Order<C>,
    values: Vec<Value>,
}

impl<C: Column> Position<C> {
    pub(crate) fn new(order: Order<C>, values: Vec<Value>) -> Self {
        Self { order, values }
    }

    /// The order that the position belongs to.
    #[must_use]
    pub fn order(&self) -> &Order<C> {
        &self.order
    }

    /// The first place that a value of the order's first key has: at it and behind it lie the rows at that value and those
    /// behind them. `value` need not be a row's.
    #[must_use]
    pub fn at(order: Order<C>, value: Value) -> Self {
        let rest = order.keys[1..].iter();
        let rest = rest.map(|key| key.column.kind().last(key.direction.reversed()));
        let values = std::iter::once(value).chain(rest).collect();
        Self { order, values }
    }

    /// The last place in front of a value of the order's first key: strictly behind it lie the rows that are at [`Self::at`]
    /// or behind it.
    ///
    /// `None` where the value is the first that there is: everything lies behind.
    #[must_use]
    pub fn in_front_of(order: Order<C>, value: Value) -> Option<Self> {
        let direction = order.keys[0].direction;
        let neighbour = value.step(direction.reversed())?;
        let rest = order.keys[1..].iter();
        // Behind everything else that shares the neighbouring value.
        let rest = rest.map(|key| key.column.kind().last(key.direction));
        let values = std::iter::once(neighbour).chain(rest).collect();
        Some(Self { order, values })
    }

    /// The place just behind this one, where a row may be; itself where there is none.
    #[must_use]
    pub fn next(mut self) -> Self {
        let last = self.values.len() - 1;
        if let Some(value) = self.values[last].step(self.order.keys[last].direction) {
            self.values[last] = value;
        }
        self
    }

    /// The values, in the order's key order.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}
