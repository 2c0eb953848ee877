//! Durations as people type them: `90d`.
//!
//! Takes a whole number and one unit; gives a `Duration`. Deliberately absent: fractions and sums (`1d12h`).

use std::time::Duration;

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a duration is a whole number from 1 and a unit, s, m, h or d, such as 90d")]
pub struct DurationError;

/// The duration of a text.
///
/// **Unit**: `s` seconds, `m` minutes, `h` hours, `d` days of 24 hours.
///
/// **Errors**: [`DurationError`] for another form, for 0, and beyond 2^64 seconds.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let unit = text.chars().next_back().ok_or(DurationError)?;
    let number = &text[..text.len() - unit.len_utf8()];
    let unit_seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(DurationError),
    };
    // The standard parser would take a plus sign.
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DurationError);
    }
    let number: u64 = number.parse().map_err(|_| DurationError)?;
    let seconds = number.checked_mul(unit_seconds).filter(|seconds| *seconds > 0);
    seconds.map(Duration::from_secs).ok_or(DurationError)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_unit_has_its_seconds() {
        for (text, seconds) in [
            ("1s", 1),
            ("15m", 900),
            ("36h", 129_600),
            ("90d", 7_776_000),
            ("007s", 7),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "", "d", "90", "0d", "-1d", "+1d", "1.5h", "1 d", " 1d", "1d ", "1D", "1w", "1d12h", "d1", "١d",
            "1д",
        ] {
            assert_eq!(parse(text), Err(DurationError), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(parse(&format!("{}s", u64::MAX)).is_ok());
        for text in [
            format!("{}m", u64::MAX),
            format!("{}0s", u64::MAX),
            format!("{}d", "9".repeat(400)),
        ] {
            assert_eq!(parse(&text), Err(DurationError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = parse(&text);
        }

        #[test]
        fn a_number_of_days_is_that_many_days(days in 1..=100_000_u64) {
            prop_assert_eq!(parse(&(days.to_string() + "d")), Ok(Duration::from_secs(days * 86_400)));
        }
    }
}
