//! The connection: a page with its edges, flags, count and echo.

use entity::imports;
use keyset::{CursorText, Direction, Key};

use super::arguments::{Question, SortDirection};
use super::filter::{Bound, Operator};
use super::node::{Import, ImportStatus, write_status};
use crate::json::Json;
use crate::list::{Listing, Wanted};
use crate::relay::{PageBounds, PageInfo};
use crate::scalars::DateTime;
use crate::selection::declare::Declared;
use crate::selection::table::{Needs, object};
use crate::store::imports::{Column, Fields};

/// What must be read for a selection of a connection.
pub(super) fn wanted(needs: Needs) -> Wanted {
    Wanted {
        rows: needs.has(Needs::ROWS).then(|| Fields::of_bits(needs.columns())),
        flags: needs.has(Needs::FLAGS),
        count: needs.has(Needs::COUNT),
    }
}

/// What a connection is written from.
#[derive(Debug)]
pub struct Answer {
    pub(super) listing: Listing,
    pub(super) question: Question,
}

impl Answer {
    fn cursor(&self, row: &imports::Model) -> CursorText {
        keyset::encode_row(self.question.window.order(), row)
    }

    fn bounds(&self) -> PageBounds {
        let rows = &self.listing.rows;
        PageBounds {
            has_next_page: self.listing.has_next,
            has_previous_page: self.listing.has_previous,
            start_cursor: rows.first().map(|row| self.cursor(row)),
            end_cursor: rows.last().map(|row| self.cursor(row)),
        }
    }
}

object! {
    /// A page of imports.
    pub ImportConnection<'a>(&'a Answer);

    /// The imports of the page, each with its cursor.
    "edges": Vec<Declared<ImportEdge>> => ImportEdge = |edge, answer, json| {
        json.list(&answer.listing.rows, |json, row| edge.write(Edge { answer, row }, json));
    }, needs Needs::ROWS;
    /// The imports of the page.
    "nodes": Vec<Declared<Import>> => Import = |import, answer, json| {
        json.list(&answer.listing.rows, |json, row| import.write(row, json));
    }, needs Needs::ROWS;
    /// Where the page stands in the list.
    "pageInfo": Declared<PageInfo> => PageInfo = |info, answer, json| info.write(&answer.bounds(), json);
    /// Imports from the start of this page on, in the direction of paging, this page included; counted up to 500.
    "estimatedRemainingCount": i32 = |answer, json| {
        json.number(i64::try_from(answer.listing.count).unwrap_or(i64::MAX));
    }, needs Needs::COUNT;
    /// The page size in force.
    "perPage": i32 = |answer, json| json.number(i64::from(answer.question.per_page));
    /// The filters applied, one entry each, normalized.
    "filteredBy": Vec<Declared<ImportFilteredBy>> => ImportFilteredBy = |entry, answer, json| {
        json.list(filtered_by(&answer.question), |json, filter| entry.write(filter, json));
    };
    /// The sort keys applied, in their order; the hidden tie-break is not shown.
    "sortedBy": Vec<Declared<ImportSortedBy>> => ImportSortedBy = |entry, answer, json| {
        json.list(&answer.question.keys, |json, key| entry.write(*key, json));
    };
}

/// What an edge is written from.
#[derive(Clone, Copy, Debug)]
struct Edge<'a> {
    answer: &'a Answer,
    row: &'a imports::Model,
}

object! {
    /// An import and its place in the list.
    ImportEdge<'a>(Edge<'a>);

    /// The import's position under this sort: for `after` and `before`, and for `start_cursor` of the REST API.
    "cursor": String = |edge, json| json.plain(edge.answer.cursor(edge.row).as_str().as_bytes());
    /// The import.
    "node": Declared<Import> => Import = |import, edge, json| import.write(edge.row, json);
}

/// One filter of the echo.
#[derive(Clone, Copy, Debug)]
enum Filtered<'a> {
    /// The statuses, each once.
    Status(&'a [entity::ImportStatus]),
    /// A bound on the time of the upload.
    Created(Bound),
    /// A bound on the time of the last change.
    Updated(Bound),
}

fn filtered_by(question: &Question) -> impl Iterator<Item = Filtered<'_>> {
    let asked = &question.asked;
    let statuses = asked.statuses.iter().map(|statuses| Filtered::Status(statuses));
    let created = asked.created.iter().map(|bound| Filtered::Created(*bound));
    let updated = asked.updated.iter().map(|bound| Filtered::Updated(*bound));
    statuses.chain(created).chain(updated)
}

object! {
    /// A filter that was applied: one key is set, the rest are null.
    ImportFilteredBy<'a>(Filtered<'a>);

    /// The filter on the state.
    "status": Option<Declared<ImportStatusIncluded>> => ImportStatusIncluded = |included, filter, json| match filter {
        Filtered::Status(statuses) => included.write(statuses, json),
        Filtered::Created(_) | Filtered::Updated(_) => json.null(),
    };
    /// A bound on the time of the upload.
    "createdAt": Option<Declared<DateTimeBound>> => DateTimeBound = |bound, filter, json| match filter {
        Filtered::Created(created) => bound.write(created, json),
        Filtered::Status(_) | Filtered::Updated(_) => json.null(),
    };
    /// A bound on the time of the last change.
    "updatedAt": Option<Declared<DateTimeBound>> => DateTimeBound = |bound, filter, json| match filter {
        Filtered::Updated(updated) => bound.write(updated, json),
        Filtered::Status(_) | Filtered::Created(_) => json.null(),
    };
}

object! {
    /// The states that were included.
    ImportStatusIncluded<'a>(&'a [entity::ImportStatus]);

    /// The states, each once.
    "include": Vec<ImportStatus> = |statuses, json| {
        json.list(statuses, |json, status| write_status(*status, json));
    };
}

object! {
    /// A bound that was applied: one key is set, the rest are null.
    DateTimeBound<'a>(Bound);

    /// Before this instant.
    "lt": Option<DateTime> = |bound, json| write_bound(bound, Operator::Lt, json);
    /// Before or at this instant.
    "lte": Option<DateTime> = |bound, json| write_bound(bound, Operator::Lte, json);
    /// After this instant.
    "gt": Option<DateTime> = |bound, json| write_bound(bound, Operator::Gt, json);
    /// At or after this instant.
    "gte": Option<DateTime> = |bound, json| write_bound(bound, Operator::Gte, json);
}

/// The instant of a bound by this operator, null where it is by another.
fn write_bound(bound: Bound, operator: Operator, json: &mut Json) {
    if bound.operator == operator {
        DateTime(bound.moment).write(json);
    } else {
        json.null();
    }
}

object! {
    /// A sort key that was applied: one key is set, the rest are null.
    ImportSortedBy<'a>(Key<Column>);

    /// By the id of the REST API.
    "id": Option<SortDirection> = |key, json| write_direction(key, Column::Id, json);
    /// By the time of the upload.
    "createdAt": Option<SortDirection> = |key, json| write_direction(key, Column::CreatedAt, json);
    /// By the time of the last change.
    "updatedAt": Option<SortDirection> = |key, json| write_direction(key, Column::UpdatedAt, json);
}

/// The direction of a key of this column, null where it is of another.
fn write_direction(key: Key<Column>, column: Column, json: &mut Json) {
    match key.direction {
        _ if key.column != column => json.null(),
        Direction::Asc => json.plain(b"ASC"),
        Direction::Desc => json.plain(b"DESC"),
    }
}
