//! Clients that break the rules: each gets its code, and another client notices nothing.

use std::time::Duration;

use graphql_transport_ws::Limits;
use serde_json::json;

use crate::raw::{BINARY, CLOSE, CONTINUATION, FINAL, PING, Raw, TEXT, head};
use crate::server::Server;

/// The code that a client is closed with after it has sent these bytes, beside another client that is served.
async fn code_after(bytes: &[u8]) -> Option<u16> {
    let mut server = Server::start(Limits::default()).await;
    let mut bystander = server.client().await;
    let mut raw = Raw::accepted(server.address).await;
    // All of it is taken: a server that closes with bytes unread resets the connection, and the code with it.
    assert!(raw.try_write(bytes).await, "the connection was reset");
    let code = raw.close_code().await;
    // Else the server waits for it.
    drop(raw);
    assert_eq!(Some(server.ended_by_server().await), code);
    bystander.is_served().await;
    code
}

/// A masked frame.
fn frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    [&head(first_byte, 0x80, payload.len())[..], &[0; 4], payload].concat()
}

#[tokio::test]
async fn a_frame_that_breaks_rfc_6455_is_a_violation() {
    let ping = br#"{"type":"ping"}"#;
    let unmasked = [&head(FINAL | TEXT, 0, ping.len())[..], ping].concat();
    let two_beginnings = [frame(TEXT, b"{"), frame(FINAL | TEXT, b"}")].concat();
    for (what, bytes) in [
        ("unmasked", unmasked),
        (
            "a reserved bit, as of compression",
            frame(FINAL | TEXT | 0x40, ping),
        ),
        ("a reserved opcode", frame(FINAL | 0x3, ping)),
        ("a reserved control opcode", frame(FINAL | 0xB, b"")),
        ("a continuation of nothing", frame(FINAL | CONTINUATION, ping)),
        ("a message within a message", two_beginnings),
        ("a ping in fragments", frame(PING, b"")),
        ("a long ping", frame(FINAL | PING, &[b'x'; 126])),
        ("a close frame of one byte", frame(FINAL | CLOSE, b"x")),
    ] {
        assert_eq!(code_after(&bytes).await, Some(1002), "{what}");
    }
}

#[tokio::test]
async fn text_that_is_no_utf8_is_refused() {
    assert_eq!(
        code_after(&frame(FINAL | TEXT, b"{\"type\":\"\xFF\"}")).await,
        Some(1007)
    );
    let cut = [frame(TEXT, b"{\"\xE2\x82"), frame(FINAL | CONTINUATION, b"\"}")].concat();
    assert_eq!(code_after(&cut).await, Some(1007));
}

