//! What fuzzers and property tests throw bytes at: each text of a caller that we read by a parser of our own.
//!
//! One function a parser, over the parsers that the service itself uses. Whatever the bytes are, each returns, and what
//! it reads it would write the same way again. Deliberately absent: the fuzzer, and where the bytes come from.

use std::sync::LazyLock;

use graphql_limits::{Limits, SchemaTypes, check, coerce};
use keyset::{decode, encode};

use crate::graphql::validation;
use crate::relay::{global_row, node_id};
use crate::resources::imports::Column;
use crate::resources::imports::rest::fuzz_query;
use crate::store::query::table::Column as _;

/// A parser under test: `true` where it takes the bytes. Panics where a law of it does not hold.
pub type Body = fn(&[u8]) -> bool;

/// All of them, by the names of their corpora.
pub const BODIES: [(&str, Body); 4] = [
    ("cursor", cursor),
    ("document", document),
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

/// A schema small enough to read, with every kind of input type and each root field that has a cost.
const SDL: &str = "
scalar BigInt scalar DateTime
enum Status { NEW FAILED }
input Range { gte: DateTime! lt: DateTime! }
input Bound @oneOf { lt: DateTime gt: DateTime between: Range }
input Filter { status: [Status!] createdAt: Bound }
type Import { id: ID! note: String }
type Connection { nodes: [Import!]! estimatedRemainingCount: Int! }
type Query { imports(first: Int, last: Int, filter: Filter): Connection importStatusCounts: Int importCounts: Int importByDatabaseId(databaseId: BigInt!): Import
  nodes(ids: [ID!]!): [Import]! }
";

/// Reads bytes as a GraphQL document and, behind a NUL, its variables as JSON; `true` where both are valid.
#[must_use]
pub fn document(data: &[u8]) -> bool {
    // Read once: reading it takes longer than what is tried.
    static TYPES: LazyLock<Option<SchemaTypes>> = LazyLock::new(|| validation::types(SDL).ok());
    let (Ok(text), Some(types)) = (str::from_utf8(data), &*TYPES) else {
        return false;
    };
    let (text, json) = text.split_once('\0').unwrap_or((text, "{}"));
    let limits = Limits::default();
    let Ok(document) = check(text, &limits, true, types) else {
        return false;
    };
    let variables = serde_json::from_str(json).unwrap_or_default();
    document
        .operations()
        .iter()
        .all(|operation| coerce(&document, operation, &variables, types, &limits).is_ok())
}

/// Reads bytes as a query string of the REST API.
#[must_use]
pub fn rest_query(data: &[u8]) -> bool {
    fuzz_query(data)
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn the_body_reaches_the_end_for_a_valid_request() {
        let request = "query($f:Filter){imports(filter:$f){nodes{id}}}\0{\"f\":{\"status\":\"NEW\"}}";
        assert!(document(request.as_bytes()));
        assert!(!document(b"{"));
        assert!(!document(b"\xff"));
    }
}
