//! `demo`: a throw-away SQLite database with believable imports for three accounts, served for a look around.

mod mirrored;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use entity::Instant;

use super::serve::{self, Signals};
use super::{WrongSettings, output};
use crate::app;
use crate::auth::Key;
use crate::config::{self, Config};
use crate::ingest::{live, random::Random, stories};
use crate::store::{Store, accounts, tokens};
use crate::telemetry;

/// Settings of the demo.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// How many imports the first account has; the two others have a tenth and a hundredth of it.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub rows: u64,
    /// Leave the imports as they are. Otherwise they keep moving through their states, and new ones come.
    #[arg(long)]
    pub no_live: bool,
    /// Serve a mirror of these imports, which a second service in the same process has.
    #[arg(long)]
    pub mirror: bool,

    #[command(flatten)]
    pub(super) settings: config::Settings,
}

const ACCOUNTS: [&str; 3] = ["Northwind Haulage", "Ligne Claire Transports", "Fuhrpark Ölmühle"];
const LIVE_BEAT: Duration = Duration::from_secs(2);

/// Runs the command, until SIGTERM or SIGINT; the database is gone afterwards.
///
/// # Errors
///
/// [`WrongSettings`]; no room for the database; an address that is taken.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let folder = tempfile::Builder::new()
        .prefix("imports-gateway-demo-")
        .tempdir()?;
    let url = url(folder.path(), "imports.db")?;
    let config = args
        .settings
        .check(&url)
        .map_err(|faults| WrongSettings(faults.join("; ")))?;
    let documents = app::documents(&config).map_err(serve::settings_or_fault)?;
    telemetry::start(config.log_format);
    let store = Store::open(&config.store).await?;
    let Some(keys) = signals.unless_stopped(fill(&store, args.rows)).await else {
        return Ok(store.close().await?);
    };
    let keys = keys?;
    let moving = (!args.no_live).then(|| tokio::spawn(keep_moving(store.clone())));
    let served = if args.mirror {
        mirrored::run(&config, folder.path(), store, &keys, signals).await
    } else {
        let first = keys.first().map(|(.., key)| key.reveal());
        let served = serve::serve(&config, documents, store, &[], signals, first, |address| {
            output::print(&format!("listening on http://{address}\n"))?;
            output::print(&welcome(address, &keys))
        });
        served.await
    };
    if let Some(moving) = moving {
        moving.abort();
    }
    served
}

/// The URL of a file in a folder.
fn url(folder: &Path, file: &str) -> anyhow::Result<String> {
    let path = folder.join(file);
    let path = path.to_str().context("the temporary folder has no plain name")?;
    Ok(format!("sqlite://{path}?mode=rwc"))
}

/// An empty database in a folder.
async fn open(config: &Config, folder: &Path, file: &str) -> anyhow::Result<Store> {
    let mut settings = config.store.clone();
    settings.url = url(folder, file)?;
    let store = Store::open(&settings).await?;
    migration::up(store.database()).await?;
    Ok(store)
}

/// An account's name, how many imports it has, and a key to it.
type Tenant = (&'static str, u64, Key);

/// Makes the accounts and their imports.
async fn fill(store: &Store, rows: u64) -> anyhow::Result<Vec<Tenant>> {
    migration::up(store.database()).await?;
    let mut keys = Vec::new();
    for (name, share) in ACCOUNTS.into_iter().zip([1, 10, 100]) {
        let now = Instant::now();
        let (account, _) = accounts::create(store, name, now).await?;
        let rows = rows.div_ceil(share);
        let seed = u64::from(account.unsigned_abs() as u32);
        stories::fill(store, account, rows, seed, now).await?;
        let created = tokens::create(store, account, "demo", None, now).await?;
        let (_, key) = created.context("the account was made just now")?;
        keys.push((name, rows, key));
    }
    Ok(keys)
}

fn welcome(address: SocketAddr, keys: &[Tenant]) -> String {
    let mut text = format!(
        "\nA throw-away database, gone when this ends (Ctrl-C).\n\n\
         Dashboard   http://{address}/\n\
         GraphiQL    http://{address}/graphiql\n\
         GraphQL     http://{address}/graphql\n\
         REST        http://{address}/api/v1/imports\n\
         OpenAPI     http://{address}/openapi.json\n\n"
    );
    for (name, rows, key) in keys {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "API key     {}   ({name}, {rows} imports)", key.reveal());
    }
    if let Some((_, _, key)) = keys.first() {
        let _ = write!(
            text,
            "\nTry:\n\n  curl -s http://{address}/graphql -H 'Authorization: Bearer {key}' \\\n    \
             -H 'Content-Type: application/json' \\\n    \
             -d '{{\"query\":\"{{ imports(first: 3, filter: {{status: {{include: [FAILED]}}}}) {{ edges {{ cursor node \
             {{ fileName status createdAt }} }} pageInfo {{ hasNextPage endCursor }} estimatedRemainingCount }} }}\"}}'\n\n",
            key = key.reveal()
        );
    }
    text
}

/// Moves imports on every two seconds, for ever.
async fn keep_moving(store: Store) {
    let mut random = Random::new(Instant::now().micros().unsigned_abs());
    loop {
        tokio::time::sleep(LIVE_BEAT).await;
        for account in 1..=ACCOUNTS.len() as i64 {
            if let Err(error) = live::live_step(&store, account, &mut random, Instant::now()).await {
                tracing::warn!(cause = %error, "the demo's imports did not move");
            }
        }
    }
}
