//! A client's socket that reports what happens on it.
//!
//! Wraps a [`TcpStream`]; reads and writes pass through and are reported to the [`ConnectionState`]. Where the client may
//! still be sending, closing waits for it (a lingering close): the kernel resets a connection that is closed with unread
//! bytes, and the reset can reach the client before the response does.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep};

use crate::state::ConnectionState;

/// How long a closing connection waits for its client to close.
const LINGER: Duration = Duration::from_secs(1);
/// How much is read and discarded meanwhile.
const LINGER_BYTES: usize = 256 * 1024;

pub(crate) struct Socket {
    stream: TcpStream,
    state: ConnectionState,
    linger: Option<Linger>,
    /// Its other end sees when the socket is dropped.
    _open: oneshot::Sender<()>,
}

struct Linger {
    until: Pin<Box<Sleep>>,
    bytes_left: usize,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, state: ConnectionState, open: oneshot::Sender<()>) -> Self {
        Self {
            stream,
            state,
            linger: None,
            _open: open,
        }
    }

    fn report(&self, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Ready(_) => self.state.bytes_written(),
            Poll::Pending => self.state.write_blocked(Instant::now()),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.state.bytes_read(Instant::now());
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.report(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.report(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            let has_unread = this.state.has_unread();
            this.state.closing(Instant::now());
            if !has_unread {
                return Poll::Ready(Ok(()));
            }
        }
        let linger = this.linger.get_or_insert_with(|| Linger {
            until: Box::pin(sleep(LINGER)),
            bytes_left: LINGER_BYTES,
        });
        let mut scratch = [0; 8192];
        while linger.bytes_left > 0 {
            let mut buf = ReadBuf::new(&mut scratch);
            match Pin::new(&mut this.stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    linger.bytes_left = linger.bytes_left.saturating_sub(buf.filled().len());
                }
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => break,
            }
        }
        linger.until.as_mut().poll(cx).map(Ok)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.state.is_reset() {
            // It fails only for a socket that is closed already.
            let _ = self.stream.set_zero_linger();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (Socket, ConnectionState, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let client = TcpStream::connect(listener.local_addr().expect("an address"))
            .await
            .expect("connects");
        let (stream, _) = listener.accept().await.expect("accepts");
        let state = ConnectionState::new(Instant::now());
        (
            Socket::new(stream, state.clone(), oneshot::channel().0),
            state,
            client,
        )
    }

    fn polled<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn a_socket_whose_request_was_read_whole_closes_at_once() {
        let (mut socket, state, _client) = pair().await;
        state.request_started(true);
        let shutdown = pin!(socket.shutdown());
        assert!(matches!(polled(shutdown), Poll::Ready(Ok(()))));
    }

    #[tokio::test]
    async fn a_socket_whose_client_may_still_send_closes_one_half_and_reads_on() {
        let (mut socket, state, mut client) = pair().await;
        state.request_started(false);
        state.request_body_dropped(None);
        let mut shutdown = pin!(socket.shutdown());
        assert!(polled(shutdown.as_mut()).is_pending());
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.expect("an end in order");
        drop(client);
        shutdown.await.expect("closes");
    }
}
