//! What answers requests.

use std::error::Error;
use std::net::SocketAddr;

use http::{Request, Response};
use http_body::Body;

use crate::body::RequestBody;

/// What answers the requests of a server.
///
/// It is cloned for each connection. It differs from tower's trait in that it cannot fail, that it need not say when it
/// is ready, and that its future needs no name, so that an `async fn` implements it without a box.
pub trait Service: Clone + Send + Sync + 'static {
    /// The body of a response.
    type ResponseBody: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static;

    /// Answers a request, whatever it is. `client` is the address at the other end of the connection.
    fn call(
        &self,
        request: Request<RequestBody>,
        client: SocketAddr,
    ) -> impl Future<Output = Response<Self::ResponseBody>> + Send;
}
