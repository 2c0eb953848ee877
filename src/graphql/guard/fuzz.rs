//! A body for fuzzers and property tests: any bytes through the whole guard.

use std::sync::LazyLock;

use super::coerce::coerce;
use super::document::check;
use super::instant::is_instant;
use super::limits::Limits;
use super::table::Types;

/// A schema small enough to read, with every kind of input type.
const SDL: &str = "
scalar BigInt scalar DateTime
enum Status { NEW FAILED }
input Range { gte: DateTime! lt: DateTime! }
input Bound @oneOf { lt: DateTime gt: DateTime between: Range }
input Filter { status: [Status!] createdAt: Bound }
type Import { id: ID! note: String }
type Connection { nodes: [Import!]! estimatedRemainingCount: Int! }
type Query { imports(first: Int, last: Int, filter: Filter): Connection importByDatabaseId(databaseId: BigInt!): Import
  nodes(ids: [ID!]!): [Import]! }
";

/// Runs bytes through the guard: a document, then after a NUL its variables as JSON.
///
/// Whatever the bytes are, it returns. Nothing is said of whether they pass; `true` is given where they do.
#[must_use]
pub fn fuzz_guard(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    // Read once: reading it takes longer than what is tried.
    static TYPES: LazyLock<Option<Types>> = LazyLock::new(|| Types::from_sdl(SDL, is_instant).ok());
    let Some(types) = &*TYPES else { return false };
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

#[cfg(test)]
mod tests {
    use super::fuzz_guard;

    #[test]
    fn the_body_reaches_the_end_for_a_sound_request() {
        let request = "query($f:Filter){imports(filter:$f){nodes{id}}}\0{\"f\":{\"status\":\"NEW\"}}";
        assert!(fuzz_guard(request.as_bytes()));
        assert!(!fuzz_guard(b"{"));
        assert!(!fuzz_guard(b"\xff"));
    }
}
