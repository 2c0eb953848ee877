//! The checks that are npm packages: a folder with a `package-lock.json` and a script `test`.
//!
//! Takes the folder and what its output counts, gives an [`Outcome`]. Deliberately absent: a server that runs
//! already, and a fixed port: each check has a demo of its own.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::SystemTime,
};

use crate::{
    cargo::{cargo, finish, follow, program, root},
    test::{Counts, Outcome},
};

/// Runs the script `test` of the package in `folder` with two arguments: the URL of a running gateway's GraphQL and a
/// key to it.
///
/// **Shape:** `count` reads the counts from the line of the output that has them.
pub(crate) fn against_gateway(folder: &str, count: fn(&str) -> Option<Counts>) -> Outcome {
    let mut counts = Counts::default();
    let ended = install(folder)
        .and_then(|()| Gateway::start())
        .and_then(|gateway| {
            let url = format!("{}/graphql", gateway.told.url);
            let mut script = npm(folder, &["test", "--silent", "--", &url, &gateway.told.key]);
            follow(&mut script, |line| counts += count(line).unwrap_or_default())
        });
    Outcome::new(counts, ended)
}

/// The counts in `graphql-http: 60 of 61`.
pub(crate) fn graphql_http(line: &str) -> Option<Counts> {
    passed_of_all(line.strip_prefix("graphql-http: ")?)
}

/// The counts in `tools: 10 of 11`.
pub(crate) fn tools(line: &str) -> Option<Counts> {
    passed_of_all(line.strip_prefix("tools: ")?)
}

fn passed_of_all(counts: &str) -> Option<Counts> {
    let (passed, all) = counts.split_once(" of ")?;
    let passed: u64 = passed.parse().ok()?;
    Some(Counts {
        passed,
        failed: all.parse::<u64>().ok()?.saturating_sub(passed),
    })
}

pub(crate) fn npm(folder: &str, arguments: &[&str]) -> Command {
    let mut command = program("npm");
    command.current_dir(root().join(folder)).args(arguments);
    command
}

/// Installs exactly what the lock file names, unless that was done since it changed.
pub(crate) fn install(folder: &str) -> Result<(), String> {
    let changed = |file: &str| -> io::Result<SystemTime> {
        fs::metadata(root().join(folder).join(Path::new(file)))?.modified()
    };
    let locked =
        changed("package-lock.json").map_err(|error| format!("{folder}/package-lock.json: {error}"))?;
    // npm writes this file last.
    if changed("node_modules/.package-lock.json").is_ok_and(|installed| installed >= locked) {
        return Ok(());
    }
    finish(&mut npm(folder, &["ci", "--no-audit", "--no-fund"]))
}

/// A demo of the gateway that ends when dropped.
#[derive(Debug)]
struct Gateway {
    process: Child,
    told: Told,
}

/// What a demo prints when it answers.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    url: String,
    key: String,
}

impl Gateway {
    fn start() -> Result<Self, String> {
        // The process becomes the gateway once that is built, so ending it ends the gateway.
        let mut demo = cargo(&["run", "--quiet", "--bin", "imports-gateway", "--"]);
        demo.args(["demo", "--rows", "200", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null());
        let mut process = demo
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cargo can't be started: {error}"))?;
        let mut output = process
            .stdout
            .take()
            .map(BufReader::new)
            .into_iter()
            .flat_map(BufRead::lines);
        let told = read(output.by_ref().map_while(Result::ok));
        // From here on the demo may print what it likes without waiting for a reader.
        thread::spawn(move || output.for_each(drop));
        let Some(told) = told else {
            // It has closed its output, which doesn't mean that it is gone.
            let _ = process.kill();
            let ended = process
                .wait()
                .map_or_else(|error| error.to_string(), |status| status.to_string());
            return Err(format!("the demo told no URL and key ({ended})"));
        };
        Ok(Self { process, told })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Where it has ended already there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads lines until the URL and the first key are known, in whatever order they come.
fn read(lines: impl Iterator<Item = String>) -> Option<Told> {
    let mut url = None;
    let mut key = None;
    for line in lines {
        if let Some((_, rest)) = line.split_once("listening on ") {
            url = rest.split_whitespace().next().map(str::to_owned);
        }
        let is_apart = |sign: char| !(sign.is_ascii_alphanumeric() || sign == '_');
        key = key.or_else(|| {
            line.split(is_apart)
                .find(|word| word.starts_with("igw_"))
                .map(str::to_owned)
        });
        if let (Some(url), Some(key)) = (&url, &key) {
            return Some(Told {
                url: url.clone(),
                key: key.clone(),
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
    fn the_url_and_the_first_key_are_read_in_either_order() {
        let told = Told {
            url: "http://127.0.0.1:4711".into(),
            key: "igw_a1".into(),
        };
        let keys = "Acme     `igw_a1`\nGlobex   `igw_b2`\n";
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
        assert_eq!(graphql_http("warn 86EE SHOULD use a status code of 400"), None);
        assert_eq!(
            tools("tools: 11 of 11"),
            Some(Counts {
                passed: 11,
                failed: 0
            })
        );
        assert_eq!(tools("failed promtool"), None);
    }
}
