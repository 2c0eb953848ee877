//! What a round runs: suites of the ordinary tests, each on one kind of database at a time, and what is not run.
//!
//! A list, and how its entries become words for a test binary. Deliberately absent: what the tests do.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Instant,
};

use super::leash::{Leash, command};
use crate::{
    cargo::{cargo, root},
    json::text,
};

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Database {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// The suite needs none.
    None,
}

impl Database {
    /// As the report calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::None => "no database",
        }
    }

    /// As the tests know it; in the names of some, too.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => Some("sqlite"),
            Self::Postgres => Some("postgresql"),
            Self::None => None,
        }
    }
}

/// A binary of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tests {
    Integration,
    Units,
    Keyset,
}

impl Tests {
    const ALL: [Self; 3] = [Self::Integration, Self::Units, Self::Keyset];

    /// Where its first file is, below the top of the repository.
    fn source(self) -> &'static str {
        match self {
            Self::Integration => "tests/it/main.rs",
            Self::Units => "src/lib.rs",
            Self::Keyset => "keyset/tests/laws.rs",
        }
    }

    /// The words of cargo that select it.
    pub(super) fn selection(self) -> &'static str {
        match self {
            Self::Integration => "--package imports-gateway --test it",
            Self::Units => "--package imports-gateway --lib",
            Self::Keyset => "--package keyset --test laws",
        }
    }
}

/// Some of the ordinary tests.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Suite {
    pub(super) name: &'static str,
    pub(super) tests: Tests,
    /// Parts of the names of its tests; all tests where there are none.
    filters: &'static [&'static str],
    pub(super) databases: &'static [Database],
}

const BOTH: &[Database] = &[Database::Sqlite, Database::Postgres];

/// The process that lives as long as the run, beside the rounds.
pub(super) const SOAK: Suite = Suite {
    name: "soak",
    tests: Tests::Integration,
    filters: &["soak::one_process"],
    databases: BOTH,
};

/// A round, in order.
pub(super) const ROUND: [Suite; 7] = [
    Suite {
        name: "hostile input",
        tests: Tests::Integration,
        filters: &["hostile::"],
        databases: BOTH,
    },
    Suite {
        name: "faults",
        tests: Tests::Integration,
        filters: &["faults::"],
        databases: &[Database::Postgres],
    },
    Suite {
        name: "answers against an oracle",
        tests: Tests::Integration,
        filters: &["laws::", "executor::", "store::", "agreement::", "isolation::"],
        databases: BOTH,
    },
    Suite {
        name: "drains",
        tests: Tests::Integration,
        filters: &["drain::"],
        databases: BOTH,
    },
    Suite {
        name: "properties",
        tests: Tests::Integration,
        filters: &["guard::properties::", "fuzzing::", "records::"],
        databases: &[Database::None],
    },
    Suite {
        name: "laws of keyset",
        tests: Tests::Keyset,
        filters: &[],
        databases: &[Database::None],
    },
    Suite {
        name: "unit tests",
        tests: Tests::Units,
        filters: &[],
        databases: &[Database::None],
    },
];

impl Suite {
    /// What its binary is told: the tests that it has on one kind of database.
    pub(super) fn words(&self, database: Database) -> Vec<String> {
        let mut words: Vec<String> = self.filters.iter().map(|filter| (*filter).to_owned()).collect();
        // A suite of one kind has all its tests there.
        if self.databases.len() > 1 {
            let others = self.databases.iter().filter(|other| **other != database);
            for word in others.filter_map(|other| other.word()) {
                words.extend(["--skip".to_owned(), format!("_on_{word}")]);
            }
        }
        words
    }
}

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
/// **Errors:** it doesn't build, or not in time.
pub(super) fn build(folder: &Path, until: Instant) -> Result<Built, String> {
    let output = folder.join("build.json");
    let cargo = cargo(&[
        "test",
        "--workspace",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    let words = std::iter::once(cargo.get_program()).chain(cargo.get_args());
    let ended: Option<ExitStatus> = Leash::start(command(words), &output)?.wait(until);
    match ended {
        None => return Err("the time was up before the tests were built".into()),
        Some(status) if !status.success() => return Err(format!("cargo: {status}")),
        Some(_) => {}
    }
    let told = fs::read_to_string(&output).map_err(|error| format!("{}: {error}", output.display()))?;
    binaries(&told)
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
    fn a_test_that_is_for_one_kind_of_database_is_left_out_on_the_other() {
        let oracle = &ROUND[2];
        let words = oracle.words(Database::Sqlite);
        assert_eq!(words[..2], ["laws::", "executor::"]);
        assert_eq!(words[5..], ["--skip", "_on_postgresql"]);
        assert_eq!(ROUND[1].words(Database::Postgres), ["faults::"]);
        assert_eq!(
            SOAK.words(Database::Postgres),
            ["soak::one_process", "--skip", "_on_sqlite"]
        );
    }

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
