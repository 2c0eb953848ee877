//! Rows of `imports`, decoded by position and only as wide as asked for.

use entity::{ImportStatus, Instant, imports};
use sea_orm::{DbErr, QueryResult};

/// A field of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `id`
    Id,
    /// `completed_at`
    CompletedAt,
    /// `file_name`
    FileName,
    /// `file_size`
    FileSize,
    /// `note`
    Note,
    /// `type`
    Kind,
    /// `status`
    Status,
    /// `created_at`
    CreatedAt,
    /// `updated_at`
    UpdatedAt,
}

impl Field {
    const EVERY: [Self; 9] = [
        Self::Id,
        Self::CompletedAt,
        Self::FileName,
        Self::FileSize,
        Self::Note,
        Self::Kind,
        Self::Status,
        Self::CreatedAt,
        Self::UpdatedAt,
    ];

    pub(super) const fn column_name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::CompletedAt => "completed_at",
            Self::FileName => "file_name",
            Self::FileSize => "file_size",
            Self::Note => "note",
            Self::Kind => "type",
            Self::Status => "status",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
        }
    }
}

/// A set of fields, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields(u16);

impl Fields {
    /// No field.
    pub const NONE: Self = Self(0);
    /// All nine fields.
    pub const ALL: Self = Self((1 << Field::EVERY.len()) - 1);

    /// The set and one more field.
    #[must_use]
    pub const fn with(self, field: Field) -> Self {
        Self(self.0 | 1 << field as u16)
    }

    /// All fields of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The fields, in the order of the table.
    pub(super) fn iter(self) -> impl Iterator<Item = Field> {
        Field::EVERY
            .into_iter()
            .filter(move |field| self.0 & 1 << *field as u16 != 0)
    }
}

/// The import in a row of a statement that selected `fields`; a field that was not selected is empty.
///
/// **Errors**: where a value breaks the table's promises, such as an eleventh status.
pub(super) fn decode(row: &QueryResult, account_id: i64, fields: Fields) -> Result<imports::Model, DbErr> {
    let mut import = imports::Model {
        account_id,
        id: 0,
        completed_at: None,
        file_name: String::new(),
        file_size: 0,
        note: None,
        kind: String::new(),
        status: ImportStatus::New,
        created_at: Instant::MIN,
        updated_at: Instant::MIN,
    };
    for (index, field) in fields.iter().enumerate() {
        match field {
            Field::Id => import.id = row.try_get_by_index(index)?,
            Field::CompletedAt => import.completed_at = row.try_get_by_index(index)?,
            Field::FileName => import.file_name = row.try_get_by_index(index)?,
            Field::FileSize => import.file_size = row.try_get_by_index(index)?,
            Field::Note => import.note = row.try_get_by_index(index)?,
            Field::Kind => import.kind = row.try_get_by_index(index)?,
            Field::Status => import.status = row.try_get_by_index(index)?,
            Field::CreatedAt => import.created_at = row.try_get_by_index(index)?,
            Field::UpdatedAt => import.updated_at = row.try_get_by_index(index)?,
        }
    }
    Ok(import)
}
