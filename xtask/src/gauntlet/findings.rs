//! What a run of tests found: read from what the test binary printed.
//!
//! Takes that text and how the binary ended, gives counts and a [`Finding`] for each test that failed. A binary that
//! ends badly without naming a test, or that ran none, is a finding too.

use std::{fmt, path::PathBuf};

use super::suites::{Database, Suite};
use crate::test::{Counts, test_result};

/// The lines of a test's own words that a finding repeats; the log has all of them.
const LINES: usize = 12;
/// The bytes of such a line.
const LINE_BYTES: usize = 600;

/// One thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The test, or the suite where none is to blame.
    pub(super) what: String,
    pub(super) database: Database,
    pub(super) round: u64,
    pub(super) seed: u64,
    pub(super) said: String,
    /// The command that runs it alone.
    pub(super) again: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, database) = (&self.what, self.database.name());
        writeln!(
            text,
            "FOUND: {what} on {database}, round {}, seed {}",
            self.round, self.seed
        )?;
        for line in self.said.lines() {
            writeln!(text, "    {line}")?;
        }
        write!(text, "  run it alone: {}", self.again)
    }
}

/// One run of a suite.
#[derive(Clone, Debug)]
pub(super) struct Run<'a> {
    pub(super) suite: &'a Suite,
    pub(super) database: Database,
    pub(super) round: u64,
    pub(super) seed: u64,
    /// How long its soak was to be, where it is one. **Unit**: seconds.
    pub(super) soak_seconds: Option<u64>,
    /// The program that is tested, where it is another than the one built with the tests.
    pub(super) binary: Option<PathBuf>,
}

/// The cases of each property that does not say how many itself.
const CASES: &str = "1000";

impl Run<'_> {
    /// The variables of the environment that make the run what it is.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        let seed = self.seed.to_string();
        let mut variables = vec![("GATEWAY_TEST_SEED", seed.clone())];
        variables.extend(
            self.database
                .word()
                .map(|word| ("GATEWAY_TEST_DATABASE", word.to_owned())),
        );
        let seconds = self.soak_seconds.map(|seconds| seconds.to_string());
        variables.extend(seconds.map(|seconds| ("GATEWAY_TEST_SOAK_SECONDS", seconds)));
        let binary = self.binary.as_ref().map(|path| path.display().to_string());
        variables.extend(binary.map(|path| ("GATEWAY_TEST_BINARY", path)));
        if self.database == Database::None {
            variables.extend([("PROPTEST_RNG_SEED", seed), ("PROPTEST_CASES", CASES.to_owned())]);
        }
        variables
    }

    fn finding(&self, what: &str, said: String) -> Finding {
        let variables: Vec<String> = self
            .variables()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        // Without a test to blame, all of the suite's.
        let words = if what == self.suite.name {
            self.suite.words(self.database).join(" ")
        } else {
            format!("--exact {what}")
        };
        Finding {
            what: what.to_owned(),
            database: self.database,
            round: self.round,
            seed: self.seed,
            said,
            again: format!(
                "{} cargo test {} -- {words}",
                variables.join(" "),
                self.suite.tests.selection()
            ),
        }
    }

    /// What a binary that has ended found; `ended` says how where that was badly.
    pub(super) fn read(&self, output: &str, ended: Result<(), String>) -> (Counts, Vec<Finding>) {
        let mut counts = Counts::default();
        output
            .lines()
            .filter_map(test_result)
            .for_each(|some| counts += some);
        let failed = output.lines().filter_map(failed_test);
        let mut findings: Vec<Finding> = failed
            .map(|test| self.finding(test, words_of(output, test)))
            .collect();
        let fault = match ended {
            Err(_) if !findings.is_empty() => None,
            Err(fault) => Some(format!("{fault}\n{}", end_of(output))),
            Ok(()) if counts.passed == 0 => Some("no test was run".to_owned()),
            Ok(()) => None,
        };
        findings.extend(fault.map(|fault| self.finding(self.suite.name, fault)));
        (counts, findings)
    }

    /// What a binary that was ended before its time had found: what it passed is not counted.
    pub(super) fn read_cut_off(&self, output: &str) -> (Counts, Vec<Finding>) {
        let failed = output.lines().filter_map(failed_test);
        let findings: Vec<Finding> = failed
            .map(|test| self.finding(test, words_of(output, test)))
            .collect();
        let failed = findings.len() as u64;
        (Counts { passed: 0, failed }, findings)
    }

    /// The finding that a run didn't end when it had to.
    pub(super) fn hangs(&self, output: &str) -> Finding {
        self.finding(self.suite.name, format!("it doesn't end\n{}", end_of(output)))
    }
}

