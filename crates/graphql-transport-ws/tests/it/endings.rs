//! How connections end, and that the client sees the code.

use std::time::Duration;

use graphql_transport_ws::{Ended, Limits};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::client::Client;
use crate::raw::Raw;
use crate::server::{PATIENCE, Server, in_time};

/// A limit that has to run out.
const SHORT: Duration = Duration::from_millis(30);

async fn server() -> Server {
    Server::start(Limits::default()).await
}

#[tokio::test]
async fn an_operation_before_the_ack_is_unauthorized() {
    let mut server = server().await;
    let mut client = Client::connect(server.address).await;
    client.subscribe("1", "count 1").await;
    assert_eq!(client.closed().await, 4401);
    drop(client);
    assert_eq!(server.ended_by_server().await, 4401);
    // The same while the host decides.
    let mut client = Client::connect(server.address).await;
    client
        .send(&json!({"type": "connection_init", "payload": {"key": "undecided"}}))
        .await;
    client.subscribe("1", "count 1").await;
    assert_eq!(client.closed().await, 4401);
}

#[tokio::test]
async fn a_client_without_init_and_a_host_without_decision_run_out_of_time() {
    let server = Server::start(Limits {
        init_timeout: SHORT,
        ..Limits::default()
    })
    .await;
    let mut silent = Client::connect(server.address).await;
    assert_eq!(silent.closed().await, 4408);
    let mut undecided = Client::connect(server.address).await;
    undecided
        .send(&json!({"type": "connection_init", "payload": {"key": "undecided"}}))
        .await;
    assert_eq!(undecided.closed().await, 4408);
}

#[tokio::test]
async fn a_second_init_is_one_too_many() {
    let server = server().await;
    let mut accepted = server.client().await;
    accepted.send(&json!({"type": "connection_init"})).await;
    assert_eq!(accepted.closed().await, 4429);
    let mut undecided = Client::connect(server.address).await;
    for _ in 0..2 {
        undecided
            .send(&json!({"type": "connection_init", "payload": {"key": "undecided"}}))
            .await;
    }
    assert_eq!(undecided.closed().await, 4429);
}

#[tokio::test]
async fn a_host_refuses_with_the_code_of_its_choice() {
    let server = server().await;
    for (key, code) in [("unknown", 4401), ("foreign", 4403), ("hurried", 4429)] {
        let mut client = Client::connect(server.address).await;
        client
            .send(&json!({"type": "connection_init", "payload": {"key": key}}))
            .await;
        assert_eq!(client.closed().await, code);
    }
}

#[tokio::test]
async fn an_id_that_runs_is_not_given_again() {
    let server = server().await;
    let mut client = server.client().await;
    client.subscribe("1", "never").await;
    client.subscribe("1", "count 1").await;
    let Message::Close(Some(frame)) = client.receive_raw().await else {
        panic!("no close frame");
    };
    assert_eq!(
        (u16::from(frame.code), frame.reason.as_str()),
        (4409, "Subscriber for 1 already exists")
    );
}

#[tokio::test]
async fn ten_thousand_operations_are_too_many() {
    let mut server = server().await;
    let mut raw = Raw::accepted(server.address).await;
    for id in 0..10_000 {
        let operation = json!({"type": "subscribe", "id": id.to_string(), "payload": {"query": "never"}});
        if !raw.try_send(0x81, operation.to_string().as_bytes()).await {
            break;
        }
    }
    assert_eq!(raw.close_code().await, Some(4429));
    drop(raw);
    assert_eq!(server.ended_by_server().await, 4429);
    server.running(0).await;
}

