//! `cargo xtask test --repeat N`: the same steps many times over, to find the checks that fail now and then.
//!
//! Takes the steps and how many cores to keep busy; writes the whole output of each run and the table to
//! `target/repeat/`, and prints the table. Deliberately absent: a stop at the first failure.

use std::{
    fs::{self, File},
    path::Path,
    time::Instant,
};

use super::{
    Counts, Outcome,
    busy::Busy,
    limits::Limits,
    options::Options,
    run_steps,
    steps::{Ground, Step},
    summarize,
    table::{Run, table},
};
use crate::{
    cargo::{shown, target},
    watch::Watch,
};

/// Builds what the steps need once, then runs them; whether all checks held in every run.
///
/// # Errors
/// What the steps need doesn't build, or a file can't be written.
pub(super) fn run(steps: &[&Step], times: usize, options: &Options, limits: Limits) -> Result<bool, String> {
    let folder = target().join("repeat");
    // What an earlier run found is not to be taken for this one's.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|error| fault(&folder, error))?;
    let ground = |watch| Ground {
        watch,
        limits,
        only: options.only.clone(),
    };
    println!("building once what the steps need");
    let shown_ground = ground(Watch::shown());
    steps.iter().try_for_each(|step| (step.build)(&shown_ground))?;

    let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
    let only = options.only.as_ref().map(|part| format!(" with `{part}`"));
    let heading = format!(
        "steps: {}{}; runs: {times}; cores kept busy: {}",
        names.join(", "),
        only.unwrap_or_default(),
        options.busy
    );
    println!("{heading}");
    let _busy = Busy::start(options.busy);
    let report = folder.join("report.md");
    let mut runs = Vec::new();
    for number in 1..=times {
        let log = folder.join(format!("run-{number}.log"));
        let file = File::create(&log).map_err(|error| fault(&log, error))?;
        let run = run_once(steps, &ground(Watch::logged(file)), &log);
        println!(
            "run {number} of {times}: {} passed, {} failed, {:.1} s; {}",
            run.counts.passed,
            run.counts.failed,
            run.time.as_secs_f64(),
            run.log
        );
        run.failed.iter().for_each(|name| println!("    failed: {name}"));
        runs.push(run);
        // Written after each run: what is known stays known where the next is stopped.
        let text = format!("{heading}\n\n{}", table(&runs));
        fs::write(&report, text).map_err(|error| fault(&report, error))?;
    }
    println!("\n{}\nwritten to {}", table(&runs), shown(&report));
    Ok(runs.iter().all(|run| run.counts.failed == 0))
}

fn fault(path: &Path, error: std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

fn run_once(steps: &[&Step], ground: &Ground, log: &Path) -> Run {
    let start = Instant::now();
    let checks: Vec<Step> = steps
        .iter()
        .map(|step| Step {
            build: |_| Ok(()),
            ..**step
        })
        .collect();
    let checks: Vec<&Step> = checks.iter().collect();
    let done = run_steps(&checks, ground, true);
    let time = start.elapsed();
    summarize(&checks, &done, &ground.watch);
    let mut counts = Counts::default();
    let mut failed = Vec::new();
    for (step, (outcome, _)) in steps.iter().zip(&done) {
        counts += outcome.counts;
        failed.extend(names(step.name, outcome));
    }
    Run {
        counts,
        failed,
        time,
        log: shown(log),
    }
}

/// The checks of a step that failed: the step itself, where none has a name.
fn names(step: &str, outcome: &Outcome) -> Vec<String> {
    if outcome.fault.is_some() && outcome.failed.is_empty() {
        return vec![step.to_owned()];
    }
    let names = outcome.failed.iter();
    names.map(|name| format!("{step}: {name}")).collect()
}

#[cfg(test)]
mod tests {
    use std::{env, process, time::Duration};

    use super::*;

    #[test]
    fn a_run_goes_on_after_a_failure_and_its_log_has_all_of_it() {
        let path = env::temp_dir().join(format!("repeat-{}-log", process::id()));
        let step = |name, check| Step {
            name,
            tells: "a trial",
            needs: &[],
            build: |_| Err("is built once, before".into()),
            check,
        };
        let bad = step("bad", |_| {
            Outcome::new(Counts { passed: 1, failed: 1 }, Err("exit status: 1".into()))
                .naming(vec!["x".into()])
        });
        let worse = step("worse", |_| Outcome::single(Err("exit status: 2".into())));
        let good = step("good", |ground| {
            let mut command = process::Command::new("sh");
            command.args(["-c", "echo said; echo complained >&2"]);
            Outcome::single(ground.watch.run(&command, Duration::from_secs(60)))
        });
        let ground = Ground {
            watch: Watch::logged(File::create(&path).expect("a log")),
            limits: Limits {
                step: None,
                test: Duration::from_secs(300),
                silence: Duration::from_secs(400),
            },
            only: None,
        };
        let run = run_once(&[&bad, &worse, &good], &ground, &path);
        assert_eq!(run.counts, Counts { passed: 2, failed: 2 });
        assert_eq!(run.failed, ["bad: x", "worse"]);
        let log = fs::read_to_string(&path).expect("a log");
        for text in [
            "== good",
            "said\n",
            "complained\n",
            "exit status: 2",
            "2 passed, 2 failed",
        ] {
            assert!(log.contains(text), "no `{text}` in {log}");
        }
        fs::remove_file(path).expect("our file");
    }
}
