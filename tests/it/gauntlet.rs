//! What a round of `cargo xtask gauntlet` changes in the tests, and what it is told of them: all of it stands here.
//!
//! Takes variables of the environment, gives seeds, databases and lengths; appends figures to a file. Without the
//! variables every run of the tests is the same. Deliberately absent: which suites make a round, which is the
//! gauntlet's.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Another seed than the suites' own.
const SEED: &str = "GATEWAY_TEST_SEED";
/// The one kind of database that is tested: `sqlite` or `postgresql`.
const DATABASE: &str = "GATEWAY_TEST_DATABASE";
/// How long a soak is. **Unit**: seconds.
const SOAK_SECONDS: &str = "GATEWAY_TEST_SOAK_SECONDS";
/// The file that figures are appended to.
const FIGURES: &str = "GATEWAY_TEST_FIGURES";
/// The program that is tested, where it is not the one that cargo built with the tests.
const BINARY: &str = "GATEWAY_TEST_BINARY";
/// How often a mirror is killed below an upstream at its worst, and how many rows that has.
const MIRROR_KILLS: &str = "GATEWAY_TEST_MIRROR_KILLS";
const MIRROR_ROWS: &str = "GATEWAY_TEST_MIRROR_ROWS";

/// A soak that only shows that the soak works.
const SHORT_SOAK: Duration = Duration::from_secs(4);

/// The seed of a suite: its `own` in an ordinary run, in the gauntlet one that follows from that and the round's.
/// Never 0 but where `own` is.
pub(crate) fn seed(own: u64) -> u64 {
    variable(SEED).map_or(own, |round| mixed(own, round))
}

/// Whether this is a round of the gauntlet, which has more time than an ordinary run.
pub(crate) fn is_round() -> bool {
    variable::<u64>(SEED).is_some()
}

fn mixed(own: u64, round: u64) -> u64 {
    let mut mixed = round ^ own.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)).max(1)
}

/// Whether a kind of database is tested, named as in the variable.
pub(crate) fn tests_on(kind: &str) -> bool {
    variable::<String>(DATABASE).is_none_or(|only| only == kind)
}

/// Whether a test that needs only one database is to have PostgreSQL.
pub(crate) fn prefers_postgresql() -> bool {
    !tests_on("sqlite")
}

/// When a soak that was `started` ends whose clients begin now; each has a few seconds, however long it took to fill its
/// database.
pub(crate) fn soak_end(started: Instant) -> Instant {
    let length = variable(SOAK_SECONDS).map_or(SHORT_SOAK, Duration::from_secs);
    (started + length).max(Instant::now() + SHORT_SOAK)
}

/// How often a mirror is killed.
pub(crate) fn mirror_kills() -> usize {
    variable(MIRROR_KILLS).unwrap_or(5)
}

/// How many rows its upstream has.
pub(crate) fn mirror_rows() -> u64 {
    variable(MIRROR_ROWS).unwrap_or(2_000)
}

/// The program that is tested.
pub(crate) fn binary() -> PathBuf {
    variable(BINARY).unwrap_or_else(|| env!("CARGO_BIN_EXE_imports-gateway").into())
}

/// Tells a figure that adds up: over a run, and over all rounds.
pub(crate) fn add(figure: &str, number: u64) {
    tell("sum", figure, number);
}

/// Tells a figure of which the largest counts.
pub(crate) fn peak(figure: &str, number: u64) {
    tell("peak", figure, number);
}

/// Appends one line, which is written at once, so that those of several threads don't mix.
fn tell(kind: &str, figure: &str, number: u64) {
    let Some(path) = variable::<String>(FIGURES) else {
        return;
    };
    let line = format!("{kind}\t{number}\t{figure}\n");
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .unwrap_or_else(|error| panic!("{path}: {error}"));
}

/// A variable's value; a value that can't be read would pass for a run that was asked for.
fn variable<T: FromStr>(name: &str) -> Option<T> {
    let value = env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} can't be `{value}`")),
    )
}

#[test]
fn a_soak_has_a_few_seconds_however_long_its_database_took_to_fill() {
    let now = Instant::now();
    let started = now - 2 * SHORT_SOAK;
    assert!(soak_end(started) >= now + SHORT_SOAK);
    assert!(soak_end(now) >= now + SHORT_SOAK);
}

#[test]
fn a_round_has_other_seeds_for_each_suite_and_each_round() {
    let seeds: std::collections::BTreeSet<_> = (0..50)
        .flat_map(|own| (0..50).map(move |round| mixed(own, round)))
        .collect();
    assert_eq!(seeds.len(), 2_500);
    assert!(!seeds.contains(&0));
}