#[tokio::test]
async fn a_message_that_the_protocol_lacks_is_invalid() {
    let server = server().await;
    for message in [
        Message::text("{"),
        Message::text(r#"{"type":"start","id":"1","payload":{"query":"{a}"}}"#),
        Message::text(r#"{"type":"subscribe","id":"1","payload":{}}"#),
        Message::text("[".repeat(60_000)),
        Message::binary(r#"{"type":"ping"}"#),
    ] {
        let mut client = server.client().await;
        client.send_raw(message).await;
        assert_eq!(client.closed().await, 4400);
    }
}

#[tokio::test]
async fn a_shutdown_is_1001_and_never_complete() {
    let mut server = server().await;
    let mut client = server.client().await;
    client.subscribe("1", "tick").await;
    client.subscribe("2", "never").await;
    server.running(2).await;
    let mut waiting = Client::connect(server.address).await;
    server.is_stopping.send_replace(true);
    assert_eq!(client.closed().await, 1001);
    assert_eq!(waiting.closed().await, 1001);
    drop((client, waiting));
    server.running(0).await;
    assert_eq!(server.ended_by_server().await, 1001);
    assert_eq!(server.ended_by_server().await, 1001);
}

#[tokio::test]
async fn a_session_ends_with_4403_though_nothing_happens_on_it() {
    let mut server = server().await;
    let mut idle = server.client().await;
    let mut busy = server.client().await;
    busy.subscribe("1", "endless").await;
    busy.receive().await;
    server.host.revocations.send_replace(());
    assert_eq!(idle.closed().await, 4403);
    assert_eq!(busy.closed().await, 4403);
    drop((idle, busy));
    assert_eq!(server.ended_by_server().await, 4403);
}

#[tokio::test]
async fn an_old_connection_goes_away_though_it_is_busy() {
    let server = Server::start(Limits {
        lifetime: Some(SHORT * 10),
        ..Limits::default()
    })
    .await;
    let mut idle = server.client().await;
    let mut busy = server.client().await;
    busy.subscribe("1", "endless").await;
    assert_eq!(busy.closed().await, 1001);
    assert_eq!(idle.closed().await, 1001);
}

#[tokio::test]
async fn an_operation_closes_its_connection_with_what_the_host_says() {
    let server = server().await;
    for (command, code) in [
        ("close 1013", 1013),
        ("close 4403", 4403),
        ("close 1006", 1011),
        ("lost", 1012),
    ] {
        let mut client = server.client().await;
        client.subscribe("1", command).await;
        assert_eq!(client.receive().await["type"], "next");
        assert_eq!(client.closed().await, code, "{command}");
    }
}

#[tokio::test]
async fn a_client_that_answers_pings_stays_and_another_goes() {
    let limits = Limits {
        ping_interval: SHORT,
        pong_timeout: SHORT * 100,
        ..Limits::default()
    };
    let mut server = Server::start(limits).await;
    let mut alive = server.client().await;
    let mut raw = Raw::accepted(server.address).await;
    alive.subscribe("1", "never").await;
    // The client of the library answers each ping as it reads; the other answers none.
    let mut pings = 0;
    let answering = async {
        loop {
            assert!(matches!(alive.receive_raw().await, Message::Ping(_)));
            pings += 1;
        }
    };
    tokio::select! {
        code = raw.close_code() => assert_eq!(code, Some(1001)),
        () = answering => {}
    }
    drop(raw);
    assert_eq!(server.ended_by_server().await, 1001);
    assert!(pings > 1, "{pings}");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_too_slow_and_sees_so_when_it_reads() {
    let limits = Limits {
        send_timeout: SHORT,
        close_timeout: PATIENCE,
        ..Limits::default()
    };
    let mut server = Server::start(limits).await;
    let mut raw = Raw::accepted(server.address).await;
    raw.send(&json!({"type": "subscribe", "id": "1", "payload": {"query": "flood 100000"}}))
        .await;
    server.running(1).await;
    // Not read from until the server has given it up.
    server.running(0).await;
    assert_eq!(raw.close_code().await, Some(1013));
    drop(raw);
    assert_eq!(server.ended_by_server().await, 1013);
}

#[tokio::test]
async fn the_server_closes_its_half_first() {
    let limits = Limits {
        close_timeout: Duration::MAX,
        ..Limits::default()
    };
    let mut server = Server::start(limits).await;
    let mut raw = Raw::connect(server.address).await;
    server.is_stopping.send_replace(true);
    assert_eq!(raw.close_code().await, Some(1001));
    let end = in_time("the end of the server's half", raw.0.read(&mut [0])).await;
    assert_eq!(end.expect("no reset"), 0);
    assert!(!server.has_ended(), "it waits for the client's half");
    drop(raw);
    assert_eq!(server.ended_by_server().await, 1001);
}

#[tokio::test]
async fn a_client_that_never_reads_does_not_hold_a_connection() {
    let limits = Limits {
        send_timeout: SHORT,
        close_timeout: SHORT,
        ..Limits::default()
    };
    let mut server = Server::start(limits).await;
    let mut raw = Raw::accepted(server.address).await;
    raw.send(&json!({"type": "subscribe", "id": "1", "payload": {"query": "flood 100000"}}))
        .await;
    assert_eq!(server.ended_by_server().await, 1013);
}

#[tokio::test]
async fn a_client_that_closes_is_answered_and_one_that_vanishes_is_gone() {
    let mut server = server().await;
    let mut client = server.client().await;
    client.subscribe("1", "never").await;
    server.running(1).await;
    let close = CloseFrame {
        code: 1000.into(),
        reason: "done".into(),
    };
    client.send_raw(Message::Close(Some(close))).await;
    assert_eq!(client.closed().await, 1000);
    drop(client);
    assert_eq!(server.ended().await, Ended::ByClient(Some(1000)));
    server.running(0).await;
    // Half of the connection closed is all of it.
    let mut raw = Raw::accepted(server.address).await;
    raw.0.shutdown().await.expect("an open socket");
    assert_eq!(server.ended().await, Ended::Lost);
    assert_eq!(raw.close_code().await, None);
}
