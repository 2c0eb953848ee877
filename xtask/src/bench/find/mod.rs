//! What finding costs: searches, filters and counts over time, beside the statements that one would write without us.
//!
//! Takes a filled cluster and the gateway; asks in one large account, with the index of trigrams and without it, in one of
//! many small accounts, and on SQLite. Each question is asked by turns with its plain statement. The cluster is left as it
//! was, but for a database of small accounts, which the next run finds again. Deliberately absent: load; one request at a
//! time.

mod questions;
mod sqlite;
mod writes;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use self::questions::{Question, questions};
use super::{
    chart::number,
    client::{Connection, Request},
    cluster::{Cluster, DATABASE},
    figures::{Ratio, middle},
    fixture::{self, ACCOUNT},
    load::Target,
    servers::{self, Server},
    shapes::{self, Cost},
};
use crate::json::text;

/// Imports of each small account.
const SMALL: u64 = 2_000;
/// The database of the small accounts.
const MANY: &str = "bench_many";
/// Of the partial pages of a search: as many as an account of a thousand million imports has.
const PAGES: u32 = 20_000;
/// For each question, how often its first page is asked in a repetition.
const AGAIN: u32 = 3;

/// What one question cost in one place.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) place: String,
    pub(super) name: &'static str,
    /// Rows that the first answer has.
    pub(super) rows: usize,
    /// When it was asked for the very first time. **Unit**: milliseconds.
    pub(super) cold_ms: f64,
    /// The first page. **Unit**: milliseconds, each repetition's middle.
    pub(super) first_ms: Vec<f64>,
    /// Page after page until it is not partial any more. **Unit**: milliseconds, one a repetition.
    pub(super) whole_ms: Vec<f64>,
    pub(super) pages: u32,
    /// The plain statement. **Unit**: milliseconds, one a repetition; empty where there is none.
    pub(super) plain_ms: Vec<f64>,
    /// At PostgreSQL; none on SQLite.
    pub(super) cost: Option<Cost>,
}

/// All that was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) lines: Vec<Line>,
    pub(super) ratios: Vec<Ratio>,
    /// The indexes of imports. **Unit**: bytes.
    pub(super) indexes: Vec<(String, u64)>,
    /// Imports stored a second, by `load`.
    pub(super) loads: Vec<(&'static str, f64)>,
}

/// What is measured with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) gateway: &'a Path,
    /// An earlier build, for what `load` takes.
    pub(super) earlier: Option<&'a Path>,
    pub(super) key: &'a str,
    pub(super) folder: &'a Path,
    pub(super) rows: u64,
    pub(super) repetitions: u32,
}

/// Asks everything.
///
/// # Errors
///
/// In words.
pub(super) fn measure(setting: &Setting<'_>) -> Result<Found, String> {
    let cluster = setting.cluster;
    let questions = questions(cluster)?;
    let large = format!("{} in one account", number(setting.rows as f64));
    let with = format!("{large}, trigrams");
    let mut lines = in_place(setting, &large, DATABASE, ACCOUNT, setting.key, &questions)?;
    fixture::command(
        setting.gateway,
        &cluster.url(),
        &["migrate", "up", "--search-index", "trigram"],
    )?;
    let searches: Vec<_> = questions
        .iter()
        .filter(|question| question.is_search)
        .cloned()
        .collect();
    let indexed = in_place(setting, &with, DATABASE, ACCOUNT, setting.key, &searches);
    let indexes = indexes(cluster);
    // Whatever came of it, the cluster is as it was.
    fixture::command(
        setting.gateway,
        &cluster.url(),
        &["migrate", "down", "--search-index", "trigram"],
    )?;
    let indexes = indexes?;
    lines.extend(indexed?);

    let accounts = (setting.rows / SMALL).max(2);
    let key = fill_many(setting, accounts)?;
    let small = format!("{} accounts of {}", number(accounts as f64), number(SMALL as f64));
    lines.extend(in_place(
        setting,
        &small,
        MANY,
        (accounts / 2) as i64,
        &key,
        &questions,
    )?);
    lines.extend(sqlite::measure(setting, &questions)?);
    let loads = writes::measure(setting)?;
    let mut ratios = ratios(&lines, &large, &with);
    ratios.extend(writes::ratios(&loads));
    let loads = loads
        .into_iter()
        .map(|(name, rates)| (name, middle(rates)))
        .collect();
    Ok(Found {
        lines,
        ratios,
        indexes,
        loads,
    })
}

