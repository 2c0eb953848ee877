//! JSON, read more strictly than `serde_json::Value` does: no name twice in an object, and bounded nesting.
//!
//! Takes text, gives a value. Of two members with one name, one reader takes the first and another the last, so neither
//! is taken here.
//!
//! Source: RFC 8259, 4 and 9.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};

use crate::error::{Code, Rejection};

/// Parses one JSON value and nothing behind it.
///
/// `max_depth` arrays and objects may stand in one another, inclusive. `what` begins the message.
///
/// # Errors
///
/// `BAD_REQUEST`.
pub(super) fn parse(text: &str, max_depth: usize, what: &'static str) -> Result<Value, Rejection> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let parsed = Strict {
        levels_left: max_depth,
    }
    .deserialize(&mut parser);
    parsed
        .and_then(|value| parser.end().map(|()| value))
        .or_else(|error| {
            let (line, column) = (error.line(), error.column());
            match error.classify() {
                // Only our own two complaints are of this category; their text is fixed.
                Category::Data if error.to_string().starts_with(DUPLICATE) => {
                    refused(format!("{what}: {DUPLICATE} (line {line}, column {column})"))
                }
                Category::Data => refused(format!("{what}: {TOO_DEEP} (line {line}, column {column})")),
                Category::Eof => refused(format!("{what} is not valid JSON: it ends too early")),
                Category::Syntax | Category::Io => {
                    refused(format!("{what} is not valid JSON (line {line}, column {column})"))
                }
            }
        })
}

fn refused(message: String) -> Result<Value, Rejection> {
    Err(Rejection::new(Code::BadRequest, message))
}

const DUPLICATE: &str = "an object has the same name twice";
const TOO_DEEP: &str = "arrays and objects are nested too deeply";

/// A JSON value that refuses what `serde_json::Value` takes: a name twice, and nesting up to the parser's own limit.
///
/// The recursion is as deep as `levels_left` and no deeper, so its stack is bounded by a setting.
#[derive(Clone, Copy)]
struct Strict {
    levels_left: usize,
}

impl Strict {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        self.levels_left
            .checked_sub(1)
            .map(|levels_left| Self { levels_left })
            .ok_or_else(|| E::custom(TOO_DEEP))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut map = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if map.contains_key(&name) {
                return Err(A::Error::custom(DUPLICATE));
            }
            map.insert(name, access.next_value_seed(inner)?);
        }
        Ok(Value::Object(map))
    }
}
