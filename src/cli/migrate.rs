//! `migrate up`, `migrate down` and `migrate status`.
//!
//! Nothing is asked on a terminal, so scripts never hang: what would lose rows needs `--yes`.

use anyhow::{Context as _, bail};
use clap::Subcommand;
use migration::Status;

use super::{database, output, table};
use crate::store::{Store, StoreError};

/// What to do with the database schema.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Apply every pending change.
    Up,
    /// Take back the newest change.
    Down {
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
}

/// Does one of them.
///
/// **Errors**: what is wrong with the settings or the database, or rows that would be lost.
pub async fn run(command: Command, database_url: &str) -> anyhow::Result<()> {
    let store = database::open_as_it_is(database_url).await?;
    let before = database::status(&store).await?;
    let text = match command {
        Command::Up => up(&store, &before).await?,
        Command::Down { steps, all, yes } => down(&store, &before, (!all).then_some(steps), yes).await?,
        Command::Status => show(&before),
    };
    store.close().await?;
    output::print(&text)
}

async fn up(store: &Store, before: &Status) -> anyhow::Result<String> {
    // A newer schema that has all this program needs is left alone.
    if before.is_outdated() {
        let done = migration::up(store.database()).await;
        done.map_err(StoreError::from)
            .context("cannot migrate; nothing is changed")?;
    }
    changes(store, before, "applied").await
}

async fn down(store: &Store, before: &Status, steps: Option<u32>, yes: bool) -> anyhow::Result<String> {
    if !before.unknown.is_empty() {
        let newer = before.unknown.join(", ");
        bail!("the database schema is newer than this program: a newer one must take back {newer} first");
    }
    let lost = migration::rows_lost(store.database(), steps).await;
    let lost = lost.map_err(StoreError::from)?;
    if !lost.is_empty() && !yes {
        bail!(
            "this drops tables that hold rows ({}): add --yes to lose them",
            lost.join(", ")
        );
    }
    let done = migration::down(store.database(), steps).await;
    done.map_err(StoreError::from)
        .context("cannot take back; nothing is changed")?;
    changes(store, before, "taken back").await
}

/// One line for each change whose state is no longer what it was.
async fn changes(store: &Store, before: &Status, what: &str) -> anyhow::Result<String> {
    let after = database::status(store).await?;
    let changed = after.known.iter().filter(|change| !before.known.contains(change));
    let lines: String = changed.map(|(name, _)| format!("{what}: {name}\n")).collect();
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
    table::render(["CHANGE", "STATE"], &known.chain(unknown).collect::<Vec<_>>())
}
