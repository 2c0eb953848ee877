//! Instants as a query string may write them.
//!
//! A date without a time is midnight UTC, a time without an offset is UTC, an offset may lack its colon (as `%z` of
//! `strftime` writes it), a space may stand for the `T`, and a space before an offset is the `+` that a form decoder took
//! away. Beyond these five it is RFC 3339, read strictly.

use crate::rfc3339::{self, Parsed, TimeError};

const DATE_BYTES: usize = 10;
const DATE_TIME_BYTES: usize = 19;

/// Reads an instant.
///
/// # Errors
///
/// [`TimeError`], but never for a missing offset.
pub(super) fn parse(text: &str) -> Result<Parsed, TimeError> {
    if text.len() == DATE_BYTES {
        return rfc3339::parse(&format!("{text}T00:00:00Z"));
    }
    let (date, rest) = text.split_at_checked(DATE_BYTES).ok_or(TimeError::Malformed)?;
    let (time, rest) = rest
        .split_at_checked(DATE_TIME_BYTES - DATE_BYTES)
        .ok_or(TimeError::Malformed)?;
    let time = time.strip_prefix([' ', 'T', 't']).ok_or(TimeError::Malformed)?;
    let is_fraction = |sign: char| sign == '.' || sign.is_ascii_digit();
    let offset = rest.trim_start_matches(is_fraction);
    let fraction = &rest[..rest.len() - offset.len()];
    let offset = match offset.strip_prefix(' ') {
        Some(offset) => &format!("+{offset}"),
        None if offset.is_empty() => "Z",
        None => offset,
    };
    match without_colon(offset) {
        Some((hours, minutes)) => rfc3339::parse(&format!("{date}T{time}{fraction}{hours}:{minutes}")),
        None => rfc3339::parse(&format!("{date}T{time}{fraction}{offset}")),
    }
}

/// Sign and hours, and minutes, of an offset such as `+0200`.
fn without_colon(offset: &str) -> Option<(&str, &str)> {
    let digits = offset.strip_prefix(['+', '-'])?;
    let is_compact = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    offset.split_at_checked(3).filter(|_| is_compact)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_query_string_leaves_out_is_midnight_and_utc() {
        for (text, strict) in [
            ("2026-05-01", "2026-05-01T00:00:00Z"),
            ("2026-05-01T12:00:00", "2026-05-01T12:00:00Z"),
            ("2026-05-01 12:00:00", "2026-05-01T12:00:00Z"),
            ("2026-05-01t12:00:00.5", "2026-05-01T12:00:00.5Z"),
            ("2026-05-01 12:00:00.123456789z", "2026-05-01T12:00:00.123456789Z"),
            ("2026-05-01T12:00:00 02:00", "2026-05-01T12:00:00+02:00"),
            ("2026-05-01 12:00:00.25 02:00", "2026-05-01T12:00:00.25+02:00"),
            ("2026-05-01T12:00:00-02:00", "2026-05-01T12:00:00-02:00"),
            ("2026-05-01T12:00:00+0000", "2026-05-01T12:00:00Z"),
            ("2026-05-01T12:00:00-0000", "2026-05-01T12:00:00Z"),
            ("2026-05-01T12:00:00 0000", "2026-05-01T12:00:00Z"),
            ("2026-05-01 12:00:00+0200", "2026-05-01T12:00:00+02:00"),
            ("2026-05-01T12:00:00 0530", "2026-05-01T12:00:00+05:30"),
            ("2026-05-01T12:00:00-1130", "2026-05-01T12:00:00-11:30"),
            (
                "2026-05-01T12:00:00.123456+0100",
                "2026-05-01T12:00:00.123456+01:00",
            ),
            ("2026-05-01t12:00:00.5-0345", "2026-05-01T12:00:00.5-03:45"),
            ("0001-01-01", "0001-01-01T00:00:00Z"),
            ("9999-12-31", "9999-12-31T00:00:00Z"),
        ] {
            let expected = rfc3339::parse(strict).expect(strict);
            assert_eq!(parse(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn all_else_is_read_strictly() {
        for (text, expected) in [
            ("", TimeError::Malformed),
            (" 2026-05-01", TimeError::Malformed),
            ("2026-05-01 ", TimeError::Malformed),
            ("2026-05-01Z", TimeError::Malformed),
            ("2026-05-01T12:00", TimeError::Malformed),
            ("2026-05-01 02:00", TimeError::Malformed),
            ("2026-05-01_12:00:00", TimeError::Malformed),
            ("2026-05-01  12:00:00", TimeError::Malformed),
            ("2026-05-01T12:00:00 +02:00", TimeError::Malformed),
            ("2026-05-01T12:00:00 Z", TimeError::Malformed),
            ("2026-05-01T12:00:00 ", TimeError::Malformed),
            ("2026-05-01T12:00:00.1.2", TimeError::Malformed),
            ("2026-05-01T12:00:005", TimeError::Malformed),
            ("2026-05-01T12:00:00+020", TimeError::Malformed),
            ("2026-05-01T12:00:00+02000", TimeError::Malformed),
            ("2026-05-01T12:00:00 0 00", TimeError::Malformed),
            ("2026-05-01T12:00:000200", TimeError::Malformed),
            ("2026-05-01T12:00:00.", TimeError::Fraction),
            ("2026-05-01T12:00:00.1234567890", TimeError::Fraction),
            ("2026-02-30", TimeError::NoSuchDay),
            ("0000-01-01", TimeError::Year),
            ("2026-05-01 24:00:00", TimeError::NoSuchTime),
            ("2016-12-31 23:59:60", TimeError::LeapSecond),
            ("now", TimeError::Malformed),
            ("infinity", TimeError::Malformed),
            ("2026-05-0é", TimeError::Malformed),
            ("2026-05-0é12:00:00", TimeError::Malformed),
            ("1714564800", TimeError::Malformed),
        ] {
            assert_eq!(parse(text), Err(expected), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_strict_instant_is_read_alike(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9][Tt][0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,10})?([zZ]|[+-][0-2][0-9]:[0-6][0-9])",
        ) {
            prop_assert_eq!(parse(&text), rfc3339::parse(&text));
        }

        #[test]
        fn no_text_panics(text in "\\PC*", near in "[0-9T .:Z+é-]{0,30}") {
            let _ = (parse(&text), parse(&near));
        }
    }
}
