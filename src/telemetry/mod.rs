//! What the service tells its operators: log lines on standard error.
//!
//! Deliberately absent from every line: keys, cursors, bodies and the values of variables and filters.

pub mod metrics;
pub mod text_format;

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{Directive, LevelFilter};
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
    let wanted = std::env::var_os("RUST_LOG").unwrap_or_default();
    let Filter { filter, mut warnings } = filter(wanted.to_str().unwrap_or_default());
    if wanted.to_str().is_none() {
        warnings.push("RUST_LOG is passed over, as it is not UTF-8".to_owned());
    }
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
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}

const DEFAULT_FILTER: &str = "info,sea_orm_migration=warn,sqlx=warn";
/// Where lines of ours come from.
const OURS: [&str; 3] = ["imports_gateway", "http_server", "migration"];

/// What may be logged, and what of the text is not followed.
struct Filter {
    filter: EnvFilter,
    warnings: Vec<String>,
}

/// Reads a filter. A directive that is malformed is passed over; so is the whole where no line of ours could ever pass
/// what is left of it, as with `hyper=trace` or a word that is no level.
fn filter(text: &str) -> Filter {
    let mut warnings = Vec::new();
    let mut read: Vec<(&str, Directive)> = Vec::new();
    let all = directives(text);
    for part in &all {
        match part.parse() {
            Ok(directive) => read.push((part, directive)),
            Err(_) => warnings.push(format!(
                "RUST_LOG: `{}` is passed over: a directive is a level (error, warn, info, debug, trace, off) or \
                 SOURCE=LEVEL",
                part.escape_debug()
            )),
        }
    }
    if read.iter().any(|(part, _)| concerns_us(part)) {
        let filter = EnvFilter::builder().parse_lossy("");
        let filter = read
            .into_iter()
            .fold(filter, |filter, (_, directive)| filter.add_directive(directive));
        return Filter { filter, warnings };
    }
    if !read.is_empty() {
        warnings.push(format!(
            "RUST_LOG is passed over, as it lets nothing of this program through; add a level before it, as in `info,{}`",
            text.trim().escape_debug()
        ));
    }
    Filter {
        filter: EnvFilter::new(DEFAULT_FILTER),
        warnings,
    }
}

/// The directives of a filter: between commas, but for those in the braces of a span's fields.
fn directives(text: &str) -> Vec<&str> {
    let mut braces = 0_usize;
    let parts = text.split(|sign| {
        match sign {
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        sign == ',' && braces == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// Whether a directive says something of our lines: those of every source, or of ours. No line of ours is in a span, so
/// that one of a span says nothing of any.
fn concerns_us(directive: &str) -> bool {
    let source = directive.split('=').next().unwrap_or_default();
    if directive.contains('[') {
        return false;
    }
    source.parse::<LevelFilter>().is_ok()
        || OURS
            .iter()
            .any(|ours| ours.starts_with(source) || source.starts_with(ours))
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

    /// Whether a filter is followed as a whole, and how many warnings it gives.
    fn read(text: &str) -> (bool, usize) {
        let Filter { filter, warnings } = filter(text);
        let is_followed = filter.to_string() != EnvFilter::new(DEFAULT_FILTER).to_string();
        (is_followed, warnings.len())
    }

    #[test]
    fn a_filter_that_lets_lines_of_ours_through_or_keeps_them_back_is_followed() {
        for text in [
            "info",
            "off",
            "WARN",
            "debug,hyper=info",
            "imports_gateway",
            "imports_gateway=trace",
            "imports_gateway::http=debug",
            "nothing=debug,info",
            "info,[request]=debug",
            "debug,hyper[request{a=1,b=2}]=trace",
            " info , sqlx=warn,",
        ] {
            assert_eq!(read(text), (true, 0), "{text}");
        }
    }

    #[test]
    fn a_filter_that_lets_nothing_of_ours_through_is_passed_over_with_a_warning() {
        for text in ["", " ", ","] {
            assert_eq!(read(text), (false, 0), "{text}");
        }
        for text in [
            "verbose",
            "gateway=debug",
            "hyper=trace",
            "sqlx=debug,hyper",
            "info=loud",
            "imports_gateway=loud",
            "yes",
            "all",
            "[{a=1}]=debug",
            "[request{a=1,b=2}]=debug",
            "imports_gateway[request]=info",
        ] {
            assert_eq!(read(text), (false, 1), "{text}");
        }
    }

    #[test]
    fn a_directive_that_is_malformed_is_named_and_the_others_are_followed() {
        for (text, named) in [
            ("debug,foo=zzz", "`foo=zzz`"),
            ("info=loud,imports_gateway=debug", "`info=loud`"),
            ("trace, a=b=c ,sqlx=warn", "`a=b=c`"),
        ] {
            let Filter { filter, warnings } = filter(text);
            let [warning] = warnings.as_slice() else {
                panic!("{text}: {warnings:?}");
            };
            assert!(warning.contains(named), "{text}: {warning}");
            assert_ne!(
                filter.to_string(),
                EnvFilter::new(DEFAULT_FILTER).to_string(),
                "{text}"
            );
        }
    }
}
