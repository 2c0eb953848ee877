//! `cargo xtask test`: every check of the project, in named steps.
//!
//! Takes the names of the steps to run, all by default; gives a line for each step and a last line with the count of
//! checks. A check is one test, or a step that has no tests to count. Deliberately absent: settings of the machine,
//! and steps of which CI knows and the newcomer doesn't.

use std::{
    ops::AddAssign,
    time::{Duration, Instant},
};

use crate::{
    Failure,
    cargo::{cargo, finish, follow},
    node::{against_gateway, graphql_http},
    pages,
    system::{Need, meet},
};

/// One line of the plan.
#[derive(Debug)]
struct Step {
    name: &'static str,
    needs: &'static [Need],
    run: fn() -> Outcome,
}

/// All the steps, quickest answer first.
///
/// Dependencies are built twice, as metadata for `clippy` and `doc`, as code for `test`: each step selects the whole
/// workspace and adds no flag of the compiler, so that no step builds them a third time.
const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        needs: &[],
        run: || single(finish(&mut cargo(&["fmt", "--all", "--check"]))),
    },
    // Before anything of the gateway is compiled: it carries the pages.
    Step {
        name: "pages",
        needs: &[Need::Node],
        run: || single(pages::build()),
    },
    Step {
        name: "clippy",
        needs: &[],
        run: clippy,
    },
    Step {
        name: "doc",
        needs: &[],
        run: doc,
    },
    Step {
        name: "tests",
        needs: &[Need::Postgres, Need::PgBouncer],
        run: tests,
    },
    Step {
        name: "http-audit",
        needs: &[Need::Node],
        run: || against_gateway("tests/http-audit", graphql_http),
    },
    Step {
        name: "web",
        needs: &[Need::Node, Need::Chromium],
        run: pages::test,
    },
];

/// The checks of a step, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Those that hold.
    pub(crate) passed: u64,
    /// Those that don't.
    pub(crate) failed: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// What a step has to tell.
///
/// **Shape:** never without a check, and with a failed one exactly where there is a fault.
#[derive(Debug)]
pub(crate) struct Outcome {
    counts: Counts,
    fault: Option<String>,
}

impl Outcome {
    /// Brings what was counted and how the program ended together.
    ///
    /// A program that fails without a failed check, as one that doesn't compile, counts as one; so do a success with
    /// failed checks, and one that found nothing to check.
    pub(crate) fn new(mut counts: Counts, ended: Result<(), String>) -> Self {
        let fault = match ended {
            Err(fault) => Some(fault),
            Ok(()) if counts.failed > 0 => Some(format!("{} failed", counts.failed)),
            Ok(()) if counts.passed == 0 => Some("nothing was checked".into()),
            Ok(()) => None,
        };
        if fault.is_some() {
            counts.failed = counts.failed.max(1);
        }
        Self { counts, fault }
    }
}

/// Runs the steps that `words` name, all if none.
///
/// **Errors:** usage for a name that is no step; failure where any step fails or can't run.
pub(crate) fn run(words: &[String]) -> Result<(), Failure> {
    let (options, names): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| word.starts_with('-'));
    if let Some(other) = options.iter().find(|option| **option != "--keep-going") {
        return Err(Failure::Usage(format!("`test` has no option `{other}`")));
    }
    if let Some(other) = names
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != name.as_str()))
    {
        let steps: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        return Err(Failure::Usage(format!(
            "there is no step `{other}`, but {}",
            steps.join(", ")
        )));
    }
    let chosen: Vec<&Step> = STEPS
        .iter()
        .filter(|step| names.is_empty() || names.iter().any(|name| *name == step.name))
        .collect();

    // What the machine lacks is told before anything takes minutes.
    for need in chosen.iter().flat_map(|step| step.needs) {
        meet(*need).map_err(Failure::Failed)?;
    }
    let done = run_steps(&chosen, !options.is_empty());
    let total = summarize(&chosen, &done);
    if total.failed == 0 {
        Ok(())
    } else {
        Err(Failure::Failed("not all checks hold".into()))
    }
}

