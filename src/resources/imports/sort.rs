//! Which order a list has: the one that was asked for, or the one that a cursor carries.
//!
//! Shared by GraphQL and REST.

use keyset::{CursorError, Key, Order, OrderError, Position};

use crate::store::imports::Column;

/// The order of the keys that a client named; the default, newest id first, where it named none.
///
/// **Errors**: the column that is named twice.
pub fn order(keys: &[Key<Column>]) -> Result<Order<Column>, OrderError<Column>> {
    Order::new(keys, Column::TIE_BREAK)
}

/// The position of a cursor.
///
/// **Errors**: [`CursorError`] for any text that no edge has.
pub fn position(cursor: &str) -> Result<Position<Column>, CursorError> {
    keyset::decode(cursor, Column::TIE_BREAK)
}

/// The list's order: the one asked for, else that of the first cursor given, else the default.
///
/// **Errors**: the index of the first position that is of another order.
pub fn settle(
    asked: Option<Order<Column>>,
    positions: &[Option<&Position<Column>>],
) -> Result<Order<Column>, usize> {
    let carried = || {
        positions
            .iter()
            .flatten()
            .next()
            .map(|position| position.order().clone())
    };
    let order = asked
        .or_else(carried)
        .unwrap_or_else(|| Order::of_unique(Column::TIE_BREAK));
    match positions
        .iter()
        .position(|position| position.is_some_and(|position| *position.order() != order))
    {
        Some(index) => Err(index),
        None => Ok(order),
    }
}
