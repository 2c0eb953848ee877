//! The accept loop: from a listening socket to requests, and down again in order.
//!
//! HTTP/1.1 only. Each connection is a task with a deadline for whatever it waits for (`pulse`); the number of
//! connections is bounded. On shutdown the listener closes, answers say `Connection: close`, idle connections go, and
//! whatever was accepted is finished, up to a hard deadline. No TLS: that is a proxy's work.

mod connection;
mod pulse;
mod wire;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use crate::client_address;

/// What connections may cost.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Open connections; past them nothing is accepted, and the kernel's queue fills.
    pub connections: usize,
    /// Open connections of one address (IPv6: one /64); the next one is closed. Loopback is never counted.
    pub connections_per_address: Option<usize>,
    /// From the connection's start, or from the first byte of a later request, to the end of its headers.
    pub header_timeout: Duration,
    /// From an answer to the first byte of the next request.
    pub idle_timeout: Duration,
    /// How long a client may take nothing of an answer that waits for it.
    pub write_idle_timeout: Duration,
    /// Header fields of a request. The parser stops at twice the number; up to there, the layers answer.
    pub headers: usize,
    /// Bytes of a request's header fields. The parser stops at twice the number and 32 KiB, request line included.
    pub header_bytes: usize,
    /// From the shutdown signal to the end of whatever still runs.
    pub drain_timeout: Duration,
    /// From the shutdown signal to the closing of connections on which no request has begun: requests that cross
    /// the signal on their way here are still answered.
    pub drain_idle_grace: Duration,
}

impl Default for ConnectionLimits {
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

/// What happened between the first accept and the last close.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Connections served.
    pub accepted: u64,
    /// Connections closed at once, their address having too many.
    pub refused: u64,
    /// Connections open when the signal came, those in the kernel's queue included.
    pub open_at_shutdown: usize,
    /// Connections cut because the drain's time was up.
    pub aborted: usize,
}

/// Opens the listening socket, with TCP keep-alive for whatever it accepts.
///
/// **Errors:** the address is taken or not ours.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.set_keepalive(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What answers the requests of a server.
pub trait Answer: Clone + Send + Sync + 'static {
    /// The answer to a request, whatever it is.
    fn answer(&self, request: Request) -> impl Future<Output = Response> + Send;
}

impl Answer for Router {
    async fn answer(&self, request: Request) -> Response {
        let Ok(response) = self.clone().oneshot(request).await;
        response
    }
}

/// Serves requests until `shutdown` resolves, then drains.
///
/// **Shape:** requests carry `ConnectInfo<SocketAddr>`. Every request that was read from an open connection, in whole
/// or in part, when the signal came is answered; so is one that comes within the idle grace.
pub async fn serve(
    listener: TcpListener,
    answers: impl Answer,
    limits: &ConnectionLimits,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let mut shutdown = pin!(shutdown);
    let (drain, draining) = watch::channel(None);
    let mut open = Open {
        limits: *limits,
        answers,
        draining,
        tasks: JoinSet::new(),
        peers: Peers::default(),
    };
    let mut drained = Drained::default();
    let mut failing = false;
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(ended) = open.tasks.join_next_with_id() => open.peers.leave(ended),
            (stream, peer) = accepted(|| listener.accept(), &mut failing), if open.has_room() => {
                open.admit(stream, peer, &mut drained);
            }
        }
    }
    while open.tasks.try_join_next().is_some() {}
    drained.open_at_shutdown = open.tasks.len();
    let before = drained.accepted;
    drain.send_replace(Some(Instant::now() + limits.drain_idle_grace));
    let sweep = async {
        while open.has_room() {
            let (stream, peer) = accepted(|| listener.accept(), &mut failing).await;
            open.admit(stream, peer, &mut drained);
        }
    };
    let _ = timeout(SWEEP, sweep).await;
    drop(listener);

    drained.open_at_shutdown += usize::try_from(drained.accepted - before).unwrap_or(usize::MAX);
    let finish = async { while open.tasks.join_next().await.is_some() {} };
    if timeout(limits.drain_timeout, finish).await.is_err() {
        drained.aborted = open.tasks.len();
        open.tasks.shutdown().await;
    }
    drained
}

/// Connections that the kernel completes ahead of us.
const BACKLOG: u32 = 1024;
/// What stands in the kernel's queue when the signal comes was accepted as far as the client can tell.
const SWEEP: Duration = Duration::from_millis(10);
/// Long enough not to spin, short enough not to be noticed, when the process is out of file descriptors.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

struct Open<A> {
    limits: ConnectionLimits,
    answers: A,
    draining: watch::Receiver<Option<Instant>>,
    tasks: JoinSet<()>,
    peers: Peers,
}

impl<A: Answer> Open<A> {
    fn has_room(&self) -> bool {
        self.tasks.len() < self.limits.connections
    }

    fn admit(&mut self, stream: TcpStream, address: SocketAddr, drained: &mut Drained) {
        let group = client_address::group(address.ip());
        let most = self
            .limits
            .connections_per_address
            .filter(|_| !group.is_loopback());
        if most.is_some_and(|most| self.peers.count(group) >= most) {
            drained.refused += 1;
            return;
        }
        let answers = self.answers.clone();
        let serve = connection::serve(stream, address, answers, self.limits, self.draining.clone());
        let id = self.tasks.spawn(serve).id();
        if most.is_some() {
            self.peers.enter(id, group);
        }
        drained.accepted += 1;
    }
}

/// How many connections each address has open.
#[derive(Default)]
struct Peers {
    by_task: HashMap<Id, IpAddr>,
    open: HashMap<IpAddr, usize>,
}

impl Peers {
    fn count(&self, group: IpAddr) -> usize {
        self.open.get(&group).copied().unwrap_or(0)
    }

    fn enter(&mut self, id: Id, group: IpAddr) {
        self.by_task.insert(id, group);
        *self.open.entry(group).or_default() += 1;
    }

    fn leave(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => error.id(),
        };
        let Some(group) = self.by_task.remove(&id) else {
            return;
        };
        let Some(count) = self.open.get_mut(&group) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            self.open.remove(&group);
        }
    }
}

/// The next connection. A connection that died in the queue is passed over; where the process is out of something,
/// the loop waits a little and tries again, and says so once.
async fn accepted<T, F: Future<Output = io::Result<T>>>(
    mut accept: impl FnMut() -> F,
    failing: &mut bool,
) -> T {
    loop {
        match accept().await {
            Ok(connection) => {
                *failing = false;
                return connection;
            }
            Err(error) if died_in_queue(&error) => {}
            Err(error) => {
                if !*failing {
                    tracing::error!(%error, "cannot accept connections");
                }
                *failing = true;
                sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
}

fn died_in_queue(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

#[cfg(test)]
mod tests;
