//! `cargo xtask gauntlet`: the ordinary tests of hostile input, faults and pages, round after round with new seeds, and
//! beside them one process a database that serves all along.
//!
//! Takes a length and a seed; prints what it does and finds, and writes `target/gauntlet/report.md` and `report.json`.
//! The processes that serve all along are of the release build, as users run it. The rounds run what `cargo xtask test`
//! builds: debug assertions find more than speed would. All of it ends in time, or is ended. Deliberately absent: tests
//! of its own; what a round changes in them stands in `tests/it/gauntlet.rs`.

mod builds;
mod figures;
mod findings;
mod options;
mod report;
mod suites;
mod summary;

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use self::{
    builds::{Built, build, build_release},
    figures::Figures,
    findings::{Finding, Run},
    options::{Options, seed_of},
    suites::{Database, ROUND, SOAK, Suite},
};
use crate::{
    Failure,
    cargo::{shown, target},
    leash::{Leash, append, command},
    system::{Need, meet},
    test::Counts,
};

/// How long a build may take; a cold one takes a quarter of an hour.
const BUILD_LIMIT: Duration = Duration::from_secs(3_600);
/// What the soak's drain and the report need at the end, at the most.
const RESERVE: Duration = Duration::from_secs(30);
/// After which a suite counts as one that doesn't end; each takes a minute or two.
const SUITE_LIMIT: Duration = Duration::from_secs(600);
/// How often is looked whether a soak has found something.
const LOOKS: Duration = Duration::from_secs(2);
/// How much longer than planned a soak may take, and so the whole run.
const GRACE: Duration = Duration::from_secs(45);

/// Runs the gauntlet, and writes the report.
///
/// # Errors
///
/// Usage; failure where anything was found, or the tests can't be built or run.
pub(crate) fn run(words: &[String]) -> Result<(), Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Short, as it is typed again.
    let options = Options::parse(words, u64::from(now.subsec_nanos()))?;
    let needs = [Need::Postgres, Need::Node];
    needs.into_iter().try_for_each(meet).map_err(Failure::Failed)?;
    let found = Gauntlet::run(options).map_err(Failure::Failed)?;
    match found {
        0 => Ok(()),
        found => Err(Failure::Failed(format!("found by the gauntlet: {found}"))),
    }
}

/// What became of a suite on one kind of database.
#[derive(Debug)]
struct Outcome {
    suite: &'static Suite,
    database: Database,
    runs: u64,
    /// Runs that the end of the time cut off; what they had found counts, what they had passed does not.
    cut: u64,
    counts: Counts,
    time: Duration,
}

/// A run of the gauntlet, and what it has shown so far.
#[derive(Debug)]
struct Gauntlet {
    options: Options,
    start: Instant,
    folder: PathBuf,
    built: Built,
    /// The release build of the program.
    released: PathBuf,
    /// Rounds that came to their end.
    rounds: u64,
    outcomes: Vec<Outcome>,
    figures: Figures,
    findings: Vec<Finding>,
}

/// A suite that runs.
#[derive(Debug)]
struct Running {
    run: Run<'static>,
    leash: Leash,
    log: PathBuf,
    told: PathBuf,
    start: Instant,
}

impl Gauntlet {
    /// Runs all of it; how many things it found.
    fn run(options: Options) -> Result<usize, String> {
        let folder = target().join("gauntlet");
        // What an earlier run found is not to be taken for this one's.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        println!("building the tests");
        let built = build(&folder, Instant::now() + BUILD_LIMIT)?;
        println!("building the release binary with its pages");
        let released = build_release(&folder, Instant::now() + BUILD_LIMIT)?;
        println!("seed {}, {} minutes from here on", options.seed, options.minutes);
        let start = Instant::now();
        let end = start + Duration::from_secs(60 * options.minutes);
        let mut gauntlet = Self {
            options,
            start,
            folder,
            built,
            released,
            rounds: 0,
            outcomes: Vec::new(),
            figures: Figures::default(),
            findings: Vec::new(),
        };
        // A short run keeps some of its time for the soak.
        let left = end.saturating_duration_since(Instant::now());
        let last = end - RESERVE.min(left / 2);
        let mut soaks = gauntlet.soak(last)?;
        gauntlet.go_round(last, &mut soaks)?;
        gauntlet.say("waiting for the soak to end");
        for soak in soaks {
            gauntlet.finish(soak, end + GRACE, None)?;
        }
        let text = report::write(&gauntlet)?;
        println!(
            "\n{text}\nwritten to {} and report.json",
            shown(&gauntlet.folder.join("report.md"))
        );
        Ok(gauntlet.findings.len())
    }

    /// Prints a line with the time since the start.
    fn say(&self, text: &str) {
        let seconds = self.start.elapsed().as_secs();
        println!("[{:02}:{:02}] {text}", seconds / 60, seconds % 60);
    }

