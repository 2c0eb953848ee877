//! A page of an upstream's list: bytes to rows, bad records and the next cursor.
//!
//! Unknown members are passed over, and those that older versions lack may be absent. A record that is no import is kept
//! apart and stops nothing; a body that is no page is refused as a whole.

use std::collections::HashMap;

use entity::imports;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::ingest::read_record;
use crate::store::mirror::Reject;

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its rows: of several of one id the newest, of those the last.
    pub rows: Vec<imports::Model>,
    /// Its bad records.
    pub rejects: Vec<Reject>,
    /// The id of every record that has one, in their order.
    pub ids: Vec<i64>,
    /// Whether every record has an id.
    pub has_all_ids: bool,
    /// Where the next page starts; `None`: this is the last.
    pub next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
    #[serde(default, deserialize_with = "present")]
    next_cursor: Option<Value>,
}

/// Null is something else than nothing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct Named {
    id: Value,
}

/// The longest part of a bad record that is kept. **Unit**: bytes.
const KEPT_BYTES: usize = 1 << 16;

/// Reads a page of `per_page` records at most, as was asked.
///
/// # Errors
///
/// Why it is none.
pub fn parse(body: &[u8], account_id: i64, per_page: usize) -> Result<Page, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the answer is not UTF-8".to_owned())?;
    let body: Body<'_> = serde_json::from_str(text).map_err(|error| refused(text, &error))?;
    let next_cursor = match body.next_cursor {
        Some(Value::Null) => None,
        Some(Value::String(cursor)) if !cursor.is_empty() => Some(cursor),
        // Older versions end their lists so.
        Some(Value::String(_)) => None,
        Some(_) => return Err("`next_cursor` is neither a text nor null".to_owned()),
        None if body.records.len() < per_page => None,
        None => return Err("the page is full and has no `next_cursor`".to_owned()),
    };
    let mut page = Page {
        rows: Vec::with_capacity(body.records.len()),
        rejects: Vec::new(),
        ids: Vec::with_capacity(body.records.len()),
        has_all_ids: true,
        next_cursor,
    };
    let mut places: HashMap<i64, usize> = HashMap::new();
    for record in body.records {
        match read_record::<imports::Model>(record.get().as_bytes(), account_id) {
            Ok(row) => {
                page.ids.push(row.id);
                match places.get(&row.id) {
                    Some(at) if page.rows[*at].updated_at > row.updated_at => {}
                    Some(at) => page.rows[*at] = row,
                    None => {
                        places.insert(row.id, page.rows.len());
                        page.rows.push(row);
                    }
                }
            }
            Err(reason) => {
                let reject = reject(record.get(), reason);
                page.has_all_ids &= reject.id.is_some();
                page.ids.extend(reject.id);
                page.rejects.push(reject);
            }
        }
    }
    Ok(page)
}

fn refused(text: &str, error: &serde_json::Error) -> String {
    if error.is_eof() {
        return format!("the answer is cut off after {} bytes", text.len());
    }
    if error.is_data() {
        return format!("the answer is no page of imports: {error}");
    }
    format!("the answer is not JSON: {error}")
}

fn reject(record: &str, reason: String) -> Reject {
    let id = serde_json::from_str::<Named>(record)
        .ok()
        .and_then(|named| match named.id {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        });
    let hash = || {
        let digest = Sha256::digest(record.as_bytes());
        let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{digits}")
    };
    let end = record.floor_char_boundary(KEPT_BYTES);
    Reject {
        key: id.map_or_else(hash, |id| id.to_string()),
        id,
        reason,
        record: record.get(..end).unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn record(id: i64, second: u32, name: &str) -> String {
        format!(
            r#"{{"id": {id}, "completed_at": null, "file_name": "{name}", "file_size": "1", "note": null, "type": "T",
                "status": "new", "more": [], "created_at": "2026-05-01T12:00:00Z",
                "updated_at": "2026-05-01T12:00:{second:02}Z"}}"#
        )
    }

    fn body(records: &[String], rest: &str) -> String {
        format!(r#"{{"records": [{}]{rest}}}"#, records.join(","))
    }

    fn read(text: &str) -> Result<Page, String> {
        parse(text.as_bytes(), 7, 2)
    }

    #[test]
    fn a_page_has_rows_and_the_next_cursor() {
        let records = [record(1, 1, "a"), record(2, 2, "b")];
        let page = read(&body(&records, r#", "next_cursor": "abc", "unknown": {}"#)).unwrap();
        assert_eq!(page.next_cursor.as_deref(), Some("abc"));
        assert_eq!(
            (page.ids.as_slice(), page.has_all_ids, page.rows.len()),
            (&[1, 2][..], true, 2)
        );
        assert_eq!(page.rows[0].account_id, 7);
        for end in [r#", "next_cursor": null"#, r#", "next_cursor": """#] {
            assert_eq!(read(&body(&records, end)).unwrap().next_cursor, None, "{end}");
        }
        // A version without the member ends with a page that is not full.
        assert_eq!(read(&body(&records[..1], "")).unwrap().next_cursor, None);
        assert!(
            read(&body(&records, ""))
                .unwrap_err()
                .contains("no `next_cursor`")
        );
    }

    #[test]
    fn a_body_that_is_no_page_is_refused_with_a_reason() {
        let whole = body(&[record(1, 1, "a")], r#", "next_cursor": null"#);
        for cut in 1..whole.len() {
            assert!(read(&whole[..cut]).is_err(), "{cut}");
        }
        for (text, words) in [
            ("", "cut off"),
            ("<html>", "not JSON"),
            ("[]", "no page"),
            ("{}", "`records`"),
            (r#"{"records": {}, "next_cursor": null}"#, "no page"),
            (r#"{"records": [], "next_cursor": 5}"#, "`next_cursor`"),
            (r#"{"records": [], "next_cursor": null} x"#, "not JSON"),
            (
                r#"{"records": [], "records": [], "next_cursor": null}"#,
                "duplicate",
            ),
        ] {
            let reason = read(text).unwrap_err();
            assert!(reason.contains(words), "{text}: {reason}");
        }
        assert!(
            parse(b"{\"records\": [\"\xff\"]}", 7, 2)
                .unwrap_err()
                .contains("UTF-8")
        );
    }

    #[test]
    fn a_bad_record_stops_no_other() {
        let bad = record(3, 1, "c").replace("\"new\"", "\"novel\"");
        let records = [record(1, 1, "a"), bad.clone(), "17".to_owned(), record(2, 1, "b")];
        let page = read(&body(&records, r#", "next_cursor": null"#)).unwrap();
        assert_eq!(page.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((page.ids, page.has_all_ids), (vec![1, 3, 2], false));
        let [named, nameless] = page.rejects.as_slice() else {
            panic!("{:?}", page.rejects);
        };
        assert_eq!(
            (named.key.as_str(), named.id, &named.record),
            ("3", Some(3), &bad)
        );
        assert!(named.reason.contains("`status`"), "{}", named.reason);
        assert!(nameless.key.starts_with("sha256:") && nameless.id.is_none());
    }

    #[test]
    fn of_several_records_of_one_id_the_newest_stays_and_of_those_the_last() {
        let records = [
            record(1, 2, "new"),
            record(1, 1, "old"),
            record(1, 2, "last"),
            record(1, 0, "x"),
        ];
        let page = read(&body(&records, r#", "next_cursor": null"#)).unwrap();
        assert_eq!(page.rows.len(), 1);
        assert_eq!(page.rows[0].file_name, "last");
    }
}
