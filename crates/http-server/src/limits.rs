//! What connections may cost.

use std::time::Duration;

/// What connections may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections; past them nothing is accepted, and the kernel's queue fills.
    pub connections: usize,
    /// Open connections of one client, which is an address, or a /64 of IPv6; the next one is closed. Loopback addresses
    /// are not counted.
    pub connections_per_address: Option<usize>,
    /// From the connection's start, or from the first byte of a later request, to the end of its headers.
    pub header_timeout: Duration,
    /// From a response to the first byte of the next request.
    pub idle_timeout: Duration,
    /// How long a client may take nothing of a response that waits for it.
    pub write_idle_timeout: Duration,
    /// Header fields of a request. The parser stops at twice the number; up to there, the service can refuse the request.
    pub headers: usize,
    /// Bytes of a request's header fields. The parser stops at twice the number and 32 KiB, request line included.
    pub header_bytes: usize,
    /// From the shutdown signal to the end of whatever still runs.
    pub drain_timeout: Duration,
    /// From the shutdown signal to the closing of connections on which no request has begun: a request that was sent
    /// before the client could know of the shutdown is still answered.
    pub drain_idle_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_address: None,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            write_idle_timeout: Duration::from_secs(30),
            headers: 64,
            header_bytes: 16 * 1024,
            drain_timeout: Duration::from_secs(25),
            drain_idle_grace: Duration::from_millis(100),
        }
    }
}
