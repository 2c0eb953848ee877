//! What many runs of the same steps have shown, as Markdown.
//!
//! Takes the runs; gives a row for each check that failed at least once, and a row of counts.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use super::Counts;

/// One run of all steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) counts: Counts,
    /// The checks that failed, each after the name of its step.
    pub(super) failed: Vec<String>,
    pub(super) time: Duration,
    /// Where its output is.
    pub(super) log: String,
}

/// The tables of some runs, at least one; runs are counted from one.
pub(super) fn table(runs: &[Run]) -> String {
    let mut text = String::new();
    let failures = failures(runs);
    if failures.is_empty() {
        text.push_str("No check failed in any run.\n");
    } else {
        text.push_str("| check that failed | failed | in runs | log of the first |\n|---|---|---|---|\n");
    }
    for (name, numbers) in failures {
        let listed: Vec<String> = numbers.iter().map(usize::to_string).collect();
        let _ = writeln!(
            text,
            "| {} | {} of {} | {} | {} |",
            name.replace('|', "\\|"),
            numbers.len(),
            runs.len(),
            listed.join(", "),
            runs[numbers[0] - 1].log
        );
    }
    let sound = runs.iter().filter(|run| run.counts.failed == 0).count();
    let seconds = seconds(runs);
    let _ = write!(
        text,
        "\n| runs | without a failure | passed in a run | failed in a run | seconds of a run: least, median, most |\n\
         |---|---|---|---|---|\n| {} | {sound} | {} | {} | {} |\n",
        runs.len(),
        range(runs.iter().map(|run| run.counts.passed)),
        range(runs.iter().map(|run| run.counts.failed)),
        seconds
    );
    text
}

/// The numbers of the runs in which each check failed; those that failed most stand first.
fn failures(runs: &[Run]) -> Vec<(&str, Vec<usize>)> {
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, run) in (1..).zip(runs) {
        for name in &run.failed {
            let numbers = by_name.entry(name).or_default();
            // Two tests of one name are one row.
            if numbers.last() != Some(&number) {
                numbers.push(number);
            }
        }
    }
    let mut failures: Vec<_> = by_name.into_iter().collect();
    failures.sort_by_key(|(_, numbers)| std::cmp::Reverse(numbers.len()));
    failures
}

/// `7`, or `5 to 7`.
fn range(numbers: impl Iterator<Item = u64> + Clone) -> String {
    let (least, most) = (numbers.clone().min(), numbers.max());
    match (least, most) {
        (Some(least), Some(most)) if least != most => format!("{least} to {most}"),
        _ => least.unwrap_or_default().to_string(),
    }
}

fn seconds(runs: &[Run]) -> String {
    let mut times: Vec<f64> = runs.iter().map(|run| run.time.as_secs_f64()).collect();
    times.sort_by(f64::total_cmp);
    // Of an even number, the lower of the two in the middle.
    let median = times.get(times.len().saturating_sub(1) / 2);
    let shown = [times.first(), median, times.last()].map(|time| format!("{:.1}", time.unwrap_or(&0.0)));
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(number: u64, passed: u64, failed: &[&str], seconds: u64) -> Run {
        Run {
            counts: Counts {
                passed,
                failed: failed.len() as u64,
            },
            failed: failed.iter().map(|name| (*name).to_owned()).collect(),
            time: Duration::from_secs(seconds),
            log: format!("target/repeat/run-{number}.log"),
        }
    }

    #[test]
    fn a_row_stands_for_each_check_that_failed_and_one_for_the_counts() {
        let runs = [
            run(1, 10, &[], 30),
            run(2, 8, &["tests: b", "tests: a"], 50),
            run(3, 9, &["tests: b"], 20),
            run(4, 10, &[], 40),
        ];
        assert_eq!(
            table(&runs),
            "| check that failed | failed | in runs | log of the first |\n\
             |---|---|---|---|\n\
             | tests: b | 2 of 4 | 2, 3 | target/repeat/run-2.log |\n\
             | tests: a | 1 of 4 | 2 | target/repeat/run-2.log |\n\
             \n\
             | runs | without a failure | passed in a run | failed in a run | seconds of a run: least, median, most |\n\
             |---|---|---|---|---|\n\
             | 4 | 2 | 8 to 10 | 0 to 2 | 20.0, 30.0, 50.0 |\n"
        );
    }

    #[test]
    fn runs_without_a_failure_say_so() {
        let text = table(&[run(1, 10, &[], 30)]);
        assert!(
            text.starts_with("No check failed in any run.\n\n| runs |"),
            "{text}"
        );
        assert!(
            text.ends_with("| 1 | 1 | 10 | 0 | 30.0, 30.0, 30.0 |\n"),
            "{text}"
        );
    }

    #[test]
    fn a_name_that_failed_twice_in_a_run_counts_once() {
        assert_eq!(failures(&[run(1, 0, &["a", "a"], 1)]), [("a", vec![1])]);
    }
}
