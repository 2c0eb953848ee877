//! What a statement reads of an index, and what it then checks.
//!
//! Takes a plan; gives lists of [`Condition`]s: those that bound an index range, and the rest. Each value of a condition
//! has a [`Role`], which is its placeholder: the text of a statement depends on which roles there are, never on which
//! values happen to be equal.

use keyset::{Comparison, Direction, Filter, Key, Plan, Predicate, Value};

use super::table::Column;

/// Which plan of a statement a bound belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Page,
    Count,
}

/// What a bound value is for. Two values of one role are the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Equal,
    /// The names of a filter are distinct, so the name itself tells them apart.
    Name(&'static str),
    AtLeast,
    Below,
    From(Part),
    Until(Part),
    Ids,
    Limit,
}

/// A condition whose values all have one role; their columns tell them apart.
#[derive(Clone, Debug)]
pub(super) struct Condition<C> {
    pub(super) role: Role,
    pub(super) predicate: Predicate<C>,
}

/// The columns with one value: the caller's account.
pub(super) fn equalities<C: Column>(filter: &Filter<C>) -> impl Iterator<Item = Condition<C>> {
    filter.equals.iter().map(|(column, value)| Condition {
        role: Role::Equal,
        predicate: Predicate::compare(*column, Comparison::Equal, *value),
    })
}

/// The two ends of the plan's part of its order.
pub(super) fn cuts<C: Column>(plan: &Plan<C>, part: Part) -> impl Iterator<Item = Condition<C>> {
    let from = plan.from().map(|cut| Condition {
        role: Role::From(part),
        predicate: cut.predicate_after(plan.order()),
    });
    let until = plan.until().map(|cut| Condition {
        role: Role::Until(part),
        predicate: cut.predicate_before(plan.order()),
    });
    from.into_iter().chain(until)
}

/// The filter's ranges of the columns that `wanted` wants.
pub(super) fn ranges<C: Column>(
    filter: &Filter<C>,
    wanted: impl Fn(C) -> bool,
) -> impl Iterator<Item = Condition<C>> {
    let ranges = filter.ranges.iter().filter(move |range| wanted(range.column));
    ranges.flat_map(|range| {
        let end = |value: Option<Value>, role, comparison| {
            value.map(|value| Condition {
                role,
                predicate: Predicate::compare(range.column, comparison, value),
            })
        };
        let from = end(range.from, Role::AtLeast, Comparison::GreaterOrEqual);
        let until = end(range.until, Role::Below, Comparison::Less);
        from.into_iter().chain(until)
    })
}

/// One walk a name of the filter's set; a single walk where it has none.
pub(super) fn names<C>(filter: &Filter<C>) -> impl ExactSizeIterator<Item = Option<Value>> {
    let named = filter.one_of.as_ref().map(|(_, names)| names.as_slice());
    let walks = named.map_or(1, <[Value]>::len);
    (0..walks).map(move |index| named.map(|names| names[index]))
}

/// An index range that holds every row of a plan, and more where the plan has further conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<C> {
    /// The part of the plan's own order between its cuts.
    Order(C),
    /// A range of a column that is not the first of the order.
    Range(C),
}

impl<C: Column> Source<C> {
    /// The sources of a plan, the ranges of other columns first.
    ///
    /// The order itself is one where it has an end and an index that holds the other columns with ranges, so not the order by id.
    pub(super) fn of(plan: &Plan<C>) -> Vec<Self> {
        let ranges = plan.filter().ranges.iter();
        let mut sources: Vec<_> = ranges.map(|range| Self::Range(range.column)).collect();
        let lead = plan.order().keys()[0].column;
        if lead != C::ID && (plan.from().is_some() || plan.until().is_some()) {
            sources.push(Self::Order(lead));
        }
        sources
    }

    /// The column of the range.
    pub(super) fn column(self) -> C {
        match self {
            Self::Order(column) | Self::Range(column) => column,
        }
    }

    /// The conditions that bound the index range.
    pub(super) fn bounds(self, plan: &Plan<C>, part: Part) -> Vec<Condition<C>> {
        match self {
            Self::Order(_) => cuts(plan, part).collect(),
            Self::Range(column) => ranges(plan.filter(), |other| other == column).collect(),
        }
    }

    /// The plan's other conditions, without equalities and names.
    pub(super) fn rest(self, plan: &Plan<C>, part: Part) -> Vec<Condition<C>> {
        match self {
            Self::Order(_) => ranges(plan.filter(), |_| true).collect(),
            Self::Range(column) => {
                let others = ranges(plan.filter(), |other| other != column);
                cuts(plan, part).chain(others).collect()
            }
        }
    }

    /// From which end a count reads the range: from the one that is the farther from the page's start where the two
    /// columns grow together, as there most rows count.
    pub(super) fn counting_key(self, plan: &Plan<C>) -> Key<C> {
        let direction: Direction = plan.order().keys()[0].direction;
        Key {
            column: self.column(),
            direction: direction.reversed(),
        }
    }
}
