//! What is known of the index of trigrams, which serves searches where an operator asked for it.
//!
//! Takes what a look at the schema found, and which searches took the index too long; says whether it may be asked for a
//! term. Deliberately absent: statements.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use case_folding::Term;
use tokio::time::Instant;

/// How long the index may look for a term: as long as a few walks of a search take.
///
/// Source: measured on 1,000,000 names, PostgreSQL 18: a rare name takes less than 1 ms, pieces that never meet 600 ms.
pub(super) const TIMEOUT: Duration = Duration::from_millis(50);
/// How long a search is remembered that was not for the index: as long as someone may turn its pages.
const MEMORY: Duration = Duration::from_secs(60);
/// How many of them are remembered.
const REMEMBERED: usize = 1_000;

/// What the index serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrigramIndex {
    /// It is not there, or the role's searches cannot use it.
    #[default]
    Absent,
    /// Terms with letters of ASCII: the database takes no other letter for one.
    OfAscii,
    /// Terms in any script.
    Whole,
}

/// What a store knows of the index.
#[derive(Debug)]
pub struct Trigrams {
    /// How long it may look for a search.
    pub(super) timeout: Duration,
    index: AtomicU8,
    /// When it was that the index did not serve an account's search.
    failed: Mutex<HashMap<(i64, Term), Instant>>,
}

impl Trigrams {
    /// Nothing yet.
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            index: AtomicU8::default(),
            failed: Mutex::default(),
        }
    }

    /// Takes in what the schema was found to have.
    pub fn learn(&self, index: TrigramIndex) {
        self.index.store(index as u8, Ordering::Relaxed);
    }

    /// Whether the index may be asked for a term, which did not take it too long a moment ago.
    pub(super) fn serves(&self, account_id: i64, term: &Term, now: Instant) -> bool {
        let index = self.index.load(Ordering::Relaxed);
        if index == TrigramIndex::Absent as u8 || !has_trigram(term, index == TrigramIndex::OfAscii as u8) {
            return false;
        }
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed
            .get(&(account_id, term.clone()))
            .is_none_or(|at| now.duration_since(*at) > MEMORY)
    }

    /// Remembers that the index did not serve a search.
    pub(super) fn failed(&self, account_id: i64, term: &Term, now: Instant) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.len() >= REMEMBERED {
            failed.retain(|_, at| now.duration_since(*at) <= MEMORY);
            // Where all of them are new, nothing is lost but the time of a look.
            if failed.len() >= REMEMBERED {
                failed.clear();
            }
        }
        failed.insert((account_id, term.clone()), now);
    }
}

/// Whether three letters or digits stand side by side in a term: from such a run the server makes a trigram whatever stands
/// around it. Without any trigram it would read the whole index.
///
/// Source: pg_trgm 1.6, "Index Support"; its `trgm_regexp.c` and `trgm_op.c` take what is alphanumeric for words.
fn has_trigram(term: &Term, is_of_ascii: bool) -> bool {
    let mut run = 0;
    term.folded().chars().any(|letter| {
        let is_letter = if is_of_ascii {
            letter.is_ascii_alphanumeric()
        } else {
            letter.is_alphanumeric()
        };
        run = if is_letter { run + 1 } else { 0 };
        run == 3
    })
}

#[cfg(test)]
mod tests {
    use case_folding::Place;

    use super::*;

    fn term(text: &str) -> Term {
        Term::new(text, Place::Anywhere)
    }

    #[test]
    fn a_term_is_for_the_index_where_three_letters_stand_side_by_side() {
        for (text, of_ascii, whole) in [
            ("fue", true, true),
            ("a.b-c1", false, false),
            ("--fuel--", true, true),
            ("--", false, false),
            ("", false, false),
            ("öl fu", false, false),
            ("Отчёт", false, true),
            ("ölf", false, true),
            ("自動車", false, true),
            ("a%b_c", false, false),
        ] {
            for (index, expected) in [
                (TrigramIndex::Absent, false),
                (TrigramIndex::OfAscii, of_ascii),
                (TrigramIndex::Whole, whole),
            ] {
                let trigrams = Trigrams::new(TIMEOUT);
                trigrams.learn(index);
                assert_eq!(
                    trigrams.serves(1, &term(text), Instant::now()),
                    expected,
                    "{text} {index:?}"
                );
            }
        }
    }

    #[test]
    fn a_search_that_failed_is_left_alone_for_a_minute_and_no_other_is() {
        let (trigrams, now) = (Trigrams::new(TIMEOUT), Instant::now());
        trigrams.learn(TrigramIndex::Whole);
        trigrams.failed(1, &term("fuel"), now);
        assert!(!trigrams.serves(1, &term("FUEL"), now + MEMORY));
        assert!(trigrams.serves(2, &term("fuel"), now));
        assert!(trigrams.serves(1, &Term::new("fuel", Place::Start), now));
        assert!(trigrams.serves(1, &term("fuel"), now + MEMORY + Duration::from_secs(1)));
        for number in 0..3 * REMEMBERED {
            trigrams.failed(1, &term(&number.to_string()), now);
        }
        assert!(trigrams.failed.lock().unwrap().len() <= REMEMBERED);
    }
}
