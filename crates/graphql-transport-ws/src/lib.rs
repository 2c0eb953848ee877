//! The server's side of `graphql-transport-ws`: GraphQL over a WebSocket.
//!
//! [`handshake()`] checks a request and gives the response that accepts it; [`serve()`] then speaks the protocol on the
//! connection until it ends. What an operation does is the business of a [`Host`]: this crate knows no schema, parses no
//! document and reads no key. The protocol is that of [graphql-ws], at version 6 of that package.
//!
//! # What a connection costs
//! One task, whatever the number of its subscriptions. Bytes are read only when the last message has been dealt with, and
//! an event is taken from the host only when the one before has left: a client that does not read makes its own
//! connection wait, and no queue grows. [`Limits`] bounds the rest. A message to the client goes out in frames of 4 KiB,
//! so that the buffer of the connection stays small after a large one. A connection that has *sent* a large message
//! keeps a buffer of that size, at most [`Limits::message_bytes`] and the read buffer's 2 KiB.
//!
//! Subscriptions take turns: of each that has an event, one is sent before another has its second.
//!
//! # How a connection ends
//!
//! | code | when |
//! |---|---|
//! | 1001 | the server shuts down; the lifetime has passed; no answer to a ping |
//! | 1002 | a violation of RFC 6455: a frame without a mask, a reserved bit, a fragment out of place |
//! | 1007 | text that is no UTF-8 |
//! | 1009 | a message beyond [`Limits::message_bytes`] |
//! | 1012 | the host dropped a stream of events without saying how it ended |
//! | 1013 | the client does not read what it is sent |
//! | 4400 | a message that the protocol does not have, binary ones too; nested too deeply; a key of the protocol twice |
//! | 4401 | an operation before `connection_ack` |
//! | 4408 | no `connection_init` in time, or no decision of the host about it |
//! | 4409 | the id of an operation that still runs |
//! | 4429 | a second `connection_init`; too many operations at once; too many messages or bytes in ten seconds |
//! | any | what the host says: at `connection_init`, in an operation's events, or at the end of a session |
//!
//! No connection is ended by `complete`: clients take that for the end of the matter, and do not come back. After the
//! code has been sent, what the client still sends is read and dropped for a moment: a socket that is closed with bytes
//! unread is reset, and the client would see 1006 for the code. A client that closes its half of the connection without
//! a close frame is gone.
//!
//! # What is the host's
//! The `Origin` header, the number of connections, the meaning of the payloads, keys of JSON that are repeated inside
//! `variables` and `extensions`, and the measuring of documents. [`Host::subscribe`] gets the payload as its text.
//!
//! # Why not the subscription service of `async-graphql-axum`
//! That of 7.2.1 (and of 8.0.0-rc.5) has no pings and no limit on `connection_init`, closes with 1011 where 4401 is due,
//! lets a repeated id replace the running operation, sends errors as `next` and `complete`, polls the streams in the order
//! of a hash map, so that a busy one starves others, and parses a document before anything can measure it. Each of these
//! is inside of its one loop; a wrapper would have to parse every message itself, both ways, to mend them, which is most
//! of the protocol.
//!
//! # Why not axum's `ws`
//! It is the same WebSocket library behind an interface without frames, whose errors are boxed, so that telling 1009 from
//! 1002 needs a second dependency of exactly its version.
//!
//! ```
//! use axum::{Router, body::Body, extract::Request, response::Response, routing::get};
//! use futures_util::stream;
//! use graphql_transport_ws::{Close, Event, Host, Limits, handshake, serve};
//! use serde_json::value::RawValue;
//!
//! struct Greeter;
//!
//! impl Host for Greeter {
//!     type Session = ();
//!     type Events = stream::Iter<std::array::IntoIter<Event, 2>>;
//!
//!     async fn init(&self, _: Option<Box<RawValue>>) -> Result<(), Close> {
//!         Ok(())
//!     }
//!
//!     fn subscribe(&self, _: &(), _: &RawValue) -> Self::Events {
//!         stream::iter([Event::Next(r#"{"data":{"hello":"world"}}"#.into()), Event::Complete])
//!     }
//! }
//!
//! async fn upgrade(mut request: Request) -> Response {
//!     match handshake(&mut request) {
//!         Ok((response, upgrade)) => {
//!             tokio::spawn(async { serve(upgrade, &Greeter, &Limits::default(), std::future::pending()).await });
//!             response.map(|()| Body::empty())
//!         }
//!         Err(refusal) => refusal.response().map(Body::from),
//!     }
//! }
//!
//! let router: Router = Router::new().route("/graphql", get(upgrade));
//! ```
//!
//! [graphql-ws]: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md

mod close;
mod connection;
mod deadlines;
mod handshake;
mod host;
mod incoming;
mod limits;
mod outgoing;
mod socket;
mod subscriptions;
mod traffic;

pub use close::{Close, Ended};
pub use connection::serve;
pub use handshake::{HandshakeError, SUBPROTOCOL, Upgrade, handshake};
pub use host::{Event, Host};
pub use limits::Limits;
