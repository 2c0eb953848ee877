//! The arguments of a connection, and how they become a filter and a page request.

use keyset::{Filter, Key, Order, OrderError, PageRequest, Position, Reading};

use super::filter::{Conditions, Input};
use super::sort::{self, Sorted};
use super::{FieldError, ListItems};

/// The most rows on one page.
pub const MAX_PAGE: i32 = 100;
/// The rows of a page where no size is given.
pub const DEFAULT_PAGE: i32 = 50;

/// The arguments of a connection, as they were given.
#[derive(Clone, Debug)]
pub struct Arguments<F, S> {
    /// The size of a page read forward.
    pub first: Option<i32>,
    /// The cursor after which the page starts.
    pub after: Option<String>,
    /// The size of a page read backward.
    pub last: Option<i32>,
    /// The cursor before which the page ends.
    pub before: Option<String>,
    /// Which rows.
    pub filter: Option<F>,
    /// The sort keys, most significant first.
    pub sort: Option<Vec<S>>,
}

/// What a client asks of a connection.
#[derive(Clone, Debug)]
pub struct Question<C> {
    /// For the echo.
    pub asked: Conditions<C>,
    /// The sort keys, for the echo.
    pub keys: Vec<Key<C>>,
    /// The filter, without the caller's scope.
    pub filter: Filter<C>,
    /// The part of the list.
    pub window: PageRequest<C>,
    /// The page size in force.
    pub per_page: i32,
}

/// Lowers all arguments of a connection.
///
/// # Errors
///
/// What is wrong with the first that is wrong.
pub fn lower<C: Sorted, F: Input<C>, S: Copy + Into<Key<C>>>(
    arguments: &Arguments<F, S>,
    most: ListItems,
) -> Result<Question<C>, FieldError> {
    let Arguments {
        after,
        before,
        filter,
        sort,
        ..
    } = arguments;
    let (reading, per_page) = size(arguments)?;
    let asked = conditions(filter.as_ref(), most)?;
    let keys = keys(sort.as_deref(), most)?;
    let order = keys.as_deref().map(sort::order).transpose().map_err(repeated)?;
    let after = position("after", after.as_deref())?;
    let before = position("before", before.as_deref())?;
    let order = sort::settle(order, &[after.as_ref(), before.as_ref()]).map_err(|index| {
        FieldError::CursorMismatch {
            argument: ["after", "before"][index],
        }
    })?;
    let keys = keys
        .filter(|keys| !keys.is_empty())
        .unwrap_or_else(|| order.named_keys().to_vec());
    let filter = asked.filter();
    let window = PageRequest::between(order, after, before, reading, per_page as usize);
    Ok(Question {
        asked,
        keys,
        filter,
        window,
        per_page,
    })
}

/// The order that is asked for; `None` where there is none.
///
/// # Errors
///
/// What is wrong with it.
pub fn order<C: Sorted, S: Copy + Into<Key<C>>>(
    sort: Option<&[S]>,
    most: ListItems,
) -> Result<Option<Order<C>>, FieldError> {
    let keys = keys(sort, most)?.filter(|keys| !keys.is_empty());
    keys.as_deref().map(sort::order).transpose().map_err(repeated)
}

fn keys<C, S: Copy + Into<Key<C>>>(
    sort: Option<&[S]>,
    most: ListItems,
) -> Result<Option<Vec<Key<C>>>, FieldError> {
    sort.iter().try_for_each(|sort| most.check("sort", sort))?;
    Ok(sort.map(|sort| sort.iter().map(|key| (*key).into()).collect()))
}

/// What a filter asks for; nothing where there is none.
///
/// # Errors
///
/// What is wrong with it.
pub fn conditions<C>(filter: Option<&impl Input<C>>, most: ListItems) -> Result<Conditions<C>, FieldError> {
    let conditions = filter.map(|filter| filter.conditions(most)).transpose()?;
    Ok(conditions.unwrap_or_default())
}

fn size<F, S>(paging: &Arguments<F, S>) -> Result<(Reading, i32), FieldError> {
    let (argument, reading, size) = match (paging.first, paging.last) {
        (Some(_), Some(_)) => {
            let message = "Give `first` or `last`, not both.".to_owned();
            return Err(FieldError::Input {
                argument: "last",
                message,
            });
        }
        (Some(first), None) => ("first", Reading::Forward, first),
        (None, Some(last)) => ("last", Reading::Backward, last),
        (None, None) if paging.before.is_some() && paging.after.is_none() => {
            ("last", Reading::Backward, DEFAULT_PAGE)
        }
        (None, None) => ("first", Reading::Forward, DEFAULT_PAGE),
    };
    if !(0..=MAX_PAGE).contains(&size) {
        let message = format!("`{argument}` must be from 0 to {MAX_PAGE}; it is {size}.");
        return Err(FieldError::Input { argument, message });
    }
    Ok((reading, size))
}

fn position<C: Sorted>(
    argument: &'static str,
    cursor: Option<&str>,
) -> Result<Option<Position<C>>, FieldError> {
    let position = cursor.map(sort::position).transpose();
    position.map_err(|_| FieldError::InvalidCursor { argument })
}

fn repeated<C: Sorted>(error: OrderError<C>) -> FieldError {
    let (OrderError::Repeated(column) | OrderError::NotSortable(column)) = error;
    let name = column.graphql_name();
    FieldError::Input {
        argument: "sort",
        message: format!("`sort` names `{name}` twice; each key may stand once."),
    }
}
