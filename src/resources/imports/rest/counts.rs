//! Counts over time as REST answers them: a query string in, JSON out.

use std::collections::HashSet;

use entity::Instant;
use serde::Serialize;
use utoipa::ToSchema;

use super::filters::Filters;
use super::names::{self, Known};
use super::query::{Parameter, parameters};
use super::question::Message;
use super::{ParameterErrors, time};
use crate::calendar::{Unit, Zone};
use crate::resources::imports::counts::{Counts, CountsBucket, Question};

/// The units of buckets, by name.
pub const UNITS: [(&str, Unit); 4] = [
    ("hour", Unit::Hour),
    ("day", Unit::Day),
    ("week", Unit::Week),
    ("month", Unit::Month),
];

/// How other APIs call what is named otherwise here, in small letters without the signs that join words; and our own names,
/// which are not taken with brackets or in another spelling.
const ELSEWHERE: [(&str, &str); 17] = [
    ("by", "by"),
    ("bucket", "by"),
    ("granularity", "by"),
    ("groupby", "by"),
    ("interval", "by"),
    ("unit", "by"),
    ("timezone", "time_zone"),
    ("tz", "time_zone"),
    ("zone", "time_zone"),
    ("from", "from"),
    ("since", "from"),
    ("start", "from"),
    ("startdate", "from"),
    ("to", "to"),
    ("until", "to"),
    ("end", "to"),
    ("enddate", "to"),
];

/// Reads the query string of counts. A comma list may have `most_items`.
///
/// # Errors
///
/// Every [fault](ParameterErrors) in it.
pub fn parse_counts(query: Option<&str>, most_items: usize) -> Result<Question, ParameterErrors> {
    let mut faults = ParameterErrors::default();
    let parameters = parameters(query.unwrap_or_default(), &mut faults);
    let mut draft = Draft {
        unit: Unit::Day,
        zone: None,
        from: None,
        to: None,
        filters: Filters::new(most_items),
    };
    let mut seen = HashSet::new();
    for parameter in &parameters {
        let is_repeated = !seen.insert(&*parameter.name);
        if let Err(message) = draft.take(parameter, is_repeated) {
            faults.add(&parameter.name, message);
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let (asked, _) = draft.filters.finish();
    // A zone that this program was built with.
    let zone = draft.zone.or_else(|| Zone::named("UTC"));
    let zone = zone.ok_or_else(|| ParameterErrors::one("time_zone", "must be given"))?;
    Ok(Question {
        filter: asked.filter(),
        unit: draft.unit,
        zone,
        from: draft.from,
        to: draft.to,
    })
}

struct Draft {
    unit: Unit,
    zone: Option<Zone>,
    from: Option<crate::rfc3339::Parsed>,
    to: Option<crate::rfc3339::Parsed>,
    filters: Filters,
}

impl Draft {
    fn take(&mut self, parameter: &Parameter<'_>, is_repeated: bool) -> Result<(), Message> {
        let (name, value) = (&*parameter.name, &*parameter.value);
        let moment = || time::parse(value).map_err(|error| error.to_string());
        if matches!(name, "by" | "time_zone" | "from" | "to") && is_repeated {
            return Err("must not be given twice".into());
        }
        match name {
            "by" => {
                let unit = UNITS.iter().find(|(unit, _)| *unit == value);
                self.unit = unit.ok_or("must be hour, day, week or month")?.1;
            }
            "time_zone" => {
                let zone = Zone::named(value);
                self.zone = Some(
                    zone.ok_or("must be the name of a zone of the IANA database, such as Europe/Berlin")?,
                );
            }
            "from" => self.from = Some(moment()?),
            "to" => self.to = Some(moment()?),
            name => return self.take_other(name, value, is_repeated),
        }
        Ok(())
    }

    fn take_other(&mut self, name: &str, value: &str, is_repeated: bool) -> Result<(), Message> {
        let base = name.split(['[', '.']).next().unwrap_or_default();
        let plain = names::plain(base);
        if let Some((_, ours)) = ELSEWHERE.iter().find(|(other, _)| *other == plain) {
            return Err(format!("is no parameter of these counts; it is {ours} here").into());
        }
        match names::read(name) {
            Known::Ours(ours) if ours.base == "filter" => {
                if is_repeated && !ours.is_list() {
                    return Err("must not be given twice".into());
                }
                self.filters.take(&ours.keys, value)
            }
            Known::PassedOver => Ok(()),
            Known::Ours(_) | Known::Refused(_) => {
                Err("is no parameter of these counts; they are by, time_zone, from, to and filter[field][operator]".into())
            }
        }
    }
}

/// How many imports there are over time.
#[derive(Serialize, ToSchema)]
pub struct ImportCounts {
    /// The buckets with an import, the newest last.
    buckets: Vec<CountBucket>,
    /// All imports that were counted; fewer than there are where `is_exact` is false.
    total: u64,
    /// Whether all imports were counted: at most 20,000 are looked at, the newest ones.
    is_exact: bool,
    /// Where `is_exact` is false: the instant down to which the buckets are whole.
    #[schema(required, format = DateTime)]
    reached_at: Option<String>,
}

/// The imports of an hour, a day, a week or a month.
#[derive(Serialize, ToSchema)]
pub(super) struct CountBucket {
    /// Its first instant.
    #[schema(format = DateTime)]
    start: String,
    /// The first instant after it.
    #[schema(format = DateTime)]
    end: String,
    /// Its imports.
    total: u64,
    /// Its imports by state: the states that occur.
    by_status: Vec<StatusCount>,
}

/// A state and its imports.
#[derive(Serialize, ToSchema)]
pub(super) struct StatusCount {
    /// The state.
    status: &'static str,
    /// Its imports.
    count: u64,
}

impl From<&Counts> for ImportCounts {
    fn from(counts: &Counts) -> Self {
        Self {
            buckets: counts.buckets.iter().map(CountBucket::from).collect(),
            total: counts.total,
            is_exact: counts.reached.is_none(),
            reached_at: counts.reached.map(text),
        }
    }
}

impl From<&CountsBucket> for CountBucket {
    fn from(bucket: &CountsBucket) -> Self {
        let by_status = bucket.by_status.iter();
        let by_status = by_status.map(|(status, count)| StatusCount {
            status,
            count: *count,
        });
        Self {
            start: text(bucket.bucket.start),
            end: text(bucket.bucket.end),
            total: bucket.total(),
            by_status: by_status.collect(),
        }
    }
}

fn text(micros: i64) -> String {
    Instant::from_micros(micros).unwrap_or(Instant::MAX).to_string()
}
