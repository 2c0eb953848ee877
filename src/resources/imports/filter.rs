//! What a client filters by, lowered to ranges and a set.
//!
//! Shared by GraphQL and REST, so that both mean the same rows: instants are compared exactly even where they are finer
//! than a microsecond, bounds of one column are ANDed into one half-open range.

use entity::ImportStatus;
use keyset::{Filter, Range, Value};

use crate::rfc3339::Parsed;
use crate::store::imports::Column;

/// A comparison with an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Before it.
    Lt,
    /// Before it or at it.
    Lte,
    /// After it.
    Gt,
    /// After it or at it.
    Gte,
}

/// One bound on an instant column, as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The comparison.
    pub operator: Operator,
    /// What is compared with, to the nanosecond.
    pub moment: Parsed,
}

/// Everything that a list can be filtered by, as it was asked for; what is absent filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The statuses, each once, in the order asked for. `Some` of an empty list is met by no import.
    pub statuses: Option<Vec<ImportStatus>>,
    /// Bounds on the creation, all of which must hold.
    pub created: Vec<Bound>,
    /// Bounds on the last change, all of which must hold.
    pub updated: Vec<Bound>,
}

impl Asked {
    /// The filter of a plan. All ten statuses are no filter at all.
    #[must_use]
    pub fn filter(&self) -> Filter<Column> {
        let created = range(Column::CreatedAt, &self.created);
        let updated = range(Column::UpdatedAt, &self.updated);
        let ranges = created.into_iter().chain(updated).collect();
        let statuses = self
            .statuses
            .as_ref()
            .filter(|statuses| statuses.len() < ImportStatus::ALL.len());
        let names =
            |statuses: &Vec<ImportStatus>| statuses.iter().map(|status| Value::Name(status.name())).collect();
        Filter {
            equals: Vec::new(),
            ranges,
            one_of: statuses.map(|statuses| (Column::Status, names(statuses))),
        }
    }
}

/// The tightest range of microseconds that all bounds allow; `None` where there is no bound.
fn range(column: Column, bounds: &[Bound]) -> Option<Range<Column>> {
    if bounds.is_empty() {
        return None;
    }
    let mut range = Range {
        column,
        from: None,
        until: None,
    };
    for bound in bounds {
        // The first microsecond at or after the instant, and the first one after it.
        let at = bound.moment.micros + i64::from(bound.moment.submicro_nanos > 0);
        let after = bound.moment.micros + 1;
        match bound.operator {
            Operator::Lt => range.until = tighter(range.until, at, i64::min),
            Operator::Lte => range.until = tighter(range.until, after, i64::min),
            Operator::Gt => range.from = tighter(range.from, after, i64::max),
            Operator::Gte => range.from = tighter(range.from, at, i64::max),
        }
    }
    Some(range)
}

fn tighter(old: Option<Value>, new: i64, tightest: fn(i64, i64) -> i64) -> Option<Value> {
    match old {
        Some(Value::Instant(old)) => Some(Value::Instant(tightest(old, new))),
        _ => Some(Value::Instant(new)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_finer_than_a_microsecond_are_compared_exactly() {
        let moment = |micros, submicro_nanos| Parsed {
            micros,
            submicro_nanos,
        };
        for micros in [-3, 0, 7] {
            for nanos in [0, 1, 999] {
                for operator in [Operator::Lt, Operator::Lte, Operator::Gt, Operator::Gte] {
                    let bound = Bound {
                        operator,
                        moment: moment(micros, nanos),
                    };
                    let Some(range) = range(Column::CreatedAt, &[bound]) else {
                        panic!("a bound gives a range")
                    };
                    for row in micros - 2..=micros + 2 {
                        let order = (row * 1000).cmp(&(micros * 1000 + i64::from(nanos)));
                        let expected = match operator {
                            Operator::Lt => order.is_lt(),
                            Operator::Lte => order.is_le(),
                            Operator::Gt => order.is_gt(),
                            Operator::Gte => order.is_ge(),
                        };
                        let row = Value::Instant(row);
                        let met = range.from.is_none_or(|from| row >= from)
                            && range.until.is_none_or(|until| row < until);
                        assert_eq!(met, expected, "{row:?} {bound:?}");
                    }
                }
            }
        }
    }
}
