//! What an account may spend, in cost points.
//!
//! In two stages, because a cost is known only once the request has been read: an account without a point left is
//! refused before its body is, and the points are charged once they are known, into a debt if need be. Of requests that
//! were let in together one at most goes into debt, and is waited for by the next: so an account has its rate and its
//! burst, whatever its requests cost. The points of one process are its own; several processes give an account several
//! budgets.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use super::Limited;
use super::leaky_bucket::{LeakyBuckets, Rate, Standing, seconds_up};

/// The budgets of all accounts.
pub struct Budgets {
    buckets: Option<LeakyBuckets<i64>>,
    fields: Fields,
}

/// What answers say of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// `RateLimit` and `RateLimit-Policy` beside the three fields that were there before them.
    All,
    /// Those three alone: a parser that takes one form for the other reads neither.
    Older,
}

/// What an account has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// In points a full budget holds (`RateLimit-Limit`, and `q` of `RateLimit-Policy`).
    pub limit: u64,
    /// In whole points left, 0 in debt (`RateLimit-Remaining`, and `r` of `RateLimit`).
    pub remaining: u64,
    /// In whole seconds, rounded up, until the budget is full again (`RateLimit-Reset`, and `t` of `RateLimit`
    /// while there is a point left).
    pub reset_s: u64,
    /// In whole seconds, rounded up, until there is a point again, where there is none (then `t` of `RateLimit`, as nobody is
    /// to come back before it).
    pub retry_s: Option<u64>,
    /// What of it answers say.
    pub fields: Fields,
}

