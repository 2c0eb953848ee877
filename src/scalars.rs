//! The two scalars of the public schema: whole numbers beyond 32 bits, and instants.
//!
//! Takes GraphQL input values, gives exact ones; and writes columns as GraphQL values. Deliberately absent: leniency. An
//! instant has an offset, a big number has no fraction, whatever a client's language makes of them.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use entity::Instant;

use crate::json::Json;
use crate::rfc3339::{self, Parsed};

/// A whole number as a decimal string, such as "1240000001", because JSON numbers lose digits in many clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BigInt(i128);

impl BigInt {
    /// The number where it is in the range of a 64-bit column; `None`: no column can hold it.
    #[must_use]
    pub fn column_value(self) -> Option<i64> {
        i64::try_from(self.0).ok()
    }

    /// The number, or the nearest one that a column can hold.
    #[must_use]
    pub fn nearest(self) -> i64 {
        self.0.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }
}

/// A whole number as a decimal string, such as "1240000001": JSON numbers lose digits in many clients.
///
/// As an argument a whole number is taken too.
#[Scalar(name = "BigInt")]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = match &value {
            Value::String(text) => text,
            Value::Number(number) if number.is_i64() => &number.to_string(),
            _ => return Err(InputValueError::expected_type(value)),
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InputValueError::custom(
                "a decimal string such as \"1240000001\" is expected",
            ));
        }
        // What 128 bits cannot hold is beyond every column, and so is the largest number that they can.
        Ok(Self(text.parse().unwrap_or(i128::MAX)))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An instant as it was asked for, to the nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime(pub Parsed);

impl DateTime {
    /// Writes the instant as GraphQL does: RFC 3339 in UTC with six fraction digits, nine where it is finer.
    pub fn write(self, json: &mut Json) {
        json.plain(self.to_text().as_bytes());
    }

    fn to_text(self) -> String {
        let mut text = Instant::from_micros(self.0.micros)
            .unwrap_or(Instant::MAX)
            .to_string();
        if self.0.submicro_nanos > 0 {
            text.truncate(text.len() - 1);
            text.push_str(&format!("{:03}Z", self.0.submicro_nanos));
        }
        text
    }
}

/// An instant: RFC 3339 in UTC with six fraction digits, such as `2026-05-01T12:00:00.123456Z`.
///
/// As an argument any offset is taken, with one to nine fraction digits or none, in the years 0001 to 9999; a leap
/// second is not. What is finer than a microsecond is compared exactly.
#[Scalar(
    name = "DateTime",
    specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339"
)]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        rfc3339::parse(text).map(Self).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::String(self.to_text())
    }
}
