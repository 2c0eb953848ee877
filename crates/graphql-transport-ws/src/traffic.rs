//! How much a client sends: bytes are counted below the WebSocket library, messages above it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::limits::Limits;

/// Over which time traffic is counted.
const WINDOW: Duration = Duration::from_secs(10);

/// A stream that counts what is read from it.
#[derive(Debug)]
pub(crate) struct Counted<S> {
    stream: S,
    read_bytes: u64,
}

impl<S> Counted<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            read_bytes: 0,
        }
    }

    /// The bytes since the last call.
    pub(crate) fn take_read_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.read_bytes)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.read_bytes += buffer.filled().len().saturating_sub(before) as u64;
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What a client has sent within the running window.
#[derive(Debug)]
pub(crate) struct Traffic {
    since: Instant,
    messages: u32,
    bytes: u64,
}

impl Traffic {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            since: now,
            messages: 0,
            bytes: 0,
        }
    }

    /// Counts what has come, and says whether it is still within the limits.
    pub(crate) fn add(&mut self, now: Instant, messages: u32, bytes: u64, limits: &Limits) -> bool {
        if now >= self.since + WINDOW {
            *self = Self::new(now);
        }
        self.messages = self.messages.saturating_add(messages);
        self.bytes = self.bytes.saturating_add(bytes);
        self.messages <= limits.messages_in_ten_seconds && self.bytes <= limits.bytes_in_ten_seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_counted_anew_every_ten_seconds() {
        let limits = Limits {
            messages_in_ten_seconds: 3,
            bytes_in_ten_seconds: 100,
            ..Limits::default()
        };
        let start = Instant::now();
        let mut traffic = Traffic::new(start);
        assert!(traffic.add(start, 3, 100, &limits));
        assert!(!traffic.add(start + WINDOW - Duration::from_nanos(1), 1, 0, &limits));
        assert!(traffic.add(start + WINDOW, 3, 100, &limits));
        assert!(!traffic.add(start + WINDOW, 0, 1, &limits));
    }
}
