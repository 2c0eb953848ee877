//! One connection: its requests go to the service, the responses back, and it ends when its [`ConnectionState`] says so.
//!
//! One that the service takes over by a 101 ends when the service drops it; until then it counts as open.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Poll, ready};

use http::header::{CONNECTION, EXPECT};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::body::{RequestBody, ResponseBody, discard};
use crate::limits::Limits;
use crate::service::Service;
use crate::socket::Socket;
use crate::state::{Action, ConnectionState};

/// Serves one connection to its end. `draining` gets the instant from which on an idle connection is closed.
pub(crate) async fn serve(
    stream: TcpStream,
    client: SocketAddr,
    service: impl Service,
    limits: Limits,
    draining: watch::Receiver<Option<Instant>>,
) {
    // A socket that refuses the option works without it.
    let _ = stream.set_nodelay(true);
    let state = ConnectionState::new(Instant::now());
    let (open, closed) = oneshot::channel();
    let socket = Socket::new(stream, state.clone(), open);
    // Boxed: what is taken over needs none of it any more.
    Box::pin(answer_all(socket, client, service, limits, state, draining)).await;
    // Nothing is sent: the socket is dropped here and now, or by who has taken it over.
    let _ = closed.await;
}

/// Answers the requests of a connection until it ends, or is taken over.
async fn answer_all(
    socket: Socket,
    client: SocketAddr,
    service: impl Service,
    limits: Limits,
    state: ConnectionState,
    mut draining: watch::Receiver<Option<Instant>>,
) {
    let answering = service_fn(|request| answer(&service, request, client, state.clone()));
    let connection = protocol(&limits).serve_connection(TokioIo::new(socket), answering);
    let mut connection = pin!(connection.with_upgrades());
    let mut drain = pin!(async move {
        // Without a sender there is no accept loop left that could end this connection: it drains.
        draining
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|at| *at)
            .unwrap_or_else(Instant::now)
    });
    let mut is_draining = false;
    let mut timer = pin!(sleep_until(Instant::now()));
    poll_fn(|cx| {
        if !is_draining && let Poll::Ready(at) = drain.as_mut().poll(cx) {
            is_draining = true;
            state.drain(at);
        }
        loop {
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let Some((at, action)) = state.next_deadline(&limits) else {
                return Poll::Pending;
            };
            if timer.deadline() != at {
                timer.as_mut().reset(at);
            }
            ready!(timer.as_mut().poll(cx));
            match action {
                Action::Close => {
                    connection.as_mut().graceful_shutdown();
                    state.closing(Instant::now());
                }
                Action::Abort => return Poll::Ready(()),
                Action::Reset => {
                    state.reset();
                    return Poll::Ready(());
                }
            }
        }
    })
    .await;
}

/// A request line up to here is parsed, so that the service can refuse it with a body.
const REQUEST_LINE_BYTES: usize = 32 * 1024;

/// The parser's limits are larger than ours: a request between the two reaches the service, which refuses it with a body.
fn protocol(limits: &Limits) -> http1::Builder {
    let head_bytes = limits
        .header_bytes
        .saturating_mul(2)
        .saturating_add(REQUEST_LINE_BYTES);
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // It runs from the end of the last response on, so that it has to leave room for an idle connection.
        .header_read_timeout(limits.idle_timeout + limits.header_timeout)
        .max_headers(limits.headers.saturating_mul(2))
        .max_header_size(head_bytes)
        .max_buf_size(head_bytes);
    builder
}

async fn answer<S: Service>(
    service: &S,
    request: Request<Incoming>,
    client: SocketAddr,
    state: ConnectionState,
) -> Result<Response<ResponseBody<S::ResponseBody>>, Infallible> {
    state.request_started(request.body().is_end_stream());
    // Such a client sends its body when it is told to, and an answer tells it not to.
    let is_expecting = request.headers().contains_key(EXPECT);
    let request = request.map(|body| RequestBody::new(body, state.clone()));
    // Boxed: it is large, and a connection keeps the room of what is not, also while it sends a response or waits.
    let mut response = Box::pin(service.call(request, client)).await;
    if let Some(rest) = state.take_rest()
        && !is_expecting
        && discard(rest).await
    {
        state.request_body_ended();
    }
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        state.taken_over();
    } else if state.is_last_response() {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| ResponseBody::new(body, state)))
}
