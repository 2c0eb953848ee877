//! Counts of the filtered list over time: the buckets of a chart, and the total.
//!
//! Takes a filter, a zone and a unit; reads slots of an hour in one bounded scan, newest first, and adds them up to buckets.
//! Where a bucket of the zone does not begin with a slot, as in older times, shorter slots are read instead.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::time::{SystemTime, UNIX_EPOCH};

use async_graphql::Enum;
use entity::Instant;
use keyset::{Filter, Range, Value};

use super::{Column, Counted, ImportStatusCount};
use crate::auth::Viewer;
use crate::calendar::{Bucket, Unit, Zone};
use crate::json::Json;
use crate::list::{self, Slot, SlotLength, Slots};
use crate::rfc3339::Parsed;
use crate::scalars::DateTime;
use crate::selection::declare::Declared;
use crate::selection::table::object;
use crate::store::{Store, StoreError};

/// The most buckets of an answer.
pub const MAX_BUCKETS: usize = 400;

/// What imports are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ImportCountBucket {
    /// By hours.
    Hour,
    /// By days, each from its first instant on.
    Day,
    /// By weeks, each from Monday on.
    Week,
    /// By months.
    Month,
}

impl From<ImportCountBucket> for Unit {
    fn from(by: ImportCountBucket) -> Self {
        match by {
            ImportCountBucket::Hour => Self::Hour,
            ImportCountBucket::Day => Self::Day,
            ImportCountBucket::Week => Self::Week,
            ImportCountBucket::Month => Self::Month,
        }
    }
}

/// What is counted, and how.
#[derive(Clone, Debug)]
pub struct Question {
    /// Which imports, without the caller's scope.
    pub filter: Filter<Column>,
    /// By what.
    pub unit: Unit,
    /// In whose time.
    pub zone: Zone,
    /// The first instant that counts.
    pub from: Option<Parsed>,
    /// The first instant that does not count any more.
    pub to: Option<Parsed>,
}

/// More buckets were asked for than an answer has: a coarser unit or a shorter time is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "gives more than {MAX_BUCKETS} buckets between `from` and `to`; choose a larger one, or a shorter time"
)]
pub struct TooManyBuckets;

