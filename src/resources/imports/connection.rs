//! The connection: a page with its edges, flags, count and echo.

use entity::imports;
use keyset::{CursorText, Direction, Key};

use super::arguments::{Question, SortDirection};
use super::filter::{Bound, Operator};
use super::node::{Import, ImportStatus, graphql_name};
use crate::json::Json;
use crate::list::{Listing, Wanted};
use crate::relay::PageInfo;
use crate::scalars::DateTime;
use crate::selection::declare::Declared;
use crate::selection::table::{Field, Needs, Object, below, leaf, object};
use crate::store::imports::{Column, Fields};

/// What must be read for a selection of a connection.
pub(super) fn wanted(needs: Needs) -> Wanted {
    Wanted {
        rows: needs.rows.then(|| Fields::of_bits(needs.columns)),
        flags: needs.flags,
        count: needs.count,
    }
}

/// The type `ImportConnection`.
#[derive(Debug)]
pub struct ImportConnection;

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

    fn page_info(&self) -> PageInfo {
        let rows = &self.listing.rows;
        PageInfo {
            has_next_page: self.listing.has_next,
            has_previous_page: self.listing.has_previous,
            start_cursor: rows.first().map(|row| self.cursor(row)),
            end_cursor: rows.last().map(|row| self.cursor(row)),
        }
    }
}

impl Object for ImportConnection {
    const NAME: &'static str = "ImportConnection";
    const DESCRIPTION: &'static str = "A page of imports.";
    const FIELDS: &'static [Field<Self>] = &[
        object::<Self, Vec<Declared<ImportEdge>>>(
            "edges",
            "The imports of the page, each with its cursor.",
            |selected| {
                below::<Self, ImportEdge>(selected, |edge, answer, json| {
                    json.list(&answer.listing.rows, |json, row| {
                        edge.write(Edge { answer, row }, json)
                    });
                })
            },
        )
        .needs(Needs::ROWS),
        object::<Self, Vec<Declared<Import>>>("nodes", "The imports of the page.", |selected| {
            below::<Self, Import>(selected, |import, answer, json| {
                json.list(&answer.listing.rows, |json, row| import.write(row, json));
            })
        })
        .needs(Needs::ROWS),
        object::<Self, Declared<PageInfo>>("pageInfo", "Where the page stands in the list.", |selected| {
            below::<Self, PageInfo>(selected, |info, answer, json| {
                info.write(&answer.page_info(), json);
            })
        }),
        leaf::<Self, i32>(
            "estimatedRemainingCount",
            "Imports from the start of this page on, in the direction of paging, this page included; counted up to 500.",
            |answer, json| json.number(i64::try_from(answer.listing.count).unwrap_or(i64::MAX)),
        )
        .needs(Needs::COUNT),
        leaf::<Self, i32>("perPage", "The page size in force.", |answer, json| {
            json.number(i64::from(answer.question.per_page));
        }),
        object::<Self, Vec<Declared<ImportFilteredBy>>>(
            "filteredBy",
            "The filters applied, one entry each, normalized.",
            |selected| {
                below::<Self, ImportFilteredBy>(selected, |entry, answer, json| {
                    json.list(filtered_by(&answer.question), |json, filter| {
                        entry.write(filter, json)
                    });
                })
            },
        ),
        object::<Self, Vec<Declared<ImportSortedBy>>>(
            "sortedBy",
            "The sort keys applied, in their order; the hidden tie-break is not shown.",
            |selected| {
                below::<Self, ImportSortedBy>(selected, |entry, answer, json| {
                    json.list(&answer.question.keys, |json, key| entry.write(*key, json));
                })
            },
        ),
    ];
    type Source<'a> = &'a Answer;
}

/// The type `ImportEdge`.
#[derive(Debug)]
struct ImportEdge;

/// What an edge is written from.
#[derive(Clone, Copy, Debug)]
struct Edge<'a> {
    answer: &'a Answer,
    row: &'a imports::Model,
}

impl Object for ImportEdge {
    const NAME: &'static str = "ImportEdge";
    const DESCRIPTION: &'static str = "An import and its place in the list.";
    const FIELDS: &'static [Field<Self>] = &[
        leaf::<Self, String>(
            "cursor",
            "The import's position under this sort: for `after` and `before`, and for `start_cursor` of the REST API.",
            |edge, json| json.plain(edge.answer.cursor(edge.row).as_str().as_bytes()),
        ),
        object::<Self, Declared<Import>>("node", "The import.", |selected| {
            below::<Self, Import>(selected, |import, edge, json| import.write(edge.row, json))
        }),
    ];
    type Source<'a> = Edge<'a>;
}

