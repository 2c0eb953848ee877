//! What a connection may cost.

use std::time::Duration;

/// What a connection may cost. A duration beyond the clock's range, such as [`Duration::MAX`], is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the connection's start to the host's decision about its `connection_init`; else 4408.
    pub init_timeout: Duration,
    /// Bytes of a message from the client, in one frame or in many; else 1009.
    pub message_bytes: usize,
    /// How deeply the brackets of a message may be nested; else 4400.
    pub message_depth: usize,
    /// Messages from the client in ten seconds, pings and pongs of both levels included; else 4429.
    pub messages_in_ten_seconds: u32,
    /// Bytes from the client in ten seconds, so that fragments without an end cost no more than messages; else 4429.
    pub bytes_in_ten_seconds: u64,
    /// Operations that run at once; else 4429.
    pub operations: usize,
    /// How long a client may say nothing before it is pinged.
    pub ping_interval: Duration,
    /// From a ping to the next sign of life; else 1001.
    pub pong_timeout: Duration,
    /// How long a client may take nothing of what is sent; else 1013.
    pub send_timeout: Duration,
    /// After how long a connection is closed with 1001: up to a tenth sooner, so that those who came together do not come
    /// back together.
    pub lifetime: Option<Duration>,
    /// How long a close frame may take to be sent, and the client to close its side after it.
    pub close_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            init_timeout: Duration::from_secs(10),
            message_bytes: 64 * 1024,
            message_depth: 64,
            messages_in_ten_seconds: 1000,
            bytes_in_ten_seconds: 2 * 1024 * 1024,
            operations: 32,
            ping_interval: Duration::from_secs(25),
            pong_timeout: Duration::from_secs(10),
            send_timeout: Duration::from_secs(10),
            lifetime: None,
            close_timeout: Duration::from_secs(3),
        }
    }
}
