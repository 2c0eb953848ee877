//! The arguments of `imports`, and how they become a filter and a window.

use async_graphql::{Enum, InputObject, OneofObject};
use keyset::{Direction, Filter, Key, OrderError, Position, Reading, Window};

use super::filter::{Asked, Bound, Operator};
use super::{ImportStatus, sort};
use crate::resources::{Failure, ListItems};
use crate::scalars::DateTime;
use crate::store::imports::Column;

/// The most imports on one page. **Unit**: rows.
pub(super) const MAX_PAGE: i32 = 100;
/// The page where no size is given. **Unit**: rows.
pub(super) const DEFAULT_PAGE: i32 = 50;

/// Filters of a list of imports; all that are given must hold.
#[derive(Clone, Debug, InputObject)]
pub struct ImportFilter {
    /// Imports in one of these states.
    pub status: Option<ImportStatusFilter>,
    /// Imports created in this time.
    pub created_at: Option<DateTimeFilter>,
    /// Imports last changed in this time.
    pub updated_at: Option<DateTimeFilter>,
}

/// A filter on the state of an import.
#[derive(Clone, Debug, InputObject)]
pub struct ImportStatusFilter {
    /// The states to include, at least one.
    pub include: Vec<ImportStatus>,
}

/// A filter on an instant: exactly one operator.
#[derive(Clone, Debug, OneofObject)]
pub enum DateTimeFilter {
    /// Before this instant.
    Lt(DateTime),
    /// Before or at this instant.
    Lte(DateTime),
    /// After this instant.
    Gt(DateTime),
    /// At or after this instant.
    Gte(DateTime),
    /// From one instant until before another.
    Between(DateTimeRange),
}

/// A half-open range of time.
#[derive(Clone, Debug, InputObject)]
pub struct DateTimeRange {
    /// The first instant of the range.
    pub gte: DateTime,
    /// The first instant after the range.
    pub lt: DateTime,
}

/// A sort key: exactly one field and its direction.
#[derive(Clone, Copy, Debug, OneofObject)]
pub enum ImportSort {
    /// By the id of the REST API.
    Id(SortDirection),
    /// By the time of the upload.
    CreatedAt(SortDirection),
    /// By the time of the last change.
    UpdatedAt(SortDirection),
}

/// Which way a key sorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SortDirection {
    /// Smallest or oldest first.
    Asc,
    /// Largest or newest first.
    Desc,
}

impl ImportSort {
    fn key(self) -> Key<Column> {
        let (column, direction) = match self {
            Self::Id(direction) => (Column::Id, direction),
            Self::CreatedAt(direction) => (Column::CreatedAt, direction),
            Self::UpdatedAt(direction) => (Column::UpdatedAt, direction),
        };
        let direction = match direction {
            SortDirection::Asc => Direction::Asc,
            SortDirection::Desc => Direction::Desc,
        };
        Key { column, direction }
    }
}

/// The arguments of `imports`, as they were given.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// The size of a page read forward.
    pub first: Option<i32>,
    /// The cursor after which the page starts.
    pub after: Option<String>,
    /// The size of a page read backward.
    pub last: Option<i32>,
    /// The cursor before which the page ends.
    pub before: Option<String>,
    /// Which imports.
    pub filter: Option<ImportFilter>,
    /// The sort keys, most significant first.
    pub sort: Option<Vec<ImportSort>>,
}

/// What a client asks of `imports`.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// For the echo.
    pub asked: Asked,
    /// The sort keys, for the echo.
    pub keys: Vec<Key<Column>>,
    /// The filter, without the caller's scope.
    pub filter: Filter<Column>,
    /// The part of the list.
    pub window: Window<Column>,
    /// The page size in force.
    pub per_page: i32,
}

