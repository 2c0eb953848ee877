//! `load`: import records out of files into one account.
//!
//! Prints one line a file on standard output; faults and the progress bar go to standard error. Each file stands alone.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::ingest::records::RecordError;
use crate::ingest::{OnInvalid, Outcome, load};
use crate::store::Store;

/// Faults that are named, a file; the others are counted.
const NAMED_FAULTS: u64 = 20;
/// In bytes read at once.
const BUFFER_BYTES: usize = 1 << 18;

/// Store import records: pages of `GET /api/v1/imports`, a JSON array of records or of pages, or one record a line.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The account whose imports they are.
    #[arg(long, value_name = "ID")]
    pub account: i64,
    /// Store the rest of a file that has bad records, and count both; of one that is cut off, what came before.
    #[arg(long)]
    pub skip_invalid: bool,
    /// The files; `-` is standard input. Each is stored whole or not at all.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Runs the command: exit status 0 where every file is stored, 1 where one is not, or not to its end.
///
/// # Errors
///
/// There is no such account, or the database's own; files before the one at hand are stored.
pub async fn run(args: Args, store: &Store) -> anyhow::Result<ExitCode> {
    let all_stored = run_with(&args, store, &mut io::stdout(), &mut io::stderr()).await?;
    Ok(if all_stored {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// [`run`] on other outputs; whether every file is stored to its end.
///
/// # Errors
///
/// Those of [`run`].
pub async fn run_with(
    args: &Args,
    store: &Store,
    out: &mut impl Write,
    err: &mut impl Write,
) -> anyhow::Result<bool> {
    if !store.has_account(args.account).await? {
        bail!(
            "there is no account {}: `account list` shows those there are",
            args.account
        );
    }
    let mut all_stored = true;
    for path in &args.files {
        let name = path.to_string_lossy();
        match open(path) {
            Ok((source, bytes)) => {
                let stored = one(args, store, &name, source, bytes, out, err).await;
                all_stored &= stored.with_context(|| format!("{name}: not stored"))?;
            }
            Err(error) => {
                writeln!(err, "{name}: cannot be opened: {error}")?;
                all_stored = false;
            }
        }
    }
    Ok(all_stored)
}

async fn one(
    args: &Args,
    store: &Store,
    name: &str,
    source: Box<dyn Read + Send>,
    bytes: Option<u64>,
    out: &mut impl Write,
    err: &mut impl Write,
) -> anyhow::Result<bool> {
    let bar = progress(name, bytes);
    let source = BufReader::with_capacity(BUFFER_BYTES, bar.wrap_read(source));
    let on_invalid = if args.skip_invalid {
        OnInvalid::Skip
    } else {
        OnInvalid::Refuse
    };
    let (mut faults, mut printed) = (0, Ok(()));
    let report = |fault: &RecordError| {
        faults += 1;
        if faults <= NAMED_FAULTS && printed.is_ok() {
            printed = bar.suspend(|| writeln!(err, "{name}:{}: {}", fault.line, fault.reason));
        }
    };
    let outcome = load(store, args.account, source, on_invalid, report).await;
    bar.finish_and_clear();
    printed?;
    if faults > NAMED_FAULTS {
        writeln!(err, "{name}: and {} more", faults - NAMED_FAULTS)?;
    }
    match outcome? {
        Outcome::Stored {
            loaded,
            invalid,
            is_whole,
        } => {
            let (stored, older, twice) = (loaded.stored, loaded.passed_over, loaded.duplicates);
            let rest = if is_whole {
                ""
            } else {
                "; the rest of the file could not be read"
            };
            writeln!(
                out,
                "{name}: {stored} stored, {older} passed over as older, {twice} repeated later, {invalid} invalid{rest}"
            )?;
            Ok(is_whole)
        }
        Outcome::Refused { invalid } => {
            writeln!(out, "{name}: nothing stored, {invalid} invalid")?;
            Ok(false)
        }
    }
}

/// A file, or standard input, and its length where that is known.
fn open(path: &Path) -> io::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok((Box::new(file), metadata.is_file().then_some(metadata.len())))
}

/// A bar of bytes on a terminal, and nothing elsewhere.
fn progress(name: &str, bytes: Option<u64>) -> ProgressBar {
    let target = if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let template = match bytes {
        Some(_) => "{msg} [{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        None => "{msg} {bytes} {bytes_per_sec} {elapsed}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(bytes, target)
        .with_style(style)
        .with_message(name.to_owned())
}
