//! The indexes that the sorts and the status filter of a list walk.

use sea_orm_migration::prelude::*;

/// Adds one index an order: by creation, by change, and by id, creation and change within one status.
///
/// The primary key serves the sort by id alone. Each index has `id`, the tie-break, behind the sort's column, so that a
/// page is one short walk at any depth; a filter on status reads one such walk a status and merges them. An index on one
/// instant also holds the other: a range on the one, sorted by the other, is then chosen without a look at any row. That
/// makes these four indexes a sixth larger.
#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, SQLITE, POSTGRES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, DOWN, DOWN).await
    }
}

const SQLITE: &str = "
CREATE INDEX imports_created ON imports (account_id, created_at, id, updated_at);
CREATE INDEX imports_updated ON imports (account_id, updated_at, id, created_at);
CREATE INDEX imports_status_id ON imports (account_id, status, id);
CREATE INDEX imports_status_created ON imports (account_id, status, created_at, id, updated_at);
CREATE INDEX imports_status_updated ON imports (account_id, status, updated_at, id, created_at);
";

const POSTGRES: &str = "
CREATE INDEX imports_created ON imports (account_id, created_at, id) INCLUDE (updated_at);
CREATE INDEX imports_updated ON imports (account_id, updated_at, id) INCLUDE (created_at);
CREATE INDEX imports_status_id ON imports (account_id, status, id);
CREATE INDEX imports_status_created ON imports (account_id, status, created_at, id) INCLUDE (updated_at);
CREATE INDEX imports_status_updated ON imports (account_id, status, updated_at, id) INCLUDE (created_at);
";

const DOWN: &str = "
DROP INDEX imports_status_updated;
DROP INDEX imports_status_created;
DROP INDEX imports_status_id;
DROP INDEX imports_updated;
DROP INDEX imports_created;
";
