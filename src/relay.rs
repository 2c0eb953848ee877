//! Relay's side of a page: page information and global object identification.
//!
//! Takes pages and rows' ids; gives what Relay's two specifications call `PageInfo` and a node's `id`.
//! Deliberately absent: what a node is; resources know that.
//!
//! Source: GraphQL Cursor Connections Specification; GraphQL Global Object Identification Specification.

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
    /// The cursor of the first edge, or where a search stopped when read backward; null on an empty page otherwise.
    "startCursor": Option<String> = |page, json| write_cursor(page.start_cursor, json), needs Needs::ROWS;
    /// The cursor of the last edge, or where a search stopped when read forward; null on an empty page otherwise.
    "endCursor": Option<String> = |page, json| write_cursor(page.end_cursor, json), needs Needs::ROWS;
}

fn write_cursor(cursor: Option<CursorText>, json: &mut Json) {
    match cursor {
        Some(cursor) => json.plain(cursor.as_str().as_bytes()),
        None => json.null(),
    }
}

/// A row among those of all accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalRow {
    /// The account that the row belongs to.
    pub account_id: i64,
    /// The row's id, unique among the account's rows of one type.
    pub id: i64,
}

/// The opaque `id` of a row: its type, its account and its number, so that it is unique over all accounts.
///
/// The text is base64url without padding of `TYPE:ACCOUNT:ID`, both numbers in decimal.
#[must_use]
pub fn node_id(type_name: &str, row: GlobalRow) -> String {
    let GlobalRow { account_id, id } = row;
    URL_SAFE_NO_PAD.encode(format!("{type_name}:{account_id}:{id}"))
}

/// Writes what [`node_id`] gives as a string, in place: a page has one a row.
pub fn write_node_id(type_name: &str, row: GlobalRow, json: &mut Json) {
    let (mut plain, mut encoded) = ([0; LONGEST_NODE_ID / 4 * 3], [0; LONGEST_NODE_ID]);
    let room = plain.len();
    let mut rest = &mut plain[..];
    let written = write!(rest, "{type_name}:{}:{}", row.account_id, row.id);
    let len = room - rest.len();
    let len = written
        .ok()
        .and_then(|()| URL_SAFE_NO_PAD.encode_slice(&plain[..len], &mut encoded).ok());
    json.plain(&encoded[..len.expect("the name of a type and two numbers fit")]);
}

/// The row that a node id names, where the id is one of this type, to the byte as [`node_id`] writes it.
///
/// The account is the text's and grants nothing: whoever reads on a caller's behalf compares it with the caller's.
#[must_use]
pub fn global_row(type_name: &str, node_id_text: &str) -> Option<GlobalRow> {
    if node_id_text.len() > LONGEST_NODE_ID {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(node_id_text).ok()?;
    let mut parts = str::from_utf8(&bytes).ok()?.splitn(3, ':');
    let (of_type, account_id, id) = (parts.next()?, parts.next()?, parts.next()?);
    let row = GlobalRow {
        account_id: account_id.parse().ok()?,
        id: id.parse().ok()?,
    };
    // Numbers have other spellings (`+1`, `01`), and so do base64's last bits: only what is written is read.
    (of_type == type_name && node_id(type_name, row) == node_id_text).then_some(row)
}

/// The bytes of the longest id: two numbers of 20 characters, two colons, and a type's name of at most 30.
const LONGEST_NODE_ID: usize = 96;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TYPES: [&str; 2] = ["Import", "Account"];

    fn written(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    #[test]
    fn every_row_has_an_id_that_is_read_back_as_its_own_type_alone() {
        for account_id in [i64::MIN, -1, 0, 1, 2, i64::MAX] {
            for id in [i64::MIN, -1, 0, 1, 1_240_000_001, i64::MAX] {
                let row = GlobalRow { account_id, id };
                for type_name in TYPES {
                    let text = node_id(type_name, row);
                    let mut json = Json::default();
                    write_node_id(type_name, row, &mut json);
                    assert_eq!(json.into_bytes(), format!("\"{text}\"").into_bytes());
                    let read = TYPES.map(|other| global_row(other, &text));
                    assert_eq!(
                        read,
                        TYPES.map(|other| (other == type_name).then_some(row)),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_other_spelling_of_an_id_is_read() {
        assert_eq!(
            global_row("Import", &written("Import:1:1")),
            Some(GlobalRow { account_id: 1, id: 1 })
        );
        for forged in [
            "",
            "Import",
            "Import:",
            // The form without an account, as it once was.
            "Import:1",
            "Import::1",
            "Import:1:",
            "Import:+1:1",
            "Import:1:+1",
            "Import:01:1",
            "Import:1:01",
            "Import:-0:1",
            "Import: 1:1",
            "Import:1:1 ",
            "Import:1:1:1",
            "Import:1:9223372036854775808",
            "Import:9223372036854775808:1",
            "import:1:1",
            "Import:1:\u{661}",
            "1:Import:1",
        ] {
            assert_eq!(global_row("Import", &written(forged)), None, "{forged:?}");
        }
        assert_eq!(global_row("Import", "Import:1:1"), None, "not base64");
        assert_eq!(
            global_row("Import", &written(&"1".repeat(5_000))),
            None,
            "too long"
        );
        assert_eq!(
            global_row("Import", &URL_SAFE_NO_PAD.encode(b"Import:1:\xff")),
            None,
            "not UTF-8"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn decoding_undoes_encoding_and_two_rows_have_two_ids(
            rows in prop::array::uniform2((any::<i64>(), any::<i64>())),
        ) {
            let rows = rows.map(|(account_id, id)| GlobalRow { account_id, id });
            let ids = rows.map(|row| node_id("Import", row));
            for (row, id) in rows.iter().zip(&ids) {
                prop_assert_eq!(global_row("Import", id), Some(*row));
                prop_assert_eq!(global_row("Account", id), None);
            }
            prop_assert_eq!(rows[0] == rows[1], ids[0] == ids[1]);
        }

        #[test]
        fn a_text_that_is_read_is_the_one_that_is_written(
            account_id in -20i64..20, id in -20i64..20, at in any::<prop::sample::Index>(), put in any::<char>(), cut in 0usize..3,
        ) {
            let mut text: Vec<_> = node_id("Import", GlobalRow { account_id, id }).chars().collect();
            let at = at.index(text.len());
            text.splice(at..(at + cut).min(text.len()), [put]);
            let text: String = text.into_iter().collect();
            if let Some(row) = global_row("Import", &text) {
                prop_assert_eq!(node_id("Import", row), text);
            }
        }

        #[test]
        fn any_text_is_refused_or_is_the_id_of_its_row(text in "(Import|Account|.{0,8})(:[-+0-9]{0,3}){0,3}.?") {
            for (text, type_name) in [(written(&text), "Import"), (written(&text), "Account"), (text, "Import")] {
                if let Some(row) = global_row(type_name, &text) {
                    prop_assert_eq!(node_id(type_name, row), text);
                }
            }
        }
    }
}
