//! What the checks need of the machine: found, or installed where that is allowed, or asked for.
//!
//! Takes a [`Need`], gives nothing once it is met. Only Debian's packages are installed, only by root, and never in
//! silence. Deliberately absent: Rust and Node.js, which the newcomer brings, as Debian's are too old.

use std::process::{Command, Stdio};

use crate::{
    binaries,
    cargo::{finish, program},
};

/// Something that a check can't do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The binaries of a PostgreSQL server; none has to run.
    Postgres,
}

/// Meets a need.
///
/// **Errors:** what to type to meet it, or what went wrong.
pub(crate) fn meet(need: Need) -> Result<(), String> {
    match need {
        Need::Postgres => package("postgresql", "the binaries of a PostgreSQL server", || {
            binaries::find().is_some()
        }),
    }
}

/// Installs a Debian package unless what it brings is there.
fn package(name: &str, brings: &str, is_there: impl Fn() -> bool) -> Result<(), String> {
    if is_there() {
        return Ok(());
    }
    if !is_root() || !runs("apt-get") {
        return Err(format!(
            "{brings} are missing; on Debian and Ubuntu:\n    sudo apt-get update && sudo apt-get install -y {name}"
        ));
    }
    println!("{brings} are missing: installing the package `{name}`");
    finish(apt().arg("update"))?;
    finish(apt().args(["install", "-y", "--no-install-recommends", name]))?;
    is_there()
        .then_some(())
        .ok_or_else(|| format!("the package `{name}` brought no {brings}"))
}

fn apt() -> Command {
    let mut command = program("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
    command
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}

/// Whether a program is there and tells its version.
fn runs(name: &str) -> bool {
    let mut command = Command::new(name);
    command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
