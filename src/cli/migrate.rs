//! `migrate up`, `migrate down`, `migrate status`, `migrate grants` and `migrate check`.
//!
//! Nothing is asked on a terminal, so scripts never hang: what would lose rows needs `--yes`.

use anyhow::{Context as _, bail};
use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use migration::Status;
use migration::search_index::{self, SearchIndex};

use super::{WrongSettings, database, output, table};
use crate::store::{Store, query};

/// What to do with the database schema.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Apply every pending change.
    Up {
        /// Also build an index of this kind for searches by file name, while the table is in use; PostgreSQL only.
        #[arg(long, value_name = "KIND", value_enum)]
        search_index: Option<SearchIndexKind>,
    },
    /// Take back the newest change.
    Down {
        /// Take away this index for searches, and no change.
        #[arg(long, value_name = "KIND", value_enum, conflicts_with_all = ["steps", "all", "yes"])]
        search_index: Option<SearchIndexKind>,
        /// How many changes to take back.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
        /// Take back all changes.
        #[arg(long, conflicts_with = "steps")]
        all: bool,
        /// Also drop tables that hold rows.
        #[arg(long)]
        yes: bool,
    },
    /// Show each change, and whether it is applied. Changes nothing.
    Status,
    /// Print what a role of a PostgreSQL server must be granted, as SQL. Changes nothing.
    Grants {
        /// The role that the database URL names.
        #[arg(long, value_name = "NAME", default_value = "gateway", value_parser = NonEmptyStringValueParser::new())]
        role: String,
    },
    /// Look through all imports for values that break the promises of their table. Changes nothing.
    Check,
}

/// The kinds of indexes for searches that no change makes.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum SearchIndexKind {
    /// The trigrams of the folded file names.
    Trigram,
}

/// Does one of them.
///
/// # Errors
///
/// What is wrong with the settings or the database, or rows that would be lost.
pub async fn run(command: Command, database_url: &str) -> anyhow::Result<()> {
    if let Command::Grants { role } = &command {
        return output::print(&grants(role));
    }
    let is_of_search = matches!(
        &command,
        Command::Up {
            search_index: Some(_)
        } | Command::Down {
            search_index: Some(_),
            ..
        }
    );
    if is_of_search && database_url.starts_with("sqlite:") {
        let text = "--search-index trigram: only PostgreSQL has such an index";
        return Err(WrongSettings(text.to_owned()).into());
    }
    let store = database::open_as_it_is(database_url).await?;
    let done = done(command, &store).await;
    let closed = store.close().await;
    let text = done?;
    closed.context("the database was not closed in order")?;
    output::print(&text)
}

async fn done(command: Command, store: &Store) -> anyhow::Result<String> {
    let before = database::status(store).await?;
    match command {
        Command::Up { search_index } => up(store, &before, search_index.is_some()).await,
        Command::Down {
            search_index: Some(_),
            ..
        } => {
            let dropped = search_index::drop(store.database()).await;
            dropped
                .map_err(|error| store.fault(error))
                .context("cannot take the search index away")?;
            changes(store, &before, "taken back").await
        }
        Command::Down { steps, all, yes, .. } => down(store, &before, (!all).then_some(steps), yes).await,
        Command::Status => Ok(show(&before)),
        Command::Check if before.is_outdated() => {
            bail!("there is no schema to check, or not all of it: run `imports-gateway migrate up` first")
        }
        Command::Check => check(store).await,
        Command::Grants { role } => Ok(grants(&role)),
    }
}

/// What a role needs, from the least on.
fn grants(role: &str) -> String {
    let role = format!("\"{}\"", role.replace('"', "\"\""));
    let tables = migration::TABLES.join(", ");
    format!(
        "-- serve, which only reads, and removes old notes of changes\n\
         GRANT SELECT ON {tables} TO {role};\n\
         GRANT DELETE ON import_changes TO {role};\n\
         -- account and token too\n\
         GRANT INSERT ON accounts, api_tokens TO {role};\n\
         GRANT UPDATE ON api_tokens TO {role};\n\
         -- load and seed too\n\
         GRANT INSERT, UPDATE ON imports TO {role};\n\
         -- changes expire too\n\
         GRANT INSERT ON import_changes TO {role};\n\
         -- sync too\n\
         GRANT DELETE ON imports TO {role};\n\
         GRANT INSERT, UPDATE ON mirrors TO {role};\n\
         GRANT SELECT, INSERT, UPDATE, DELETE ON mirror_absences, sync_rejects TO {role};\n"
    )
}

