//! An HTTP/1.1 server that no client can keep waiting.
//!
//! [`serve()`] takes a listening socket, a [`Service`], [`Limits`] and a future that says when to stop. Each connection is
//! a task with a deadline for whatever it waits for: a request's head, the next request, a client that reads. The number
//! of connections is bounded, in all and for each client. On shutdown the listener closes, responses say
//! `Connection: close`, idle connections are closed, and requests that have begun are answered, up to a hard deadline.
//!
//! A service takes a connection over by a response of status 101, with hyper's `OnUpgrade` from the request's extensions. It
//! then has no time limits, and counts as open, at a shutdown too, until the service drops it.
//!
//! Not here: TLS and HTTP/2, which are a proxy's work; routes; how long a service may take to answer, which the service
//! knows best.
//!
//! ```
//! use std::net::SocketAddr;
//!
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use http_server::{Limits, RequestBody, Service, bind, serve};
//!
//! #[derive(Clone)]
//! struct Hello;
//!
//! impl Service for Hello {
//!     type ResponseBody = Full<Bytes>;
//!
//!     async fn call(&self, _: Request<RequestBody>, client: SocketAddr) -> Response<Full<Bytes>> {
//!         Response::new(format!("hello, {client}\n").into())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
//! let drained = serve(listener, Hello, &Limits::default(), std::future::ready(())).await;
//! assert_eq!(drained.aborted, 0);
//! # Ok(())
//! # }
//! ```

mod body;
mod clients;
mod connection;
mod limits;
mod serve;
mod service;
mod socket;
mod state;

pub use body::RequestBody;
pub use clients::client_group;
/// The words behind a status, as an extension of a response: for a status that has none of its own.
pub use hyper::ext::ReasonPhrase;
pub use limits::Limits;
pub use serve::{Drained, bind, serve};
pub use service::Service;
