//! The settings of `serve` and `demo`: declared once, checked together.
//!
//! Takes command line and environment, gives a [`Config`] or every fault at once. Each option is also the variable
//! `GATEWAY_` and its name in capitals. Deliberately absent: what a limit does; that stands where it is kept.

mod check;
mod limits;
pub mod listen;
mod manifest;
mod settings;

use std::path::Path;

use self::check::Faults;
pub use self::limits::Limits;
use self::listen::Listen;
pub use self::settings::Settings;
use crate::client_address::Network;
use crate::host::Host;
use crate::load::budget::Fields;
use crate::origin::Origin;
use crate::store;
use crate::telemetry::LogFormat;

/// What becomes of documents that are not in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustMode {
    /// They run, and each is logged.
    Log,
    /// They do not run.
    Enforce,
}

/// By which text GraphQL answers get their HTTP statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpStatuses {
    /// The first edition of GraphQL over HTTP, of 2026: 422 for what is JSON, but not to be run; 294 for data with errors.
    Edition2026,
    /// The drafts before, of 2025: 400 and 200.
    Draft2025,
}

/// What `--listen` must be.
const LISTEN: &str = "HOST:PORT or :PORT, such as 127.0.0.1:8080";

/// A switch that is no part of [`Settings`], in the words that switches take.
///
/// # Errors
///
/// One sentence that names `flag`.
pub fn switch(flag: &str, text: &str) -> Result<bool, String> {
    let mut faults = Faults::default();
    let switched = faults.switch(flag, text);
    switched.ok_or_else(|| faults.into_all().concat())
}

/// A value in a message: without what could be a password, and on one line.
fn shown(text: &str) -> String {
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
    host.escape_debug().to_string()
}

/// Settings that have been checked.
#[derive(Clone)]
pub struct Config {
    /// The address to listen on.
    pub listen: Listen,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Whether callers with a key may read the schema.
    pub introspection: bool,
    /// Whether queries may be sent by GET.
    pub get: bool,
    /// Whether a federation gateway is answered.
    pub federation: bool,
    /// Whether the Model Context Protocol is served.
    pub mcp: bool,
    /// Hosts that its requests may name.
    pub mcp_hosts: Vec<Host>,
    /// How GraphQL answers get their statuses.
    pub http_statuses: HttpStatuses,
    /// What answers say of an account's budget.
    pub rate_limit_fields: Fields,
    /// An address of its own for what operators ask.
    pub metrics_listen: Option<Listen>,
    /// Origins whose pages may read answers.
    pub cors_origins: Vec<Origin>,
    /// Proxies that are believed about a client's address.
    pub trusted_proxies: Vec<Network>,
    /// Trusted documents as id and text, and what becomes of others.
    pub trusted_documents: Option<(Vec<(String, String)>, TrustMode)>,
    /// The database.
    pub store: store::Settings,
    /// Every limit.
    pub limits: Limits,
}

