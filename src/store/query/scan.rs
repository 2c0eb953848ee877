//! What a statement reads of an index, and what it then checks.
//!
//! Takes a plan; gives lists of [`Condition`]s: those that bound an index range, and the rest. Each value of a condition
//! has a [`Role`], which is its placeholder: the text of a statement depends on which roles there are, never on which
//! values happen to be equal.

use case_folding::Term;
use keyset::{Check, Comparison, Direction, Filter, Key, Plan, Predicate, Value};

use super::table::{Column, PREFIX_LETTERS};

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
    /// A text of a list whose rows are read one text after the other, by its place.
    Text(usize),
    /// A whole list of texts, which are included or not.
    Texts {
        is_excluded: bool,
    },
    /// A search term, in the form that its database matches.
    Term,
    /// The same for texts that are too long to be stored folded.
    LongTerm,
    /// How far slots of time are shifted.
    Shift,
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

/// The filter's set of names.
pub(super) fn one_of<C: Column>(filter: &Filter<C>) -> Option<Condition<C>> {
    let (column, values) = filter.one_of.as_ref()?;
    let values = values.clone();
    let predicate = Predicate::OneOf {
        column: *column,
        values,
    };
    // Names are their own role.
    let role = Role::Equal;
    Some(Condition { role, predicate })
}

/// The filter's checks that `wanted` wants.
pub(super) fn checks<C: Column>(
    filter: &Filter<C>,
    wanted: impl Fn(&Check<C>) -> bool,
) -> impl Iterator<Item = Condition<C>> {
    let checks = filter.checks.iter().filter(move |check| wanted(check));
    checks.map(|check| Condition {
        role: Role::Equal,
        predicate: Predicate::Check(check.clone()),
    })
}

/// What the entries of an index range have in common besides the account: a range is read as one walk, or as several.
#[derive(Clone, Copy, Debug)]
pub(super) enum Walk<'a, C> {
    /// Nothing.
    Whole,
    /// A name of the filter's set.
    Name(C, &'static str),
    /// A text of a list, and its place there.
    Text(C, usize, &'a str),
    /// The term that a text has, folded, as the index of trigrams finds it.
    Term(C, &'a Term),
    /// A text that is too long to be stored folded.
    Long(C),
}

impl<C> Walk<'_, C> {
    /// Whether an index gives its rows in an order.
    pub(super) fn is_ordered(&self) -> bool {
        !matches!(self, Self::Term(..) | Self::Long(_))
    }
}

/// One walk a name of the filter's set; a single walk where it has none.
pub(super) fn by_name<C: Column>(filter: &Filter<C>) -> Vec<Walk<'_, C>> {
    let Some((column, names)) = &filter.one_of else {
        return vec![Walk::Whole];
    };
    let names = names.iter().filter_map(|name| match name {
        Value::Name(name) => Some(Walk::Name(*column, name)),
        _ => None,
    });
    names.collect()
}

/// How many walks [`by_name`] makes.
pub(super) fn walks<C>(filter: &Filter<C>) -> usize {
    filter.one_of.as_ref().map_or(1, |(_, names)| names.len())
}

/// The text that a filter searches, and for what.
pub(super) fn searched<C: Column>(filter: &Filter<C>) -> Option<(C, &Term)> {
    filter.checks.iter().find_map(|check| match check {
        Check::Matches { column, term } => Some((*column, term)),
        _ => None,
    })
}

/// Whether a filter searches a text.
pub(super) fn is_search<C: Column>(filter: &Filter<C>) -> bool {
    searched(filter).is_some()
}

/// An index range that holds every row of a plan, and more where the plan has further conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<C> {
    /// The part of the plan's own order between its cuts, by the names of the filter.
    Order(C),
    /// That part, whatever the rows' names.
    Whole(C),
    /// A range of a column that is not the first of the order.
    Range(C),
    /// The rows in which a column is NULL.
    Null(C),
    /// The rows that have one of a list of texts.
    Texts(C),
    /// The rows whose text has the filter's term, as the index of trigrams finds them, and those whose text is long.
    Matching(C),
}

