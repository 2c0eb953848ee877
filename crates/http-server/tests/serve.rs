//! The server over real sockets, with an axum router as its service. Every wait is for an event, and has a limit of its
//! own; the server's limits are short where they have to run out.
#![allow(clippy::panic, reason = "a test that gives up says what it waited for")]

use std::convert::Infallible;
use std::future::ready;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use futures_util::stream;
use http_body_util::{BodyExt, Limited};
use http_server::{Drained, Limits, RequestBody, Service, bind, serve};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::ServiceExt;

/// An axum router as a service.
#[derive(Clone)]
struct Routes(Router);

impl Service for Routes {
    type ResponseBody = Body;

    async fn call(&self, request: Request<RequestBody>, client: SocketAddr) -> Response<Body> {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(client));
        let Ok(response) = self.0.clone().oneshot(request).await;
        response
    }
}

/// How long anything is waited for before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// A limit that has to run out.
const SHORT: Duration = Duration::from_millis(30);
/// One that has to run out too, but not before a client that has just connected has sent its request, though its thread
/// be held up in between.
const LESS_SHORT: Duration = Duration::from_secs(1);
const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// What a future gives, which must come.
async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = timeout(PATIENCE, future).await;
    done.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Drained>,
}

impl Server {
    async fn start(router: Router, limits: Limits) -> Self {
        let listener = listener();
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            serve(listener, Routes(router), &limits, async move {
                let _ = stopped.await;
            })
            .await
        });
        Self {
            address,
            stop,
            running,
        }
    }

    async fn stop(self) -> Drained {
        self.stop.send(()).expect("the server runs");
        let ended = in_time("the end of the server", self.running).await;
        ended.expect("the server ends in order")
    }
}

struct Client(BufReader<TcpStream>);

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn is_last(&self) -> bool {
        self.head.contains("connection: close")
    }
}

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        let connected = in_time("a connection", TcpStream::connect(address)).await;
        Self(BufReader::new(connected.expect("the server accepts")))
    }

    async fn send(&mut self, text: &str) {
        let sent = in_time("a request taken", self.0.write_all(text.as_bytes())).await;
        sent.expect("the server reads");
    }

    /// The next answer, or nothing where the connection ends first.
    async fn answer(&mut self) -> Option<Answer> {
        in_time("an answer, or the end of the connection", self.read()).await
    }

    async fn read(&mut self) -> Option<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head).await.unwrap_or(0) == 0 {
                return None;
            }
        }
        let head = head.to_ascii_lowercase();
        let length = head
            .split("content-length: ")
            .nth(1)?
            .split("\r\n")
            .next()?
            .parse()
            .ok()?;
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.ok()?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer {
            status,
            head,
            body: String::from_utf8(body).ok()?,
        })
    }

    async fn ask(&mut self, request: &str) -> Answer {
        self.send(request).await;
        self.answer().await.expect("an answer")
    }

    /// Whatever comes until the server closes.
    async fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset ends the connection as well.
        let _ = in_time("the end of the connection", self.0.read_to_end(&mut rest)).await;
        rest
    }
}

fn listener() -> TcpListener {
    bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port")
}

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

