//! How long to wait after an answer that is no page.
//!
//! Takes how often it went wrong, what the upstream asks for, and a random part; gives a wait. Waits grow, and are spread, so
//! that several mirrors of one upstream do not come back at once. What the upstream asks for is kept to, up to a cap, and
//! counts as a try like any other.

use std::time::{Duration, SystemTime};

use hyper::HeaderMap;
use hyper::header::{DATE, HeaderValue, RETRY_AFTER};

/// The wait after the first failure, before it is spread.
const FIRST: Duration = Duration::from_millis(250);
/// The longest wait that nobody asked for.
const LONGEST: Duration = Duration::from_secs(60);
/// The longest that an upstream is believed.
pub const LONGEST_ASKED: Duration = Duration::from_secs(15 * 60);

/// The wait after so many failures in a row, from 1 on. `part` is random, from 0 to 1: waits are between a half and a whole,
/// and behind what was asked for by up to a tenth of that.
#[must_use]
pub fn wait(failures: u32, asked: Option<Duration>, part: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let grown = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    let spread = grown.mul_f64(0.5 + part / 2.0);
    match asked {
        Some(asked) => {
            let asked = asked.min(LONGEST_ASKED);
            spread.max(asked + asked.mul_f64(part / 10.0))
        }
        None => spread,
    }
}

/// What an answer asks for in `Retry-After`: seconds, or a date, which counts from the answer's own `Date`; from `now` where
/// it has none. `None`: nothing, or nothing that can be read.
#[must_use]
pub fn asked(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |value: &HeaderValue| value.to_str().map(|text| text.trim().to_owned()).ok();
    let value = headers.get(RETRY_AFTER).and_then(text)?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // So many digits that it is no number: a very long time.
        return Some(value.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let until = httpdate::parse_http_date(&value).ok()?;
    let date = headers.get(DATE).and_then(text);
    let from = date.and_then(|date| httpdate::parse_http_date(&date).ok());
    Some(until.duration_since(from.unwrap_or(now)).unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn waits_grow_to_a_cap_and_are_spread() {
        assert_eq!((wait(1, None, 0.0), wait(1, None, 1.0)), (FIRST / 2, FIRST));
        assert_eq!(wait(4, None, 1.0), 2 * S);
        assert_eq!(
            (wait(40, None, 1.0), wait(u32::MAX, None, 0.0)),
            (LONGEST, LONGEST / 2)
        );
    }

    #[test]
    fn what_is_asked_for_is_kept_to_up_to_a_cap() {
        assert_eq!(
            (wait(1, Some(10 * S), 0.0), wait(1, Some(10 * S), 1.0)),
            (10 * S, 11 * S)
        );
        assert_eq!(wait(1, Some(Duration::MAX), 0.0), LONGEST_ASKED);
        // Nobody comes back at once, over and over.
        assert_eq!(wait(3, Some(Duration::ZERO), 1.0), S);
        assert_eq!(wait(9, Some(S), 1.0), LONGEST);
    }

    #[test]
    fn both_forms_are_read_and_a_date_counts_from_the_upstreams_own() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let (at, later) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:50:07 GMT");
        for (pairs, expected) in [
            (vec![], None),
            (vec![("retry-after", "120")], Some(120 * S)),
            (vec![("retry-after", " 0 ")], Some(Duration::ZERO)),
            (
                vec![("retry-after", "99999999999999999999999")],
                Some(Duration::MAX),
            ),
            (vec![("retry-after", "-1")], None),
            (vec![("retry-after", "1.5")], None),
            (vec![("retry-after", "soon")], None),
            (vec![("retry-after", later)], Some(30 * S)),
            (vec![("retry-after", at)], Some(Duration::ZERO)),
            (
                vec![("retry-after", later), ("date", later)],
                Some(Duration::ZERO),
            ),
            // An upstream whose clock is an hour ahead.
            (
                vec![
                    ("retry-after", "Sun, 06 Nov 1994 09:50:07 GMT"),
                    ("date", "Sun, 06 Nov 1994 09:49:37 GMT"),
                ],
                Some(30 * S),
            ),
            // A weekday that is not that day's.
            (vec![("retry-after", "Mon, 06 Nov 1994 08:50:07 GMT")], None),
        ] {
            assert_eq!(asked(&headers(&pairs), now), expected, "{pairs:?}");
        }
    }
}
