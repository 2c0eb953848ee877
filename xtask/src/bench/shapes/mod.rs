//! What each kind of question costs the database: buffers and milliseconds, read from the server's own log.
//!
//! Takes a filled cluster and the gateway; asks a gateway of its own, whose database role has every statement explained
//! as it runs (`auto_explain`), once with plans made for the values and once with generic ones. So what is measured is
//! what the service sends, not a copy of it. Deliberately absent: load; one request at a time.

mod questions;

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use self::questions::questions;
use super::{
    client::{Request, ask},
    cluster::Cluster,
    fixture::Positions,
    load::Target,
    servers,
};

/// What the statements of one request cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Cost {
    pub(super) statements: u32,
    /// Found in memory or read, each time that one is touched.
    pub(super) buffers: u64,
    pub(super) ms: f64,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) custom: Cost,
    pub(super) generic: Cost,
    /// The most buffers that it may touch, where that is promised.
    pub(super) bound: Option<u64>,
}

impl Shape {
    pub(super) fn holds(&self) -> bool {
        self.bound
            .is_none_or(|bound| self.custom.buffers <= bound && self.generic.buffers <= bound)
    }
}

/// Asks every question under both kinds of plans.
///
/// # Errors
///
/// In words.
pub(super) fn measure(
    cluster: &Cluster,
    gateway: &Path,
    key: &str,
    positions: &Positions,
    folder: &Path,
) -> Result<Vec<Shape>, String> {
    let questions = questions(positions);
    let mut costs = Vec::new();
    for (role, plans) in [
        ("custom_plans", "force_custom_plan"),
        ("generic_plans", "force_generic_plan"),
    ] {
        make_role(cluster, role, plans)?;
        let server = servers::gateway(
            "gateway",
            cluster,
            gateway,
            &cluster.url_of(role),
            key,
            &folder.join(format!("{role}.log")),
            servers::RateLimit::Off,
        )?;
        let each = questions
            .iter()
            .map(|question| cost(cluster, &server.target, &question.request));
        costs.push(each.collect::<Result<Vec<_>, _>>()?);
    }
    let generic = costs.pop().unwrap_or_default();
    let custom = costs.pop().unwrap_or_default();
    let both = questions.into_iter().zip(custom.into_iter().zip(generic));
    let shapes = both.map(|(question, (custom, generic))| Shape {
        name: question.name,
        custom,
        generic,
        bound: question.bound,
    });
    Ok(shapes.collect())
}

/// A role whose statements are explained as they run, with plans of one kind.
///
/// # Errors
///
/// In words.
pub(super) fn make_role(cluster: &Cluster, role: &str, plans: &str) -> Result<(), String> {
    if cluster
        .ask(&format!("SELECT 1 FROM pg_roles WHERE rolname = '{role}'"))?
        .is_empty()
    {
        cluster.ask(&format!("CREATE ROLE {role} SUPERUSER LOGIN"))?;
    }
    for (setting, value) in [
        ("session_preload_libraries", "auto_explain"),
        ("plan_cache_mode", plans),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_analyze", "on"),
        ("auto_explain.log_buffers", "on"),
        ("auto_explain.log_timing", "off"),
    ] {
        cluster.ask(&format!(
            "LOAD 'auto_explain'; ALTER ROLE {role} SET {setting} = '{value}'"
        ))?;
    }
    Ok(())
}

/// The cost of a request that was asked before, so that plans are made and pages are in memory.
///
/// # Errors
///
/// In words.
pub(super) fn cost(cluster: &Cluster, target: &Target, request: &Request) -> Result<Cost, String> {
    ask(&target.address, target.key.as_deref(), request)?;
    let unread = |error: std::io::Error| format!("{}: {error}", cluster.log().display());
    let mut log = File::open(cluster.log()).map_err(unread)?;
    log.seek(SeekFrom::End(0)).map_err(unread)?;
    // The server writes a plan before it ends the statement, so it stands there once we are answered.
    let answer = ask(&target.address, target.key.as_deref(), request)?;
    if answer.contains("\"errors\"") {
        return Err(format!("{:?}: {answer}", request.body));
    }
    let mut text = String::new();
    log.read_to_string(&mut text).map_err(unread)?;
    Ok(read(&text))
}

/// Adds up the explained statements that touch imports.
///
/// Source: auto_explain's text format: a line with the duration, then the plan, each line behind a tab, the root's
/// buffers first.
fn read(log: &str) -> Cost {
    let mut cost = Cost::default();
    for entry in log.split("duration: ").skip(1) {
        let Some((ms, plan)) = entry.split_once(" ms  plan:") else {
            continue;
        };
        let end = plan
            .lines()
            .skip(1)
            .take_while(|line| line.starts_with('\t'))
            .collect::<Vec<_>>();
        // Whoever looks at the schema, once a second, names the table too.
        let names = |word| end.iter().any(|line| line.contains(word));
        if !names("imports") || names("to_regclass") {
            continue;
        }
        let buffers = end
            .iter()
            .find_map(|line| line.trim().strip_prefix("Buffers: shared "));
        let count = |kind: &str| {
            let found = buffers?.split(' ').find_map(|word| word.strip_prefix(kind));
            found?.parse::<u64>().ok()
        };
        cost.statements += 1;
        cost.ms += ms.trim().parse().unwrap_or(0.0);
        cost.buffers += count("hit=").unwrap_or(0) + count("read=").unwrap_or(0);
    }
    cost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_of_a_request_are_added_up_by_their_roots() {
        let log = "2026-11-01 10:00:00 UTC [7] LOG:  duration: 0.250 ms  plan:\n\
                   \tQuery Text: SELECT id FROM imports\n\
                   \tLimit  (cost=0.43..4.5 rows=51) (actual rows=51 loops=1)\n\
                   \t  Buffers: shared hit=50 read=4\n\
                   \t  ->  Index Scan using imports_created on imports\n\
                   \t        Buffers: shared hit=99\n\
                   2026-11-01 10:00:00 UTC [7] LOG:  duration: 1.000 ms  plan:\n\
                   \tQuery Text: SELECT 1 FROM accounts\n\
                   \t  Buffers: shared hit=3\n\
                   2026-11-01 10:00:00 UTC [7] LOG:  duration: 1.000 ms  plan:\n\
                   \tQuery Text: SELECT to_regclass('imports')\n\
                   \tResult\n\
                   \t  Buffers: shared hit=5\n\
                   2026-11-01 10:00:00 UTC [7] LOG:  duration: 0.500 ms  plan:\n\
                   \tQuery Text: SELECT count(*) FROM imports\n\
                   \tAggregate\n\
                   \t  Buffers: shared hit=6\n";
        let cost = read(log);
        assert_eq!((cost.statements, cost.buffers), (2, 60));
        assert!((cost.ms - 0.75).abs() < 1e-9);
    }

    #[test]
    fn a_shape_holds_only_under_both_kinds_of_plans() {
        let cost = |buffers| Cost {
            buffers,
            ..Cost::default()
        };
        let shape = |generic| Shape {
            name: String::new(),
            custom: cost(60),
            generic: cost(generic),
            bound: Some(69),
        };
        assert!(shape(69).holds());
        assert!(!shape(70).holds());
    }
}