impl Settings {
    /// All settings checked, for the database of `url`.
    ///
    /// # Errors
    ///
    /// Every fault, one sentence each.
    pub fn check(&self, url: &str) -> Result<Config, Vec<String>> {
        let mut faults = Faults::default();
        let Self(options) = self;
        let listen: Option<Listen> = faults.parsed("--listen", &options.listen, LISTEN);
        let log_format = faults.one_of(
            "--log-format",
            &options.log_format,
            &[("human", LogFormat::Human), ("json", LogFormat::Json)],
        );
        let introspection = faults.switch("--introspection", &options.introspection);
        let get = faults.switch("--get", &options.get);
        let federation = faults.switch("--federation", &options.federation);
        let mcp = faults.switch("--mcp", &options.mcp);
        let mcp_hosts = faults.list("--mcp-hosts", &options.mcp_hosts);
        let mcp_hosts: Vec<Option<Host>> = mcp_hosts
            .into_iter()
            .map(|text| {
                faults.parsed(
                    "--mcp-hosts",
                    text,
                    "host names or addresses without ports, separated by commas",
                )
            })
            .collect();
        let statuses = [
            ("2026", HttpStatuses::Edition2026),
            ("2025", HttpStatuses::Draft2025),
        ];
        let http_statuses = faults.one_of("--http-statuses", &options.http_statuses, &statuses);
        let fields = [("all", Fields::All), ("older", Fields::Older)];
        let rate_limit_fields = faults.one_of("--rate-limit-fields", &options.rate_limit_fields, &fields);
        let metrics_listen = options
            .metrics_listen
            .as_ref()
            .map(|text| faults.parsed::<Listen>("--metrics-listen", text, LISTEN));
        if let (Some(listen), Some(Some(apart))) = (&listen, &metrics_listen)
            && apart.is_same_as(listen)
        {
            faults.add("--metrics-listen must be another address than --listen".to_owned());
        }
        let cors_origins = faults.list("--cors-origins", &options.cors_origins);
        let cors_origins: Vec<Option<Origin>> = cors_origins
            .into_iter()
            .map(|text| match text.parse() {
                Ok(origin) => Some(origin),
                Err(error) => {
                    faults.add(format!("--cors-origins: `{}` {error}", shown(text)));
                    None
                }
            })
            .collect();
        let networks = "addresses or networks such as 10.0.0.0/8, separated by commas";
        let trusted_proxies = faults.list("--trusted-proxy", &options.trusted_proxy);
        let trusted_proxies: Vec<Option<Network>> = trusted_proxies
            .into_iter()
            .map(|text| faults.parsed("--trusted-proxy", text, networks))
            .collect();
        let modes = [
            ("off", None),
            ("log", Some(TrustMode::Log)),
            ("enforce", Some(TrustMode::Enforce)),
        ];
        let mode = faults
            .one_of(
                "--trusted-documents-mode",
                &options.trusted_documents_mode,
                &modes,
            )
            .flatten();
        let mut manifest = None;
        if let Some(file) = &options.trusted_documents {
            if mode.is_none() {
                faults.add("--trusted-documents needs --trusted-documents-mode log or enforce".to_owned());
            }
            match manifest::read(Path::new(file)) {
                Ok(documents) => manifest = Some(documents),
                Err(error) => faults.add(format!("--trusted-documents {error}")),
            }
        }
        if mode.is_some() && options.trusted_documents.is_none() {
            faults.add("--trusted-documents-mode needs a manifest: give --trusted-documents FILE".to_owned());
        }
        if let Err(error) = store::url::check(url) {
            faults.add(format!("--database-url: {error}"));
        }
        let limits = options.limits.check(&mut faults);
        let (
            Some(listen),
            Some(log_format),
            Some(introspection),
            Some(get),
            Some(federation),
            Some(mcp),
            Some(http_statuses),
            Some(rate_limit_fields),
        ) = (
            listen,
            log_format,
            introspection,
            get,
            federation,
            mcp,
            http_statuses,
            rate_limit_fields,
        )
        else {
            return Err(faults.into_all());
        };
        let limits = limits
            .filter(|_| faults.are_none())
            .ok_or_else(|| faults.into_all())?;
        let store = store::Settings {
            max_connections: limits.database_connections,
            acquire_timeout: limits.acquire_timeout,
            statement_timeout: limits.statement_timeout,
            lock_timeout: limits.lock_timeout,
            idle_transaction_timeout: limits.idle_transaction_timeout,
            ..store::Settings::new(url)
        };
        Ok(Config {
            listen,
            log_format,
            introspection,
            get,
            federation,
            mcp,
            mcp_hosts: mcp_hosts.into_iter().flatten().collect(),
            http_statuses,
            rate_limit_fields,
            metrics_listen: metrics_listen.flatten(),
            cors_origins: cors_origins.into_iter().flatten().collect(),
            trusted_proxies: trusted_proxies.into_iter().flatten().collect(),
            trusted_documents: manifest.zip(mode),
            store,
            limits,
        })
    }
}
