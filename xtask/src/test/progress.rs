//! How far the Rust tests are: read from what cargo and the test binaries print.
//!
//! Takes what a [`Watch`](crate::watch::Watch) sees; gives counts, the names of tests that failed, and those that hang.
//! A test binary says of a test that it has run for over 60 seconds, and nothing more until the test ends. With one
//! thread it prints a test's name when it starts, and says nothing of its time. Deliberately absent: the clock.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{Counts, limits::Limits};
use crate::watch::Seen;

/// After this time a test binary tells that a test still runs.
const TOLD_AFTER: Duration = Duration::from_secs(60);

/// What is known of the tests so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Of all binaries that have ended.
    counts: Counts,
    /// Of the binary that runs.
    running: Counts,
    pub(super) failed: Vec<String>,
    /// Tests that were ended because they ran too long.
    pub(super) hung: Vec<String>,
    /// The binary that was ended because it printed nothing.
    pub(super) silent: Option<String>,
    /// The tests that are known to run, and since when.
    slow: BTreeMap<String, Instant>,
    /// The test with whose name a line begins that isn't finished, and since when.
    unfinished: Option<(String, Instant)>,
    /// The file and the binary that cargo started last.
    binary: String,
    last: String,
}

impl Progress {
    /// Takes what was seen.
    ///
    /// # Errors
    /// What hangs: tests beyond their limit, or a binary that has been silent for longer than its own.
    pub(super) fn see(&mut self, seen: Seen<'_>, now: Instant, limits: &Limits) -> Result<(), String> {
        match seen {
            Seen::Error(line) => self.read_error(line),
            Seen::Output(line) => self.read(line, now),
            Seen::Waiting { unfinished, silence } => {
                self.start(unfinished, now);
                return self.judge(now, silence, limits);
            }
        }
        Ok(())
    }

    /// All that passed and failed; what hung has failed.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = self.counts;
        counts += self.running;
        counts.failed += self.hung.len() as u64 + u64::from(self.silent.is_some());
        counts
    }

    /// The line of cargo that names a binary: for messages alone, as it may be seen before the last lines of the
    /// binary before, which come by another pipe.
    fn read_error(&mut self, line: &str) {
        let line = line.trim_start();
        if let Some(binary) = line
            .strip_prefix("Running ")
            .or_else(|| line.strip_prefix("Doc-tests "))
        {
            self.binary = binary.to_owned();
        }
    }

    fn read(&mut self, line: &str, now: Instant) {
        if let Some(counts) = test_result(line) {
            self.end_binary(Some(counts));
            return;
        }
        if is_first(line) {
            // A binary before that ended without its last line, as one that is killed does, has passed and failed
            // what it said.
            self.end_binary(None);
            return;
        }
        let Some(rest) = line.strip_prefix("test ") else {
            return;
        };
        if let Some(name) = rest.strip_suffix(" has been running for over 60 seconds") {
            let since = now.checked_sub(TOLD_AFTER).unwrap_or(now);
            self.slow.insert(name.to_owned(), since);
        } else if let Some((name, outcome)) = rest.rsplit_once(" ... ") {
            self.end_test(name, outcome);
        }
    }

    fn end_test(&mut self, name: &str, outcome: &str) {
        let name = name.strip_suffix(" - should panic").unwrap_or(name);
        match outcome {
            "ok" => self.running.passed += 1,
            "FAILED" => {
                self.running.failed += 1;
                self.failed.push(name.to_owned());
            }
            _ => {}
        }
        self.slow.remove(name);
        self.unfinished = None;
        self.last = name.to_owned();
    }

    fn end_binary(&mut self, counts: Option<Counts>) {
        // Its last line counts for more than the lines before: those of two tests may have run into one another.
        self.counts += counts.unwrap_or(self.running);
        self.running = Counts::default();
        self.slow.clear();
        self.unfinished = None;
        self.last.clear();
    }

    /// Notes the test with whose name an unfinished line begins.
    fn start(&mut self, unfinished: &str, now: Instant) {
        let name = unfinished
            .strip_prefix("test ")
            .and_then(|rest| Some(rest.split_once(" ... ")?.0));
        if name != self.unfinished.as_ref().map(|(name, _)| name.as_str()) {
            self.unfinished = name.map(|name| (name.to_owned(), now));
        }
    }

    fn judge(&mut self, now: Instant, silence: Duration, limits: &Limits) -> Result<(), String> {
        let running = self.slow.iter().map(|(name, since)| (name, *since));
        let unfinished = self.unfinished.iter().map(|(name, since)| (name, *since));
        let is_over = |since: Instant| now.saturating_duration_since(since) >= limits.test;
        let mut hung: Vec<String> = running
            .chain(unfinished)
            .filter(|(_, since)| is_over(*since))
            .map(|(name, _)| name.clone())
            .collect();
        if !hung.is_empty() {
            hung.dedup();
            let fault = format!(
                "not ended within {} s: {}",
                limits.test.as_secs(),
                hung.join(", ")
            );
            self.hung = hung;
            return Err(fault);
        }
        if silence < limits.silence {
            return Ok(());
        }
        let after = if self.last.is_empty() {
            "before its first test".to_owned()
        } else {
            format!("after the test {}", self.last)
        };
        let binary = if self.binary.is_empty() {
            "cargo"
        } else {
            &self.binary
        };
        let fault = format!(
            "{binary}: nothing printed for {} s, {after}",
            limits.silence.as_secs()
        );
        self.silent = Some(binary.to_owned());
        Err(fault)
    }
}