/// The type `ImportFilteredBy`.
#[derive(Debug)]
struct ImportFilteredBy;

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

impl Object for ImportFilteredBy {
    const NAME: &'static str = "ImportFilteredBy";
    const DESCRIPTION: &'static str = "A filter that was applied: one key is set, the rest are null.";
    const FIELDS: &'static [Field<Self>] = &[
        object::<Self, Option<Declared<ImportStatusIncluded>>>(
            "status",
            "The filter on the state.",
            |selected| {
                below::<Self, ImportStatusIncluded>(selected, |included, filter, json| match filter {
                    Filtered::Status(statuses) => included.write(statuses, json),
                    Filtered::Created(_) | Filtered::Updated(_) => json.null(),
                })
            },
        ),
        object::<Self, Option<Declared<DateTimeBound>>>(
            "createdAt",
            "A bound on the time of the upload.",
            |selected| {
                below::<Self, DateTimeBound>(selected, |bound, filter, json| match filter {
                    Filtered::Created(created) => bound.write(created, json),
                    Filtered::Status(_) | Filtered::Updated(_) => json.null(),
                })
            },
        ),
        object::<Self, Option<Declared<DateTimeBound>>>(
            "updatedAt",
            "A bound on the time of the last change.",
            |selected| {
                below::<Self, DateTimeBound>(selected, |bound, filter, json| match filter {
                    Filtered::Updated(updated) => bound.write(updated, json),
                    Filtered::Status(_) | Filtered::Created(_) => json.null(),
                })
            },
        ),
    ];
    type Source<'a> = Filtered<'a>;
}

/// The type `ImportStatusIncluded`.
#[derive(Debug)]
struct ImportStatusIncluded;

impl Object for ImportStatusIncluded {
    const NAME: &'static str = "ImportStatusIncluded";
    const DESCRIPTION: &'static str = "The states that were included.";
    const FIELDS: &'static [Field<Self>] = &[leaf::<Self, Vec<ImportStatus>>(
        "include",
        "The states, each once.",
        |statuses, json| {
            json.list(statuses, |json, status| {
                json.plain(graphql_name(*status).as_bytes())
            });
        },
    )];
    type Source<'a> = &'a [entity::ImportStatus];
}

/// The type `DateTimeBound`.
#[derive(Debug)]
struct DateTimeBound;

impl Object for DateTimeBound {
    const NAME: &'static str = "DateTimeBound";
    const DESCRIPTION: &'static str = "A bound that was applied: one key is set, the rest are null.";
    const FIELDS: &'static [Field<Self>] = &[
        leaf::<Self, Option<DateTime>>("lt", "Before this instant.", |bound, json| {
            write_bound(bound, Operator::Lt, json);
        }),
        leaf::<Self, Option<DateTime>>("lte", "Before or at this instant.", |bound, json| {
            write_bound(bound, Operator::Lte, json);
        }),
        leaf::<Self, Option<DateTime>>("gt", "After this instant.", |bound, json| {
            write_bound(bound, Operator::Gt, json);
        }),
        leaf::<Self, Option<DateTime>>("gte", "At or after this instant.", |bound, json| {
            write_bound(bound, Operator::Gte, json);
        }),
    ];
    type Source<'a> = Bound;
}

fn write_bound(bound: Bound, operator: Operator, json: &mut Json) {
    if bound.operator == operator {
        DateTime(bound.moment).write(json);
    } else {
        json.null();
    }
}

/// The type `ImportSortedBy`.
#[derive(Debug)]
struct ImportSortedBy;

impl Object for ImportSortedBy {
    const NAME: &'static str = "ImportSortedBy";
    const DESCRIPTION: &'static str = "A sort key that was applied: one key is set, the rest are null.";
    const FIELDS: &'static [Field<Self>] = &[
        leaf::<Self, Option<SortDirection>>("id", "By the id of the REST API.", |key, json| {
            write_direction(key, Column::Id, json);
        }),
        leaf::<Self, Option<SortDirection>>("createdAt", "By the time of the upload.", |key, json| {
            write_direction(key, Column::CreatedAt, json);
        }),
        leaf::<Self, Option<SortDirection>>("updatedAt", "By the time of the last change.", |key, json| {
            write_direction(key, Column::UpdatedAt, json);
        }),
    ];
    type Source<'a> = Key<Column>;
}

fn write_direction(key: Key<Column>, column: Column, json: &mut Json) {
    match key.direction {
        _ if key.column != column => json.null(),
        Direction::Asc => json.plain(b"ASC"),
        Direction::Desc => json.plain(b"DESC"),
    }
}
