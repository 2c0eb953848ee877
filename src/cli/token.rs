//! `token create`, `token list` and `token revoke`.

use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use entity::Instant;

use super::{WrongSettings, database, duration, output, table};
use crate::store::{Store, tokens};

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an API key; print it, and nothing else. It is shown only now.
    Create {
        /// The id of the account whose imports the key reads.
        #[arg(long, value_name = "ID")]
        account: i64,
        /// What people call the key.
        #[arg(long, default_value = "")]
        name: String,
        /// How long the key holds, such as 90d or 1d 12h (s, m, h, d, w); without it, until it is revoked.
        #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
        expires_in: Option<Duration>,
    },
    /// List all API keys, without their secrets.
    List,
    /// Revoke an API key for ever; it is refused everywhere within 5 s.
    Revoke {
        /// The id of the key, as `token list` shows it.
        id: i64,
    },
}

/// Does one of them.
///
/// # Errors
///
/// What is wrong with the settings or the database, an unknown account, an unknown key.
pub async fn run(command: Command, database_url: &str) -> anyhow::Result<()> {
    let now = Instant::now();
    // Settings first: nothing is opened, and no file made, for a command that cannot be done.
    let expires_at = match &command {
        Command::Create { expires_in, .. } => expires_in.map(|period| after(now, period)).transpose()?,
        Command::List | Command::Revoke { .. } => None,
    };
    let text = database::with(database_url, async |store| match command {
        Command::Create { account, name, .. } => {
            let made = tokens::create(store, account, &name, expires_at, now).await?;
            let (_, key) = made.with_context(|| format!("there is no account {account}"))?;
            Ok(format!("{}\n", key.reveal()))
        }
        Command::List => list(store).await,
        Command::Revoke { id } => {
            let revoked = tokens::revoke(store, id, now).await?;
            revoked
                .then(String::new)
                .with_context(|| format!("there is no token {id}"))
        }
    });
    output::print(&text.await?)
}

async fn list(store: &Store) -> anyhow::Result<String> {
    let text = |instant: Option<Instant>| instant.map(|instant| instant.to_string()).unwrap_or_default();
    let rows = tokens::list(store).await?.into_iter().map(|token| {
        [
            token.id.to_string(),
            token.account_id.to_string(),
            token.name,
            token.created_at.to_string(),
            text(token.expires_at),
            text(token.revoked_at),
        ]
    });
    let head = ["ID", "ACCOUNT", "NAME", "CREATED", "EXPIRES", "REVOKED"];
    Ok(table::render(head, &rows.collect::<Vec<_>>()))
}

/// The instant so long after `now`.
fn after(now: Instant, period: Duration) -> Result<Instant, WrongSettings> {
    let micros = i64::try_from(period.as_micros()).ok();
    micros
        .and_then(|micros| now.micros().checked_add(micros))
        .and_then(Instant::from_micros)
        .ok_or_else(|| WrongSettings("--expires-in: that is after the year 9999".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_after_the_year_9999_is_wrong_and_none_overflows() {
        let now = Instant::now();
        assert_eq!(
            after(now, Duration::from_secs(1)).map(Instant::micros).ok(),
            Some(now.micros() + 1_000_000)
        );
        assert!(after(now, Duration::from_secs(u64::MAX)).is_err());
        let last = u64::try_from(Instant::MAX.micros() - now.micros()).unwrap_or_default();
        assert!(after(now, Duration::from_micros(last)).is_ok());
        assert!(after(now, Duration::from_micros(last + 1)).is_err());
    }
}
