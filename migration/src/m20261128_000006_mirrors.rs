//! Mirrors: accounts whose imports are kept in step with another service's.

use sea_orm_migration::prelude::*;

/// Adds `mirrors`, `mirror_absences` and `sync_rejects`.
///
/// **`mirrors`**, a row an account: where the rows come from, how far each walk over them is, when the upstream was asked
/// last, and the lease of the one process that asks. `lease_number` grows with each take-over and fences off whoever held the
/// lease before: no page is committed under another number. `requests_open` and `requests_done` are what the budget of
/// requests had spent at `requests_at`, so that a process that takes over spends no more than is left.
///
/// **`mirror_absences`**: imports that a full walk did not find, or found in an older version than the one stored
/// (`older_version`); the second walk in a row that finds the same decides.
///
/// **`sync_rejects`**: records that are no imports, as they came, under their id or, where they have none, a hash.
#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = tables("bigint", "timestamptz", "");
        let sqlite = tables("INTEGER", "INTEGER", " STRICT");
        crate::run(manager, &sqlite, &postgres).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = "DROP TABLE sync_rejects; DROP TABLE mirror_absences; DROP TABLE mirrors;";
        crate::run(manager, text, text).await
    }
}

fn tables(number: &str, instant: &str, end: &str) -> String {
    format!(
        "
CREATE TABLE mirrors (
    account_id {number} NOT NULL PRIMARY KEY,
    upstream text NOT NULL,
    phase text NOT NULL CHECK (phase IN ('backfill', 'following', 'reconciling')),
    interval_ms {number},
    walk {number} NOT NULL,
    walk_cursor text,
    walk_last_id {number},
    followed_to {instant},
    poll_since {instant},
    poll_cursor text,
    poll_followed_to {instant},
    newest_updated_at {instant},
    backfilled_at {instant},
    reconciled_at {instant},
    last_polled_at {instant},
    last_page_at {instant},
    pages {number} NOT NULL,
    rows_stored {number} NOT NULL,
    rows_removed {number} NOT NULL,
    last_error text,
    last_error_at {instant},
    lease_number {number} NOT NULL,
    lease_holder text,
    lease_until {instant},
    lease_renewals {number} NOT NULL,
    requests_open {number} NOT NULL,
    requests_done text NOT NULL,
    requests_at {instant}
){end};
CREATE TABLE mirror_absences (
    account_id {number} NOT NULL,
    import_id {number} NOT NULL,
    since_walk {number} NOT NULL,
    last_walk {number} NOT NULL,
    older_version {instant},
    PRIMARY KEY (account_id, import_id)
){end};
CREATE TABLE sync_rejects (
    account_id {number} NOT NULL,
    record_key text NOT NULL,
    import_id {number},
    reason text NOT NULL,
    record text NOT NULL,
    first_seen_at {instant} NOT NULL,
    last_seen_at {instant} NOT NULL,
    PRIMARY KEY (account_id, record_key)
){end};
"
    )
}
