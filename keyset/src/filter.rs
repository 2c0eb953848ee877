//! What a caller may see and asks for: equalities, half-open ranges, one set, and checks of single values.
//!
//! Deliberately absent: OR. Different filters are ANDed.

use case_folding::Term;

use crate::{Column, Comparison, Predicate, Row, Value};

/// A half-open range of one column.
///
/// `from` is included, `until` is not; an absent end is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range<C> {
    /// The column.
    pub column: C,
    /// The smallest value in the range.
    pub from: Option<Value>,
    /// The smallest value above the range.
    pub until: Option<Value>,
}

impl<C: Column> Range<C> {
    /// Whether no value can be in the range.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!((self.from, self.until), (Some(from), Some(until)) if from >= until)
    }

    /// The range as conditions, none for an open end.
    pub(crate) fn predicates(&self) -> impl Iterator<Item = Predicate<C>> + use<C> {
        let column = self.column;
        let from = self
            .from
            .map(|value| Predicate::compare(column, Comparison::GreaterOrEqual, value));
        let until = self
            .until
            .map(|value| Predicate::compare(column, Comparison::Less, value));
        from.into_iter().chain(until)
    }
}

/// A condition on one column that no order serves: it is checked row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check<C> {
    /// Whether the column is NULL.
    IsNull {
        /// The column.
        column: C,
        /// `false`: it is not.
        is_null: bool,
    },
    /// Whether the column has one of these texts.
    OneOfTexts {
        /// The column.
        column: C,
        /// The texts, each once.
        texts: Vec<String>,
        /// `true`: it has none of them.
        is_excluded: bool,
    },
    /// Whether a term is in the column's text.
    Matches {
        /// The column.
        column: C,
        /// The term.
        term: Term,
    },
}

impl<C: Copy> Check<C> {
    /// The column.
    #[must_use]
    pub fn column(&self) -> C {
        match self {
            Self::IsNull { column, .. } | Self::OneOfTexts { column, .. } | Self::Matches { column, .. } => {
                *column
            }
        }
    }

    /// Whether no row can meet it.
    fn is_contradictory(&self) -> bool {
        matches!(self, Self::OneOfTexts { texts, is_excluded: false, .. } if texts.is_empty())
    }

    /// Whether a row meets it.
    pub(crate) fn eval(&self, row: &impl Row<C>) -> bool {
        match self {
            Self::IsNull { column, is_null } => row.is_null(*column) == *is_null,
            Self::OneOfTexts {
                column,
                texts,
                is_excluded,
            } => texts.iter().any(|text| text == row.text(*column)) != *is_excluded,
            Self::Matches { column, term } => term.is_in(row.text(*column)),
        }
    }
}

/// The conditions on a list, whatever page of it is asked for. The default filters nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter<C> {
    /// Columns with one value, such as the caller's account.
    pub equals: Vec<(C, Value)>,
    /// At most one range a column.
    pub ranges: Vec<Range<C>>,
    /// A column with one of several distinct values; an empty list is met by no row.
    pub one_of: Option<(C, Vec<Value>)>,
    /// All of these hold.
    pub checks: Vec<Check<C>>,
}

impl<C> Default for Filter<C> {
    fn default() -> Self {
        Self {
            equals: Vec::new(),
            ranges: Vec::new(),
            one_of: None,
            checks: Vec::new(),
        }
    }
}

impl<C: Column> Filter<C> {
    /// Whether no row can meet the filter, whatever the table holds.
    #[must_use]
    pub fn is_contradictory(&self) -> bool {
        self.ranges.iter().any(Range::is_empty)
            || self.one_of.as_ref().is_some_and(|(_, values)| values.is_empty())
            || self.checks.iter().any(Check::is_contradictory)
    }

    /// The filter as one condition.
    #[must_use]
    pub fn predicate(&self) -> Predicate<C> {
        let equals = self.equals.iter();
        let equals = equals.map(|(column, value)| Predicate::compare(*column, Comparison::Equal, *value));
        let one_of = self.one_of.iter();
        let one_of = one_of.map(|(column, values)| Predicate::OneOf {
            column: *column,
            values: values.clone(),
        });
        let ranges = self.ranges.iter().flat_map(Range::predicates);
        let checks = self.checks.iter().cloned().map(Predicate::Check);
        Predicate::All(equals.chain(one_of).chain(ranges).chain(checks).collect())
    }

    /// Whether a row meets the filter.
    pub fn eval(&self, row: &impl Row<C>) -> bool {
        self.predicate().eval(row)
    }
}
