//! What a connection may cost, and how it is closed beyond that.

use serde_json::json;
use tokio::net::TcpSocket;
use tokio::task::block_in_place;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::{FAILED, Socket, code, now};
use crate::changes::stream::{insert, servers, write};
use crate::databases;
use crate::server::{Server, furnish};
use crate::waiting;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_has_so_many_connections_and_a_connection_so_many_operations() {
    let options = [
        "--sockets-per-account",
        "2",
        "--socket-operations",
        "2",
        "--streams-per-account",
        "3",
    ];
    for (server, _database) in servers(&options).await {
        let mut first = Socket::accepted(&server).await;
        let mut second = Socket::accepted(&server).await;
        let mut third = Socket::open(&server, &[]).await.unwrap();
        let authorization = format!("Bearer {}", server.tenants[0].key);
        third.init(json!({ "Authorization": authorization })).await;
        assert_eq!(third.closed().await, 4429);
        let after = now(&server);
        for id in ["a", "b"] {
            first.subscribe(id, FAILED, json!({ "after": after })).await;
        }
        second.subscribe("a", FAILED, json!({ "after": after })).await;
        write(&server, &insert(&server, 1, "failed")).await;
        // One of each stream: all three have their places.
        for (socket, streams) in [(&mut first, 2), (&mut second, 1)] {
            let mut told = std::collections::BTreeSet::new();
            while told.len() < streams {
                let message = socket.message().await.unwrap();
                assert_eq!(message["type"], "next");
                told.insert(message["id"].to_string());
            }
        }
        // The account's fourth stream is refused, and its third goes on.
        second.subscribe("b", FAILED, json!({})).await;
        assert_eq!(code(&second.payload("b", "error").await), "RATE_LIMITED");
        write(&server, &insert(&server, 2, "failed")).await;
        assert_eq!(second.change("a").await["databaseId"], "2");
        // The connection's third operation, and all places are free again.
        first.subscribe("c", FAILED, json!({})).await;
        assert_eq!(first.closed().await, 4429);
        let what = "a place for another connection";
        waiting::eventually(what, async || {
            let mut socket = Socket::open(&server, &[]).await.unwrap();
            socket.init(json!({ "Authorization": authorization })).await;
            match socket.message().await {
                Ok(_) => Ok(()),
                Err(closed) => Err(format!("{closed:?}")),
            }
        })
        .await;
        second.subscribe("b", FAILED, json!({ "after": after })).await;
        assert_eq!(second.change("b").await["databaseId"], "1");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_on_where_there_is_no_room_comes_again_later() {
    for (server, _database) in servers(&["--streams", "0"]).await {
        let after = now(&server);
        let mut socket = Socket::accepted(&server).await;
        socket.subscribe("a", FAILED, json!({})).await;
        assert_eq!(code(&socket.payload("a", "error").await), "OVERLOADED");
        socket.subscribe("a", FAILED, json!({ "after": after })).await;
        assert_eq!(socket.closed().await, 1013);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_hostile_client_sends_ends_its_connection_by_a_code() {
    let options = [
        "--socket-init-timeout-ms",
        "2000",
        "--socket-message-bytes",
        "1000",
        "--socket-ping-interval-ms",
        "100",
    ];
    let (server, _database) = servers(&options).await.remove(0);
    // Nothing, or pings alone.
    let mut silent = Socket::open(&server, &[]).await.unwrap();
    assert_eq!(silent.closed().await, 4408);
    let mut early = Socket::open(&server, &[]).await.unwrap();
    early.subscribe("a", FAILED, json!({})).await;
    assert_eq!(early.closed().await, 4401);
    let mut twice = Socket::accepted(&server).await;
    twice.init(json!({})).await;
    assert_eq!(twice.closed().await, 4429);
    let mut same = Socket::accepted(&server).await;
    for _ in 0..2 {
        same.subscribe("a", FAILED, json!({})).await;
    }
    assert_eq!(same.closed().await, 4409);
    for (message, code) in [
        (Message::binary(b"{}".to_vec()), 4400),
        (Message::text("{"), 4400),
        (
            Message::text(format!(
                "{{\"type\":\"ping\",\"payload\":{{\"a\":\"{}\"}}}}",
                "a".repeat(1000)
            )),
            1009,
        ),
        (Message::binary(vec![0; 10_000_000]), 1009),
    ] {
        let mut socket = Socket::accepted(&server).await;
        // The rest may not be taken any more.
        let _ = socket.try_send(message).await;
        assert_eq!(socket.closed().await, code);
    }
    for ping in [Message::Ping(Bytes::new()), Message::text(r#"{"type":"ping"}"#)] {
        let mut socket = Socket::accepted(&server).await;
        // Its pongs are read only at the end.
        for _ in 0..1100 {
            let _ = socket.try_send(ping.clone()).await;
        }
        assert_eq!(socket.closed().await, 4429);
    }
    let mut many = Socket::accepted(&server).await;
    for id in 0..10_000 {
        let operation = json!({"id": id.to_string(), "type": "subscribe", "payload": {"query": FAILED}});
        if many.try_send(Message::text(operation.to_string())).await.is_err() {
            break;
        }
    }
    assert_eq!(many.closed().await, 4429);
    // It answers its pings, and stays.
    let mut socket = Socket::accepted(&server).await;
    socket.subscribe("a", "{ __typename }", json!({})).await;
    assert_eq!(
        socket.payload("a", "next").await,
        json!({"data": {"__typename": "Query"}})
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_cut() {
    let database = databases::either().await;
    let tenants = furnish(&database.url, &[100]).await;
    let options = [
        "--write-timeout-ms",
        "500",
        "--socket-operations",
        "2000",
        "--waiting",
        "2000",
        "--wait-ms",
        "60000",
        "--rate-limit",
        "off",
    ];
    let server = Server::over(&database.url, &options, tenants);
    // It takes little before it stops.
    let small = TcpSocket::new_v4().unwrap();
    small.set_recv_buffer_size(4096).unwrap();
    let stream = small.connect(server.address.parse().unwrap()).await.unwrap();
    let socket = Socket::over(stream, &server, "/graphql", &[]).await.unwrap();
    let mut socket = socket.with_key(&server).await;
    let document =
        "{ imports(first: 100) { nodes { id fileName fileSize type status createdAt updatedAt note } } }";
    for id in 0..900 {
        let operation = json!({"id": id.to_string(), "type": "subscribe", "payload": {"query": document}});
        // It may be cut before it has asked for all.
        let _ = socket.try_send(Message::text(operation.to_string())).await;
    }
    // The close frame stays in the queue, too, so that it is the log that has the code.
    let mut log = String::new();
    block_in_place(|| {
        waiting::eventually_blocking("the end of the connection in the log", || {
            log += &server.written_log();
            let ended = log.lines().find(|line| line.contains("a WebSocket has ended"));
            ended.map(str::to_owned).ok_or_else(|| "none yet".to_owned())
        })
    });
    assert!(log.contains("code: 1013"), "{log}");
}
