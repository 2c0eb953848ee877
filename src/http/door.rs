//! The door: what every request passes, and the way to what answers it.
//!
//! Takes any request, gives its answer. GraphQL, which most requests are, is called as a function; the router has all
//! else. Deliberately absent: sockets, which are the crate `http_server`'s.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{ALLOW, CONTENT_LENGTH};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use http_body::Body as _;
use http_server::{RequestBody, Service};
use tower::ServiceExt as _;

use super::request_id::RequestId;
use super::{Gateway, graphql, layers, mcp, method, refuse, rest, trailing_slash};
use crate::error::Rejection;

/// Answers every request of one address.
///
/// Source: measured on pages of 50 and of 5 rows, a tenth of the service's processor time went to the router's copies
/// and boxes of what it routes to, and to a compression that nobody had asked for.
#[derive(Clone)]
pub struct Door {
    gateway: Arc<Gateway>,
    has_graphql: bool,
    routes: Router,
}

impl Door {
    /// A door to GraphQL and to `routes`.
    pub(super) fn with_graphql(gateway: Arc<Gateway>, routes: Router<Arc<Gateway>>) -> Self {
        Self {
            routes: routes.with_state(Arc::clone(&gateway)),
            has_graphql: true,
            gateway,
        }
    }

    /// A door to `routes` alone.
    pub(super) fn without_graphql(gateway: Arc<Gateway>, routes: Router<Arc<Gateway>>) -> Self {
        Self {
            has_graphql: false,
            ..Self::with_graphql(gateway, routes)
        }
    }

    /// Answers a request. The client's address is read from its [`ConnectInfo`], where it has one.
    pub async fn answer(&self, request: Request) -> Response {
        let limits = &self.gateway.limits;
        let inner = |request| self.route(request);
        let statuses = limits.http_statuses;
        let has_mcp = self.has_graphql && self.gateway.mcp.is_some();
        let refuse = move |uri: &Uri, rejection: &Rejection, id: Option<&RequestId>| {
            if has_mcp && uri.path() == mcp::PATH {
                return mcp::refusal(rejection);
            }
            refuse(statuses, uri, rejection, id)
        };
        let mut response = layers::all(&limits.head, &limits.origins, &refuse, request, inner).await;
        if response.status() == StatusCode::NOT_MODIFIED {
            // It would be the length of the answer that the client has.
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        response
    }

    async fn route(&self, request: Request) -> Response {
        if request.method() == Method::OPTIONS && matches!(request.uri().path(), "/" | "*") {
            return is_there();
        }
        if let Some(redirect) = trailing_slash::redirect(request.uri()) {
            return redirect;
        }
        if self.has_graphql && method::is_query(request.method()) && rest::is_list(request.uri().path()) {
            return rest::answer_list(&self.gateway, request).await;
        }
        if let Some(mcp) = &self.gateway.mcp
            && self.has_graphql
            && request.uri().path() == mcp::PATH
        {
            return Box::pin(mcp::handle(&self.gateway, mcp, request)).await;
        }
        if !self.has_graphql || request.uri().path() != graphql::PATH {
            let Ok(response) = self.routes.clone().oneshot(request).await;
            return response;
        }
        let is_head = request.method() == Method::HEAD;
        let response = graphql::handle(&self.gateway, request).await;
        if is_head && response.status() != StatusCode::NOT_MODIFIED {
            without_body(response)
        } else {
            response
        }
    }
}

impl Service for Door {
    type ResponseBody = Body;

    async fn call(&self, request: axum::http::Request<RequestBody>, client: SocketAddr) -> Response {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(client));
        self.answer(request).await
    }
}

/// The answer to a load balancer that asks whether anybody is there at all.
///
/// Source: RFC 9110, 9.3.7; HAProxy's `option httpchk` without arguments asks `OPTIONS /`, and takes 2xx and 3xx.
fn is_there() -> Response {
    let allow = HeaderValue::from_static("GET, HEAD, OPTIONS");
    (StatusCode::NO_CONTENT, [(ALLOW, allow)]).into_response()
}

/// The answer to HEAD: as long as that to GET says it is.
fn without_body(mut response: Response) -> Response {
    if let Some(bytes) = response.body().size_hint().exact() {
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(bytes));
    }
    response.map(|_| Body::empty())
}
