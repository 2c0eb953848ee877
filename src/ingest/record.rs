//! One import record of JSON, as REST shows it: text to row.
//!
//! Takes the bytes of one JSON object, gives a row or the reason why not and its line. Deliberately absent: where a
//! record starts and ends in a file, and whether one record agrees with another.

use std::fmt;

use entity::{ImportStatus, Instant, imports};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use crate::rfc3339;

/// How much of a wrong value a reason repeats. **Unit**: characters, before escaping.
const QUOTED_CHARS: usize = 60;

/// Reads one record.
///
/// **Errors**: the line of the fault, counted from 0 at the record's first, and the reason.
pub(super) fn parse(text: &[u8], account_id: i64) -> Result<imports::Model, (u64, String)> {
    let parsed: Result<Fields, _> = serde_json::from_slice(text);
    parsed.map(|fields| fields.into_row(account_id)).map_err(|error| {
        // The parser appends the position within the record, which says nothing about the file.
        let position = format!(" at line {} column {}", error.line(), error.column());
        let whole = error.to_string();
        let reason = whole.strip_suffix(&position).unwrap_or(&whole);
        let line = error.line().saturating_sub(1) as u64;
        if error.classify() == Category::Data {
            (line, reason.to_owned())
        } else {
            (line, format!("not JSON: {reason}"))
        }
    })
}

struct Fields {
    id: i64,
    completed_at: Option<Instant>,
    file_name: String,
    file_size: i64,
    note: Option<String>,
    kind: String,
    status: ImportStatus,
    created_at: Instant,
    updated_at: Instant,
}

impl Fields {
    fn into_row(self, account_id: i64) -> imports::Model {
        imports::Model {
            account_id,
            id: self.id,
            completed_at: self.completed_at,
            file_name: self.file_name,
            file_size: self.file_size,
            note: self.note,
            kind: self.kind,
            status: self.status,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

#[derive(Clone, Copy, serde::Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Id,
    CompletedAt,
    FileName,
    FileSize,
    Note,
    Type,
    Status,
    CreatedAt,
    UpdatedAt,
    #[serde(other)]
    Unknown,
}

const NAMES: [&str; 9] = [
    "id",
    "completed_at",
    "file_name",
    "file_size",
    "note",
    "type",
    "status",
    "created_at",
    "updated_at",
];

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an import record, an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut seen = [false; NAMES.len()];
        let (mut id, mut file_name, mut file_size, mut kind) = (None, None, None, None);
        let (mut status, mut created_at, mut updated_at) = (None, None, None);
        let (mut completed_at, mut note) = (None, None);
        while let Some(name) = map.next_key::<Field>()? {
            let Some((known, name_text)) = seen.get_mut(name as usize).zip(NAMES.get(name as usize)) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if std::mem::replace(known, true) {
                return Err(A::Error::custom(format_args!("`{name_text}` stands twice")));
            }
            let value: Value = map.next_value()?;
            let wrong = |fault: Wrong| A::Error::custom(format_args!("`{name_text}` {}", fault.0));
            match name {
                Field::Id => id = Some(whole(&value, i64::MIN).map_err(wrong)?),
                Field::FileSize => file_size = Some(whole(&value, 0).map_err(wrong)?),
                Field::FileName => file_name = Some(text(value).map_err(wrong)?),
                Field::Type => kind = Some(text(value).map_err(wrong)?),
                Field::Status => status = Some(state(&value).map_err(wrong)?),
                Field::CreatedAt => created_at = Some(instant(&value).map_err(wrong)?),
                Field::UpdatedAt => updated_at = Some(instant(&value).map_err(wrong)?),
                Field::CompletedAt if !value.is_null() => {
                    completed_at = Some(instant(&value).map_err(wrong)?)
                }
                Field::Note if !value.is_null() => note = Some(text(value).map_err(wrong)?),
                Field::CompletedAt | Field::Note | Field::Unknown => {}
            }
        }
        let missing = |name: Field| {
            let name_text = NAMES.get(name as usize).copied().unwrap_or_default();
            A::Error::custom(format_args!("`{name_text}` is missing"))
        };
        Ok(Fields {
            id: id.ok_or_else(|| missing(Field::Id))?,
            completed_at,
            file_name: file_name.ok_or_else(|| missing(Field::FileName))?,
            file_size: file_size.ok_or_else(|| missing(Field::FileSize))?,
            note,
            kind: kind.ok_or_else(|| missing(Field::Type))?,
            status: status.ok_or_else(|| missing(Field::Status))?,
            created_at: created_at.ok_or_else(|| missing(Field::CreatedAt))?,
            updated_at: updated_at.ok_or_else(|| missing(Field::UpdatedAt))?,
        })
    }
}

/// What should have stood there and what does: the part of a reason after the field's name.
struct Wrong(String);

fn wrong(rule: impl fmt::Display, value: &Value) -> Wrong {
    let text = match value {
        Value::String(text) => format!("\"{}\"", start_of(text).escape_debug()),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        scalar => scalar.to_string(),
    };
    Wrong(format!("{rule}; got {text}"))
}

fn start_of(text: &str) -> &str {
    let end = text.char_indices().nth(QUOTED_CHARS);
    end.map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

fn whole(value: &Value, least: i64) -> Result<i64, Wrong> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        // Rust would also read a leading `+`.
        Value::String(text) if !text.starts_with('+') => text.parse().ok(),
        _ => None,
    };
    number.filter(|number| *number >= least).ok_or_else(|| {
        let rule = format!(
            "must be a whole number, or its decimal digits as a text, from {least} to {}",
            i64::MAX
        );
        wrong(rule, value)
    })
}

