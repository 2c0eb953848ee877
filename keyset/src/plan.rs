//! A whole query as a value.
//!
//! Takes a filter, an order, two bounds and a limit; gives a [`Plan`] in which each bound stands once: a range on the
//! order's first key and a cursor are merged into one bound, and a plan that no row can meet is not made at all.
//! Deliberately absent: how a database should run it.

use crate::{Column, Filter, Order, Predicate, Row, SeekBound};

/// The rows of `filter` from one bound to another, in `order`, `limit` at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<C> {
    filter: Filter<C>,
    order: Order<C>,
    from: Option<SeekBound>,
    until: Option<SeekBound>,
    limit: usize,
}

impl<C: Column> Plan<C> {
    /// The plan, or `None` where no row of any table can meet it.
    ///
    /// `from` and `until` are bounds of `order`, the rows between them are meant. **Unit**: `limit` in rows, at least 1.
    #[must_use]
    pub fn new(
        filter: &Filter<C>,
        order: Order<C>,
        mut from: Option<SeekBound>,
        mut until: Option<SeekBound>,
        limit: usize,
    ) -> Option<Self> {
        if filter.is_contradictory() {
            return None;
        }
        let mut filter = filter.clone();
        let lead = order.keys()[0];
        if let Some(index) = filter.ranges.iter().position(|range| range.column == lead.column) {
            let (first, last) = SeekBound::of_range(&filter.ranges.swap_remove(index), lead.direction);
            from = tighter(from, first, |new, old| new.compare(old, &order).is_gt());
            until = tighter(until, last, |new, old| new.compare(old, &order).is_lt());
        }
        if let (Some(from), Some(until)) = (&from, &until)
            && from.compare(until, &order).is_ge()
        {
            return None;
        }
        Some(Self {
            filter,
            order,
            from,
            until,
            limit,
        })
    }

    /// What is left of the filter: without the range that became a bound.
    #[must_use]
    pub fn filter(&self) -> &Filter<C> {
        &self.filter
    }

    /// The order in which the rows are read.
    #[must_use]
    pub fn order(&self) -> &Order<C> {
        &self.order
    }

    /// Where the scan begins; `None`: with the first row.
    #[must_use]
    pub fn from(&self) -> Option<&SeekBound> {
        self.from.as_ref()
    }

    /// Where the scan ends; `None`: with the last row.
    #[must_use]
    pub fn until(&self) -> Option<&SeekBound> {
        self.until.as_ref()
    }

    /// The most rows that are wanted. **Unit**: rows.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Everything but order and limit, as one condition.
    #[must_use]
    pub fn predicate(&self) -> Predicate<C> {
        let from = self.from.iter().map(|bound| bound.predicate_after(&self.order));
        let until = self.until.iter().map(|bound| bound.predicate_before(&self.order));
        Predicate::All(
            std::iter::once(self.filter.predicate())
                .chain(from)
                .chain(until)
                .collect(),
        )
    }

    /// The plan carried out in memory: the oracle that every database is held against.
    pub fn select<R: Row<C>>(&self, rows: impl IntoIterator<Item = R>) -> Vec<R> {
        let predicate = self.predicate();
        let mut chosen: Vec<R> = rows.into_iter().filter(|row| predicate.eval(row)).collect();
        chosen.sort_by(|left, right| self.order.compare(left, right));
        chosen.truncate(self.limit);
        chosen
    }
}

fn tighter(
    old: Option<SeekBound>,
    new: Option<SeekBound>,
    wins: impl Fn(&SeekBound, &SeekBound) -> bool,
) -> Option<SeekBound> {
    match (old, new) {
        (Some(old), Some(new)) if wins(&new, &old) => Some(new),
        (Some(old), _) => Some(old),
        (None, new) => new,
    }
}
