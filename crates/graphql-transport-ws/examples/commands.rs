//! A server whose operations are commands, for clients to be tried on: `cargo run -p graphql-transport-ws --example commands`.
//!
//! It prints its URL, and ends with its standard input. Lines there are orders: `stop` closes each connection with 1001 as
//! a shutdown does, `revoke` each with 4403 as the end of its key does. Connections that come later are served.
#![expect(clippy::print_stdout, reason = "an example speaks to who runs it")]

#[path = "../tests/it/host.rs"]
mod host;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use graphql_transport_ws::{Limits, handshake, serve};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::net::TcpListener;
use tokio::sync::watch;

use host::Commands;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("ws://{}/graphql", listener.local_addr()?);
    let host = Arc::new(Commands::new());
    let stops = watch::Sender::new(());
    let upgrade = {
        let (host, stops) = (host.clone(), stops.clone());
        move |request: Request| async move { accept(request, host, stops.subscribe()) }
    };
    let router = Router::new().route("/graphql", any(upgrade));
    tokio::spawn(async { axum::serve(listener, router).await });
    let mut orders = BufReader::new(stdin()).lines();
    while let Some(order) = orders.next_line().await? {
        match order.as_str() {
            "stop" => stops.send_replace(()),
            "revoke" => host.revocations.send_replace(()),
            other => println!("unknown order {other}"),
        }
    }
    Ok(())
}

fn accept(mut request: Request, host: Arc<Commands>, mut stops: watch::Receiver<()>) -> Response {
    match handshake(&mut request) {
        Ok((response, upgrade)) => {
            tokio::spawn(async move {
                let stop = async move { drop(stops.changed().await) };
                serve(upgrade, &*host, &Limits::default(), stop).await
            });
            response.map(|()| Body::empty())
        }
        Err(refusal) => refusal.response().map(Body::from),
    }
}
