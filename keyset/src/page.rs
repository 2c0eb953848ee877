//! From a question about a page to plans, and from rows to the page.
//!
//! A [`Window`] says which part of an ordered list is wanted. Its row plan reads from the near bound *inclusively* and
//! does not stop at the far one: so the same few rows that make the page also prove what lies on both sides of it.

use crate::{Column, Cut, Filter, Order, Plan, Position, Row, Side};

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
pub struct Window<C> {
    order: Order<C>,
    reading: Reading,
    near: Option<Position<C>>,
    near_included: bool,
    far: Option<Position<C>>,
    size: usize,
}

/// A page of rows and what is known of its surroundings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<R> {
    /// The rows, in the order's direction whichever way they were read.
    pub rows: Vec<R>,
    /// The row after the page in the direction of reading, whatever bound was given: there is one exactly when the list
    /// goes on there.
    pub beyond: Option<R>,
    /// Whether the list has a row in front of the page in the direction of reading; `None` where the rows do not prove
    /// it and [`Window::behind_plan`] must be asked.
    pub behind: Option<bool>,
}

impl<C: Column> Window<C> {
    /// The rows strictly between `after` and `before`, the first or the last `size` of them.
    ///
    /// Both positions are of `order`. Where they cross, the window is the gap just behind `after`.
    ///
    /// **Source**: Relay Cursor Connections, "Pagination algorithm".
    #[must_use]
    pub fn between(
        order: Order<C>,
        after: Option<Position<C>>,
        before: Option<Position<C>>,
        reading: Reading,
        size: usize,
    ) -> Self {
        if let (Some(first), Some(last)) = (&after, &before)
            && Cut::at(first, Side::After)
                .compare(&Cut::at(last, Side::Before), &order)
                .is_ge()
        {
            // Both bounds at `after`: nothing lies between, and a count says so.
            let (reading, far) = (Reading::Forward, after.clone());
            return Self {
                order,
                reading,
                near: after,
                near_included: false,
                far,
                size: 0,
            };
        }
        let (near, far) = match reading {
            Reading::Forward => (after, before),
            Reading::Backward => (before, after),
        };
        Self {
            order,
            reading,
            near,
            near_included: false,
            far,
            size,
        }
    }

    /// `size` rows from the position *at which* the page starts, that row included.
    #[must_use]
    pub fn starting_at(order: Order<C>, start: Option<Position<C>>, size: usize) -> Self {
        Self {
            order,
            reading: Reading::Forward,
            near: start,
            near_included: true,
            far: None,
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
            .near
            .as_ref()
            .map(|position| Cut::at(position, self.side(true)));
        let own_row = usize::from(from.is_some() && !self.near_included);
        Plan::new(filter, self.reading_order(), from, None, self.size + 1 + own_row)
    }

    /// The rows from the start of the page to the far bound, `cap` at most: what a count counts.
    #[must_use]
    pub fn count_plan(&self, filter: &Filter<C>, cap: usize) -> Option<Plan<C>> {
        let from = self
            .near
            .as_ref()
            .map(|position| Cut::at(position, self.side(self.near_included)));
        let until = self.far.as_ref().map(|position| Cut::at(position, Side::Before));
        Plan::new(filter, self.reading_order(), from, until, cap)
    }

    /// One row in front of the page in the direction of reading. `None`: there is none in any table.
    #[must_use]
    pub fn behind_plan(&self, filter: &Filter<C>) -> Option<Plan<C>> {
        let near = self.near.as_ref()?;
        // Seen from the other side, the rows in front of the near bound lie behind it.
        let side = if self.near_included {
            Side::After
        } else {
            Side::Before
        };
        Plan::new(
            filter,
            self.reading_order().reversed(),
            Some(Cut::at(near, side)),
            None,
            1,
        )
    }

    /// Cuts the rows that [`Window::rows_plan`] fetched, in the order in which it reads them.
    #[must_use]
    pub fn cut<R: Row<C>>(&self, mut fetched: Vec<R>) -> Page<R> {
        let order = self.reading_order();
        let mut behind = self.near.is_none().then_some(false);
        if let (Some(near), Some(first)) = (&self.near, fetched.first())
            && !self.near_included
            && order.compare_position(first, near).is_eq()
        {
            fetched.remove(0);
            behind = Some(true);
        }
        let in_bounds = |row: &R| {
            self.far
                .as_ref()
                .is_none_or(|far| order.compare_position(row, far).is_lt())
        };
        let length = fetched
            .iter()
            .take(self.size)
            .take_while(|row| in_bounds(row))
            .count();
        let beyond = fetched.drain(length..).next();
        if self.reading == Reading::Backward {
            fetched.reverse();
        }
        Page {
            rows: fetched,
            beyond,
            behind,
        }
    }

    fn reading_order(&self) -> Order<C> {
        match self.reading {
            Reading::Forward => self.order.clone(),
            Reading::Backward => self.order.reversed(),
        }
    }

    /// The side of the near bound, in reading order.
    fn side(&self, included: bool) -> Side {
        if included { Side::Before } else { Side::After }
    }
}
