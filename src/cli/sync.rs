//! `sync` and `sync status`: an account kept in step with another service's imports.
//!
//! Prints one line on standard output where it ends; a progress bar on a terminal, and the log, go to standard error. Keys
//! come from files or the environment, never from the command line, which other users of a machine can read.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::mirror::{self, Mirrored, RateLimit, Secret};
use super::serve::Signals;
use super::{WrongSettings, database, duration, output, table};
use crate::mirror::client::Client;
use crate::mirror::run::{Options, Sync, Totals};
use crate::mirror::upstream::Upstream;
use crate::store::Store;
use crate::store::mirror::{Phase, Status, statuses};
use crate::telemetry::{self, LogFormat};

/// Keep an account's imports in step with those of another service that speaks the same REST API.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    of: Of,
}

#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("when").args(["once", "every"]).required(true))]
struct Of {
    /// The account whose imports are written.
    #[arg(long, value_name = "ID", required = true)]
    account: Option<i64>,
    /// What stands before `/api/v1/imports`, such as `https://api.example.com`.
    #[arg(long, value_name = "URL", required = true)]
    upstream: Option<Upstream>,
    /// Bring the account up to date, and end.
    #[arg(long)]
    once: bool,
    /// Ask for changes so often, such as 5m, until told to stop.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    every: Option<Duration>,
    /// The file with the key of the upstream; without it, the variable GATEWAY_UPSTREAM_KEY.
    #[arg(long, value_name = "FILE")]
    upstream_key_file: Option<PathBuf>,
    /// The file with its account token, where one is asked for; without it, GATEWAY_UPSTREAM_ACCOUNT_TOKEN.
    #[arg(long, value_name = "FILE")]
    upstream_account_token_file: Option<PathBuf>,
    /// The file with certificates of authorities, in PEM form, to trust in place of the public ones.
    #[arg(long, value_name = "FILE")]
    upstream_ca_file: Option<PathBuf>,
    /// How long connecting, the head of an answer and its body may take, each.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = mirror::UPSTREAM_TIMEOUT)]
    upstream_timeout: Duration,
    /// Never more requests than this within any second (s), minute (min) or hour (h); `off`: no limit.
    #[arg(long, value_name = "N/min", default_value = mirror::RATE, value_parser = mirror::rate)]
    rate: RateLimit,
    /// How late a change may become visible upstream after its time: changes are asked for again from so long ago.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = mirror::OVERLAP)]
    overlap: Duration,
    /// How often all imports are walked over, to find what is gone; what two walks in a row do not find is removed.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = mirror::RECONCILE_EVERY)]
    reconcile_every: Duration,
    /// Read no more pages than this in one interval; the next goes on from there.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_pages: Option<u64>,
    /// How long another process waits for this one, once that has gone without a word: 1s to 30s.
    #[arg(long, value_name = "DURATION", value_parser = mirror::lease, default_value = mirror::LEASE)]
    lease: Duration,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// List the mirrors: phase, ages, counts, and the last error.
    Status,
}

/// Runs the command.
///
/// # Errors
///
/// What is wrong with the settings or the database; the upstream refuses the key, or, once, gives no page.
pub async fn run(args: Args, database_url: &str) -> anyhow::Result<()> {
    if let Some(Command::Status) = args.command {
        let text = database::with(database_url, async |store| Ok(show(&statuses(store).await?)));
        return output::print(&text.await?);
    }
    let signals = Signals::new()?;
    let (client, options) = checked(&args.of)?;
    telemetry::start(LogFormat::Human);
    if !client.upstream().is_encrypted() {
        tracing::warn!("the upstream is asked without TLS: its key can be read on the way");
    }
    let done = database::with(database_url, async move |store| {
        work(store, client, &options, signals).await
    });
    let (totals, is_whole) = done.await?;
    let is_once = args.of.once;
    let Totals {
        pages,
        stored,
        older,
        removed,
        rejected,
    } = totals;
    let rest = if is_whole { "" } else { "; stopped" };
    output::print(&format!(
        "{pages} pages: {stored} stored, {older} passed over as older, {removed} removed, {rejected} refused{rest}\n"
    ))?;
    if is_once && !is_whole {
        bail!("it was stopped before the account was up to date");
    }
    Ok(())
}

