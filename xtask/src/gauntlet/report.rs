//! The report: findings first, then what was done and its figures; as Markdown for people, as JSON for programs.
//!
//! Takes a gauntlet that has been run, gives files in its folder. Deliberately absent: judgement; a finding is one, and
//! a figure is only told.

use std::{fmt::Write as _, fs, process::Command};

use super::{
    Gauntlet, Outcome,
    findings::Finding,
    suites::{Database, ROUND, SOAK},
    summary,
};
use crate::{cargo::program, json::quote, machine::machine};

/// Writes both files; gives the Markdown.
///
/// # Errors
///
/// A file that can't be written.
pub(super) fn write(gauntlet: &Gauntlet) -> Result<String, String> {
    let save = |name: &str, text: &str| {
        let path = gauntlet.folder.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    let text = markdown(gauntlet);
    save("report.md", &text)?;
    save("report.json", &json(gauntlet))?;
    Ok(text)
}

/// The commit that is checked out, and whether anything differs from it.
fn commit() -> String {
    let answer = program("git").args(["describe", "--always", "--dirty"]).output();
    let answer = answer.ok().filter(|answer| answer.status.success());
    answer.map_or("unknown".into(), |answer| {
        String::from_utf8_lossy(&answer.stdout).trim().to_owned()
    })
}

fn markdown(gauntlet: &Gauntlet) -> String {
    let passed: u64 = gauntlet
        .outcomes
        .iter()
        .map(|outcome| outcome.counts.passed)
        .sum();
    let seconds = gauntlet.start.elapsed().as_secs();
    let mut text = format!(
        "# Gauntlet\n\n{}.\n\nCommit {}, seed {}: {} whole rounds in {} min {} s, {passed} tests passed, {} findings.\n",
        machine(),
        commit(),
        gauntlet.options.seed,
        gauntlet.rounds,
        seconds / 60,
        seconds % 60,
        gauntlet.findings.len()
    );
    if !gauntlet.findings.is_empty() {
        text.push_str("\n## Found\n\n");
        for finding in &gauntlet.findings {
            let _ = writeln!(text, "```text\n{finding}\n```\n");
        }
    }
    text.push_str(&summary::table(&gauntlet.figures));
    text.push_str(
        "\n## Runs\n\n| suite | database | runs to the end | cut off | tests passed | failed | s |\n|---|---|---|---|---|---|---|\n",
    );
    for outcome in &gauntlet.outcomes {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            outcome.suite.name,
            outcome.database.name(),
            outcome.runs,
            outcome.cut,
            outcome.counts.passed,
            outcome.counts.failed,
            outcome.time.as_secs()
        );
    }
    text.push_str(&figures(gauntlet));
    text.push_str("\n## Not run\n\n");
    for line in not_run(gauntlet) {
        let _ = writeln!(text, "- {line}");
    }
    text
}

/// A table for each suite that told figures.
fn figures(gauntlet: &Gauntlet) -> String {
    let mut text = String::new();
    for suite in std::iter::once(&SOAK).chain(&ROUND) {
        let names = gauntlet.figures.names(suite.name);
        if names.is_empty() {
            continue;
        }
        let (mut head, mut line) = (String::from("| |"), String::from("|---|"));
        for database in suite.databases {
            let _ = write!(head, " {} |", database.name());
            line.push_str("---|");
        }
        let _ = writeln!(
            text,
            "\n## {}{}\n\n{head}\n{line}",
            suite.name[..1].to_uppercase(),
            &suite.name[1..]
        );
        for name in names {
            let _ = write!(text, "| {name} |");
            for database in suite.databases {
                let number = gauntlet.figures.number(suite.name, *database, name);
                let _ = write!(text, " {} |", number.map_or("-".to_owned(), grouped));
            }
            text.push('\n');
        }
    }
    text
}

/// What a reader could take for checked, and is not.
fn not_run(gauntlet: &Gauntlet) -> Vec<String> {
    let mut lines = unfinished(&gauntlet.outcomes);
    if gauntlet
        .figures
        .number("full disk", Database::Sqlite, NO_DISK)
        .is_some()
    {
        lines.push("a full disk under SQLite: no small disk can be mounted here; root may.".to_owned());
    }
    lines
}

