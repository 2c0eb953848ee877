//! The checks that are npm packages: a folder with a `package-lock.json` and a script `test`.
//!
//! Takes the folder and what its output counts, gives an [`Outcome`]. Deliberately absent: a server that runs
//! already, and a fixed port: each check has a demo of its own.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    iter,
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant, SystemTime},
};

use crate::{
    cargo::{debug_gateway, program, root},
    leash::{Leash, command},
    test::{Counts, Outcome},
    watch::{Seen, Watch},
};

/// How long a demo may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(120);

/// How the output of a check is read, line by line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) counts: fn(&str) -> Option<Counts>,
    /// The name of a check that fails.
    pub(crate) failed: fn(&str) -> Option<&str>,
    /// A check that the machine lacks something for, and what.
    pub(crate) left_out: fn(&str) -> Option<&str>,
}

/// Runs the script `test` of the package in `folder` with these arguments: the URL of the GraphQL of a running gateway, a
/// key to it, whose account has as many imports, and the options that the gateway was started with. `OTHER_KEY` is a key of
/// another account, `GATEWAY` the program. The gateway is built, the package installed.
pub(crate) fn against_gateway(
    watch: &Watch,
    limit: Duration,
    folder: &str,
    rows: u32,
    options: &[&str],
    reading: Reading,
) -> Outcome {
    // What a check asks for in a second depends on the machine.
    let unlimited = [&["--rate-limit", "off"], options].concat();
    match Gateway::start(watch, rows, &unlimited) {
        Err(fault) => Outcome::new(Counts::default(), Err(fault)),
        Ok(gateway) => {
            let url = format!("{}/graphql", gateway.told.url);
            let [key, other] = &gateway.told.keys;
            let script = ["test", "--silent", "--", &url, key];
            let mut script = npm(folder, &[&script, options].concat());
            script.env("OTHER_KEY", other).env("GATEWAY", debug_gateway());
            read_checks(watch, &script, limit, reading)
        }
    }
}

/// As [`against_gateway`], with two gateways that serve MCP, whose URLs and keys are four arguments: the budgets of the
/// second have ten points.
pub(crate) fn against_mcp(
    watch: &Watch,
    limit: Duration,
    folder: &str,
    rows: u32,
    reading: Reading,
) -> Outcome {
    let start = |rate_limit| Gateway::start(watch, rows, &["--mcp", "on", "--rate-limit", rate_limit]);
    match start("off").and_then(|open| Ok((open, start("1")?))) {
        Err(fault) => Outcome::new(Counts::default(), Err(fault)),
        Ok((open, poor)) => {
            let urls = [&open, &poor].map(|gateway| format!("{}/graphql", gateway.told.url));
            let told = [urls[0].as_str(), &open.told.keys[0], &urls[1], &poor.told.keys[0]];
            let script = npm(folder, &[&["test", "--silent", "--"], &told[..]].concat());
            read_checks(watch, &script, limit, reading)
        }
    }
}

/// Runs a program that prints the outcomes of checks.
pub(crate) fn read_checks(watch: &Watch, command: &Command, limit: Duration, reading: Reading) -> Outcome {
    let mut counts = Counts::default();
    let mut failed: Vec<String> = Vec::new();
    let mut left_out: Vec<String> = Vec::new();
    let ended = watch.follow(command, limit, |seen| {
        if let Seen::Output(line) = seen {
            counts += (reading.counts)(line).unwrap_or_default();
            let name = (reading.failed)(line).filter(|name| !failed.iter().any(|one| one == name));
            failed.extend(name.map(str::to_owned));
            left_out.extend((reading.left_out)(line).map(str::to_owned));
        }
        Ok(())
    });
    Outcome::new(counts, ended).naming(failed).leaving_out(left_out)
}

/// How the audit of GraphQL over HTTP is read.
pub(crate) const GRAPHQL_HTTP: Reading = Reading {
    counts: graphql_http,
    failed: failed_audit,
    left_out: |_| None,
};

/// The counts in `graphql-http: 60 of 61`.
fn graphql_http(line: &str) -> Option<Counts> {
    passed_of_all(line, "graphql-http: ")
}

