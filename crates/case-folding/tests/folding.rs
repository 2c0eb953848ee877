//! The table against another implementation's, and terms against texts.

use case_folding::{Place, Term, fold, fold_char, pairs};
use icu_casemap::CaseMapper;
use proptest::prelude::*;

#[test]
fn every_letter_is_folded_as_unicode_says() {
    let mapper = CaseMapper::new();
    for letter in '\0'..=char::MAX {
        assert_eq!(fold_char(letter), mapper.simple_fold(letter), "{letter:?}");
    }
    assert_eq!(pairs().count(), 1533);
}

#[test]
fn what_is_folded_is_not_changed_by_folding() {
    for (letter, folded) in pairs() {
        assert_ne!(letter, folded);
        assert_eq!(fold_char(folded), folded, "{letter:?}");
    }
}

#[test]
fn the_letters_that_other_rules_get_wrong() {
    let found = |text: &str, term: &str| Term::new(term, Place::Anywhere).is_in(text);
    for (text, term) in [
        ("ΟΔΟΣΑ.csv", "οδος"),
        ("οδος.csv", "ΟΔΟΣ"),
        ("Fuel.CSV", "fuel.c"),
        ("\u{212A}elvin", "KEL"),
        ("Straße", "STRAßE"),
        ("\u{1E9E}", "ß"),
        ("İstanbul", "İ"),
        ("ıspanak", "ı"),
        ("INDEX", "index"),
        ("ЁЛКА", "ёлка"),
    ] {
        assert!(found(text, term), "{text:?} {term:?}");
    }
    for (text, term) in [
        ("Straße", "STRASSE"),
        ("İstanbul", "i"),
        ("İstanbul", "ı"),
        ("ıspanak", "I"),
        ("cafe\u{301}", "café"),
    ] {
        assert!(!found(text, term), "{text:?} {term:?}");
    }
}

#[test]
fn patterns_take_every_sign_as_itself() {
    let term = Term::new("a*?[]^-%_\\K", Place::Anywhere);
    assert_eq!(term.glob(), "*[aA][*][?][[]]^-%_\\[kK\u{212A}]*");
    assert_eq!(term.like(), "%a*?[]^-\\%\\_\\\\k%");
    assert_eq!(term.regex(), "***:[aA]\\*\\?\\[\\]\\^\\-\\%\\_\\\\[kK\u{212A}]");
    let start = Term::new("1%", Place::Start);
    assert_eq!(
        (start.glob(), start.like()),
        ("1%*".to_owned(), "1\\%%".to_owned())
    );
    assert_eq!(start.regex(), "***:^1\\%");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_part_of_a_text_is_found_in_it_whatever_the_case(text in ".{0,12}", from in 0..12_usize, letters in 0..12_usize) {
        let part: String = text.chars().skip(from).take(letters).collect();
        prop_assert!(Term::new(&part, Place::Anywhere).is_in(&text));
        prop_assert!(Term::new(&fold(&part), Place::Anywhere).is_in(&text));
        prop_assert_eq!(fold(&text).chars().count(), text.chars().count());
    }
}