    /// Starts the processes that live as long as the run.
    fn soak(&self, last: Instant) -> Result<Vec<Running>, String> {
        let seconds = last.saturating_duration_since(Instant::now()).as_secs().max(1);
        self.say(&format!(
            "one process on each database begins to serve, for {seconds} s"
        ));
        let start = |database: &Database| {
            self.begin(Run {
                suite: &SOAK,
                database: *database,
                round: 0,
                seed: seed_of(self.options.seed, 0),
                soak_seconds: Some(seconds),
                binary: Some(self.released.clone()),
            })
        };
        SOAK.databases.iter().map(start).collect()
    }

    /// Goes round until the time is up.
    fn go_round(&mut self, last: Instant, soaks: &mut Vec<Running>) -> Result<(), String> {
        for round in 1.. {
            let seed = seed_of(self.options.seed, round);
            for suite in &ROUND {
                for database in suite.databases {
                    if Instant::now() >= last {
                        return Ok(());
                    }
                    let mut running = self.begin(Run {
                        suite,
                        database: *database,
                        round,
                        seed,
                        soak_seconds: None,
                        binary: None,
                    })?;
                    let limit = Instant::now() + SUITE_LIMIT;
                    while running.leash.wait(Instant::now() + LOOKS).is_none()
                        && Instant::now() < limit.min(last)
                    {
                        self.look_at(soaks)?;
                    }
                    self.finish(running, limit, Some(last))?;
                }
            }
            self.rounds = round;
        }
        Ok(())
    }

    /// Adds up what soaks that have ended show: one that ends before its time has found something.
    fn look_at(&mut self, soaks: &mut Vec<Running>) -> Result<(), String> {
        while let Some(place) = soaks.iter_mut().position(|soak| soak.leash.ended().is_some()) {
            let soak = soaks.remove(place);
            self.finish(soak, Instant::now(), None)?;
        }
        Ok(())
    }

    /// Starts a suite.
    fn begin(&self, run: Run<'static>) -> Result<Running, String> {
        let name = format!("{}-{}-{}", run.round, run.suite.name, run.database.name()).replace(' ', "-");
        let (log, told) = (
            self.folder.join(format!("{name}.log")),
            self.folder.join(format!("{name}.figures")),
        );
        let path = self.built.path(run.suite.tests).to_string_lossy().into_owned();
        let mut words = run.suite.words(run.database);
        words.insert(0, path);
        let mut command = command(words);
        command
            .envs(run.variables())
            .env("GATEWAY_TEST_FIGURES", &told)
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
            .env("RUST_BACKTRACE", "0")
            .stderr(append(&log)?);
        Ok(Running {
            run,
            leash: Leash::start(command, &log)?,
            log,
            told,
            start: Instant::now(),
        })
    }

    /// Waits for the end of a suite, and adds up what it shows. Beyond `limit` it hangs; at `last` it is cut off.
    fn finish(&mut self, mut running: Running, limit: Instant, last: Option<Instant>) -> Result<(), String> {
        let ended = running.leash.wait(last.map_or(limit, |last| last.min(limit)));
        drop(running.leash);
        let run = running.run;
        let output = fs::read(&running.log).unwrap_or_default();
        let output = String::from_utf8_lossy(&output);
        let is_cut = ended.is_none() && last.is_some_and(|last| last <= limit);
        let (counts, found) = match ended {
            Some(status) if status.success() => run.read(&output, Ok(())),
            Some(status) => run.read(&output, Err(status.to_string())),
            None if is_cut => run.read_cut_off(&output),
            None => (Counts { passed: 0, failed: 1 }, vec![run.hangs(&output)]),
        };
        let time = running.start.elapsed();
        self.say(&format!(
            "{} {} on {}: {} passed, {} found{}, {:.0} s",
            if run.round == 0 {
                "beside".to_owned()
            } else {
                format!("round {}", run.round)
            },
            run.suite.name,
            run.database.name(),
            counts.passed,
            found.len(),
            if is_cut { ", cut off by the end" } else { "" },
            time.as_secs_f64()
        ));
        for finding in &found {
            println!("{finding}");
        }
        // Half a line may stand at the end of what a run told that was cut off.
        let told = fs::read_to_string(&running.told).unwrap_or_default();
        let whole = told.rfind('\n').map_or("", |end| &told[..end]);
        self.figures.add(run.suite.name, run.database, whole)?;
        let _ = fs::remove_file(&running.told);
        if found.is_empty() {
            let _ = fs::remove_file(&running.log);
        }
        self.findings.extend(found);
        let outcome = self.outcome(run.suite, run.database);
        outcome.counts += counts;
        outcome.time += time;
        if is_cut {
            outcome.cut += 1;
        } else {
            outcome.runs += 1;
        }
        Ok(())
    }

    fn outcome(&mut self, suite: &'static Suite, database: Database) -> &mut Outcome {
        let is_it = |outcome: &Outcome| (outcome.suite.name, outcome.database) == (suite.name, database);
        let place = self.outcomes.iter().position(is_it).unwrap_or_else(|| {
            self.outcomes.push(Outcome {
                suite,
                database,
                runs: 0,
                cut: 0,
                counts: Counts::default(),
                time: Duration::ZERO,
            });
            self.outcomes.len() - 1
        });
        &mut self.outcomes[place]
    }
}
