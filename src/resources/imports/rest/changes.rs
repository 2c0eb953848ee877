//! Changes as REST tells them: a query string in, one JSON text a change out.

use std::collections::HashSet;

use entity::imports;
use serde::Serialize;
use serde::ser::SerializeMap as _;
use utoipa::ToSchema;

use super::filters::Filters;
use super::names::{self, Known};
use super::query::{Parameter, parameters};
use super::question::Message;
use super::{ParameterErrors, Record, json};
use crate::changes::{ChangesCursor, Event};
use crate::resources::imports::ChangesQuestion;

/// The parameter by which two polyfills of `EventSource` send what others send as a header.
pub const LAST_EVENT_ID: &str = "lastEventId";

/// The header that goes before it, as a fault of it is named.
const LAST_EVENT_ID_HEADER: &str = "Last-Event-ID";

/// How it is misspelt, and how others call it, in small letters without the signs that join words.
const ELSEWHERE: [&str; 6] = [
    "lasteventid",
    "eventid",
    "since",
    "sinceid",
    "resume",
    "resumetoken",
];

/// Reads the query string of changes, and the header `Last-Event-ID`, which goes before the parameter. A comma list may have
/// `most_items`.
///
/// # Errors
///
/// Every [fault](ParameterErrors) in it.
pub fn parse_changes(
    query: Option<&str>,
    last_event_id: Option<&str>,
    most_items: usize,
) -> Result<ChangesQuestion, ParameterErrors> {
    let mut faults = ParameterErrors::default();
    let parameters = parameters(query.unwrap_or_default(), &mut faults);
    let (mut filters, mut last) = (Filters::new(most_items), None);
    let mut seen = HashSet::new();
    for parameter in &parameters {
        let is_repeated = !seen.insert(&*parameter.name);
        let taken = match &*parameter.name {
            LAST_EVENT_ID if is_repeated => Err("must not be given twice".into()),
            LAST_EVENT_ID => {
                last = Some(&*parameter.value);
                Ok(())
            }
            _ => take(&mut filters, parameter, is_repeated),
        };
        if let Err(message) = taken {
            faults.add(&parameter.name, message);
        }
    }
    let (name, last) = match last_event_id {
        Some(header) => (LAST_EVENT_ID_HEADER, Some(header)),
        None => (LAST_EVENT_ID, last),
    };
    // What a client has before its first event is an empty text.
    let last = last.filter(|text| !text.is_empty());
    let after = last.map(ChangesCursor::decode).transpose().unwrap_or_else(|_| {
        faults.add(name, "is no id of an event of this stream");
        None
    });
    if !faults.is_empty() {
        return Err(faults);
    }
    let filter = filters.finish().0.filter();
    Ok(ChangesQuestion { filter, after })
}

fn take(filters: &mut Filters, parameter: &Parameter<'_>, is_repeated: bool) -> Result<(), Message> {
    let base = parameter.name.split(['[', '.']).next().unwrap_or_default();
    if ELSEWHERE.contains(&names::plain(base).as_str()) {
        return Err(
            "is no parameter of changes; where they go on is lastEventId here, or the header Last-Event-ID"
                .into(),
        );
    }
    match names::read(&parameter.name) {
        Known::Ours(ours) if ours.base == "filter" => {
            if is_repeated && !ours.is_list() {
                return Err("must not be given twice".into());
            }
            filters.take(&ours.keys, &parameter.value)
        }
        Known::PassedOver => Ok(()),
        Known::Ours(_) | Known::Refused(_) => {
            Err("is no parameter of changes; they are filter[field][operator] and lastEventId".into())
        }
    }
}

/// What became of an import of the filtered list.
#[derive(ToSchema)]
#[schema(as = Change)]
pub(super) struct Change<'a> {
    /// `upserted`: it is in the filtered list, and looks like this. `removed`: it was, and is no longer.
    #[schema(inline)]
    pub kind: ChangeKind,
    /// The import's id.
    pub id: i64,
    /// The import; absent where it is `removed`.
    #[schema(value_type = Option<Record>)]
    record: Option<&'a imports::Model>,
}

/// What became of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is in the filtered list.
    Upserted,
    /// It was in the list, and is no longer.
    Removed,
}

impl Serialize for Change<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("kind", &self.kind)?;
        members.serialize_entry("id", &self.id)?;
        if let Some(record) = self.record {
            members.serialize_entry("record", &Record(record))?;
        }
        members.end()
    }
}

/// A change as JSON, on one line.
#[must_use]
pub fn change(event: &Event<imports::Model>) -> Vec<u8> {
    let record = event.row.as_deref();
    let kind = if record.is_some() {
        ChangeKind::Upserted
    } else {
        ChangeKind::Removed
    };
    json(&Change {
        kind,
        id: event.id,
        record,
    })
}
