//! The figures that one looks at first, of each kind of database over all suites.
//!
//! Takes the figures that the tests told, gives a table. Deliberately absent: judgement; the tests judge.

use std::fmt::Write as _;

use super::{
    figures::Figures,
    report::grouped,
    suites::{Database, SOAK},
};

const SOUND: [&str; 2] = [
    "sound requests answered well",
    "sound requests refused amid a fault",
];
const HOSTILE: [&str; 2] = [
    "hostile requests answered as documented",
    "hostile requests refused amid a fault",
];
const HEALED: [&str; 3] = [
    "faults healed",
    "gateways killed, and started again",
    "full disks healed",
];

/// The table.
pub(super) fn table(figures: &Figures) -> String {
    let mut text = String::from("\n## In short\n\n| | SQLite | PostgreSQL |\n|---|---|---|\n");
    for (name, cell) in LINES {
        let cells = SOAK.databases.iter().map(|database| cell(figures, *database));
        let cells: Vec<String> = cells.map(|cell| cell.unwrap_or_else(|| "-".to_owned())).collect();
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    }
    text
}

/// A cell of a line; none where nobody told its figure.
type Cell = fn(&Figures, Database) -> Option<String>;

const LINES: [(&str, Cell); 10] = [
    ("requests", |figures, database| {
        Some(grouped(requests(figures, database)))
    }),
    ("hostile among them", hostile_share),
    ("walks judged by the checker", |figures, database| {
        figures.sum(database, "walks judged by the checker").map(grouped)
    }),
    ("violations found by the checker", |figures, database| {
        figures
            .sum(database, "violations found by the checker")
            .map(grouped)
    }),
    ("faults healed", |figures, database| {
        Some(grouped(sum(figures, database, &HEALED)))
    }),
    ("longest until served again, ms", |figures, database| {
        figures
            .highest(database, "longest until served again, ms")
            .map(grouped)
    }),
    ("memory resident at warm-up, MiB", |figures, database| {
        mib(figures, database, "memory resident at warm-up, KiB")
    }),
    (
        "memory resident at the end, under load, MiB",
        |figures, database| mib(figures, database, "memory resident at the end, under load, KiB"),
    ),
    ("open files at warm-up", |figures, database| {
        figures.highest(database, "open files at warm-up").map(grouped)
    }),
    ("open files at the end, under load", |figures, database| {
        figures
            .highest(database, "open files at the end, under load")
            .map(grouped)
    }),
];

fn sum(figures: &Figures, database: Database, names: &[&str]) -> u64 {
    names.iter().filter_map(|name| figures.sum(database, name)).sum()
}

fn requests(figures: &Figures, database: Database) -> u64 {
    sum(figures, database, &SOUND) + sum(figures, database, &HOSTILE)
}

fn hostile_share(figures: &Figures, database: Database) -> Option<String> {
    let hostile = sum(figures, database, &HOSTILE);
    let percent = (100 * hostile).checked_div(requests(figures, database))?;
    Some(format!("{percent} %"))
}

/// A figure told in KiB.
fn mib(figures: &Figures, database: Database, name: &str) -> Option<String> {
    figures.highest(database, name).map(|kib| grouped(kib >> 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_several_suites_are_added_up_and_what_nobody_told_is_left_open() {
        let mut figures = Figures::default();
        let soak = "sum\t900\tsound requests answered well\nsum\t100\thostile requests answered as documented\n\
                    sum\t7\twalks judged by the checker\nsum\t2\tfaults healed\n\
                    peak\t300\tlongest until served again, ms\npeak\t40960\tmemory resident at warm-up, KiB\n";
        figures.add("soak", Database::Sqlite, soak).expect("figures");
        let oracle = "sum\t5\twalks judged by the checker\npeak\t200\tlongest until served again, ms\n";
        figures
            .add("answers against an oracle", Database::Sqlite, oracle)
            .expect("figures");
        let table = table(&figures);
        for line in [
            "| requests | 1,000 | 0 |",
            "| hostile among them | 10 % | - |",
            "| walks judged by the checker | 12 | - |",
            "| faults healed | 2 | 0 |",
            "| longest until served again, ms | 300 | - |",
            "| memory resident at warm-up, MiB | 40 | - |",
        ] {
            assert!(table.contains(line), "{line} is not in{table}");
        }
    }
}
