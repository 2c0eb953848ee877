//! The questions: one list of requests a case, the same rows behind each.
//!
//! Takes the servers and the positions, gives [`Case`]s whose first answers were looked at. Deliberately absent:
//! timing.

use super::{
    client::{Request, ask},
    fixture::{ACCOUNT, Position, Positions},
    load::Target,
};
use crate::json::{quote, text};

/// Connections of a run that asks for throughput.
pub(super) const CONNECTIONS: u32 = 32;

/// One line of the table.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) target: Target,
    pub(super) requests: Vec<Request>,
    pub(super) connections: u32,
}

/// The names of the cases, for the ratios.
pub(super) mod name {
    pub(in crate::bench) const FLOOR: &str = "bare REST, 50 rows";
    pub(in crate::bench) const FLOOR_5: &str = "bare REST, 5 rows";
    pub(in crate::bench) const PAGE: &str = "GraphQL, 50 rows";
    pub(in crate::bench) const PAGE_5: &str = "GraphQL, 5 rows";
    pub(in crate::bench) const EARLIER: &str = "earlier build: GraphQL, 50 rows";
    pub(in crate::bench) const EARLIER_5: &str = "earlier build: GraphQL, 5 rows";
    pub(in crate::bench) const INCLUDE: &str = "GraphQL, 50 rows by @include";
    pub(in crate::bench) const COUNT: &str = "GraphQL, 50 rows and count";
    pub(in crate::bench) const STATUSES: &str = "GraphQL, 50 rows of three statuses";
    pub(in crate::bench) const REST: &str = "REST, 50 rows";
    pub(in crate::bench) const POSTGRAPHILE: &str = "PostGraphile 5, 50 rows";
    pub(in crate::bench) const FIRST: &str = "GraphQL, first page, one connection";
    pub(in crate::bench) const DEEP: &str = "GraphQL, page at depth, one connection";
}

/// The nine fields, as each server names them.
const NODE: &str = "databaseId completedAt fileName fileSize note type status createdAt updatedAt";