/// What `tests/it/full_disk.rs` tells where it could not be run.
const NO_DISK: &str = "full disks not tried, as none can be mounted here";

/// The suites that were never run to their end, and what needs a build of its own.
fn unfinished(outcomes: &[Outcome]) -> Vec<String> {
    let mut lines = Vec::new();
    for suite in std::iter::once(&SOAK).chain(&ROUND) {
        for database in suite.databases {
            let is_it =
                |outcome: &&Outcome| (outcome.suite.name, outcome.database) == (suite.name, *database);
            if outcomes
                .iter()
                .find(is_it)
                .is_none_or(|outcome| outcome.runs == 0)
            {
                lines.push(format!(
                    "{} on {}: there was no time to run it to its end.",
                    suite.name,
                    database.name()
                ));
            }
        }
    }
    let mut version = Command::new("cargo");
    version.args(["fuzz", "--version"]);
    let is_there = version.output().is_ok_and(|answer| answer.status.success());
    lines.push(format!(
        "the targets of `fuzz/` under libFuzzer: {}; their bodies were run on damaged seeds alone (properties).",
        if is_there {
            "they need a build of their own, `cargo fuzz run NAME`"
        } else {
            "cargo-fuzz is not installed"
        }
    ));
    lines
}

/// 1234567 as 1,234,567.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn json(gauntlet: &Gauntlet) -> String {
    let finding = |finding: &Finding| {
        format!(
            r#"{{"what":{},"database":{},"round":{},"seed":{},"said":{},"again":{}}}"#,
            quote(&finding.what),
            quote(finding.database.name()),
            finding.round,
            quote(&finding.seed.to_string()),
            quote(&finding.said),
            quote(&finding.again)
        )
    };
    let outcome = |outcome: &Outcome| {
        format!(
            r#"{{"suite":{},"database":{},"runs":{},"cut_off":{},"passed":{},"failed":{},"seconds":{}}}"#,
            quote(outcome.suite.name),
            quote(outcome.database.name()),
            outcome.runs,
            outcome.cut,
            outcome.counts.passed,
            outcome.counts.failed,
            outcome.time.as_secs()
        )
    };
    let figure = |figure: &super::figures::Figure| {
        format!(
            r#"{{"suite":{},"database":{},"name":{},"number":{}}}"#,
            quote(figure.suite),
            quote(figure.database.name()),
            quote(&figure.name),
            figure.number
        )
    };
    // Seeds as texts: most readers of JSON have no whole numbers of 64 bits.
    format!(
        "{{\"commit\":{},\"seed\":{},\"minutes\":{},\"rounds\":{},\n\"findings\":[{}],\n\"runs\":[{}],\n\"figures\":[{}],\n\
         \"not_run\":[{}]}}\n",
        quote(&commit()),
        quote(&gauntlet.options.seed.to_string()),
        gauntlet.options.minutes,
        gauntlet.rounds,
        list(&gauntlet.findings, finding),
        list(&gauntlet.outcomes, outcome),
        list(&gauntlet.figures.0, figure),
        list(&not_run(gauntlet), |line| quote(line))
    )
}

fn list<T>(all: &[T], text: impl Fn(&T) -> String) -> String {
    let texts: Vec<String> = all.iter().map(text).collect();
    texts.join(",\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_that_never_came_to_its_end_is_told_and_so_are_the_fuzz_targets() {
        let lines = unfinished(&[]);
        let entries: usize = std::iter::once(&SOAK)
            .chain(&ROUND)
            .map(|suite| suite.databases.len())
            .sum();
        assert_eq!(lines.len(), entries + 1);
        assert!(lines.iter().any(|line| line.starts_with("faults on PostgreSQL")));
        let done = Outcome {
            suite: &SOAK,
            database: Database::Sqlite,
            runs: 1,
            cut: 0,
            counts: crate::test::Counts { passed: 1, failed: 0 },
            time: std::time::Duration::from_secs(1),
        };
        assert!(
            !unfinished(&[done])
                .iter()
                .any(|line| line.starts_with("soak on SQLite"))
        );
    }

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
