//! The program as the README's reader runs it: by a shell, in a folder of its own, asked over a socket.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;

use serde_json::Value;
use tempfile::TempDir;

use crate::waiting::{self, PATIENCE};

/// Writes each argument out, ended by a NUL.
const CURL: &str = "#!/bin/sh\nprintf '%s\\0' \"$@\"\n";

/// An empty folder to run commands in, with the program and our `curl` first on the path.
pub(super) struct Folder {
    work: TempDir,
    path: TempDir,
}

impl Folder {
    pub(super) fn new() -> Self {
        let (work, path) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        symlink(
            env!("CARGO_BIN_EXE_imports-gateway"),
            path.path().join("imports-gateway"),
        )
        .unwrap();
        let curl = path.path().join("curl");
        fs::write(&curl, CURL).unwrap();
        fs::set_permissions(&curl, fs::Permissions::from_mode(0o755)).unwrap();
        Self { work, path }
    }

    fn shell(&self, script: &str) -> Command {
        let inherited = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command
            .args(["-e", "-c", script])
            .current_dir(self.work.path())
            .stdin(Stdio::null())
            .env("PATH", format!("{}:{inherited}", self.path.path().display()));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("GATEWAY_") || name == "DATABASE_URL" || name == "RUST_LOG" {
                command.env_remove(&*name);
            }
        }
        command
    }

    /// What a script prints that succeeds and complains of nothing.
    pub(super) fn run(&self, script: &str) -> String {
        let output = waiting::output(&mut self.shell(script));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && errors.is_empty(), "{script}\n{errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The JSON with which the program at `address` answers the one `curl` of a script, under 200.
    pub(super) fn curl(&self, script: &str, address: &str) -> Value {
        let output = self.run(script);
        let arguments: Vec<_> = output.trim_end_matches('\0').split('\0').collect();
        let (status, body) = Request::of(&arguments).send(address);
        assert_eq!(status, 200, "{script}\n{body}");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }
}

/// A request as curl would make it of its arguments.
#[derive(Debug, Default, PartialEq, Eq)]
struct Request {
    target: String,
    headers: Vec<String>,
    body: Option<String>,
}

impl Request {
    /// `-s`, `-g`, `-H`, `-d` and one URL; anything else is no part of the README's language.
    fn of(arguments: &[&str]) -> Self {
        let mut request = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || (*rest.next().expect("a value follows")).to_owned();
            match *argument {
                "-H" => request.headers.push(value()),
                "-d" => request.body = Some(value()),
                "-s" | "-sg" => {}
                url => {
                    let rest = url
                        .strip_prefix("http://127.0.0.1:8080")
                        .unwrap_or_else(|| panic!("{url}?"));
                    assert!(request.target.is_empty(), "two URLs: {arguments:?}");
                    request.target = rest.to_owned();
                }
            }
        }
        request
    }

    /// Status and body of the answer.
    fn send(&self, address: &str) -> (u16, String) {
        let method = if self.body.is_some() { "POST" } else { "GET" };
        let body = self.body.as_deref().unwrap_or_default();
        let mut head = format!(
            "{method} {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n",
            self.target
        );
        for header in &self.headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        write!(socket, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).expect("an answer has a status");
        (status.parse().unwrap(), body.to_owned())
    }
}

/// A program that serves; killed where a test fails before it is stopped.
pub(super) struct Running {
    /// Where it listens.
    pub(super) address: String,
    process: Child,
    lines: Receiver<String>,
}

impl Running {
    /// Starts a command that says where it listens; it is given a free port.
    pub(super) fn start(folder: &Folder, command: &str) -> Self {
        let mut process = folder
            .shell(&format!("exec {command}"))
            .env("GATEWAY_LISTEN", "127.0.0.1:0")
            .env("GATEWAY_SHUTDOWN_DELAY_MS", "0")
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = waiting::lines(process.stdout.take().unwrap());
        let mut running = Self {
            address: String::new(),
            process,
            lines,
        };
        let first = running.line_with("listening on http://");
        running.address = first.trim_start_matches("listening on http://").to_owned();
        running
    }

    /// The next line of output that holds `text`.
    pub(super) fn line_with(&self, text: &str) -> String {
        let holds = |line: &str| line.contains(text).then(|| line.to_owned());
        waiting::line(&self.lines, holds).unwrap_or_else(|| panic!("no line with `{text}`"))
    }

    /// Stops it as an orchestrator does; it exits with 0.
    pub(super) fn stop(mut self) {
        let mut kill = Command::new("sh");
        let told = waiting::output(kill.args(["-c", &format!("kill -TERM {}", self.process.id())]));
        assert!(told.status.success(), "{told:?}");
        let ended = waiting::ended("the program after SIGTERM", &mut self.process);
        assert_eq!(ended.unwrap().code(), Some(0));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Of a process that has ended there is nothing left to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_shell_quotes_and_our_curl_passes_it_on() {
    let folder = Folder::new();
    let script =
        "KEY=k\ncurl -s http://127.0.0.1:8080/x?a[b]=c -H \"A: $KEY\" \\\n  -d '{\"q\": \"{ a\n b }\"}'";
    let output = folder.run(script);
    let arguments: Vec<_> = output.trim_end_matches('\0').split('\0').collect();
    let expected = Request {
        target: "/x?a[b]=c".to_owned(),
        headers: vec!["A: k".to_owned()],
        body: Some("{\"q\": \"{ a\n b }\"}".to_owned()),
    };
    assert_eq!(Request::of(&arguments), expected);
}
