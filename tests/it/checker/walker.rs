//! A client that walks through a list by GraphQL and notes what it was answered, and when.
//!
//! Takes a door to the service, gives walks and has them judged. It knows nothing of what the pages must be.

use entity::{ImportStatus, imports};
use imports_gateway::rfc3339;
use serde_json::{Value as Json, json};

use super::history::{History, Page, Walk};
use super::judge::judge;
use crate::databases::instant;
use crate::gauntlet;
use crate::laws::question::{Filter, Sort};
use crate::laws::walk::Door;
use crate::rng::Rng;

const DOCUMENT: &str = "query (
    $first: Int, $after: String, $last: Int, $before: String, $filter: ImportFilter, $sort: [ImportSort!],
    $counts: Boolean!
) {
    imports(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
        edges {
            cursor
            node { databaseId completedAt fileName fileSize note type status createdAt updatedAt }
        }
        pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
        estimatedRemainingCount @include(if: $counts)
    }
}";

/// Violations that a failure repeats; a walk that breaks one rule often breaks it on every page.
const TOLD: usize = 8;

/// Walks once through an account's imports, in any order, with any filter, either way; `most` pages at the most. None
/// where there is no more time to ask.
pub(crate) async fn walk<D: Door>(
    door: &D,
    history: &History,
    account_id: i64,
    rng: &mut Rng,
    largest: usize,
    most: usize,
) -> Option<Walk> {
    let rows: Vec<imports::Model> = {
        let (now, writes) = (history.now(), history.writes());
        writes
            .keys(account_id)
            .filter_map(|key| writes.stood(key, now, now).cloned())
            .collect()
    };
    // A filter needs a row to be near to.
    let is_filtered = !rows.is_empty() && rng.one_in(2);
    let filter = if is_filtered {
        Filter::any(rng, &rows)
    } else {
        Filter::default()
    };
    let mut walk = Walk {
        account_id,
        sort: Sort::any(rng),
        filter,
        backward: rng.one_in(2),
        size: 1 + rng.below(largest),
        pages: Vec::new(),
    };
    let mut cursor = None;
    while walk.pages.len() < most {
        let page = ask(door, history, &walk, cursor.as_deref(), rng).await?;
        cursor = if walk.backward {
            &page.start_cursor
        } else {
            &page.end_cursor
        }
        .clone();
        let goes_on = page.goes_on(walk.backward);
        walk.pages.push(page);
        if !goes_on {
            break;
        }
    }
    Some(walk)
}

async fn ask<D: Door>(
    door: &D,
    history: &History,
    walk: &Walk,
    cursor: Option<&str>,
    rng: &mut Rng,
) -> Option<Page> {
    let [size, bound] = if walk.backward {
        ["last", "before"]
    } else {
        ["first", "after"]
    };
    let mut variables = json!({
        size: walk.size,
        bound: cursor,
        "filter": walk.filter.argument(),
        "counts": rng.one_in(3),
    });
    // A cursor carries its sort.
    if cursor.is_none() || rng.one_in(2) {
        variables["sort"] = walk.sort.argument();
    }
    let invoked = history.now();
    let data = door.data(DOCUMENT, variables).await?;
    let returned = history.now();
    let (found, info) = (&data["imports"], &data["imports"]["pageInfo"]);
    let row = |edge: &Json| (import(walk.account_id, &edge["node"]), text(&edge["cursor"]));
    Some(Page {
        invoked,
        returned,
        rows: found["edges"].as_array().unwrap().iter().map(row).collect(),
        has_next: info["hasNextPage"].as_bool().unwrap(),
        has_previous: info["hasPreviousPage"].as_bool().unwrap(),
        start_cursor: info["startCursor"].as_str().map(ToOwned::to_owned),
        end_cursor: info["endCursor"].as_str().map(ToOwned::to_owned),
        count: found["estimatedRemainingCount"]
            .as_u64()
            .map(|count| count as usize),
    })
}

/// An import as it is shown.
fn import(account_id: i64, node: &Json) -> imports::Model {
    let status = text(&node["status"]).to_lowercase();
    imports::Model {
        account_id,
        id: text(&node["databaseId"]).parse().unwrap(),
        completed_at: node["completedAt"].as_str().map(moment),
        file_name: text(&node["fileName"]),
        file_size: text(&node["fileSize"]).parse().unwrap(),
        note: node["note"].as_str().map(ToOwned::to_owned),
        kind: text(&node["type"]),
        status: ImportStatus::from_name(&status).unwrap(),
        created_at: moment(node["createdAt"].as_str().unwrap()),
        updated_at: moment(node["updatedAt"].as_str().unwrap()),
    }
}

fn moment(text: &str) -> entity::Instant {
    let parsed = rfc3339::parse(text).unwrap();
    assert_eq!(parsed.submicro_nanos, 0, "{text} is finer than what is stored");
    instant(parsed.micros)
}

fn text(value: &Json) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// Panics where a walk breaks a rule.
#[track_caller]
pub(crate) fn assert_sound(walk: &Walk, history: &History) {
    let violations = judge(walk, &history.writes());
    gauntlet::add("walks judged by the checker", 1);
    gauntlet::add("pages of these walks", walk.pages.len() as u64);
    gauntlet::add("violations found by the checker", violations.len() as u64);
    let told: Vec<String> = violations
        .iter()
        .take(TOLD)
        .map(|violation| format!("\n  {violation}"))
        .collect();
    assert!(
        violations.is_empty(),
        "{} violations:{}\nin a walk of {} pages of {}, {}, by {:?}, of {:?}",
        violations.len(),
        told.concat(),
        walk.pages.len(),
        walk.size,
        if walk.backward { "backward" } else { "forward" },
        walk.sort,
        walk.filter
    );
}
