//! Filters on texts and on the presence of a value: what is asked for, and its echo.

use async_graphql::OneofObject;
use case_folding::{Place, Term};
use keyset::Check;

use super::{Applied, AppliedValue, Asked, OperatorKind, Operators, Paths, Shows};
use crate::json::Json;
use crate::resources::{FieldError, ListItems};
use crate::selection::table::object;
use crate::store::query::table::Column;

/// The longest term. **Unit**: characters.
pub const MAX_TERM: usize = 256;

/// Where in a text a term stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchOperator {
    /// Anywhere.
    Contains,
    /// At the start.
    StartsWith,
}

/// A term in a text, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Where it stands.
    pub operator: SearchOperator,
    /// The term.
    pub term: String,
}

impl Search {
    /// The search, and what is wrong with its term.
    ///
    /// # Errors
    ///
    /// What the term must be.
    pub fn new(operator: SearchOperator, term: &str) -> Result<Self, String> {
        // A longer text is not counted to its end.
        match term.chars().take(MAX_TERM + 1).count() {
            1..=MAX_TERM => Ok(Self {
                operator,
                term: term.to_owned(),
            }),
            0 => Err(format!("must have 1 to {MAX_TERM} characters; it is empty")),
            _ => Err(format!("must have 1 to {MAX_TERM} characters; it has more")),
        }
    }

    /// The condition on a column.
    pub(super) fn check<C: Column>(&self, column: C) -> Check<C> {
        // No row has NUL in a text, and PostgreSQL takes none as a value.
        if self.term.contains('\0') {
            return Check::OneOfTexts {
                column,
                texts: Vec::new(),
                is_excluded: false,
            };
        }
        let place = match self.operator {
            SearchOperator::Contains => Place::Anywhere,
            SearchOperator::StartsWith => Place::Start,
        };
        let term = Term::new(&self.term, place);
        Check::Matches { column, term }
    }
}

/// A filter on a text, whatever its case: exactly one operator. A term has 1 to 256 characters.
///
/// Case is folded letter by letter, as Unicode's simple case folding does.
#[derive(Clone, Debug, OneofObject)]
pub enum ImportTextFilter {
    /// The text has this in it.
    Contains(String),
    /// The text begins with this.
    StartsWith(String),
}

impl Operators for ImportTextFilter {
    const KIND: OperatorKind = OperatorKind::Search { example: "vehicles" };

    fn asked(&self, paths: Paths, _: ListItems) -> Result<Asked, FieldError> {
        let (operator, argument, name, term) = match self {
            Self::Contains(term) => (SearchOperator::Contains, paths.contains, "contains", term),
            Self::StartsWith(term) => (SearchOperator::StartsWith, paths.starts_with, "startsWith", term),
        };
        let search = Search::new(operator, term);
        search.map(Asked::Search).map_err(|wrong| FieldError::Input {
            argument,
            message: format!("`{name}` {wrong}."),
        })
    }
}

object! {
    /// A search that was applied: one key is set, the rest are null.
    pub ImportTextMatched<'a>(&'a Search);

    /// The text has this in it.
    "contains": Option<String> = |search, json| write_term(search, SearchOperator::Contains, json);
    /// The text begins with this.
    "startsWith": Option<String> = |search, json| write_term(search, SearchOperator::StartsWith, json);
}

impl Shows for ImportTextMatched {
    fn source(value: AppliedValue<'_>) -> Option<&Search> {
        match value {
            AppliedValue::Search(search) => Some(search),
            _ => None,
        }
    }
}

fn write_term(search: &Search, operator: SearchOperator, json: &mut Json) {
    if search.operator == operator {
        json.string(&search.term);
    } else {
        json.null();
    }
}

impl Operators for bool {
    const KIND: OperatorKind = OperatorKind::Flag;

    fn asked(&self, _: Paths, _: ListItems) -> Result<Asked, FieldError> {
        Ok(Asked::IsSet(*self))
    }
}

/// The flag of a column, where that is what was applied.
#[must_use]
pub fn flag<C: Column>(applied: Applied<'_, C>, column: C) -> Option<bool> {
    match applied.value {
        AppliedValue::IsSet(is_set) if applied.column == column => Some(is_set),
        _ => None,
    }
}

/// Writes a flag; null where there is none.
pub fn write_flag(flag: Option<bool>, json: &mut Json) {
    match flag {
        Some(flag) => json.boolean(flag),
        None => json.null(),
    }
}
