//! The command line of `cargo xtask test`.
//!
//! Takes words, gives [`Options`]: the steps, whether to go on after a failure, and how often all of it is done.

use super::steps::STEPS;
use crate::{Failure, options::number};

/// What to run, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// All, where none is named.
    steps: Vec<String>,
    pub(super) keep_going: bool,
    pub(super) repeat: Option<usize>,
    /// Cores that are kept busy meanwhile.
    pub(super) busy: usize,
    /// A part of the names of the Rust tests to run, all where there is none.
    pub(super) only: Option<String>,
}

impl Options {
    /// # Errors
    /// Usage, for a word that is no step and no option, or a number that is missing.
    pub(super) fn parse(words: &[String]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--keep-going" => options.keep_going = true,
                "--repeat" => options.repeat = Some(number(word, words.next(), 1..=1_000)?),
                "--busy" => options.busy = number(word, words.next(), 0..=1_024)?,
                "--only" => {
                    let part = words.next().filter(|part| !part.starts_with('-'));
                    let missing = || Failure::Usage("`--only` takes a part of a test's name".into());
                    options.only = Some(part.ok_or_else(missing)?.clone());
                }
                option if option.starts_with('-') => {
                    return Err(Failure::Usage(format!("`test` has no option `{option}`")));
                }
                name if STEPS.iter().any(|step| step.name == name) => options.steps.push(name.to_owned()),
                other => {
                    let steps: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
                    let steps = steps.join(", ");
                    return Err(Failure::Usage(format!("there is no step `{other}`, but {steps}")));
                }
            }
        }
        if options.busy > 0 && options.repeat.is_none() {
            return Err(Failure::Usage("`--busy` goes with `--repeat`".into()));
        }
        if options.only.is_some() && options.steps != ["tests"] {
            return Err(Failure::Usage("`--only` goes with the step `tests` alone".into()));
        }
        Ok(options)
    }

    /// Whether a step is to run.
    pub(super) fn names(&self, step: &str) -> bool {
        self.steps.is_empty() || self.steps.iter().any(|name| name == step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options, Failure> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Options::parse(&words)
    }

    #[test]
    fn options_and_steps_come_in_any_order() {
        let options =
            parse(&["fmt", "--repeat", "7", "tests", "--busy", "2", "--keep-going"]).expect("options");
        assert_eq!(
            (options.repeat, options.busy, options.keep_going),
            (Some(7), 2, true)
        );
        assert!(options.names("fmt") && options.names("tests") && !options.names("web"));
        assert!(parse(&[]).expect("nothing").names("web"));
        let options = parse(&["tests", "--only", "faults::away"]).expect("options");
        assert_eq!(options.only.as_deref(), Some("faults::away"));
    }

    #[test]
    fn what_makes_no_sense_is_wrong_usage() {
        for words in [
            &["--repeat"][..],
            &["--repeat", "0"],
            &["--repeat", "tests"],
            &["--busy", "1"],
            &["--busy", "x", "--repeat", "1"],
            &["test"],
            &["--only", "a"],
            &["--only", "a", "tests", "fmt"],
            &["tests", "--only"],
            &["tests", "--only", "--keep-going"],
        ] {
            assert!(matches!(parse(words), Err(Failure::Usage(_))), "{words:?}");
        }
    }
}
