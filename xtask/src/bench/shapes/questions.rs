//! The questions of the shape table, with what each may touch where that is promised.
//!
//! Takes positions in the large account, gives requests to the gateway. Deliberately absent: their statements, which are
//! the gateway's.

use super::super::{
    client::Request,
    fixture::{Position, Positions},
};
use crate::json::quote;

/// A request whose statements are explained.
pub(super) struct Question {
    pub(super) name: String,
    pub(super) request: Request,
    pub(super) bound: Option<u64>,
}

/// Each sort in both directions, without a filter and with statuses, near the start, in the middle and deep; counts;
/// ranges on the sort's own column and on the other one.
pub(super) fn questions(positions: &Positions) -> Vec<Question> {
    let middle = &positions.spread[positions.spread.len() / 2];
    let deep = &positions.deep[0];
    let mut questions = Vec::new();
    let rare = ["UNSUPPORTED", "ROLLED_BACK", "INCOMPLETE"];
    let all = [
        "NEW",
        "QUEUED",
        "PROCESSING",
        "PARTIALLY_COMPLETE",
        "FAILED",
        "COMPLETE",
        "INCOMPLETE",
        "ROLLED_BACK",
        "ROLLING_BACK",
        "UNSUPPORTED",
    ];
    let sets: [(&str, &[&str]); 5] = [
        ("", &[]),
        (", one rare status", &rare[..1]),
        (", three rare statuses", &rare),
        (", nine statuses", &all[..9]),
        (", all ten statuses", &all),
    ];
    for sort in ["id", "createdAt", "updatedAt"] {
        for direction in ["DESC", "ASC"] {
            for (what, statuses) in sets {
                for count in [false, true] {
                    questions.push(question(sort, direction, what, statuses, count, None));
                }
            }
            let from_the_middle = match sort {
                "id" => None,
                column => Some((
                    format!(", {column} from the middle on"),
                    format!(r#""{column}":{{"{}":"{}"}}"#, side(direction), middle.created_at),
                )),
            };
            if let Some((what, range)) = from_the_middle {
                questions.push(question(sort, direction, &what, &[], false, Some(range)));
            }
        }
    }
    for (what, at) in [("middle", middle), ("95 %", deep)] {
        for rows in [5, 50, 100] {
            questions.push(at_depth(what, at, rows));
        }
    }
    questions.extend(other_instant(positions));
    questions
}

/// The operator whose range a sort of this direction walks into.
fn side(direction: &str) -> &'static str {
    if direction == "DESC" { "lte" } else { "gte" }
}

fn question(
    sort: &str,
    direction: &str,
    what: &str,
    statuses: &[&str],
    count: bool,
    range: Option<String>,
) -> Question {
    let list: Vec<String> = statuses.iter().map(|status| quote(status)).collect();
    let status = (!list.is_empty()).then(|| format!(r#""status":{{"include":[{}]}}"#, list.join(",")));
    let parts: Vec<String> = status.into_iter().chain(range).collect();
    let more = if count { 525 } else { 0 };
    Question {
        name: format!(
            "{sort} {}{what}{}",
            direction.to_lowercase(),
            if count { ", with count" } else { "" }
        ),
        request: request(50, sort, direction, "null", &parts.join(","), count),
        bound: Some(51 + 8 * statuses.len().max(1) as u64 + 10 + more),
    }
}

fn at_depth(what: &str, at: &Position, rows: u32) -> Question {
    Question {
        name: format!("createdAt desc, {rows} rows at {what}"),
        request: request(rows, "createdAt", "DESC", &quote(&at.cursor), "", false),
        bound: Some(u64::from(rows) + 1 + 8 + 10),
    }
}

/// A range on one instant, sorted by the other: no promise but the range.
fn other_instant(positions: &Positions) -> Vec<Question> {
    let spread = &positions.spread;
    let at = |percent: usize| spread[(spread.len() - 1) * percent / 100].created_at.as_str();
    let mut questions = Vec::new();
    for (what, newest, oldest) in [("1 %", 50, 51), ("10 %", 45, 55), ("50 %", 25, 75)] {
        for (range, sort) in [("createdAt", "updatedAt"), ("updatedAt", "createdAt")] {
            for direction in ["DESC", "ASC"] {
                let between = format!(
                    r#""{range}":{{"between":{{"gte":"{}","lt":"{}"}}}}"#,
                    at(oldest),
                    at(newest)
                );
                questions.push(Question {
                    name: format!(
                        "{sort} {}, {range} within {what} of the list",
                        direction.to_lowercase()
                    ),
                    request: request(50, sort, direction, "null", &between, false),
                    bound: None,
                });
            }
        }
    }
    questions
}

fn request(rows: u32, sort: &str, direction: &str, after: &str, filter: &str, count: bool) -> Request {
    let more = if count { "estimatedRemainingCount" } else { "" };
    let query = format!(
        "query ($first: Int, $after: String, $filter: ImportFilter) {{
  imports(first: $first, after: $after, filter: $filter, sort: [{{{sort}: {direction}}}]) {{
    edges {{ cursor node {{ databaseId completedAt fileName fileSize note type status createdAt updatedAt }} }}
    pageInfo {{ hasNextPage hasPreviousPage }}
    {more}
  }}
}}"
    );
    Request::graphql(
        &query,
        &format!(r#"{{"first":{rows},"after":{after},"filter":{{{filter}}}}}"#),
    )
}
