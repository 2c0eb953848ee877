//! A client: tokio-tungstenite, with the messages of the protocol.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use graphql_transport_ws::SUBPROTOCOL;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::server::in_time;

pub(crate) struct Client(WebSocketStream<TcpStream>);

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let mut request = format!("ws://{address}/graphql")
            .into_client_request()
            .expect("a URL");
        let offer = SUBPROTOCOL.parse().expect("a header");
        request.headers_mut().insert("sec-websocket-protocol", offer);
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (socket, response) = client_async(request, stream).await.expect("a WebSocket");
        assert_eq!(response.headers()["sec-websocket-protocol"], SUBPROTOCOL);
        Self(socket)
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_raw(Message::text(message.to_string())).await;
    }

    pub(crate) async fn send_raw(&mut self, message: Message) {
        let sent = in_time("sending", self.0.send(message)).await;
        sent.expect("the server is there");
    }

    pub(crate) async fn init(&mut self) {
        self.send(&json!({"type": "connection_init"})).await;
        assert_eq!(self.receive().await, json!({"type": "connection_ack"}));
    }

    pub(crate) async fn subscribe(&mut self, id: &str, command: &str) {
        self.send(&json!({"type": "subscribe", "id": id, "payload": {"query": command}}))
            .await;
    }

    pub(crate) async fn complete(&mut self, id: &str) {
        self.send(&json!({"type": "complete", "id": id})).await;
    }

    /// The next message of the protocol.
    pub(crate) async fn receive(&mut self) -> Value {
        loop {
            match self.receive_raw().await {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("no message of the protocol: {other:?}"),
            }
        }
    }

    pub(crate) async fn receive_raw(&mut self) -> Message {
        let message = in_time("a message", self.0.next()).await;
        message.expect("the connection is open").expect("a frame")
    }

    /// The code of the close frame, which comes next but for results.
    pub(crate) async fn closed(&mut self) -> u16 {
        let closing = async {
            loop {
                match self.receive_raw().await {
                    Message::Close(frame) => return frame.expect("a code").code.into(),
                    Message::Text(text) => {
                        assert!(!text.contains("\"complete\""), "told that it is over: {text}");
                    }
                    _ => {}
                }
            }
        };
        in_time("a close frame", closing).await
    }

    /// A whole operation, from `subscribe` to its last message.
    pub(crate) async fn run(&mut self, id: &str, command: &str) -> Vec<Value> {
        self.subscribe(id, command).await;
        let mut messages = Vec::new();
        loop {
            let message = self.receive().await;
            assert_eq!(message["id"], id);
            let is_last = message["type"] != "next";
            messages.push(message);
            if is_last {
                return messages;
            }
        }
    }

    /// That the server serves this client as if there were no other.
    pub(crate) async fn is_served(&mut self) {
        let messages = self.run("unharmed", "count 2").await;
        assert_eq!(messages.len(), 3, "{messages:?}");
    }
}
