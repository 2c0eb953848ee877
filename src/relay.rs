//! Relay's side of a page: page information and global object identification.
//!
//! Takes pages and row ids; gives what Relay's two specifications call `PageInfo` and a node's `id`.
//! Deliberately absent: what a node is; resources know that.
//!
//! **Source**: GraphQL Cursor Connections Specification; GraphQL Global Object Identification Specification.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyset::CursorText;

use crate::json::Json;
use crate::selection::table::{Needs, object};

/// Where a page stands in its list; an empty page has no cursors.
#[derive(Clone, Copy)]
pub struct PageBounds {
    /// Whether the list goes on after the page.
    pub has_next_page: bool,
    /// Whether the list begins before the page.
    pub has_previous_page: bool,
    /// The cursor of the first row.
    pub start_cursor: Option<CursorText>,
    /// The cursor of the last row.
    pub end_cursor: Option<CursorText>,
}

object! {
    /// Where a page stands in its list.
    pub PageInfo<'a>(&'a PageBounds);

    /// Whether the whole filtered list has an import after this page, whichever way it was paged.
    "hasNextPage": bool = |page, json| json.boolean(page.has_next_page), needs Needs::FLAGS;
    /// Whether the whole filtered list has an import before this page, whichever way it was paged.
    "hasPreviousPage": bool = |page, json| json.boolean(page.has_previous_page), needs Needs::FLAGS;
    /// The cursor of the first edge; null on an empty page.
    "startCursor": Option<String> = |page, json| write_cursor(page.start_cursor, json), needs Needs::ROWS;
    /// The cursor of the last edge; null on an empty page.
    "endCursor": Option<String> = |page, json| write_cursor(page.end_cursor, json), needs Needs::ROWS;
}

fn write_cursor(cursor: Option<CursorText>, json: &mut Json) {
    match cursor {
        Some(cursor) => json.plain(cursor.as_str().as_bytes()),
        None => json.null(),
    }
}

/// The opaque `id` of a row: its type and its number.
#[must_use]
pub fn node_id(type_name: &str, id: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{type_name}:{id}"))
}

/// Writes what [`node_id`] gives as a string, in place: a page has one a row.
pub fn write_node_id(type_name: &str, id: i64, json: &mut Json) {
    const LONGEST: usize = 48;
    let (mut plain, mut encoded) = ([0; LONGEST], [0; LONGEST / 3 * 4]);
    let mut rest = &mut plain[..];
    let written = write!(rest, "{type_name}:{id}");
    let len = LONGEST - rest.len();
    let len = written
        .ok()
        .and_then(|()| URL_SAFE_NO_PAD.encode_slice(&plain[..len], &mut encoded).ok());
    json.plain(&encoded[..len.expect("the name of a type and a number fit")]);
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
            let mut json = Json::default();
            write_node_id("Import", id, &mut json);
            assert_eq!(json.into_bytes(), format!("\"{text}\"").into_bytes());
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
