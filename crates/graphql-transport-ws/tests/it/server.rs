//! A server of the crate on a port of its own, by axum.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::any;
use graphql_transport_ws::{Ended, Limits, handshake, serve};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::client::Client;
use crate::host::Commands;

/// How long anything is waited for before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a future gives, which must come.
pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = timeout(PATIENCE, future).await;
    done.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) host: Arc<Commands>,
    pub(crate) is_stopping: watch::Sender<bool>,
    endings: mpsc::UnboundedReceiver<Ended>,
}

impl Server {
    pub(crate) async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let host = Arc::new(Commands::new());
        let is_stopping = watch::Sender::new(false);
        let (ended, endings) = mpsc::unbounded_channel();
        let upgrade = {
            let (host, is_stopping) = (host.clone(), is_stopping.clone());
            move |mut request: Request| async move {
                let (response, upgrade) = match handshake(&mut request) {
                    Ok(accepted) => accepted,
                    Err(refusal) => return refusal.response().map(Body::from),
                };
                let mut stopping = is_stopping.subscribe();
                tokio::spawn(async move {
                    let stop = async move { drop(stopping.wait_for(|is_stopping| *is_stopping).await) };
                    // A test that has ended listens no more.
                    let _ = ended.send(serve(upgrade, &*host, &limits, stop).await);
                });
                response.map(|()| Body::empty())
            }
        };
        let router = Router::new().route("/graphql", any(upgrade));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            host,
            is_stopping,
            endings,
        }
    }

    /// Whether a connection has ended that was not asked after.
    pub(crate) fn has_ended(&self) -> bool {
        !self.endings.is_empty()
    }

    /// How the next connection ends. One whose task panics has no end.
    pub(crate) async fn ended(&mut self) -> Ended {
        let ended = in_time("the end of a connection", self.endings.recv()).await;
        ended.expect("the server runs")
    }

    pub(crate) async fn ended_by_server(&mut self) -> u16 {
        match self.ended().await {
            Ended::ByServer(close) => close.code(),
            other => panic!("the connection was not ended by the server: {other:?}"),
        }
    }

    /// Waits until so many operations run.
    pub(crate) async fn running(&self, wanted: usize) {
        let mut running = self.host.running.subscribe();
        let waiting = running.wait_for(|count| *count == wanted);
        let _ = in_time("the number of operations", waiting)
            .await
            .expect("the host is there");
    }

    /// A client that has been accepted.
    pub(crate) async fn client(&self) -> Client {
        let mut client = Client::connect(self.address).await;
        client.init().await;
        client
    }
}
