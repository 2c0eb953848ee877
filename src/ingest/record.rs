//! One record of JSON, as REST shows it: text to row.
//!
//! Takes the bytes of one JSON object, gives a row or the reason why not and its line. Deliberately absent: where a
//! record starts and ends in a file, and whether one record agrees with another.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use entity::Instant;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use crate::rfc3339;
use crate::store::query::table::{Cells, Column, Kind, Table};

/// How many characters of a wrong value a reason repeats, before escaping.
const QUOTED_CHARS: usize = 60;

/// Reads one record.
///
/// # Errors
///
/// The line of the fault, counted from 0 at the record's first, and the reason.
pub(super) fn parse<T: Table>(text: &[u8], account_id: i64) -> Result<T, (u64, String)> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let record = Record {
        account_id,
        row: PhantomData,
    };
    let parsed = record.deserialize(&mut deserializer);
    let parsed = parsed.and_then(|row| deserializer.end().map(|()| row));
    parsed.map_err(|error| {
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

/// A record of an account, which becomes a row of the table `T`.
struct Record<T> {
    account_id: i64,
    row: PhantomData<T>,
}

impl<'de, T: Table> DeserializeSeed<'de> for Record<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Table> Visitor<'de> for Record<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an {} record, an object", T::ITEM)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut row = T::empty(self.account_id);
        let mut seen = 0_u32;
        let bit = |column: T::Column| 1_u32 << column.place();
        while let Some(Name(column)) = map.next_key::<Name<T::Column>>()? {
            let Some(column) = column else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let name = column.name();
            if seen & bit(column) != 0 {
                return Err(A::Error::custom(format_args!("`{name}` stands twice")));
            }
            seen |= bit(column);
            let value: Value = map.next_value()?;
            if value.is_null() && column.is_optional() {
                continue;
            }
            let given = Given::read(value, column.holds());
            let given = given.map_err(|fault| A::Error::custom(format_args!("`{name}` {}", fault.0)))?;
            row.fill(column, &given, 0).map_err(A::Error::custom)?;
        }
        for column in T::Column::ALL {
            if seen & bit(*column) == 0 && !column.is_optional() {
                return Err(A::Error::custom(format_args!("`{}` is missing", column.name())));
            }
        }
        Ok(row)
    }
}

/// The column of a member; `None`: of no column.
struct Name<C>(Option<C>);

impl<'de, C: Column> Deserialize<'de> for Name<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(NameVisitor(PhantomData))
    }
}

struct NameVisitor<C>(PhantomData<C>);

impl<C: Column> Visitor<'_> for NameVisitor<C> {
    type Value = Name<C>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name<C>, E> {
        let mut columns = C::ALL.iter().copied();
        Ok(Name(columns.find(|column| column.name() == name)))
    }
}

/// A value that is right for its column.
enum Given {
    Number(i64),
    Micros(i64),
    Text(String),
}

impl Given {
    fn read(value: Value, kind: Kind) -> Result<Self, Wrong> {
        Ok(match kind {
            Kind::Id => Self::Number(whole(&value, i64::MIN)?),
            Kind::Size => Self::Number(whole(&value, 0)?),
            Kind::Instant => Self::Micros(micros(&value)?),
            Kind::Text => Self::Text(text(value)?),
            Kind::Names(names) => Self::Text(name(value, names)?),
        })
    }
}

impl Cells for Given {
    fn number(&self, _: usize) -> Result<Option<i64>, String> {
        Ok(match self {
            Self::Number(number) => Some(*number),
            _ => None,
        })
    }

    fn text(&self, _: usize) -> Result<Option<Cow<'_, str>>, String> {
        Ok(match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            _ => None,
        })
    }

    fn micros(&self, _: usize) -> Result<Option<i64>, String> {
        Ok(match self {
            Self::Micros(micros) => Some(*micros),
            _ => None,
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

fn name(value: Value, names: &[&str]) -> Result<String, Wrong> {
    match value {
        Value::String(text) if names.contains(&text.as_str()) => Ok(text),
        other => Err(wrong(format_args!("must be one of {}", names.join(", ")), &other)),
    }
}

fn micros(value: &Value) -> Result<i64, Wrong> {
    let Some(text) = value.as_str() else {
        return Err(wrong(rfc3339::TimeError::Malformed, value));
    };
    let parsed = rfc3339::parse(text).map_err(|error| wrong(error, value))?;
    if parsed.submicro_nanos > 0 {
        return Err(wrong("must not be finer than a microsecond", value));
    }
    let instant = Instant::from_micros(parsed.micros);
    let instant = instant.ok_or_else(|| wrong(rfc3339::TimeError::Year, value))?;
    Ok(instant.micros())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use entity::{ImportStatus, imports};

    use super::*;

    const GOOD: &str = r#"{"id": 7, "completed_at": null, "file_name": "a.csv", "file_size": "20", "note": null,
        "type": "VehicleImport", "status": "new",
        "created_at": "2026-05-01T12:00:00Z", "updated_at": "2026-05-01T14:00:00.000001+02:00"}"#;

    fn reason(text: &str) -> String {
        parse::<imports::Model>(text.as_bytes(), 1).expect_err(text).1
    }

    #[test]
    fn a_record_becomes_a_row_of_the_account() {
        let row: imports::Model = parse(GOOD.as_bytes(), 3).unwrap();
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
        let row: imports::Model = parse(GOOD.as_bytes(), 1).unwrap();
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
            parse::<imports::Model>(twice.as_bytes(), 1),
            Err((1, "`id` stands twice".to_owned()))
        );
        let cut = GOOD.replace(r#""status":"#, r#""status""#);
        assert_eq!(
            parse::<imports::Model>(cut.as_bytes(), 1),
            Err((1, "not JSON: expected `:`".to_owned()))
        );
    }
}
