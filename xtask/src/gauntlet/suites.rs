//! What a round runs: suites of the ordinary tests, each on one kind of database at a time, and what is not run.
//!
//! A list, and how its entries become words for a test binary. Deliberately absent: what the tests do.

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
    pub(super) const ALL: [Self; 3] = [Self::Integration, Self::Units, Self::Keyset];

    /// Where its first file is, below the top of the repository.
    pub(super) fn source(self) -> &'static str {
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
pub(super) const ROUND: [Suite; 9] = [
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
        name: "kill -9",
        tests: Tests::Integration,
        filters: &["killed::"],
        databases: BOTH,
    },
    Suite {
        name: "full disk",
        tests: Tests::Integration,
        filters: &["full_disk::"],
        databases: &[Database::Sqlite],
    },
    Suite {
        name: "answers against an oracle",
        tests: Tests::Integration,
        filters: &[
            "checker::",
            "laws::",
            "executor::",
            "store::",
            "agreement::",
            "isolation::",
        ],
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
        filters: &["document_limits::properties::", "fuzzing::", "records::"],
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_for_one_kind_of_database_is_left_out_on_the_other() {
        let is_oracle = |suite: &&Suite| suite.name == "answers against an oracle";
        let oracle = ROUND.iter().find(is_oracle).expect("a suite of this name");
        let words = oracle.words(Database::Sqlite);
        assert_eq!(words[..2], ["checker::", "laws::"]);
        assert_eq!(words[6..], ["--skip", "_on_postgresql"]);
        assert_eq!(ROUND[1].words(Database::Postgres), ["faults::"]);
        assert_eq!(
            SOAK.words(Database::Postgres),
            ["soak::one_process", "--skip", "_on_sqlite"]
        );
    }
}
