//! What searches, filters and counts read.

use std::fmt::Write as _;

use sea_orm_migration::prelude::*;

/// Adds, on PostgreSQL, the folded file name and the start of the type as columns of their own; and on both databases what
/// the filters on them and on `completed_at` read: an index each, and more columns in those that there were.
///
/// A search reads the index of the list's order, which holds the folded name: without it in each of the three, the planner
/// would rather read another index whole and sort it. SQLite's primary key is the table itself and holds it all, and its
/// `GLOB` folds by sets of letters. On PostgreSQL `file_name_search` is generated, so that rows that an application
/// writes are found at once. It is NULL where the name is longer than [`LONGEST`] bytes, as a B-tree holds no more than
/// 2,704 bytes of a row, and nothing that could be written before may fail; `type_prefix` is the type's first
/// [`PREFIX`] letters for the same reason.
///
/// The primary key is made anew with further columns, in place of a second index that begins like it.
#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

/// The longest name that is searched in an index. **Unit**: bytes; folding makes half as many more of them at most.
const LONGEST: usize = 1024;
/// How much of a type is indexed. **Unit**: letters.
const PREFIX: usize = 256;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, SQLITE, &postgres()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, SQLITE_DOWN, POSTGRES_DOWN).await
    }
}

const SQLITE: &str = "
DROP INDEX imports_created;
CREATE INDEX imports_created
    ON imports (account_id, created_at, id, updated_at, completed_at, status, type, file_name);
DROP INDEX imports_updated;
CREATE INDEX imports_updated
    ON imports (account_id, updated_at, id, created_at, completed_at, status, type, file_name);
CREATE INDEX imports_type ON imports (account_id, type, id, created_at, updated_at, completed_at, status);
CREATE INDEX imports_completed ON imports (account_id, completed_at, id, created_at, updated_at, status, type);
";

const SQLITE_DOWN: &str = "
DROP INDEX imports_completed;
DROP INDEX imports_type;
DROP INDEX imports_created;
DROP INDEX imports_updated;
CREATE INDEX imports_created ON imports (account_id, created_at, id, updated_at);
CREATE INDEX imports_updated ON imports (account_id, updated_at, id, created_at);
";

fn postgres() -> String {
    let folded = folded("file_name");
    format!(
        "
ALTER TABLE imports
    ADD COLUMN file_name_search text COLLATE \"C\"
        GENERATED ALWAYS AS (CASE WHEN octet_length(file_name) <= {LONGEST} THEN {folded} END) STORED,
    ADD COLUMN type_prefix text COLLATE \"C\" GENERATED ALWAYS AS (left(type, {PREFIX})) STORED;
CREATE UNIQUE INDEX imports_key ON imports (account_id, id)
    INCLUDE (created_at, updated_at, completed_at, status, type_prefix, file_name_search);
ALTER TABLE imports DROP CONSTRAINT imports_pkey;
ALTER TABLE imports ADD CONSTRAINT imports_pkey PRIMARY KEY USING INDEX imports_key;
DROP INDEX imports_created;
CREATE INDEX imports_created ON imports (account_id, created_at, id)
    INCLUDE (updated_at, completed_at, status, type_prefix, file_name_search);
DROP INDEX imports_updated;
CREATE INDEX imports_updated ON imports (account_id, updated_at, id)
    INCLUDE (created_at, completed_at, status, type_prefix, file_name_search);
CREATE INDEX imports_type ON imports (account_id, type_prefix, id)
    INCLUDE (created_at, updated_at, completed_at, status);
CREATE INDEX imports_completed ON imports (account_id, completed_at, id)
    INCLUDE (created_at, updated_at, status, type_prefix);
"
    )
}

const POSTGRES_DOWN: &str = "
DROP INDEX imports_completed;
DROP INDEX imports_type;
DROP INDEX imports_created;
DROP INDEX imports_updated;
CREATE INDEX imports_created ON imports (account_id, created_at, id) INCLUDE (updated_at);
CREATE INDEX imports_updated ON imports (account_id, updated_at, id) INCLUDE (created_at);
ALTER TABLE imports DROP CONSTRAINT imports_pkey;
ALTER TABLE imports ADD CONSTRAINT imports_pkey PRIMARY KEY (account_id, id);
ALTER TABLE imports DROP COLUMN file_name_search, DROP COLUMN type_prefix;
";

/// A text column, folded, as an expression of PostgreSQL that no locale changes.
///
/// Most names are ASCII, or have no other letter that folding changes: those are not looked up letter by letter, which takes
/// 280 µs a name.
fn folded(column: &str) -> String {
    let (mut from, mut to, mut set) = (String::new(), String::new(), String::new());
    let mut run: Option<(char, char)> = None;
    let mut close = |run: Option<(char, char)>| match run {
        Some((first, last)) if first == last => set.push(first),
        // Neither end is a sign that a bracket expression knows.
        Some((first, last)) => {
            let _ = write!(set, "{first}-{last}");
        }
        None => {}
    };
    for (letter, folded) in case_folding::pairs().filter(|(letter, _)| !letter.is_ascii()) {
        from.push(letter);
        to.push(folded);
        run = match run {
            Some((first, last)) if u32::from(last) + 1 == u32::from(letter) => Some((first, letter)),
            other => {
                close(other);
                Some((letter, letter))
            }
        };
    }
    close(run);
    let lower = format!("lower({column} COLLATE \"C\")");
    format!(
        "CASE WHEN octet_length({column}) = char_length({column}) OR {column} COLLATE \"C\" !~ '[{set}]' \
         THEN {lower} ELSE translate({lower}, '{from}', '{to}') END"
    )
}
