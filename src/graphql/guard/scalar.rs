//! The scalars: which literals and which JSON values each accepts, by the specification's input coercion.

use async_graphql_value::{ConstValue, Number, Value};
use serde_json::Value as Json;

/// A scalar of the schema.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scalar {
    Int,
    Float,
    String,
    Boolean,
    Id,
    /// A decimal string of 64 bits, or such a number.
    BigInt,
    /// A string that the function accepts.
    DateTime(fn(&str) -> bool),
}

impl Scalar {
    /// The scalar of that name.
    pub(super) fn named(name: &str, instant: fn(&str) -> bool) -> Option<Self> {
        Some(match name {
            "Int" => Self::Int,
            "Float" => Self::Float,
            "String" => Self::String,
            "Boolean" => Self::Boolean,
            "ID" => Self::Id,
            "BigInt" => Self::BigInt,
            "DateTime" => Self::DateTime(instant),
            _ => return None,
        })
    }

    /// What it wants, for a message.
    pub(super) fn wants(self) -> &'static str {
        match self {
            Self::Int => "a whole number of 32 bits",
            Self::Float => "a number",
            Self::String => "a string",
            Self::Boolean => "true or false",
            Self::Id => "a string, or a whole number",
            Self::BigInt => "a whole number of 64 bits, best as a decimal string",
            Self::DateTime(_) => {
                "an RFC 3339 string with an offset, at most nine fraction digits and no leap second"
            }
        }
    }

    /// Whether a literal, neither null nor a variable, is of this type. A float literal is no Int.
    pub(super) fn accepts(self, literal: &Value) -> bool {
        match (self, literal) {
            (Self::Int, Value::Number(number)) => int(number).is_some(),
            (Self::Float, Value::Number(_))
            | (Self::String | Self::Id, Value::String(_))
            | (Self::Boolean, Value::Boolean(_)) => true,
            (Self::Id | Self::BigInt, Value::Number(number)) => number.is_i64(),
            (Self::BigInt, Value::String(text)) => is_big_int(text),
            (Self::DateTime(is_instant), Value::String(text)) => is_instant(text),
            _ => false,
        }
    }

    /// A JSON value that is not null, as this type. `1.0` is a whole number.
    pub(super) fn coerce(self, json: &Json) -> Option<ConstValue> {
        match (self, json) {
            (Self::Int, Json::Number(number)) => int(number)
                .or_else(|| whole(number))
                .map(|int| ConstValue::Number(int.into())),
            (Self::Float, Json::Number(number)) => Some(ConstValue::Number(number.clone())),
            (Self::Boolean, Json::Bool(boolean)) => Some(ConstValue::Boolean(*boolean)),
            (Self::Id | Self::BigInt, Json::Number(number)) if number.is_i64() => {
                Some(ConstValue::String(number.to_string()))
            }
            (Self::BigInt, Json::String(text)) if !is_big_int(text) => None,
            (Self::DateTime(is_instant), Json::String(text)) if !is_instant(text) => None,
            (Self::String | Self::Id | Self::BigInt | Self::DateTime(_), Json::String(text)) => {
                Some(ConstValue::String(text.clone()))
            }
            _ => None,
        }
    }
}

fn int(number: &Number) -> Option<i32> {
    number.as_i64().and_then(|number| i32::try_from(number).ok())
}

/// A JSON number written with a fraction or an exponent, where it is whole and has 32 bits.
fn whole(number: &Number) -> Option<i32> {
    let float = number.as_f64().filter(|_| number.is_f64())?;
    let is_whole = float.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&float);
    // In range and whole, so the cast is exact.
    is_whole.then_some(float as i32)
}

/// A decimal number of 64 bits, written in the one way that answers use.
fn is_big_int(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coerced(scalar: Scalar, json: &str) -> Option<String> {
        let json = serde_json::from_str(json).expect("JSON");
        scalar.coerce(&json).map(|value| value.to_string())
    }

    #[test]
    fn a_whole_json_number_is_an_int() {
        assert_eq!(coerced(Scalar::Int, "1.0").as_deref(), Some("1"));
        assert_eq!(coerced(Scalar::Int, "1e2").as_deref(), Some("100"));
        assert_eq!(
            coerced(Scalar::Int, "-2147483648").as_deref(),
            Some("-2147483648")
        );
        for json in [
            "2147483648",
            "-2147483649",
            "1.5",
            "1e10",
            "1e300",
            "\"1\"",
            "true",
            "99999999999999999999",
        ] {
            assert_eq!(coerced(Scalar::Int, json), None, "{json}");
        }
    }

    #[test]
    fn an_id_is_a_string_or_a_whole_number() {
        assert_eq!(coerced(Scalar::Id, "5").as_deref(), Some("\"5\""));
        assert_eq!(coerced(Scalar::Id, "\"x\"").as_deref(), Some("\"x\""));
        assert_eq!(coerced(Scalar::Id, "1.5"), None);
        assert_eq!(coerced(Scalar::Id, "true"), None);
    }

    #[test]
    fn a_big_int_is_a_canonical_decimal_string_or_a_whole_number() {
        for (json, expected) in [
            ("\"9223372036854775807\"", "\"9223372036854775807\""),
            ("\"-1\"", "\"-1\""),
            ("9223372036854775807", "\"9223372036854775807\""),
            ("-9223372036854775808", "\"-9223372036854775808\""),
            ("1240000001", "\"1240000001\""),
            ("0", "\"0\""),
            ("-1", "\"-1\""),
        ] {
            assert_eq!(coerced(Scalar::BigInt, json).as_deref(), Some(expected), "{json}");
        }
        for json in [
            "9223372036854775808",
            "-9223372036854775809",
            "1.0",
            "1.5",
            "1e9",
            "true",
            "[]",
            "\"9223372036854775808\"",
            "\"\"",
            "\"+1\"",
            "\"01\"",
            "\"-0\"",
            "\"1.0\"",
            "\" 1\"",
        ] {
            assert_eq!(coerced(Scalar::BigInt, json), None, "{json}");
        }
    }
}
