//! How many requests an upstream gets: never more than so many within any span of the length agreed.
//!
//! A request counts from when it is sent until the length has gone by since its *answer*: it reached the upstream at some time
//! between, so the upstream counts no more than we do, however the network delays. Takes the time, gives how long to wait.

use std::collections::VecDeque;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::Instant;

use crate::store::mirror::Spent;

/// So many requests within any span of a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many, at least 1.
    pub requests: u32,
    /// The length of the span.
    pub per: Duration,
}

/// Why a text is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rate is a number of requests from 1 on, `/` and s, min or h, such as 20/min")]
pub struct RateError;

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (requests, unit) = text.split_once('/').ok_or(RateError)?;
        let is_number = requests.bytes().all(|byte| byte.is_ascii_digit());
        let requests = requests
            .parse()
            .ok()
            .filter(|requests| is_number && *requests > 0);
        let seconds = match unit {
            "s" => 1,
            "min" | "m" => 60,
            "h" => 3600,
            _ => return Err(RateError),
        };
        Ok(Self {
            requests: requests.ok_or(RateError)?,
            per: Duration::from_secs(seconds),
        })
    }
}

/// Requests that may be sent before the next write to the database, which has been told of them.
const GRANTED: u32 = 2;
/// Into how many parts a span is cut where what is spent is written down.
const PARTS: u32 = 32;

/// What is left of a rate.
#[derive(Debug)]
pub struct Budget {
    rate: Option<Rate>,
    /// Requests that have ended, by their ends.
    done: VecDeque<(Instant, u32)>,
    /// Whether one is under way.
    is_open: bool,
    /// How many may be sent that the database knows of.
    granted: u32,
}

impl Budget {
    /// A budget of which another process has spent this; `None`: requests are not counted.
    #[must_use]
    pub fn new(rate: Option<Rate>, spent: &Spent, now: Instant) -> Self {
        let mut budget = Self {
            rate,
            done: VecDeque::new(),
            is_open: false,
            granted: 0,
        };
        budget.add(spent, now);
        budget
    }

    /// Counts what another process has spent besides. A request of which it is not known whether it was sent counts as
    /// sent now.
    pub fn add(&mut self, spent: &Spent, now: Instant) {
        let Some(rate) = self.rate else {
            return;
        };
        let ended = spent.done.iter().filter(|(age, _)| *age <= rate.per);
        let ended = ended.filter_map(|(age, count)| Some((now.checked_sub(*age)?, *count)));
        self.done.extend(ended);
        if spent.open > 0 {
            self.done.push_back((now, spent.open));
        }
        self.done.make_contiguous().sort_unstable();
        self.granted = 0;
    }

    /// How long until a request may be sent.
    pub fn wait(&mut self, now: Instant) -> Duration {
        let Some(rate) = self.rate else {
            return Duration::ZERO;
        };
        while self.done.front().is_some_and(|(end, _)| now > *end + rate.per) {
            self.done.pop_front();
        }
        let mut spent: u32 = self.done.iter().map(|(_, count)| *count).sum();
        spent += u32::from(self.is_open);
        for (end, count) in &self.done {
            if spent < rate.requests {
                break;
            }
            spent = spent.saturating_sub(*count);
            if spent < rate.requests {
                // A moment longer: both ends of a span count.
                return (*end + rate.per + Duration::from_millis(1)).saturating_duration_since(now);
            }
        }
        Duration::ZERO
    }

    /// Whether the database must be told of a request before it is sent.
    #[must_use]
    pub fn must_be_told(&self) -> bool {
        self.rate.is_some() && self.granted == 0
    }

    /// A request is sent.
    pub fn sent(&mut self) {
        self.is_open = self.rate.is_some();
        self.granted = self.granted.saturating_sub(1);
    }

    /// It was answered, or failed.
    pub fn answered(&mut self, now: Instant) {
        if std::mem::take(&mut self.is_open) {
            self.done.push_back((now, 1));
        }
    }

    /// What is to be written down: what was spent, and what may be before the next write.
    pub fn spent(&self, now: Instant) -> Spent {
        let mut spent = self.ended(now);
        spent.open = match self.rate {
            Some(_) => u32::from(self.is_open) + GRANTED,
            None => 0,
        };
        spent
    }

