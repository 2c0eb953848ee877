//! Reading one setting, and collecting what is wrong with any.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// What is wrong, one sentence a setting.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<String>);

impl Faults {
    pub(super) fn add(&mut self, fault: String) {
        self.0.push(fault);
    }

    pub(super) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_all(self) -> Vec<String> {
        self.0
    }

    /// The items of a list that is written with commas. The empty text is the empty list; one of blanks and commas alone
    /// says nothing.
    pub(super) fn list<'t>(&mut self, flag: &str, text: &'t str) -> Vec<&'t str> {
        let items: Vec<&str> = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .collect();
        if items.is_empty() && !text.is_empty() {
            self.add(format!("{flag} has nothing in its list"));
        }
        items
    }

    /// A value of a type that reads itself; `expected` says what would be right.
    pub(super) fn parsed<T: FromStr>(&mut self, flag: &str, text: &str, expected: &str) -> Option<T> {
        let parsed = text.trim().parse().ok();
        if parsed.is_none() {
            self.add(format!("{flag} must be {expected}"));
        }
        parsed
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&mut self, flag: &str, text: &str, words: &[(&str, T)]) -> Option<T> {
        let found = words
            .iter()
            .find(|(word, _)| *word == text.trim())
            .map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.add(format!("{flag} must be {}", words.join(" or ")));
        }
        found
    }

    /// On or off, in the words that other programs use for it too.
    pub(super) fn switch(&mut self, flag: &str, text: &str) -> Option<bool> {
        let switched = match text.trim().to_ascii_lowercase().as_str() {
            "on" | "true" | "1" | "yes" => Some(true),
            "0" => Some(false),
            _ => is_off(text).then_some(false),
        };
        if switched.is_none() {
            self.add(format!("{flag} must be on or off"));
        }
        switched
    }

    /// A whole number in a range.
    pub(super) fn number<T>(&mut self, flag: &str, text: &str, range: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        let number = whole(text).filter(|number| range.contains(number));
        if number.is_none() {
            self.add(format!(
                "{flag} must be a whole number from {} to {}",
                range.start(),
                range.end()
            ));
        }
        number
    }

    /// A whole number in a range, or off: in the words that mean it, but for 0, which might as well mean nothing at all.
    pub(super) fn number_or_off<T>(
        &mut self,
        flag: &str,
        text: &str,
        range: RangeInclusive<T>,
    ) -> Option<Option<T>>
    where
        T: FromStr + PartialOrd + Display,
    {
        if is_off(text) {
            return Some(None);
        }
        let number = whole(text).filter(|number| range.contains(number));
        if number.is_none() {
            self.add(format!(
                "{flag} must be off or a whole number from {} to {}",
                range.start(),
                range.end()
            ));
        }
        number.map(Some)
    }

    /// A time with its unit, such as 24h; the range is in seconds.
    pub(super) fn lasting(&mut self, flag: &str, text: &str, range: RangeInclusive<u64>) -> Option<Duration> {
        let seconds = |duration: &Duration| duration.as_secs_f64();
        let (least, most) = (*range.start() as f64, *range.end() as f64);
        let lasting = humantime::parse_duration(text.trim()).ok();
        let lasting = lasting.filter(|lasting| (least..=most).contains(&seconds(lasting)));
        if lasting.is_none() {
            let shown = |seconds| humantime::format_duration(Duration::from_secs(seconds));
            self.add(format!(
                "{flag} must be a time with its unit, such as 30m or 24h, from {} to {}",
                shown(*range.start()),
                shown(*range.end())
            ));
        }
        lasting
    }

    /// A time in whole milliseconds.
    pub(super) fn millis(&mut self, flag: &str, text: &str, range: RangeInclusive<u64>) -> Option<Duration> {
        self.number(flag, text, range).map(Duration::from_millis)
    }
}

/// A number in digits alone: Rust's own reading takes a `+` before them.
fn whole<T: FromStr>(text: &str) -> Option<T> {
    let text = text.trim();
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// Whether a text is a word for off.
fn is_off(text: &str) -> bool {
    let text = text.trim();
    ["off", "false", "no"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_read_in_every_common_word() {
        let mut faults = Faults::default();
        for (texts, value) in [
            (["on", "true", "1", "yes", " On", "TRUE"], true),
            (["off", "false", "0", "no", "Off ", "FALSE"], false),
        ] {
            for text in texts {
                assert_eq!(faults.switch("--get", text), Some(value), "{text}");
            }
        }
        assert!(faults.are_none());
        for text in ["", "o", "enable", "2", "-1", "nope"] {
            assert_eq!(faults.switch("--get", text), None, "{text}");
        }
    }

    #[test]
    fn what_can_be_off_is_so_in_every_word_but_0() {
        let mut faults = Faults::default();
        for text in ["off", "Off", " OFF ", "false", "no", "No"] {
            assert_eq!(
                faults.number_or_off::<u64>("--rate", text, 1..=9),
                Some(None),
                "{text}"
            );
        }
        assert!(faults.are_none());
        assert_eq!(faults.number_or_off("--rate", "7", 1..=9), Some(Some(7)));
        for text in ["0", "on", "true", "yes", "none", ""] {
            assert_eq!(faults.number_or_off::<u64>("--rate", text, 1..=9), None, "{text}");
        }
    }

    #[test]
    fn every_fault_is_collected_with_its_range() {
        let mut faults = Faults::default();
        assert_eq!(faults.number("--tokens", "0", 1..=9), None::<usize>);
        assert_eq!(faults.number_or_off("--rate", "on", 1..=9), None::<Option<u64>>);
        assert_eq!(faults.switch("--introspection", "maybe"), None);
        assert_eq!(
            faults.millis("--idle-ms", " 20 ", 10..=30),
            Some(Duration::from_millis(20))
        );
        assert_eq!(faults.number_or_off::<u64>("--rate", "off", 1..=9), Some(None));
        assert_eq!(faults.number::<u64>("--depth", "+5", 1..=9), None);
        assert_eq!(faults.list("--origins", ""), [""; 0]);
        assert_eq!(faults.list("--origins", " a,b ,"), ["a", "b"]);
        assert_eq!(faults.list("--origins", " ,"), [""; 0]);
        let all = faults.into_all();
        assert_eq!(
            all,
            [
                "--tokens must be a whole number from 1 to 9",
                "--rate must be off or a whole number from 1 to 9",
                "--introspection must be on or off",
                "--depth must be a whole number from 1 to 9",
                "--origins has nothing in its list",
            ]
        );
    }
}