/// A route that says when it runs and answers when it is told to.
fn gate() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (entered, open) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (at_entry, at_gate) = (Arc::clone(&entered), Arc::clone(&open));
    let router = hello().route(
        "/gate",
        get(move || async move {
            at_entry.notify_one();
            at_gate.notified().await;
            "through"
        }),
    );
    (router, entered, open)
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another_and_knows_its_peer() {
    let router = hello().route(
        "/peer",
        get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }),
    );
    let server = Server::start(router, Limits::default()).await;
    let mut client = Client::connect(server.address).await;
    assert_eq!(client.ask(REQUEST).await.body, "hello");
    let answer = client.ask("GET /peer HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(
        answer.body,
        client.0.get_ref().local_addr().expect("an address").to_string()
    );
    assert!(!answer.is_last());
    let drained = server.stop().await;
    assert_eq!(
        drained,
        Drained {
            accepted: 1,
            refused: 0,
            open_at_shutdown: 1,
            aborted: 0
        }
    );
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Server::start(hello(), Limits::default()).await;
    let mut client = Client::connect(server.address).await;
    client
        .send(&format!("GET /no HTTP/1.1\r\nHost: a\r\n\r\n{REQUEST}"))
        .await;
    assert_eq!(client.answer().await.expect("the first answer").status, 404);
    assert_eq!(client.answer().await.expect("the second answer").status, 200);
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_closed() {
    let limits = Limits {
        header_timeout: SHORT,
        ..Limits::default()
    };
    let server = Server::start(hello(), limits).await;
    assert_eq!(Client::connect(server.address).await.rest().await, b"");
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_though_bytes_keep_coming() {
    let limits = Limits {
        header_timeout: SHORT,
        ..Limits::default()
    };
    let server = Server::start(hello(), limits).await;
    let client = Client::connect(server.address).await;
    let (mut reader, mut writer) = client.0.into_inner().into_split();
    writer
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n")
        .await
        .expect("the server reads");
    let trickle = async {
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        while writer.write_all(b"x: y\r\n").await.is_ok() {
            tick.tick().await;
        }
    };
    let mut rest = Vec::new();
    in_time("the end of the connection", async {
        tokio::select! {
            () = trickle => {}
            _ = reader.read_to_end(&mut rest) => {}
        }
    })
    .await;
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_answer() {
    let limits = Limits {
        idle_timeout: SHORT,
        ..Limits::default()
    };
    let server = Server::start(hello(), limits).await;
    let mut client = Client::connect(server.address).await;
    assert!(!client.ask(REQUEST).await.is_last());
    assert_eq!(client.rest().await, b"");
}

#[tokio::test]
async fn an_idle_connection_outlives_the_header_timeout() {
    let limits = Limits {
        header_timeout: LESS_SHORT,
        ..Limits::default()
    };
    let server = Server::start(hello(), limits).await;
    let mut client = Client::connect(server.address).await;
    client.ask(REQUEST).await;
    // A full time-out passes on another connection, begun later.
    assert_eq!(Client::connect(server.address).await.rest().await, b"");
    assert_eq!(client.ask(REQUEST).await.status, 200);
}

#[tokio::test]
async fn a_running_request_outlives_the_header_and_idle_timeouts() {
    let limits = Limits {
        header_timeout: LESS_SHORT,
        idle_timeout: SHORT,
        ..Limits::default()
    };
    let (router, entered, open) = gate();
    let server = Server::start(router, limits).await;
    let mut client = Client::connect(server.address).await;
    client.send("GET /gate HTTP/1.1\r\nHost: a\r\n\r\n").await;
    in_time("the request begun", entered.notified()).await;
    // Two full time-outs pass on other connections before the gate opens.
    assert_eq!(Client::connect(server.address).await.rest().await, b"");
    let mut other = Client::connect(server.address).await;
    other.ask(REQUEST).await;
    assert_eq!(other.rest().await, b"");
    open.notify_one();
    assert_eq!(client.answer().await.expect("an answer").body, "through");
}

#[tokio::test]
async fn past_the_cap_a_client_waits_until_another_leaves() {
    let served = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&served);
    let router = hello().route(
        "/count",
        get(move || async move { (counter.fetch_add(1, Ordering::SeqCst) + 1).to_string() }),
    );
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let server = Server::start(router, limits).await;
    let mut first = Client::connect(server.address).await;
    first.ask(REQUEST).await;
    let mut second = Client::connect(server.address).await;
    second.send("GET /count HTTP/1.1\r\nHost: a\r\n\r\n").await;
    for _ in 0..50 {
        first.ask(REQUEST).await;
    }
    assert_eq!(served.load(Ordering::SeqCst), 0);
    drop(first);
    assert_eq!(second.answer().await.expect("an answer").body, "1");
}

#[tokio::test]
async fn a_drain_finishes_what_runs_and_closes_what_does_not() {
    let (router, entered, open) = gate();
    let server = Server::start(router, Limits::default()).await;
    let address = server.address;
    let silent = Client::connect(address).await;
    let mut idle = Client::connect(address).await;
    idle.ask(REQUEST).await;
    let mut busy = Client::connect(address).await;
    busy.send("GET /gate HTTP/1.1\r\nHost: a\r\n\r\n").await;
    in_time("the request begun", entered.notified()).await;
    let stopping = tokio::spawn(server.stop());
    assert_eq!(silent.rest().await, b"");
    assert_eq!(idle.rest().await, b"");
    assert!(TcpStream::connect(address).await.is_err());
    open.notify_one();
    let answer = busy.answer().await.expect("an answer");
    assert_eq!(answer.body, "through");
    assert!(answer.is_last());
    assert_eq!(busy.rest().await, b"");
    let drained = in_time("the drain", stopping).await.expect("the drain ends");
    assert_eq!(
        drained,
        Drained {
            accepted: 3,
            refused: 0,
            open_at_shutdown: 3,
            aborted: 0
        }
    );
}

#[tokio::test]
async fn a_request_whose_first_bytes_came_before_the_shutdown_is_answered() {
    let server = Server::start(hello(), Limits::default()).await;
    let (before, after) = REQUEST.split_at(7);
    let mut fresh = Client::connect(server.address).await;
    fresh.send(before).await;
    let mut later = Client::connect(server.address).await;
    later.ask(REQUEST).await;
    later.send(before).await;
    let idle = Client::connect(server.address).await;
    let stopping = tokio::spawn(server.stop());
    // Once an idle connection is gone, the grace is over for all.
    assert_eq!(idle.rest().await, b"");
    for client in [&mut fresh, &mut later] {
        let answer = client.ask(after).await;
        assert_eq!((answer.status, answer.is_last()), (200, true));
    }
    let drained = in_time("the drain", stopping).await;
    assert_eq!(drained.expect("the drain ends").aborted, 0);
}

#[tokio::test]
async fn a_request_in_the_kernels_queue_at_the_shutdown_is_answered() {
    let listener = listener();
    let mut client = Client::connect(listener.local_addr().expect("an address")).await;
    client.send(REQUEST).await;
    let limits = Limits::default();
    let drained = in_time("the drain", serve(listener, Routes(hello()), &limits, ready(()))).await;
    let answer = client.answer().await.expect("an answer");
    assert_eq!((answer.status, answer.is_last()), (200, true));
    assert_eq!(
        drained,
        Drained {
            accepted: 1,
            refused: 0,
            open_at_shutdown: 1,
            aborted: 0
        }
    );
}

#[tokio::test]
async fn the_drain_ends_at_its_deadline_whatever_still_runs() {
    // The gate is never opened.
    let (router, entered, _open) = gate();
    let limits = Limits {
        drain_timeout: SHORT,
        drain_idle_grace: Duration::ZERO,
        ..Limits::default()
    };
    let server = Server::start(router, limits).await;
    let mut client = Client::connect(server.address).await;
    client.ask(REQUEST).await;
    client.send("GET /gate HTTP/1.1\r\nHost: a\r\n\r\n").await;
    // Before that the connection would be closed as idle, and nothing aborted.
    in_time("the request begun", entered.notified()).await;
    let drained = server.stop().await;
    assert_eq!(drained.aborted, 1);
    assert_eq!(client.rest().await, b"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_of_an_open_connection_fails_when_the_server_stops_under_load() {
    for round in 0..10 {
        // However long a client is held up between two requests, its connection is not closed as idle.
        let limits = Limits {
            drain_idle_grace: PATIENCE,
            ..Limits::default()
        };
        let server = Server::start(hello(), limits).await;
        let answered = Arc::new(AtomicUsize::new(0));
        let mut clients = Vec::new();
        for _ in 0..8 {
            let answered = Arc::clone(&answered);
            let mut client = Client::connect(server.address).await;
            clients.push(tokio::spawn(async move {
                loop {
                    let answer = client.ask(REQUEST).await;
                    assert_eq!(answer.body, "hello");
                    answered.fetch_add(1, Ordering::SeqCst);
                    if answer.is_last() {
                        break;
                    }
                }
            }));
        }
        in_time("answers to all clients", async {
            while answered.load(Ordering::SeqCst) < 20 + 37 * round {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let drained = server.stop().await;
        for client in clients {
            let ended = in_time("a client's last answer", client).await;
            ended.expect("every request was answered");
        }
        assert_eq!((drained.accepted, drained.aborted), (8, 0));
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    struct Gone(Option<oneshot::Sender<()>>);
    impl Drop for Gone {
        fn drop(&mut self) {
            if let Some(sender) = self.0.take() {
                let _ = sender.send(());
            }
        }
    }
    let (sender, gone) = oneshot::channel();
    let guard = Arc::new(std::sync::Mutex::new(Some(Gone(Some(sender)))));
    let endless = move || async move {
        let guard = guard.lock().expect("unpoisoned").take();
        Body::from_stream(stream::repeat_with(move || {
            let _held = &guard;
            Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 16 * 1024]))
        }))
    };
    let limits = Limits {
        write_idle_timeout: SHORT,
        ..Limits::default()
    };
    let server = Server::start(hello().route("/endless", get(endless)), limits).await;
    let mut client = Client::connect(server.address).await;
    client.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let gone = in_time("the answer dropped", gone).await;
    gone.expect("the answer is dropped");
    let drained = server.stop().await;
    assert_eq!(drained.aborted, 0);
}

#[tokio::test]
async fn a_body_too_large_is_answered_though_the_client_is_still_sending() {
    let receive = |body: Body| async move {
        match Limited::new(body, 1024).collect().await {
            Ok(_) => StatusCode::OK.into_response(),
            Err(error) => (StatusCode::PAYLOAD_TOO_LARGE, error.to_string()).into_response(),
        }
    };
    let server = Server::start(Router::new().route("/", post(receive)), Limits::default()).await;
    let length = format!("Content-Length: {}", 10 * 1024 * 1024);
    for framing in [length.as_str(), "Transfer-Encoding: chunked"] {
        let mut client = Client::connect(server.address).await;
        client
            .send(&format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n"))
            .await;
        let (reader, mut writer) = client.0.into_inner().into_split();
        let sending = tokio::spawn(async move {
            let chunk = format!("2000\r\n{}\r\n", "x".repeat(0x2000));
            for _ in 0..1024 {
                if writer.write_all(chunk.as_bytes()).await.is_err() {
                    break;
                }
            }
        });
        let mut reader = BufReader::new(reader);
        let mut answer = vec![0; 12];
        let read = in_time("an answer", reader.read_exact(&mut answer)).await;
        read.expect("an answer");
        assert_eq!(answer, b"HTTP/1.1 413");
        let mut rest = Vec::new();
        let _ = in_time("the end of the connection", reader.read_to_end(&mut rest)).await;
        assert!(
            String::from_utf8_lossy(&rest)
                .to_ascii_lowercase()
                .contains("connection: close")
        );
        let sent = in_time("the sender's end", sending).await;
        sent.expect("the sender ends");
    }
}

#[tokio::test]
async fn a_small_body_that_nobody_reads_does_not_cost_the_connection() {
    let router = Router::new().route("/", post(|| async { "unread" }));
    let server = Server::start(router, Limits::default()).await;
    let mut client = Client::connect(server.address).await;
    for _ in 0..2 {
        let answer = client
            .ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345")
            .await;
        assert_eq!((answer.status, answer.is_last()), (200, false));
    }
}

#[tokio::test]
async fn a_connection_outlives_an_unread_body_only_where_the_body_has_come() {
    let router = Router::new().route("/", post(|| async { "unread" }));
    let server = Server::start(router, Limits::default()).await;
    // The answer waits a moment for a small body that comes behind its head.
    let mut client = Client::connect(server.address).await;
    for _ in 0..2 {
        client
            .send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n123")
            .await;
        tokio::task::yield_now().await;
        let answer = client.ask("45").await;
        assert_eq!((answer.status, answer.is_last()), (200, false));
    }
    // One that does not come, or that nobody asked for, is answered all the same, and the answer is the last.
    for fields in [
        "Content-Length: 5\r\n\r\n123",
        "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
        "Content-Length: 5000\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n",
    ] {
        let mut client = Client::connect(server.address).await;
        let answer = client
            .ask(&format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}"))
            .await;
        assert_eq!((answer.status, answer.is_last()), (200, true), "{fields:?}");
    }
}

#[tokio::test]
async fn the_parser_stops_far_past_the_header_limits() {
    let server = Server::start(hello(), Limits::default()).await;
    let many = "x: y\r\n".repeat(129);
    let large = format!("x: {}\r\n", "y".repeat(66 * 1024));
    for fields in [many, large] {
        let mut client = Client::connect(server.address).await;
        let (head, _) = REQUEST.rsplit_once("\r\n").expect("a blank line");
        // The server may close before it has taken all.
        let _ = client.0.write_all(format!("{head}{fields}\r\n").as_bytes()).await;
        assert!(client.rest().await.starts_with(b"HTTP/1.1 431"));
    }
}

#[tokio::test]
async fn what_is_not_http_1_is_closed() {
    let server = Server::start(hello(), Limits::default()).await;
    for preface in [
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}",
    ] {
        let mut client = Client::connect(server.address).await;
        client.send(preface).await;
        let rest = client.rest().await;
        assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 400"), "{rest:?}");
    }
    assert_eq!(
        Client::connect(server.address).await.ask(REQUEST).await.status,
        200
    );
}

#[tokio::test]
async fn smuggled_requests_are_refused_and_the_connection_closed() {
    let router = Router::new().route("/", post(|| async { "posted" }));
    let server = Server::start(router, Limits::default()).await;
    for fields in [
        "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "Content-Length: +1\r\n\r\nx",
        "Transfer-Encoding: identity, chunked, x\r\n\r\n0\r\n\r\n",
        "X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    ] {
        let mut client = Client::connect(server.address).await;
        client
            .send(&format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}"))
            .await;
        let answer = client.rest().await;
        assert!(
            answer.starts_with(b"HTTP/1.1 400"),
            "{fields:?}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
}

#[tokio::test]
async fn nothing_is_read_behind_a_request_of_two_lengths() {
    let router = hello().route("/", post(|_: Bytes| async { "posted" }));
    let server = Server::start(router, Limits::default()).await;
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
    ] {
        let mut client = Client::connect(server.address).await;
        client
            .send(&format!(
                "POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n0\r\n\r\n{REQUEST}"
            ))
            .await;
        let answers = String::from_utf8(client.rest().await).expect("text");
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
    }
}

/// A route that takes its connection over, and sends back what comes.
fn echo() -> Router {
    let take_over = |mut request: Request<Body>| async move {
        let upgrade = request.extensions_mut().remove::<OnUpgrade>();
        let upgrade = upgrade.expect("a request that may take its connection over");
        tokio::spawn(async move {
            let stream = upgrade.await.expect("the response was sent");
            let (mut reader, mut writer) = tokio::io::split(TokioIo::new(stream));
            tokio::io::copy(&mut reader, &mut writer).await
        });
        let headers = [("connection", "upgrade"), ("upgrade", "echo")];
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
    };
    hello().route("/echo", get(take_over))
}

impl Client {
    async fn taken_over(address: SocketAddr) -> Self {
        let mut client = Self::connect(address).await;
        client
            .send("GET /echo HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
            .await;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = in_time("a head", client.0.read_line(&mut head)).await;
            assert_ne!(read.expect("the server answers"), 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        client
    }

    async fn echoes(&mut self) {
        self.send("hello").await;
        let mut bytes = [0; 5];
        let read = in_time("an echo", self.0.read_exact(&mut bytes)).await;
        read.expect("the connection is open");
        assert_eq!(&bytes, b"hello");
    }
}

#[tokio::test]
async fn a_connection_that_is_taken_over_has_no_timeout_and_counts_until_it_is_dropped() {
    let limits = Limits {
        connections: 2,
        header_timeout: LESS_SHORT,
        idle_timeout: SHORT,
        ..Limits::default()
    };
    let server = Server::start(echo(), limits).await;
    let address = server.address;
    let mut first = Client::taken_over(address).await;
    // Both time-outs pass on other connections.
    assert_eq!(Client::connect(address).await.rest().await, b"");
    let mut idle = Client::connect(address).await;
    idle.ask(REQUEST).await;
    assert_eq!(idle.rest().await, b"");
    first.echoes().await;
    let mut second = Client::taken_over(address).await;
    let mut waiting = Client::connect(address).await;
    waiting.send(REQUEST).await;
    let mut byte = [0];
    for _ in 0..50 {
        first.echoes().await;
        second.echoes().await;
        let peeked = waiting.0.get_ref().try_read(&mut byte);
        assert!(peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
    }
    drop(first);
    assert_eq!(waiting.answer().await.expect("an answer").body, "hello");
    drop(waiting);
    // A drain waits for it, and leaves it alone.
    let stopping = tokio::spawn(server.stop());
    in_time("the end of the listener", async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    second.echoes().await;
    assert!(!stopping.is_finished());
    drop(second);
    let drained = in_time("the drain", stopping).await;
    assert_eq!(drained.expect("the drain ends").aborted, 0);
}