/// Lowers all arguments of `imports`.
pub(super) fn lower(arguments: &Arguments, most: ListItems) -> Result<Question, Failure> {
    let Arguments {
        after,
        before,
        filter,
        sort,
        ..
    } = arguments;
    let (reading, per_page) = size(arguments)?;
    let asked = lower_filter(filter.as_ref(), most)?;
    sort.iter().try_for_each(|sort| most.check("sort", sort))?;
    let keys: Option<Vec<_>> = sort
        .as_ref()
        .map(|sort| sort.iter().map(|key| key.key()).collect());
    let order = keys.as_deref().map(sort::order).transpose().map_err(repeated)?;
    let after = position("after", after.as_deref())?;
    let before = position("before", before.as_deref())?;
    let order =
        sort::settle(order, &[after.as_ref(), before.as_ref()]).map_err(|index| Failure::CursorMismatch {
            argument: ["after", "before"][index],
        })?;
    let keys = keys
        .filter(|keys| !keys.is_empty())
        .unwrap_or_else(|| order.named_keys().to_vec());
    let filter = asked.filter();
    let window = Window::between(order, after, before, reading, per_page as usize);
    Ok(Question {
        asked,
        keys,
        filter,
        window,
        per_page,
    })
}

/// Lowers a filter.
pub(super) fn lower_filter(filter: Option<&ImportFilter>, most: ListItems) -> Result<Asked, Failure> {
    let Some(filter) = filter else {
        return Ok(Asked::default());
    };
    if let Some(status) = &filter.status {
        most.check("filter.status.include", &status.include)?;
    }
    let statuses = filter.status.as_ref().map(|status| distinct(&status.include));
    if statuses.as_ref().is_some_and(Vec::is_empty) {
        let message = "`include` must name at least one status; leave `status` out for all.".to_owned();
        return Err(Failure::Input {
            argument: "filter.status.include",
            message,
        });
    }
    let bounds = |filter: Option<&DateTimeFilter>| filter.map(DateTimeFilter::bounds).unwrap_or_default();
    let created = bounds(filter.created_at.as_ref());
    let updated = bounds(filter.updated_at.as_ref());
    Ok(Asked {
        statuses,
        created,
        updated,
    })
}

impl DateTimeFilter {
    fn bounds(&self) -> Vec<Bound> {
        let bound = |operator, instant: &DateTime| Bound {
            operator,
            moment: instant.0,
        };
        match self {
            Self::Lt(instant) => vec![bound(Operator::Lt, instant)],
            Self::Lte(instant) => vec![bound(Operator::Lte, instant)],
            Self::Gt(instant) => vec![bound(Operator::Gt, instant)],
            Self::Gte(instant) => vec![bound(Operator::Gte, instant)],
            Self::Between(range) => vec![bound(Operator::Gte, &range.gte), bound(Operator::Lt, &range.lt)],
        }
    }
}

fn distinct(include: &[ImportStatus]) -> Vec<entity::ImportStatus> {
    let mut statuses = Vec::with_capacity(include.len().min(entity::ImportStatus::ALL.len()));
    for status in include.iter().map(|status| entity::ImportStatus::from(*status)) {
        if !statuses.contains(&status) {
            statuses.push(status);
        }
    }
    statuses
}

fn size(paging: &Arguments) -> Result<(Reading, i32), Failure> {
    let (argument, reading, size) = match (paging.first, paging.last) {
        (Some(_), Some(_)) => {
            let message = "Give `first` or `last`, not both.".to_owned();
            return Err(Failure::Input {
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
        return Err(Failure::Input { argument, message });
    }
    Ok((reading, size))
}

fn position(argument: &'static str, cursor: Option<&str>) -> Result<Option<Position<Column>>, Failure> {
    let position = cursor.map(sort::position).transpose();
    position.map_err(|_| Failure::InvalidCursor { argument })
}

fn repeated(error: OrderError<Column>) -> Failure {
    let (OrderError::Repeated(column) | OrderError::NotSortable(column)) = error;
    let name = match column {
        Column::CreatedAt => "createdAt",
        Column::UpdatedAt => "updatedAt",
        Column::Id | Column::Status | Column::AccountId => "id",
    };
    Failure::Input {
        argument: "sort",
        message: format!("`sort` names `{name}` twice; each key may stand once."),
    }
}
