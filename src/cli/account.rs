//! `account create` and `account list`.

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use entity::Instant;

use super::{database, output, table};
use crate::store::{Store, accounts};

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an account; print its id and its account token, which is shown only now.
    Create {
        /// What people call the account.
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        name: String,
    },
    /// List all accounts.
    List,
}

/// Does one of them.
///
/// # Errors
///
/// What is wrong with the settings or the database.
pub async fn run(command: Command, database_url: &str) -> anyhow::Result<()> {
    let text = database::with(database_url, async |store| match command {
        Command::Create { name } => {
            let (id, token) = accounts::create(store, &name, Instant::now()).await?;
            Ok(format!("id: {id}\naccount token: {}\n", token.reveal()))
        }
        Command::List => list(store).await,
    });
    output::print(&text.await?)
}

async fn list(store: &Store) -> anyhow::Result<String> {
    let accounts = accounts::list(store).await?;
    let rows = accounts.into_iter().map(|account| {
        [
            account.id.to_string(),
            account.name,
            account.created_at.to_string(),
        ]
    });
    Ok(table::render(
        ["ID", "NAME", "CREATED"],
        &rows.collect::<Vec<_>>(),
    ))
}
