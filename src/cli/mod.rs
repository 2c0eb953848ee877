//! The command line: one file a command.
//!
//! Takes arguments and environment variables; prints results on standard output and one line of error on standard
//! error. A command's module has its arguments and `run`; what several share is in [`database`], [`duration`],
//! [`output`] and [`table`].

pub mod account;
pub mod changes;
pub mod database;
pub mod demo;
pub mod duration;
pub mod load;
pub mod migrate;
pub mod mirror;
pub mod output;
pub mod schema;
pub mod seed;
pub mod serve;
pub mod sync;
pub mod table;
pub mod token;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

/// Keyset-paginated GraphQL and REST for imports.
#[derive(Parser)]
#[command(name = "imports-gateway", version)]
pub struct Cli {
    /// The database: `sqlite://FILE?mode=rwc` or `postgres://USER:PASSWORD@HOST/DATABASE`.
    // It may hold a password, which neither the help nor an error shows.
    #[arg(
        long,
        global = true,
        env = "DATABASE_URL",
        hide_env_values = true,
        value_name = "URL",
        default_value = "sqlite://imports.db?mode=rwc"
    )]
    database_url: String,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve GraphQL and REST.
    Serve(Box<serve::Args>),
    /// Serve a throw-away SQLite database with generated imports, for a look around.
    Demo(Box<demo::Args>),
    /// Make and list accounts.
    #[command(subcommand)]
    Account(account::Command),
    /// Make, list and revoke API keys.
    #[command(subcommand)]
    Token(token::Command),
    /// Bring the database schema up, take changes back, or show its state.
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// End points of the change feed.
    #[command(subcommand)]
    Changes(changes::Command),
    /// Print the GraphQL schema.
    Schema(schema::Args),
    /// Store import records from files.
    Load(load::Args),
    /// Store generated imports.
    Seed(seed::Args),
    /// Keep an account in step with another service's imports, or show how that stands.
    Sync(Box<sync::Args>),
}

/// Wrong usage or settings, found after the arguments were read: exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongSettings(pub String);

impl Cli {
    /// The command line of this process. An empty variable of the environment is one that is not set.
    #[must_use]
    pub fn read() -> Self {
        let matches = without_empty_variables(Self::command()).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Does the command. **Shape**: exit status 0 done, 1 failed, 2 wrong usage or settings.
    #[must_use]
    pub fn run(self) -> ExitCode {
        match self.dispatch() {
            Ok(status) => status,
            Err(error) => {
                output::report(&error);
                ExitCode::from(if error.is::<WrongSettings>() { 2 } else { 1 })
            }
        }
    }

    fn dispatch(self) -> anyhow::Result<ExitCode> {
        let url = self.database_url;
        match self.command {
            Command::Account(command) => in_runtime(account::run(command, &url))?,
            Command::Token(command) => in_runtime(token::run(command, &url))?,
            Command::Migrate(command) => in_runtime(migrate::run(command, &url))?,
            Command::Changes(command) => in_runtime(changes::run(command, &url))?,
            Command::Serve(args) => in_runtime(serve::run(*args, url))?,
            Command::Demo(args) => in_runtime(demo::run(*args))?,
            Command::Schema(args) => schema::run(&args)?,
            Command::Sync(args) => in_runtime(sync::run(*args, &url))?,
            Command::Load(args) => {
                return in_runtime(database::with(&url, async |store| load::run(args, store).await));
            }
            Command::Seed(args) => {
                return in_runtime(database::with(&url, async |store| seed::run(args, store).await));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| {
        let value = argument.get_env().and_then(std::env::var_os);
        if value.is_some_and(|value| value.is_empty()) {
            argument.env(clap::builder::Resettable::Reset)
        } else {
            argument
        }
    });
    command.mut_subcommands(without_empty_variables)
}

fn in_runtime<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Runtime::new()?.block_on(command)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
