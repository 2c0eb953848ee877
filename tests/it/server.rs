//! The real program, serving on a port of its own, and a client that says to it exactly what a test wants said.
//!
//! Takes options, gives a [`Server`] that is killed when it is dropped, and [`Client`]s that keep their connection.
//! Deliberately absent: an HTTP library on this side of the socket; it would not send what hostile clients send.

use std::fmt::{self, Write as _};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError};

use entity::Instant;
use imports_gateway::ingest::generate;
use imports_gateway::store::{Store, accounts, tokens};
use serde_json::{Value, json};

use crate::databases::{self, Database, either};
use crate::gauntlet;
use crate::waiting::{self, PATIENCE, eventually_blocking, lines};

/// The end of the generated imports: 2026-06-01T00:00:00Z.
const UNTIL_MICROS: i64 = 1_780_272_000_000_000;

/// An account with a key.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) key: String,
    pub(crate) account_token: String,
}

/// Migrates a database and gives it accounts with so many imports each.
pub(crate) async fn furnish(url: &str, rows: &[u64]) -> Vec<Tenant> {
    let store = databases::open(url).await;
    migration::up(store.database()).await.unwrap();
    let mut tenants = Vec::new();
    for rows in rows {
        tenants.push(tenant(&store, *rows).await);
    }
    store.close().await.unwrap();
    tenants
}

async fn tenant(store: &Store, rows: u64) -> Tenant {
    let now = Instant::now();
    let (account, account_token) = accounts::create(store, "Acme", now).await.unwrap();
    let made = tokens::create(store, account, "", None, now).await.unwrap();
    let until = Instant::from_micros(UNTIL_MICROS).unwrap();
    generate::fill(store, account, rows, 7, until, |_| {})
        .await
        .unwrap();
    Tenant {
        key: made.unwrap().1.reveal().to_owned(),
        account_token: account_token.reveal().to_owned(),
    }
}

/// `imports-gateway` with these arguments, and no setting from around the test.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(gauntlet::binary());
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("GATEWAY_") || name == "DATABASE_URL" || name == "RUST_LOG" {
            command.env_remove(&*name);
        }
    }
    // What a test does not mean would only make it longer.
    command.env("GATEWAY_SHUTDOWN_DELAY_MS", "0");
    command
}

/// A running service.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: String,
    /// Its accounts, in the order they were asked for.
    pub(crate) tenants: Vec<Tenant>,
    process: Child,
    log: Mutex<Receiver<String>>,
    url: String,
    database: Option<Database>,
}

impl Server {
    /// A service over a database of its own with two accounts: one of 130 imports, one of 3.
    pub(crate) async fn start(options: &[&str]) -> Self {
        let database = either().await;
        let tenants = furnish(&database.url, &[130, 3]).await;
        let mut server = Self::over(&database.url, options, tenants);
        server.keep(database);
        server
    }

