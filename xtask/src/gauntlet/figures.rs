//! The figures that tests tell, added up.
//!
//! Takes the lines that they append to a file: `sum` or `peak`, a number, a name, divided by tabs. Deliberately absent:
//! what the figures mean.

use super::suites::Database;

/// One figure of a suite on one kind of database, over all its runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Figure {
    pub(super) suite: &'static str,
    pub(super) database: Database,
    pub(super) name: String,
    pub(super) number: u64,
}

/// All of them, in the order in which they were first told.
#[derive(Debug, Default)]
pub(super) struct Figures(pub(super) Vec<Figure>);

impl Figures {
    /// Adds what one run told.
    ///
    /// # Errors
    ///
    /// A line that is no figure.
    pub(super) fn add(&mut self, suite: &'static str, database: Database, told: &str) -> Result<(), String> {
        for line in told.lines() {
            let fault = || format!("no figure: {line}");
            let mut parts = line.splitn(3, '\t');
            let (Some(kind), Some(number), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(fault());
            };
            let number: u64 = number.parse().map_err(|_| fault())?;
            let total = self.entry(suite, database, name);
            *total = match kind {
                "sum" => *total + number,
                "peak" => number.max(*total),
                _ => return Err(fault()),
            };
        }
        Ok(())
    }

    fn entry(&mut self, suite: &'static str, database: Database, name: &str) -> &mut u64 {
        let is_it = |figure: &Figure| {
            (figure.suite, figure.database, figure.name.as_str()) == (suite, database, name)
        };
        let place = self.0.iter().position(is_it).unwrap_or_else(|| {
            self.0.push(Figure {
                suite,
                database,
                name: name.to_owned(),
                number: 0,
            });
            self.0.len() - 1
        });
        &mut self.0[place].number
    }

    /// The names of a suite's figures, those of one first word together.
    pub(super) fn names(&self, suite: &str) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for figure in self.0.iter().filter(|figure| figure.suite == suite) {
            if !names.contains(&figure.name.as_str()) {
                names.push(&figure.name);
            }
        }
        // Of one first word, as they were told, but for those that differ by a number at their end.
        names.sort_by_key(|name| {
            let is_numbered = name.ends_with(|end: char| end.is_ascii_digit());
            let first = name.split([' ', ',']).next().unwrap_or_default();
            if is_numbered { *name } else { first }.to_owned()
        });
        names
    }

    /// A figure of one kind of database over all suites that told it: the sum.
    pub(super) fn sum(&self, database: Database, name: &str) -> Option<u64> {
        self.numbers(database, name).reduce(|sum, number| sum + number)
    }

    /// A figure of one kind of database over all suites that told it: the highest.
    pub(super) fn highest(&self, database: Database, name: &str) -> Option<u64> {
        self.numbers(database, name).max()
    }

    fn numbers(&self, database: Database, name: &str) -> impl Iterator<Item = u64> {
        let is_it = move |figure: &&Figure| figure.database == database && figure.name == name;
        self.0.iter().filter(is_it).map(|figure| figure.number)
    }

    /// One figure, where it was told.
    pub(super) fn number(&self, suite: &str, database: Database, name: &str) -> Option<u64> {
        let is_it = |figure: &&Figure| {
            (figure.suite, figure.database, figure.name.as_str()) == (suite, database, name)
        };
        self.0.iter().find(is_it).map(|figure| figure.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_add_up_and_peaks_stay_the_highest_for_each_database_apart() {
        let mut figures = Figures::default();
        let told = "sum\t3\trequests\npeak\t70\tlongest, ms\nsum\t4\trequests\n";
        figures.add("flood", Database::Sqlite, told).expect("figures");
        let more = "peak\t60\tlongest, ms\nsum\t1\trequests\n";
        figures.add("flood", Database::Sqlite, more).expect("figures");
        figures.add("flood", Database::Postgres, more).expect("figures");
        let number = |database, name| figures.number("flood", database, name);
        assert_eq!(number(Database::Sqlite, "requests"), Some(8));
        assert_eq!(number(Database::Sqlite, "longest, ms"), Some(70));
        assert_eq!(number(Database::Postgres, "requests"), Some(1));
        assert_eq!(number(Database::None, "requests"), None);
        assert_eq!(figures.names("flood"), ["longest, ms", "requests"]);
    }

    #[test]
    fn figures_of_one_kind_stand_together() {
        let mut figures = Figures::default();
        for name in [
            "threads at the start",
            "answered with 404",
            "answered well",
            "threads at the end",
            "answered with 200",
        ] {
            let told = format!("sum\t1\t{name}");
            figures.add("flood", Database::None, &told).expect("a figure");
        }
        let names = [
            "answered well",
            "answered with 200",
            "answered with 404",
            "threads at the start",
            "threads at the end",
        ];
        assert_eq!(figures.names("flood"), names);
    }

    #[test]
    fn what_is_no_figure_is_not_passed_over() {
        for line in ["requests", "sum\tx\trequests", "mean\t3\trequests", "sum\t3"] {
            assert!(
                Figures::default().add("flood", Database::None, line).is_err(),
                "{line}"
            );
        }
    }
}
