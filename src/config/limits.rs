//! Every limit of the service, declared once: flag, variable, default, range, unit and meaning.
//!
//! The rows of `limits!` become the options of [`LimitSettings`], as they are written, and the fields of [`Limits`],
//! checked. Deliberately absent: what a limit does; that stands where it is kept.

use std::num::NonZeroU32;
use std::time::Duration;

use super::check::Faults;

/// The highest rate. **Unit**: points a second.
const MOST_POINTS: NonZeroU32 = NonZeroU32::MIN.saturating_add(999_999);

/// What stands in `--help` for a value of a kind, and how the kind is read.
macro_rules! kind {
    (@value_name number) => { "N" };
    (@value_name number_or_off) => { "N|off" };
    (@value_name millis) => { "MS" };
    (@value_name lasting) => { "DURATION" };
    (@value_name bytes) => { "BYTES" };
    (@value_name points) => { "POINTS" };
    (@value_name points_or_off) => { "POINTS|off" };
    (@read lasting, $faults:ident, $($argument:expr),+) => { $faults.lasting($($argument),+) };
    (@read millis, $faults:ident, $($argument:expr),+) => { $faults.millis($($argument),+) };
    (@read number_or_off, $faults:ident, $($argument:expr),+) => { $faults.number_or_off($($argument),+) };
    (@read points_or_off, $faults:ident, $($argument:expr),+) => { $faults.number_or_off($($argument),+) };
    (@read $number:ident, $faults:ident, $($argument:expr),+) => { $faults.number($($argument),+) };
}

/// One row a limit: meaning, flag, field, type, kind, default and range.
macro_rules! limits {
    ($($heading:literal {
        $(#[doc = $doc:literal] $flag:literal $field:ident: $type:ty = $kind:ident($default:tt, $range:expr);)+
    })+) => {
        /// The limits as they were written.
        #[derive(Clone, Debug, clap::Args)]
        pub(super) struct LimitSettings {
            $($(
                #[doc = $doc]
                #[arg(
                    long = $flag,
                    value_name = kind!(@value_name $kind),
                    default_value = stringify!($default),
                    help_heading = $heading
                )]
                $field: String,
            )+)+
        }

        /// Every limit of the service, in the units of the README's table.
        #[derive(Clone, Debug)]
        pub struct Limits {
            $($(
                #[doc = $doc]
                pub $field: $type,
            )+)+
        }

        impl LimitSettings {
            /// Each limit checked against its range; `None` where one is at fault.
            fn read(&self, faults: &mut Faults) -> Option<Limits> {
                $($(
                    let $field = kind!(@read $kind, faults, concat!("--", $flag), &self.$field, $range);
                )+)+
                Some(Limits { $($($field: $field?,)+)+ })
            }
        }
    };
}

