//! The pages of the gateway, the npm workspace in `web/`: built before the gateway, so that it carries them.
//!
//! Takes the sources, gives `web/dist`, made anew only where a source is younger. Deliberately absent: what is in it;
//! `web/package.json` says how it is built and tested.

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime},
};

use crate::{
    cargo::{debug_gateway, root},
    node::{Reading, install, npm, read_checks},
    test::{Counts, Outcome},
    watch::Watch,
};

const FOLDER: &str = "web";
/// How long each command of npm may take that builds the pages, where nothing says otherwise.
pub(crate) const LIMIT: Duration = Duration::from_secs(1_200);

/// Builds the pages, unless nothing has changed since.
///
/// # Errors
/// npm's, in words for the user; or that one of its commands took longer than the limit.
pub(crate) fn build(watch: &Watch, limit: Duration) -> Result<(), String> {
    install(watch, limit, FOLDER)?;
    let fault = |error: io::Error| format!("{FOLDER}: {error}");
    let sources = [root().join(FOLDER), root().join("schema.graphql")];
    let mut changed = SystemTime::UNIX_EPOCH;
    for source in &sources {
        changed = changed.max(youngest(source).map_err(fault)?);
    }
    let built = fs::metadata(root().join(FOLDER).join("dist/index.html")).and_then(|file| file.modified());
    if built.is_ok_and(|built| built >= changed) {
        return Ok(());
    }
    watch.say("building the pages, in half a minute or so");
    watch.run(&npm(FOLDER, &["run", "build", "--silent"]), limit)
}

/// Runs the tests of the pages against the gateway that was built.
pub(crate) fn test(watch: &Watch, limit: Duration) -> Outcome {
    let mut script = npm(FOLDER, &["test", "--silent"]);
    script.env("GATEWAY_BIN", debug_gateway());
    read_checks(
        watch,
        &script,
        limit,
        Reading {
            counts: count,
            failed: failed_test,
            left_out: |_| None,
        },
    )
}

/// The counts in node's closing lines `ℹ pass 5`, `ℹ fail 0` and `ℹ cancelled 0`.
fn count(line: &str) -> Option<Counts> {
    let (label, number) = line.strip_prefix("ℹ ")?.split_once(' ')?;
    let number = number.trim().parse().ok()?;
    match label {
        "pass" => Some(Counts {
            passed: number,
            failed: 0,
        }),
        // Those that were ended for their time are no failures to node.
        "fail" | "cancelled" => Some(Counts {
            passed: 0,
            failed: number,
        }),
        _ => None,
    }
}

/// The name in node's line `✖ NAME (12.3ms)`, of a file or a group too where one of its tests fails.
fn failed_test(line: &str) -> Option<&str> {
    let name = line.trim_start().strip_prefix("✖ ")?;
    let is_time = |time: &str| time.trim_end_matches("ms)").parse::<f64>().is_ok();
    let name = match name.rsplit_once(" (") {
        Some((name, time)) if is_time(time) => name,
        _ => name,
    };
    (name != "failing tests:").then_some(name)
}

/// When the youngest file at or below a path was changed; what npm and the build write is passed over.
fn youngest(path: &Path) -> io::Result<SystemTime> {
    if !path.is_dir() {
        return path.metadata()?.modified();
    }
    let mut changed = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_made = ["node_modules", "dist", "__generated__"]
            .iter()
            .any(|made| name == *made);
        if !is_made {
            changed = changed.max(youngest(&entry.path())?);
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_node_are_read_from_its_closing_lines() {
        assert_eq!(count("ℹ pass 5"), Some(Counts { passed: 5, failed: 0 }));
        assert_eq!(count("ℹ fail 2"), Some(Counts { passed: 0, failed: 2 }));
        assert_eq!(count("ℹ cancelled 1"), Some(Counts { passed: 0, failed: 1 }));
        assert_eq!(count("ℹ tests 7"), None);
        assert_eq!(count("pass 5"), None);
    }
    #[test]
    fn the_names_of_failed_tests_are_those_that_node_marks() {
        assert_eq!(
            failed_test("  ✖ walks to the end (120000.12ms)"),
            Some("walks to the end")
        );
        assert_eq!(failed_test("✖ shows (all) rows (5ms)"), Some("shows (all) rows"));
        assert_eq!(failed_test("✖ the dashboard"), Some("the dashboard"));
        assert_eq!(failed_test("✖ failing tests:"), None);
        assert_eq!(failed_test("  ✔ walks to the end (12ms)"), None);
    }
}
