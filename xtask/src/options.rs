//! Options that take a number.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use crate::Failure;

/// The number that follows an option.
///
/// # Errors
///
/// Usage, where it is missing, none, or out of range.
pub(crate) fn number<N: FromStr + PartialOrd + Display>(
    option: &str,
    word: Option<&String>,
    range: RangeInclusive<N>,
) -> Result<N, Failure> {
    let number = word.and_then(|word| word.parse().ok());
    number.filter(|number| range.contains(number)).ok_or_else(|| {
        let (least, most) = (range.start(), range.end());
        Failure::Usage(format!("`{option}` takes a number from {least} to {most}"))
    })
}
