//! Instants as text: RFC 3339 with an offset, read strictly.
//!
//! Takes text, gives microseconds since 1970 and what is finer. The calendar is chrono's; its parser is not used: it takes a
//! space for the `T` and a leap second, and its errors do not say what would be right. Deliberately absent: a date alone, a
//! time without an offset, and what a caller does with nanoseconds.

use chrono::NaiveDate;

/// An instant as it was written.
///
/// The instant is `micros` microseconds and `submicro_nanos` nanoseconds after 1970-01-01T00:00:00Z, so
/// `micros` is rounded towards the past. `entity::Instant::from_micros(micros)` is never `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parsed {
    /// In microseconds since 1970-01-01T00:00:00Z, in the years 0001 to 9999 of UTC.
    pub micros: i64,
    /// In nanoseconds, 0 to 999. Not 0: the instant is finer than a microsecond.
    pub submicro_nanos: u16,
}

/// Why a text is no instant. Its message says what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not of the form.
    #[error("must be an instant like 2026-05-01T12:00:00.123456Z or 2026-05-01T14:00:00+02:00")]
    Malformed,
    /// All is well but that it ends after the time.
    #[error("must end in an offset, such as Z or +02:00")]
    NoOffset,
    /// More than nine digits after the point, or none.
    #[error("must have one to nine fraction digits, or no point")]
    Fraction,
    /// No calendar has this day.
    #[error("must name a day that exists")]
    NoSuchDay,
    /// No day has this time.
    #[error("must have a time from 00:00:00 to 23:59:59")]
    NoSuchTime,
    /// A sixtieth second.
    #[error("must not be a leap second")]
    LeapSecond,
    /// An offset of a day or more.
    #[error("must have an offset from -23:59 to +23:59")]
    NoSuchOffset,
    /// Outside the years 0001 to 9999, as written or in UTC.
    #[error("must lie in the years 0001 to 9999, in UTC too")]
    Year,
}

/// Reads an instant.
///
/// `YYYY-MM-DDThh:mm:ss`, perhaps a point and one to nine digits, then `Z` or `±hh:mm` up to 23:59 (`-00:00`
/// counts as UTC); `t` and `z` are read too, a space for the `T` is not. The year is 0001 to 9999 as written and in UTC.
///
/// Source: RFC 3339, section 5.6.
///
/// # Errors
///
/// The first [`TimeError`] met, from left to right.
pub fn parse(text: &str) -> Result<Parsed, TimeError> {
    let bytes = text.as_bytes();
    let (day, rest) = bytes.split_at_checked(10).ok_or(TimeError::Malformed)?;
    let (time, rest) = rest.split_at_checked(9).ok_or(TimeError::Malformed)?;
    if !matches!(time[0], b'T' | b't') || time[3] != b':' || time[6] != b':' {
        return Err(TimeError::Malformed);
    }
    let date = date(day)?;
    let (hour, minute, second) = (number(&time[1..3])?, number(&time[4..6])?, number(&time[7..9])?);
    let time = date.and_hms_opt(hour, minute, second);
    let time = time.ok_or(match (hour, minute, second) {
        (..=23, ..=59, 60) => TimeError::LeapSecond,
        _ => TimeError::NoSuchTime,
    })?;
    let (nanos, rest) = fraction(rest)?;
    let seconds = time.and_utc().timestamp() - offset_seconds(rest)?;
    // 0001-01-01T00:00:00Z and 10000-01-01T00:00:00Z.
    if !(-62_135_596_800..253_402_300_800).contains(&seconds) {
        return Err(TimeError::Year);
    }
    Ok(Parsed {
        micros: seconds * 1_000_000 + i64::from(nanos / 1_000),
        submicro_nanos: (nanos % 1_000) as u16,
    })
}

fn date(text: &[u8]) -> Result<NaiveDate, TimeError> {
    if text[4] != b'-' || text[7] != b'-' {
        return Err(TimeError::Malformed);
    }
    let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..])?);
    if year == 0 {
        return Err(TimeError::Year);
    }
    NaiveDate::from_ymd_opt(year as i32, month, day).ok_or(TimeError::NoSuchDay)
}

/// The nanoseconds after the point, and what follows them.
fn fraction(rest: &[u8]) -> Result<(u32, &[u8]), TimeError> {
    let Some(rest) = rest.strip_prefix(b".") else {
        return Ok((0, rest));
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&digits) {
        return Err(TimeError::Fraction);
    }
    let (fraction, rest) = rest.split_at(digits);
    let nanos = fraction
        .iter()
        .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    Ok((nanos * 10_u32.pow(9 - digits as u32), rest))
}

fn offset_seconds(rest: &[u8]) -> Result<i64, TimeError> {
    let (sign, offset) = match rest {
        [] => return Err(TimeError::NoOffset),
        [b'Z' | b'z'] => return Ok(0),
        [b'+', offset @ ..] => (1, offset),
        [b'-', offset @ ..] => (-1, offset),
        _ => return Err(TimeError::Malformed),
    };
    if offset.len() != 5 || offset[2] != b':' {
        return Err(TimeError::Malformed);
    }
    let (hours, minutes) = (number(&offset[..2])?, number(&offset[3..])?);
    if hours > 23 || minutes > 59 {
        return Err(TimeError::NoSuchOffset);
    }
    Ok(sign * i64::from(hours * 3_600 + minutes * 60))
}

