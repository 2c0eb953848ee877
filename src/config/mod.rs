//! The settings of `serve` and `demo`: declared once, checked together.
//!
//! Takes command line and environment, gives a [`Config`] or every fault at once. Each option is also the variable
//! `GATEWAY_` and its name in capitals. Deliberately absent: what a limit does; that stands where it is kept.

mod check;

use std::net::SocketAddr;
use std::time::Duration;

use self::check::Faults;
use crate::store;
use crate::telemetry::LogFormat;

/// The options as they were written.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// The address to listen on; port 0 picks one.
    #[arg(
        long,
        env = "GATEWAY_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080"
    )]
    listen: String,
    /// How log lines look: human or json.
    #[arg(
        long,
        env = "GATEWAY_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "human"
    )]
    log_format: String,
    /// Whether callers with a key may read the schema: on or off.
    #[arg(
        long,
        env = "GATEWAY_INTROSPECTION",
        value_name = "on|off",
        default_value = "on"
    )]
    introspection: String,
    /// Open connections; past them no more are accepted.
    #[arg(
        long,
        env = "GATEWAY_CONNECTIONS",
        value_name = "N",
        default_value = "4096",
        help_heading = "Connections"
    )]
    connections: String,
    /// Open connections of one client address, or off; loopback is never counted.
    #[arg(
        long,
        env = "GATEWAY_CONNECTIONS_PER_ADDRESS",
        value_name = "N|off",
        default_value = "off",
        help_heading = "Connections"
    )]
    connections_per_address: String,
    /// From a connection's start, or a request's first byte, to the end of its headers, in ms.
    #[arg(
        long,
        env = "GATEWAY_HEADER_TIMEOUT_MS",
        value_name = "MS",
        default_value = "10000",
        help_heading = "Connections"
    )]
    header_timeout_ms: String,
    /// From an answer to the first byte of the next request, in ms.
    #[arg(
        long,
        env = "GATEWAY_IDLE_TIMEOUT_MS",
        value_name = "MS",
        default_value = "60000",
        help_heading = "Connections"
    )]
    idle_timeout_ms: String,
    /// How long a client may take nothing of an answer, in ms.
    #[arg(
        long,
        env = "GATEWAY_WRITE_TIMEOUT_MS",
        value_name = "MS",
        default_value = "30000",
        help_heading = "Connections"
    )]
    write_timeout_ms: String,
    /// From SIGTERM to the end of whatever still runs, in ms.
    #[arg(
        long,
        env = "GATEWAY_DRAIN_TIMEOUT_MS",
        value_name = "MS",
        default_value = "25000",
        help_heading = "Connections"
    )]
    drain_timeout_ms: String,
    /// The longest path and query string, in bytes.
    #[arg(
        long,
        env = "GATEWAY_URI_BYTES",
        value_name = "BYTES",
        default_value = "8192",
        help_heading = "Requests"
    )]
    uri_bytes: String,
    /// Header fields of a request.
    #[arg(
        long,
        env = "GATEWAY_HEADERS",
        value_name = "N",
        default_value = "64",
        help_heading = "Requests"
    )]
    headers: String,
    /// Header fields of a request, in bytes.
    #[arg(
        long,
        env = "GATEWAY_HEADER_BYTES",
        value_name = "BYTES",
        default_value = "16384",
        help_heading = "Requests"
    )]
    header_bytes: String,
    /// The largest request body, in bytes.
    #[arg(
        long,
        env = "GATEWAY_BODY_BYTES",
        value_name = "BYTES",
        default_value = "131072",
        help_heading = "Requests"
    )]
    body_bytes: String,
    /// How long a request body may take to arrive, in ms.
    #[arg(
        long,
        env = "GATEWAY_BODY_TIMEOUT_MS",
        value_name = "MS",
        default_value = "10000",
        help_heading = "Requests"
    )]
    body_timeout_ms: String,
    /// How long a request may take in all, in ms.
    #[arg(
        long,
        env = "GATEWAY_REQUEST_TIMEOUT_MS",
        value_name = "MS",
        default_value = "10000",
        help_heading = "Requests"
    )]
    request_timeout_ms: String,
    /// The longest GraphQL document, in bytes.
    #[arg(
        long,
        env = "GATEWAY_DOCUMENT_BYTES",
        value_name = "BYTES",
        default_value = "16384",
        help_heading = "Documents"
    )]
    document_bytes: String,
    /// Tokens of a document.
    #[arg(
        long,
        env = "GATEWAY_TOKENS",
        value_name = "N",
        default_value = "2000",
        help_heading = "Documents"
    )]
    tokens: String,
    /// Brackets open at once in a document.
    #[arg(
        long,
        env = "GATEWAY_BRACKETS",
        value_name = "N",
        default_value = "32",
        help_heading = "Documents"
    )]
    brackets: String,
    /// Fields above one another, fragments expanded.
    #[arg(
        long,
        env = "GATEWAY_DEPTH",
        value_name = "N",
        default_value = "10",
        help_heading = "Documents"
    )]
    depth: String,
    /// The same below __schema and __type.
    #[arg(
        long,
        env = "GATEWAY_INTROSPECTION_DEPTH",
        value_name = "N",
        default_value = "15",
        help_heading = "Documents"
    )]
    introspection_depth: String,
    /// Aliases of an operation, fragments expanded.
    #[arg(
        long,
        env = "GATEWAY_ALIASES",
        value_name = "N",
        default_value = "30",
        help_heading = "Documents"
    )]
    aliases: String,
    /// Root fields of an operation, fragments expanded.
    #[arg(
        long,
        env = "GATEWAY_ROOT_FIELDS",
        value_name = "N",
        default_value = "10",
        help_heading = "Documents"
    )]
    root_fields: String,
    /// Directives of a document.
    #[arg(
        long,
        env = "GATEWAY_DIRECTIVES",
        value_name = "N",
        default_value = "20",
        help_heading = "Documents"
    )]
    directives: String,
    /// Directives in one place.
    #[arg(
        long,
        env = "GATEWAY_DIRECTIVES_PER_PLACE",
        value_name = "N",
        default_value = "3",
        help_heading = "Documents"
    )]
    directives_per_place: String,
    /// Operations of a document.
    #[arg(
        long,
        env = "GATEWAY_OPERATIONS",
        value_name = "N",
        default_value = "5",
        help_heading = "Documents"
    )]
    operations: String,
    /// Fragments of a document.
    #[arg(
        long,
        env = "GATEWAY_FRAGMENTS",
        value_name = "N",
        default_value = "20",
        help_heading = "Documents"
    )]
    fragments: String,
    /// Fields and fragments of a document, fragments expanded.
    #[arg(
        long,
        env = "GATEWAY_EXPANDED_NODES",
        value_name = "N",
        default_value = "5000",
        help_heading = "Documents"
    )]
    expanded_nodes: String,
    /// Variables of an operation.
    #[arg(
        long,
        env = "GATEWAY_VARIABLES",
        value_name = "N",
        default_value = "50",
        help_heading = "Documents"
    )]
    variables: String,
    /// Lists and objects above one another in the variables.
    #[arg(
        long,
        env = "GATEWAY_VARIABLE_DEPTH",
        value_name = "N",
        default_value = "16",
        help_heading = "Documents"
    )]
    variable_depth: String,
    /// Items of one list in an argument.
    #[arg(
        long,
        env = "GATEWAY_LIST_ITEMS",
        value_name = "N",
        default_value = "250",
        help_heading = "Documents"
    )]
    list_items: String,
    /// The cost of one operation, in points.
    #[arg(
        long,
        env = "GATEWAY_COST",
        value_name = "POINTS",
        default_value = "1000",
        help_heading = "Documents"
    )]
    cost: String,
    /// Errors in one answer.
    #[arg(
        long,
        env = "GATEWAY_ERRORS",
        value_name = "N",
        default_value = "10",
        help_heading = "Documents"
    )]
    errors: String,
    /// Connections to the database.
    #[arg(
        long,
        env = "GATEWAY_DATABASE_CONNECTIONS",
        value_name = "N",
        default_value = "4",
        help_heading = "Database"
    )]
    database_connections: String,
    /// How long a request waits for a database connection, in ms.
    #[arg(
        long,
        env = "GATEWAY_ACQUIRE_TIMEOUT_MS",
        value_name = "MS",
        default_value = "1000",
        help_heading = "Database"
    )]
    acquire_timeout_ms: String,
    /// How long one statement may run, in ms.
    #[arg(
        long,
        env = "GATEWAY_STATEMENT_TIMEOUT_MS",
        value_name = "MS",
        default_value = "5000",
        help_heading = "Database"
    )]
    statement_timeout_ms: String,
}

