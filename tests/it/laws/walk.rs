//! The oracle: a list filtered and sorted here, what each page of it must be, and the walks over it.
//!
//! Takes a [`Door`] to the service, the rows behind it and a question; panics where a page differs from the list.
//! Deliberately absent: how an answer comes about, in memory or over a socket.

use entity::imports;
use serde_json::{Value as Json, json};

use super::question::{Filter, Sort};
use crate::gauntlet;

const DOCUMENT: &str = "query (
    $first: Int, $after: String, $last: Int, $before: String, $filter: ImportFilter, $sort: [ImportSort!]
) {
    imports(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
        edges { cursor node { databaseId } }
        nodes { databaseId createdAt updatedAt status }
        pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
        estimatedRemainingCount
    }
}";

const CAP: usize = 500;

/// A way to the service, as one account.
pub(crate) trait Door {
    /// The data of a document that must be without errors; none where there is no more time to ask.
    async fn data(&self, document: &str, variables: Json) -> Option<Json>;
}

/// The list that the service pages, and one question about it.
pub(crate) struct Walk<'a, D> {
    door: &'a D,
    sort: &'a Sort,
    filter: &'a Filter,
    pub(crate) list: Vec<&'a imports::Model>,
}

/// A page by its place in the list.
#[derive(Clone, Copy, Debug)]
struct Expected {
    start: usize,
    end: usize,
    count: usize,
}

impl<'a, D: Door> Walk<'a, D> {
    pub(crate) fn new(
        door: &'a D,
        rows: impl IntoIterator<Item = &'a imports::Model>,
        sort: &'a Sort,
        filter: &'a Filter,
    ) -> Self {
        let mut list: Vec<_> = rows.into_iter().filter(|row| filter.admits(row)).collect();
        list.sort_by(|left, right| sort.compare(left, right));
        Self {
            door,
            sort,
            filter,
            list,
        }
    }

    /// Asks for a page, and holds all of it against the list.
    async fn check(&self, mut paging: Json, expected: Expected) {
        paging["filter"] = self.filter.argument();
        let Some(data) = self.door.data(DOCUMENT, paging.clone()).await else {
            return;
        };
        let rows = &self.list[expected.start..expected.end];
        let edges: Vec<_> = rows
            .iter()
            .map(|row| json!({"cursor": self.sort.cursor(row), "node": {"databaseId": row.id.to_string()}}))
            .collect();
        let nodes: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({
                    "databaseId": row.id.to_string(),
                    "createdAt": row.created_at.to_string(),
                    "updatedAt": row.updated_at.to_string(),
                    "status": row.status.name().to_uppercase(),
                })
            })
            .collect();
        let page_info = json!({
            "hasPreviousPage": expected.start > 0,
            "hasNextPage": expected.end < self.list.len(),
            "startCursor": edges.first().map(|edge| &edge["cursor"]),
            "endCursor": edges.last().map(|edge| &edge["cursor"]),
        });
        let page = json!({
            "edges": edges,
            "nodes": nodes,
            "pageInfo": page_info,
            "estimatedRemainingCount": expected.count.min(CAP),
        });
        assert!(
            data["imports"] == page,
            "{paging}\nof {:?}\nexpected {expected:?} {}\nfound {}\nexpected {page:#}\nfound {:#}",
            self.sort,
            page["pageInfo"],
            data["imports"]["pageInfo"],
            data["imports"]
        );
        gauntlet::add("pages held against the sorted list", 1);
        gauntlet::add("rows of these pages", rows.len() as u64);
    }

    /// Pages through the list from its start, or its end, or from a position; `most` pages at the most.
    pub(crate) async fn walk(&self, backward: bool, size: usize, from: Option<&imports::Model>, most: usize) {
        let length = self.list.len();
        let [size_argument, bound_argument] = if backward {
            ["last", "before"]
        } else {
            ["first", "after"]
        };
        let mut place = match from {
            None if backward => length,
            None => 0,
            Some(row) => self.place(row, !backward),
        };
        let mut cursor = from.map(|row| self.sort.cursor(row));
        for page in 0..most {
            let mut paging = json!({size_argument: size, bound_argument: cursor});
            // A cursor carries its sort: every other page leaves it out.
            if cursor.is_none() || page % 2 == 0 {
                paging["sort"] = self.sort.argument();
            }
            let expected = if backward {
                Expected {
                    start: place.saturating_sub(size),
                    end: place,
                    count: place,
                }
            } else {
                Expected {
                    start: place,
                    end: length.min(place + size),
                    count: length - place,
                }
            };
            self.check(paging, expected).await;
            place = if backward { expected.start } else { expected.end };
            if place == if backward { 0 } else { length } {
                return;
            }
            cursor = Some(
                self.sort
                    .cursor(self.list[if backward { place } else { place - 1 }]),
            );
        }
    }

    /// How many rows of the list lie before a position; that row too, where it is `included`.
    pub(crate) fn place(&self, row: &imports::Model, included: bool) -> usize {
        self.list.partition_point(|other| {
            let ordering = self.sort.compare(other, row);
            ordering.is_lt() || included && ordering.is_eq()
        })
    }

    /// Asks for the rows between two positions.
    pub(crate) async fn window(
        &self,
        backward: bool,
        size: usize,
        after: Option<&imports::Model>,
        before: Option<&imports::Model>,
    ) {
        let low = after.map_or(0, |row| self.place(row, true));
        let high = before.map_or(self.list.len(), |row| self.place(row, false));
        let crossed = matches!((after, before), (Some(after), Some(before)) if self.sort.compare(after, before).is_ge());
        let expected = match (crossed, backward) {
            (true, _) => Expected {
                start: low,
                end: low,
                count: 0,
            },
            (false, false) => Expected {
                start: low,
                end: high.min(low + size),
                count: high - low,
            },
            (false, true) => Expected {
                start: low.max(high.saturating_sub(size)),
                end: high,
                count: high - low,
            },
        };
        let cursor = |row: Option<&imports::Model>| row.map(|row| self.sort.cursor(row));
        let paging = json!({
            if backward { "last" } else { "first" }: size,
            "after": cursor(after),
            "before": cursor(before),
            "sort": self.sort.argument(),
        });
        self.check(paging, expected).await;
    }
}
