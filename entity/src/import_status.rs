//! The ten states of an import, and their names in the database and in REST.

use std::fmt;

use sea_orm::entity::prelude::*;

/// A state of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum ImportStatus {
    /// Created; nothing has happened yet.
    New,
    /// Waiting for a worker.
    Queued,
    /// Being read.
    Processing,
    /// Ended; some records were stored and some were not.
    PartiallyComplete,
    /// Ended; nothing was stored.
    Failed,
    /// Ended; every record was stored.
    Complete,
    /// Ended before all records were read.
    Incomplete,
    /// Undone.
    RolledBack,
    /// Being undone.
    RollingBack,
    /// Refused: the file is of no kind that can be imported.
    Unsupported,
}

impl ImportStatus {
    /// All ten, in the order of the public schema.
    pub const ALL: [Self; 10] = [
        Self::New,
        Self::Queued,
        Self::Processing,
        Self::PartiallyComplete,
        Self::Failed,
        Self::Complete,
        Self::Incomplete,
        Self::RolledBack,
        Self::RollingBack,
        Self::Unsupported,
    ];

    /// Their names, in the same order.
    pub const NAMES: [&'static str; 10] = {
        let mut names = [""; 10];
        let mut place = 0;
        while place < names.len() {
            names[place] = Self::ALL[place].name();
            place += 1;
        }
        names
    };

    /// The name in the database and in REST, such as `partially_complete`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::PartiallyComplete => "partially_complete",
            Self::Failed => "failed",
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::RolledBack => "rolled_back",
            Self::RollingBack => "rolling_back",
            Self::Unsupported => "unsupported",
        }
    }

    /// The state of a name, or `None` where no state has it. Case matters.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl fmt::Display for ImportStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable as _;

    use super::*;

    #[test]
    fn the_name_is_what_the_database_stores() {
        for status in ImportStatus::ALL {
            assert_eq!(status.to_value(), status.name());
            assert_eq!(ImportStatus::from_name(status.name()), Some(status));
        }
        assert_eq!(ImportStatus::iter().count(), ImportStatus::ALL.len());
        assert_eq!(ImportStatus::from_name("New"), None);
    }
}
