//! The connection: a page with its edges, flags, count and echo.

use async_graphql::SimpleObject;
use entity::imports;
use keyset::{CursorText, Direction, Key};

use super::arguments::{Question, SortDirection};
use super::filter::{Bound, Operator};
use super::node::{Import, ImportStatus, Row, fields, graphql_name};
use crate::json::Json;
use crate::list::{Listing, Wanted};
use crate::relay::PageInfo;
use crate::scalars::DateTime;
use crate::selection::{Composite, Selected};
use crate::store::imports::{Column, Fields};

/// A page of imports.
#[derive(Clone, Debug, SimpleObject)]
pub struct ImportConnection {
    /// The imports of the page, each with its cursor.
    pub edges: Vec<ImportEdge>,
    /// The imports of the page.
    pub nodes: Vec<Import>,
    /// Where the page stands in the list.
    pub page_info: PageInfo,
    /// Imports from the start of this page on, in the direction of paging, this page included; counted up to 500.
    pub estimated_remaining_count: i32,
    /// The page size in force.
    pub per_page: i32,
    /// The filters applied, one entry each, normalized.
    pub filtered_by: Vec<ImportFilteredBy>,
    /// The sort keys applied, in their order; the hidden tie-break is not shown.
    pub sorted_by: Vec<ImportSortedBy>,
}

/// An import and its place in the list.
#[derive(Clone, Debug, SimpleObject)]
pub struct ImportEdge {
    /// The import's position under this sort: for `after` and `before`, and for `start_cursor` of the REST API.
    pub cursor: String,
    /// The import.
    pub node: Import,
}

/// A filter that was applied: one key is set, the rest are null.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct ImportFilteredBy {
    /// The filter on the state.
    pub status: Option<ImportStatusIncluded>,
    /// A bound on the time of the upload.
    pub created_at: Option<DateTimeBound>,
    /// A bound on the time of the last change.
    pub updated_at: Option<DateTimeBound>,
}

/// The states that were included.
#[derive(Clone, Debug, SimpleObject)]
pub struct ImportStatusIncluded {
    /// The states, each once.
    pub include: Vec<ImportStatus>,
}

/// A bound that was applied: one key is set, the rest are null.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct DateTimeBound {
    /// Before this instant.
    pub lt: Option<DateTime>,
    /// Before or at this instant.
    pub lte: Option<DateTime>,
    /// After this instant.
    pub gt: Option<DateTime>,
    /// At or after this instant.
    pub gte: Option<DateTime>,
}

/// A sort key that was applied: one key is set, the rest are null.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct ImportSortedBy {
    /// By the id of the REST API.
    pub id: Option<SortDirection>,
    /// By the time of the upload.
    pub created_at: Option<SortDirection>,
    /// By the time of the last change.
    pub updated_at: Option<SortDirection>,
}

/// What a selection of a connection needs to be read.
pub(super) fn wanted(selected: &[Selected]) -> Wanted {
    let mut wanted = Wanted {
        rows: None,
        flags: false,
        count: false,
    };
    let mut need = |fields: Fields| wanted.rows = Some(wanted.rows.unwrap_or(Fields::NONE).union(fields));
    for field in selected {
        match field.name.as_str() {
            "edges" => {
                need(Fields::NONE);
                let nodes = field.fields.iter().filter(|field| field.name == "node");
                nodes.filter_map(|node| fields(&node.fields)).for_each(&mut need);
            }
            "nodes" => need(fields(&field.fields).unwrap_or(Fields::NONE)),
            "pageInfo" if has_cursor(&field.fields) => need(Fields::NONE),
            _ => {}
        }
    }
    let page_info = |name| {
        let mut infos = selected.iter().filter(|field| field.name == "pageInfo");
        infos.any(|info| Selected::contains(&info.fields, name))
    };
    wanted.flags = page_info("hasNextPage") || page_info("hasPreviousPage");
    wanted.count = Selected::contains(selected, "estimatedRemainingCount");
    wanted
}

fn has_cursor(page_info: &[Selected]) -> bool {
    Selected::contains(page_info, "startCursor") || Selected::contains(page_info, "endCursor")
}

/// A listing that writes itself as a connection.
pub(super) struct Answer {
    pub listing: Listing,
    pub question: Question,
}

impl Answer {
    fn cursor(&self, row: &imports::Model) -> CursorText {
        keyset::encode_row(self.question.window.order(), row)
    }

