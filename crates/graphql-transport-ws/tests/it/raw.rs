//! A client that sends whatever bytes it likes.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::in_time;

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
/// The last frame of its message.
pub(crate) const FINAL: u8 = 0x80;

const HANDSHAKE: &str = "GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// The head of a response to a handshake that offers these protocols, and the connection.
pub(crate) async fn shake_hands(address: SocketAddr, protocols: &str) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("{HANDSHAKE}{protocols}\r\n");
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(
            in_time("the response", stream.read_u8())
                .await
                .expect("a response"),
        );
    }
    (String::from_utf8(head).expect("text"), stream)
}

pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let (head, stream) = shake_hands(address, "Sec-WebSocket-Protocol: graphql-transport-ws\r\n").await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        Self(stream)
    }

    /// A client that has been accepted.
    pub(crate) async fn accepted(address: SocketAddr) -> Self {
        let mut raw = Self::connect(address).await;
        raw.send(&json!({"type": "connection_init"})).await;
        let (_, ack) = raw.frame().await;
        assert_eq!(ack, br#"{"type":"connection_ack"}"#);
        raw
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        let sent = self.try_send(FINAL | TEXT, message.to_string().as_bytes()).await;
        assert!(sent, "the server is there");
    }

    /// Sends a masked frame, if the server still takes it.
    pub(crate) async fn try_send(&mut self, first_byte: u8, payload: &[u8]) -> bool {
        let mut frame = head(first_byte, 0x80, payload.len());
        // A mask of zeros changes nothing.
        frame.extend([0; 4]);
        frame.extend(payload);
        self.try_write(&frame).await
    }

    pub(crate) async fn try_write(&mut self, bytes: &[u8]) -> bool {
        in_time("writing", self.0.write_all(bytes)).await.is_ok()
    }

    /// The first byte and the payload of the next frame.
    pub(crate) async fn frame(&mut self) -> (u8, Vec<u8>) {
        in_time("a frame", self.read_frame())
            .await
            .expect("the connection is open")
    }

    /// The code of the close frame, before which anything may come; `None` if the connection ends without one.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        let closing = async {
            loop {
                let (first_byte, payload) = self.read_frame().await.ok()?;
                if first_byte == FINAL | CLOSE {
                    return payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                }
            }
        };
        in_time("a close frame", closing).await
    }

    async fn read_frame(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        let first_byte = self.0.read_u8().await?;
        let length = match self.0.read_u8().await? {
            126 => usize::from(self.0.read_u16().await?),
            127 => usize::try_from(self.0.read_u64().await?).expect("a length"),
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).await?;
        Ok((first_byte, payload))
    }
}

/// The head of a frame, up to its mask.
pub(crate) fn head(first_byte: u8, mask_bit: u8, length: usize) -> Vec<u8> {
    let mut head = vec![first_byte];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => head.push(mask_bit | short),
        (_, Ok(medium)) => {
            head.push(mask_bit | 126);
            head.extend(medium.to_be_bytes());
        }
        _ => {
            head.push(mask_bit | 127);
            head.extend((length as u64).to_be_bytes());
        }
    }
    head
}
