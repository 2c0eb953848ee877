//! SIGTERM under load, at any moment: whatever was accepted is answered, and the program ends with 0.

use std::io::{BufReader, ErrorKind, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use http_server::Limits;
use serde_json::Value;

use crate::databases::either;
use crate::gauntlet;
use crate::rng::Rng;
use crate::server::{Answer, Ask, Server, furnish};
use crate::waiting::PATIENCE;

const ROUNDS: u64 = 20;
const CLIENTS: usize = 8;

/// What became of one client's requests.
#[derive(Debug, Default)]
struct Seen {
    answered: usize,
    /// The answer that was no good one, if there was.
    wrong: Option<String>,
    /// The last request, where its connection ended instead.
    unanswered: Option<Unanswered>,
}

/// A request whose connection ended without an answer.
#[derive(Clone, Copy, Debug)]
struct Unanswered {
    connected: Instant,
    /// When its last byte lay with the service's machine.
    written: Instant,
    /// Whether nothing had been answered on the connection.
    is_first: bool,
}

impl Unanswered {
    /// Whether the service had promised an answer: the request came before the idle grace was over, which cannot begin
    /// before the service was `told` to stop, and on a connection that was open by then. A client that its machine left
    /// waiting for longer finds its connection closed, as it may be.
    fn was_promised(&self, told: Instant) -> bool {
        let grace = Limits::default().drain_idle_grace;
        self.written <= told + grace && (!self.is_first || self.connected <= told)
    }
}

#[tokio::test]
async fn sigterm_at_any_moment_under_load_fails_no_accepted_request() {
    let database = either().await;
    let tenants = furnish(&database.url, &[130]).await;
    let mut rng = Rng::new(gauntlet::seed(20));
    let mut answered = 0;
    for round in 0..ROUNDS {
        // Nothing is refused because the machine is slow.
        let options = [
            "--rate-limit",
            "off",
            "--acquire-timeout-ms",
            "60000",
            "--wait-ms",
            "60000",
        ];
        let mut server = Server::over(&database.url, &options, tenants.clone());
        // The moment is a number of answers, so that it lies under load on any machine.
        let moment = CLIENTS + rng.below(160);
        println!("round {round}, at {moment}");
        answered += drains_after(&mut server, moment);
    }
    assert!(answered >= ROUNDS as usize * CLIENTS);
    println!("{answered} requests answered, 0 failed");
    gauntlet::add("drains under load", ROUNDS);
    gauntlet::add("requests answered until the drains, none failed", answered as u64);
}

/// Has the first account's clients ask, tells the service to stop after so many answers, and waits for its end; panics
/// where it failed a request or did not end well. How many requests were answered.
///
/// Where the service has its limits as shipped, being told that the budget is spent is an answer too: how much is asked
/// until the drain begins depends on the machine.
pub(crate) fn drains_after(server: &mut Server, answers: usize) -> usize {
    let total = AtomicUsize::new(0);
    let (told, seen) = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (server, total) = (&*server, &total);
                scope.spawn(move || load(server, number, total))
            })
            .collect();
        // Clients that have all ended will not bring any more answers.
        while total.load(Ordering::Acquire) < answers && !clients.iter().all(|client| client.is_finished()) {
            thread::sleep(Duration::from_millis(1));
        }
        let told = Instant::now();
        server.terminate();
        let seen: Vec<Seen> = clients.into_iter().map(|client| client.join().unwrap()).collect();
        (told, seen)
    });
    let is_failed = |seen: &&Seen| {
        let unanswered = seen.unanswered.is_some_and(|request| request.was_promised(told));
        seen.wrong.is_some() || unanswered
    };
    let failed: Vec<_> = seen.iter().filter(is_failed).collect();
    assert!(failed.is_empty(), "told to stop at {told:?}: {failed:#?}");
    assert_eq!(server.wait().code(), Some(0), "{}", server.last_log());
    seen.iter().map(|seen| seen.answered).sum()
}

/// Sends one request after another on one connection until the service says that it closes it, or refuses the next
/// connection, as nothing was accepted then.
fn load(server: &Server, number: usize, total: &AtomicUsize) -> Seen {
    let mut seen = Seen::default();
    let queries = [
        "{ imports(first: 5) { nodes { id note } estimatedRemainingCount } }",
        "{ viewer { name } importStatusCounts { count } }",
    ];
    let ask = Ask::graphql(queries[number % 2], &Value::Null)
        .with("Authorization", format!("Bearer {}", server.tenants[0].key))
        .bytes(&server.address);
    let Ok(socket) = TcpStream::connect(&server.address) else {
        return seen;
    };
    let connected = Instant::now();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    socket.set_nodelay(true).unwrap();
    let mut socket = BufReader::new(socket);
    loop {
        if is_closed(socket.get_ref()) {
            return seen;
        }
        let sent = socket.get_mut().write_all(&ask);
        let written = Instant::now();
        match Answer::read(&mut socket, false) {
            Some(answer) if is_answered(&answer) => {
                seen.answered += 1;
                total.fetch_add(1, Ordering::AcqRel);
                if answer.header("connection") == Some("close") {
                    return seen;
                }
            }
            // A connection that was closed before a byte of this request was written to it had not accepted it.
            None if sent.is_err() => return seen,
            None => {
                seen.unanswered = Some(Unanswered {
                    connected,
                    written,
                    is_first: seen.answered == 0,
                });
                return seen;
            }
            Some(answer) => {
                seen.wrong = Some(format!("{} {}", answer.status, answer.text()));
                return seen;
            }
        }
    }
}

/// Whether an answer is a good one, or the documented one to an account whose budget is spent.
fn is_answered(answer: &Answer) -> bool {
    match answer.status {
        200 => answer.code().is_empty(),
        429 => answer.code() == "RATE_LIMITED" && answer.header("retry-after").is_some(),
        _ => false,
    }
}

#[test]
fn a_request_is_promised_an_answer_until_the_grace_is_over() {
    let told = Instant::now();
    let grace = Limits::default().drain_idle_grace;
    let (before, after) = (told - grace, told + grace);
    let request = |connected, written, is_first| Unanswered {
        connected,
        written,
        is_first,
    };
    assert!(request(before, before, true).was_promised(told));
    assert!(request(before, after, true).was_promised(told));
    assert!(request(after, after, false).was_promised(told));
    assert!(!request(after, after, true).was_promised(told));
    assert!(!request(before, after + Duration::from_nanos(1), false).was_promised(told));
}

#[test]
fn a_spent_budget_is_an_answer_and_an_overload_is_none() {
    let answer = |status: u16, code: &str, headers: &[(&str, &str)]| Answer {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: format!("{{\"errors\":[{{\"extensions\":{{\"code\":\"{code}\"}}}}]}}").into_bytes(),
    };
    assert!(is_answered(&answer(429, "RATE_LIMITED", &[("retry-after", "1")])));
    assert!(!is_answered(&answer(429, "RATE_LIMITED", &[])));
    assert!(!is_answered(&answer(503, "OVERLOADED", &[("retry-after", "1")])));
    assert!(!is_answered(&answer(200, "TIMEOUT", &[])));
}

/// Whether the service has closed a connection on which nothing is under way: what is sent from now on was not
/// accepted. A client that its machine left waiting for longer than the grace of a drain finds this.
fn is_closed(socket: &TcpStream) -> bool {
    socket.set_nonblocking(true).unwrap();
    let seen = socket.peek(&mut [0]);
    socket.set_nonblocking(false).unwrap();
    match seen {
        Ok(bytes) => bytes == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}