    fn page_info(&self) -> PageInfo {
        let rows = &self.listing.rows;
        PageInfo {
            has_next_page: self.listing.has_next,
            has_previous_page: self.listing.has_previous,
            start_cursor: rows.first().map(|row| self.cursor(row).as_str().to_owned()),
            end_cursor: rows.last().map(|row| self.cursor(row).as_str().to_owned()),
        }
    }
}

impl Composite for Answer {
    fn type_name(&self) -> &'static str {
        "ImportConnection"
    }

    fn field(&self, selected: &Selected, json: &mut Json) {
        let (rows, fields) = (&self.listing.rows, &selected.fields);
        match selected.name.as_str() {
            "edges" => json.list(rows, |json, row| Edge { answer: self, row }.write(fields, json)),
            "nodes" => json.list(rows, |json, row| Row(row).write(fields, json)),
            "pageInfo" => self.page_info().write(fields, json),
            "estimatedRemainingCount" => json.number(i64::try_from(self.listing.count).unwrap_or(i64::MAX)),
            "perPage" => json.number(i64::from(self.question.per_page)),
            "filteredBy" => json.list(filtered_by(&self.question), |json, entry| {
                entry.write(fields, json)
            }),
            "sortedBy" => json.list(&self.question.keys, |json, key| Sorted(*key).write(fields, json)),
            _ => json.null(),
        }
    }
}

struct Edge<'a> {
    answer: &'a Answer,
    row: &'a imports::Model,
}

impl Composite for Edge<'_> {
    fn type_name(&self) -> &'static str {
        "ImportEdge"
    }

    fn field(&self, selected: &Selected, json: &mut Json) {
        match selected.name.as_str() {
            "cursor" => json.plain(self.answer.cursor(self.row).as_str().as_bytes()),
            "node" => Row(self.row).write(&selected.fields, json),
            _ => json.null(),
        }
    }
}

/// One filter of the echo.
enum Filtered<'a> {
    Status(&'a [entity::ImportStatus]),
    Created(Bound),
    Updated(Bound),
}

fn filtered_by(question: &Question) -> Vec<Filtered<'_>> {
    let asked = &question.asked;
    let statuses = asked.statuses.iter().map(|statuses| Filtered::Status(statuses));
    let created = asked.created.iter().map(|bound| Filtered::Created(*bound));
    let updated = asked.updated.iter().map(|bound| Filtered::Updated(*bound));
    statuses.chain(created).chain(updated).collect()
}

impl Composite for Filtered<'_> {
    fn type_name(&self) -> &'static str {
        "ImportFilteredBy"
    }

    fn field(&self, selected: &Selected, json: &mut Json) {
        let fields = &selected.fields;
        match (selected.name.as_str(), self) {
            ("status", Self::Status(statuses)) => Included(statuses).write(fields, json),
            ("createdAt", Self::Created(bound)) | ("updatedAt", Self::Updated(bound)) => {
                bound.write(fields, json)
            }
            _ => json.null(),
        }
    }
}

struct Included<'a>(&'a [entity::ImportStatus]);

impl Composite for Included<'_> {
    fn type_name(&self) -> &'static str {
        "ImportStatusIncluded"
    }

    fn field(&self, _: &Selected, json: &mut Json) {
        json.list(self.0, |json, status| {
            json.plain(graphql_name(*status).as_bytes())
        });
    }
}

impl Composite for Bound {
    fn type_name(&self) -> &'static str {
        "DateTimeBound"
    }

    fn field(&self, selected: &Selected, json: &mut Json) {
        let name = match self.operator {
            Operator::Lt => "lt",
            Operator::Lte => "lte",
            Operator::Gt => "gt",
            Operator::Gte => "gte",
        };
        if selected.name == name {
            DateTime(self.moment).write(json)
        } else {
            json.null()
        }
    }
}

struct Sorted(Key<Column>);

impl Composite for Sorted {
    fn type_name(&self) -> &'static str {
        "ImportSortedBy"
    }

    fn field(&self, selected: &Selected, json: &mut Json) {
        let direction: &[u8] = match self.0.direction {
            Direction::Asc => b"ASC",
            Direction::Desc => b"DESC",
        };
        match (selected.name.as_str(), self.0.column) {
            ("id", Column::Id) | ("createdAt", Column::CreatedAt) | ("updatedAt", Column::UpdatedAt) => {
                json.plain(direction);
            }
            _ => json.null(),
        }
    }
}