/// Settings that have been checked.
#[derive(Clone)]
pub struct Config {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Whether callers with a key may read the schema.
    pub introspection: bool,
    /// The database.
    pub store: store::Settings,
    /// Every limit.
    pub limits: Limits,
}

/// Every limit of the service, in the units of the README's table.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections; past them no more are accepted.
    pub connections: usize,
    /// Open connections of one client address, or off; loopback is never counted.
    pub connections_per_address: Option<usize>,
    /// From a connection's start, or a request's first byte, to the end of its headers.
    pub header_timeout: Duration,
    /// From an answer to the first byte of the next request.
    pub idle_timeout: Duration,
    /// How long a client may take nothing of an answer.
    pub write_timeout: Duration,
    /// From SIGTERM to the end of whatever still runs.
    pub drain_timeout: Duration,
    /// The longest path and query string, in bytes.
    pub uri_bytes: usize,
    /// Header fields of a request.
    pub headers: usize,
    /// Header fields of a request, in bytes.
    pub header_bytes: usize,
    /// The largest request body, in bytes.
    pub body_bytes: usize,
    /// How long a request body may take to arrive.
    pub body_timeout: Duration,
    /// How long a request may take in all.
    pub request_timeout: Duration,
    /// The longest GraphQL document, in bytes.
    pub document_bytes: usize,
    /// Tokens of a document.
    pub tokens: usize,
    /// Brackets open at once in a document.
    pub brackets: usize,
    /// Fields above one another, fragments expanded.
    pub depth: usize,
    /// The same below __schema and __type.
    pub introspection_depth: usize,
    /// Aliases of an operation, fragments expanded.
    pub aliases: usize,
    /// Root fields of an operation, fragments expanded.
    pub root_fields: usize,
    /// Directives of a document.
    pub directives: usize,
    /// Directives in one place.
    pub directives_per_place: usize,
    /// Operations of a document.
    pub operations: usize,
    /// Fragments of a document.
    pub fragments: usize,
    /// Fields and fragments of a document, fragments expanded.
    pub expanded_nodes: usize,
    /// Variables of an operation.
    pub variables: usize,
    /// Lists and objects above one another in the variables.
    pub variable_depth: usize,
    /// Items of one list in an argument.
    pub list_items: usize,
    /// The cost of one operation, in points.
    pub cost: u64,
    /// Errors in one answer.
    pub errors: usize,
    /// Connections to the database.
    pub database_connections: u32,
    /// How long a request waits for a database connection.
    pub acquire_timeout: Duration,
    /// How long one statement may run.
    pub statement_timeout: Duration,
}

