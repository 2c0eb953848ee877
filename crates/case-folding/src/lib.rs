//! Case folding for search: one fixed table, and the patterns by which databases match what it folds.
//!
//! The rule is Unicode's *simple* case folding: one letter becomes one letter, so that a folded text has as many letters
//! as the text. `K`, `k` and the Kelvin sign are one; so are `Σ`, `σ` and the final `ς`. Of Turkish's four i's, `I` and
//! `i` are one, and `İ` and `ı` each stand alone. `ß` is not `ss`. Texts are not normalized: `é` of one letter is not `é`
//! of two.
//!
//! The table never changes by itself, as folded texts are stored. Deliberately absent: locales, and full folding.

mod table;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use table::RUNS;

/// A letter, folded.
#[must_use]
pub fn fold_char(letter: char) -> char {
    if letter.is_ascii() {
        return letter.to_ascii_lowercase();
    }
    let code = u32::from(letter);
    let place = RUNS.partition_point(|(_, last, ..)| *last < code);
    match RUNS.get(place) {
        Some((first, _, step, delta)) if *first <= code && (code - first) % step == 0 => {
            char::from_u32(code.wrapping_add_signed(*delta)).unwrap_or(letter)
        }
        _ => letter,
    }
}

/// A text, each letter folded; borrowed where nothing changes.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.chars().all(|letter| fold_char(letter) == letter) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(fold_char).collect())
}

/// Every letter that folding changes, and what it becomes, by the letter's code.
pub fn pairs() -> impl Iterator<Item = (char, char)> {
    let letters = RUNS
        .iter()
        .flat_map(|(first, last, step, _)| (*first..=*last).step_by(*step as usize));
    letters
        .filter_map(char::from_u32)
        .map(|letter| (letter, fold_char(letter)))
}

/// The letters that are folded to this one, itself left out.
fn others(folded: char) -> &'static [char] {
    static OTHERS: LazyLock<HashMap<char, Vec<char>>> = LazyLock::new(|| {
        let mut others: HashMap<char, Vec<char>> = HashMap::new();
        for (letter, folded) in pairs() {
            others.entry(folded).or_default().push(letter);
        }
        others
    });
    OTHERS.get(&folded).map_or(&[], Vec::as_slice)
}

/// Where in a text a term stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Anywhere.
    Anywhere,
    /// At the start.
    Start,
}

/// A search term, folded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    folded: String,
    place: Place,
}

impl Term {
    /// The term; its case does not matter.
    #[must_use]
    pub fn new(term: &str, place: Place) -> Self {
        Self {
            folded: fold(term).into_owned(),
            place,
        }
    }

    /// The term, folded.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// Whether a text has the term, whatever the case of either.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        let text = fold(text);
        match self.place {
            Place::Anywhere => text.contains(&self.folded),
            Place::Start => text.starts_with(&self.folded),
        }
    }

    /// The pattern of SQLite's `GLOB` that a text with the term matches, as it is stored: each letter is the set of those
    /// that are folded alike.
    ///
    /// Source: SQLite, "The LIKE, GLOB, REGEXP, MATCH, and extract operators".
    #[must_use]
    pub fn glob(&self) -> String {
        let mut pattern = String::with_capacity(4 * self.folded.len() + 2);
        if self.place == Place::Anywhere {
            pattern.push('*');
        }
        for letter in self.folded.chars() {
            let others = others(letter);
            if others.is_empty() && !matches!(letter, '*' | '?' | '[') {
                pattern.push(letter);
            } else {
                pattern.push('[');
                pattern.push(letter);
                pattern.extend(others);
                pattern.push(']');
            }
        }
        pattern.push('*');
        pattern
    }

    /// The regular expression of PostgreSQL that a text with the term matches, as it is stored. Slower than
    /// [`like`](Self::like), and for texts that are not stored folded.
    ///
    /// Source: PostgreSQL, "POSIX Regular Expressions".
    #[must_use]
    pub fn regex(&self) -> String {
        // What begins with `***:` is read as an expression, whatever the server's settings and the term's first letters are.
        let mut pattern = "***:".to_owned();
        if self.place == Place::Start {
            pattern.push('^');
        }
        for letter in self.folded.chars() {
            let others = others(letter);
            if !others.is_empty() {
                pattern.push('[');
                pattern.push(letter);
                pattern.extend(others);
                pattern.push(']');
            } else {
                // An escaped letter or digit would be a class or a reference.
                pattern.push_str(if letter.is_ascii_punctuation() { "\\" } else { "" });
                pattern.push(letter);
            }
        }
        pattern
    }

    /// The pattern of `LIKE` that a folded text with the term matches. Its escape is the backslash.
    #[must_use]
    pub fn like(&self) -> String {
        let mut pattern = String::with_capacity(self.folded.len() + 8);
        if self.place == Place::Anywhere {
            pattern.push('%');
        }
        for letter in self.folded.chars() {
            if matches!(letter, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        pattern.push('%');
        pattern
    }
}
