//! The event stream over HTTP: its form, how it goes on, how it ends, and what is refused.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use entity::imports;
use imports_gateway::store::changes;
use serde_json::{Value as Json, json};
use tokio::task::block_in_place;

use crate::databases::{self, Database, execute, open};
use crate::server::{Server, furnish};
use crate::waiting::PATIENCE;

/// An open stream of one client.
pub(super) struct EventStream {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    lines: BufReader<TcpStream>,
}

/// A block of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Block {
    pub(super) event: Option<String>,
    pub(super) data: Option<Json>,
    pub(super) id: Option<String>,
    pub(super) retry: Option<u64>,
}

impl EventStream {
    /// Asks for a stream. HTTP/1.0, so that the body is the stream itself.
    pub(super) fn open(address: &str, key: &str, target: &str, last_event_id: Option<&str>) -> Self {
        let mut headers = vec![("Accept", "text/event-stream")];
        headers.extend(last_event_id.map(|id| ("Last-Event-ID", id)));
        Self::ask(address, key, ("GET", target), &headers, "")
    }

    /// Sends a request in HTTP/1.0.
    pub(super) fn ask(
        address: &str,
        key: &str,
        (method, target): (&str, &str),
        headers: &[(&str, &str)],
        body: &str,
    ) -> Self {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut head =
            format!("{method} {target} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        write!(socket, "{head}\r\n{body}").unwrap();
        let mut lines = BufReader::new(socket);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let status = head[0].split(' ').nth(1).unwrap().parse().unwrap();
        let fields = head[1..].iter().filter_map(|line| line.split_once(": "));
        let headers = fields
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Self {
            status,
            headers,
            lines,
        }
    }

    /// The next block; `None` where the stream has ended, or been cut.
    pub(super) fn block(&mut self) -> Option<Block> {
        let mut block = Block::default();
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).ok()? == 0 || !line.ends_with('\n') {
                return None;
            }
            let line = line.trim_end_matches('\n');
            match line.split_once(": ") {
                // An event without data has an empty text, for clients that pass over one without.
                None if line == "data:" => {}
                Some(("event", name)) => block.event = Some(name.to_owned()),
                Some(("data", text)) => block.data = Some(serde_json::from_str(text).unwrap()),
                Some(("id", id)) => block.id = Some(id.to_owned()),
                Some(("retry", millis)) => block.retry = Some(millis.parse().unwrap()),
                _ if line.is_empty() => return Some(block),
                _ => assert_eq!(line, ":", "a comment"),
            }
        }
    }

    /// Closes the stream after so many bytes of whatever comes.
    pub(super) fn cut(mut self) {
        let mut some = [0; 7];
        let _ = self
            .lines
            .get_mut()
            .set_read_timeout(Some(Duration::from_millis(1)));
        let _ = self.lines.read(&mut some);
    }

    pub(super) fn rest(mut self) -> String {
        let mut text = String::new();
        self.lines.read_to_string(&mut text).unwrap();
        text
    }
}

/// A service with one account that has no imports, on each database.
pub(super) async fn servers(options: &[&str]) -> Vec<(Server, Database)> {
    let mut servers = Vec::new();
    for database in databases::fresh().await {
        let tenants = furnish(&database.url, &[0]).await;
        let options = [options, &["--change-interval-ms", "20"]].concat();
        servers.push((Server::over(&database.url, &options, tenants), database));
    }
    servers
}

/// Writes an import of the first account, as an application does.
pub(super) async fn write(server: &Server, text: &str) {
    let store = open(server.url()).await;
    execute(&store, text, Vec::new()).await.unwrap();
    store.close().await.unwrap();
}

pub(super) fn insert(server: &Server, id: i64, status: &str) -> String {
    let at = match server.url().starts_with("sqlite") {
        true => "1790000000000000",
        false => "'2026-09-21T14:13:20Z'",
    };
    format!(
        "INSERT INTO imports (account_id, id, file_name, file_size, type, status, created_at, updated_at)
         VALUES (1, {id}, 'a {id}.csv', 7, 'VehicleImport', '{status}', {at}, {at})"
    )
}

