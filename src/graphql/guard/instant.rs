//! Instants in arguments, as text: RFC 3339 with an offset.
//!
//! Says whether a text names an instant; turning it into one is the reader's business. Lower-case `t` and `z`
//! count, as in RFC 3339 section 5.6; a space for the `T` does not.

/// Whether a text is an instant that arguments accept.
///
/// Shape: an offset is required; no fraction, or one to nine digits; the year is 0001 to 9999 as written and
/// in UTC as well; no leap second; the offset is at most 23:59.
///
/// Source: RFC 3339 sections 5.6 and 5.7.
#[must_use]
pub fn is_instant(text: &str) -> bool {
    parts(text.as_bytes()).is_some()
}

fn parts(text: &[u8]) -> Option<()> {
    let year = number(text, 0, 4)?;
    let month = number(text, 5, 2)?;
    let day = number(text, 8, 2)?;
    let hour = number(text, 11, 2)?;
    let minute = number(text, 14, 2)?;
    let second = number(text, 17, 2)?;
    let punctuation = [(4, b"--"), (7, b"--"), (10, b"Tt"), (13, b"::"), (16, b"::")];
    let is_punctuated = punctuation.iter().all(|(at, one_of)| one_of.contains(&text[*at]));
    let is_a_day = (1..=9999).contains(&year) && (1..=days_of(year, month)?).contains(&day);
    if !is_punctuated || !is_a_day || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let offset_minutes = offset(after_fraction(&text[19..])?)?;
    let utc_minutes = i64::from(hour) * 60 + i64::from(minute) - offset_minutes;
    let is_before_the_first = (year, month, day) == (1, 1, 1) && utc_minutes < 0;
    let is_after_the_last = (year, month, day) == (9999, 12, 31) && utc_minutes >= 24 * 60;
    (!is_before_the_first && !is_after_the_last).then_some(())
}

fn number(text: &[u8], at: usize, digits: usize) -> Option<u32> {
    let digits = text.get(at..at + digits)?;
    digits.iter().try_fold(0, |sum, byte| {
        byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'))
    })
}

fn days_of(year: u32, month: u32) -> Option<u32> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if is_leap { 29 } else { 28 }),
        _ => None,
    }
}

fn after_fraction(rest: &[u8]) -> Option<&[u8]> {
    let Some(fraction) = rest.strip_prefix(b".") else {
        return Some(rest);
    };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=9).contains(&digits).then(|| &fraction[digits..])
}

/// Unit: minutes ahead of UTC.
fn offset(rest: &[u8]) -> Option<i64> {
    let ahead = match rest {
        b"Z" | b"z" => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(rest, 1, 2)?, number(rest, 4, 2)?);
    let is_sound = rest.len() == 6 && rest[3] == b':' && hours <= 23 && minutes <= 59;
    is_sound.then(|| ahead * (i64::from(hours) * 60 + i64::from(minutes)))
}

#[cfg(test)]
mod tests {
    use super::is_instant;

    #[test]
    fn instants_with_an_offset_are_accepted() {
        for text in [
            "2026-05-01T12:00:00Z",
            "2026-05-01t12:00:00.1z",
            "2026-05-01T12:00:00.123456789+05:30",
            "2024-02-29T23:59:59-23:59",
            "0001-01-01T00:00:00Z",
            "0001-01-01T05:00:00+05:00",
            "9999-12-31T23:59:59.999999999Z",
            "9999-12-31T18:59:59-05:00",
        ] {
            assert!(is_instant(text), "{text}");
        }
    }

    #[test]
    fn anything_else_is_not_an_instant() {
        for text in [
            "",
            "now",
            "infinity",
            "2026-05-01",
            "2026-05-01T12:00:00",
            "2026-05-01 12:00:00Z",
            "2026-05-01T12:00Z",
            "2026-05-01T12:00:00.Z",
            "2026-05-01T12:00:00.1234567890Z",
            "2026-05-01T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "0000-12-31T23:59:59Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "10000-01-01T00:00:00Z",
            "-001-01-01T00:00:00Z",
            "2026-05-01T12:00:00+24:00",
            "2026-05-01T12:00:00+0530",
            "2026-05-01T12:00:00+05",
            "2026-05-01T12:00:00Zz",
            " 2026-05-01T12:00:00Z",
            "2026-05-01T12:00:00é",
            "２026-05-01T12:00:00Z",
        ] {
            assert!(!is_instant(text), "{text}");
        }
    }
}