/// A page by the gateway's GraphQL; `more` is selected too.
pub(super) fn page(rows: u32, after: Option<&str>, statuses: &[String], more: &str) -> Request {
    let query = format!(
        "query ImportsPage($first: Int, $after: String, $filter: ImportFilter) {{
  imports(first: $first, after: $after, filter: $filter, sort: [{{createdAt: DESC}}]) {{
    edges {{
      cursor
      node {{ {NODE} }}
    }}
    pageInfo {{ hasNextPage endCursor }}
    {more}
  }}
}}"
    );
    let after = after.map_or("null".to_owned(), quote);
    let filter = if statuses.is_empty() {
        "null".to_owned()
    } else {
        let names: Vec<String> = statuses
            .iter()
            .map(|status| quote(&status.to_uppercase()))
            .collect();
        format!(r#"{{"status":{{"include":[{}]}}}}"#, names.join(","))
    };
    let variables = format!(r#"{{"first":{rows},"after":{after},"filter":{filter}}}"#);
    Request::graphql(&query, &variables)
}

/// Pages from these positions on.
pub(super) fn pages(positions: &[Position], rows: u32, statuses: &[String], more: &str) -> Vec<Request> {
    let cursors = positions.iter().map(|position| position.cursor.as_str());
    cursors
        .map(|cursor| page(rows, Some(cursor), statuses, more))
        .collect()
}

/// The same pages, asked for with a condition on each edge and on the page information.
fn pages_by_include(positions: &[Position]) -> Vec<Request> {
    let mut requests = pages(positions, 50, &[], "");
    for body in requests.iter_mut().filter_map(|request| request.body.as_mut()) {
        *body = body
            .replace("$filter: ImportFilter)", "$filter: ImportFilter, $is: Boolean!)")
            .replace("node {", "node @include(if: $is) {")
            .replace("pageInfo {", "pageInfo @include(if: $is) {")
            .replace(r#""variables":{"#, r#""variables":{"is":true,"#);
    }
    requests
}

fn bare(positions: &[Position], rows: u32) -> Vec<Request> {
    let paths = positions
        .iter()
        .map(|at| format!("/imports?created_at={}&id={}&rows={rows}", at.created_at, at.id));
    paths.map(Request::get).collect()
}

fn rest(positions: &[Position]) -> Vec<Request> {
    let paths = positions.iter().map(|at| {
        format!(
            "/api/v1/imports?per_page=50&sort%5Bcreated_at%5D=desc&start_cursor={}",
            at.cursor
        )
    });
    paths.map(Request::get).collect()
}

/// The servers to ask; PostGraphile may be left out.
#[derive(Debug)]
pub(super) struct Targets<'a> {
    pub(super) floor: &'a Target,
    pub(super) gateway: &'a Target,
    pub(super) earlier: Option<&'a Target>,
    pub(super) postgraphile: Option<&'a Target>,
}

/// All cases, each answered once with as many rows as it asks for.
///
/// # Errors
///
/// An answer that isn't what it should be.
pub(super) fn all(targets: &Targets<'_>, at: &Positions, statuses: &[String]) -> Result<Vec<Case>, String> {
    let Targets { floor, gateway, .. } = *targets;
    let count = "estimatedRemainingCount";
    let first = vec![page(50, None, &[], "")];
    let mut cases = vec![
        case(name::FLOOR, floor, bare(&at.spread, 50)),
        case(name::PAGE, gateway, pages(&at.spread, 50, &[], "")),
        case(name::FLOOR_5, floor, bare(&at.spread, 5)),
        case(name::PAGE_5, gateway, pages(&at.spread, 5, &[], "")),
        case(name::INCLUDE, gateway, pages_by_include(&at.spread)),
        case(name::COUNT, gateway, pages(&at.spread, 50, &[], count)),
        case(name::STATUSES, gateway, pages(&at.spread, 50, statuses, "")),
        case(name::REST, gateway, rest(&at.spread)),
    ];
    if let Some(target) = targets.earlier {
        cases.insert(2, case(name::EARLIER, target, pages(&at.spread, 50, &[], "")));
        cases.push(case(name::EARLIER_5, target, pages(&at.spread, 5, &[], "")));
    }
    if let Some(target) = targets.postgraphile {
        cases.push(case(
            name::POSTGRAPHILE,
            target,
            postgraphile(target, &at.spread)?,
        ));
    }
    for (name, requests) in [(name::FIRST, first), (name::DEEP, pages(&at.deep, 50, &[], ""))] {
        cases.push(Case {
            connections: 1,
            ..case(name, gateway, requests)
        });
    }
    cases.iter().try_for_each(check)?;
    Ok(cases)
}

fn case(name: &'static str, target: &Target, requests: Vec<Request>) -> Case {
    Case {
        name,
        target: target.clone(),
        requests,
        connections: CONNECTIONS,
    }
}

/// Looks at an answer from the middle of the case.
fn check(case: &Case) -> Result<(), String> {
    let request = &case.requests[case.requests.len() / 2];
    let answer = ask(&case.target.address, case.target.key.as_deref(), request)?;
    let wanted = if case.name.contains(", 5 rows") { 5 } else { 50 };
    let found = answer.matches("\"fileName\"").count() + answer.matches("\"file_name\"").count();
    if found == wanted && !answer.contains("\"errors\"") {
        Ok(())
    } else {
        Err(format!("{}: {found} rows of {wanted} in {answer}", case.name))
    }
}

/// PostGraphile's own best: a connection over the same index, ordered to the end by its columns.
fn postgraphile(target: &Target, positions: &[Position]) -> Result<Vec<Request>, String> {
    let query = |variables: &str, window: &str, condition: &str, fields: &str| {
        format!(
            "query ImportsPage{variables} {{
  allImports({window}, orderBy: [CREATED_AT_DESC, ROW_ID_DESC],
    condition: {{accountId: \"{ACCOUNT}\"{condition}}}) {{
    edges {{
      cursor
      node {{ {fields} }}
    }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"
        )
    };
    let fields = NODE.replace("databaseId", "rowId");
    let ask_for = query(
        "($first: Int, $after: Cursor)",
        "first: $first, after: $after",
        "",
        &fields,
    );
    let requests = positions.iter().map(|at| {
        // Asked for by its key alone, a connection of one row fails in this version; a burst of the generator has 500.
        let condition = format!(", createdAt: \"{}\"", at.created_at);
        let one = query("", "first: 500", &condition, "rowId").replace("cursor\n", "");
        let one = one.replace("node { rowId }", "node { rowId } cursor");
        let answer = ask(&target.address, None, &Request::graphql(&one, "{}"))?;
        let found = answer.split_once(&format!("\"rowId\":\"{}\"", at.id));
        let cursor = found.and_then(|(_, found)| text(found, "cursor"));
        let cursor = cursor.ok_or_else(|| format!("PostGraphile: {answer}"))?;
        let variables = format!(r#"{{"first":50,"after":{}}}"#, quote(cursor));
        Ok(Request::graphql(&ask_for, &variables))
    });
    requests.collect()
}
