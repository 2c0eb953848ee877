//! The columns of `imports` that a plan can name.

use entity::imports;
use keyset::{Direction, Key, Kind, Row, Value};

/// A column that is compared or sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// `id`, unique within the account.
    Id,
    /// `created_at`.
    CreatedAt,
    /// `updated_at`.
    UpdatedAt,
    /// `status`.
    Status,
    /// `account_id`, the caller's scope.
    AccountId,
}

impl Column {
    /// Newest id first: what a list is sorted by where nothing is said, and the tie-break of every other sort.
    pub const TIE_BREAK: Key<Self> = Key {
        column: Self::Id,
        direction: Direction::Desc,
    };

    /// The columns that a client can sort by.
    pub const SORTABLE: [Self; 3] = [Self::Id, Self::CreatedAt, Self::UpdatedAt];

    /// The column's name in SQL and in REST.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::Status => "status",
            Self::AccountId => "account_id",
        }
    }
}

impl keyset::Column for Column {
    fn code(self) -> u8 {
        match self {
            Self::Id => 1,
            Self::CreatedAt => 2,
            Self::UpdatedAt => 3,
            Self::Status => 4,
            Self::AccountId => 5,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::SORTABLE.into_iter().find(|column| column.code() == code)
    }

    fn kind(self) -> Kind {
        match self {
            Self::Id | Self::AccountId => Kind::Int,
            Self::CreatedAt | Self::UpdatedAt => Kind::Instant,
            Self::Status => Kind::Name,
        }
    }

    fn is_unique(self) -> bool {
        self == Self::Id
    }
}

impl Row<Column> for imports::Model {
    fn value(&self, column: Column) -> Value {
        match column {
            Column::Id => Value::Int(self.id),
            Column::CreatedAt => Value::Instant(self.created_at.micros()),
            Column::UpdatedAt => Value::Instant(self.updated_at.micros()),
            Column::Status => Value::Name(self.status.name()),
            Column::AccountId => Value::Int(self.account_id),
        }
    }
}
