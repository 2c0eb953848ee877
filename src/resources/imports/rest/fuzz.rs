//! A body for fuzzers and property tests: any bytes as a query string.

use super::parse;

/// As the settings have it by default.
const MOST_ITEMS: usize = 250;

/// Reads bytes as a query string.
///
/// Whatever the bytes are, it returns. Nothing is said of what they ask for; `true` is given where they ask soundly.
#[must_use]
pub fn fuzz_query(data: &[u8]) -> bool {
    str::from_utf8(data).is_ok_and(|query| parse(Some(query), MOST_ITEMS).is_ok())
}