fn text(value: Value) -> Result<String, Wrong> {
    match value {
        Value::String(text) if text.contains('\0') => {
            Err(wrong("must not hold the character NUL", &Value::String(text)))
        }
        Value::String(text) => Ok(text),
        other => Err(wrong("must be a text", &other)),
    }
}

fn state(value: &Value) -> Result<ImportStatus, Wrong> {
    value.as_str().and_then(ImportStatus::from_name).ok_or_else(|| {
        let names = ImportStatus::ALL.map(ImportStatus::name).join(", ");
        wrong(format_args!("must be one of {names}"), value)
    })
}

fn instant(value: &Value) -> Result<Instant, Wrong> {
    let Some(text) = value.as_str() else {
        return Err(wrong(rfc3339::TimeError::Malformed, value));
    };
    let parsed = rfc3339::parse(text).map_err(|error| wrong(error, value))?;
    if parsed.submicro_nanos > 0 {
        return Err(wrong("must not be finer than a microsecond", value));
    }
    Instant::from_micros(parsed.micros).ok_or_else(|| wrong(rfc3339::TimeError::Year, value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"id": 7, "completed_at": null, "file_name": "a.csv", "file_size": "20", "note": null,
        "type": "VehicleImport", "status": "new",
        "created_at": "2026-05-01T12:00:00Z", "updated_at": "2026-05-01T14:00:00.000001+02:00"}"#;

    fn reason(text: &str) -> String {
        parse(text.as_bytes(), 1).expect_err(text).1
    }

    #[test]
    fn a_record_becomes_a_row_of_the_account() {
        let row = parse(GOOD.as_bytes(), 3).unwrap();
        assert_eq!((row.account_id, row.id, row.file_size), (3, 7, 20));
        assert_eq!((row.completed_at, row.note.as_deref()), (None, None));
        assert_eq!(
            (row.kind.as_str(), row.status),
            ("VehicleImport", ImportStatus::New)
        );
        assert_eq!(row.updated_at.to_string(), "2026-05-01T12:00:00.000001Z");
    }

    #[test]
    fn each_spelling_that_means_the_same_is_read() {
        let row = parse(GOOD.as_bytes(), 1).unwrap();
        for (from, to) in [
            (r#""id": 7"#, r#""id": "7""#),
            (r#""file_size": "20""#, r#""file_size": 20"#),
            (r#""completed_at": null,"#, ""),
            (r#""note": null,"#, ""),
            (r#""id": 7"#, r#""other": {"id": [8]}, "id": 7"#),
            (r#"12:00:00Z"#, r#"12:00:00.000000000Z"#),
            (r#""status""#, r#""\u0073tatus""#),
        ] {
            assert_eq!(
                parse(GOOD.replace(from, to).as_bytes(), 1),
                Ok(row.clone()),
                "{to}"
            );
        }
    }

    #[test]
    fn a_reason_names_the_field_and_what_would_be_right() {
        let range = "must be a whole number, or its decimal digits as a text, from";
        for (from, to, expected) in [
            (r#""id": 7,"#, "", "`id` is missing".to_owned()),
            (r#""id": 7"#, r#""id": 7, "id": 7"#, "`id` stands twice".to_owned()),
            (r#""note": null"#, r#""note": null, "note": "x""#, "`note` stands twice".to_owned()),
            (r#""id": 7"#, r#""id": 7.5"#, format!("`id` {range} {} to {}; got 7.5", i64::MIN, i64::MAX)),
            (r#""20""#, "-1", format!("`file_size` {range} 0 to {}; got -1", i64::MAX)),
            (r#""20""#, "\"+1\"", format!("`file_size` {range} 0 to {}; got \"+1\"", i64::MAX)),
            (r#""a.csv""#, r#""a\u0000""#, "`file_name` must not hold the character NUL; got \"a\\0\"".to_owned()),
            (r#""a.csv""#, "null", "`file_name` must be a text; got null".to_owned()),
            (
                "12:00:00Z",
                "12:00:00.1234567Z",
                "`created_at` must not be finer than a microsecond; got \"2026-05-01T12:00:00.1234567Z\"".to_owned(),
            ),
            (
                "12:00:00Z",
                "12:00:00",
                "`created_at` must end in an offset, such as Z or +02:00; got \"2026-05-01T12:00:00\"".to_owned(),
            ),
            (
                r#""new""#,
                r#""New""#,
                "`status` must be one of new, queued, processing, partially_complete, failed, complete, incomplete, \
                 rolled_back, rolling_back, unsupported; got \"New\""
                    .to_owned(),
            ),
        ] {
            assert_eq!(reason(&GOOD.replace(from, to)), expected, "{to}");
        }
    }

    #[test]
    fn a_reason_repeats_only_the_start_of_a_value_and_escapes_it() {
        let long = GOOD.replace(r#""new""#, &format!(r#""\u001b[31m\n{}""#, "é".repeat(500)));
        let reason = reason(&long);
        assert!(
            reason.ends_with(&format!("; got \"\\u{{1b}}[31m\\n{}\"", "é".repeat(54))),
            "{reason}"
        );
    }

    #[test]
    fn a_fault_has_the_line_on_which_it_stands() {
        let twice = GOOD.replace(r#""new","#, r#""new", "id": 8,"#);
        assert_eq!(
            parse(twice.as_bytes(), 1),
            Err((1, "`id` stands twice".to_owned()))
        );
        let cut = GOOD.replace(r#""status":"#, r#""status""#);
        assert_eq!(
            parse(cut.as_bytes(), 1),
            Err((1, "not JSON: expected `:`".to_owned()))
        );
    }
}