/// Whether a test binary begins with the line: `running 5 tests`.
fn is_first(line: &str) -> bool {
    let count = line
        .strip_prefix("running ")
        .and_then(|rest| rest.strip_suffix(" tests").or_else(|| rest.strip_suffix(" test")));
    count.is_some_and(|count| count.parse::<u64>().is_ok())
}

/// The counts in the line with which a Rust test binary ends: `test result: ok. 5 passed; 0 failed; ...`.
pub(crate) fn test_result(line: &str) -> Option<Counts> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |label: &str| {
        counts
            .split("; ")
            .find_map(|part| part.strip_suffix(label)?.parse().ok())
    };
    Some(Counts {
        passed: count(" passed")?,
        failed: count(" failed")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        step: None,
        test: Duration::from_secs(300),
        silence: Duration::from_secs(400),
    };

    /// A progress, and the time that it is told.
    struct Told {
        progress: Progress,
        now: Instant,
    }

    impl Told {
        fn new(lines: &[&str]) -> Self {
            let mut told = Self {
                progress: Progress::default(),
                now: Instant::now() + Duration::from_secs(1_000),
            };
            told.say(lines);
            told
        }

        /// Lines of standard output, but those that cargo writes to the other.
        fn say(&mut self, lines: &[&str]) {
            for line in lines {
                let seen = if line.starts_with("     Running") {
                    Seen::Error(line)
                } else {
                    Seen::Output(line)
                };
                assert_eq!(self.progress.see(seen, self.now, &LIMITS), Ok(()));
            }
        }

        fn wait(&mut self, seconds: u64, unfinished: &str) -> Result<(), String> {
            let silence = Duration::from_secs(seconds);
            self.now += silence;
            let seen = Seen::Waiting { unfinished, silence };
            self.progress.see(seen, self.now, &LIMITS)
        }
    }

    #[test]
    fn the_counts_of_a_test_binary_are_read_from_its_last_line() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 2.00s";
        assert_eq!(
            test_result(line),
            Some(Counts {
                passed: 12,
                failed: 3
            })
        );
        assert_eq!(test_result("test reads_a_page ... ok"), None);
        assert_eq!(test_result("test result: what a name ... ok"), None);
    }

    #[test]
    fn counts_and_failed_tests_are_those_of_all_binaries() {
        let told = Told::new(&[
            "     Running unittests src/lib.rs (target/debug/deps/a-1)",
            "running 2 tests",
            "test a ... ok",
            "test b ... FAILED",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
            "     Running tests/it/main.rs (target/debug/deps/it-2)",
            "running 3 tests",
            "test c ... ok",
            "test d ... ignored, because",
            "test e - should panic ... ok",
        ]);
        assert_eq!(told.progress.failed, ["b"]);
        // The second binary has not ended.
        assert_eq!(told.progress.counts(), Counts { passed: 3, failed: 1 });
    }

    #[test]
    fn a_test_that_runs_beyond_its_limit_is_named_and_counts_as_failed() {
        let mut told = Told::new(&["running 3 tests", "test a ... ok"]);
        told.say(&[
            "test b has been running for over 60 seconds",
            "test c has been running for over 60 seconds",
        ]);
        assert_eq!(told.wait(200, ""), Ok(()));
        told.say(&["test c ... ok"]);
        let fault = told.wait(40, "").expect_err("b hangs");
        assert_eq!(fault, "not ended within 300 s: b");
        assert_eq!(told.progress.hung, ["b"]);
        assert_eq!(told.progress.counts(), Counts { passed: 2, failed: 1 });
    }

    #[test]
    fn with_one_thread_the_test_is_known_by_the_line_that_it_began() {
        let mut told = Told::new(&["running 2 tests"]);
        assert_eq!(told.wait(1, "test a ... "), Ok(()));
        told.say(&["test a ... ok"]);
        assert_eq!(told.wait(1, "test b ... "), Ok(()));
        assert_eq!(told.wait(299, "test b ... "), Ok(()));
        let fault = told.wait(1, "test b ... ").expect_err("b hangs");
        assert_eq!(fault, "not ended within 300 s: b");
    }

    #[test]
    fn a_binary_that_hangs_outside_its_tests_is_named_with_where_it_was() {
        let running = "     Running tests/it/main.rs (target/debug/deps/it-2)";
        let mut before = Told::new(&[running]);
        assert_eq!(before.wait(399, ""), Ok(()));
        assert_eq!(
            before.wait(400, "").expect_err("silent"),
            "tests/it/main.rs (target/debug/deps/it-2): nothing printed for 400 s, before its first test"
        );
        let mut after = Told::new(&[running, "test a ... ok"]);
        let fault = after.wait(400, "").expect_err("silent");
        assert!(fault.ends_with("after the test a"), "{fault}");
        assert_eq!(after.progress.counts(), Counts { passed: 1, failed: 1 });
    }

    #[test]
    fn what_a_binary_that_ended_said_of_slow_tests_is_forgotten() {
        let mut told = Told::new(&[
            "running 2 tests",
            "test a ... ok",
            "test b has been running for over 60 seconds",
            "running 1 test",
        ]);
        assert_eq!(told.wait(390, ""), Ok(()));
        // That it was killed before its last line takes nothing from what it had passed.
        assert_eq!(told.progress.counts(), Counts { passed: 1, failed: 0 });
    }

    #[test]
    fn the_name_of_the_next_binary_may_come_before_the_last_line_of_this_one() {
        let told = Told::new(&[
            "running 1 test",
            "test a ... ok",
            "     Running tests/it/main.rs (target/debug/deps/it-2)",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
            "running 1 test",
            "test b ... ok",
        ]);
        assert_eq!(told.progress.counts(), Counts { passed: 2, failed: 0 });
    }
}
