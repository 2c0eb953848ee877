//! What the service tells its operators: log lines on standard error.
//!
//! Deliberately absent from every line: keys, cursors, bodies and the values of variables and filters.

pub mod metrics;
pub mod text_format;

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
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
    let wanted = std::env::var("RUST_LOG").unwrap_or_default();
    let (filter, is_refused) = match filter(&wanted) {
        Some(filter) => (filter, false),
        None => (EnvFilter::new(DEFAULT_FILTER), !wanted.trim().is_empty()),
    };
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Human => registry
            .with(layer().with_ansi(has_colours()).with_writer(std::io::stderr))
            .try_init(),
        LogFormat::Json => registry
            .with(layer().json().with_writer(std::io::stderr))
            .try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "a log was started already");
    }
    if is_refused {
        tracing::warn!(
            "RUST_LOG names no level (error, warn, info, debug, trace, off) and nothing that logs here: it is passed over"
        );
    }
}

const DEFAULT_FILTER: &str = "info,sea_orm_migration=warn,sqlx=warn";
/// Where lines come from: ourselves and the libraries below.
const SOURCES: [&str; 10] = [
    "imports_gateway",
    "http_server",
    "migration",
    "sqlx",
    "sea_orm",
    "tokio",
    "hyper",
    "rustls",
    "async_graphql",
    "tower",
];

/// A filter, unless it is malformed or no line could ever pass it, as of a word that is neither level nor source.
fn filter(text: &str) -> Option<EnvFilter> {
    let directives = text.split(',').map(str::trim);
    let directives: Vec<_> = directives.filter(|directive| !directive.is_empty()).collect();
    let filter = EnvFilter::try_new(directives.join(",")).ok()?;
    let mut names = directives
        .iter()
        .map(|directive| directive.split(['=', '[']).next().unwrap_or_default());
    names
        .any(|name| {
            // Spans have no source.
            name.is_empty()
                || name.parse::<LevelFilter>().is_ok()
                || SOURCES
                    .iter()
                    .any(|source| source.starts_with(name) || name.starts_with(source))
        })
        .then_some(filter)
}

/// Whether colours are read by a person: on a terminal that has them, and that was not asked to leave them.
fn has_colours() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stderr().is_terminal() && !is_dumb && !is_set("NO_COLOR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_lets_nothing_through_by_mistake_is_none() {
        for text in [
            "info",
            "off",
            "WARN",
            "debug,hyper=info",
            "imports_gateway",
            "imports_gateway=trace",
            "imports_gateway::http=debug",
            "sqlx=debug",
            "sea_orm_migration=info",
            "nothing=debug,info",
            "[request]=debug",
            " info , sqlx=warn",
        ] {
            assert!(filter(text).is_some(), "{text}");
        }
        for text in [
            "",
            " ",
            ",",
            "verbose",
            "gateway=debug",
            "imports-gateway=debug",
            "info=loud",
            "imports_gateway=loud",
            "yes",
            "all",
            "*",
        ] {
            assert!(filter(text).is_none(), "{text}");
        }
    }
}
