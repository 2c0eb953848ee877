//! From a question about a page to plans, and from rows to the page.
//!
//! A [`PageRequest`] says which part of an ordered list is wanted. Its row plan starts at the start bound *inclusively* and
//! does not stop at the end bound: so the same few rows that make the page also prove what lies on both sides of it.

use crate::{Column, Filter, Order, Plan, Position, Row, SeekBound, Side};

/// Which way the list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// In the order's direction.
    Forward,
    /// From the end; the page itself is still given in the order's direction.
    Backward,
}

/// A part of an ordered list: `size` rows from one bound, not reaching the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest<C> {
    order: Order<C>,
    reading: Reading,
    start: Option<Position<C>>,
    start_included: bool,
    end: Option<Position<C>>,
    size: usize,
}

/// A page of rows and what is known of its surroundings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<R> {
    /// The rows, in the order's direction whichever way they were read.
    pub rows: Vec<R>,
    /// The row after the page in the direction of reading, whatever bound was given: there is one exactly when the list
    /// goes on there, unless the page is [cut](Page::is_cut).
    pub lookahead: Option<R>,
    /// Whether reading stopped before it was known what follows: something may follow, or nothing.
    pub is_cut: bool,
    /// Of a page that is cut before it is full: the last row that was looked at, whether it is on the page or not. The
    /// next page starts behind it.
    pub reached: Option<R>,
    /// Whether the list has a row in front of the page in the direction of reading; `None` where the rows do not prove
    /// it and [`PageRequest::preceding_plan`] must be asked.
    pub has_preceding: Option<bool>,
}

impl<C: Column> PageRequest<C> {
    /// The rows strictly between `after` and `before`, the first or the last `size` of them.
    ///
    /// Both positions are of `order`. Where they cross, the page is the gap just behind `after`.
    ///
    /// Source: Relay Cursor Connections, "Pagination algorithm".
    #[must_use]
    pub fn between(
        order: Order<C>,
        after: Option<Position<C>>,
        before: Option<Position<C>>,
        reading: Reading,
        size: usize,
    ) -> Self {
        if let (Some(first), Some(last)) = (&after, &before)
            && SeekBound::at(first, Side::After)
                .compare(&SeekBound::at(last, Side::Before), &order)
                .is_ge()
        {
            // Both bounds at `after`: nothing lies between, and a count says so.
            let (reading, end) = (Reading::Forward, after.clone());
            return Self {
                order,
                reading,
                start: after,
                start_included: false,
                end,
                size: 0,
            };
        }
        let (start, end) = match reading {
            Reading::Forward => (after, before),
            Reading::Backward => (before, after),
        };
        Self {
            order,
            reading,
            start,
            start_included: false,
            end,
            size,
        }
    }

    /// `size` rows from the position *at which* the page starts, that row included.
    #[must_use]
    pub fn starting_at(order: Order<C>, start: Option<Position<C>>, size: usize) -> Self {
        Self {
            order,
            reading: Reading::Forward,
            start,
            start_included: true,
            end: None,
            size,
        }
    }

    /// The order of the whole list.
    #[must_use]
    pub fn order(&self) -> &Order<C> {
        &self.order
    }

    /// The way that the list is read.
    #[must_use]
    pub fn reading(&self) -> Reading {
        self.reading
    }

    /// The most rows on the page. **Unit**: rows.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The rows that make the page and prove its surroundings: at most two more than the page has. `None`: there are
    /// none in any table.
    #[must_use]
    pub fn rows_plan(&self, filter: &Filter<C>) -> Option<Plan<C>> {
        let from = self
            .start
            .as_ref()
            .map(|position| SeekBound::at(position, self.side(true)));
        let own_row = usize::from(from.is_some() && !self.start_included);
        Plan::new(filter, self.reading_order(), from, None, self.size + 1 + own_row)
    }

    /// The rows from the start of the page to the end bound, `cap` at most: what a count counts.
    #[must_use]
    pub fn count_plan(&self, filter: &Filter<C>, cap: usize) -> Option<Plan<C>> {
        let from = self
            .start
            .as_ref()
            .map(|position| SeekBound::at(position, self.side(self.start_included)));
        let until = self
            .end
            .as_ref()
            .map(|position| SeekBound::at(position, Side::Before));
        Plan::new(filter, self.reading_order(), from, until, cap)
    }

    /// One row in front of the page in the direction of reading. `None`: there is none in any table.
    #[must_use]
    pub fn preceding_plan(&self, filter: &Filter<C>) -> Option<Plan<C>> {
        let start = self.start.as_ref()?;
        // Seen from the other side, the rows in front of the start bound lie behind it.
        let side = if self.start_included {
            Side::After
        } else {
            Side::Before
        };
        Plan::new(
            filter,
            self.reading_order().reversed(),
            Some(SeekBound::at(start, side)),
            None,
            1,
        )
    }

    /// The page in the rows that [`PageRequest::rows_plan`] fetched, in the order in which it reads them.
    ///
    /// `reached` is the last row that was looked at where reading stopped before the plan's end and its limit.
    #[must_use]
    pub fn page<R: Row<C>>(&self, mut fetched: Vec<R>, reached: Option<R>) -> Page<R> {
        let order = self.reading_order();
        let mut has_preceding = self.start.is_none().then_some(false);
        if let (Some(start), Some(first)) = (&self.start, fetched.first())
            && !self.start_included
            && order.compare_position(first, start).is_eq()
        {
            fetched.remove(0);
            has_preceding = Some(true);
        }
        let in_bounds = |row: &R| {
            self.end
                .as_ref()
                .is_none_or(|end| order.compare_position(row, end).is_lt())
        };
        let length = fetched
            .iter()
            .take(self.size)
            .take_while(|row| in_bounds(row))
            .count();
        let lookahead = fetched.drain(length..).next();
        let is_cut = reached.is_some() && lookahead.is_none();
        let reached = reached.filter(|row| is_cut && length < self.size && in_bounds(row));
        if self.reading == Reading::Backward {
            fetched.reverse();
        }
        Page {
            rows: fetched,
            lookahead,
            is_cut,
            reached,
            has_preceding,
        }
    }

    fn reading_order(&self) -> Order<C> {
        match self.reading {
            Reading::Forward => self.order.clone(),
            Reading::Backward => self.order.reversed(),
        }
    }

    /// The side of the start bound, in reading order.
    fn side(&self, included: bool) -> Side {
        if included { Side::Before } else { Side::After }
    }
}
