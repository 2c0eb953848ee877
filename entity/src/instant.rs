//! An instant to the microsecond, the same on both databases.
//!
//! PostgreSQL keeps it as `timestamptz`, SQLite as an INTEGER of microseconds since 1970: in both, SQL order is time
//! order. Text is deliberately never stored: SQLite orders it by bytes, and every writer formats it differently.

use std::fmt;

use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, Value, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, DbBackend, DbErr, QueryResult, TryGetError, TryGetable};
use sqlx::{Row, ValueRef};

/// An instant in UTC.
///
/// In microseconds since 1970-01-01T00:00:00Z. **Shape**: years 0001 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(i64);

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

impl Instant {
    /// 0001-01-01T00:00:00.000000Z.
    pub const MIN: Self = Self(-62_135_596_800 * MICROS_PER_SECOND);
    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_800 * MICROS_PER_SECOND - 1);
    /// Where PostgreSQL begins to count: 2000-01-01. **Unit**: microseconds since 1970.
    pub const POSTGRES_EPOCH_MICROS: i64 = 10_957 * MICROS_PER_DAY;

    /// The instant so many microseconds after 1970, or `None` outside the years 0001 to 9999.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < Self::MIN.0 || micros > Self::MAX.0 {
            None
        } else {
            Some(Self(micros))
        }
    }

    /// Now, by the wall clock, cut to the microsecond.
    #[must_use]
    pub fn now() -> Self {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        <i64 as TryFrom<u128>>::try_from(since.as_micros())
            .ok()
            .and_then(Self::from_micros)
            .unwrap_or(Self::MAX)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The value that a statement binds on `backend`. Use this, not `Value::from`, which only PostgreSQL understands.
    #[must_use]
    pub fn value(self, backend: DbBackend) -> Value {
        if backend == DbBackend::Sqlite {
            Value::BigInt(Some(self.0))
        } else {
            Value::from(self)
        }
    }

    /// [`Instant::value`] of an instant that may be absent.
    #[must_use]
    pub fn optional_value(instant: Option<Self>, backend: DbBackend) -> Value {
        match instant {
            Some(instant) => instant.value(backend),
            None if backend == DbBackend::Sqlite => Value::BigInt(None),
            None => Value::ChronoDateTimeUtc(None),
        }
    }

    /// The text `2026-05-01T12:00:00.123456Z`: RFC 3339 in UTC, always six fraction digits.
    ///
    /// 27 ASCII bytes. **Source**: the civil-from-days algorithm of the proleptic Gregorian calendar.
    #[must_use]
    pub fn to_text(self) -> [u8; 27] {
        let (days, micros) = (
            self.0.div_euclid(MICROS_PER_DAY),
            self.0.rem_euclid(MICROS_PER_DAY),
        );
        // Days since 0000-03-01: years then begin in March, so the leap day comes last.
        let days = (days + 719_468) as u64;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let (seconds, fraction) = (
            micros as u64 / MICROS_PER_SECOND as u64,
            micros as u64 % MICROS_PER_SECOND as u64,
        );
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let fields: [(usize, usize, u64); 7] = [
            (0, 4, year),
            (5, 2, month),
            (8, 2, day),
            (11, 2, seconds / 3_600),
            (14, 2, seconds / 60 % 60),
            (17, 2, seconds % 60),
            (20, 6, fraction),
        ];
        for (start, width, mut number) in fields {
            for pair in text[start..start + width].rchunks_exact_mut(2) {
                pair.copy_from_slice(&PAIRS[(number % 100) as usize]);
                number /= 100;
            }
        }
        text
    }
}

/// The digits of the numbers from 0 to 99.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < pairs.len() {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

impl fmt::Display for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(str::from_utf8(&self.to_text()).unwrap_or_default())
    }
}

/// For PostgreSQL; see [`Instant::value`].
impl From<Instant> for Value {
    fn from(instant: Instant) -> Self {
        Self::ChronoDateTimeUtc(chrono::DateTime::from_timestamp_micros(instant.0))
    }
}

impl Nullable for Instant {
    fn null() -> Value {
        Value::ChronoDateTimeUtc(None)
    }
}

impl ValueType for Instant {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        let micros = match value {
            Value::ChronoDateTimeUtc(Some(time)) => time.timestamp_micros(),
            Value::BigInt(Some(micros)) => micros,
            _ => return Err(ValueTypeErr),
        };
        Self::from_micros(micros).ok_or(ValueTypeErr)
    }

    fn type_name() -> String {
        "Instant".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::ChronoDateTimeUtc
    }

    fn column_type() -> ColumnType {
        ColumnType::TimestampWithTimeZone
    }
}

impl TryGetable for Instant {
    fn try_get_by<I: ColIdx>(result: &QueryResult, index: I) -> Result<Self, TryGetError> {
        let micros = if let Some(row) = result.try_as_pg_row() {
            let value = row
                .try_get_raw(index.as_sqlx_postgres_index())
                .map_err(|error| failure(&error))?;
            if value.is_null() {
                return Err(TryGetError::Null(format!("{index:?}")));
            }
            postgres_micros(value)?
        } else if let Some(row) = result.try_as_sqlite_row() {
            let value = row.try_get::<Option<i64>, _>(index.as_sqlx_sqlite_index());
            value
                .map_err(|error| failure(&error))?
                .ok_or_else(|| TryGetError::Null(format!("{index:?}")))?
        } else {
            return Err(failure("a database that is neither PostgreSQL nor SQLite"));
        };
        Self::from_micros(micros).ok_or_else(|| failure("an instant outside the years 0001 to 9999"))
    }
}

/// A `timestamptz` on the wire, without the detour over a calendar type.
///
/// Source: PostgreSQL's binary format, a big-endian count of microseconds since 2000-01-01.
fn postgres_micros(value: sqlx::postgres::PgValueRef<'_>) -> Result<i64, TryGetError> {
    let bytes = value.as_bytes().map_err(failure)?;
    let bytes = <[u8; 8]>::try_from(bytes).map_err(|_| failure("a timestamptz that is not eight bytes"))?;
    i64::from_be_bytes(bytes)
        .checked_add(Instant::POSTGRES_EPOCH_MICROS)
        .ok_or_else(|| failure("an infinite instant"))
}

fn failure(error: impl fmt::Display) -> TryGetError {
    TryGetError::DbErr(DbErr::Type(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_six_digits_and_agrees_with_a_calendar_library() {
        let step = 86_400 * MICROS_PER_SECOND * 37 + 12_345_678_901;
        let mut micros = Instant::MIN.0;
        while micros <= Instant::MAX.0 {
            let expected = chrono::DateTime::from_timestamp_micros(micros).map(|time| time.naive_utc());
            let expected = expected.map(|time| time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string());
            assert_eq!(
                Instant::from_micros(micros).map(|instant| instant.to_string()),
                expected
            );
            micros += step;
        }
        assert_eq!(Instant::MIN.to_string(), "0001-01-01T00:00:00.000000Z");
        assert_eq!(Instant::MAX.to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Instant(-1).to_string(), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn instants_outside_the_years_0001_to_9999_are_none() {
        assert_eq!(Instant::from_micros(Instant::MIN.0 - 1), None);
        assert_eq!(Instant::from_micros(Instant::MAX.0 + 1), None);
        assert_eq!(Instant::from_micros(i64::MIN), None);
    }
}