limits! {
    "Connections" {
        /// Open connections; past them no more are accepted.
        "connections" connections: usize = number(4096, 1..=1_000_000);
        /// Open connections of one client address, or off; loopback is never counted.
        "connections-per-address" connections_per_address: Option<usize> = number_or_off(off, 1..=1_000_000);
        /// From a connection's start, or a request's first byte, to the end of its headers, in ms.
        "header-timeout-ms" header_timeout: Duration = millis(10000, 10..=600_000);
        /// From an answer to the first byte of the next request; above the 60 s after which most balancers let go, in ms.
        "idle-timeout-ms" idle_timeout: Duration = millis(75000, 10..=3_600_000);
        /// How long a client may take nothing of an answer, in ms.
        "write-timeout-ms" write_timeout: Duration = millis(30000, 10..=600_000);
        /// How long everything is still served after SIGTERM, while /readyz says 503, so that a balancer notices first, in ms.
        "shutdown-delay-ms" shutdown_delay: Duration = millis(3000, 0..=600_000);
        /// From the end of that to the end of whatever still runs, in ms.
        "drain-timeout-ms" drain_timeout: Duration = millis(25000, 0..=600_000);
    }
    "Load" {
        /// Requests that run at once.
        "running" running: usize = number(64, 1..=10_000);
        /// Requests that wait for their turn.
        "waiting" waiting: usize = number(256, 0..=100_000);
        /// How long a request waits for its turn, in ms.
        "wait-ms" wait: Duration = millis(250, 0..=60_000);
        /// Cost points a second and account, ten times that in a burst, or off.
        "rate-limit" rate_limit: Option<NonZeroU32> = points_or_off(1000, NonZeroU32::MIN..=MOST_POINTS);
        /// Refused keys a minute and client address, a request without one too, or off.
        "failed-keys" failed_keys: Option<NonZeroU32> = number_or_off(20, NonZeroU32::MIN..=MOST_POINTS);
    }
    "Requests" {
        /// The longest path and query string, in bytes.
        "uri-bytes" uri_bytes: usize = bytes(8192, 64..=65_000);
        /// Header fields of a request.
        "headers" headers: usize = number(64, 8..=1000);
        /// Header fields of a request, in bytes.
        "header-bytes" header_bytes: usize = bytes(16384, 1024..=1_000_000);
        /// The largest request body, in bytes.
        "body-bytes" body_bytes: usize = bytes(131072, 64..=16_777_216);
        /// How long a request body may take to arrive, in ms.
        "body-timeout-ms" body_timeout: Duration = millis(10000, 10..=600_000);
        /// How long a request may take in all, in ms.
        "request-timeout-ms" request_timeout: Duration = millis(10000, 10..=600_000);
    }
    "Documents" {
        /// The longest GraphQL document, in bytes.
        "document-bytes" document_bytes: usize = bytes(16384, 64..=1_000_000);
        /// Tokens of a document.
        "tokens" tokens: usize = number(2000, 1..=100_000);
        /// Brackets open at once in a document.
        "brackets" brackets: usize = number(32, 1..=32);
        /// Fields above one another, fragments expanded.
        "depth" depth: usize = number(10, 1..=50);
        /// The same below __schema and __type.
        "introspection-depth" introspection_depth: usize = number(15, 1..=50);
        /// Aliases of an operation, fragments expanded.
        "aliases" aliases: usize = number(30, 0..=1000);
        /// Root fields of an operation, fragments expanded.
        "root-fields" root_fields: usize = number(10, 1..=1000);
        /// Directives of a document.
        "directives" directives: usize = number(20, 0..=1000);
        /// Directives in one place.
        "directives-per-place" directives_per_place: usize = number(3, 0..=100);
        /// Operations of a document.
        "operations" operations: usize = number(5, 1..=1000);
        /// Fragments of a document.
        "fragments" fragments: usize = number(20, 0..=1000);
        /// Fields and fragments of a document, fragments expanded.
        "expanded-nodes" expanded_nodes: usize = number(5000, 1..=1_000_000);
        /// Variables of an operation.
        "variables" variables: usize = number(50, 0..=1000);
        /// Lists and objects above one another in the variables.
        "variable-depth" variable_depth: usize = number(16, 1..=64);
        /// Items of one list in an argument.
        "list-items" list_items: usize = number(250, 1..=10_000);
        /// The cost of one operation, in points.
        "cost" cost: u64 = points(1000, 1..=1_000_000);
        /// Errors in one answer; each root field that failed has one in any case.
        "errors" errors: usize = number(10, 1..=100);
    }
    "Changes" {
        /// How often the change feed is read while anybody listens, in ms.
        "change-interval-ms" change_interval: Duration = millis(100, 10..=60_000);
        /// How long changes are kept, for who comes back to go on where it stopped.
        "change-retention" change_retention: Duration = lasting(24h, 60..=31_536_000);
        /// Open streams of changes.
        "streams" streams: usize = number(2048, 0..=1_000_000);
        /// Open streams of changes of an account.
        "streams-per-account" streams_per_account: usize = number(256, 0..=1_000_000);
        /// When a stream ends, for its client to come again.
        "stream-lifetime" stream_lifetime: Duration = lasting(1h, 1..=604_800);
    }
    "WebSockets" {
        /// Open WebSockets of an account.
        "sockets-per-account" sockets_per_account: usize = number(256, 0..=1_000_000);
        /// Operations that run at once on a WebSocket.
        "socket-operations" socket_operations: usize = number(32, 1..=10_000);
        /// From a WebSocket's start to the check of the key in its connection_init, in ms.
        "socket-init-timeout-ms" socket_init_timeout: Duration = millis(10000, 10..=600_000);
        /// The largest message from a client, in one frame or several, in bytes.
        "socket-message-bytes" socket_message_bytes: usize = bytes(65536, 64..=16_777_216);
        /// How long a client may say nothing before it is pinged; it then has 10 s to answer, in ms.
        "socket-ping-interval-ms" socket_ping_interval: Duration = millis(25000, 10..=3_600_000);
    }
    "Database" {
        /// Connections to the database that requests read over; on a server two more: one watches it, one cancels statements.
        "database-connections" database_connections: u32 = number(4, 1..=1000);
        /// How long a request waits for a database connection, in ms.
        "acquire-timeout-ms" acquire_timeout: Duration = millis(1000, 10..=600_000);
        /// How long one statement may run, in ms.
        "statement-timeout-ms" statement_timeout: Duration = millis(5000, 10..=600_000);
        /// How long a statement waits for a lock, in ms.
        "lock-timeout-ms" lock_timeout: Duration = millis(2000, 10..=600_000);
        /// When a server database ends a transaction that does nothing, in ms.
        "idle-transaction-timeout-ms" idle_transaction_timeout: Duration = millis(5000, 10..=600_000);
    }
}

impl LimitSettings {
    /// The limits of the settings; `None` where one is at fault.
    pub(super) fn check(&self, faults: &mut Faults) -> Option<Limits> {
        let limits = self.read(faults)?;
        if limits
            .connections_per_address
            .is_some_and(|one| one > limits.connections)
        {
            faults.add("--connections-per-address must be no more than --connections".to_owned());
        }
        Some(limits)
    }
}
