//! Durations as people type them: `90d`, `1d 12h`.
//!
//! Deliberately absent: units whose length depends on the calendar, one of which differs from minutes by case alone.

use std::time::Duration;

/// Why a text is no duration.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DurationError {
    /// Not of the form.
    #[error("{FORM}")]
    Malformed(#[from] humantime::DurationError),
    /// A unit of another length each time.
    #[error("no unit is called `{0}`; {FORM}")]
    Unit(String),
    /// Nothing.
    #[error("a duration must be longer than nothing")]
    Zero,
}

const FORM: &str = "a duration is numbers, each with a unit, s, m, h, d or w, such as 90d or 1d 12h";

/// The units, and the longer names that people give them.
const UNITS: [&str; 23] = [
    "s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute", "minutes", "h", "hr", "hrs",
    "hour", "hours", "d", "day", "days", "w", "wk", "wks", "week", "weeks",
];

/// The duration of a text: numbers, each with a unit, such as `90d`, `1h 30m` or `1.5h`.
///
/// # Errors
///
/// [`DurationError`] for another form, and for 0.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let duration = humantime::parse_duration(text)?;
    let mut units = text
        .split(|char: char| !char.is_alphabetic())
        .filter(|unit| !unit.is_empty());
    if let Some(unit) = units.find(|unit| !UNITS.contains(unit)) {
        return Err(DurationError::Unit(unit.to_owned()));
    }
    if duration.is_zero() {
        return Err(DurationError::Zero);
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_has_its_seconds() {
        for (text, seconds) in [
            ("1s", 1),
            ("15m", 900),
            ("36h", 129_600),
            ("90d", 7_776_000),
            ("1d12h", 129_600),
            ("1d 12 hours", 129_600),
            ("1.5h", 5_400),
            ("2w", 1_209_600),
        ] {
            assert_eq!(parse(text).ok(), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_in_words() {
        for (text, words) in [
            ("", "a duration is"),
            ("90", "a duration is"),
            ("-1d", "a duration is"),
            ("1x", "a duration is"),
            ("99999999999999999999d", "a duration is"),
            ("0d", "longer than nothing"),
            ("5M", "no unit is called `M`"),
            ("1year", "no unit is called `year`"),
            ("5ms", "no unit is called `ms`"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
