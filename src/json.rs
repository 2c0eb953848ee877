//! JSON, written once and in order.
//!
//! Takes scalars of ours, gives bytes exactly as serde_json would write them. Deliberately absent: reading, nesting checks,
//! and anything that could fail.

/// The characters of a number, at most.
const LONGEST_NUMBER: usize = 20;

/// How much room is made on the word of one item, which may be the longest by far. **Unit**: bytes.
const MOST_RESERVED: usize = 64 * 1024;

/// JSON text in the making.
#[derive(Clone, Debug, Default)]
pub struct Json(Vec<u8>);

impl Json {
    /// Room for so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// The text.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// How much has been written. **Unit**: bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes back what was written after the first `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Text that is JSON already.
    pub fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// JSON that was written apart.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// `null`.
    pub fn null(&mut self) {
        self.raw("null");
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    /// A whole number.
    pub fn number(&mut self, number: i64) {
        let mut digits = [0; LONGEST_NUMBER];
        let mut start = digits.len();
        let mut rest = number.unsigned_abs();
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            self.0.push(b'-');
        }
        self.0.extend_from_slice(&digits[start..]);
    }

    /// A whole number as a string.
    pub fn number_string(&mut self, number: i64) {
        self.0.push(b'"');
        self.number(number);
        self.0.push(b'"');
    }

    /// A string of which no character needs an escape, such as a name of ours.
    pub fn plain(&mut self, text: &[u8]) {
        self.0.reserve(text.len() + 2);
        self.0.push(b'"');
        self.0.extend_from_slice(text);
        self.0.push(b'"');
    }

    /// A name of ours in upper case, as GraphQL writes the values of an enum.
    pub fn upper(&mut self, name: &str) {
        self.0.push(b'"');
        self.0.extend(name.bytes().map(|byte| byte.to_ascii_uppercase()));
        self.0.push(b'"');
    }

    /// Any string.
    pub fn string(&mut self, text: &str) {
        let bytes = text.as_bytes();
        // Without an early end, so that it takes many bytes at once.
        let needs_escape = |found, byte: &u8| found | (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\');
        if !bytes.iter().fold(false, needs_escape) {
            return self.plain(bytes);
        }
        self.0.push(b'"');
        let mut start = 0;
        for (index, byte) in bytes.iter().enumerate() {
            let escape: &[u8] = match byte {
                b'"' => b"\\\"",
                b'\\' => b"\\\\",
                0x08 => b"\\b",
                0x0c => b"\\f",
                b'\n' => b"\\n",
                b'\r' => b"\\r",
                b'\t' => b"\\t",
                0..0x20 => b"",
                _ => continue,
            };
            self.0.extend_from_slice(&bytes[start..index]);
            if escape.is_empty() {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                self.0.extend_from_slice(b"\\u00");
                self.0.push(DIGITS[usize::from(byte >> 4)]);
                self.0.push(DIGITS[usize::from(byte & 0x0f)]);
            } else {
                self.0.extend_from_slice(escape);
            }
            start = index + 1;
        }
        self.0.extend_from_slice(&bytes[start..]);
        self.0.push(b'"');
    }

    /// A list, one item a time, each written by `write`. Room for all is made once the first shows how long one is.
    pub fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.0.push(b'[');
        let mut items = items.into_iter();
        if let Some(first) = items.next() {
            let start = self.0.len();
            write(self, first);
            let each = self.0.len() - start + 1;
            let rest = (each + each / 8).saturating_mul(items.size_hint().0);
            self.0.reserve(rest.min(MOST_RESERVED));
        }
        for item in items {
            self.0.push(b',');
            write(self, item);
        }
        self.0.push(b']');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn strings_and_numbers_are_written_as_serde_json_does(text: String, number: i64) {
            let mut json = Json::default();
            json.list([0, 1], |json, item| if item == 0 { json.string(&text) } else { json.number(number) });
            let expected = serde_json::to_vec(&(&text, number)).unwrap();
            prop_assert_eq!(json.into_bytes(), expected);
        }
    }

    #[test]
    fn every_ascii_character_is_escaped_as_serde_json_does() {
        let text: String = (0..=0x7f_u8).map(char::from).collect();
        let mut json = Json::default();
        json.string(&text);
        assert_eq!(json.into_bytes(), serde_json::to_vec(&text).unwrap());
        let mut json = Json::default();
        json.list([i64::MIN, 0, i64::MAX], |json, number| json.number_string(number));
        let expected = br#"["-9223372036854775808","0","9223372036854775807"]"#;
        assert_eq!(json.into_bytes(), expected);
    }
}
