//! Why a document or its variables are refused: one code, and up to a few errors with their positions.
//!
//! A message says what is wrong, where, and what the limit is. It quotes at most a few characters of the document
//! ([`quote`]), and nothing of a variable's value.

use async_graphql_parser::Pos;

use crate::input_path::InputPath;

/// The codes of rejections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// Too many bytes, tokens, operations or fragments.
    QueryTooLarge,
    /// Nested too deep, in brackets or fields.
    QueryTooDeep,
    /// Too many aliases, root fields, directives, expanded nodes, variables or points.
    QueryTooComplex,
    /// Not a GraphQL document.
    ParseFailed,
    /// A document or variables that the schema does not allow.
    ValidationFailed,
    /// No such operation, or which one is unclear.
    OperationResolutionFailure,
    /// Introspection, where it is switched off.
    IntrospectionDisabled,
}

impl Code {
    /// The code as it stands in an answer's `extensions.code`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueryTooLarge => "QUERY_TOO_LARGE",
            Self::QueryTooDeep => "QUERY_TOO_DEEP",
            Self::QueryTooComplex => "QUERY_TOO_COMPLEX",
            Self::ParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::ValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::OperationResolutionFailure => "OPERATION_RESOLUTION_FAILURE",
            Self::IntrospectionDisabled => "INTROSPECTION_DISABLED",
        }
    }
}

/// One thing that is wrong with a document or a variable.
///
/// `locations` is empty where the error has no position in the text; `argument` is a dotted path from a
/// field's argument, set where its value is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationError {
    /// What is wrong and what would be right.
    pub message: String,
    /// Where in the document.
    pub locations: Vec<Pos>,
    /// Which argument.
    pub argument: Option<String>,
}

/// A rejection of a document or of its variables.
///
/// `errors` is never empty, and never longer than the limit on errors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", code.as_str(), errors.first().map_or("", |error| error.message.as_str()))]
pub struct Rejection {
    /// The code of all errors.
    pub code: Code,
    /// The errors, in the order in which they were found.
    pub errors: Vec<ValidationError>,
    /// What the operation would have cost in points, where that is why it is refused.
    pub cost: Option<u64>,
}

impl Rejection {
    pub(crate) fn new(code: Code, message: impl Into<String>, locations: Vec<Pos>) -> Self {
        Self {
            code,
            errors: vec![ValidationError {
                message: message.into(),
                locations,
                argument: None,
            }],
            cost: None,
        }
    }
}

/// Errors of [`Code::ValidationFailed`] as they are found, up to a cap.
#[derive(Debug)]
pub(crate) struct Errors {
    cap: usize,
    found: Vec<ValidationError>,
}

impl Errors {
    pub(crate) fn new(cap: usize) -> Self {
        Self {
            cap: cap.max(1),
            found: Vec::new(),
        }
    }

    /// Adds an error at a position of the document.
    pub(crate) fn at(&mut self, pos: Pos, message: impl FnOnce() -> String) {
        self.push(&[pos], || None, message);
    }

    /// Adds an error of two positions of the document.
    pub(crate) fn at_both(&mut self, positions: [Pos; 2], message: impl FnOnce() -> String) {
        self.push(&positions, || None, message);
    }

    /// Adds an error of a value.
    pub(crate) fn in_value(&mut self, pos: Pos, path: &InputPath<'_>, message: impl FnOnce() -> String) {
        self.push(&[pos], || path.argument(), message);
    }

    fn push(
        &mut self,
        locations: &[Pos],
        argument: impl FnOnce() -> Option<String>,
        message: impl FnOnce() -> String,
    ) {
        if self.found.len() < self.cap {
            self.found.push(ValidationError {
                message: message(),
                locations: locations.to_vec(),
                argument: argument(),
            });
        }
    }

    /// # Errors
    ///
    /// The rejection, where errors were added.
    pub(crate) fn into_result(self) -> Result<(), Rejection> {
        if self.found.is_empty() {
            return Ok(());
        }
        Err(Rejection {
            code: Code::ValidationFailed,
            errors: self.found,
            cost: None,
        })
    }
}

/// A piece of the caller's text, fit for a message: escaped, and cut after 48 bytes or so.
pub(crate) fn quote(text: &str) -> String {
    const BYTES: usize = 48;
    let mut quoted = String::from("`");
    for character in text.chars() {
        let start = quoted.len();
        quoted.extend(character.escape_debug());
        if quoted.len() > BYTES {
            quoted.truncate(start);
            quoted.push('…');
            break;
        }
    }
    quoted.push('`');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_short_and_escaped() {
        assert_eq!(quote("first"), "`first`");
        assert_eq!(quote("a\n\u{0}"), "`a\\n\\0`");
        assert!(quote(&"é\u{202e}".repeat(5000)).len() < 100);
    }

    #[test]
    fn faults_are_capped_and_share_one_code() {
        let mut errors = Errors::new(3);
        for number in 0..50 {
            errors.at(Pos::default(), || number.to_string());
        }
        let rejection = errors.into_result().expect_err("there are errors");
        assert_eq!(
            (rejection.code, rejection.errors.len()),
            (Code::ValidationFailed, 3)
        );
    }
}
