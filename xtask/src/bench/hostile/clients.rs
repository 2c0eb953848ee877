//! The hostile clients: threads that go on until they are told to end.
//!
//! Each waits a little at a time, so that all end within two seconds or so. Deliberately absent: more of them than the
//! case says; a machine whose processors are all taken by clients shows nothing of the gateway.

use std::{
    collections::BTreeMap,
    fmt::{self, Display, Formatter},
    io::{BufReader, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    bombs,
    wire::{Connection, connect, head, post, read},
};

/// Clients that send bombs.
const BOMBERS: usize = 2;
/// Clients that flood, each at its part of the rate.
const FLOODERS: u32 = 8;
/// How large a large body is. **Unit**: bytes.
const LARGE_BYTES: usize = 10_000_000;
/// Between two bytes of a slow client, and two large bodies.
const STEP: Duration = Duration::from_millis(100);

/// What became of a connection that ended without an answer.
const CUT_OFF: u16 = 0;
/// What became of a slow connection that the end of the run met open.
const HELD: u16 = 1;

/// What became of hostile requests: how many by what was answered, or by one of the two above.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::bench) struct Tally(BTreeMap<&'static str, BTreeMap<u16, u64>>);

impl Tally {
    fn count(&mut self, kind: &'static str, status: u16) {
        *self.0.entry(kind).or_default().entry(status).or_default() += 1;
    }

    /// Adds another tally.
    pub(super) fn add(&mut self, other: &Self) {
        for (kind, statuses) in &other.0 {
            for (status, count) in statuses {
                *self.0.entry(kind).or_default().entry(*status).or_default() += count;
            }
        }
    }
}

impl Display for Tally {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for (index, (kind, statuses)) in self.0.iter().enumerate() {
            write!(formatter, "{}{kind}:", if index > 0 { "; " } else { "" })?;
            for (status, count) in statuses {
                match status {
                    &CUT_OFF => write!(formatter, " {count} cut off")?,
                    &HELD => write!(formatter, " {count} held open")?,
                    status => write!(formatter, " {count} × {status}")?,
                }
            }
        }
        Ok(())
    }
}

/// Hostile clients at work.
#[derive(Debug)]
pub(super) struct Attack {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Tally>>,
}

/// What a client has at hand.
#[derive(Clone)]
struct Client {
    address: String,
    key: String,
    stop: Arc<AtomicBool>,
}

impl Client {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

impl Attack {
    /// Two that send one bomb after the other; one each of large bodies, slow headers and slow bodies.
    pub(super) fn all_kinds(address: &str, key: &str) -> Self {
        let mut kinds: Vec<fn(&Client) -> Tally> = vec![large_bodies, slow_headers, slow_bodies];
        kinds.extend([bombs as fn(&Client) -> Tally; BOMBERS]);
        Self::start(
            address,
            key,
            kinds.into_iter().map(|kind| move |client: &Client| kind(client)),
        )
    }

    /// Pages of a hundred, so many a second, whatever is answered.
    pub(super) fn flood(address: &str, key: &str, rate: u32) -> Self {
        let pause = Duration::from_secs(1) * FLOODERS / rate;
        let clients = (0..FLOODERS).map(|_| move |client: &Client| flood(client, pause));
        Self::start(address, key, clients)
    }

    fn start<F: FnOnce(&Client) -> Tally + Send + 'static>(
        address: &str,
        key: &str,
        clients: impl Iterator<Item = F>,
    ) -> Self {
        let client = Client {
            address: address.to_owned(),
            key: key.to_owned(),
            stop: Arc::new(AtomicBool::new(false)),
        };
        let stop = Arc::clone(&client.stop);
        let clients = clients.map(|run| {
            let client = client.clone();
            thread::spawn(move || run(&client))
        });
        Self {
            clients: clients.collect(),
            stop,
        }
    }

