//! One connection: its requests go to what answers them, the answers back, and it ends when its [`Pulse`] says so.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::pulse::{Due, Pulse};
use super::wire::Wire;
use super::{Answer, ConnectionLimits};

/// Serves one connection to its end.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    answers: impl Answer,
    limits: ConnectionLimits,
    mut draining: watch::Receiver<Option<Instant>>,
) {
    // A socket that refuses the option works without it.
    let _ = stream.set_nodelay(true);
    let pulse = Pulse::new(Instant::now());
    let wire = TokioIo::new(Wire::new(stream, pulse.clone()));
    let service = service_fn(|request| answer(&answers, request, peer, pulse.clone()));
    let mut connection = pin!(protocol(&limits).serve_connection(wire, service));
    let mut drain = pin!(async move {
        // Without a sender there is no loop left that could end this connection: it drains.
        draining
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|at| *at)
            .unwrap_or_else(Instant::now)
    });
    let mut is_draining = false;
    let mut alarm = pin!(sleep_until(Instant::now()));
    poll_fn(|cx| {
        if !is_draining && let Poll::Ready(at) = drain.as_mut().poll(cx) {
            is_draining = true;
            pulse.drain(at);
        }
        loop {
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let Some((at, due)) = pulse.due(&limits) else {
                return Poll::Pending;
            };
            if alarm.deadline() != at {
                alarm.as_mut().reset(at);
            }
            ready!(alarm.as_mut().poll(cx));
            match due {
                Due::Close => {
                    connection.as_mut().graceful_shutdown();
                    pulse.closing(Instant::now());
                }
                Due::Cut => return Poll::Ready(()),
                Due::Reset => {
                    pulse.reset();
                    return Poll::Ready(());
                }
            }
        }
    })
    .await;
}

/// A request line up to here gets as far as the layers, which refuse it with a body.
const LONGEST_LINE_BYTES: usize = 32 * 1024;

/// The parser's own limits are backstops behind ours, so that ours have an answer with a body.
fn protocol(limits: &ConnectionLimits) -> http1::Builder {
    let head_bytes = limits
        .header_bytes
        .saturating_mul(2)
        .saturating_add(LONGEST_LINE_BYTES);
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // It runs from the end of the last answer on, so that it has to leave room for an idle connection.
        .header_read_timeout(limits.idle_timeout + limits.header_timeout)
        .max_headers(limits.headers.saturating_mul(2))
        .max_header_size(head_bytes)
        .max_buf_size(head_bytes);
    builder
}

async fn answer(
    answers: &impl Answer,
    request: Request<Incoming>,
    peer: SocketAddr,
    pulse: Pulse,
) -> Result<Response<Leaving>, Infallible> {
    let has_ended = http_body::Body::is_end_stream(request.body());
    pulse.request_begins(has_ended);
    let arriving = |body| {
        Body::new(Arriving {
            body,
            has_ended,
            pulse: pulse.clone(),
        })
    };
    let mut request = request.map(arriving);
    request.extensions_mut().insert(ConnectInfo(peer));
    let mut response = answers.answer(request).await;
    if pulse.is_last_answer() {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Leaving { body, pulse }))
}

/// A request's body, which reports its end or that nobody wants it.
struct Arriving {
    body: Incoming,
    has_ended: bool,
    pulse: Pulse,
}

impl http_body::Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.has_ended = true;
            self.pulse.body_ends();
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

impl Drop for Arriving {
    fn drop(&mut self) {
        if !self.has_ended {
            self.pulse
                .body_is_dropped(http_body::Body::size_hint(&self.body).upper());
        }
    }
}

/// An answer's body, which reports that the protocol is done with it.
struct Leaving {
    body: Body,
    pulse: Pulse,
}

impl http_body::Body for Leaving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.pulse.answer_ends(Instant::now());
    }
}
