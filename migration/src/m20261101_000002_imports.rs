//! Imports, clustered by account and id where the database can.

use sea_orm_migration::prelude::*;

/// Adds `imports`. Its primary key (account_id, id) serves the default sort, newest id first, and look-ups by id.
///
/// The checks hold what a page must be able to rely on: the ten statuses, a size of at least 0, and instants in the
/// years 0001 to 9999 (which also keeps PostgreSQL's `infinity` out). On SQLite the table is STRICT, so an instant is
/// always an INTEGER, and WITHOUT ROWID, so a page by id reads neighbours. There is no foreign key to `accounts`:
/// applications write this table, on PostgreSQL perhaps spread over shards, and every insert would lock the account.
#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, SQLITE, POSTGRES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = "DROP TABLE imports;";
        crate::run(manager, text, text).await
    }
}

const SQLITE: &str = "
CREATE TABLE imports (
    account_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    completed_at INTEGER CHECK (completed_at BETWEEN -62135596800000000 AND 253402300799999999),
    file_name TEXT NOT NULL,
    file_size INTEGER NOT NULL CHECK (file_size >= 0),
    note TEXT,
    type TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT imports_status CHECK (status IN (
        'new', 'queued', 'processing', 'partially_complete', 'failed',
        'complete', 'incomplete', 'rolled_back', 'rolling_back', 'unsupported')),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN -62135596800000000 AND 253402300799999999),
    updated_at INTEGER NOT NULL CHECK (updated_at BETWEEN -62135596800000000 AND 253402300799999999),
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
";

const POSTGRES: &str = "
CREATE TABLE imports (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    completed_at timestamptz
        CHECK (completed_at >= '0001-01-01T00:00:00Z' AND completed_at < '10000-01-01T00:00:00Z'),
    file_name text NOT NULL,
    file_size bigint NOT NULL CHECK (file_size >= 0),
    note text,
    type text NOT NULL,
    status text COLLATE \"C\" NOT NULL CONSTRAINT imports_status CHECK (status IN (
        'new', 'queued', 'processing', 'partially_complete', 'failed',
        'complete', 'incomplete', 'rolled_back', 'rolling_back', 'unsupported')),
    created_at timestamptz NOT NULL
        CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
    updated_at timestamptz NOT NULL
        CHECK (updated_at >= '0001-01-01T00:00:00Z' AND updated_at < '10000-01-01T00:00:00Z'),
    PRIMARY KEY (account_id, id)
);
";
