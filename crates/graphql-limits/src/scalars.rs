//! Scalars: which literals and which JSON values each accepts, by the specification's input coercion.

use async_graphql_value::{ConstValue, Number, Value};
use serde_json::Value as Json;

/// A scalar that is not built in: its values are strings.
#[derive(Debug, Clone, Copy)]
pub struct CustomScalar {
    /// Its name.
    pub name: &'static str,
    /// What it takes, for messages, such as `an RFC 3339 string`.
    pub expects: &'static str,
    /// Whether a string is one of its values.
    pub accepts: fn(&str) -> bool,
    /// Whether a whole number of 64 bits is taken too, for its decimal string.
    pub takes_integers: bool,
}

/// A scalar of the schema.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scalar {
    Int,
    Float,
    String,
    Boolean,
    Id,
    /// `_Any` of Apollo Federation: any value but null.
    Any,
    Custom(CustomScalar),
}

impl Scalar {
    /// The scalar of that name.
    pub(crate) fn named(name: &str, custom: &[CustomScalar]) -> Option<Self> {
        Some(match name {
            "Int" => Self::Int,
            "Float" => Self::Float,
            "String" => Self::String,
            "Boolean" => Self::Boolean,
            "ID" => Self::Id,
            "_Any" => Self::Any,
            _ => Self::Custom(*custom.iter().find(|scalar| scalar.name == name)?),
        })
    }

    /// What it takes, for a message.
    pub(crate) fn expects(self) -> &'static str {
        match self {
            Self::Int => "a whole number of 32 bits",
            Self::Float => "a number",
            Self::String => "a string",
            Self::Boolean => "true or false",
            Self::Id => "a string, or a whole number",
            Self::Any => "any value",
            Self::Custom(scalar) => scalar.expects,
        }
    }

    /// Whether a whole number stands for its decimal string.
    pub(crate) fn takes_integers_as_strings(self) -> bool {
        match self {
            Self::Id => true,
            Self::Custom(scalar) => scalar.takes_integers,
            _ => false,
        }
    }

    /// Whether a literal, neither null nor a variable, is of this type. A float literal is no Int.
    pub(crate) fn accepts(self, literal: &Value) -> bool {
        match (self, literal) {
            (Self::Any, _) => true,
            (Self::Int, Value::Number(number)) => int(number).is_some(),
            (Self::Float, Value::Number(_))
            | (Self::String | Self::Id, Value::String(_))
            | (Self::Boolean, Value::Boolean(_)) => true,
            (Self::Custom(scalar), Value::String(text)) => (scalar.accepts)(text),
            (scalar, Value::Number(number)) => scalar.takes_integers_as_strings() && number.is_i64(),
            _ => false,
        }
    }

    /// A JSON value that is not null, as this type. `1.0` is a whole number.
    pub(crate) fn coerce(self, json: &Json) -> Option<ConstValue> {
        match (self, json) {
            (Self::Any, json) => ConstValue::from_json(json.clone()).ok(),
            (Self::Int, Json::Number(number)) => int(number)
                .or_else(|| whole(number))
                .map(|int| ConstValue::Number(int.into())),
            (Self::Float, Json::Number(number)) => Some(ConstValue::Number(number.clone())),
            (Self::Boolean, Json::Bool(boolean)) => Some(ConstValue::Boolean(*boolean)),
            (scalar, Json::Number(number)) if scalar.takes_integers_as_strings() && number.is_i64() => {
                Some(ConstValue::String(number.to_string()))
            }
            (Self::Custom(scalar), Json::String(text)) if !(scalar.accepts)(text) => None,
            (Self::String | Self::Id | Self::Custom(_), Json::String(text)) => {
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
    fn a_custom_scalar_is_a_string_that_it_accepts_or_a_whole_number_where_it_takes_those() {
        const BIG_INT: Scalar = Scalar::Custom(CustomScalar {
            name: "BigInt",
            expects: "a whole number of 64 bits",
            accepts: |text| text.parse::<i64>().is_ok_and(|number| number.to_string() == text),
            takes_integers: true,
        });
        const YEAR: Scalar = Scalar::Custom(CustomScalar {
            name: "Year",
            expects: "a year",
            accepts: |text| text.len() == 4,
            takes_integers: false,
        });
        assert_eq!(coerced(YEAR, "\"2026\"").as_deref(), Some("\"2026\""));
        assert_eq!(coerced(YEAR, "\"26\""), None);
        assert_eq!(coerced(YEAR, "2026"), None);
        for (json, expected) in [
            ("\"9223372036854775807\"", "\"9223372036854775807\""),
            ("\"-1\"", "\"-1\""),
            ("9223372036854775807", "\"9223372036854775807\""),
            ("-9223372036854775808", "\"-9223372036854775808\""),
            ("1240000001", "\"1240000001\""),
            ("0", "\"0\""),
            ("-1", "\"-1\""),
        ] {
            assert_eq!(coerced(BIG_INT, json).as_deref(), Some(expected), "{json}");
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
            assert_eq!(coerced(BIG_INT, json), None, "{json}");
        }
    }
}
