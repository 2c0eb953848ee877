//! Durations as people type them: `90d`.

use std::time::Duration;

/// Why a text is no duration.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DurationError {
    /// Not of the form.
    #[error("{0}; a duration is a number and a unit, s, m, h or d, such as 90d")]
    Malformed(#[from] humantime::DurationError),
    /// Nothing.
    #[error("a duration must be longer than nothing")]
    Zero,
}

/// The duration of a text: numbers, each with a unit, such as `90d` or `1h 30m`.
///
/// # Errors
///
/// [`DurationError`] for another form, and for 0.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let duration = humantime::parse_duration(text)?;
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
        ] {
            assert_eq!(parse(text).ok(), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_in_words() {
        for (text, words) in [
            ("", "value was empty"),
            ("90", "time unit needed"),
            ("-1d", "expected number"),
            ("1x", "unknown time unit"),
            ("99999999999999999999d", "number is too large"),
            ("0d", "longer than nothing"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
