//! What a client that keeps to the protocol gets.

use std::collections::HashMap;

use graphql_transport_ws::Limits;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::Client;
use crate::raw::{CONTINUATION, FINAL, Raw, TEXT, shake_hands};
use crate::server::Server;

async fn server() -> Server {
    Server::start(Limits::default()).await
}

fn next(id: &str, count: usize) -> Value {
    json!({"id": id, "type": "next", "payload": {"data": {"count": count}}})
}

#[tokio::test]
async fn the_handshake_chooses_the_protocol_from_all_lists() {
    let server = server().await;
    for offer in [
        "Sec-WebSocket-Protocol: graphql-ws, graphql-transport-ws\r\n",
        "Sec-WebSocket-Protocol: graphql-ws\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n",
    ] {
        let (head, _) = shake_hands(server.address, offer).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(
            head.contains("sec-websocket-protocol: graphql-transport-ws\r\n"),
            "{head}"
        );
        // That of the example in RFC 6455, section 1.3.
        assert!(
            head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
            "{head}"
        );
    }
    for offer in ["", "Sec-WebSocket-Protocol: graphql-ws\r\n"] {
        let (head, _) = shake_hands(server.address, offer).await;
        assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    }
}

#[tokio::test]
async fn a_subscription_has_its_events_in_order_and_then_its_end() {
    let mut client = server().await.client().await;
    let messages = client.run("1", "count 3").await;
    let complete = json!({"id": "1", "type": "complete"});
    assert_eq!(messages, [next("1", 1), next("1", 2), next("1", 3), complete]);
}

#[tokio::test]
async fn a_query_is_one_result_and_its_end() {
    let mut client = server().await.client().await;
    let variables = json!({"text": "\u{1F600}\"\\", "list": [1, null]});
    client
        .send(&json!({"type": "subscribe", "id": "\"1\"", "payload": {"query": "echo", "variables": variables}}))
        .await;
    let result = json!({"id": "\"1\"", "type": "next", "payload": {"data": variables}});
    assert_eq!(client.receive().await, result);
    assert_eq!(client.receive().await, json!({"id": "\"1\"", "type": "complete"}));
}

#[tokio::test]
async fn an_error_is_the_last_message_of_its_operation() {
    let mut client = server().await.client().await;
    let messages = client.run("1", "nonsense").await;
    let errors = json!([{"message": "unknown command nonsense"}]);
    assert_eq!(messages, [json!({"id": "1", "type": "error", "payload": errors})]);
    // A `complete` would come before this.
    client.is_served().await;
}

#[tokio::test]
async fn pings_of_both_levels_are_answered_before_and_after_the_ack() {
    let server = server().await;
    let mut client = Client::connect(server.address).await;
    for accepted in [false, true] {
        if accepted {
            client.init().await;
        }
        client.send(&json!({"type": "ping", "payload": {"a": [1]}})).await;
        assert_eq!(
            client.receive().await,
            json!({"type": "pong", "payload": {"a": [1]}})
        );
        client.send(&json!({"type": "ping"})).await;
        assert_eq!(client.receive().await, json!({"type": "pong"}));
        client.send(&json!({"type": "pong"})).await;
        client.send_raw(Message::Ping("x".into())).await;
        assert_eq!(client.receive_raw().await, Message::Pong("x".into()));
    }
}

#[tokio::test]
async fn what_a_client_completes_is_dropped_and_its_id_is_free_again() {
    let server = server().await;
    let mut client = server.client().await;
    client.subscribe("1", "endless").await;
    assert_eq!(client.receive().await, next("1", 1));
    client.complete("1").await;
    client.complete("unknown").await;
    server.running(0).await;
    client.subscribe("2", "never").await;
    server.running(1).await;
    client.subscribe("1", "nonsense").await;
    // What was under way when the client completed it may still come, and then the other operation of that id.
    loop {
        let message = client.receive().await;
        assert_eq!(message["id"], "1");
        if message["type"] == "error" {
            break;
        }
    }
}

#[tokio::test]
async fn operations_that_always_have_an_event_have_as_many_as_each_other() {
    let mut client = server().await.client().await;
    let ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for id in ids {
        client.subscribe(id, "endless").await;
    }
    let mut first = HashMap::new();
    let mut last = HashMap::new();
    let mut received = 0;
    let mut before = 0;
    // Until all of them have begun, and then for a while.
    while first.len() < ids.len() || received < 4000 {
        let message = client.receive().await;
        let id = message["id"].as_str().expect("an id").to_owned();
        let count = message["payload"]["data"]["count"].as_u64().expect("a number");
        first.entry(id.clone()).or_insert(count);
        last.insert(id, count);
        match first.len() < ids.len() {
            true => before += 1,
            false => received += 1,
        }
        assert!(before < 1_000_000, "some never have a turn: {last:?}");
    }
    // All of them began at different times, and each has had an eighth since.
    for (id, count) in &last {
        assert!(*count >= 499, "{id}: {last:?}");
    }
}

#[tokio::test]
async fn a_long_result_comes_whole_in_short_frames() {
    let mut raw = Raw::accepted(server().await.address).await;
    raw.send(&json!({"type": "subscribe", "id": "1", "payload": {"query": "long 300000"}}))
        .await;
    let mut text = Vec::new();
    loop {
        let (first_byte, payload) = raw.frame().await;
        let expected = if text.is_empty() { TEXT } else { CONTINUATION };
        assert_eq!(first_byte & 0xF, expected);
        assert!(payload.len() <= 4096, "{}", payload.len());
        text.extend(payload);
        if first_byte & FINAL != 0 {
            break;
        }
    }
    let message: Value = serde_json::from_slice(&text).expect("JSON");
    assert_eq!(message["payload"], "x".repeat(300_000));
}
