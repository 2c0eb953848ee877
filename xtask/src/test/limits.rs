//! How long the steps and the Rust tests may take.
//!
//! Wide enough for two cores that other programs keep busy: they end what hangs, and measure nothing. Two variables
//! narrow or widen them.

use std::{env, time::Duration};

use crate::Failure;

/// Takes the place of each step's limit. **Unit**: seconds.
const STEP_VARIABLE: &str = "XTASK_STEP_SECONDS";
/// Takes the place of the limit of a Rust test. **Unit**: seconds.
const TEST_VARIABLE: &str = "XTASK_TEST_SECONDS";

/// The limits of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Takes the place of each step's own.
    pub(super) step: Option<Duration>,
    /// Of one Rust test; what takes less than a minute is not looked at.
    pub(super) test: Duration,
    /// Of the Rust tests, the time without a line.
    pub(super) silence: Duration,
}

impl Limits {
    /// The limits of this run.
    ///
    /// # Errors
    /// Usage, where a variable holds no number of seconds.
    pub(super) fn read() -> Result<Self, Failure> {
        let step = seconds(STEP_VARIABLE, env::var(STEP_VARIABLE).ok())?;
        let test = seconds(TEST_VARIABLE, env::var(TEST_VARIABLE).ok())?;
        let test = test.unwrap_or(Duration::from_secs(600));
        Ok(Self {
            step,
            test,
            // A slow test is told of after 60 seconds, and ended before its silence counts.
            silence: test.max(Duration::from_secs(60)) + Duration::from_secs(60),
        })
    }

    /// How long a test that hung is shown alone.
    pub(super) fn alone(&self) -> Duration {
        self.test.min(Duration::from_secs(60))
    }

    /// The limit of a part of a step that is given so many minutes.
    pub(super) fn minutes(&self, minutes: u64) -> Duration {
        self.step.unwrap_or(Duration::from_secs(60 * minutes))
    }
}

fn seconds(variable: &str, value: Option<String>) -> Result<Option<Duration>, Failure> {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    match value.parse() {
        Ok(seconds) if seconds > 0 => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(Failure::Usage(format!(
            "`{variable}` is a number of seconds, not `{value}`"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_a_number_of_seconds_or_wrong_usage() {
        let read = |value: &str| seconds("X", Some(value.to_owned()));
        assert_eq!(read("90").expect("a number"), Some(Duration::from_secs(90)));
        assert_eq!(read("").expect("nothing"), None);
        for wrong in ["0", "x", "1.5", "-1"] {
            assert!(matches!(read(wrong), Err(Failure::Usage(reason)) if reason.contains(wrong)));
        }
    }

    #[test]
    fn one_variable_takes_the_place_of_all_limits_of_steps() {
        let mut limits = Limits {
            step: None,
            test: Duration::from_secs(1),
            silence: Duration::from_secs(1),
        };
        assert_eq!(limits.minutes(2), Duration::from_secs(120));
        limits.step = Some(Duration::from_secs(5));
        assert_eq!(limits.minutes(2), Duration::from_secs(5));
    }
}
