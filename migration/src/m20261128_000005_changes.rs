//! The change feed: which imports were written, and what they were before.

use sea_orm_migration::prelude::*;

/// Adds the table `import_changes` and the triggers on `imports` that fill it.
///
/// A row of it, a *note*, names an import that was written, with the columns that filters look at as they were before; all of
/// these are NULL where there was no such import. What the import has become is not noted: a reader looks at the import
/// itself. A note without an import is a *break*: nothing that happened before it can be followed from there on, in one
/// account or, where that is NULL, in all. The first note is one, so the table is never empty.
///
/// **PostgreSQL.** Statement triggers with transition tables, so that a bulk load costs one insert of many rows. Notes are
/// in the order of transaction and sequence; that order is of use only below `pg_snapshot_xmin`, where nothing can come in
/// between any more. No NOTIFY: it makes commits wait for one another. The functions belong to the role that migrates and
/// run with its rights, under a search path of their own.
///
/// **SQLite.** Row triggers in the writer's own process. They stand before an insert, as `INSERT OR REPLACE` removes the old
/// row without a word; and use no function that the writer's SQLite may not have.
#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, SQLITE, POSTGRES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, SQLITE_DOWN, POSTGRES_DOWN).await
    }
}

const SQLITE: &str = "
CREATE TABLE import_changes (
    sequence INTEGER NOT NULL PRIMARY KEY,
    noted_at INTEGER NOT NULL
        DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000),
    account_id INTEGER,
    import_id INTEGER,
    old_completed_at INTEGER,
    old_file_name TEXT,
    old_type TEXT,
    old_status TEXT,
    old_created_at INTEGER,
    old_updated_at INTEGER
) STRICT;
CREATE INDEX import_changes_account ON import_changes (account_id, sequence);
CREATE INDEX import_changes_breaks ON import_changes (sequence) WHERE import_id IS NULL;
INSERT INTO import_changes (account_id) VALUES (NULL);

CREATE TRIGGER imports_note_insert BEFORE INSERT ON imports
WHEN NEW.account_id IS NOT NULL AND NEW.id IS NOT NULL BEGIN
    INSERT INTO import_changes (account_id, import_id, old_completed_at, old_file_name, old_type, old_status,
        old_created_at, old_updated_at)
    SELECT NEW.account_id, NEW.id, old.completed_at, old.file_name, old.type, old.status,
        old.created_at, old.updated_at
    FROM (SELECT 1) LEFT JOIN imports AS old ON old.account_id = NEW.account_id AND old.id = NEW.id;
END;
CREATE TRIGGER imports_note_key BEFORE UPDATE ON imports
WHEN OLD.account_id <> NEW.account_id OR OLD.id <> NEW.id BEGIN
    INSERT INTO import_changes (account_id, import_id, old_completed_at, old_file_name, old_type, old_status,
        old_created_at, old_updated_at)
    SELECT NEW.account_id, NEW.id, old.completed_at, old.file_name, old.type, old.status,
        old.created_at, old.updated_at
    FROM (SELECT 1) LEFT JOIN imports AS old ON old.account_id = NEW.account_id AND old.id = NEW.id;
END;
CREATE TRIGGER imports_note_update AFTER UPDATE ON imports BEGIN
    INSERT INTO import_changes (account_id, import_id, old_completed_at, old_file_name, old_type, old_status,
        old_created_at, old_updated_at)
    VALUES (OLD.account_id, OLD.id, OLD.completed_at, OLD.file_name, OLD.type, OLD.status,
        OLD.created_at, OLD.updated_at);
END;
CREATE TRIGGER imports_note_delete AFTER DELETE ON imports BEGIN
    INSERT INTO import_changes (account_id, import_id, old_completed_at, old_file_name, old_type, old_status,
        old_created_at, old_updated_at)
    VALUES (OLD.account_id, OLD.id, OLD.completed_at, OLD.file_name, OLD.type, OLD.status,
        OLD.created_at, OLD.updated_at);
END;
";

const SQLITE_DOWN: &str = "
DROP TRIGGER imports_note_insert;
DROP TRIGGER imports_note_key;
DROP TRIGGER imports_note_update;
DROP TRIGGER imports_note_delete;
DROP TABLE import_changes;
";

const POSTGRES: &str = r#"
CREATE TABLE import_changes (
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- A session takes several at once, so that writers do not wait for one another. A transaction's stay in order.
    sequence bigint GENERATED ALWAYS AS IDENTITY (CACHE 32),
    noted_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    account_id bigint,
    import_id bigint,
    old_completed_at timestamptz,
    old_file_name text,
    old_type text,
    old_status text,
    old_created_at timestamptz,
    old_updated_at timestamptz,
    PRIMARY KEY (transaction_id, sequence)
);
CREATE INDEX import_changes_account ON import_changes (account_id, transaction_id, sequence);
CREATE INDEX import_changes_breaks ON import_changes (transaction_id, sequence) WHERE import_id IS NULL;
-- Below every transaction, so that there is a point from the first moment on.
INSERT INTO import_changes (transaction_id, account_id) VALUES ('1', NULL);

DO $migration$
DECLARE
    changes text := format('%I.import_changes', current_schema());
    head text := 'CREATE FUNCTION %I.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER '
        'SET search_path = pg_catalog, pg_temp AS $function$ BEGIN ';
    tail text := '; RETURN NULL; END $function$';
BEGIN
    EXECUTE format(head, current_schema(), 'imports_note_new') || format(
        'INSERT INTO %s (account_id, import_id) SELECT account_id, id FROM new_rows', changes) || tail;
    EXECUTE format(head, current_schema(), 'imports_note_old') || format(
        'INSERT INTO %s (account_id, import_id, old_completed_at, old_file_name, old_type, old_status, '
        'old_created_at, old_updated_at) SELECT account_id, id, completed_at, file_name, type, status, created_at, '
        'updated_at FROM old_rows', changes) || tail;
    EXECUTE format(head, current_schema(), 'imports_note_key') || format(
        'INSERT INTO %s (account_id, import_id) VALUES (NEW.account_id, NEW.id)', changes) || tail;
    EXECUTE format(head, current_schema(), 'imports_note_truncate') || format(
        'INSERT INTO %s (account_id) VALUES (NULL)', changes) || tail;
END
$migration$;

CREATE TRIGGER imports_note_insert AFTER INSERT ON imports
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION imports_note_new();
CREATE TRIGGER imports_note_update AFTER UPDATE ON imports
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION imports_note_old();
CREATE TRIGGER imports_note_delete AFTER DELETE ON imports
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION imports_note_old();
CREATE TRIGGER imports_note_key AFTER UPDATE ON imports
    FOR EACH ROW WHEN (OLD.account_id <> NEW.account_id OR OLD.id <> NEW.id) EXECUTE FUNCTION imports_note_key();
CREATE TRIGGER imports_note_truncate AFTER TRUNCATE ON imports
    FOR EACH STATEMENT EXECUTE FUNCTION imports_note_truncate();
"#;

const POSTGRES_DOWN: &str = "
DROP TRIGGER imports_note_insert ON imports;
DROP TRIGGER imports_note_update ON imports;
DROP TRIGGER imports_note_delete ON imports;
DROP TRIGGER imports_note_key ON imports;
DROP TRIGGER imports_note_truncate ON imports;
DROP FUNCTION imports_note_new();
DROP FUNCTION imports_note_old();
DROP FUNCTION imports_note_key();
DROP FUNCTION imports_note_truncate();
DROP TABLE import_changes;
";
