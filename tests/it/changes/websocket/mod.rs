//! The subscription over a WebSocket: who is let in, how it goes on, how it ends, and what a connection may cost.

mod limits;
mod refusals;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;
use tokio::task::block_in_place;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::stream::{insert, servers, write};
use crate::server::{Client, Server};
use crate::waiting::PATIENCE;

const FAILED: &str = "subscription Failed($after: String) {
    change: importChanges(after: $after, filter: {status: {include: [FAILED]}}) {
        cursor kind databaseId removedId import { id fileName status } } }";

/// A client's end of a WebSocket.
struct Socket(WebSocketStream<TcpStream>);

/// How a connection was closed: a code and a reason.
type Closed = (u16, String);

impl Socket {
    /// Opens one with these headers beside the handshake's own; or gives the status and the body of the refusal.
    async fn open(server: &Server, headers: &[(&'static str, &str)]) -> Result<Self, (u16, String)> {
        Self::open_at(server, "/graphql", headers).await
    }

    async fn open_at(
        server: &Server,
        target: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, (u16, String)> {
        let stream = TcpStream::connect(&server.address).await.unwrap();
        Self::over(stream, server, target, headers).await
    }

    /// As [`open`](Self::open), on a connection that is there.
    async fn over(
        stream: TcpStream,
        server: &Server,
        target: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, (u16, String)> {
        let url = format!("ws://{}{target}", server.address);
        let mut request = url.into_client_request().unwrap();
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match client_async(request, stream).await {
            Ok((socket, response)) => {
                let response: Response<_> = response;
                assert_eq!(
                    response.headers()["sec-websocket-protocol"],
                    "graphql-transport-ws"
                );
                Ok(Self(socket))
            }
            Err(Error::Http(response)) => {
                let body =
                    String::from_utf8_lossy(response.body().as_deref().unwrap_or_default()).into_owned();
                Err((response.status().as_u16(), body))
            }
            Err(error) => panic!("no answer to the handshake: {error}"),
        }
    }

    /// One that the first account's key was accepted on.
    async fn accepted(server: &Server) -> Self {
        Self::open(server, &[]).await.unwrap().with_key(server).await
    }

    async fn with_key(self, server: &Server) -> Self {
        let mut socket = self;
        let authorization = format!("Bearer {}", server.tenants[0].key);
        socket.init(json!({ "Authorization": authorization })).await;
        assert_eq!(socket.message().await, Ok(json!({"type": "connection_ack"})));
        socket
    }

    async fn send(&mut self, message: Json) {
        self.send_text(&message.to_string()).await;
    }

    async fn send_text(&mut self, text: &str) {
        let sent = self.try_send(Message::text(text)).await;
        sent.unwrap_or_else(|error| panic!("{text}: {error}"));
    }

    async fn try_send(&mut self, message: Message) -> Result<(), Error> {
        self.0.send(message).await
    }

    async fn init(&mut self, payload: Json) {
        self.send(json!({ "type": "connection_init", "payload": payload }))
            .await;
    }

    async fn subscribe(&mut self, id: &str, document: &str, variables: Json) {
        let payload = json!({ "query": document, "variables": variables });
        self.send(json!({ "id": id, "type": "subscribe", "payload": payload }))
            .await;
    }

    /// The next message; or how the connection was closed, 1006 where it was without a word.
    async fn message(&mut self) -> Result<Json, Closed> {
        // Pings go on coming where nothing else does.
        let message = tokio::time::timeout(PATIENCE, self.after_pings()).await;
        message.expect("a message or an end in time")
    }

    async fn after_pings(&mut self) -> Result<Json, Closed> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Err((frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => return Err((1006, format!("{other:?}"))),
            }
        }
    }

    /// The payload of the next message, which must be of this type and operation.
    async fn payload(&mut self, id: &str, kind: &str) -> Json {
        let mut message = self.message().await.unwrap();
        assert_eq!(
            (&message["id"], &message["type"]),
            (&json!(id), &json!(kind)),
            "{message}"
        );
        message["payload"].take()
    }

    /// The next change of the filtered list.
    async fn change(&mut self, id: &str) -> Json {
        self.payload(id, "next").await["data"]["change"].take()
    }

    /// The code of how it was closed.
    async fn closed(&mut self) -> u16 {
        loop {
            if let Err((code, _)) = self.message().await {
                return code;
            }
        }
    }
}

/// The code of the only error of a list.
fn code(errors: &Json) -> &str {
    assert_eq!(errors.as_array().map(Vec::len), Some(1), "{errors}");
    errors[0]["extensions"]["code"].as_str().unwrap()
}

/// The point from which on a new list is followed.
fn now(server: &Server) -> String {
    let mut client = Client::new(&server.address, Some(&server.tenants[0].key));
    let data = block_in_place(|| client.data("{ imports(first: 0) { changesCursor } }"));
    data["imports"]["changesCursor"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_tells_what_becomes_of_a_filtered_list_and_goes_on_where_it_was_left() {
    for (server, _database) in servers(&[]).await {
        let mut socket = Socket::accepted(&server).await;
        socket
            .subscribe("a", FAILED, json!({ "after": now(&server) }))
            .await;
        write(&server, &insert(&server, 1, "new")).await;
        write(&server, &insert(&server, 2, "failed")).await;
        let mut told = socket.change("a").await;
        let last = told["cursor"].take();
        let id = told["import"]["id"].clone();
        assert_eq!(
            told,
            json!({"cursor": null, "kind": "UPSERTED", "databaseId": "2", "removedId": null,
                "import": {"id": id, "fileName": "a 2.csv", "status": "FAILED"}})
        );
        // Cut without a word.
        drop(socket);
        write(&server, "DELETE FROM imports WHERE id = 2").await;
        write(&server, "UPDATE imports SET status = 'failed' WHERE id = 1").await;
        // Two subscriptions of one connection each have all.
        let mut socket = Socket::accepted(&server).await;
        for operation in ["b", "c"] {
            socket
                .subscribe(operation, FAILED, json!({ "after": last }))
                .await;
        }
        let mut seen = Vec::new();
        while seen.len() < 4 {
            let message = socket.message().await.unwrap();
            let change = &message["payload"]["data"]["change"];
            let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
            if text(&change["kind"]) == "REMOVED" {
                assert_eq!(change["removedId"], id);
            }
            seen.push((
                text(&message["id"]),
                text(&change["databaseId"]),
                text(&change["kind"]),
            ));
        }
        seen.sort();
        let expected = [
            ("b", "1", "UPSERTED"),
            ("b", "2", "REMOVED"),
            ("c", "1", "UPSERTED"),
            ("c", "2", "REMOVED"),
        ];
        let expected = expected.map(|(id, row, kind)| (id.to_owned(), row.to_owned(), kind.to_owned()));
        assert_eq!(seen, expected);
        // One that was completed is told no more, and the other is.
        socket.send(json!({"id": "b", "type": "complete"})).await;
        write(&server, &insert(&server, 3, "failed")).await;
        assert_eq!(socket.change("c").await["databaseId"], "3");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_ends_with_its_key_its_time_and_the_service_and_never_by_complete() {
    for (server, _database) in servers(&[]).await {
        let mut socket = Socket::accepted(&server).await;
        socket.subscribe("a", FAILED, json!({})).await;
        write(&server, "UPDATE api_tokens SET revoked_at = created_at").await;
        let (code, _) = socket.message().await.unwrap_err();
        assert_eq!(code, 4403);
        // Nor is it let in again.
        let mut socket = Socket::open(&server, &[]).await.unwrap();
        let authorization = format!("Bearer {}", server.tenants[0].key);
        socket.init(json!({ "authorization": authorization })).await;
        assert_eq!(socket.closed().await, 4401);
    }
    for (server, _database) in servers(&["--stream-lifetime", "2s"]).await {
        let mut socket = Socket::accepted(&server).await;
        socket.subscribe("a", FAILED, json!({})).await;
        assert_eq!(socket.message().await.unwrap_err().0, 1001);
    }
    // Long before the service's patience with what runs is over.
    for (mut server, _database) in servers(&["--drain-timeout-ms", "600000"]).await {
        let mut idle = Socket::open(&server, &[]).await.unwrap();
        let mut socket = Socket::accepted(&server).await;
        socket.subscribe("a", FAILED, json!({})).await;
        server.terminate();
        for socket in [&mut socket, &mut idle] {
            assert_eq!(socket.message().await.unwrap_err().0, 1001);
        }
        assert!(block_in_place(|| server.wait()).success());
    }
}
