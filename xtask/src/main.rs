//! The commands that a newcomer and CI type: `cargo xtask demo`, `test`, `build`, `install`, `bench`, `gauntlet` and
//! `audit`.
//!
//! Takes the words after `cargo xtask`, gives an exit status: 0 done, 1 failed, 2 wrong usage. Depends on nothing but
//! the standard library, so that it is built in seconds on a fresh clone. Deliberately absent: what cargo or npm do
//! by themselves.
// A program for people at a terminal: what it says is its purpose.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod audit;
mod bench;
mod binaries;
mod build;
mod cargo;
mod demo;
mod gauntlet;
mod json;
mod leash;
mod machine;
mod node;
mod options;
mod pages;
mod python;
mod system;
mod test;
mod watch;

use std::{env, process::ExitCode};

const HELP: &str = "\
What a newcomer and CI type.

Usage: cargo xtask <command>

Commands:
  demo [ARGS]                    build the gateway and run `imports-gateway demo ARGS`
  test [OPTIONS] [STEP...]       run every check of the project, or only the steps named
  build [--release]              build the pages, and the gateway with them
  install [OPTIONS]              build the pages, and install the release build of the gateway with them
  bench [OPTIONS]                measure pages on a temporary PostgreSQL; report under target/bench/
  gauntlet [OPTIONS]             hostile input and faults, round after round; report under target/gauntlet/
  audit [--install]              check the dependencies: licences, bans, sources, advisories

Options of test:
  --keep-going  go on after a step that failed
  --repeat N    run the steps N times, failures or not; logs and a table of what failed under target/repeat/
  --busy M      keep M cores busy meanwhile
  --only TEXT   of the step `tests`, which must be named: only tests whose names have TEXT in them

Options of install:
  --root DIR    install to DIR/bin instead of where cargo installs
  --debug       install a debug build, which is built sooner

Options of audit:
  --install     first install what the audit runs, with `cargo install`

Options of bench:
  --rows N            imports in the large account, half as many in others (default 2000000)
  --seconds N         the length of one run (default 5)
  --repetitions N     runs of each case (default 3)
  --no-postgraphile   leave PostGraphile out
  --no-load           leave the cases out
  --no-hostile        leave the hostile clients out
  --no-find           leave searches, filters and counts over time out
  --no-live           leave streams of changes, and what their notes cost, out
  --against FILE      ask an earlier release build of the gateway for the same pages
  --no-shapes         leave the statements out

Options of gauntlet:
  --minutes N   the length of the run, builds not counted, up to 59 (default 55)
  --seed N      the seed that all rounds follow from (default: another each time)

  -h, --help    this text

Reports and logs are under CARGO_TARGET_DIR where that is set.
";

/// How a command ended without doing what it is for.
#[derive(Debug)]
enum Failure {
    /// The command line makes no sense, and why: exit status 2.
    Usage(String),
    /// What failed, in words for the user: exit status 1.
    Failed(String),
}

fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let rest: Vec<String> = words.collect();
    let outcome = match command.as_str() {
        "-h" | "--help" | "help" => help(),
        // What follows `demo` belongs to the gateway, `--help` too.
        "demo" => demo::run(&rest),
        "test" | "build" | "install" | "audit" | "bench" | "gauntlet"
            if rest.iter().any(|word| word == "-h" || word == "--help") =>
        {
            help()
        }
        "test" => test::run(&rest),
        "build" => build::build(&rest),
        "install" => build::install(&rest),
        "bench" => bench::run(&rest),
        "gauntlet" => gauntlet::run(&rest),
        "audit" => audit::run(&rest),
        "" => Err(Failure::Usage("a command is missing".into())),
        other => Err(Failure::Usage(format!("there is no command `{other}`"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(reason)) => {
            eprintln!("xtask: {reason}\n\n{HELP}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(reason)) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> Result<(), Failure> {
    print!("{HELP}");
    Ok(())
}
