//! Filters on instants: what is asked for, its echo, and the range that it comes to.
//!
//! GraphQL and REST mean the same rows: instants are compared exactly even where they are finer than a microsecond, bounds
//! of one column are ANDed into one half-open range.

use async_graphql::{InputObject, OneofObject};
use keyset::{Range, Value};

use super::{AppliedValue, Asked, OperatorKind, Operators, Paths, Shows};
use crate::json::Json;
use crate::resources::{FieldError, ListItems};
use crate::rfc3339::Parsed;
use crate::scalars::DateTime;
use crate::selection::table::object;

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

impl Operators for DateTimeFilter {
    const KIND: OperatorKind = OperatorKind::Bounds;

    fn asked(&self, _: Paths, _: ListItems) -> Result<Asked, FieldError> {
        let bound = |operator, instant: &DateTime| Bound {
            operator,
            moment: instant.0,
        };
        Ok(Asked::Bounds(match self {
            Self::Lt(instant) => vec![bound(Operator::Lt, instant)],
            Self::Lte(instant) => vec![bound(Operator::Lte, instant)],
            Self::Gt(instant) => vec![bound(Operator::Gt, instant)],
            Self::Gte(instant) => vec![bound(Operator::Gte, instant)],
            Self::Between(range) => vec![bound(Operator::Gte, &range.gte), bound(Operator::Lt, &range.lt)],
        }))
    }
}

object! {
    /// A bound that was applied: one key is set, the rest are null.
    pub DateTimeBound<'a>(Bound);

    /// Before this instant.
    "lt": Option<DateTime> = |bound, json| write_bound(bound, Operator::Lt, json);
    /// Before or at this instant.
    "lte": Option<DateTime> = |bound, json| write_bound(bound, Operator::Lte, json);
    /// After this instant.
    "gt": Option<DateTime> = |bound, json| write_bound(bound, Operator::Gt, json);
    /// At or after this instant.
    "gte": Option<DateTime> = |bound, json| write_bound(bound, Operator::Gte, json);
}

impl Shows for DateTimeBound {
    fn source(value: AppliedValue<'_>) -> Option<Bound> {
        match value {
            AppliedValue::Bound(bound) => Some(bound),
            _ => None,
        }
    }
}

/// The instant of a bound by this operator, null where it is by another.
fn write_bound(bound: Bound, operator: Operator, json: &mut Json) {
    if bound.operator == operator {
        DateTime(bound.moment).write(json);
    } else {
        json.null();
    }
}

/// The tightest range of microseconds that all bounds allow; `None` where there is no bound.
pub(super) fn range<C>(column: C, bounds: &[Bound]) -> Option<Range<C>> {
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
                    let Some(range) = range((), &[bound]) else {
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
