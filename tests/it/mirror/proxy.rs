//! A proxy before an upstream that does to each request what a test says: passes it on, answers by itself, cuts the answer,
//! keeps silent, or breaks the connection; and remembers every request with its time.
//!
//! Each request has a connection of its own. Written on threads, as what it plays are networks and other people's servers.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::waiting::PATIENCE;

/// What becomes of a request.
pub(crate) enum Act {
    /// The upstream's answer, unchanged.
    Pass,
    /// The upstream's answer, its body changed by this.
    Change(Box<dyn FnOnce(String) -> String + Send>),
    /// The upstream's answer as long as it is not longer than so many bytes; then the connection ends.
    Cut(usize),
    /// The upstream's answer once this is up.
    Hold(Arc<AtomicBool>),
    /// These bytes, and the end of the connection.
    Answer(Vec<u8>),
    /// A body of so many bytes without an end in sight.
    Endless(usize),
    /// The head at once, and of the body nothing.
    HeadOnly,
    /// Nothing, until the client goes away.
    Silence,
    /// The connection is reset.
    Reset,
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    /// The target, behind the path.
    pub(crate) query: String,
    /// The head, as it came.
    pub(crate) head: String,
}

type Acting = Box<dyn FnMut(&Seen) -> Act + Send>;

struct Shared {
    upstream: Mutex<String>,
    acting: Mutex<Acting>,
    seen: Mutex<Vec<Seen>>,
    is_over: AtomicBool,
}

pub(crate) struct Proxy {
    address: String,
    shared: Arc<Shared>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // Its thread waits for a connection.
        let _ = TcpStream::connect(&self.address);
    }
}

impl Proxy {
    /// One before the server at an address, which passes everything on until it is told otherwise.
    pub(crate) fn before(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream.to_owned()),
            acting: Mutex::new(Box::new(|_: &Seen| Act::Pass)),
            seen: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if accepting.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                // A client that goes away is none of its business.
                thread::spawn(move || drop(shared.serve(near)));
            }
        });
        Self { address, shared }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Says what becomes of each request from now on.
    pub(crate) fn act(&self, acting: impl FnMut(&Seen) -> Act + Send + 'static) {
        *self.shared.acting.lock().unwrap() = Box::new(acting);
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Forgets them.
    pub(crate) fn forget(&self) {
        self.shared.seen.lock().unwrap().clear();
    }
}

impl Shared {
    fn serve(&self, mut near: TcpStream) -> std::io::Result<()> {
        let head = head(&mut near)?;
        let target = head.split(' ').nth(1).unwrap_or_default();
        let seen = Seen {
            at: Instant::now(),
            query: target.split_once('?').map_or("", |(_, query)| query).to_owned(),
            head: head.clone(),
        };
        let act = {
            let mut acting = self.acting.lock().unwrap();
            self.seen.lock().unwrap().push(seen.clone());
            acting(&seen)
        };
        match act {
            Act::Pass => near.write_all(&self.answer(&head)?)?,
            Act::Change(change) => {
                let answer = String::from_utf8(self.answer(&head)?).unwrap();
                let (head, body) = answer.split_once("\r\n\r\n").unwrap();
                let body = change(body.to_owned());
                let status = head.lines().next().unwrap();
                write!(
                    near,
                    "{status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                )?;
            }
            Act::Cut(bytes) => {
                let answer = self.answer(&head)?;
                near.write_all(&answer[..answer.len().min(bytes)])?;
            }
            Act::Hold(is_up) => {
                let answer = self.answer(&head)?;
                let begun = Instant::now();
                while !is_up.load(Ordering::Relaxed) && begun.elapsed() < PATIENCE {
                    thread::sleep(Duration::from_millis(5));
                }
                near.write_all(&answer)?;
            }
            Act::Answer(bytes) => near.write_all(&bytes)?,
            Act::Endless(bytes) => {
                near.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"records\": [")?;
                let part = vec![b' '; 1 << 16];
                for _ in 0..bytes >> 16 {
                    near.write_all(&part)?;
                }
            }
            Act::HeadOnly => {
                near.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")?;
                near.read_to_end(&mut Vec::new())?;
            }
            Act::Silence => {
                near.read_to_end(&mut Vec::new())?;
            }
            Act::Reset => {
                // What is unread when a socket is closed makes the kernel reset it: the client's half is told to linger.
                let _ = near.shutdown(Shutdown::Write);
            }
        }
        Ok(())
    }

    fn answer(&self, head: &str) -> std::io::Result<Vec<u8>> {
        let upstream = self.upstream.lock().unwrap().clone();
        let mut far = TcpStream::connect(&upstream)?;
        let (line, rest) = head.split_once("\r\n").unwrap();
        far.write_all(format!("{line}\r\nConnection: close\r\n{rest}").as_bytes())?;
        let mut answer = Vec::new();
        far.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

fn head(near: &mut TcpStream) -> std::io::Result<String> {
    near.set_read_timeout(Some(PATIENCE))?;
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if near.read(&mut byte)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).map_err(std::io::Error::other)
}

/// An answer with a status, headers of one's own and a body.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Act {
    let length = body.len();
    let text =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    Act::Answer(text.into_bytes())
}
