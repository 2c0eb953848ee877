//! One example of each parameter and answer, which fit together: the example page is the answer to the example
//! parameters, sent all at once or any of them.
//!
//! Of the three sort keys one has an example, as a cursor fits one sort only.

use entity::{ImportStatus, Instant, imports};
use serde_json::{Value, json};

use crate::calendar::{Unit, Zone};
use crate::list::Listing;
use crate::resources::filter::{Filtered as _, Operator, OperatorKind};
use crate::resources::imports::Column;
use crate::resources::imports::counts::{Counts, CountsBucket};
use crate::resources::imports::rest::{BOUNDS, ImportCounts, Page, Question, Record, parse};
use crate::store::query::table::Table as _;

/// The example of a parameter that has one.
pub(super) fn of_parameter(name: &str) -> Option<Value> {
    match name {
        "start_cursor" => Some(page()["start_cursor"].clone()),
        "per_page" => Some(json!(50)),
        "by" => Some(json!("day")),
        "time_zone" => Some(json!("Europe/Berlin")),
        "from" => Some(json!("2026-05-01T00:00:00.000000Z")),
        "to" => Some(json!("2026-06-01T00:00:00.000000Z")),
        "id" => Some(json!(import().id)),
        _ => {
            let (_, value) = parameters().find(|(known, _)| known == name)?;
            // A list, as a parameter of several values has it.
            Some(match value {
                "true" => json!(true),
                value if name.ends_with("[include]") => value.split(',').collect(),
                value => json!(value),
            })
        }
    }
}

/// A page of one import, and another after it.
pub(super) fn page() -> Value {
    let mut next = import();
    next.id -= 1;
    let listing = Listing {
        rows: vec![import()],
        lookahead: Some(next),
        count: 500,
        ..Listing::default()
    };
    serde_json::to_value(Page::new(&question(), &listing)).unwrap_or_default()
}

/// The counts of a day with that import.
pub(super) fn counts() -> Value {
    let zone =
        Zone::named("Europe/Berlin").expect("a zone that this program was built with; a test reads it");
    let import = import();
    let counts = Counts {
        buckets: vec![CountsBucket {
            bucket: zone.bucket(import.created_at.micros(), Unit::Day),
            by_status: vec![(import.status.name(), 1)],
        }],
        total: 1,
        reached: None,
    };
    serde_json::to_value(ImportCounts::from(&counts)).unwrap_or_default()
}

/// An import.
pub(super) fn record() -> Value {
    serde_json::to_value(Record(&import())).unwrap_or_default()
}

/// The parameters besides the cursor, the page size and the id, each value in the form that every answer has.
fn parameters() -> impl Iterator<Item = (String, &'static str)> {
    let filters = Column::FILTERS.iter().flat_map(|filter| {
        let name = move |operator: &str| format!("filter[{}][{operator}]", filter.name());
        let (one, bounds) = match filter.operators {
            OperatorKind::Names { example, .. } | OperatorKind::Texts { example, .. } => {
                (Some((name("include"), example)), [].as_slice())
            }
            OperatorKind::Search { example } => (Some((name("contains"), example)), [].as_slice()),
            OperatorKind::Flag => (
                Some((format!("filter[{}]", filter.name()), "true")),
                [].as_slice(),
            ),
            OperatorKind::Bounds => (None, BOUNDS.as_slice()),
        };
        let bounds = bounds.iter().map(move |bound| {
            let value = match bound.operator {
                Operator::Lt | Operator::Lte => "2026-06-01T00:00:00.000000Z",
                Operator::Gt | Operator::Gte => "2026-05-01T00:00:00.000000Z",
            };
            (name(bound.name), value)
        });
        one.into_iter().chain(bounds)
    });
    filters.chain([("sort[created_at]".to_owned(), "desc")])
}

fn question() -> Question {
    let pairs: Vec<_> = parameters()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    parse(Some(&pairs.join("&")), usize::MAX).expect("the examples are sound; a test reads them")
}

fn import() -> imports::Model {
    let instant = |micros| Instant::from_micros(micros).unwrap_or(Instant::MIN);
    // 2026-05-01T12:00:00.123456Z, and a minute before the hour.
    let (ended, created) = (instant(1_777_636_800_123_456), instant(1_777_636_740_000_000));
    imports::Model {
        id: 1_240_000_001,
        completed_at: Some(ended),
        file_name: "vehicles.csv".to_owned(),
        file_size: 20_480,
        kind: "VehicleImport".to_owned(),
        status: ImportStatus::PartiallyComplete,
        created_at: created,
        updated_at: ended,
        ..imports::Model::empty(1)
    }
}
