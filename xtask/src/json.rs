//! As much JSON as these commands need: a text out of an answer, a text into a report.
//!
//! Deliberately absent: a parser.

use std::fmt::Write as _;

/// The first text value of a key; escapes stand as they are.
pub(crate) fn text<'a>(json: &'a str, key: &str) -> Option<&'a str> {
    let rest = json.split_once(&format!("\"{key}\":\""))?.1;
    Some(rest.split_once('"')?.0)
}

/// A text as JSON writes it.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_by_its_key() {
        let json = r#"{"id":"a","name":"b"}"#;
        assert_eq!((text(json, "name"), text(json, "x")), (Some("b"), None));
    }

    #[test]
    fn whatever_breaks_a_string_is_escaped() {
        assert_eq!(quote("a\"b\\c\nd\u{1b}é"), r#""a\"b\\c\nd\u001bé""#);
    }
}
