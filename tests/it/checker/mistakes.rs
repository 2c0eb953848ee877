//! The checker finds each of seventeen mistakes, whatever the seed, and nothing where there is none.

use std::collections::BTreeSet;

use super::service::Mistake;
use super::simulation::simulate;
use super::violation::Rule;
use crate::gauntlet;

/// A mistake, in plain words, and a rule that it breaks.
const MISTAKES: [(Mistake, &str, Rule); 17] = [
    (
        Mistake::NoTieBreak,
        "rows of the same sort keys have no order among themselves",
        Rule::Skipped,
    ),
    (
        Mistake::CursorIncluded,
        "a page starts at its cursor (`>=` for `>`)",
        Rule::Cursor,
    ),
    (
        Mistake::MicrosecondsCut,
        "a cursor holds milliseconds instead of microseconds",
        Rule::Cursor,
    ),
    (
        Mistake::FlagFromPageLength,
        "a full page says that more follow",
        Rule::NextFlag,
    ),
    (
        Mistake::AccountForgotten,
        "from page two on all accounts are read",
        Rule::Account,
    ),
    (
        Mistake::OffsetForCursor,
        "a page starts at a number of rows instead of at the cursor",
        Rule::Lost,
    ),
    (
        Mistake::FilterForgotten,
        "from page two on the filter is left out",
        Rule::Filter,
    ),
    (
        Mistake::FilterAfterLimit,
        "the filter is applied to the page instead of to the list",
        Rule::Size,
    ),
    (
        Mistake::OrderedById,
        "the rows of a page are ordered by their ids",
        Rule::Order,
    ),
    (
        Mistake::BackwardPageReversed,
        "a page backward has its last row first",
        Rule::Order,
    ),
    (
        Mistake::LookaheadCursor,
        "a page ends with the cursor of the row behind it",
        Rule::CursorText,
    ),
    (
        Mistake::OutdatedCopy,
        "pages are read from a copy of the table that is not kept up to date",
        Rule::Version,
    ),
    (
        Mistake::SamePageAgain,
        "a cached page is sent for every cursor",
        Rule::Repeated,
    ),
    (Mistake::DeletedRowsShown, "deleted rows are shown", Rule::Version),
    (
        Mistake::PreviousFlagFalse,
        "no page says that another lies before it",
        Rule::PreviousFlag,
    ),
    (
        Mistake::DirectionTurned,
        "from page two on the sort's direction is turned",
        Rule::Cursor,
    ),
    (
        Mistake::CountWithoutFilter,
        "the count leaves out the filter",
        Rule::Count,
    ),
];

/// Other seeds in each round of the gauntlet.
fn seeds() -> impl Iterator<Item = u64> {
    (100..106).map(gauntlet::seed)
}

#[test]
fn each_mistake_is_found_with_every_seed() {
    let mut expected = BTreeSet::new();
    for (mistake, words, rule) in MISTAKES {
        let mut broken = BTreeSet::new();
        for seed in seeds() {
            let found = simulate(seed, Some(mistake)).violations;
            assert!(!found.is_empty(), "not found with seed {seed}: {words}");
            broken.extend(found.iter().map(|violation| violation.rule));
        }
        assert!(
            broken.contains(&rule),
            "{words}: {rule:?} is not among {broken:?}"
        );
        expected.insert(rule);
        gauntlet::add("seeded mistakes found by the checker", 1);
    }
    let all = BTreeSet::from(Rule::ALL);
    assert_eq!(expected, all, "each rule has a mistake that breaks it");
}

#[test]
fn without_a_mistake_nothing_is_found() {
    for seed in (200..220).map(gauntlet::seed) {
        let outcome = simulate(seed, None);
        assert!(outcome.pages > 50, "only {} pages", outcome.pages);
        let found: Vec<String> = outcome.violations.iter().map(ToString::to_string).collect();
        assert_eq!(found, [""; 0], "seed {seed}");
    }
}
