//! A server that says hello until Ctrl-C, then finishes what runs: `cargo run -p http-server --example hello`.
#![expect(clippy::print_stdout, reason = "an example speaks to who runs it")]

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use http_server::{Drained, Limits, RequestBody, Service, bind, serve};

#[derive(Clone)]
struct Hello;

impl Service for Hello {
    type ResponseBody = Full<Bytes>;

    async fn call(&self, request: Request<RequestBody>, client: SocketAddr) -> Response<Full<Bytes>> {
        let text = format!("hello, {client}: you asked for {}\n", request.uri().path());
        Response::new(text.into())
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    println!("listening on http://{}", listener.local_addr()?);
    let limits = Limits {
        // Each client may have four connections, and has five seconds for a request's head.
        connections_per_address: Some(4),
        header_timeout: Duration::from_secs(5),
        ..Limits::default()
    };
    let stop = async {
        // Without a handler for the signal it ends the process anyway.
        let _ = tokio::signal::ctrl_c().await;
    };
    let Drained {
        accepted, aborted, ..
    } = serve(listener, Hello, &limits, stop).await;
    println!("served {accepted} connections, aborted {aborted}");
    Ok(())
}
