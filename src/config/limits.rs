//! Every limit, checked against its range.

use std::num::NonZeroU32;
use std::time::Duration;

use super::Settings;
use super::check::Faults;

/// The highest rate. **Unit**: points a second.
const MOST_POINTS: NonZeroU32 = NonZeroU32::MIN.saturating_add(999_999);

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
    /// How long everything is still served after SIGTERM.
    pub shutdown_delay: Duration,
    /// From the end of that to the end of whatever still runs.
    pub drain_timeout: Duration,
    /// Requests that run at once.
    pub running: usize,
    /// Requests that wait for their turn.
    pub waiting: usize,
    /// How long a request waits for its turn.
    pub wait: Duration,
    /// Cost points a second and account, ten times that in a burst, or off.
    pub rate_limit: Option<NonZeroU32>,
    /// Refused keys a minute and client address, a request without one too, or off.
    pub failed_keys: Option<NonZeroU32>,
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
    /// How long a statement waits for a lock.
    pub lock_timeout: Duration,
    /// When a server database ends a transaction that does nothing.
    pub idle_transaction_timeout: Duration,
}

impl Settings {
    /// The limits of the settings; `None` where one is at fault.
    pub(super) fn limits(&self, faults: &mut Faults) -> Option<Limits> {
        let connections = faults.number("--connections", &self.connections, 1..=1_000_000);
        let connections_per_address = faults.number_or_off(
            "--connections-per-address",
            &self.connections_per_address,
            1..=1_000_000,
        );
        if let (Some(all), Some(Some(one))) = (connections, connections_per_address)
            && one > all
        {
            faults.add("--connections-per-address must be no more than --connections".to_owned());
        }
        let header_timeout = faults.millis("--header-timeout-ms", &self.header_timeout_ms, 10..=600_000);
        let idle_timeout = faults.millis("--idle-timeout-ms", &self.idle_timeout_ms, 10..=3_600_000);
        let write_timeout = faults.millis("--write-timeout-ms", &self.write_timeout_ms, 10..=600_000);
        let shutdown_delay = faults.millis("--shutdown-delay-ms", &self.shutdown_delay_ms, 0..=600_000);
        let drain_timeout = faults.millis("--drain-timeout-ms", &self.drain_timeout_ms, 0..=600_000);
        let running = faults.number("--running", &self.running, 1..=10_000);
        let waiting = faults.number("--waiting", &self.waiting, 0..=100_000);
        let wait = faults.millis("--wait-ms", &self.wait_ms, 0..=60_000);
        let rate_limit =
            faults.number_or_off("--rate-limit", &self.rate_limit, NonZeroU32::MIN..=MOST_POINTS);
        let failed_keys =
            faults.number_or_off("--failed-keys", &self.failed_keys, NonZeroU32::MIN..=MOST_POINTS);
        let uri_bytes = faults.number("--uri-bytes", &self.uri_bytes, 64..=65_000);
        let headers = faults.number("--headers", &self.headers, 8..=1000);
        let header_bytes = faults.number("--header-bytes", &self.header_bytes, 1024..=1_000_000);
        let body_bytes = faults.number("--body-bytes", &self.body_bytes, 64..=16_777_216);
        let body_timeout = faults.millis("--body-timeout-ms", &self.body_timeout_ms, 10..=600_000);
        let request_timeout = faults.millis("--request-timeout-ms", &self.request_timeout_ms, 10..=600_000);
        let document_bytes = faults.number("--document-bytes", &self.document_bytes, 64..=1_000_000);
        let tokens = faults.number("--tokens", &self.tokens, 1..=100_000);
        let brackets = faults.number("--brackets", &self.brackets, 1..=32);
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
        let database_connections = faults.number(
            "--database-connections",
            &self.database.database_connections,
            1..=1000,
        );
        let acquire_timeout = faults.millis(
            "--acquire-timeout-ms",
            &self.database.acquire_timeout_ms,
            10..=600_000,
        );
        let statement_timeout = faults.millis(
            "--statement-timeout-ms",
            &self.database.statement_timeout_ms,
            10..=600_000,
        );
        let lock_timeout = faults.millis("--lock-timeout-ms", &self.database.lock_timeout_ms, 10..=600_000);
        let idle_transaction_timeout = faults.millis(
            "--idle-transaction-timeout-ms",
            &self.database.idle_transaction_timeout_ms,
            10..=600_000,
        );
        Some(Limits {
            connections: connections?,
            connections_per_address: connections_per_address?,
            header_timeout: header_timeout?,
            idle_timeout: idle_timeout?,
            write_timeout: write_timeout?,
            shutdown_delay: shutdown_delay?,
            drain_timeout: drain_timeout?,
            running: running?,
            waiting: waiting?,
            wait: wait?,
            rate_limit: rate_limit?,
            failed_keys: failed_keys?,
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
            lock_timeout: lock_timeout?,
            idle_transaction_timeout: idle_transaction_timeout?,
        })
    }
}
