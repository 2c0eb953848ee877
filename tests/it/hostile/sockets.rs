//! Sockets: smuggling, silence, slowness, other protocols, many connections.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use super::http::OPEN;
use crate::server::Server;

/// Sends bytes and gives all that comes until the service closes the connection.
pub(super) fn exchange(server: &Server, bytes: &[u8]) -> String {
    let mut socket = server.socket();
    // What is refused is answered before it is taken whole.
    let _ = socket.write_all(bytes);
    rest(&mut socket)
}

fn rest(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    match socket.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the connection stays open: {error}"),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn alive(server: &Server) {
    assert_eq!(server.client().graphql("{ viewer { id } }").status, 200);
}

#[tokio::test]
async fn requests_that_two_readers_would_split_differently_are_refused_and_the_connection_closed() {
    let mut server = Server::start(&OPEN).await;
    let tail = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    for head in [
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 6\r\n\r\nhello",
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
        "POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "GET /graphql HTTP/1.1\r\nHost: x\r\nX: a\r\n folded\r\n\r\n",
        "GET /graphql HTTP/1.1\r\nHost: x\r\nX\0: a\r\n\r\n",
        "GET /graphql HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n",
        "GET  /graphql HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /graphql HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /graphql\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "\x16\x03\x01\x02\0\x01\0\x01\r\n\r\n",
    ] {
        let answers = exchange(&server, format!("{head}{tail}").as_bytes());
        assert!(
            answers.is_empty() || answers.starts_with("HTTP/1.1 400"),
            "{head:?}: {answers}"
        );
        assert_eq!(
            answers.matches("HTTP/1.1 ").count(),
            usize::from(!answers.is_empty()),
            "{head:?}: {answers}"
        );
        alive(&server);
    }
    let chunks = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    let key = format!("Authorization: Bearer {}\r\n\r\n", server.tenants[0].key);
    for size in ["fffffffffffffffff", "-1", "0x5", "5 5", "g", ""] {
        let answers = exchange(
            &server,
            format!("{chunks}{key}{size}\r\nhello\r\n{tail}").as_bytes(),
        );
        assert!(answers.starts_with("HTTP/1.1 400"), "{size}: {answers}");
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{size}: {answers}");
        alive(&server);
    }
    // Both lengths: refused, or the chunks decide; whatever stands behind is not served.
    let both = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{tail}"
    );
    let answers = exchange(&server, both.as_bytes());
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
    assert!(server.runs());
}

#[tokio::test]
async fn http_2_is_not_spoken() {
    let server = Server::start(&OPEN).await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut flood = preface.to_vec();
    // Settings, then a thousand empty frames of data.
    flood.extend_from_slice(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
    flood.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 1].repeat(1_000));
    for bytes in [&preface[..], &flood] {
        let answers = exchange(&server, bytes);
        assert!(
            answers.is_empty() || answers.starts_with("HTTP/1.1 400"),
            "{answers}"
        );
        alive(&server);
    }
}

#[tokio::test]
async fn clients_that_keep_the_service_waiting_are_cut_while_others_are_served() {
    // Longer than a client may be held up between connecting and sending, or it is cut before it has asked anything.
    let options = [
        "--header-timeout-ms",
        "2000",
        "--body-timeout-ms",
        "400",
        "--idle-timeout-ms",
        "400",
    ];
    let mut server = Server::start(&[&OPEN[..], &options].concat()).await;
    let key = server.tenants[0].key.clone();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}\r\nContent-Length: 100\r\n\r\n"
    );
    let starts = [
        "",
        "PRI * HT",
        "GET /graphql HTTP/1.1\r\nHost: x\r\n",
        &head,
        "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    ];
    thread::scope(|scope| {
        let slow: Vec<_> = starts
            .iter()
            .flat_map(|start| [start; 4])
            .map(|start| {
                let server = &server;
                scope.spawn(move || {
                    let mut socket = server.socket();
                    socket.write_all(start.as_bytes()).unwrap();
                    (*start, rest(&mut socket))
                })
            })
            .collect();
        // One that never stops sending its head, a byte at a time.
        let drip = scope.spawn(|| {
            let mut socket = server.socket();
            socket.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
            (0..10_000).position(|_| {
                thread::sleep(Duration::from_millis(5));
                socket.write_all(b"a").is_err()
            })
        });
        for _ in 0..20 {
            alive(&server);
        }
        for slow in slow {
            let (start, answer) = slow.join().unwrap();
            if start.starts_with("POST") {
                assert!(
                    answer.starts_with("HTTP/1.1 408") && answer.contains("BAD_REQUEST"),
                    "{answer}"
                );
            } else if start.contains("/livez") {
                assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            } else {
                assert!(
                    answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
                    "{start}: {answer}"
                );
            }
        }
        assert!(
            drip.join().unwrap().is_some(),
            "a head without an end was not cut"
        );
    });
    alive(&server);
    assert!(server.runs());
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answers_is_cut() {
    let options = ["--write-timeout-ms", "400"];
    let mut server = Server::start(&[&OPEN[..], &options].concat()).await;
    let ask = format!(
        "GET /api/v1/imports?per_page=100 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        server.tenants[0].key
    );
    let many = ask.repeat(1_000);
    let mut socket = server.socket();
    // Answers fill both sides' buffers, then requests do; at the end the service hangs up.
    let cut = (0..2_000).position(|_| socket.write_all(many.as_bytes()).is_err());
    assert!(cut.is_some(), "answers without a reader were not cut");
    alive(&server);
    assert!(server.runs());
}

#[tokio::test]
async fn past_the_cap_connections_wait_and_the_operators_address_still_answers() {
    let options = [
        "--connections",
        "16",
        "--metrics-listen",
        "127.0.0.1:0",
        "--idle-timeout-ms",
        "60000",
    ];
    let server = Server::start(&[&OPEN[..], &options].concat()).await;
    let silent: Vec<TcpStream> = (0..16).map(|_| server.socket()).collect();
    // The seventeenth is in the kernel's queue: it is answered once another leaves.
    let mut waiting = server.socket();
    waiting
        .write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut operating = crate::server::Client::new(&server.operating(), None);
    assert_eq!(operating.get("/livez").status, 200);
    drop(silent);
    assert!(rest(&mut waiting).starts_with("HTTP/1.1 200"));
    alive(&server);
}
