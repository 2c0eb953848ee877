//! The bodies of requests and responses, which report to their connection when they end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::state::ConnectionState;

/// A request's body. One that is dropped before its end is not read: the connection is closed behind the response,
/// unless what is left is small.
#[derive(Debug)]
pub struct RequestBody {
    body: Incoming,
    has_ended: bool,
    state: ConnectionState,
}

impl RequestBody {
    pub(crate) fn new(body: Incoming, state: ConnectionState) -> Self {
        Self {
            has_ended: body.is_end_stream(),
            body,
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
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.has_ended = true;
            self.state.request_body_ended();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if !self.has_ended {
            self.state.request_body_dropped(self.body.size_hint().upper());
        }
    }
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
