//! A WebSocket that holds at most one message to its client, and knows since when the client has taken nothing.

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Result};

use crate::close::Ended;
use crate::limits::Limits;
use crate::outgoing::Outgoing;
use crate::traffic::Counted;

/// Bytes that are read at once. The WebSocket library's own default, 128 KiB for each connection, is allocated at its start.
const READ_BYTES: usize = 2048;
/// Bytes that are collected before they are written, so that a burst of events is not as many system calls.
const WRITE_BYTES: usize = 2048;
/// Bytes that are read and dropped after a close frame.
const DISCARDED_BYTES: usize = 16 * 1024 * 1024;

/// A WebSocket, the server's side.
#[derive(Debug)]
pub(crate) struct Socket<S> {
    stream: WebSocketStream<Counted<S>>,
    outgoing: Option<Outgoing>,
    blocked_since: Option<Instant>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    pub(crate) async fn new(stream: S, limits: &Limits) -> Self {
        // The write buffer needs no limit of its own: it holds one frame and `WRITE_BYTES` at most.
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(WRITE_BYTES)
            .max_message_size(Some(limits.message_bytes))
            .max_frame_size(Some(limits.message_bytes));
        Self {
            stream: WebSocketStream::from_raw_socket(Counted::new(stream), Role::Server, Some(config)).await,
            outgoing: None,
            blocked_since: None,
        }
    }

    /// Since when the client has taken nothing of what waits for it.
    pub(crate) fn blocked_since(&self) -> Option<Instant> {
        self.blocked_since
    }

    /// The bytes read since the last call.
    pub(crate) fn take_read_bytes(&mut self) -> u64 {
        self.stream.get_mut().take_read_bytes()
    }

    /// Ready when there is room for a message.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Result<()>> {
        if self.blocked_since.is_some() {
            ready!(self.poll_flush(cx, now))?;
        }
        while let Some(outgoing) = &mut self.outgoing {
            let ready = Pin::new(&mut self.stream).poll_ready(cx);
            if ready.is_pending() {
                self.blocked_since.get_or_insert(now);
            }
            ready!(ready)?;
            match outgoing.next_frame() {
                Some(frame) => Pin::new(&mut self.stream).start_send(Message::Frame(frame))?,
                None => self.outgoing = None,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Takes a message, once [`poll_ready`](Self::poll_ready) has said that there is room.
    pub(crate) fn put(&mut self, message: Outgoing) {
        debug_assert!(self.outgoing.is_none(), "there is room for one message");
        self.outgoing = Some(message);
    }

    /// Writes what is in the buffer.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        match flushed {
            Poll::Pending => drop(self.blocked_since.get_or_insert(now)),
            Poll::Ready(_) => self.blocked_since = None,
        }
        flushed
    }

    /// Pings the client, once everything before has been flushed.
    pub(crate) fn ping(&mut self) -> Result<()> {
        Pin::new(&mut self.stream).start_send(Message::Ping(Bytes::new()))
    }

    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        Pin::new(&mut self.stream).poll_next(cx)
    }

    /// Says how the connection ends, closes our half, and drops what the client still sends until it closes its own, so
    /// that the close frame reaches it and no reset overtakes it. Gives up after `limit`.
    pub(crate) async fn close(mut self, ended: &Ended, limit: Duration) {
        let farewell = async {
            let said = match ended {
                Ended::ByServer(close) => self.stream.send(Message::Close(Some(close.frame()))).await,
                // The library has the answer ready.
                Ended::ByClient(_) => self.stream.flush().await,
                Ended::Lost => return,
            };
            let stream = self.stream.get_mut();
            if said.is_ok() && stream.shutdown().await.is_ok() {
                discard(stream).await;
            }
        };
        // A client that takes no close frame gets none.
        let _ = timeout(limit, farewell).await;
    }
}

async fn discard(stream: &mut (impl AsyncRead + Unpin)) {
    let mut left = DISCARDED_BYTES;
    poll_fn(|cx| {
        // Here and not in the task, which would be larger by it all its life.
        let mut space = [MaybeUninit::uninit(); READ_BYTES];
        while left > 0 {
            let mut buffer = ReadBuf::uninit(&mut space);
            if ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer)).is_err()
                || buffer.filled().is_empty()
            {
                break;
            }
            left = left.saturating_sub(buffer.filled().len());
        }
        Poll::Ready(())
    })
    .await;
}
