//! What is measured over: accounts filled with generated imports, a key, and positions in the large account's list.
//!
//! Takes a cluster and the built gateway, whose own commands do the filling. Deliberately absent: rows of our own
//! making; the gateway's generator gives the same ones every time.

use std::{path::Path, process::Command};

use super::{
    client::{Request, ask},
    cluster::Cluster,
    load::Target,
};
use crate::{cargo::program, json::text};

/// The other accounts, which share half as many imports as the large one has.
pub(super) const OTHERS: u64 = 10;

/// Positions over the whole list.
const SPREAD: u64 = 300;
/// Positions at 95 % of the list.
const DEEP: u64 = 100;

/// The large account's id; the first that is made.
pub(super) const ACCOUNT: i64 = 1;

/// Brings the schema up and fills the database, unless a run before has.
///
/// # Errors
///
/// In words.
pub(super) fn fill(cluster: &Cluster, gateway: &Path, rows: u64) -> Result<(), String> {
    let url = cluster.url();
    let command = |words: &[&str]| command(gateway, &url, words);
    command(&["migrate", "up"])?;
    const FILLED: &str =
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()";
    if cluster.ask(FILLED)? != "filled" {
        cluster.ask("TRUNCATE imports, api_tokens, accounts RESTART IDENTITY CASCADE")?;
        for account in 0..=OTHERS {
            let made = command(&["account", "create", "--name", &format!("Account {account}")])?;
            let id = made
                .lines()
                .find_map(|line| line.strip_prefix("id: "))
                .unwrap_or_default();
            let of_account = if account == 0 { rows } else { rows / 2 / OTHERS };
            println!("filling account {id} with {of_account} imports");
            command(&["seed", "--account", id, "--rows", &of_account.to_string()])?;
        }
        cluster.comment("filled")?;
    }
    // Each time: what a migration has added since is neither vacuumed nor known yet.
    cluster.ask("VACUUM ANALYZE")?;
    Ok(())
}

/// A new key to an account; the large one is [`ACCOUNT`], the others follow it.
///
/// # Errors
///
/// In words.
pub(super) fn key(cluster: &Cluster, gateway: &Path, account: i64) -> Result<String, String> {
    let made = command(
        gateway,
        &cluster.url(),
        &["token", "create", "--account", &account.to_string()],
    )?;
    Ok(made.trim().to_owned())
}

/// Runs a command of the gateway; gives what it prints.
///
/// # Errors
///
/// What it says.
pub(super) fn command(gateway: &Path, url: &str, words: &[&str]) -> Result<String, String> {
    let mut command: Command = program(&gateway.to_string_lossy());
    let answer = command.args(words).env("DATABASE_URL", url).output();
    let answer = answer.map_err(|error| format!("the gateway can't be started: {error}"))?;
    if answer.status.success() {
        Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&answer.stderr);
        Err(format!("imports-gateway {}: {said}", words.join(" ")))
    }
}

/// A row of the large account, as each server names its place in the list, newest creation first.
#[derive(Clone, Debug)]
pub(super) struct Position {
    pub(super) id: String,
    pub(super) created_at: String,
    /// The gateway's cursor.
    pub(super) cursor: String,
}

/// Positions drawn from the list, the same ones each time.
#[derive(Clone, Debug)]
pub(super) struct Positions {
    /// Over all of it.
    pub(super) spread: Vec<Position>,
    /// At a depth of 95 %.
    pub(super) deep: Vec<Position>,
    /// How deep those are. **Unit**: rows.
    pub(super) depth: u64,
}

/// Draws positions, and asks the gateway for their cursors.
///
/// # Errors
///
/// In words.
pub(super) fn positions(cluster: &Cluster, gateway: &Target, rows: u64) -> Result<Positions, String> {
    let depth = rows / 100 * 95;
    let statement = format!(
        "SELECT created_at, id, place FROM (
           SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS created_at, id,
             row_number() OVER (ORDER BY created_at DESC, id DESC) AS place
           FROM imports WHERE account_id = {ACCOUNT}) AS list
         WHERE place % {} = 1 OR place BETWEEN {depth} AND {}",
        rows.div_ceil(SPREAD + 1),
        depth + DEEP
    );
    let mut positions = Positions {
        spread: Vec::new(),
        deep: Vec::new(),
        depth,
    };
    for line in cluster.ask(&statement)?.lines() {
        let mut columns = line.split('\t');
        let (Some(created_at), Some(id), Some(place)) = (columns.next(), columns.next(), columns.next())
        else {
            return Err(format!("psql: {line}"));
        };
        let place: u64 = place.parse().map_err(|_| format!("psql: {line}"))?;
        let position = Position {
            id: id.to_owned(),
            created_at: created_at.to_owned(),
            cursor: cursor(gateway, created_at, id)?,
        };
        if place >= depth && place <= depth + DEEP {
            positions.deep.push(position);
        } else if place + 101 < rows {
            positions.spread.push(position);
        }
    }
    if positions.spread.is_empty() || positions.deep.is_empty() {
        return Err("no positions drawn: the account has too few imports".to_owned());
    }
    Ok(positions)
}

/// The cursor of a row: it is among those of its instant, of which a burst makes less than a page.
fn cursor(gateway: &Target, created_at: &str, id: &str) -> Result<String, String> {
    const QUERY: &str = "query ($filter: ImportFilter, $after: String) {
        imports(first: 100, sort: [{createdAt: DESC}], filter: $filter, after: $after) {
            edges { node { databaseId } cursor }
            pageInfo { endCursor }
        }
    }";
    let mut after = "null".to_owned();
    // A burst of the generator has 500 imports at most.
    for _ in 0..6 {
        let variables = format!(r#"{{"filter":{{"createdAt":{{"lte":"{created_at}"}}}},"after":{after}}}"#);
        let answer = ask(
            &gateway.address,
            gateway.key.as_deref(),
            &Request::graphql(QUERY, &variables),
        )?;
        if let Some((_, found)) = answer.split_once(&format!("\"databaseId\":\"{id}\"")) {
            let cursor = text(found, "cursor").ok_or("an edge without a cursor")?;
            return Ok(cursor.to_owned());
        }
        let end = text(&answer, "endCursor").ok_or_else(|| format!("no page at {created_at}: {answer}"))?;
        after = format!("\"{end}\"");
    }
    Err(format!("import {id} is not at {created_at}"))
}