const CHANGES: &str = "/api/v1/imports/changes";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_tells_what_becomes_of_a_filtered_list_and_goes_on_where_it_was_left() {
    for (server, _database) in servers(&[]).await {
        let key = &server.tenants[0].key;
        let target = format!("{CHANGES}?filter[status][include]=failed");
        let mut stream = EventStream::open(&server.address, key, &target, None);
        assert_eq!(stream.status, 200);
        for (name, value) in [
            ("content-type", "text/event-stream; charset=utf-8"),
            ("cache-control", "no-store, no-transform"),
            ("x-accel-buffering", "no"),
        ] {
            assert_eq!(
                stream.headers.get(name).map(String::as_str),
                Some(value),
                "{name}"
            );
        }
        let start = block_in_place(|| stream.block()).unwrap();
        assert!(start.id.is_some() && start.data.is_none(), "{start:?}");
        write(&server, &insert(&server, 1, "new")).await;
        write(&server, &insert(&server, 2, "failed")).await;
        let told = block_in_place(|| stream.block()).unwrap();
        let record = json!({
            "id": 2, "completed_at": null, "file_name": "a 2.csv", "file_size": "7", "note": null,
            "type": "VehicleImport", "status": "failed", "created_at": "2026-09-21T14:13:20.000000Z",
            "updated_at": "2026-09-21T14:13:20.000000Z"
        });
        assert_eq!(
            told.data,
            Some(json!({"kind": "upserted", "id": 2, "record": record}))
        );
        drop(stream);
        write(&server, "DELETE FROM imports WHERE id = 2").await;
        write(&server, "UPDATE imports SET status = 'failed' WHERE id = 1").await;
        // By the header, by the parameter of the polyfills, and from the start.
        let last = told.id.unwrap();
        for (target, header) in [
            (target.clone(), Some(last.as_str())),
            (format!("{target}&lastEventId={last}"), None),
            (format!("{target}&lastEventId=nonsense"), Some(last.as_str())),
        ] {
            let mut stream = EventStream::open(&server.address, key, &target, header);
            assert_eq!(stream.status, 200, "{target}");
            let mut kinds = Vec::new();
            while kinds.len() < 2 {
                let block = block_in_place(|| stream.block()).unwrap();
                kinds.extend(block.data.map(|data| (data["id"].clone(), data["kind"].clone())));
            }
            kinds.sort_by_key(|(id, _)| id.as_i64());
            assert_eq!(
                kinds,
                [(json!(1), json!("upserted")), (json!(2), json!("removed"))]
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_with_its_key_with_its_time_and_with_the_service() {
    for (mut server, _database) in servers(&["--stream-lifetime", "3s"]).await {
        let key = server.tenants[0].key.clone();
        let mut stream = EventStream::open(&server.address, &key, CHANGES, None);
        block_in_place(|| while stream.block().is_some() {});
        server.terminate();
        block_in_place(|| server.wait());
    }
    for (mut server, _database) in servers(&[]).await {
        let key = server.tenants[0].key.clone();
        let mut stream = EventStream::open(&server.address, &key, CHANGES, None);
        let mut other = EventStream::open(&server.address, &key, CHANGES, None);
        write(&server, "UPDATE api_tokens SET revoked_at = created_at").await;
        block_in_place(|| while stream.block().is_some() {});
        block_in_place(|| while other.block().is_some() {});
        let refused = EventStream::open(&server.address, &key, CHANGES, None);
        assert_eq!(refused.status, 401);
        server.terminate();
        assert!(block_in_place(|| server.wait()).success());
    }
    // SIGTERM: the stream ends, and so the service does, long before its patience with what runs is over.
    for (mut server, _database) in servers(&["--drain-timeout-ms", "600000"]).await {
        let key = server.tenants[0].key.clone();
        let mut stream = EventStream::open(&server.address, &key, CHANGES, None);
        assert!(block_in_place(|| stream.block()).is_some());
        server.terminate();
        block_in_place(|| while stream.block().is_some() {});
        assert!(block_in_place(|| server.wait()).success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_or_too_much_or_expired_is_said_before_a_stream_begins() {
    for (server, _database) in servers(&["--streams-per-account", "2"]).await {
        let key = &server.tenants[0].key;
        let open = |target: &str, last: Option<&str>| EventStream::open(&server.address, key, target, last);
        for (target, parameter) in [
            (format!("{CHANGES}?lastEventId=nonsense"), "lastEventId"),
            (format!("{CHANGES}?sort[id]=asc"), "sort[id]"),
            (format!("{CHANGES}?per_page=5"), "per_page"),
            (format!("{CHANGES}?last_event_id=x"), "last_event_id"),
            (format!("{CHANGES}?since=x"), "since"),
            (
                format!("{CHANGES}?filter[status][include]=none"),
                "filter[status][include]",
            ),
        ] {
            let refused = open(&target, None);
            assert_eq!(refused.status, 400, "{target}");
            let body: Json = serde_json::from_str(&refused.rest()).unwrap();
            assert!(body["errors"][parameter].is_array(), "{body}");
        }
        // A fault of the header has the header's name.
        let refused = open(CHANGES, Some("nonsense"));
        assert_eq!(refused.status, 400);
        let body: Json = serde_json::from_str(&refused.rest()).unwrap();
        assert!(body["errors"]["Last-Event-ID"].is_array(), "{body}");
        let mut first = open(CHANGES, None);
        let start = block_in_place(|| first.block()).unwrap().id.unwrap();
        let second = open(CHANGES, None);
        assert_eq!(second.status, 200);
        assert_eq!(open(CHANGES, None).status, 429);
        // A client that goes on by itself never comes back after a 429.
        let mut later = open(CHANGES, Some(&start));
        assert_eq!(later.status, 200);
        let block = block_in_place(|| later.block()).unwrap();
        assert!(
            block
                .retry
                .is_some_and(|millis| (2_000..10_000).contains(&millis)),
            "{block:?}"
        );
        assert_eq!(block_in_place(|| later.block()), None);
        // A break ends the streams, and who comes back is told so.
        expire(&server).await;
        block_in_place(|| while first.block().is_some() {});
        drop(second);
        let expired = crate::waiting::eventually_blocking("410", || {
            let again = open(CHANGES, Some(&start));
            if again.status == 410 {
                Ok(again)
            } else {
                Err(again.status.to_string())
            }
        });
        assert!(expired.rest().contains("read the list anew"));
    }
}

/// Makes every point expire.
pub(super) async fn expire(server: &Server) {
    let store = open(server.url()).await;
    changes::expire::<imports::Model>(&store, None).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_back_is_told_when_while_the_budget_is_spent() {
    for (server, _database) in servers(&["--rate-limit", "1"]).await {
        let key = &server.tenants[0].key;
        let mut stream = EventStream::open(&server.address, key, CHANGES, None);
        let start = block_in_place(|| stream.block()).unwrap().id.unwrap();
        assert_eq!(EventStream::open(&server.address, key, CHANGES, None).status, 429);
        let back = format!("{CHANGES}?lastEventId={start}");
        for (target, header) in [(CHANGES, Some(start.as_str())), (back.as_str(), None)] {
            let mut later = EventStream::open(&server.address, key, target, header);
            assert_eq!(later.status, 200, "{target}");
            assert!(block_in_place(|| later.block()).unwrap().retry.is_some());
        }
        // A key that opens nothing has no event to come back to.
        let stranger = EventStream::open(&server.address, "igw_wrong", CHANGES, Some(&start));
        assert_eq!(stranger.status, 401);
    }
}
