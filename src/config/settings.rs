//! The options of `serve` and `demo`, as they are written: flag, variable, default, unit and meaning, each once.

use std::ffi::OsString;

use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

use super::limits::LimitSettings;

/// The options of the service, as they were written. Each is also a variable of the environment: `GATEWAY_` and its name
/// in capitals.
#[derive(Clone, Debug)]
pub struct Settings(pub(super) Options);

/// The options without their variables.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Options {
    /// Where to listen: an address or name and a port, or `:PORT` for every address; port 0 picks one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(super) listen: String,
    /// How log lines look: human or json.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) log_format: String,
    /// Whether callers with a key may read the schema: on or off.
    #[arg(long, value_name = "on|off", default_value = "on")]
    pub(super) introspection: String,
    /// Whether queries may be sent by GET: on or off.
    #[arg(long, value_name = "on|off", default_value = "on")]
    pub(super) get: String,
    /// Whether a federation gateway is answered, by `_service` and `_entities`: on or off.
    #[arg(long, value_name = "on|off", default_value = "off")]
    pub(super) federation: String,
    /// Whether the Model Context Protocol is served at /mcp: on or off.
    #[arg(long, value_name = "on|off", default_value = "off")]
    pub(super) mcp: String,
    /// Hosts that requests to /mcp may name, separated by commas, such as `api.example.com`; on a loopback address its names too; where none is listed elsewhere, any.
    #[arg(long, value_name = "HOSTS", default_value = "")]
    pub(super) mcp_hosts: String,
    /// HTTP statuses of GraphQL answers: 2026 by the first edition of GraphQL over HTTP, 2025 by the drafts before.
    #[arg(long, value_name = "2026|2025", default_value = "2026")]
    pub(super) http_statuses: String,
    /// What answers say of a budget: all is RateLimit and RateLimit-Policy beside the older three fields, older is those alone.
    #[arg(long, value_name = "all|older", default_value = "all")]
    pub(super) rate_limit_fields: String,
    /// An address of its own for /metrics, /livez and /readyz; without it they are on the main one.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) metrics_listen: Option<String>,
    /// Origins whose pages may read answers, separated by commas, such as `https://app.example.com`.
    #[arg(long, value_name = "ORIGINS", default_value = "")]
    pub(super) cors_origins: String,
    /// Proxies that are believed about a client's address, as addresses or networks, separated by commas.
    #[arg(long, value_name = "NETWORKS", default_value = "")]
    pub(super) trusted_proxy: String,
    /// A manifest of trusted documents, as Relay, Apollo or GraphQL Code Generator write it.
    #[arg(long, value_name = "FILE")]
    pub(super) trusted_documents: Option<OsString>,
    /// Documents that are not in the manifest: off runs them, log runs and logs them, enforce refuses them.
    #[arg(long, value_name = "off|log|enforce", default_value = "off")]
    pub(super) trusted_documents_mode: String,
    #[command(flatten)]
    pub(super) limits: LimitSettings,
}

impl Settings {
    /// Adds the options to `command`, each with its variable.
    fn add_to(command: Command, options: Command) -> Command {
        let with_variable = |option: clap::Arg| {
            let flag = option.get_long().unwrap_or_default();
            let variable = format!("GATEWAY_{}", flag.replace('-', "_").to_uppercase());
            // The place of an option among the others is that of `command`, not the one it has here.
            option.env(variable).display_order(None)
        };
        command.args(options.get_arguments().cloned().map(with_variable))
    }
}

impl Args for Settings {
    fn augment_args(command: Command) -> Command {
        Self::add_to(command, Options::augment_args(Command::default()))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::add_to(command, Options::augment_args_for_update(Command::default()))
    }
}

impl FromArgMatches for Settings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Options::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}