    /// A service over a database that is there, or away.
    pub(crate) fn over(url: &str, options: &[&str], tenants: Vec<Tenant>) -> Self {
        let mut process = program(&["serve", "--listen", "127.0.0.1:0"])
            .args(options)
            .env("DATABASE_URL", url)
            .env("RUST_LOG", "info,imports_gateway=debug")
            .env("NO_COLOR", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = lines(process.stdout.take().unwrap());
        let log = Mutex::new(lines(process.stderr.take().unwrap()));
        let mut server = Self {
            address: String::new(),
            tenants,
            process,
            log,
            url: url.to_owned(),
            database: None,
        };
        let address = |line: &str| line.strip_prefix("listening on http://").map(str::to_owned);
        let Some(address) = waiting::line(&output, address) else {
            panic!(
                "the service does not say where it listens:\n{}",
                server.written_log()
            );
        };
        server.address = address;
        server
    }

    /// Keeps its database as long as itself.
    pub(crate) fn keep(&mut self, database: Database) {
        self.database = Some(database);
    }

    /// The URL of its database.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A client of the first account.
    pub(crate) fn client(&self) -> Client {
        self.client_of(0)
    }

    /// A client of an account.
    pub(crate) fn client_of(&self, tenant: usize) -> Client {
        Client::new(&self.address, Some(&self.tenants[tenant].key))
    }

    /// A client without a key.
    pub(crate) fn stranger(&self) -> Client {
        Client::new(&self.address, None)
    }

    /// Where it answers operators, if that is an address of its own; what the log said before is passed over.
    pub(crate) fn operating(&self) -> String {
        let log = self.log.lock().unwrap();
        let address = |line: &str| {
            let (_, address) = line.split_once("operators are answered on http://")?;
            Some(address.to_owned())
        };
        waiting::line(&log, address).expect("the log says where operators are answered")
    }

    /// A connection without a client.
    pub(crate) fn socket(&self) -> TcpStream {
        connect(&self.address)
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Whether the process that was started still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// Tells the process to stop, as an orchestrator does.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends the process a signal.
    pub(crate) fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let told = waiting::output(kill.args(["-s", name, &self.process.id().to_string()]));
        assert!(told.status.success(), "{told:?}");
    }

    /// Waits for the end of the process.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let ended = waiting::ended("the service", &mut self.process);
        ended.unwrap_or_else(|fault| panic!("{fault}\n{}", self.written_log()))
    }

    /// What the log has said since it was last asked.
    pub(crate) fn written_log(&self) -> String {
        self.log
            .lock()
            .unwrap()
            .try_iter()
            .fold(String::new(), |mut all, line| {
                let _ = writeln!(all, "{line}");
                all
            })
    }

    /// Everything that the log still says, once the process has ended.
    pub(crate) fn last_log(&self) -> String {
        let log = self.log.lock().unwrap();
        let mut all = String::new();
        loop {
            match log.recv_timeout(PATIENCE) {
                Ok(line) => {
                    let _ = writeln!(all, "{line}");
                }
                Err(RecvTimeoutError::Disconnected) => return all,
                Err(RecvTimeoutError::Timeout) => panic!("the log does not end:\n{all}"),
            }
        }
    }

