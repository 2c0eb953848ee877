//! `cargo xtask test`: every check of the project, in named steps, once or many times over.
//!
//! Takes the names of the steps to run, all by default; gives a line for each step and a last line with the count of
//! checks. A check is one test, or a step that has no tests to count. Deliberately absent: settings of the machine,
//! and steps of which CI knows and the newcomer doesn't.

mod busy;
mod limits;
mod options;
mod progress;
mod repeat;
mod steps;
mod table;

use std::{
    ops::AddAssign,
    time::{Duration, Instant},
};

pub(crate) use self::progress::test_result;
use self::{
    limits::Limits,
    options::Options,
    steps::{Ground, STEPS, Step},
};
use crate::{Failure, system::meet, watch::Watch};

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
/// Never without a check, and with a failed one exactly where there is a fault.
#[derive(Debug)]
pub(crate) struct Outcome {
    counts: Counts,
    fault: Option<String>,
    /// The checks that failed, as far as they have names.
    failed: Vec<String>,
    /// The checks that the machine lacks something for, and what. They are not counted.
    left_out: Vec<String>,
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
        Self {
            counts,
            fault,
            failed: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// A step that is one check by itself.
    fn single(ended: Result<(), String>) -> Self {
        let counts = Counts {
            passed: u64::from(ended.is_ok()),
            failed: u64::from(ended.is_err()),
        };
        Self::new(counts, ended)
    }

    /// Adds the names of the checks that failed.
    pub(crate) fn naming(mut self, failed: Vec<String>) -> Self {
        self.failed.extend(failed);
        self
    }

    /// Adds the checks that were left out.
    pub(crate) fn leaving_out(mut self, left_out: Vec<String>) -> Self {
        self.left_out.extend(left_out);
        self
    }

    /// How the step ended, and how many checks it left out.
    fn verdict(&self) -> String {
        let fault = self.fault.as_deref().unwrap_or("ok");
        match self.left_out.len() {
            0 => fault.to_owned(),
            left_out => format!("{fault}, {left_out} left out"),
        }
    }
}

/// Runs the steps that `words` name, all if none.
///
/// # Errors
/// Usage for a name that is no step; failure where any step fails or can't run.
pub(crate) fn run(words: &[String]) -> Result<(), Failure> {
    let options = Options::parse(words)?;
    let limits = Limits::read()?;
    let chosen: Vec<&Step> = STEPS.iter().filter(|step| options.names(step.name)).collect();

    // What the machine lacks is told before anything takes minutes.
    for need in chosen.iter().flat_map(|step| step.needs) {
        meet(*need).map_err(Failure::Failed)?;
    }
    let holds = if let Some(times) = options.repeat {
        repeat::run(&chosen, times, &options, limits).map_err(Failure::Failed)?
    } else {
        let ground = Ground {
            watch: Watch::shown(),
            limits,
            only: options.only,
        };
        let done = run_steps(&chosen, &ground, options.keep_going);
        summarize(&chosen, &done, &ground.watch).failed == 0
    };
    if holds {
        Ok(())
    } else {
        Err(Failure::Failed("not all checks hold".into()))
    }
}

/// The outcome of each step that ran, in order.
fn run_steps(steps: &[&Step], ground: &Ground, keep_going: bool) -> Vec<(Outcome, Duration)> {
    let mut done = Vec::new();
    for step in steps {
        ground.watch.say(&format!("== {}: {}", step.name, step.tells));
        let start = Instant::now();
        let outcome = match (step.build)(ground) {
            Ok(()) => (step.check)(ground),
            fault => Outcome::single(fault),
        };
        let failed = outcome.fault.is_some();
        done.push((outcome, start.elapsed()));
        if failed && !keep_going {
            break;
        }
    }
    done
}

/// Says a line for each step and the total.
fn summarize(steps: &[&Step], done: &[(Outcome, Duration)], watch: &Watch) -> Counts {
    let mut total = Counts::default();
    watch.say("");
    for (position, step) in steps.iter().enumerate() {
        let Some((outcome, time)) = done.get(position) else {
            watch.say(&format!("{:<12} not run", step.name));
            continue;
        };
        let Counts { passed, failed } = outcome.counts;
        watch.say(&format!(
            "{:<12} {:>7.1} s  {passed:>5} passed {failed:>4} failed  {}",
            step.name,
            time.as_secs_f64(),
            outcome.verdict()
        ));
        for name in &outcome.failed {
            watch.say(&format!("    failed: {name}"));
        }
        for name in &outcome.left_out {
            watch.say(&format!("    left out: {name}"));
        }
        total += outcome.counts;
    }
    watch.say(&format!("{} passed, {} failed", total.passed, total.failed));
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_LIMITS: Limits = Limits {
        step: None,
        test: Duration::from_secs(300),
        silence: Duration::from_secs(400),
    };

    /// A step that needs and builds nothing.
    fn step(name: &'static str, check: fn(&Ground) -> Outcome) -> Step {
        Step {
            name,
            tells: "a trial",
            needs: &[],
            build: |_| Ok(()),
            check,
        }
    }

    fn ground() -> Ground {
        // Shown, it would stand between the lines of the test binary.
        let nowhere = std::fs::File::create("/dev/null").expect("the null device");
        Ground {
            watch: Watch::logged(nowhere),
            limits: NO_LIMITS,
            only: None,
        }
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
    fn what_was_left_out_is_told_beside_how_the_step_ended() {
        let counts = Counts { passed: 4, failed: 0 };
        let whole = Outcome::new(counts, Ok(()));
        assert_eq!(whole.verdict(), "ok");
        let part = whole.leaving_out(vec!["promtool: not there".into()]);
        assert_eq!(part.verdict(), "ok, 1 left out");
        assert_eq!(part.counts, counts);
    }

    #[test]
    fn a_step_that_fails_stops_the_next_unless_told_to_keep_going() {
        let good = step("good", |_| Outcome::single(Ok(())));
        let bad = step("bad", |_| Outcome::single(Err("broken".into())));
        let steps = [&good, &bad, &good];
        let ground = ground();
        assert_eq!(run_steps(&steps, &ground, false).len(), 2);
        let done = run_steps(&steps, &ground, true);
        assert_eq!(done.len(), 3);
        assert_eq!(
            summarize(&steps, &done, &ground.watch),
            Counts { passed: 2, failed: 1 }
        );
    }

    #[test]
    fn what_does_not_build_is_not_checked() {
        let mut step = step("unbuilt", |_| Outcome::single(Ok(())));
        step.build = |_| Err("no compiler".into());
        let done = run_steps(&[&step], &ground(), true);
        assert_eq!(done[0].0.fault.as_deref(), Some("no compiler"));
    }

    #[test]
    fn a_word_that_is_no_step_or_option_is_wrong_usage() {
        for word in ["nonsense", "--nonsense"] {
            assert!(matches!(run(&[word.into()]), Err(Failure::Usage(reason)) if reason.contains(word)));
        }
    }
}