impl Remaining {
    /// The three older fields of an answer.
    pub fn older(self) -> [(&'static str, u64); 3] {
        [
            ("ratelimit-limit", self.limit),
            ("ratelimit-remaining", self.remaining),
            ("ratelimit-reset", self.reset_s),
        ]
    }

    /// The fields of draft 11 of an answer, where they are wanted.
    ///
    /// Source: RateLimit header fields for HTTP, draft-ietf-httpapi-ratelimit-headers-11.
    pub fn newer(self) -> Option<[(&'static str, String); 2]> {
        let Self {
            limit,
            remaining,
            reset_s,
            retry_s,
            ..
        } = self;
        let effective_s = retry_s.unwrap_or(reset_s);
        (self.fields == Fields::All).then(|| {
            [
                ("ratelimit-policy", format!("\"{POLICY}\";q={limit};w={BURST_S}")),
                ("ratelimit", format!("\"{POLICY}\";r={remaining};t={effective_s}")),
            ]
        })
    }
}

/// What draft 11 calls a budget by.
pub const POLICY: &str = "points";
/// A budget holds what comes back in so many seconds.
const BURST_S: u64 = 10;
/// Accounts whose budgets are not full, at once.
const MAX_ACCOUNTS: usize = 65_536;

impl Budgets {
    /// Budgets that recover by `points_per_s`; without it, nothing is limited and no answer has the headers. No request
    /// may cost more than `dearest` points.
    pub fn new(points_per_s: Option<NonZeroU32>, dearest: u64, fields: Fields) -> Self {
        let buckets = points_per_s.map(|points| {
            let burst_points = u64::from(points.get()) * BURST_S;
            let rate = Rate {
                points,
                period: Duration::from_secs(1),
                burst_points,
                debt_points: dearest,
            };
            LeakyBuckets::new(rate, MAX_ACCOUNTS)
        });
        Self { buckets, fields }
    }

    /// Stage one: lets a request in whose cost is not known yet. Nothing is charged, to a refused one neither.
    ///
    /// # Errors
    ///
    /// [`Limited`] where not a single point is left, with the time until one is.
    pub fn admit(&self, account: i64, now: Instant) -> Result<Option<Remaining>, Limited> {
        let Some(buckets) = &self.buckets else {
            return Ok(None);
        };
        let standing = buckets.standing(account, now);
        match standing.remaining_points {
            0 => Err(limited(standing)),
            _ => Ok(Some(self.remaining_of(buckets.rate(), standing))),
        }
    }

    /// Stage two: charges what the request costs, and gives what its answer says about the budget.
    ///
    /// # Errors
    ///
    /// [`Limited`] where others have spent the last point since stage one; nothing is charged.
    pub fn spend(&self, account: i64, points: u64, now: Instant) -> Result<Option<Remaining>, Limited> {
        let Some(buckets) = &self.buckets else {
            return Ok(None);
        };
        match buckets.spend(account, points, now) {
            Ok(standing) => Ok(Some(self.remaining_of(buckets.rate(), standing))),
            Err(standing) => Err(limited(standing)),
        }
    }

    /// Charges a request that is refused, in debt or not, and gives what is left.
    pub fn charge(&self, account: i64, points: u64, now: Instant) -> Option<Remaining> {
        let buckets = self.buckets.as_ref()?;
        Some(self.remaining_of(buckets.rate(), buckets.charge(account, points, now)))
    }

    /// Gives back what was charged for a request that turned out not to run.
    pub fn refund(&self, account: i64, points: u64, now: Instant) -> Option<Remaining> {
        let buckets = self.buckets.as_ref()?;
        Some(self.remaining_of(buckets.rate(), buckets.refund(account, points, now)))
    }

    /// What an account has left, for an answer that costs nothing.
    pub fn remaining(&self, account: i64, now: Instant) -> Option<Remaining> {
        let buckets = self.buckets.as_ref()?;
        Some(self.remaining_of(buckets.rate(), buckets.standing(account, now)))
    }

    fn remaining_of(&self, rate: Rate, standing: Standing) -> Remaining {
        Remaining {
            limit: rate.burst_points,
            remaining: standing.remaining_points,
            reset_s: seconds_up(standing.until_full),
            retry_s: (standing.remaining_points == 0).then(|| seconds_up(standing.until_one).max(1)),
            fields: self.fields,
        }
    }
}

fn limited(standing: Standing) -> Limited {
    Limited {
        retry_after_s: seconds_up(standing.until_one).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budgets() -> Budgets {
        Budgets::new(NonZeroU32::new(1000), 1000, Fields::All)
    }

    #[test]
    fn a_charge_shows_in_what_remains() {
        let now = Instant::now();
        let budgets = budgets();
        let full = Remaining {
            limit: 10_000,
            remaining: 10_000,
            reset_s: 0,
            retry_s: None,
            fields: Fields::All,
        };
        assert_eq!(budgets.admit(1, now), Ok(Some(full)));
        let left = Remaining {
            limit: 10_000,
            remaining: 8_500,
            reset_s: 2,
            retry_s: None,
            fields: Fields::All,
        };
        assert_eq!(budgets.charge(1, 1_500, now), Some(left));
        assert_eq!(budgets.remaining(1, now), Some(left));
        assert_eq!(left.older().map(|(_, value)| value), [10_000, 8_500, 2]);
        let newer = left.newer().expect("both fields");
        assert_eq!(
            newer.map(|(_, value)| value),
            ["\"points\";q=10000;w=10", "\"points\";r=8500;t=2"]
        );
        let older = Remaining {
            fields: Fields::Older,
            ..left
        };
        assert_eq!(older.newer(), None);
    }

    #[test]
    fn an_account_in_debt_is_refused_until_a_point_is_back() {
        let now = Instant::now();
        let budgets = budgets();
        budgets.charge(1, 9_999, now);
        assert!(budgets.admit(1, now).is_ok());
        let in_debt = budgets.charge(1, 1_001, now).expect("a budget");
        assert_eq!((in_debt.remaining, in_debt.reset_s), (0, 11));
        // By draft 11 nobody is told to come back before the window's end.
        assert_eq!(
            in_debt.newer().map(|fields| fields[1].1.clone()).as_deref(),
            Some("\"points\";r=0;t=2")
        );
        // 1,000 points of debt and the one to spend.
        assert_eq!(budgets.admit(1, now), Err(Limited { retry_after_s: 2 }));
        assert!(budgets.admit(1, now + Duration::from_millis(1000)).is_err());
        assert!(budgets.admit(1, now + Duration::from_millis(1001)).is_ok());
    }

    #[test]
    fn a_refused_request_is_not_charged() {
        let now = Instant::now();
        let budgets = budgets();
        budgets.charge(1, 10_000, now);
        for _ in 0..1000 {
            assert_eq!(budgets.admit(1, now), Err(Limited { retry_after_s: 1 }));
        }
        assert!(budgets.admit(1, now + Duration::from_millis(1)).is_ok());
    }

    #[test]
    fn what_is_given_back_can_be_spent_again_but_is_never_more_than_was_owed() {
        let now = Instant::now();
        let budgets = budgets();
        budgets.charge(1, 900, now);
        let left = |budgets: &Budgets| budgets.remaining(1, now).map(|left| left.remaining);
        assert_eq!(
            budgets.refund(1, 899, now).map(|left| left.remaining),
            Some(9_999)
        );
        assert_eq!(left(&budgets), Some(9_999));
        budgets.refund(1, 5_000, now);
        budgets.refund(2, 5_000, now);
        assert_eq!(left(&budgets), Some(10_000));
    }

    #[test]
    fn an_operation_dearer_than_the_burst_is_paid_for_in_full() {
        let now = Instant::now();
        let budgets = Budgets::new(NonZeroU32::new(10), 1000, Fields::All);
        assert!(budgets.spend(1, 1000, now).is_ok());
        // 900 points of debt at 10 a second, and the one to spend.
        assert_eq!(budgets.admit(1, now), Err(Limited { retry_after_s: 91 }));
        assert!(budgets.admit(1, now + Duration::from_millis(90_000)).is_err());
        assert!(budgets.admit(1, now + Duration::from_millis(90_100)).is_ok());
    }

    #[test]
    fn of_requests_let_in_together_one_goes_into_debt() {
        let now = Instant::now();
        let budgets = budgets();
        budgets.charge(1, 9_500, now);
        for _ in 0..20 {
            assert!(budgets.admit(1, now).is_ok());
        }
        let ran = (0..20).filter(|_| budgets.spend(1, 1000, now).is_ok());
        assert_eq!(ran.count(), 1);
        assert_eq!(budgets.spend(1, 1, now), Err(Limited { retry_after_s: 1 }));
    }

    #[test]
    fn accounts_have_budgets_of_their_own() {
        let now = Instant::now();
        let budgets = budgets();
        budgets.charge(1, 100_000, now);
        assert_eq!(budgets.admit(1, now), Err(Limited { retry_after_s: 2 }));
        assert_eq!(budgets.remaining(2, now).map(|left| left.remaining), Some(10_000));
    }

    #[test]
    fn switched_off_nothing_is_limited() {
        let now = Instant::now();
        let budgets = Budgets::new(None, 1000, Fields::All);
        assert_eq!(budgets.charge(1, u64::MAX, now), None);
        assert_eq!(budgets.admit(1, now), Ok(None));
        assert_eq!(budgets.remaining(1, now), None);
    }
}
