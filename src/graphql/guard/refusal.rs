//! Why a document or its variables are refused: one code, and up to a few faults with their places.
//!
//! A message names what, where and the limit; of the document's own text it shows at most [`quote`]'s share,
//! of a variable's value nothing.

use async_graphql::Pos;

use super::place::Place;

/// The codes that the guard gives, a closed set.
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

/// One fault.
///
/// Shape: `locations` is empty where the fault has no place in the text; `argument` is a dotted path from a
/// field's argument, set where its value is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong and what would be right.
    pub message: String,
    /// Where in the document.
    pub locations: Vec<Pos>,
    /// Which argument.
    pub argument: Option<String>,
}

/// A refusal of a document or of its variables.
///
/// Shape: `faults` is never empty, and never longer than the limit on errors; all share the code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", code.as_str(), faults.first().map_or("", |fault| fault.message.as_str()))]
pub struct Refusal {
    /// The one code.
    pub code: Code,
    /// The faults, in the order in which they were found.
    pub faults: Vec<Fault>,
    /// What the operation would have cost, where that is why it is refused. Unit: points.
    pub cost: Option<u64>,
}

impl Refusal {
    pub(super) fn new(code: Code, message: impl Into<String>, locations: Vec<Pos>) -> Self {
        Self {
            code,
            faults: vec![Fault {
                message: message.into(),
                locations,
                argument: None,
            }],
            cost: None,
        }
    }
}

/// Faults of [`Code::ValidationFailed`] as they are found, up to a cap.
#[derive(Debug)]
pub(super) struct Faults {
    cap: usize,
    found: Vec<Fault>,
}

impl Faults {
    pub(super) fn new(cap: usize) -> Self {
        Self {
            cap: cap.max(1),
            found: Vec::new(),
        }
    }

    /// Notes a fault of the document.
    pub(super) fn invalid(&mut self, pos: Pos, message: impl FnOnce() -> String) {
        self.note(&[pos], || None, message);
    }

    /// Notes a fault of two places of the document that do not go together.
    pub(super) fn conflict(&mut self, places: [Pos; 2], message: impl FnOnce() -> String) {
        self.note(&places, || None, message);
    }

    /// Notes a fault of a value.
    pub(super) fn wrong(&mut self, pos: Pos, place: &Place<'_>, message: impl FnOnce() -> String) {
        self.note(&[pos], || place.argument(), message);
    }

    fn note(
        &mut self,
        locations: &[Pos],
        argument: impl FnOnce() -> Option<String>,
        message: impl FnOnce() -> String,
    ) {
        if self.found.len() < self.cap {
            self.found.push(Fault {
                message: message(),
                locations: locations.to_vec(),
                argument: argument(),
            });
        }
    }

    /// Errors: the faults as one refusal.
    pub(super) fn settle(self) -> Result<(), Refusal> {
        if self.found.is_empty() {
            return Ok(());
        }
        Err(Refusal {
            code: Code::ValidationFailed,
            faults: self.found,
            cost: None,
        })
    }
}

/// A piece of the caller's text, fit for a message: escaped, and cut after 48 bytes or so.
pub(super) fn quote(text: &str) -> String {
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
        let mut faults = Faults::new(3);
        for number in 0..50 {
            faults.invalid(Pos::default(), || number.to_string());
        }
        let refusal = faults.settle().expect_err("there are faults");
        assert_eq!((refusal.code, refusal.faults.len()), (Code::ValidationFailed, 3));
    }
}