/// How the comparison of the executor with graphql-js is read.
pub(crate) const EXECUTOR_ORACLE: Reading = Reading {
    counts: executor_oracle,
    failed: |_| None,
    left_out: |_| None,
};

/// The counts in `executor-oracle: 19999 of 20000`.
fn executor_oracle(line: &str) -> Option<Counts> {
    passed_of_all(line, "executor-oracle: ")
}

/// How the run of linters and clients is read.
pub(crate) const TOOLS: Reading = Reading {
    counts: tools,
    failed: |line| line.strip_prefix("failed "),
    left_out: |line| line.strip_prefix("left out "),
};

/// The counts in `tools: 10 of 11`.
fn tools(line: &str) -> Option<Counts> {
    passed_of_all(line, "tools: ")
}

/// How the run of composers and federation gateways is read.
pub(crate) const FEDERATION: Reading = Reading {
    counts: federation,
    failed: |line| line.strip_prefix("failed "),
    left_out: |_| None,
};

/// The counts in `federation: 22 of 23`.
fn federation(line: &str) -> Option<Counts> {
    passed_of_all(line, "federation: ")
}

/// How the run of clients of MCP is read.
pub(crate) const MCP: Reading = Reading {
    counts: mcp,
    failed: |line| line.strip_prefix("failed "),
    left_out: |_| None,
};

/// The counts in `mcp: 69 of 70`.
fn mcp(line: &str) -> Option<Counts> {
    passed_of_all(line, "mcp: ")
}

/// How the run of the client of graphql-ws is read.
pub(crate) const GRAPHQL_WS: Reading = Reading {
    counts: graphql_ws,
    failed: |line| line.strip_prefix("failed "),
    left_out: |_| None,
};

/// The counts in `graphql-ws: 31 of 32`.
fn graphql_ws(line: &str) -> Option<Counts> {
    passed_of_all(line, "graphql-ws: ")
}

fn passed_of_all(line: &str, start: &str) -> Option<Counts> {
    let (passed, all) = line.strip_prefix(start)?.split_once(" of ")?;
    let passed: u64 = passed.parse().ok()?;
    Some(Counts {
        passed,
        failed: all.parse::<u64>().ok()?.saturating_sub(passed),
    })
}

/// The name in `error 86EE MUST ...`; another word than `ok` tells how an audit ended.
fn failed_audit(line: &str) -> Option<&str> {
    let (outcome, name) = line.split_once(' ')?;
    ["notice", "warn", "error", "broken"]
        .contains(&outcome)
        .then_some(name)
}

/// A command of npm in a folder of the repository.
pub(crate) fn npm(folder: &str, arguments: &[&str]) -> Command {
    let mut command = program("npm");
    command.current_dir(root().join(folder)).args(arguments);
    command
}

