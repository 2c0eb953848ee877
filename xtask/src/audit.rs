//! `cargo xtask audit`: what `cargo-deny` says of the dependencies, by the rules in `deny.toml`.
//!
//! Takes `--install`, gives a line for each check. A check that couldn't run is not passed. Deliberately absent: the
//! tests' road; this one changes with the world, not with the code.

use crate::{
    Failure,
    cargo::{cargo, finish},
};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    /// What it needs from the network is out of reach.
    NotRun,
}

/// Runs the checks one by one.
///
/// # Errors
///
/// Usage for an unknown option; failure unless each check has run and passed.
pub(crate) fn run(words: &[String]) -> Result<(), Failure> {
    if let Some(other) = words.iter().find(|word| *word != "--install") {
        return Err(Failure::Usage(format!("`audit` has no option `{other}`")));
    }
    if !is_installed() {
        if words.is_empty() {
            let ask = "cargo-deny is not installed; `cargo xtask audit --install` builds it, in some minutes";
            return Err(Failure::Failed(ask.into()));
        }
        println!("installing cargo-deny");
        finish(&mut cargo(&["install", "--locked", "cargo-deny"])).map_err(Failure::Failed)?;
    }
    let mut verdicts: Vec<(&str, Verdict)> = ["bans", "licenses", "sources"]
        .into_iter()
        .map(|check| (check, deny(check)))
        .collect();
    verdicts.push(("advisories", advisories()));
    summarize(&verdicts)
}

fn summarize(verdicts: &[(&str, Verdict)]) -> Result<(), Failure> {
    println!();
    for (check, verdict) in verdicts {
        let text = match verdict {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::NotRun => "not run: the advisory database can't be fetched",
        };
        println!("{check:<12} {text}");
    }
    if verdicts.iter().all(|(_, verdict)| *verdict == Verdict::Passed) {
        Ok(())
    } else {
        Err(Failure::Failed(
            "not all checks of the dependencies passed".into(),
        ))
    }
}

fn is_installed() -> bool {
    cargo(&["deny", "--version"])
        .output()
        .is_ok_and(|answer| answer.status.success())
}

fn deny(check: &str) -> Verdict {
    println!("== {check}");
    verdict(&["deny", "check", check])
}

/// Fetched by a step of its own: a fetch that fails must not look like a fault of ours.
fn advisories() -> Verdict {
    println!("== advisories");
    match verdict(&["deny", "fetch", "db"]) {
        Verdict::Passed => verdict(&["deny", "check", "--disable-fetch", "advisories"]),
        _ => Verdict::NotRun,
    }
}

fn verdict(arguments: &[&str]) -> Verdict {
    match finish(&mut cargo(arguments)) {
        Ok(()) => Verdict::Passed,
        Err(_) => Verdict::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_did_not_run_is_not_passed() {
        assert!(summarize(&[("bans", Verdict::Passed)]).is_ok());
        for verdict in [Verdict::Failed, Verdict::NotRun] {
            assert!(summarize(&[("bans", Verdict::Passed), ("advisories", verdict)]).is_err());
        }
    }
}
