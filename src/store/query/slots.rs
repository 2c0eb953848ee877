//! Rows by name and slot of time.
//!
//! Slots are hours, minutes or seconds of a clock that is shifted by some seconds: whoever counts by days of a zone adds up
//! slots, as no database knows every zone alike.

use keyset::{Filter, Plan, Range, Value};
use sea_orm::DbErr;

use super::scan::Source;
use super::table::{Column, Kind};
use super::{along, count, is_ordered, narrowest_of, number, sourced};
use crate::store::{Store, StoreError};

/// How long a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotLength {
    /// An hour.
    Hour,
    /// A minute.
    Minute,
    /// A second.
    Second,
}

impl SlotLength {
    /// **Unit**: seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Hour => 3600,
            Self::Minute => 60,
            Self::Second => 1,
        }
    }

    /// The next shorter one; the shortest has none.
    #[must_use]
    pub const fn finer(self) -> Self {
        match self {
            Self::Hour => Self::Minute,
            Self::Minute | Self::Second => Self::Second,
        }
    }

    /// As PostgreSQL calls it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
        }
    }
}

/// Slots of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// How long each is.
    pub length: SlotLength,
    /// How far the clock is ahead of UTC by which they are. **Unit**: seconds, less than a slot.
    pub shift: i64,
}

/// How many rows have a name and lie in a slot of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The name.
    pub name: &'static str,
    /// Where the slot begins; `None` where all of time is one. **Unit**: seconds since 1970.
    pub start: Option<i64>,
    /// The rows.
    pub count: u64,
    /// The first instant of those looked at. **Unit**: microseconds since 1970.
    first: i64,
    /// How many were looked at.
    entries: u64,
}

/// Rows by name and time.
#[derive(Clone, Debug)]
pub struct Slots {
    /// In no order; those without a row are left out.
    pub slots: Vec<Counted>,
    /// Whether counting stopped before all rows were looked at.
    pub is_cut: bool,
}

impl Slots {
    /// The instant of the oldest row that was looked at. **Unit**: microseconds since 1970.
    #[must_use]
    pub fn reached(&self) -> Option<i64> {
        self.slots.iter().map(|slot| slot.first).min()
    }
}

/// The rows of a filter by a column of names and by the time of [`Column::TIMELINE`], newest first, so many entries of an
/// index at most.
///
/// One statement, a probe where the filter has further ranges or checks, and a count where as many were read as may be.
///
/// # Errors
///
/// [`StoreError`].
pub async fn slots<C: Column>(
    store: &Store,
    filter: &Filter<C>,
    column: C,
    slot: Slot,
) -> Result<Slots, StoreError> {
    let Some(plan) = along(filter, C::TIMELINE, 1) else {
        let slots = Vec::new();
        return Ok(Slots { slots, is_cut: false });
    };
    let (mut narrow, mut source) = (None, Source::Order(C::TIMELINE));
    if !is_ordered(&plan) {
        narrow = narrowest_of(store, &plan, &Source::of(&plan)).await?;
        source = Source::Whole(C::TIMELINE);
    }
    grouped(
        store,
        &plan,
        narrow.unwrap_or(source),
        column,
        Some(slot),
        sourced::SLOT_ENTRIES,
    )
    .await
}

pub(super) async fn grouped<C: Column>(
    store: &Store,
    plan: &Plan<C>,
    source: Source<C>,
    column: C,
    slot: Option<Slot>,
    limit: usize,
) -> Result<Slots, StoreError> {
    let named = sourced::grouped(store.backend(), plan, source, column, slot, limit);
    let Kind::Names(names) = column.holds() else {
        return Err(DbErr::Type("rows are counted by a column of names".to_owned()).into());
    };
    let unshifted = |start: i64| start - slot.map_or(0, |slot| slot.shift);
    let mut slots = Vec::new();
    for row in store.rows(named).await? {
        let found: String = row.try_get_by_index(0)?;
        let name = names.iter().find(|name| **name == found);
        slots.push(Counted {
            name: name.ok_or_else(|| DbErr::Type("a name that is none of the column's".to_owned()))?,
            start: row.try_get_by_index::<Option<i64>>(1)?.map(unshifted),
            count: number(&row, 2)?,
            entries: number(&row, 3)?,
            first: row.try_get_by_index(4)?,
        });
    }
    let entries: u64 = slots.iter().map(|slot| slot.entries).sum();
    let is_bounded = matches!(source, Source::Order(_) | Source::Whole(_));
    let mut slots = Slots { slots, is_cut: false };
    if let Some(reached) = slots.reached()
        && is_bounded
        && entries == limit as u64
    {
        // Only where the oldest instant is that of all the rest must the entries be counted.
        slots.is_cut = goes_on(store, plan, source, Some(reached), 0).await?
            || goes_on(store, plan, source, None, limit).await?;
    }
    Ok(slots)
}

/// Whether a source has more than so many entries, of those before an instant where one is given.
async fn goes_on<C: Column>(
    store: &Store,
    plan: &Plan<C>,
    source: Source<C>,
    before: Option<i64>,
    than: usize,
) -> Result<bool, StoreError> {
    // The whole order holds rows that the conditions leave out.
    let one_of = match source {
        Source::Whole(_) => None,
        _ => plan.filter().one_of.clone(),
    };
    let before = before.map(|instant| Range {
        column: plan.order().keys()[0].column,
        from: None,
        until: Some(Value::Instant(instant)),
    });
    let filter = Filter {
        equals: plan.filter().equals.clone(),
        one_of,
        ranges: before.into_iter().collect(),
        ..Filter::default()
    };
    let (from, until) = (plan.from().cloned(), plan.until().cloned());
    match Plan::new(&filter, plan.order().clone(), from, until, than + 1) {
        Some(plan) => Ok(count(store, &plan).await? > than as u64),
        None => Ok(false),
    }
}
