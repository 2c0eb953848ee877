//! `changes expire`.

use anyhow::bail;
use clap::Subcommand;
use entity::imports;

use super::{database, output};
use crate::store::{Store, changes};

/// What to do with the change feed.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make every earlier point one that cannot be followed, so that who follows reads the list anew: after writes that the
    /// triggers do not see, such as a restored dump or applied replication.
    Expire {
        /// The account; all where it is left out.
        #[arg(long, value_name = "ID")]
        account: Option<i64>,
    },
}

/// Does it.
///
/// # Errors
///
/// There is no such account; what is wrong with the settings or the database.
pub async fn run(command: Command, database_url: &str) -> anyhow::Result<()> {
    let Command::Expire { account } = command;
    let expired = async |store: &Store| {
        if let Some(account) = account
            && !store.has_account(account).await?
        {
            bail!("there is no account {account}: `account list` shows those there are");
        }
        Ok(changes::expire::<imports::Model>(store, account).await?)
    };
    database::with(database_url, expired).await?;
    output::print("earlier points are expired\n")
}
