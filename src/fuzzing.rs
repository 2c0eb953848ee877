//! What fuzzers and property tests throw bytes at: each text of a caller that we read by a parser of our own.
//!
//! One function a parser, over the parsers that the service itself uses. Whatever the bytes are, each returns, and what
//! it reads it would write the same way again. Deliberately absent: the fuzzer, and where the bytes come from.

use keyset::{decode, encode};

use crate::graphql::guard::fuzz::fuzz_guard;
use crate::relay::{global_row, node_id};
use crate::resources::imports::Column;
use crate::resources::imports::rest::fuzz_query;
use crate::store::query::table::Column as _;

/// A parser under test: `true` where it takes the bytes. Panics where a law of it does not hold.
pub type Body = fn(&[u8]) -> bool;

/// All of them, by the names of their corpora.
pub const BODIES: [(&str, Body); 4] = [
    ("cursor", cursor),
    ("guard", guard),
    ("node_id", node),
    ("rest_query", rest_query),
];

/// Reads bytes as a cursor; a text that is one is the only text of its position.
#[must_use]
pub fn cursor(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else {
        return false;
    };
    let Ok(position) = decode(text, Column::TIE_BREAK) else {
        return false;
    };
    assert_eq!(encode(&position), text, "two texts for one position");
    true
}

/// Reads bytes as a node's id, of any type; a text that is one is the only text of its row.
#[must_use]
pub fn node(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else {
        return false;
    };
    let mut found = 0;
    for type_name in ["Import", "Account"] {
        if let Some(row) = global_row(type_name, text) {
            assert_eq!(node_id(type_name, row), text, "two texts for one row");
            found += 1;
        }
    }
    assert!(found < 2, "one text for two rows");
    found == 1
}

/// Reads bytes as a GraphQL document and, behind a NUL, its variables as JSON.
#[must_use]
pub fn guard(data: &[u8]) -> bool {
    fuzz_guard(data)
}

/// Reads bytes as a query string of the REST API.
#[must_use]
pub fn rest_query(data: &[u8]) -> bool {
    fuzz_query(data)
}
