//! The accept loop: from a listening socket to connections, and the graceful shutdown.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::clients::{Clients, client_group};
use crate::connection;
use crate::limits::Limits;
use crate::service::Service;

/// What happened between the first accept and the last close.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Connections served.
    pub accepted: u64,
    /// Connections closed at once, as their client had too many.
    pub refused: u64,
    /// Connections open when the signal came, those in the kernel's queue included.
    pub open_at_shutdown: usize,
    /// Connections aborted because the drain's time was up.
    pub aborted: usize,
}

/// Opens the listening socket, with TCP keep-alive for whatever it accepts.
///
/// # Errors
///
/// The address is taken, or this machine does not have it.
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

/// Serves requests until `shutdown` resolves, then drains.
///
/// Every request that was read from an open connection, in whole or in part, when the signal came is answered; so is one
/// that comes within the idle grace.
pub async fn serve(
    listener: TcpListener,
    service: impl Service,
    limits: &Limits,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let mut shutdown = pin!(shutdown);
    let (drain, draining) = watch::channel(None);
    let mut connections = Connections {
        limits: *limits,
        service,
        draining,
        tasks: JoinSet::new(),
        clients: Clients::default(),
    };
    let mut drained = Drained::default();
    let mut is_failing = false;
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(ended) = connections.tasks.join_next_with_id() => {
                connections.clients.remove(ended.map_or_else(|error| error.id(), |(id, ())| id));
            }
            (stream, client) = accept(|| listener.accept(), &mut is_failing), if connections.has_room() => {
                connections.admit(stream, client, &mut drained);
            }
        }
    }
    while connections.tasks.try_join_next().is_some() {}
    drained.open_at_shutdown = connections.tasks.len();
    let before = drained.accepted;
    drain.send_replace(Some(Instant::now() + limits.drain_idle_grace));
    let accept_queued = async {
        while connections.has_room() {
            let (stream, client) = accept(|| listener.accept(), &mut is_failing).await;
            connections.admit(stream, client, &mut drained);
        }
    };
    let _ = timeout(ACCEPT_QUEUED, accept_queued).await;
    drop(listener);

    drained.open_at_shutdown += usize::try_from(drained.accepted - before).unwrap_or(usize::MAX);
    let finish = async { while connections.tasks.join_next().await.is_some() {} };
    if timeout(limits.drain_timeout, finish).await.is_err() {
        drained.aborted = connections.tasks.len();
        connections.tasks.shutdown().await;
    }
    drained
}

/// Connections that the kernel completes before they are accepted.
const BACKLOG: u32 = 1024;
/// How long connections are accepted after the signal: a client takes one in the kernel's queue for accepted.
const ACCEPT_QUEUED: Duration = Duration::from_millis(10);
/// How long nothing is accepted where accepting fails: long enough not to spin, short enough not to be noticed.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// The open connections, each a task.
struct Connections<S> {
    limits: Limits,
    service: S,
    draining: watch::Receiver<Option<Instant>>,
    tasks: JoinSet<()>,
    clients: Clients,
}

impl<S: Service> Connections<S> {
    fn has_room(&self) -> bool {
        self.tasks.len() < self.limits.connections
    }

    /// Serves a connection, or closes it where its client has too many.
    fn admit(&mut self, stream: TcpStream, address: SocketAddr, drained: &mut Drained) {
        let client = client_group(address.ip());
        let limit = self
            .limits
            .connections_per_address
            .filter(|_| !client.is_loopback());
        if limit.is_some_and(|limit| self.clients.count(client) >= limit) {
            drained.refused += 1;
            return;
        }
        let service = self.service.clone();
        let serve = connection::serve(stream, address, service, self.limits, self.draining.clone());
        let task = self.tasks.spawn(serve).id();
        if limit.is_some() {
            self.clients.add(task, client);
        }
        drained.accepted += 1;
    }
}

/// The next connection. One that ended in the kernel's queue is passed over. Where the process lacks something, such as
/// file descriptors, this waits a little and tries again; it logs that once until it succeeds.
async fn accept<T, F: Future<Output = io::Result<T>>>(
    mut accept: impl FnMut() -> F,
    is_failing: &mut bool,
) -> T {
    loop {
        match accept().await {
            Ok(connection) => {
                *is_failing = false;
                return connection;
            }
            Err(error) if has_ended_in_queue(&error) => {}
            Err(error) => {
                if !*is_failing {
                    tracing::error!(%error, "cannot accept connections");
                }
                *is_failing = true;
                sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
}

fn has_ended_in_queue(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test]
    async fn accepting_goes_on_after_errors() {
        let mut results = [
            Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
            // Too many open files.
            Err(io::Error::from_raw_os_error(24)),
            Ok("connection"),
        ]
        .into_iter();
        let mut is_failing = false;
        let connection = accept(
            || ready(results.next().expect("no more is asked for")),
            &mut is_failing,
        )
        .await;
        assert_eq!((connection, is_failing, results.len()), ("connection", false, 0));
    }
}