/// Why there are no counts.
#[derive(Debug, thiserror::Error)]
pub enum CountsError {
    /// A fault of the question.
    #[error(transparent)]
    TooMany(#[from] TooManyBuckets),
    /// What the database says.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The imports of some time.
#[derive(Clone, Debug)]
pub struct Counts {
    /// Those with an import, the newest last.
    pub buckets: Vec<CountsBucket>,
    /// All that were counted.
    pub total: u64,
    /// Down to where every bucket is whole, if that is not the end of the list. **Unit**: microseconds since 1970.
    pub reached: Option<i64>,
}

/// The imports of a bucket.
#[derive(Clone, Debug)]
pub struct CountsBucket {
    /// The time.
    pub bucket: Bucket,
    /// By state, in the order of the states; those without an import are left out.
    pub by_status: Vec<(&'static str, u64)>,
}

impl CountsBucket {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_status.iter().map(|(_, count)| count).sum()
    }
}

/// Counts the caller's imports.
///
/// # Errors
///
/// [`CountsError`].
pub async fn count(store: &Store, viewer: &Viewer, question: &Question) -> Result<Counts, CountsError> {
    if let (Some(from), Some(to)) = (question.from, question.to) {
        check_span(question, first_at(from), first_at(to) - 1)?;
    }
    let filter = within(question);
    let offset = clock_offset(question);
    let mut length = SlotLength::Hour;
    loop {
        let shift = offset.rem_euclid(length.seconds());
        let slot = Slot { length, shift };
        let slots = list::slots(store, viewer, &filter, Column::Status, slot).await?;
        let met = slots.slots.iter().filter(|slot| slot.count > 0);
        let newest = met.filter_map(|slot| slot.start).max();
        if let (Some(from), Some(newest)) = (question.from, newest) {
            check_span(question, first_at(from), newest * 1_000_000)?;
        }
        match gather(question, &slots, length) {
            Some(counts) => return Ok(counts),
            None => length = length.finer(),
        }
    }
}

/// How far the zone is ahead of UTC where slots are tried first. **Unit**: seconds.
///
/// Nearly every zone is whole hours ahead of a clock that is less than one ahead of UTC. It is all of an answer that may depend on
/// the time of day.
#[must_use]
pub fn clock_offset(question: &Question) -> i64 {
    let at = question.to.or(question.from).map_or_else(now, first_at);
    question.zone.offset_seconds(at)
}

/// **Unit**: microseconds since 1970.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The first microsecond at an instant or after it.
fn first_at(moment: Parsed) -> i64 {
    moment.micros + i64::from(moment.submicro_nanos > 0)
}

/// The filter, and the time that counts.
fn within(question: &Question) -> Cow<'_, Filter<Column>> {
    let (from, to) = (question.from.map(first_at), question.to.map(first_at));
    if from.is_none() && to.is_none() {
        return Cow::Borrowed(&question.filter);
    }
    let column = Column::CreatedAt;
    let mut filter = question.filter.clone();
    let asked = filter.ranges.iter().position(|range| range.column == column);
    let asked = asked.map(|place| filter.ranges.remove(place));
    let (mut first, mut last) = asked.map_or((None, None), |range| (range.from, range.until));
    // The tighter of both.
    first = first.max(from.map(Value::Instant));
    last = [last, to.map(Value::Instant)].into_iter().flatten().min();
    filter.ranges.push(Range {
        column,
        from: first,
        until: last,
    });
    Cow::Owned(filter)
}

/// Refuses a time of more buckets than an answer has.
fn check_span(question: &Question, from: i64, last: i64) -> Result<(), TooManyBuckets> {
    let last = last.min(Instant::MAX.micros());
    let mut at = from;
    for _ in 0..MAX_BUCKETS {
        if at > last {
            return Ok(());
        }
        at = question.zone.bucket(at, question.unit).end;
        if at >= Instant::MAX.micros() {
            return Ok(());
        }
    }
    if at > last { Ok(()) } else { Err(TooManyBuckets) }
}

/// Adds slots up, newest first. `None` where a bucket begins within a slot, which is never so within a second.
fn gather(question: &Question, slots: &Slots, length: SlotLength) -> Option<Counts> {
    let micros = length.seconds() * 1_000_000;
    let mut sorted: Vec<_> = slots.slots.iter().filter(|slot| slot.count > 0).collect();
    sorted.sort_by_key(|slot| Reverse(slot.start));
    let mut reached = slots.is_cut.then(|| slots.reached().unwrap_or(i64::MIN) + 1);
    let mut buckets: Vec<CountsBucket> = Vec::new();
    let mut total = 0;
    for slot in sorted {
        let start = slot.start.unwrap_or_default() * 1_000_000;
        let end = start + micros;
        let start = start.max(Instant::MIN.micros());
        if buckets.last().is_none_or(|newest| start < newest.bucket.start) {
            let bucket = question.zone.bucket(start, question.unit);
            if bucket.end < end && bucket.end < Instant::MAX.micros() {
                return None;
            }
            // Without a `from` the newest are given, as many as an answer has.
            if buckets.len() == MAX_BUCKETS {
                reached = buckets.last().map(|oldest| oldest.bucket.start).max(reached);
                break;
            }
            buckets.push(CountsBucket {
                bucket,
                by_status: Vec::new(),
            });
        }
        if let Some(newest) = buckets.last_mut() {
            match newest.by_status.iter_mut().find(|(name, _)| *name == slot.name) {
                Some((_, count)) => *count += slot.count,
                None => newest.by_status.push((slot.name, slot.count)),
            }
            total += slot.count;
        }
    }
    buckets.reverse();
    for bucket in &mut buckets {
        let place = |name: &str| {
            entity::ImportStatus::NAMES
                .iter()
                .position(|known| *known == name)
        };
        bucket.by_status.sort_by_key(|(name, _)| place(name));
    }
    Some(Counts {
        buckets,
        total,
        reached,
    })
}

object! {
    /// How many imports there are over time.
    pub ImportCounts<'a>(&'a Counts);

    /// The buckets with an import, the newest last.
    "buckets": Vec<Declared<ImportCountsBucket>> => ImportCountsBucket = |bucket, counts, json| {
        json.list(&counts.buckets, |json, one| bucket.write(one, json));
    };
    /// All imports that were counted; fewer than there are where `isExact` is false.
    "total": i32 = |counts, json| json.number(counts.total as i64);
    /// Whether all imports were counted: at most 20,000 are looked at, the newest ones, and 400 buckets are given.
    "isExact": bool = |counts, json| json.boolean(counts.reached.is_none());
    /// Where `isExact` is false: the instant down to which the buckets are whole; one that begins before it is not.
    "reachedAt": Option<DateTime> = |counts, json| match counts.reached {
        Some(micros) => write_instant(micros, json),
        None => json.null(),
    };
}

object! {
    /// The imports of an hour, a day, a week or a month.
    pub ImportCountsBucket<'a>(&'a CountsBucket);

    /// Its first instant.
    "start": DateTime = |bucket, json| write_instant(bucket.bucket.start, json);
    /// The first instant after it.
    "end": DateTime = |bucket, json| write_instant(bucket.bucket.end, json);
    /// Its imports.
    "total": i32 = |bucket, json| json.number(bucket.total() as i64);
    /// Its imports by state: the states that occur.
    "byStatus": Vec<Declared<ImportStatusCount>> => ImportStatusCount = |count, bucket, json| {
        json.list(&bucket.by_status, |json, (status, imports)| count.write(Counted::whole(status, *imports), json));
    };
}

fn write_instant(micros: i64, json: &mut Json) {
    json.plain(&Instant::from_micros(micros).unwrap_or(Instant::MAX).to_text());
}