/// The outcome of each step that ran, in order.
fn run_steps(steps: &[&Step], keep_going: bool) -> Vec<(Outcome, Duration)> {
    let mut done = Vec::new();
    for step in steps {
        println!("== {}", step.name);
        let start = Instant::now();
        let outcome = (step.run)();
        let failed = outcome.fault.is_some();
        done.push((outcome, start.elapsed()));
        if failed && !keep_going {
            break;
        }
    }
    done
}

/// Prints a line for each step and the total.
fn summarize(steps: &[&Step], done: &[(Outcome, Duration)]) -> Counts {
    let mut total = Counts::default();
    println!();
    for (position, step) in steps.iter().enumerate() {
        let Some((outcome, time)) = done.get(position) else {
            println!("{:<12} not run", step.name);
            continue;
        };
        let Counts { passed, failed } = outcome.counts;
        let fault = outcome.fault.as_deref().unwrap_or("ok");
        println!(
            "{:<12} {:>7.1} s  {passed:>5} passed {failed:>4} failed  {fault}",
            step.name,
            time.as_secs_f64()
        );
        total += outcome.counts;
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    total
}

/// A step that is one check by itself.
fn single(ended: Result<(), String>) -> Outcome {
    Outcome::new(
        Counts {
            passed: u64::from(ended.is_ok()),
            failed: u64::from(ended.is_err()),
        },
        ended,
    )
}

fn clippy() -> Outcome {
    single(finish(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ])))
}

/// Private items too, or a broken link in one would go unseen.
fn doc() -> Outcome {
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"]);
    single(finish(doc.env("RUSTDOCFLAGS", "-D warnings")))
}

fn tests() -> Outcome {
    let mut counts = Counts::default();
    // Each binary runs even if one before it fails, so that the total is one.
    let mut tests = cargo(&["test", "--workspace", "--no-fail-fast"]);
    let ended = follow(&mut tests, |line| {
        if let Some(of_binary) = test_result(line) {
            counts += of_binary;
        }
    });
    Outcome::new(counts, ended)
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
    fn a_program_that_fails_before_any_check_counts_as_a_failed_one() {
        let outcome = Outcome::new(Counts::default(), Err("cargo: exit status: 101".into()));
        assert_eq!(outcome.counts, Counts { passed: 0, failed: 1 });
        assert_eq!(outcome.fault.as_deref(), Some("cargo: exit status: 101"));
    }

    #[test]
    fn a_success_with_failed_checks_or_with_none_at_all_is_a_fault() {
        let failed = Outcome::new(Counts { passed: 4, failed: 2 }, Ok(()));
        assert_eq!(failed.counts, Counts { passed: 4, failed: 2 });
        assert_eq!(failed.fault.as_deref(), Some("2 failed"));
        let empty = Outcome::new(Counts::default(), Ok(()));
        assert_eq!(empty.counts, Counts { passed: 0, failed: 1 });
        assert_eq!(empty.fault.as_deref(), Some("nothing was checked"));
    }

    #[test]
    fn a_step_that_fails_stops_the_next_unless_told_to_keep_going() {
        let good = Step {
            name: "good",
            needs: &[],
            run: || single(Ok(())),
        };
        let bad = Step {
            name: "bad",
            needs: &[],
            run: || single(Err("broken".into())),
        };
        let steps = [&good, &bad, &good];
        assert_eq!(run_steps(&steps, false).len(), 2);
        let done = run_steps(&steps, true);
        assert_eq!(done.len(), 3);
        assert_eq!(summarize(&steps, &done), Counts { passed: 2, failed: 1 });
    }

    #[test]
    fn a_word_that_is_no_step_or_option_is_wrong_usage() {
        for word in ["nonsense", "--nonsense"] {
            assert!(matches!(run(&[word.into()]), Err(Failure::Usage(reason)) if reason.contains(word)));
        }
    }
}