fn number(digits: &[u8]) -> Result<u32, TimeError> {
    digits.iter().try_fold(0, |sum, digit| match digit {
        b'0'..=b'9' => Ok(sum * 10 + u32::from(digit - b'0')),
        _ => Err(TimeError::Malformed),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_fault_has_its_name() {
        for (text, expected) in [
            ("", TimeError::Malformed),
            ("2026-05-01", TimeError::Malformed),
            ("2026-05-01 12:00:00Z", TimeError::Malformed),
            ("2026-05-01T12:00Z", TimeError::Malformed),
            ("2026-05-01T12:00:00", TimeError::NoOffset),
            ("2026-05-01T12:00:00.5", TimeError::NoOffset),
            ("2026-05-01T12:00:00.Z", TimeError::Fraction),
            ("2026-05-01T12:00:00.1234567890Z", TimeError::Fraction),
            ("2026-02-29T12:00:00Z", TimeError::NoSuchDay),
            ("1900-02-29T12:00:00Z", TimeError::NoSuchDay),
            ("2026-13-01T12:00:00Z", TimeError::NoSuchDay),
            ("2026-00-01T12:00:00Z", TimeError::NoSuchDay),
            ("2026-04-31T12:00:00Z", TimeError::NoSuchDay),
            ("2026-04-00T12:00:00Z", TimeError::NoSuchDay),
            ("2026-05-01T24:00:00Z", TimeError::NoSuchTime),
            ("2026-05-01T23:60:00Z", TimeError::NoSuchTime),
            ("2016-12-31T23:59:60Z", TimeError::LeapSecond),
            ("2026-05-01T12:00:00+24:00", TimeError::NoSuchOffset),
            ("2026-05-01T12:00:00+00:60", TimeError::NoSuchOffset),
            ("2026-05-01T12:00:00+0200", TimeError::Malformed),
            ("2026-05-01T12:00:00 02:00", TimeError::Malformed),
            ("2026-05-01T12:00:00ZZ", TimeError::Malformed),
            ("0000-12-31T23:59:59Z", TimeError::Year),
            ("0001-01-01T00:00:00+00:01", TimeError::Year),
            ("9999-12-31T23:59:59.999999999-00:01", TimeError::Year),
            ("２026-05-01T12:00:00Z", TimeError::Malformed),
        ] {
            assert_eq!(parse(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn the_ends_of_time_and_every_spelling_of_utc_are_read() {
        for (text, micros, submicro_nanos) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("1970-01-01t00:00:00.000001z", 1, 0),
            ("1970-01-01T00:00:00.0000010-00:00", 1, 0),
            ("1969-12-31T23:59:59.999999999+00:00", -1, 999),
            ("0001-01-01T00:00:00Z", entity::Instant::MIN.micros(), 0),
            (
                "9999-12-31T23:59:59.999999999Z",
                entity::Instant::MAX.micros(),
                999,
            ),
            ("2000-02-29T23:59:00+23:59", 951_782_400_000_000, 0),
        ] {
            let expected = Parsed {
                micros,
                submicro_nanos,
            };
            assert_eq!(parse(text), Ok(expected), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_a_calendar_library_writes_is_read_back(
            micros in entity::Instant::MIN.micros()..=entity::Instant::MAX.micros(),
            nanos in 0_u16..1_000,
            offset_minutes in -1_439_i32..=1_439,
        ) {
            let utc = chrono::DateTime::from_timestamp_micros(micros).unwrap()
                + chrono::TimeDelta::nanoseconds(nanos.into());
            let zone = chrono::FixedOffset::east_opt(offset_minutes * 60).unwrap();
            let text = utc.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S%.9f%:z").to_string();
            if text.len() == 35 && !text.starts_with("0000") {
                prop_assert_eq!(parse(&text), Ok(Parsed { micros, submicro_nanos: nanos }));
            } else {
                prop_assert!(parse(&text).is_err());
            }
        }

        #[test]
        fn what_is_read_is_what_a_calendar_library_reads(
            text in "[0-9]{4}-[0-3][0-9]-[0-3][0-9][Tt][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,10})?([zZ]|[+-][0-2][0-9]:[0-6][0-9])",
        ) {
            let theirs = chrono::DateTime::parse_from_rfc3339(&text).ok();
            if let Ok(ours) = parse(&text) {
                let theirs = theirs.expect("a calendar library reads what we read");
                prop_assert_eq!(ours.micros, theirs.timestamp_micros());
                prop_assert_eq!(u32::from(ours.submicro_nanos), theirs.timestamp_subsec_nanos() % 1_000);
            } else if let Some(theirs) = theirs {
                use chrono::{Datelike, Timelike};
                let (written, utc) = (theirs.year(), theirs.to_utc().year());
                let (leap, finer) = (theirs.nanosecond() >= 1_000_000_000, text.len() > 35 || text.contains('.'));
                prop_assert!(!(1..=9999).contains(&written) || !(1..=9999).contains(&utc) || leap || finer, "{}", text);
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*", cut in "[0-9TZ:.+-]{0,40}") {
            let _ = (parse(&text), parse(&cut));
        }
    }
}
