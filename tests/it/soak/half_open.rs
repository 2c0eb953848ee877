//! Clients that open a connection and leave the service waiting: without a word, in the midst of a request, or with
//! answers that they do not read. Each stays for a while, many at once.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::HOSTILE;
use super::peace::Peace;
use crate::gauntlet;
use crate::rng::Rng;
use crate::server::{Ask, Server};

/// Connections that are open at once.
const OPEN: usize = 24;
/// How long each stays, at the most; some are cut by the service before.
const LONGEST: Duration = Duration::from_secs(20);
/// Between two looks.
const EVERY: Duration = Duration::from_millis(200);
/// Requests whose answers are not read. **Unit**: requests.
const UNREAD: usize = 12;

/// A connection, and until when it stays.
struct Lingering {
    socket: TcpStream,
    until: Instant,
}

/// Keeps connections open without using them.
pub(super) fn linger(peace: &Peace, server: &Server, seed: u64) {
    let mut rng = Rng::new(seed);
    let mut open: VecDeque<Lingering> = VecDeque::new();
    while peace.wait(EVERY) {
        while let Some(oldest) = open.pop_front_if(|oldest| oldest.until <= Instant::now()) {
            leave(oldest.socket);
        }
        if open.len() < OPEN {
            let stays = LONGEST.mul_f64(0.1 + 0.1 * rng.below(9) as f64);
            open.push_back(Lingering {
                socket: begin(server, &mut rng),
                until: Instant::now() + stays,
            });
        }
    }
    open.into_iter().for_each(|lingering| leave(lingering.socket));
}

/// Opens a connection and says nothing, a part of a request, or requests whose answers nobody reads.
fn begin(server: &Server, rng: &mut Rng) -> TcpStream {
    let mut socket = server.socket();
    let key = &server.tenants[HOSTILE].key;
    let ask = Ask::post("/graphql", r#"{"query": "{ viewer { id } }"}"#)
        .with("Authorization", format!("Bearer {key}"));
    let bytes = ask.bytes(&server.address);
    let head = bytes.len() - ask.body.len();
    let (figure, sent) = match rng.below(4) {
        0 => ("half-open clients: silent", Vec::new()),
        1 => (
            "half-open clients: half a head",
            bytes[..1 + rng.below(head - 1)].to_vec(),
        ),
        2 => (
            "half-open clients: half a body",
            bytes[..head + rng.below(ask.body.len())].to_vec(),
        ),
        _ => ("half-open clients: answers not read", bytes.repeat(UNREAD)),
    };
    // What the service has cut off meanwhile is judged at the end.
    let _ = socket.write_all(&sent);
    gauntlet::add(figure, 1);
    socket
}

/// Ends a connection; what the service has sent to it until then is nothing, or an answer.
fn leave(mut socket: TcpStream) {
    socket.set_nonblocking(true).unwrap();
    let mut start = [0; 12];
    match socket.read(&mut start) {
        Ok(read) => {
            let start = String::from_utf8_lossy(&start[..read]).into_owned();
            let is_documented = start.is_empty()
                || ["200", "400", "429", "503", "504"]
                    .iter()
                    .any(|status| start == format!("HTTP/1.1 {status}"));
            assert!(is_documented, "a half-open client was answered with {start}");
        }
        Err(error) => {
            let kind = error.kind();
            assert!(
                matches!(kind, ErrorKind::WouldBlock | ErrorKind::ConnectionReset),
                "{error}"
            );
        }
    }
}
