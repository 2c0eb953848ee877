//! What the operations of connections do.

use std::future::pending;

use bytes::Bytes;
use futures_util::Stream;
use serde_json::value::RawValue;

use crate::close::Close;

/// What the operations of connections do.
///
/// Two users: a service, and the tests of this crate.
pub trait Host: Send + Sync {
    /// What a connection is allowed, from its `connection_init`.
    type Session: Send + Sync;
    /// The events of an operation. They end with [`Event::Complete`], [`Event::Error`] or [`Event::Close`].
    type Events: Stream<Item = Event> + Send;

    /// Decides on a connection by the payload of its `connection_init`, which is an object where there is one. The time
    /// that this takes counts towards [`Limits::init_timeout`](crate::Limits::init_timeout).
    ///
    /// # Errors
    /// The connection is refused, and closed with this. Clients connect again after 4403, and do not after 4401.
    fn init(
        &self,
        payload: Option<Box<RawValue>>,
    ) -> impl Future<Output = Result<Self::Session, Close>> + Send;

    /// When a session ends, such as by the end of its key, and what its connection is then closed with. Never, unless this
    /// is implemented.
    fn ended(&self, session: &Self::Session) -> impl Future<Output = Close> + Send + 'static + use<Self> {
        let _ = session;
        pending()
    }

    /// Begins an operation. `operation` is the payload of `subscribe` as its text: an object with a string `query`, and
    /// possibly a string `operationName` and objects `variables` and `extensions`. Nothing else has been looked at.
    ///
    /// It is called in the connection's task: what takes time belongs into the stream, which is dropped when the client
    /// completes the operation or the connection ends.
    fn subscribe(&self, session: &Self::Session, operation: &RawValue) -> Self::Events;
}

/// What happens to an operation. The bytes are JSON, sent as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A result: an object with `data` or `errors`. A query has one.
    Next(Bytes),
    /// The operation is refused before its execution: a list of errors, not empty. Its last event.
    Error(Bytes),
    /// The operation is over, and not to be begun again. Its last event.
    Complete,
    /// The connection is closed, with all its operations.
    Close(Close),
}