/// The test in `test NAME ... FAILED`.
fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

/// What a failed test printed, but for the notes of Rust itself.
fn words_of(output: &str, test: &str) -> String {
    let heading = format!("---- {test} stdout ----\n");
    let Some((_, rest)) = output.split_once(&heading) else {
        return "it was ended before it said why".to_owned();
    };
    let own = rest
        .lines()
        .take_while(|line| !line.starts_with("---- ") && *line != "failures:");
    let own = own.filter(|line| !line.is_empty() && !line.starts_with("note: "));
    // Where it panics is where it says why; what it printed before is in the log.
    let lines: Vec<&str> = own.collect();
    let start = lines
        .iter()
        .position(|line| line.contains("panicked at"))
        .unwrap_or(0);
    short(lines[start..].iter().take(LINES).copied())
}

/// The last lines of all that was printed.
fn end_of(output: &str) -> String {
    let lines: Vec<&str> = output.lines().filter(|line| !line.is_empty()).collect();
    short(lines[lines.len().saturating_sub(LINES)..].iter().copied())
}

fn short<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let cut = |line: &'a str| &line[..line.floor_char_boundary(LINE_BYTES)];
    lines.map(cut).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauntlet::suites::ROUND;

    fn run() -> Run<'static> {
        Run {
            suite: &ROUND[0],
            database: Database::Postgres,
            round: 3,
            seed: 77,
            soak_seconds: None,
            binary: None,
        }
    }

    const OUTPUT: &str = "running 2 tests\ntest hostile::a ... ok\ntest hostile::b ... FAILED\n\nfailures:\n\n\
        ---- hostile::b stdout ----\nbefore\n\nthread 'x' panicked at tests/it/hostile/b.rs:1:1:\nwrong page\n\
        note: run with `RUST_BACKTRACE=1`\n\n\nfailures:\n    hostile::b\n\n\
        test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 2.00s\n";

    #[test]
    fn a_failed_test_is_a_finding_with_its_words_and_the_way_to_run_it_alone() {
        let (counts, findings) = run().read(OUTPUT, Err("exit status: 101".into()));
        assert_eq!(counts, Counts { passed: 1, failed: 1 });
        let [finding] = findings.as_slice() else {
            panic!("{findings:?}");
        };
        assert_eq!(
            (finding.what.as_str(), finding.round, finding.seed),
            ("hostile::b", 3, 77)
        );
        assert_eq!(
            finding.said,
            "thread 'x' panicked at tests/it/hostile/b.rs:1:1:\nwrong page"
        );
        assert_eq!(
            finding.again,
            "GATEWAY_TEST_SEED=77 GATEWAY_TEST_DATABASE=postgresql cargo test --package imports-gateway --test it -- \
             --exact hostile::b"
        );
    }

    #[test]
    fn a_binary_that_dies_or_runs_nothing_or_hangs_is_a_finding_too() {
        let (_, findings) = run().read("running 2 tests\nstack overflow\n", Err("signal: 6".into()));
        assert_eq!(findings[0].what, "hostile input");
        assert_eq!(findings[0].said, "signal: 6\nrunning 2 tests\nstack overflow");
        let nothing =
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.00s";
        let (_, findings) = run().read(nothing, Ok(()));
        assert_eq!(findings[0].said, "no test was run");
        let hanging = run().hangs("test hostile::c has been running for over 60 seconds");
        assert!(
            hanging.said.contains("hostile::c") && hanging.again.contains("-- hostile:: --skip _on_sqlite")
        );
    }

    #[test]
    fn what_a_run_found_before_it_was_cut_off_counts_and_what_it_passed_does_not() {
        let (counts, findings) = run().read_cut_off("test hostile::a ... ok\ntest hostile::b ... FAILED\n");
        assert_eq!((counts, findings.len()), (Counts { passed: 0, failed: 1 }, 1));
    }

    #[test]
    fn the_soak_is_run_again_with_the_same_program() {
        let run = Run {
            binary: Some("/t/release/imports-gateway".into()),
            ..run()
        };
        let hanging = run.hangs("");
        assert!(
            hanging
                .again
                .contains("GATEWAY_TEST_BINARY=/t/release/imports-gateway cargo test")
        );
    }

    #[test]
    fn a_good_run_finds_nothing() {
        let output =
            "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 2.00s";
        let (counts, findings) = run().read(output, Ok(()));
        assert_eq!((counts.passed, findings), (5, vec![]));
    }
}
