//! The bodies of requests and responses, which report to their connection when they end.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout};

use crate::state::ConnectionState;

/// A request's body. What is left of one that is dropped before its end is read where it is small and comes at once;
/// else the connection is closed behind the response, which says so.
#[derive(Debug)]
pub struct RequestBody {
    /// Until it is dropped.
    body: Option<Incoming>,
    has_ended: bool,
    state: ConnectionState,
}

impl RequestBody {
    pub(crate) fn new(body: Incoming, state: ConnectionState) -> Self {
        Self {
            has_ended: body.is_end_stream(),
            body: Some(body),
            state,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(&mut *body).poll_frame(cx));
        if frame.is_none() || body.is_end_stream() {
            self.has_ended = true;
            self.state.request_body_ended();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|_| !self.has_ended) {
            self.state.request_body_dropped(Some(body));
        }
    }
}

/// A rest up to this size is awaited.
const SMALL_REST_BYTES: u64 = 4096;

/// How long a small rest is awaited: a client that sends head and body apart has sent the second long before.
const SMALL_REST_TIME: Duration = Duration::from_millis(250);

/// Reads what is left of a request's body, and says whether it came to its end. One that is large, or of a length that
/// nobody knows, is left alone.
pub(crate) async fn discard(mut rest: Incoming) -> bool {
    if rest
        .size_hint()
        .upper()
        .is_none_or(|bytes| bytes > SMALL_REST_BYTES)
    {
        return false;
    }
    let reading = async {
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut rest).poll_frame(cx)).await {
            if frame.is_err() {
                return false;
            }
        }
        true
    };
    timeout(SMALL_REST_TIME, reading).await.unwrap_or(false)
}

/// A response's body, which reports that the protocol is done with it.
pub(crate) struct ResponseBody<B> {
    body: B,
    state: ConnectionState,
}

impl<B> ResponseBody<B> {
    pub(crate) fn new(body: B, state: ConnectionState) -> Self {
        Self { body, state }
    }
}

impl<B: Body + Unpin> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for ResponseBody<B> {
    fn drop(&mut self) {
        self.state.response_ended(Instant::now());
    }
}