/// How many values are named; the others are counted.
const NAMED_VALUES: usize = 1000;

/// Reads every import as a page would.
async fn check(store: &Store) -> anyhow::Result<String> {
    let (mut found, mut named, mut rows, mut after) = (0, Vec::new(), 0, None);
    loop {
        let portion = query::check::portion::<entity::imports::Model>(store, after).await?;
        rows += portion.rows;
        found += portion.unreadable.len();
        let room = NAMED_VALUES - named.len();
        named.extend(portion.unreadable.into_iter().take(room));
        after = portion.next;
        if after.is_none() {
            break;
        }
    }
    if found == 0 {
        return Ok(format!("{rows} imports, all readable\n"));
    }
    let lines = named.iter().map(|one| {
        [
            one.account_id.to_string(),
            one.id.to_string(),
            one.column.to_owned(),
            one.reason.clone(),
        ]
    });
    let head = ["ACCOUNT", "ID", "COLUMN", "REASON"];
    output::print(&table::render(head, &lines.collect::<Vec<_>>()))?;
    bail!("{found} values of {rows} imports cannot be read as they are stored")
}

async fn up(store: &Store, before: &Status, with_search_index: bool) -> anyhow::Result<String> {
    // A newer schema that has all this program needs is left alone.
    if before.is_outdated() {
        let done = migration::up(store.database()).await;
        done.map_err(|error| store.fault(error))
            .context("cannot migrate; nothing is changed")?;
    }
    if with_search_index {
        let built = search_index::build(store.database()).await;
        built
            .map_err(|error| store.fault(error))
            .context("cannot build the search index")?;
    }
    changes(store, before, "applied").await
}

async fn down(store: &Store, before: &Status, steps: Option<u32>, yes: bool) -> anyhow::Result<String> {
    if !before.unknown.is_empty() {
        let newer = before.unknown.join(", ");
        bail!("the database schema is newer than this program: a newer one must take back {newer} first");
    }
    let lost = migration::rows_lost(store.database(), steps).await;
    let lost = lost.map_err(|error| store.fault(error))?;
    if !lost.is_empty() && !yes {
        bail!(
            "this drops tables that hold rows ({}): add --yes to lose them",
            lost.join(", ")
        );
    }
    let done = migration::down(store.database(), steps).await;
    done.map_err(|error| store.fault(error))
        .context("cannot take back; nothing is changed")?;
    changes(store, before, "taken back").await
}

/// One line for each change whose state is no longer what it was.
async fn changes(store: &Store, before: &Status, what: &str) -> anyhow::Result<String> {
    let after = database::status(store).await?;
    let changed = after.known.iter().filter(|change| !before.known.contains(change));
    let mut lines: String = changed.map(|(name, _)| format!("{what}: {name}\n")).collect();
    if after.search_index != before.search_index {
        lines += &format!("{what}: search index trigram\n");
    }
    Ok(if lines.is_empty() {
        "nothing to do\n".to_owned()
    } else {
        lines
    })
}

fn show(status: &Status) -> String {
    let known = status.known.iter().map(|(name, applied)| {
        let state = if *applied { "applied" } else { "pending" };
        [name.clone(), state.to_owned()]
    });
    let unknown = status
        .unknown
        .iter()
        .map(|name| [name.clone(), "applied, unknown here".to_owned()]);
    let search_index = status.search_index.map(|index| {
        let state = match index {
            SearchIndex::Unfinished => "unfinished: run `migrate up --search-index trigram` again",
            SearchIndex::Hidden => "applied, not used by this role: row security",
            SearchIndex::OfAscii => "applied, for terms in ASCII: the database's character type is C",
            SearchIndex::Whole => "applied",
        };
        ["search index trigram".to_owned(), state.to_owned()]
    });
    let lines = known.chain(unknown).chain(search_index);
    table::render(["CHANGE", "STATE"], &lines.collect::<Vec<_>>())
}