/// Every question to an account of a database.
fn in_place(
    setting: &Setting<'_>,
    place: &str,
    database: &str,
    account: i64,
    key: &str,
    questions: &[Question],
) -> Result<Vec<Line>, String> {
    println!("finding: {place}");
    let cluster = setting.cluster;
    cluster.ask_to(database, "VACUUM ANALYZE imports")?;
    let serve = |name, url: &str| -> Result<Server, String> {
        let log = setting.folder.join(format!("find-{name}.log"));
        servers::gateway(
            "gateway",
            cluster,
            setting.gateway,
            url,
            key,
            &log,
            servers::RateLimit::Off,
        )
    };
    shapes::make_role(cluster, "find_plans", "auto")?;
    let explained = serve("explained", &cluster.url_to("find_plans", database))?;
    let gateway = serve("gateway", &cluster.url_to("gateway", database))?;
    let plain = |statement: &str| {
        let statement = statement.replace("{account}", &account.to_string());
        plain_ms(cluster, database, &statement)
    };
    let mut lines = Vec::new();
    for question in questions {
        let mut line = asked(place, question, &gateway.target, setting.repetitions, plain)?;
        line.cost = Some(shapes::cost(
            cluster,
            &explained.target,
            &question.request("null"),
        )?);
        lines.push(line);
    }
    Ok(lines)
}

/// One question, by turns with its plain statement.
fn asked(
    place: &str,
    question: &Question,
    target: &Target,
    repetitions: u32,
    plain: impl Fn(&str) -> Result<f64, String>,
) -> Result<Line, String> {
    let mut connection = Connection::open(&target.address, target.key.as_deref())?;
    // Another question of the same text, so that the document is known and the connection warm.
    timed(&mut connection, &question.with_term("warm up 0").request("null"))?;
    let (cold, answer) = timed(&mut connection, &question.request("null"))?;
    let mut line = Line {
        place: place.to_owned(),
        name: question.name,
        rows: answer.matches("\"fileName\"").count(),
        cold_ms: ms(cold),
        first_ms: Vec::new(),
        whole_ms: Vec::new(),
        pages: 0,
        plain_ms: Vec::new(),
        cost: None,
    };
    for _ in 0..repetitions {
        let mut each = Vec::new();
        for _ in 0..AGAIN {
            each.push(ms(timed(&mut connection, &question.request("null"))?.0));
        }
        line.first_ms.push(middle(each));
        if question.is_search {
            let (took, pages) = whole(&mut connection, question)?;
            line.whole_ms.push(ms(took));
            line.pages = pages;
        }
        if let Some(statement) = &question.plain {
            line.plain_ms.push(plain(statement)?);
        }
    }
    println!(
        "  {:<40} {:>9.2} ms, whole {:>9.2} ms, plain {:>9.2} ms",
        line.name,
        middle(line.first_ms.clone()),
        middle(line.whole_ms.clone()),
        middle(line.plain_ms.clone())
    );
    Ok(line)
}

/// All partial pages of a search, and the first that is not.
fn whole(connection: &mut Connection, question: &Question) -> Result<(Duration, u32), String> {
    let (mut sum, mut pages, mut after) = (Duration::ZERO, 0, "null".to_owned());
    loop {
        let (took, answer) = timed(connection, &question.request(&after))?;
        sum += took;
        pages += 1;
        if !answer.contains("\"isSearchPartial\":true") {
            return Ok((sum, pages));
        }
        let end =
            text(&answer, "endCursor").ok_or_else(|| format!("a partial page without an end: {answer}"))?;
        after = format!("\"{end}\"");
        if pages == PAGES {
            return Err(format!("{}: the pages of the search do not end", question.name));
        }
    }
}

fn timed(connection: &mut Connection, request: &Request) -> Result<(Duration, String), String> {
    let start = Instant::now();
    let answer = connection.answer(request)?;
    let took = start.elapsed();
    if answer.contains("\"errors\"") {
        return Err(format!("{:?}: {answer}", request.body));
    }
    Ok((took, answer))
}

/// How long PostgreSQL takes for a statement, its rows not sent.
fn plain_ms(cluster: &Cluster, database: &str, statement: &str) -> Result<f64, String> {
    let told = cluster.ask_to(database, &format!("EXPLAIN (ANALYZE, TIMING OFF) {statement}"))?;
    let line = told
        .lines()
        .find_map(|line| line.trim().strip_prefix("Execution Time: "));
    let ms = line.and_then(|line| line.strip_suffix(" ms")?.parse().ok());
    ms.ok_or_else(|| format!("no time in {told}"))
}

fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

/// The indexes of imports with their sizes.
fn indexes(cluster: &Cluster) -> Result<Vec<(String, u64)>, String> {
    let statement = "SELECT indexrelid::regclass, pg_relation_size(indexrelid) FROM pg_index
                     WHERE indrelid = 'imports'::regclass ORDER BY 2 DESC";
    let read = |line: &str| {
        let (name, bytes) = line.split_once('\t')?;
        Some((name.to_owned(), bytes.parse().ok()?))
    };
    let told = cluster.ask(statement)?;
    let indexes: Option<Vec<_>> = told.lines().map(read).collect();
    indexes.ok_or_else(|| format!("psql: {told}"))
}

/// The database of small accounts, made where it is not there; gives a key to one of them.
fn fill_many(setting: &Setting<'_>, accounts: u64) -> Result<String, String> {
    let cluster = setting.cluster;
    let url = cluster.url_to("gateway", MANY);
    cluster.make_database(MANY)?;
    fixture::command(setting.gateway, &url, &["migrate", "up"])?;
    let filled = cluster.ask_to(MANY, "SELECT count(*) FROM accounts")?;
    if filled != accounts.to_string() {
        println!("filling {accounts} accounts with {SMALL} imports each");
        cluster.ask_to(
            MANY,
            "TRUNCATE imports, api_tokens, accounts RESTART IDENTITY CASCADE",
        )?;
        fixture::command(setting.gateway, &url, &["account", "create", "--name", "First"])?;
        fixture::command(
            setting.gateway,
            &url,
            &["seed", "--account", "1", "--rows", &SMALL.to_string()],
        )?;
        // The columns that the database derives are left out.
        let columns = "id, completed_at, file_name, file_size, note, type, status, created_at, updated_at";
        cluster.ask_to(
            MANY,
            &format!(
                "INSERT INTO imports (account_id, {columns}) SELECT account, {columns} FROM imports,
                 generate_series(2, {accounts}) AS account WHERE account_id = 1"
            ),
        )?;
        // Last, as their number says that all is there.
        cluster.ask_to(
            MANY,
            &format!(
                "INSERT INTO accounts (name, token_hash, created_at)
                 SELECT 'Account ' || g, sha256(g::text::bytea), now() FROM generate_series(2, {accounts}) AS g"
            ),
        )?;
    }
    let account = (accounts / 2).to_string();
    Ok(
        fixture::command(setting.gateway, &url, &["token", "create", "--account", &account])?
            .trim()
            .to_owned(),
    )
}

/// The ratios that are wanted of the large account.
fn ratios(lines: &[Line], large: &str, with: &str) -> Vec<Ratio> {
    let line = |place: &str, name: &str| lines.iter().find(|line| line.place == place && line.name == name);
    let mut ratios = Vec::new();
    let mut add = |name, of: &[f64], to: &[f64], goal, floor| {
        let each: Vec<f64> = of.iter().zip(to).map(|(of, to)| of / to).collect();
        if !each.is_empty() {
            ratios.push(Ratio::new(name, &each, goal, floor));
        }
    };
    if let Some(none) = line(large, questions::NONE) {
        let searches = lines
            .iter()
            .filter(|line| line.place == large && !line.whole_ms.is_empty());
        // The slowest first answer of each repetition.
        let slowest = (0..none.plain_ms.len()).map(|turn| {
            let each = searches.clone().filter_map(|line| line.first_ms.get(turn));
            each.copied().fold(0.0, f64::max)
        });
        add(
            "ILIKE that finds nothing / slowest first answer of a search",
            &none.plain_ms,
            &slowest.collect::<Vec<_>>(),
            20.0,
            10.0,
        );
        add(
            "whole search that finds nothing / ILIKE",
            &none.whole_ms,
            &none.plain_ms,
            1.5,
            2.0,
        );
        if let Some(rare) = line(with, questions::RARE) {
            add(
                "ILIKE that finds nothing / rare name with trigrams",
                &none.plain_ms,
                &rare.first_ms,
                100.0,
                50.0,
            );
        }
    }
    if let Some(days) = line(large, questions::DAYS) {
        add(
            "GROUP BY day / importCounts",
            &days.plain_ms,
            &days.first_ms,
            50.0,
            25.0,
        );
    }
    ratios
}
