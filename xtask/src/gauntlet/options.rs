//! How long a run is, and the seeds of its rounds.
//!
//! Takes words and a seed of chance, gives [`Options`] and numbers. Deliberately absent: the clock.

use crate::{Failure, options::number};

/// How long the run is, and what it follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) minutes: u64,
    pub(super) seed: u64,
}

impl Options {
    /// `any` is the seed where none is named.
    ///
    /// # Errors
    ///
    /// Usage.
    pub(super) fn parse(words: &[String], any: u64) -> Result<Self, Failure> {
        let mut options = Self {
            minutes: 55,
            seed: any,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--minutes" => options.minutes = number(word, words.next(), 1..=59)?,
                "--seed" => options.seed = number(word, words.next(), 0..=u64::MAX)?,
                other => return Err(Failure::Usage(format!("`gauntlet` has no option `{other}`"))),
            }
        }
        Ok(options)
    }
}

/// The seed of a round; that of the soak is of round 0.
///
/// Source: SplitMix64, by Steele, Lea and Flood (2014).
pub(super) fn seed_of(seed: u64, round: u64) -> u64 {
    let mut mixed = seed.wrapping_add((round + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options, Failure> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Options::parse(&words, 7)
    }

    #[test]
    fn options_are_read_and_anything_else_is_wrong_usage() {
        assert_eq!(parse(&[]).expect("options"), Options { minutes: 55, seed: 7 });
        let options = parse(&["--seed", "18446744073709551615", "--minutes", "1"]);
        assert_eq!(
            options.expect("options"),
            Options {
                minutes: 1,
                seed: u64::MAX
            }
        );
        for words in [
            &["--minutes"][..],
            &["--minutes", "0"],
            &["--minutes", "60"],
            &["--seed", "x"],
            &["--seed", "-1"],
            &["--hours", "1"],
            &["3"],
        ] {
            assert!(matches!(parse(words), Err(Failure::Usage(_))), "{words:?}");
        }
    }

    #[test]
    fn a_seed_leads_to_the_same_seeds_every_time_and_to_another_each_round() {
        let seeds: Vec<u64> = (0..4).map(|round| seed_of(1, round)).collect();
        assert_eq!(seeds, (0..4).map(|round| seed_of(1, round)).collect::<Vec<_>>());
        let all: std::collections::BTreeSet<u64> = (0..100)
            .flat_map(|seed| (0..100).map(move |round| seed_of(seed * 1_000, round)))
            .collect();
        assert_eq!(all.len(), 10_000);
    }
}