/// Every setting, read and checked before anything is opened.
fn checked(of: &Of) -> anyhow::Result<(Client, Options)> {
    let (Some(account_id), Some(upstream)) = (of.account, of.upstream.clone()) else {
        return Err(WrongSettings("--account and --upstream are required".to_owned()).into());
    };
    let secret = |file: &Option<PathBuf>, setting: &str, variable| match file.clone() {
        Some(path) => Secret::File {
            setting: format!("{setting} {}", path.display()),
            path,
        },
        None => Secret::Variable(variable),
    };
    let mirrored = Mirrored {
        upstream,
        key: secret(
            &of.upstream_key_file,
            "--upstream-key-file",
            "GATEWAY_UPSTREAM_KEY",
        ),
        account_token: secret(
            &of.upstream_account_token_file,
            "--upstream-account-token-file",
            "GATEWAY_UPSTREAM_ACCOUNT_TOKEN",
        ),
        authorities: of
            .upstream_ca_file
            .clone()
            .map(|path| (format!("--upstream-ca-file {}", path.display()), path)),
        timeout: of.upstream_timeout,
        options: Options {
            account_id,
            holder: mirror::holder(),
            every: of.every,
            rate: of.rate.0,
            overlap: of.overlap,
            reconcile_every: of.reconcile_every,
            max_pages: of.max_pages,
            lease: of.lease,
        },
    };
    let client = mirrored.client();
    let client = client.map_err(|faults| WrongSettings(faults.join("; ")))?;
    Ok((client, mirrored.options))
}

async fn work(
    store: &Store,
    client: Client,
    options: &Options,
    mut signals: Signals,
) -> anyhow::Result<(Totals, bool)> {
    if !store.has_account(options.account_id).await? {
        bail!(
            "there is no account {}: `account list` shows those there are",
            options.account_id
        );
    }
    let bar = progress();
    let mut sync = Sync::new(store, client, options, |phase, totals| {
        bar.set_message(phase.name());
        bar.set_position(totals.pages);
        bar.set_prefix(format!("{} stored", totals.stored));
    });
    let ended = tokio::select! {
        ended = sync.run() => Some(ended),
        _ = signals.stop() => None,
    };
    sync.release().await;
    let totals = sync.totals();
    drop(sync);
    bar.finish_and_clear();
    let is_whole = ended.is_some();
    ended
        .unwrap_or(Ok(()))
        .with_context(|| format!("{} pages were read and stored", totals.pages))?;
    Ok((totals, is_whole))
}

/// The phase and what was stored so far on a terminal, and nothing elsewhere.
fn progress() -> ProgressBar {
    let target = if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{msg} {pos} pages, {prefix} {per_sec} {elapsed}");
    ProgressBar::with_draw_target(None, target)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(mirrors: &[Status]) -> String {
    let lines = mirrors.iter().map(|mirror| {
        let age = |age: Option<Duration>| {
            age.map_or(String::new(), |age| {
                humantime::format_duration(Duration::from_secs(age.as_secs()))
                    .to_string()
                    .replace(' ', "")
            })
        };
        let phase = match mirror.progress.phase {
            _ if mirror.is_stalled() => "stalled",
            phase => Phase::name(phase),
        };
        [
            mirror.account_id.to_string(),
            mirror.upstream.clone(),
            phase.to_owned(),
            if mirror.is_complete { "yes" } else { "no" }.to_owned(),
            age(mirror.polled_ago),
            age(mirror.walked_ago),
            mirror.pages.to_string(),
            mirror.rows_stored.to_string(),
            mirror.rows_removed.to_string(),
            mirror.rejects.to_string(),
            mirror.holder.clone().unwrap_or_default(),
            mirror.last_error.clone().unwrap_or_default(),
        ]
    });
    let head = [
        "ACCOUNT", "UPSTREAM", "PHASE", "COMPLETE", "POLLED", "WALKED", "PAGES", "STORED", "REMOVED",
        "REFUSED", "HOLDER", "ERROR",
    ];
    table::render(head, &lines.collect::<Vec<_>>())
}
