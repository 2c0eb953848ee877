//! What the service tells its operators: log lines on standard error.
//!
//! Deliberately absent from every line: keys, cursors, bodies and the values of variables and filters.

pub mod metrics;
pub mod text_format;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line, for machines.
    Json,
}

/// Starts logging, filtered by `RUST_LOG` (default `info`). Where a log was started already, that one stays.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,sea_orm_migration=warn,sqlx=warn"));
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Human => registry.with(layer().with_writer(std::io::stderr)).try_init(),
        LogFormat::Json => registry
            .with(layer().json().with_writer(std::io::stderr))
            .try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "a log was started already");
    }
}