/// Installs exactly what the lock file names, unless that was done since it changed.
///
/// # Errors
/// npm's, or that it took longer than the limit.
pub(crate) fn install(watch: &Watch, limit: Duration, folder: &str) -> Result<(), String> {
    let changed = |file: &str| -> io::Result<SystemTime> {
        fs::metadata(root().join(folder).join(Path::new(file)))?.modified()
    };
    let locked =
        changed("package-lock.json").map_err(|error| format!("{folder}/package-lock.json: {error}"))?;
    // npm writes this file last.
    if changed("node_modules/.package-lock.json").is_ok_and(|installed| installed >= locked) {
        return Ok(());
    }
    watch.say(&format!(
        "installing the packages of {folder}/ with npm, which is silent for up to some minutes"
    ));
    // What it warns of, as packages that would rather have another Node.js, the lock file has settled.
    let install = npm(folder, &["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
    watch.run(&install, limit)
}

/// A demo of the gateway that ends when dropped.
#[derive(Debug)]
struct Gateway {
    told: Told,
    _process: Leash,
}

/// What a demo prints when it answers.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    url: String,
    /// Of two accounts.
    keys: [String; 2],
}

impl Gateway {
    /// Starts the gateway that was built, with options of `demo`.
    fn start(watch: &Watch, rows: u32, options: &[&str]) -> Result<Self, String> {
        let binary = debug_gateway();
        let mut demo = command([binary.as_os_str()]);
        demo.args(["demo", "--no-live", "--listen", "127.0.0.1:0"])
            .args(["--rows", &rows.to_string()])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(watch.standard_error());
        let mut process = Leash::spawn(demo)?;
        let (sender, lines) = mpsc::channel();
        let output = process.outputs().0.map(BufReader::new);
        thread::spawn(move || {
            // Goes on after nobody listens, so that the demo may print what it likes.
            for line in output.into_iter().flat_map(BufRead::lines).map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let until = Instant::now() + START_LIMIT;
        let mut said = Vec::new();
        let told = read(iter::from_fn(|| {
            let left = until.saturating_duration_since(Instant::now());
            let line = lines.recv_timeout(left).ok()?;
            said.push(line.clone());
            Some(line)
        }));
        match told {
            Some(told) => Ok(Self {
                told,
                _process: process,
            }),
            None => {
                let ended = match process.ended() {
                    Some(status) => status.to_string(),
                    None => format!("it was ended after {} s", START_LIMIT.as_secs()),
                };
                Err(format!(
                    "the demo told no URL and key ({ended}); it said: {}",
                    said.join(" / ")
                ))
            }
        }
    }
}

/// Reads lines until the URL and the first two keys are known, in whatever order they come.
fn read(lines: impl Iterator<Item = String>) -> Option<Told> {
    let mut url = None;
    let mut keys = Vec::new();
    for line in lines {
        if let Some((_, rest)) = line.split_once("listening on ") {
            url = rest.split_whitespace().next().map(str::to_owned);
        }
        let is_apart = |sign: char| !(sign.is_ascii_alphanumeric() || sign == '_');
        let key = line.split(is_apart).find(|word| word.starts_with("igw_"));
        // The demo shows a key again in what one may try.
        keys.extend(key.map(str::to_owned).filter(|key| !keys.contains(key)));
        if let (Some(url), [first, second, ..]) = (&url, keys.as_slice()) {
            return Some(Told {
                url: url.clone(),
                keys: [first.clone(), second.clone()],
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Option<Told> {
        read(text.lines().map(str::to_owned))
    }

    #[test]
    fn the_url_and_the_first_two_keys_are_read_in_either_order() {
        let told = Told {
            url: "http://127.0.0.1:4711".into(),
            keys: ["igw_a1".into(), "igw_b2".into()],
        };
        let keys = "Acme     `igw_a1`\nagain    `igw_a1`\nGlobex   `igw_b2`\n";
        let address = "listening on http://127.0.0.1:4711\n";
        assert_eq!(read_text(&format!("{keys}{address}")).as_ref(), Some(&told));
        assert_eq!(read_text(&format!("{address}{keys}")).as_ref(), Some(&told));
        assert_eq!(read_text(address), None);
        assert_eq!(read_text(keys), None);
    }

    #[test]
    fn the_counts_of_the_audits_are_read_from_their_last_line() {
        assert_eq!(
            graphql_http("graphql-http: 60 of 61"),
            Some(Counts {
                passed: 60,
                failed: 1
            })
        );
        let warning = "warn 86EE SHOULD use a status code of 400";
        assert_eq!(graphql_http(warning), None);
        assert_eq!(
            failed_audit(warning),
            Some("86EE SHOULD use a status code of 400")
        );
        assert_eq!(failed_audit("graphql-http: 60 of 61"), None);
        let all = |passed| Some(Counts { passed, failed: 0 });
        assert_eq!(executor_oracle("executor-oracle: 20000 of 20000"), all(20_000));
        assert_eq!(executor_oracle("graphql-http: 60 of 61"), None);
        assert_eq!(tools("tools: 11 of 11"), all(11));
        assert_eq!(mcp("mcp: 66 of 66"), all(66));
        assert_eq!(mcp("tools: 11 of 11"), None);
        assert_eq!(graphql_ws("graphql-ws: 32 of 32"), all(32));
        assert_eq!(graphql_ws("graphql-http: 61 of 61"), None);
        assert_eq!(tools("failed promtool"), None);
        assert_eq!(federation("federation: 23 of 23"), all(23));
        assert_eq!((FEDERATION.failed)("failed hive composes"), Some("hive composes"));
        assert_eq!((TOOLS.failed)("failed promtool"), Some("promtool"));
        assert_eq!(
            (TOOLS.left_out)("left out promtool: not there"),
            Some("promtool: not there")
        );
    }
}