    /// Asks until the answer is of this status; for what a watch of the service sees by itself.
    pub(crate) fn wait_for(&self, path: &str, status: u16) -> Answer {
        let mut client = self.stranger();
        eventually_blocking(&format!("{status} at {path}"), || {
            let answer = client.get(path);
            if answer.status == status {
                Ok(answer)
            } else {
                Err(format!("{answer:?}"))
            }
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Of a process that has ended there is nothing left to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn connect(address: &str) -> TcpStream {
    let address = address
        .parse()
        .unwrap_or_else(|error| panic!("{address}: {error}"));
    let socket = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// A request, byte for byte.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: String,
    pub(crate) target: Vec<u8>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// As it is sent, so that a failure can be read, and sent again.
impl fmt::Debug for Ask {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "b\"{}\"", self.bytes("localhost").escape_ascii())
    }
}

impl Ask {
    pub(crate) fn get(target: &str) -> Self {
        Self {
            method: "GET".to_owned(),
            target: target.as_bytes().to_vec(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A POST of a body that says of itself that it is JSON.
    pub(crate) fn post(target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: "POST".to_owned(),
            body: body.into(),
            ..Self::get(target)
        }
        .with("Content-Type", "application/json")
    }

    /// A GraphQL request, under the media type whose statuses speak.
    pub(crate) fn graphql(query: &str, variables: &Value) -> Self {
        let body = json!({ "query": query, "variables": variables }).to_string();
        Self::post("/graphql", body).with("Accept", "application/graphql-response+json")
    }

    pub(crate) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn bytes(&self, address: &str) -> Vec<u8> {
        let mut bytes = [self.method.as_bytes(), b" ", &self.target, b" HTTP/1.1\r\nHost: "].concat();
        bytes.extend_from_slice(address.as_bytes());
        for (name, value) in &self.headers {
            bytes.extend_from_slice(&[b"\r\n", name.as_bytes(), b": ", value].concat());
        }
        if !self.body.is_empty() || self.method == "POST" {
            bytes.extend_from_slice(format!("\r\nContent-Length: {}", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// An answer, read to its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        let value = self.header(name).unwrap_or_else(|| panic!("no {name}: {self:?}"));
        value.parse().unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The code of the first error; empty where there is none.
    pub(crate) fn code(&self) -> String {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        json["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    fn closes(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Reads one answer; `None` where the connection ends before one begins.
    pub(crate) fn read(from: &mut BufReader<TcpStream>, is_head: bool) -> Option<Self> {
        let first = line(from)?;
        let status = first
            .split(' ')
            .nth(1)
            .unwrap_or_else(|| panic!("no status: {first}"));
        let mut answer = Self {
            status: status.parse().unwrap(),
            ..Self::default()
        };
        while let Some(header) = line(from).filter(|line| !line.is_empty()) {
            let (name, value) = header.split_once(':').expect("a header has a colon");
            answer
                .headers
                .push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if is_head || matches!(answer.status, 204 | 304) {
            return Some(answer);
        }
        if let Some(length) = answer.header("content-length") {
            answer.body = vec![0; length.parse().unwrap()];
            from.read_exact(&mut answer.body).unwrap();
        } else {
            while let Some(size) = line(from).and_then(|line| usize::from_str_radix(&line, 16).ok()) {
                let start = answer.body.len();
                answer.body.resize(start + size, 0);
                from.read_exact(&mut answer.body[start..]).unwrap();
                line(from);
                if size == 0 {
                    break;
                }
            }
        }
        Some(answer)
    }
}

fn line(from: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = Vec::new();
    match from.read_until(b'\n', &mut line) {
        Ok(0) => None,
        Ok(_) => Some(String::from_utf8_lossy(&line).trim_end().to_owned()),
        // An answer may be cut where the request was: the connection is as good as ended.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
        Err(error) => panic!("the service does not answer: {error}"),
    }
}

/// A client that keeps its connection as long as the service does.
pub(crate) struct Client {
    address: String,
    authorization: Option<String>,
    socket: Option<BufReader<TcpStream>>,
}

impl Client {
    pub(crate) fn new(address: &str, key: Option<&str>) -> Self {
        Self {
            address: address.to_owned(),
            authorization: key.map(|key| format!("Bearer {key}")),
            socket: None,
        }
    }

    /// The answer to a request with the client's key; `None` where the service closes the connection instead.
    pub(crate) fn try_ask(&mut self, ask: &Ask) -> Option<Answer> {
        let authorized = match &self.authorization {
            Some(value) => ask.clone().with("Authorization", value),
            None => ask.clone(),
        };
        let bytes = authorized.bytes(&self.address);
        let mut socket = self
            .socket
            .take()
            .unwrap_or_else(|| BufReader::new(connect(&self.address)));
        // What is too large is answered before it is taken whole; the answer is what counts.
        let _ = socket.get_mut().write_all(&bytes);
        let answer = Answer::read(&mut socket, ask.method == "HEAD")?;
        if !answer.closes() {
            self.socket = Some(socket);
        }
        Some(answer)
    }

    /// The answer to a request with the client's key.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Answer {
        self.try_ask(ask)
            .unwrap_or_else(|| panic!("no answer to {ask:?}"))
    }

    pub(crate) fn get(&mut self, target: &str) -> Answer {
        self.ask(&Ask::get(target))
    }

    pub(crate) fn graphql(&mut self, query: &str) -> Answer {
        self.ask(&Ask::graphql(query, &Value::Null))
    }

    /// The data of a query that succeeds.
    pub(crate) fn data(&mut self, query: &str) -> Value {
        let answer = self.graphql(query);
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        let mut json = answer.json();
        assert_eq!(json["errors"], Value::Null, "{query}");
        json["data"].take()
    }
}
