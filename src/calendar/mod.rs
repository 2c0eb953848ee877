//! Time zones, and the hours, days, weeks and months that instants lie in.
//!
//! Takes microseconds and a zone by its name; gives where a bucket begins and ends. The rules of the zones are those that
//! this program was built with, so that every machine counts alike. Deliberately absent: the host's zone, and its files.
//!
//! A day begins at its first instant: at the earlier of two midnights, or where a gap over midnight ends. It ends where
//! the next day that has an instant begins. Weeks begin on Monday. An hour begins where a clock on the wall shows a full
//! hour, or leaps into another.

use entity::Instant;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp, ToSpan as _};

/// How time is cut into buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Hours on the wall.
    Hour,
    /// Days.
    Day,
    /// Weeks, from Monday on.
    Week,
    /// Months.
    Month,
}

/// A part of time. **Unit**: microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The first instant.
    pub start: i64,
    /// The first instant behind it.
    pub end: i64,
}

/// A time zone.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of this name, in any case; `None` where there is none. What stands for "unknown" is none either.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let unknown = ["Factory", "Etc/Unknown", "localtime", "posixrules"];
        if unknown.iter().any(|unknown| unknown.eq_ignore_ascii_case(name)) {
            return None;
        }
        TimeZoneDatabase::bundled().get(name).ok().map(Self)
    }

    /// The bucket of an instant in microseconds since 1970, within the years 1 to 9999.
    #[must_use]
    pub fn bucket(&self, micros: i64, unit: Unit) -> Bucket {
        let (start, end) = match unit {
            Unit::Hour => (self.hour_start(micros), self.hour_end(micros)),
            Unit::Day => self.days(micros, |day| day, 1.day()),
            Unit::Week => self.days(micros, week_start, 7.days()),
            Unit::Month => self.days(micros, |day| day.first_of_month(), 1.month()),
        };
        let (least, most) = (Instant::MIN.micros(), Instant::MAX.micros());
        Bucket {
            start: start.max(least),
            end: end.min(most),
        }
    }

    /// How far its clocks are ahead of UTC at an instant. **Unit**: seconds; microseconds since 1970.
    #[must_use]
    pub fn offset_seconds(&self, micros: i64) -> i64 {
        self.offset(micros).seconds().into()
    }

    /// From the first instant of the first day of some days to that of the day behind them.
    fn days(&self, micros: i64, first: impl Fn(Date) -> Date, length: Span) -> (i64, i64) {
        let mut day = self.day(micros);
        loop {
            let start = first(day);
            let end = start.checked_add(length).ok();
            match end.map(|end| (end, self.day_start(end))) {
                // A clock that goes back over midnight shows a day again after the next one began.
                Some((next, end)) if end <= micros => day = next,
                Some((_, end)) => return (self.day_start(start), end),
                None => return (self.day_start(start), i64::MAX),
            }
        }
    }

    /// The date on the wall.
    fn day(&self, micros: i64) -> Date {
        self.wall(micros).date()
    }

    fn wall(&self, micros: i64) -> DateTime {
        let offset = self.offset(micros);
        let local = micros + i64::from(offset.seconds()) * 1_000_000;
        // Not by the zone itself: the last hours of the year 9999 are beyond its instants.
        let (seconds, micros) = (local.div_euclid(1_000_000), local.rem_euclid(1_000_000));
        let (days, seconds) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let epoch = Date::constant(1970, 1, 1);
        let date = epoch.saturating_add(days.days());
        let midnight = date.at(0, 0, 0, 0);
        midnight.saturating_add(seconds.seconds().microseconds(micros))
    }

    fn offset(&self, micros: i64) -> Offset {
        let least = Timestamp::MIN.as_microsecond();
        let most = Timestamp::MAX.as_microsecond();
        let timestamp =
            Timestamp::from_microsecond(micros.clamp(least, most)).unwrap_or(Timestamp::UNIX_EPOCH);
        self.0.to_offset(timestamp)
    }

    /// The first instant of a day.
    fn day_start(&self, day: Date) -> i64 {
        let midnight = day.at(0, 0, 0, 0);
        match self.0.to_ambiguous_timestamp(midnight).offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                instant(midnight, offset)
            }
            // The clock leaps over midnight, at the last change up to when it would have shown it.
            AmbiguousOffset::Gap { before, .. } => self.change_before(instant(midnight, before) + 1),
        }
    }

    /// Where the hour of an instant begins.
    fn hour_start(&self, micros: i64) -> i64 {
        let wall = self.wall(micros);
        let full = micros - since_full_hour(wall);
        let change = self.change_before(micros + 1);
        if change <= full {
            return full;
        }
        if self.is_hour_boundary(change) {
            change
        } else {
            self.hour_start(change - 1)
        }
    }

    /// Where the hour of an instant ends.
    fn hour_end(&self, micros: i64) -> i64 {
        let wall = self.wall(micros);
        let full = micros - since_full_hour(wall) + HOUR;
        match self.change_after(micros) {
            Some(change) if change <= full => {
                if self.is_hour_boundary(change) {
                    change
                } else {
                    self.hour_end(change)
                }
            }
            _ => full,
        }
    }

    /// Whether an hour begins where the zone's offset changes.
    fn is_hour_boundary(&self, change: i64) -> bool {
        let (before, after) = (self.wall(change - 1), self.wall(change));
        since_full_hour(after) == 0 || (before.date(), before.hour()) != (after.date(), after.hour())
    }

    /// The last change of the offset before an instant; the beginning of time where there was none.
    fn change_before(&self, micros: i64) -> i64 {
        let timestamp = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX);
        let change = self.0.preceding(timestamp).next();
        change.map_or(i64::MIN, |change| change.timestamp().as_microsecond())
    }

    /// The next change of the offset after an instant.
    fn change_after(&self, micros: i64) -> Option<i64> {
        let timestamp = Timestamp::from_microsecond(micros).ok()?;
        let change = self.0.following(timestamp).next();
        change.map(|change| change.timestamp().as_microsecond())
    }
}

/// **Unit**: microseconds.
const HOUR: i64 = 3_600_000_000;

fn since_full_hour(wall: DateTime) -> i64 {
    let seconds = i64::from(wall.minute()) * 60 + i64::from(wall.second());
    seconds * 1_000_000 + i64::from(wall.subsec_nanosecond()) / 1_000
}

fn week_start(day: Date) -> Date {
    let since = i64::from(day.weekday().since(Weekday::Monday));
    day.saturating_sub(since.days())
}

/// The instant at which a clock of this offset shows a date and time.
fn instant(wall: DateTime, offset: Offset) -> i64 {
    let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    let since = wall.duration_since(epoch);
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    micros - i64::from(offset.seconds()) * 1_000_000
}

#[cfg(test)]
mod tests;
