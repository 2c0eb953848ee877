//! What is built before a run: the tests, and the program as users run it.
//!
//! Takes a folder for what cargo tells and a time limit, gives the paths of binaries.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Instant,
};

use super::suites::Tests;
use crate::{
    cargo::{cargo, root},
    json::text,
    leash::{Leash, command},
    pages,
    watch::Watch,
};

/// Where the binaries of the tests are.
#[derive(Debug)]
pub(super) struct Built(Vec<PathBuf>);

impl Built {
    pub(super) fn path(&self, tests: Tests) -> &PathBuf {
        &self.0[tests as usize]
    }
}

/// Builds what `cargo xtask test` builds, with its profile, so that most of it is there already.
///
/// # Errors
///
/// It doesn't build, or not in time.
pub(super) fn build(folder: &Path, until: Instant) -> Result<Built, String> {
    let words = [
        "test",
        "--workspace",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ];
    binaries(&build_with(&words, &folder.join("build.json"), until)?)
}

/// Builds the program as users run it, with its pages; where it is.
///
/// # Errors
///
/// It doesn't build, or not in time.
pub(super) fn build_release(folder: &Path, until: Instant) -> Result<PathBuf, String> {
    pages::build(&Watch::shown(), pages::LIMIT)?;
    let output = folder.join("release.json");
    let told = build_with(
        &[
            "build",
            "--release",
            "--bin",
            "imports-gateway",
            "--message-format=json-render-diagnostics",
        ],
        &output,
        until,
    )?;
    let source = root().join("src/main.rs");
    let is_it = |line: &&str| text(line, "src_path").is_some_and(|path| source.as_os_str() == path);
    let executable = told
        .lines()
        .filter(is_it)
        .find_map(|line| text(line, "executable"));
    executable
        .map(PathBuf::from)
        .ok_or_else(|| "cargo built no imports-gateway".into())
}

/// Runs cargo; what it told on standard output.
fn build_with(words: &[&str], output: &Path, until: Instant) -> Result<String, String> {
    let cargo = cargo(words);
    let words = std::iter::once(cargo.get_program()).chain(cargo.get_args());
    let ended: Option<ExitStatus> = Leash::start(command(words), output)?.wait(until);
    match ended {
        None => Err("the build does not end".into()),
        Some(status) if !status.success() => Err(format!("cargo: {status}")),
        Some(_) => fs::read_to_string(output).map_err(|error| format!("{}: {error}", output.display())),
    }
}

/// The binaries that cargo told of.
fn binaries(told: &str) -> Result<Built, String> {
    let find = |tests: Tests| {
        let source = root().join(tests.source());
        let is_it = |line: &&str| {
            text(line, "src_path").is_some_and(|path| source.as_os_str() == path)
                && line.contains("\"test\":true}")
        };
        let line = told
            .lines()
            .filter(is_it)
            .find_map(|line| text(line, "executable"));
        line.map(PathBuf::from)
            .ok_or_else(|| format!("cargo built no tests of {}", tests.source()))
    };
    Tests::ALL
        .into_iter()
        .map(find)
        .collect::<Result<_, _>>()
        .map(Built)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binaries_are_those_with_tests_in_them() {
        let line = |source: &str, is_test: bool| {
            format!(
                r#"{{"target":{{"src_path":"{}"}},"profile":{{"test":{is_test}}},"executable":"/t/{source}-{is_test}"}}"#,
                root().join(source).display()
            )
        };
        let mut told = String::new();
        for tests in Tests::ALL {
            told += &format!(
                "{}\n{}\n",
                line(tests.source(), false),
                line(tests.source(), true)
            );
        }
        let built = binaries(&told).expect("all are there");
        for tests in Tests::ALL {
            assert_eq!(
                built.path(tests),
                &PathBuf::from(format!("/t/{}-true", tests.source()))
            );
        }
        assert!(binaries(&line("src/lib.rs", true)).is_err());
    }
}
