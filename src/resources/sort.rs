//! Which order a list has: the one that was asked for, or the one that a cursor carries; and the macro `sorts`, which makes
//! of a line a sort key what GraphQL and REST need of it.

use async_graphql::Enum;
use keyset::{CursorError, Direction, Key, Order, OrderError, Position, Value};

use crate::json::Json;
use crate::rfc3339::Parsed;
use crate::store::query::table::Column;

/// Which way a key sorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SortDirection {
    /// Smallest or oldest first.
    Asc,
    /// Largest or newest first.
    Desc,
}

impl From<SortDirection> for Direction {
    fn from(direction: SortDirection) -> Self {
        match direction {
            SortDirection::Asc => Self::Asc,
            SortDirection::Desc => Self::Desc,
        }
    }
}

/// Columns, some of which a list can be sorted by.
pub trait Sorted: Column {
    /// The name of the sort key in GraphQL; empty for a column that is none.
    fn graphql_name(self) -> &'static str {
        ""
    }

    /// What REST says of the sort key.
    fn about_sort(self) -> &'static str {
        ""
    }
}

/// The direction of a key of this column, null where it is of another.
pub fn write_direction<C: Column>(key: Key<C>, column: C, json: &mut Json) {
    match key.direction {
        _ if key.column != column => json.null(),
        Direction::Asc => json.plain(b"ASC"),
        Direction::Desc => json.plain(b"DESC"),
    }
}

/// Describes what GraphQL and REST say of each sort key of a table: `Column = "graphqlName";` after its description, and
/// `rest "…"` where REST has another.
macro_rules! sorts {
    (
        $visibility:vis $sort:ident, shown as $sorted:ident;
        $(
            $(#[doc = $doc:tt])+
            $column:ident = $graphql:literal $(, rest $rest:literal)?;
        )+
    ) => {
        /// A sort key: exactly one field and its direction.
        #[derive(Clone, Copy, Debug, async_graphql::OneofObject)]
        $visibility enum $sort {
            $($(#[doc = $doc])+ $column($crate::resources::sort::SortDirection),)+
        }

        impl From<$sort> for keyset::Key<Column> {
            fn from(sort: $sort) -> Self {
                let (column, direction) = match sort {
                    $($sort::$column(direction) => (Column::$column, direction),)+
                };
                let direction = direction.into();
                Self { column, direction }
            }
        }

        impl $crate::resources::sort::Sorted for Column {
            fn graphql_name(self) -> &'static str {
                match self {
                    $(Self::$column => $graphql,)+
                    _ => "",
                }
            }

            fn about_sort(self) -> &'static str {
                match self {
                    $(Self::$column => $crate::resources::table::table!(@about [$($doc)+] $($rest)?),)+
                    _ => "",
                }
            }
        }

        $crate::selection::table::object! {
            /// A sort key that was applied: one key is set, the rest are null.
            $visibility $sorted<'a>(keyset::Key<Column>);

            $(
                $(#[doc = $doc])+
                $graphql: Option<$crate::resources::sort::SortDirection> = |key, json| {
                    $crate::resources::sort::write_direction(key, Column::$column, json);
                };
            )+
        }
    };
}
pub(crate) use sorts;

/// The order of the keys that a client named; the default, newest id first, where it named none.
///
/// # Errors
///
/// The column that is named twice.
pub fn order<C: Column>(keys: &[Key<C>]) -> Result<Order<C>, OrderError<C>> {
    Order::new(keys, C::TIE_BREAK)
}

/// The position of a cursor.
///
/// # Errors
///
/// [`CursorError`] for any text that no edge has.
pub fn position<C: Column>(cursor: &str) -> Result<Position<C>, CursorError> {
    keyset::decode(cursor, C::TIE_BREAK)
}

/// The order of a list that starts at a value of a column: the one asked for, else by that column, the largest or newest
/// first.
///
/// # Errors
///
/// The first key asked for, which is of another column.
pub fn order_from<C: Column>(asked: Option<Order<C>>, column: C) -> Result<Order<C>, Key<C>> {
    let direction = Direction::Desc;
    let own = || Order::new(&[Key { column, direction }], C::TIE_BREAK).ok();
    let order = asked
        .or_else(own)
        .unwrap_or_else(|| Order::of_unique(C::TIE_BREAK));
    let first = order.keys()[0];
    if first.column == column {
        Ok(order)
    } else {
        Err(first)
    }
}

/// A value of a sort key at which a list starts; it need not be a row's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Of a key of whole numbers.
    Number(i64),
    /// Of an instant.
    Moment(Parsed),
}

impl Start {
    /// The first value at it or behind it that a row can have, in the direction of `order`.
    #[must_use]
    pub fn value<C: Column>(self, order: &Order<C>) -> Value {
        match (self, order.keys()[0].direction) {
            (Self::Number(number), _) => Value::Int(number),
            (Self::Moment(moment), Direction::Asc) if moment.submicro_nanos > 0 => {
                Value::Instant(moment.micros + 1)
            }
            (Self::Moment(moment), _) => Value::Instant(moment.micros),
        }
    }
}

/// The list's order: the one asked for, else that of the first cursor given, else the default.
///
/// # Errors
///
/// The index of the first position that is of another order.
pub fn settle<C: Column>(
    asked: Option<Order<C>>,
    positions: &[Option<&Position<C>>],
) -> Result<Order<C>, usize> {
    let carried = || {
        positions
            .iter()
            .flatten()
            .next()
            .map(|position| position.order().clone())
    };
    let order = asked
        .or_else(carried)
        .unwrap_or_else(|| Order::of_unique(C::TIE_BREAK));
    match positions
        .iter()
        .position(|position| position.is_some_and(|position| *position.order() != order))
    {
        Some(index) => Err(index),
        None => Ok(order),
    }
}
