//! What the checks need of the machine: found, or installed where that is allowed, or asked for.
//!
//! Takes a [`Need`], gives nothing once it is met. Only Debian's packages are installed, only by root, and never in
//! silence. Deliberately absent: Rust and Node.js, which the newcomer brings, as Debian's are too old.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use crate::{binaries, cargo::program, watch::Watch};

/// How long a command of apt may take.
const APT_LIMIT: Duration = Duration::from_secs(1_200);
/// The oldest Node.js that the checks run on.
const NODE_MAJOR: u32 = 20;

/// Something that a check can't do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The binaries of a PostgreSQL server; none has to run.
    Postgres,
    /// The pooler that is tested between the service and its server.
    PgBouncer,
    /// Node.js of a version in use, with npm.
    Node,
    /// Python with what makes environments.
    Python,
    /// The browser that the pages are tested in.
    Chromium,
    /// The load generator.
    Wrk,
    /// The programs of the recipe for a shell.
    Shell,
    /// The proxies that streams go through.
    Proxies,
}

/// Meets a need.
///
/// # Errors
///
/// What to type to meet it, or what went wrong.
pub(crate) fn meet(need: Need) -> Result<(), String> {
    match need {
        Need::Node => node(),
        Need::Python => package(
            "python3-venv",
            "Python 3.10 or newer and its module venv",
            has_venv,
        ),
        Need::Chromium => package("chromium", "the browser for the tests of the pages", || {
            runs("chromium")
        }),
        Need::Wrk => package("wrk", "the files of the load generator wrk", is_wrk_there),
        Need::PgBouncer => package("pgbouncer", "the files of the pooler PgBouncer", || {
            runs("pgbouncer") || runs("/usr/sbin/pgbouncer")
        }),
        Need::Shell => {
            package("curl", "the files of the client curl", || runs("curl"))?;
            package("jq", "the files of the JSON processor jq", || runs("jq"))
        }
        Need::Proxies => {
            package("nginx", "the files of the proxy nginx", || {
                is_proxy_there("nginx")
            })?;
            package("haproxy", "the files of the proxy HAProxy", || {
                is_proxy_there("haproxy")
            })
        }
        Need::Postgres => package("postgresql", "the binaries of a PostgreSQL server", || {
            binaries::find().is_some()
        }),
    }
}

/// Whether Python is new enough for the tools; Debian has `ensurepip`, which an environment needs, in a package of its own.
fn has_venv() -> bool {
    let mut python = Command::new("python3");
    python
        .args([
            "-c",
            "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))",
        ])
        .stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}

/// `wrk --version` prints it, and ends as if that were wrong.
fn is_wrk_there() -> bool {
    Command::new("wrk").arg("--version").output().is_ok()
}

/// Whether a proxy tells its version. Debian has them where only root's path leads.
fn is_proxy_there(name: &str) -> bool {
    [name.to_owned(), format!("/usr/sbin/{name}")].iter().any(|path| {
        let told = Command::new(path).arg("-v").output();
        told.is_ok_and(|told| told.status.success())
    })
}

/// Refuses a Node.js that is missing or too old.
fn node() -> Result<(), String> {
    let answer = Command::new("node").arg("--version").output();
    let version = answer
        .map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned())
        .unwrap_or_default();
    if major(&version).is_some_and(|major| major >= NODE_MAJOR) && runs("npm") {
        return Ok(());
    }
    let found = if version.is_empty() {
        "no node"
    } else {
        version.as_str()
    };
    let npm = if runs("npm") { "npm" } else { "no npm" };
    Err(format!(
        "Node.js {NODE_MAJOR} or newer with npm is needed (https://nodejs.org); found: {found}, {npm}"
    ))
}

/// 20 of `v20.11.1`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
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
    println!("{brings} are missing: installing the package `{name}`, in a minute or so");
    let watch = Watch::shown();
    watch.run(apt().arg("update"), APT_LIMIT)?;
    watch.run(
        apt().args(["install", "-y", "--no-install-recommends", name]),
        APT_LIMIT,
    )?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_node_is_read_as_it_prints_it() {
        assert_eq!(major("v20.11.1"), Some(20));
        assert_eq!(major("v4"), Some(4));
        assert_eq!(major(""), None);
        assert_eq!(major("20.11.1"), None);
    }

    #[test]
    fn a_package_whose_contents_are_there_is_left_alone() {
        assert_eq!(package("no-such-package", "nothing", || true), Ok(()));
    }
}