    /// The database was told what [`Budget::spent`] gave.
    pub fn told(&mut self) {
        self.granted = GRANTED;
    }

    /// What was spent, by whoever sends nothing more.
    pub fn ended(&self, now: Instant) -> Spent {
        let Some(rate) = self.rate else {
            return Spent::default();
        };
        // Requests of one part count as of its last: a little later than they were, never earlier.
        let part = rate.per / PARTS;
        let mut done: Vec<(Duration, u32)> = Vec::new();
        for (end, count) in self.done.iter().rev() {
            let age = now.saturating_duration_since(*end);
            match done.last_mut() {
                Some((newest, counted)) if age < *newest + part => *counted += count,
                _ => done.push((age, *count)),
            }
        }
        done.retain(|(age, _)| *age <= rate.per);
        Spent {
            open: u32::from(self.is_open),
            done,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    #[test]
    fn a_rate_is_a_number_and_a_span() {
        assert_eq!((rate("20/min").requests, rate("20/min").per), (20, 60_000 * MS));
        assert_eq!((rate("1/s").per, rate("7/h").per), (1000 * MS, 3_600_000 * MS));
        for text in [
            "",
            "20",
            "0/min",
            "-1/s",
            "+1/s",
            "1/day",
            "1.5/s",
            "99999999999/s",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(RateError), "{text}");
        }
    }

    /// Sends requests as fast as the budget lets, each answered after a delay, with a hand-over now and then; gives when
    /// each was sent and answered.
    fn send(
        rate: Rate,
        count: usize,
        delay: impl Fn(usize) -> Duration,
        hand_over: usize,
    ) -> Vec<[Instant; 2]> {
        let mut now = Instant::now();
        let mut budget = Budget::new(Some(rate), &Spent::default(), now);
        let mut sent = Vec::new();
        for number in 0..count {
            if number % hand_over == hand_over - 1 {
                // A process ends without a word, and another takes over a moment later.
                let mut spent = budget.spent(now);
                now += 5 * MS;
                spent.done.iter_mut().for_each(|(age, _)| *age += 5 * MS);
                budget = Budget::new(Some(rate), &spent, now);
            }
            now += budget.wait(now);
            let begun = now;
            budget.sent();
            now += delay(number);
            budget.answered(now);
            sent.push([begun, now]);
        }
        sent
    }

    #[test]
    fn no_span_of_the_length_has_more_requests_than_the_rate_says_whenever_they_arrive() {
        for (requests, hand_over) in [(1, 1000), (20, 1000), (20, 7), (3, 2)] {
            let rate = Rate {
                requests,
                per: Duration::from_secs(60),
            };
            let delays = [3 * MS, 900 * MS, 20 * MS, 7000 * MS];
            let sent = send(rate, 200, |number| delays[number % 4], hand_over);
            // The first of a span arrived as late as can be, the one that is too many as early as can be.
            for span in sent.windows(requests as usize + 1) {
                let ([_, first], [last, _]) = (span[0], span[requests as usize]);
                assert!(last - first > rate.per, "{:?} at {requests}", last - first);
            }
        }
    }

    #[test]
    fn a_budget_that_nobody_has_spent_from_makes_nobody_wait() {
        let now = Instant::now();
        let mut budget = Budget::new(Some(rate("20/min")), &Spent::default(), now);
        for _ in 0..20 {
            assert_eq!(budget.wait(now), Duration::ZERO);
            budget.sent();
            budget.answered(now);
        }
        assert_eq!(budget.wait(now), 60_001 * MS);
        assert_eq!(budget.wait(now + 60_001 * MS), Duration::ZERO);
        let mut free = Budget::new(None, &Spent::default(), now);
        assert!(!free.must_be_told() && free.wait(now).is_zero());
    }

    #[test]
    fn what_is_written_down_stays_short() {
        let now = Instant::now();
        let mut budget = Budget::new(Some(rate("5000/min")), &Spent::default(), now);
        for ms in 0..5000 {
            budget.sent();
            budget.answered(now + 11 * ms * MS);
        }
        let spent = budget.spent(now + 55_000 * MS);
        assert!(spent.done.len() <= 33, "{}", spent.done.len());
        assert_eq!(spent.done.iter().map(|(_, count)| count).sum::<u32>(), 5000);
    }
}
