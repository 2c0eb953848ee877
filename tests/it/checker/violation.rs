//! What can be wrong with a walk, one rule each.

use std::fmt;

/// A rule that a walk breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// A row that stood unchanged throughout the walk is on no page of it.
    Lost,
    /// A row that stood while a page was asked for, between its cursor and its end, is not on it.
    Skipped,
    /// A row is shown twice under the same sort keys.
    Repeated,
    /// The rows of a page are not strictly ordered by the sort, with the id as tie-break.
    Order,
    /// A row lies at the cursor of its page, or on the wrong side of it.
    Cursor,
    /// The cursor of a row or of a page's end is not that of the row that stands there.
    CursorText,
    /// A row of another account is shown.
    Account,
    /// A row is shown as it never was, or as it was not while its page was asked for.
    Version,
    /// A row is shown that the filter leaves out.
    Filter,
    /// A page has more rows than asked for, or fewer though it says that more follow.
    Size,
    /// The flag for a next page contradicts what stood behind the page.
    NextFlag,
    /// The flag for a previous page contradicts what stood before the page.
    PreviousFlag,
    /// The count is lower or higher than any moment of the request allows.
    Count,
}

impl Rule {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 13] = [
        Self::Lost,
        Self::Skipped,
        Self::Repeated,
        Self::Order,
        Self::Cursor,
        Self::CursorText,
        Self::Account,
        Self::Version,
        Self::Filter,
        Self::Size,
        Self::NextFlag,
        Self::PreviousFlag,
        Self::Count,
    ];
}

/// A place where a walk breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) rule: Rule,
    /// The page's number in the walk, from 1 on.
    pub(crate) page: usize,
    pub(crate) text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "{:?}, page {}: {}", self.rule, self.page, self.text)
    }
}