    /// Tells all to end, waits for them, and gives what became of their requests.
    pub(super) fn end(self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        for client in self.clients {
            // One that panicked has nothing to tell.
            all.add(&client.join().unwrap_or_default());
        }
        all
    }
}

fn bombs(client: &Client) -> Tally {
    let mut tally = Tally::default();
    let requests: Vec<_> = bombs::bodies()
        .iter()
        .map(|body| post(&client.address, &client.key, body))
        .collect();
    let mut connection = Connection::new(&client.address);
    for request in requests.iter().cycle().take_while(|_| client.goes_on()) {
        tally.count("bombs", connection.ask(request).unwrap_or(CUT_OFF));
    }
    tally
}

/// With its length said and without, in turn.
fn large_bodies(client: &Client) -> Tally {
    let mut tally = Tally::default();
    let head = head(&client.address, &client.key);
    let heads = [
        format!("{head}Content-Length: {LARGE_BYTES}\r\n\r\n"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n"),
    ];
    for head in heads.iter().cycle().take_while(|_| client.goes_on()) {
        let status = connect(&client.address).and_then(|mut socket| {
            socket.write_all(head.as_bytes())?;
            send_large(&mut socket, head.contains("chunked"));
            read(&mut BufReader::new(socket))
        });
        tally.count("large bodies", status.map_or(CUT_OFF, |(status, _)| status));
        thread::sleep(STEP);
    }
    tally
}

/// Sends as much of a large body as is taken.
fn send_large(socket: &mut TcpStream, is_chunked: bool) {
    let part = [b' '; 10_000];
    for _ in 0..LARGE_BYTES / part.len() {
        let sent = if is_chunked {
            let framed = [format!("{:x}\r\n", part.len()).as_bytes(), &part, b"\r\n"].concat();
            socket.write_all(&framed)
        } else {
            socket.write_all(&part)
        };
        if sent.is_err() {
            return;
        }
    }
}

fn slow_headers(client: &Client) -> Tally {
    let start = format!("POST /graphql HTTP/1.1\r\nHost: {}\r\nX-Slow: ", client.address);
    trickle(client, "slow headers", &start)
}

fn slow_bodies(client: &Client) -> Tally {
    let start = format!(
        "{}Content-Length: 100000\r\n\r\n",
        head(&client.address, &client.key)
    );
    trickle(client, "slow bodies", &start)
}

/// Sends the start of a request at once, and the rest of it byte by byte.
fn trickle(client: &Client, kind: &'static str, start: &str) -> Tally {
    let mut tally = Tally::default();
    while client.goes_on() {
        let Ok(mut socket) = connect(&client.address) else {
            tally.count(kind, CUT_OFF);
            thread::sleep(STEP);
            continue;
        };
        let mut sent = socket.write_all(start.as_bytes());
        while client.goes_on() && sent.is_ok() {
            thread::sleep(STEP);
            sent = socket.write_all(b" ");
        }
        let status = match sent {
            Ok(()) => HELD,
            Err(_) => read(&mut BufReader::new(socket)).map_or(CUT_OFF, |(status, _)| status),
        };
        tally.count(kind, status);
    }
    tally
}

fn flood(client: &Client, pause: Duration) -> Tally {
    let mut tally = Tally::default();
    let body = r#"{"query":"{imports(first:100){nodes{id fileName createdAt}}}"}"#;
    let request = post(&client.address, &client.key, body);
    let mut connection = Connection::new(&client.address);
    let mut next = Instant::now();
    while client.goes_on() {
        tally.count("pages of a hundred", connection.ask(&request).unwrap_or(CUT_OFF));
        // What was late is made up for.
        next += pause;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_names_what_became_of_each_kind() {
        let (mut all, mut one) = (Tally::default(), Tally::default());
        one.count("bombs", 400);
        one.count("bombs", 400);
        one.count("slow headers", 0);
        all.add(&one);
        all.add(&one);
        assert_eq!(all.to_string(), "bombs: 4 × 400; slow headers: 2 cut off");
    }
}
