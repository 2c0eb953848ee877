//! The options of `serve` and `demo` that are about the database, as they are written.

/// The options as they were written.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Database {
    /// Connections to the database that requests read over; on a server two more: one watches it, one cancels statements.
    #[arg(
        long,
        env = "GATEWAY_DATABASE_CONNECTIONS",
        value_name = "N",
        default_value = "4",
        help_heading = "Database"
    )]
    pub(super) database_connections: String,
    /// How long a request waits for a database connection, in ms.
    #[arg(
        long,
        env = "GATEWAY_ACQUIRE_TIMEOUT_MS",
        value_name = "MS",
        default_value = "1000",
        help_heading = "Database"
    )]
    pub(super) acquire_timeout_ms: String,
    /// How long one statement may run, in ms.
    #[arg(
        long,
        env = "GATEWAY_STATEMENT_TIMEOUT_MS",
        value_name = "MS",
        default_value = "5000",
        help_heading = "Database"
    )]
    pub(super) statement_timeout_ms: String,
    /// How long a statement waits for a lock, in ms.
    #[arg(
        long,
        env = "GATEWAY_LOCK_TIMEOUT_MS",
        value_name = "MS",
        default_value = "2000",
        help_heading = "Database"
    )]
    pub(super) lock_timeout_ms: String,
    /// When a server database ends a transaction that does nothing, in ms.
    #[arg(
        long,
        env = "GATEWAY_IDLE_TRANSACTION_TIMEOUT_MS",
        value_name = "MS",
        default_value = "5000",
        help_heading = "Database"
    )]
    pub(super) idle_transaction_timeout_ms: String,
}
