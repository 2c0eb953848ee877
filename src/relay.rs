//! Relay's side of a page: page information and global object identification.
//!
//! Takes pages and row ids; gives what Relay's two specifications call `PageInfo`, `Node` and a node's `id`.
//! Deliberately absent: what a node is; resources know that.
//!
//! **Source**: GraphQL Cursor Connections Specification; GraphQL Global Object Identification Specification.

use async_graphql::SimpleObject;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::json::Json;
use crate::selection::{Composite, Selected};

/// Where a page stands in its list.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageInfo {
    /// Whether the whole filtered list has an import after this page, whichever way it was paged.
    pub has_next_page: bool,
    /// Whether the whole filtered list has an import before this page, whichever way it was paged.
    pub has_previous_page: bool,
    /// The cursor of the first edge; null on an empty page.
    pub start_cursor: Option<String>,
    /// The cursor of the last edge; null on an empty page.
    pub end_cursor: Option<String>,
}

impl Composite for PageInfo {
    fn type_name(&self) -> &'static str {
        "PageInfo"
    }

    fn field(&self, selected: &Selected, json: &mut Json) {
        let cursor = match selected.name.as_str() {
            "hasNextPage" => return json.boolean(self.has_next_page),
            "hasPreviousPage" => return json.boolean(self.has_previous_page),
            "startCursor" => &self.start_cursor,
            "endCursor" => &self.end_cursor,
            _ => &None,
        };
        match cursor {
            Some(cursor) => json.plain(cursor.as_bytes()),
            None => json.null(),
        }
    }
}

/// The opaque `id` of a row: its type and its number.
#[must_use]
pub fn node_id(type_name: &str, id: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{type_name}:{id}"))
}

/// The number in a node's id, where the id is one of this type, to the byte as [`node_id`] writes it.
#[must_use]
pub fn row_id(type_name: &str, node_id_text: &str) -> Option<i64> {
    if node_id_text.len() > 64 {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(node_id_text).ok()?;
    let (of_type, number) = str::from_utf8(&bytes).ok()?.split_once(':')?;
    let id = number.parse().ok()?;
    (of_type == type_name && node_id(type_name, id) == node_id_text).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_id_is_read_back_only_as_its_own_type_and_only_to_the_byte() {
        for id in [i64::MIN, -1, 0, 1, 1_240_000_001, i64::MAX] {
            let text = node_id("Import", id);
            assert_eq!(row_id("Import", &text), Some(id));
            assert_eq!(row_id("Account", &text), None);
            assert_eq!(row_id("Import", &format!("{text}A")), None);
            assert_eq!(row_id("Import", &text[1..]), None);
        }
        for forged in [
            "Import:+1",
            "Import:01",
            "Import:",
            "Import",
            "Import:9223372036854775808",
            "Import:1:1",
        ] {
            assert_eq!(
                row_id("Import", &URL_SAFE_NO_PAD.encode(forged)),
                None,
                "{forged}"
            );
        }
        assert_eq!(row_id("Import", ""), None);
    }
}
