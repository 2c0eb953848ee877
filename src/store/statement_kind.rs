//! The names of the statements that requests run, for metrics and logs.
//!
//! Deliberately absent: anything that a caller wrote. The names are a closed set, so they can label a metric.

use sea_orm::{DbBackend, Statement, Value};

/// What kind of question a statement asks; the bound of each table's shape is told where it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// A page, walked along the index of its order.
    Page,
    /// A page merged from one walk a name of its filter.
    Merge,
    /// A page chosen among all rows of a range that is not the order's.
    Range,
    /// A page found on a walk of limited length along the order, past rows outside a range.
    Walk,
    /// A page found on a walk along the order as far as it takes, past rows that checks leave out.
    Scan,
    /// A page found on a walk of limited length along the order, past rows without a term.
    Search,
    /// A page found on a shorter such walk, before the index of trigrams is asked.
    Glance,
    /// How many rows with a term the index of trigrams finds, up to a cap and a time.
    Trigrams,
    /// How many rows of a walk of limited length there are by state and time.
    Grouped,
    /// How many rows each of some ranges holds, up to a cap.
    Probe,
    /// A capped count along the index of the order.
    Count,
    /// A capped count among all rows of a range that is not the order's.
    RangeCount,
    /// A capped count for each status.
    StatusCounts,
    /// Rows by their ids.
    ByIds,
    /// One account by its id.
    Account,
    /// All accounts.
    Accounts,
    /// One API key by its hash.
    Token,
    /// API keys by their ids.
    HeldTokens,
    /// All API keys.
    Tokens,
    /// Rows of every account, looked through for values that cannot be read.
    Check,
    /// Notes of the change feed, or the newest one.
    Changes,
    /// Rows that were changed, by accounts and ids.
    Changed,
    /// What of an account's changes is seen.
    Tag,
    /// How the mirror of an account stands.
    Mirror,
}

impl StatementKind {
    /// The name in metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Merge => "merge",
            Self::Range => "range",
            Self::Walk => "walk",
            Self::Scan => "scan",
            Self::Search => "search",
            Self::Glance => "glance",
            Self::Trigrams => "trigrams",
            Self::Grouped => "grouped",
            Self::Probe => "probe",
            Self::Count => "count",
            Self::RangeCount => "range_count",
            Self::StatusCounts => "status_counts",
            Self::ByIds => "by_ids",
            Self::Account => "account",
            Self::Accounts => "accounts",
            Self::Token => "token",
            Self::HeldTokens => "held_tokens",
            Self::Tokens => "tokens",
            Self::Check => "check",
            Self::Changes => "changes",
            Self::Changed => "changed",
            Self::Tag => "tag",
            Self::Mirror => "mirror",
        }
    }
}

/// A statement and its name.
#[derive(Clone, Debug)]
pub struct Named {
    /// The name.
    pub kind: StatementKind,
    /// The text and its values.
    pub statement: Statement,
}

impl Named {
    /// A text of a database with its values and its name.
    #[must_use]
    pub fn new(
        kind: StatementKind,
        backend: DbBackend,
        text: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) -> Self {
        let statement = Statement::from_sql_and_values(backend, text, values);
        Self { kind, statement }
    }
}
