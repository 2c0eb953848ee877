//! The bodies of the fuzzers on the compiler that everyone has: their seeds, and many small damages to each.
//!
//! The seeds are files of `fuzz/corpus`, one folder a body; what a fuzzer finds goes there, and is tried here ever after.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use imports_gateway::fuzzing::{BODIES, Body};
use proptest::prelude::*;

use crate::gauntlet;
use crate::rng::Rng;

/// Damaged copies of each seed.
const COPIES: usize = 400;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")
}

/// The seeds of a body, with their names, in the order of these.
fn seeds(name: &str) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(corpus().join(name)).unwrap();
    let mut seeds: Vec<_> = files
        .map(|file| file.unwrap().path())
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read(path).unwrap(),
            )
        })
        .collect();
    seeds.sort();
    seeds
}

fn body(name: &str) -> Body {
    BODIES.iter().find(|(found, _)| *found == name).unwrap().1
}

#[test]
fn each_body_has_a_corpus_and_a_target_of_its_name() {
    let names: BTreeSet<_> = BODIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let folders: BTreeSet<_> = fs::read_dir(corpus())
        .unwrap()
        .map(|folder| folder.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, folders);
    for name in &names {
        let target = corpus().with_file_name(format!("fuzz_targets/{name}.rs"));
        assert!(target.is_file(), "{}", target.display());
    }
}

#[test]
fn each_corpus_has_seeds_that_are_taken_and_seeds_that_are_not() {
    for (name, body) in BODIES {
        let seeds = seeds(name);
        let taken = seeds.iter().filter(|(_, seed)| body(seed)).count();
        assert!(
            taken >= 2 && taken < seeds.len(),
            "{name}: {taken} of {}",
            seeds.len()
        );
    }
}

#[test]
fn damaged_seeds_end_every_body() {
    for (number, (name, body)) in BODIES.into_iter().enumerate() {
        let mut rng = Rng::new(gauntlet::seed(number as u64));
        for (_, seed) in seeds(name) {
            for _ in 0..COPIES {
                let mut bytes = seed.clone();
                rng.damage(&mut bytes);
                let _ = body(&bytes);
            }
            gauntlet::add("damaged seeds read", COPIES as u64);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_and_any_text_end_every_body(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,80}") {
        for (_, body) in BODIES {
            let _ = body(&bytes);
            let _ = body(text.as_bytes());
        }
    }

    #[test]
    fn a_bit_flipped_in_a_sound_cursor_is_always_refused(seed in 0usize..4, at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let sound: Vec<_> = seeds("cursor").into_iter().filter(|(_, seed)| body("cursor")(seed)).collect();
        let mut bytes = sound[seed % sound.len()].1.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(!body("cursor")(&bytes));
    }
}
