//! `seed`: generated imports, the same for the same seed.
//!
//! Prints one line on standard output; the progress bar goes to standard error.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use entity::Instant;
use indicatif::{ProgressBar, ProgressDrawTarget};

use crate::ingest::generate::fill;
use crate::rfc3339;
use crate::store::Store;

/// The day on which generated imports end, so that a seed means the same rows at any time.
const UNTIL: &str = "2026-10-31T00:00:00Z";

/// Store generated imports up to 2026-10-31, with ids after the highest of the account.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The account whose imports they are.
    #[arg(long, value_name = "ID")]
    pub account: i64,
    /// How many.
    #[arg(long, value_name = "N")]
    pub rows: u64,
    /// Which: the same number, the same imports.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
}

/// Runs the command.
///
/// # Errors
///
/// There is no such account, or the database's own; some of the imports may then be stored.
pub async fn run(args: Args, store: &Store) -> anyhow::Result<ExitCode> {
    if !store.has_account(args.account).await? {
        bail!(
            "there is no account {}: `account list` shows those there are",
            args.account
        );
    }
    let until = rfc3339::parse(UNTIL)
        .ok()
        .and_then(|parsed| Instant::from_micros(parsed.micros));
    let until = until.context("the fixed day is an instant")?;
    let target = if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(args.rows), target);
    let filled = fill(store, args.account, args.rows, args.seed, until, |stored| {
        bar.set_position(stored)
    })
    .await;
    bar.finish_and_clear();
    writeln!(io::stdout(), "{} stored", filled?)?;
    Ok(ExitCode::SUCCESS)
}