#[tokio::test]
async fn binary_is_not_in_the_protocol() {
    assert_eq!(
        code_after(&frame(FINAL | BINARY, br#"{"type":"ping"}"#)).await,
        Some(4400)
    );
}

#[tokio::test]
async fn a_message_that_is_too_long_is_refused_in_one_frame_and_in_many() {
    // The client sees the code though it goes on sending.
    assert_eq!(
        code_after(&frame(FINAL | TEXT, &vec![b'x'; 10_000_000])).await,
        Some(1009)
    );
    let huge = [&[FINAL | TEXT, 0x80 | 127][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat();
    assert_eq!(code_after(&huge).await, Some(1009));
    let mut fragments = frame(TEXT, &[b'x'; 1024]);
    for _ in 0..64 {
        fragments.extend(frame(CONTINUATION, &[b'x'; 1024]));
    }
    assert_eq!(code_after(&fragments).await, Some(1009));
}

#[tokio::test]
async fn a_message_of_the_longest_length_is_taken_in_one_frame_and_in_single_bytes() {
    let limits = Limits {
        message_bytes: 2000,
        ..Limits::default()
    };
    let server = Server::start(limits).await;
    let mut raw = Raw::accepted(server.address).await;
    let frame_of = |text: &str| json!({"type": "ping", "payload": {"x": text}}).to_string();
    let text = frame_of(&"x".repeat(2000 - frame_of("").len()));
    assert!(raw.try_send(FINAL | TEXT, text.as_bytes()).await);
    let (_, pong) = raw.frame().await;
    assert_eq!(pong.len(), 2000);
    let mut fragments = frame(TEXT, b"");
    for byte in text.bytes() {
        fragments.extend(frame(CONTINUATION, &[byte]));
    }
    fragments.extend(frame(FINAL | CONTINUATION, b""));
    assert!(raw.try_write(&fragments).await);
    assert_eq!(raw.frame().await.1, pong);
}

#[tokio::test]
async fn pings_fragments_and_messages_without_end_are_too_many() {
    let subscribe_and_complete = [
        frame(
            FINAL | TEXT,
            br#"{"type":"subscribe","id":"1","payload":{"query":"never"}}"#,
        ),
        frame(FINAL | TEXT, br#"{"type":"complete","id":"1"}"#),
    ]
    .concat();
    let by_messages = Limits {
        bytes_in_ten_seconds: u64::MAX,
        ..Limits::default()
    };
    let by_bytes = Limits {
        messages_in_ten_seconds: u32::MAX,
        ..Limits::default()
    };
    for (what, limits, begin, repeated) in [
        ("pings", by_messages, vec![], frame(FINAL | PING, b"x")),
        (
            "empty fragments",
            by_bytes,
            frame(TEXT, b""),
            frame(CONTINUATION, b""),
        ),
        (
            "pongs of the protocol",
            by_messages,
            vec![],
            frame(FINAL | TEXT, br#"{"type":"pong"}"#),
        ),
        (
            "operations that are completed",
            by_messages,
            vec![],
            subscribe_and_complete,
        ),
    ] {
        let mut server = Server::start(limits).await;
        let mut bystander = server.client().await;
        let mut raw = Raw::accepted(server.address).await;
        assert!(raw.try_write(&begin).await);
        let burst = repeated.repeat(1000);
        // It is closed long before all of this has been taken.
        for _ in 0..1000 {
            if !raw.try_write(&burst).await || server.has_ended() {
                break;
            }
        }
        drop(raw);
        assert_eq!(server.ended_by_server().await, 4429, "{what}");
        bystander.is_served().await;
    }
}

#[tokio::test]
async fn a_client_that_asks_for_pongs_and_reads_none_is_read_no_further() {
    let limits = Limits {
        send_timeout: Duration::from_millis(30),
        close_timeout: Duration::from_millis(30),
        messages_in_ten_seconds: u32::MAX,
        bytes_in_ten_seconds: u64::MAX,
        ..Limits::default()
    };
    let mut server = Server::start(limits).await;
    let mut bystander = server.client().await;
    let mut raw = Raw::accepted(server.address).await;
    let ping = json!({"type": "ping", "payload": {"x": "x".repeat(60_000)}}).to_string();
    // More than the kernel's buffers of both sides hold, unless the server read on and kept the answers.
    let mut sent = 0;
    while sent < 2000 && !server.has_ended() && raw.try_send(FINAL | TEXT, ping.as_bytes()).await {
        sent += 1;
    }
    assert!(sent < 2000, "the server took everything");
    assert_eq!(server.ended_by_server().await, 1013);
    bystander.is_served().await;
}

#[tokio::test]
async fn whatever_bytes_come_a_connection_ends_in_order() {
    let mut server = Server::start(Limits::default()).await;
    let mut bystander = server.client().await;
    // A xorshift generator: the same bytes in each run.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..200 {
        let mut raw = Raw::accepted(server.address).await;
        let count = random() % 200;
        // Each second time a whole frame with these bytes, else they stand for frames themselves.
        let bytes: Vec<u8> = (0..count).map(|_| random().to_le_bytes()[0]).collect();
        let bytes = match random() % 2 {
            0 => bytes,
            _ => frame(random().to_le_bytes()[0], &bytes),
        };
        raw.try_write(&bytes).await;
        drop(raw);
        server.ended().await;
    }
    bystander.is_served().await;
}