impl Settings {
    /// All settings checked, for the database of `url`.
    ///
    /// **Errors**: every fault, one sentence each.
    pub fn check(&self, url: &str) -> Result<Config, Vec<String>> {
        let mut faults = Faults::default();
        let listen = faults.parsed("--listen", &self.listen, "an address such as 127.0.0.1:8080");
        let log_format = faults.one_of(
            "--log-format",
            &self.log_format,
            &[("human", LogFormat::Human), ("json", LogFormat::Json)],
        );
        let introspection = faults.one_of(
            "--introspection",
            &self.introspection,
            &[("on", true), ("off", false)],
        );
        if let Err(error) = store::url::check(url) {
            faults.add(format!("--database-url: {error}"));
        }
        let limits = self.limits(&mut faults);
        let (Some(listen), Some(log_format), Some(introspection)) = (listen, log_format, introspection)
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
            ..store::Settings::new(url)
        };
        Ok(Config {
            listen,
            log_format,
            introspection,
            store,
            limits,
        })
    }

    fn limits(&self, faults: &mut Faults) -> Option<Limits> {
        let connections = faults.number("--connections", &self.connections, 1..=1_000_000);
        let connections_per_address = faults.number_or_off(
            "--connections-per-address",
            &self.connections_per_address,
            1..=1_000_000,
        );
        let header_timeout = faults.millis("--header-timeout-ms", &self.header_timeout_ms, 10..=600_000);
        let idle_timeout = faults.millis("--idle-timeout-ms", &self.idle_timeout_ms, 10..=3_600_000);
        let write_timeout = faults.millis("--write-timeout-ms", &self.write_timeout_ms, 10..=600_000);
        let drain_timeout = faults.millis("--drain-timeout-ms", &self.drain_timeout_ms, 0..=600_000);
        let uri_bytes = faults.number("--uri-bytes", &self.uri_bytes, 64..=65_000);
        let headers = faults.number("--headers", &self.headers, 8..=1000);
        let header_bytes = faults.number("--header-bytes", &self.header_bytes, 1024..=1_000_000);
        let body_bytes = faults.number("--body-bytes", &self.body_bytes, 64..=16_777_216);
        let body_timeout = faults.millis("--body-timeout-ms", &self.body_timeout_ms, 10..=600_000);
        let request_timeout = faults.millis("--request-timeout-ms", &self.request_timeout_ms, 10..=600_000);
        let document_bytes = faults.number("--document-bytes", &self.document_bytes, 64..=1_000_000);
        let tokens = faults.number("--tokens", &self.tokens, 1..=100_000);
        let brackets = faults.number("--brackets", &self.brackets, 1..=64);
        let depth = faults.number("--depth", &self.depth, 1..=50);
        let introspection_depth = faults.number("--introspection-depth", &self.introspection_depth, 1..=50);
        let aliases = faults.number("--aliases", &self.aliases, 0..=1000);
        let root_fields = faults.number("--root-fields", &self.root_fields, 1..=1000);
        let directives = faults.number("--directives", &self.directives, 0..=1000);
        let directives_per_place =
            faults.number("--directives-per-place", &self.directives_per_place, 0..=100);
        let operations = faults.number("--operations", &self.operations, 1..=1000);
        let fragments = faults.number("--fragments", &self.fragments, 0..=1000);
        let expanded_nodes = faults.number("--expanded-nodes", &self.expanded_nodes, 1..=1_000_000);
        let variables = faults.number("--variables", &self.variables, 0..=1000);
        let variable_depth = faults.number("--variable-depth", &self.variable_depth, 1..=64);
        let list_items = faults.number("--list-items", &self.list_items, 1..=10_000);
        let cost = faults.number("--cost", &self.cost, 1..=1_000_000);
        let errors = faults.number("--errors", &self.errors, 1..=100);
        let database_connections =
            faults.number("--database-connections", &self.database_connections, 1..=1000);
        let acquire_timeout = faults.millis("--acquire-timeout-ms", &self.acquire_timeout_ms, 10..=600_000);
        let statement_timeout =
            faults.millis("--statement-timeout-ms", &self.statement_timeout_ms, 10..=600_000);
        Some(Limits {
            connections: connections?,
            connections_per_address: connections_per_address?,
            header_timeout: header_timeout?,
            idle_timeout: idle_timeout?,
            write_timeout: write_timeout?,
            drain_timeout: drain_timeout?,
            uri_bytes: uri_bytes?,
            headers: headers?,
            header_bytes: header_bytes?,
            body_bytes: body_bytes?,
            body_timeout: body_timeout?,
            request_timeout: request_timeout?,
            document_bytes: document_bytes?,
            tokens: tokens?,
            brackets: brackets?,
            depth: depth?,
            introspection_depth: introspection_depth?,
            aliases: aliases?,
            root_fields: root_fields?,
            directives: directives?,
            directives_per_place: directives_per_place?,
            operations: operations?,
            fragments: fragments?,
            expanded_nodes: expanded_nodes?,
            variables: variables?,
            variable_depth: variable_depth?,
            list_items: list_items?,
            cost: cost?,
            errors: errors?,
            database_connections: database_connections?,
            acquire_timeout: acquire_timeout?,
            statement_timeout: statement_timeout?,
        })
    }
}