impl<C: Column> Source<C> {
    /// The sources of a plan that may be small, the ranges of other columns first.
    ///
    /// The order itself is one where it has an end or names. An order by id has no index that holds the columns of ranges, so
    /// that it is one for checks alone.
    pub(super) fn of(plan: &Plan<C>) -> Vec<Self> {
        let filter = plan.filter();
        let ranges = filter.ranges.iter();
        let mut sources: Vec<_> = ranges.map(|range| Self::Range(range.column)).collect();
        sources.extend(filter.checks.iter().filter_map(|check| match check {
            // Two long texts may have one walk.
            Check::OneOfTexts {
                column,
                texts,
                is_excluded: false,
            } if texts.iter().all(|text| is_short(text)) => Some(Self::Texts(*column)),
            Check::IsNull {
                column,
                is_null: true,
            } => Some(Self::Null(*column)),
            _ => None,
        }));
        let lead = plan.order().keys()[0].column;
        let is_bounded = plan.from().is_some() || plan.until().is_some();
        let is_named = !filter.checks.is_empty() && filter.one_of.is_some();
        if is_named || is_bounded && (lead != C::ID || !filter.checks.is_empty()) {
            sources.push(Self::Order(lead));
        }
        sources
    }

    /// The column of the range.
    pub(super) fn column(self) -> C {
        match self {
            Self::Order(column)
            | Self::Whole(column)
            | Self::Range(column)
            | Self::Null(column)
            | Self::Texts(column)
            | Self::Matching(column) => column,
        }
    }

    /// Whether it is read name by name.
    fn is_by_name(self) -> bool {
        let indexes = self.column().indexes();
        self != Self::Whole(self.column()) && indexes.is_some_and(|indexes| indexes.by_name.is_some())
    }

    /// The walks that it is read by.
    pub(super) fn walks(self, filter: &Filter<C>) -> Vec<Walk<'_, C>> {
        if let Self::Texts(column) = self {
            let lists = filter.checks.iter().filter_map(|check| match check {
                Check::OneOfTexts {
                    texts,
                    is_excluded: false,
                    ..
                } if check.column() == column => Some(texts),
                _ => None,
            });
            let texts = lists.flatten().enumerate();
            return texts
                .map(|(place, text)| Walk::Text(column, place, text.as_str()))
                .collect();
        }
        if let (Self::Matching(_), Some((column, term))) = (self, searched(filter)) {
            return vec![Walk::Term(column, term), Walk::Long(column)];
        }
        if self.is_by_name() {
            by_name(filter)
        } else {
            vec![Walk::Whole]
        }
    }

    /// The conditions that bound the index range.
    pub(super) fn bounds(self, plan: &Plan<C>, part: Part) -> Vec<Condition<C>> {
        match self {
            Self::Order(_) | Self::Whole(_) => cuts(plan, part).collect(),
            Self::Range(column) => ranges(plan.filter(), |other| other == column).collect(),
            Self::Null(column) => checks(plan.filter(), |check| is_null_of(check, column)).collect(),
            Self::Texts(_) | Self::Matching(_) => Vec::new(),
        }
    }

    /// The plan's other conditions, without equalities.
    pub(super) fn rest(self, plan: &Plan<C>, part: Part) -> Vec<Condition<C>> {
        let filter = plan.filter();
        let mut rest = Vec::new();
        if !matches!(self, Self::Order(_) | Self::Whole(_)) {
            rest.extend(cuts(plan, part));
        }
        rest.extend(ranges(filter, |column| self != Self::Range(column)));
        if !self.is_by_name() {
            rest.extend(one_of(filter));
        }
        rest.extend(checks(filter, |check| match self {
            Self::Null(column) => !is_null_of(check, column),
            Self::Texts(column) => !is_list_of(check, column),
            _ => true,
        }));
        rest
    }

    /// From which end a count reads the range: from the one that is the farther from the page's start where the two
    /// columns grow together, as there most rows count.
    pub(super) fn counting_key(self, plan: &Plan<C>) -> Key<C> {
        let direction: Direction = plan.order().keys()[0].direction;
        let column = match self {
            // One text's entries are in the order of their ids; a term's in none.
            Self::Texts(_) | Self::Matching(_) => C::ID,
            _ => self.column(),
        };
        Key {
            column,
            direction: direction.reversed(),
        }
    }
}

fn is_null_of<C: Column>(check: &Check<C>, column: C) -> bool {
    matches!(check, Check::IsNull { is_null: true, .. }) && check.column() == column
}

fn is_list_of<C: Column>(check: &Check<C>, column: C) -> bool {
    matches!(
        check,
        Check::OneOfTexts {
            is_excluded: false,
            ..
        }
    ) && check.column() == column
}

/// Whether a text is told from every other by as much of it as PostgreSQL's indexes hold.
pub(super) fn is_short(text: &str) -> bool {
    text.chars().count() < PREFIX_LETTERS
}
