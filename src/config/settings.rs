//! The options of `serve` and `demo`, as they are written: flag, variable, default, unit and meaning, each once.

use std::path::PathBuf;

use super::database::Database;

/// The options as they were written.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// Where to listen: an address or name and a port, or `:PORT` for every address; port 0 picks one.
    #[arg(
        long,
        env = "GATEWAY_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080"
    )]
    pub(super) listen: String,
    /// How log lines look: human or json.
    #[arg(
        long,
        env = "GATEWAY_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "human"
    )]
    pub(super) log_format: String,
    /// Whether callers with a key may read the schema: on or off.
    #[arg(
        long,
        env = "GATEWAY_INTROSPECTION",
        value_name = "on|off",
        default_value = "on"
    )]
    pub(super) introspection: String,
    /// Whether queries may be sent by GET: on or off.
    #[arg(long, env = "GATEWAY_GET", value_name = "on|off", default_value = "on")]
    pub(super) get: String,
    /// An address of its own for /metrics, /livez and /readyz; without it they are on the main one.
    #[arg(long, env = "GATEWAY_METRICS_LISTEN", value_name = "ADDRESS")]
    pub(super) metrics_listen: Option<String>,
    /// Origins whose pages may read answers, separated by commas, such as `https://app.example.com`.
    #[arg(
        long,
        env = "GATEWAY_CORS_ORIGINS",
        value_name = "ORIGINS",
        default_value = ""
    )]
    pub(super) cors_origins: String,
    /// Proxies that are believed about a client's address, as addresses or networks, separated by commas.
    #[arg(
        long,
        env = "GATEWAY_TRUSTED_PROXY",
        value_name = "NETWORKS",
        default_value = ""
    )]
    pub(super) trusted_proxy: String,
    /// A manifest of trusted documents, as Relay, Apollo or GraphQL Code Generator write it.
    #[arg(long, env = "GATEWAY_TRUSTED_DOCUMENTS", value_name = "FILE")]
    pub(super) trusted_documents: Option<PathBuf>,
    /// Documents that are not in the manifest: off runs them, log runs and logs them, enforce refuses them.
    #[arg(
        long,
        env = "GATEWAY_TRUSTED_DOCUMENTS_MODE",
        value_name = "off|log|enforce",
        default_value = "off"
    )]
    pub(super) trusted_documents_mode: String,
    /// Open connections; past them no more are accepted.
    #[arg(
        long,
        env = "GATEWAY_CONNECTIONS",
        value_name = "N",
        default_value = "4096",
        help_heading = "Connections"
    )]
    pub(super) connections: String,
    /// Open connections of one client address, or off; loopback is never counted.
    #[arg(
        long,
        env = "GATEWAY_CONNECTIONS_PER_ADDRESS",
        value_name = "N|off",
        default_value = "off",
        help_heading = "Connections"
    )]
    pub(super) connections_per_address: String,
    /// From a connection's start, or a request's first byte, to the end of its headers, in ms.
    #[arg(
        long,
        env = "GATEWAY_HEADER_TIMEOUT_MS",
        value_name = "MS",
        default_value = "10000",
        help_heading = "Connections"
    )]
    pub(super) header_timeout_ms: String,
    /// From an answer to the first byte of the next request; above the 60 s after which most balancers let go, in ms.
    #[arg(
        long,
        env = "GATEWAY_IDLE_TIMEOUT_MS",
        value_name = "MS",
        default_value = "75000",
        help_heading = "Connections"
    )]
    pub(super) idle_timeout_ms: String,
    /// How long a client may take nothing of an answer, in ms.
    #[arg(
        long,
        env = "GATEWAY_WRITE_TIMEOUT_MS",
        value_name = "MS",
        default_value = "30000",
        help_heading = "Connections"
    )]
    pub(super) write_timeout_ms: String,
    /// How long everything is still served after SIGTERM, while /readyz says 503, so that a balancer notices first, in ms.
    #[arg(
        long,
        env = "GATEWAY_SHUTDOWN_DELAY_MS",
        value_name = "MS",
        default_value = "3000",
        help_heading = "Connections"
    )]
    pub(super) shutdown_delay_ms: String,
    /// From the end of that to the end of whatever still runs, in ms.
    #[arg(
        long,
        env = "GATEWAY_DRAIN_TIMEOUT_MS",
        value_name = "MS",
        default_value = "25000",
        help_heading = "Connections"
    )]
    pub(super) drain_timeout_ms: String,
    /// Requests that run at once.
    #[arg(
        long,
        env = "GATEWAY_RUNNING",
        value_name = "N",
        default_value = "64",
        help_heading = "Load"
    )]
    pub(super) running: String,
    /// Requests that wait for their turn.
    #[arg(
        long,
        env = "GATEWAY_WAITING",
        value_name = "N",
        default_value = "256",
        help_heading = "Load"
    )]
    pub(super) waiting: String,
    /// How long a request waits for its turn, in ms.
    #[arg(
        long,
        env = "GATEWAY_WAIT_MS",
        value_name = "MS",
        default_value = "250",
        help_heading = "Load"
    )]
    pub(super) wait_ms: String,
    /// Cost points a second and account, ten times that in a burst, or off.
    #[arg(
        long,
        env = "GATEWAY_RATE_LIMIT",
        value_name = "POINTS|off",
        default_value = "1000",
        help_heading = "Load"
    )]
    pub(super) rate_limit: String,
    /// Refused keys a minute and client address, a request without one too, or off.
    #[arg(
        long,
        env = "GATEWAY_FAILED_KEYS",
        value_name = "N|off",
        default_value = "20",
        help_heading = "Load"
    )]
    pub(super) failed_keys: String,
    /// The longest path and query string, in bytes.
    #[arg(
        long,
        env = "GATEWAY_URI_BYTES",
        value_name = "BYTES",
        default_value = "8192",
        help_heading = "Requests"
    )]
    pub(super) uri_bytes: String,
    /// Header fields of a request.
    #[arg(
        long,
        env = "GATEWAY_HEADERS",
        value_name = "N",
        default_value = "64",
        help_heading = "Requests"
    )]
    pub(super) headers: String,
    /// Header fields of a request, in bytes.
    #[arg(
        long,
        env = "GATEWAY_HEADER_BYTES",
        value_name = "BYTES",
        default_value = "16384",
        help_heading = "Requests"
    )]
    pub(super) header_bytes: String,
    /// The largest request body, in bytes.
    #[arg(
        long,
        env = "GATEWAY_BODY_BYTES",
        value_name = "BYTES",
        default_value = "131072",
        help_heading = "Requests"
    )]
    pub(super) body_bytes: String,
    /// How long a request body may take to arrive, in ms.
    #[arg(
        long,
        env = "GATEWAY_BODY_TIMEOUT_MS",
        value_name = "MS",
        default_value = "10000",
        help_heading = "Requests"
    )]
    pub(super) body_timeout_ms: String,
    /// How long a request may take in all, in ms.
    #[arg(
        long,
        env = "GATEWAY_REQUEST_TIMEOUT_MS",
        value_name = "MS",
        default_value = "10000",
        help_heading = "Requests"
    )]
    pub(super) request_timeout_ms: String,
    /// The longest GraphQL document, in bytes.
    #[arg(
        long,
        env = "GATEWAY_DOCUMENT_BYTES",
        value_name = "BYTES",
        default_value = "16384",
        help_heading = "Documents"
    )]
    pub(super) document_bytes: String,
    /// Tokens of a document.
    #[arg(
        long,
        env = "GATEWAY_TOKENS",
        value_name = "N",
        default_value = "2000",
        help_heading = "Documents"
    )]
    pub(super) tokens: String,
    /// Brackets open at once in a document.
    #[arg(
        long,
        env = "GATEWAY_BRACKETS",
        value_name = "N",
        default_value = "32",
        help_heading = "Documents"
    )]
    pub(super) brackets: String,
    /// Fields above one another, fragments expanded.
    #[arg(
        long,
        env = "GATEWAY_DEPTH",
        value_name = "N",
        default_value = "10",
        help_heading = "Documents"
    )]
    pub(super) depth: String,
    /// The same below __schema and __type.
    #[arg(
        long,
        env = "GATEWAY_INTROSPECTION_DEPTH",
        value_name = "N",
        default_value = "15",
        help_heading = "Documents"
    )]
    pub(super) introspection_depth: String,
    /// Aliases of an operation, fragments expanded.
    #[arg(
        long,
        env = "GATEWAY_ALIASES",
        value_name = "N",
        default_value = "30",
        help_heading = "Documents"
    )]
    pub(super) aliases: String,
    /// Root fields of an operation, fragments expanded.
    #[arg(
        long,
        env = "GATEWAY_ROOT_FIELDS",
        value_name = "N",
        default_value = "10",
        help_heading = "Documents"
    )]
    pub(super) root_fields: String,
    /// Directives of a document.
    #[arg(
        long,
        env = "GATEWAY_DIRECTIVES",
        value_name = "N",
        default_value = "20",
        help_heading = "Documents"
    )]
    pub(super) directives: String,
    /// Directives in one place.
    #[arg(
        long,
        env = "GATEWAY_DIRECTIVES_PER_PLACE",
        value_name = "N",
        default_value = "3",
        help_heading = "Documents"
    )]
    pub(super) directives_per_place: String,
    /// Operations of a document.
    #[arg(
        long,
        env = "GATEWAY_OPERATIONS",
        value_name = "N",
        default_value = "5",
        help_heading = "Documents"
    )]
    pub(super) operations: String,
    /// Fragments of a document.
    #[arg(
        long,
        env = "GATEWAY_FRAGMENTS",
        value_name = "N",
        default_value = "20",
        help_heading = "Documents"
    )]
    pub(super) fragments: String,
    /// Fields and fragments of a document, fragments expanded.
    #[arg(
        long,
        env = "GATEWAY_EXPANDED_NODES",
        value_name = "N",
        default_value = "5000",
        help_heading = "Documents"
    )]
    pub(super) expanded_nodes: String,
    /// Variables of an operation.
    #[arg(
        long,
        env = "GATEWAY_VARIABLES",
        value_name = "N",
        default_value = "50",
        help_heading = "Documents"
    )]
    pub(super) variables: String,
    /// Lists and objects above one another in the variables.
    #[arg(
        long,
        env = "GATEWAY_VARIABLE_DEPTH",
        value_name = "N",
        default_value = "16",
        help_heading = "Documents"
    )]
    pub(super) variable_depth: String,
    /// Items of one list in an argument.
    #[arg(
        long,
        env = "GATEWAY_LIST_ITEMS",
        value_name = "N",
        default_value = "250",
        help_heading = "Documents"
    )]
    pub(super) list_items: String,
    /// The cost of one operation, in points.
    #[arg(
        long,
        env = "GATEWAY_COST",
        value_name = "POINTS",
        default_value = "1000",
        help_heading = "Documents"
    )]
    pub(super) cost: String,
    /// Errors in one answer; each root field that failed has one in any case.
    #[arg(
        long,
        env = "GATEWAY_ERRORS",
        value_name = "N",
        default_value = "10",
        help_heading = "Documents"
    )]
    pub(super) errors: String,
    /// How the database is used.
    #[command(flatten)]
    pub(super) database: Database,
}
