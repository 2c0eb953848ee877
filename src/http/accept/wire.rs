//! A client's socket that reports what happens on it.
//!
//! Wraps a [`TcpStream`]; reads and writes pass through and are reported to the [`Pulse`]. Closing lingers where the
//! client is still sending: a socket closed on unread bytes is reset by the kernel, and a reset can overtake the
//! answer that explains the closing.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::pulse::Pulse;

/// How long a closing connection waits for its client to notice.
const LINGER: Duration = Duration::from_secs(1);
/// How much of what nobody reads is taken off the client's hands meanwhile.
const LINGER_BYTES: usize = 256 * 1024;

pub(super) struct Wire {
    stream: TcpStream,
    pulse: Pulse,
    linger: Option<Linger>,
}

struct Linger {
    until: Pin<Box<Sleep>>,
    bytes_left: usize,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, pulse: Pulse) -> Self {
        Self {
            stream,
            pulse,
            linger: None,
        }
    }

    fn report(&self, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Ready(_) => self.pulse.bytes_went(),
            Poll::Pending => self.pulse.write_stalls(Instant::now()),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.pulse.bytes_came(Instant::now());
        }
        read
    }
}

impl AsyncWrite for Wire {
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
            let has_unread = this.pulse.has_unread();
            this.pulse.closing(Instant::now());
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

impl Drop for Wire {
    fn drop(&mut self) {
        if self.pulse.is_reset() {
            // A socket that is already gone needs no reset.
            let _ = self.stream.set_zero_linger();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (Wire, Pulse, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let client = TcpStream::connect(listener.local_addr().expect("an address"))
            .await
            .expect("connects");
        let (stream, _) = listener.accept().await.expect("accepts");
        let pulse = Pulse::new(Instant::now());
        (Wire::new(stream, pulse.clone()), pulse, client)
    }

    #[tokio::test]
    async fn a_wire_whose_client_has_been_heard_out_closes_at_once() {
        let (mut wire, pulse, _client) = pair().await;
        pulse.request_begins(true);
        assert!(matches!(poll!(pin!(wire.shutdown())), Poll::Ready(Ok(()))));
    }

    #[tokio::test]
    async fn a_wire_whose_client_may_still_send_closes_one_half_and_listens_on() {
        let (mut wire, pulse, mut client) = pair().await;
        pulse.request_begins(false);
        pulse.body_is_dropped(None);
        let mut shutdown = pin!(wire.shutdown());
        assert!(poll!(&mut shutdown).is_pending());
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.expect("an end in order");
        drop(client);
        shutdown.await.expect("closes");
    }
}
