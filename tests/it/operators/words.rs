//! The words of settings and of the log, and how the service goes away.

use std::fs::File;
use std::net::TcpListener;
use std::process::Stdio;
use std::thread;
use std::time::Instant;

use tempfile::TempDir;

use super::finish;
use crate::databases::{either, sqlite};
use crate::server::{Server, furnish, program};
use crate::waiting::{self, PATIENCE};

/// Starts `serve` with a variable of the environment, and gives what it wrote to standard error until it was told to stop.
async fn log_of(variables: &[(&str, &str)], options: &[&str]) -> (Option<i32>, String) {
    let database = sqlite();
    furnish(&database.url, &[1]).await;
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("log");
    let mut command = program(&["serve"]);
    command
        .args(options)
        .env("DATABASE_URL", &database.url)
        .env_remove("NO_COLOR")
        .env("TERM", "xterm-256color")
        .stdout(Stdio::piped())
        .stderr(File::create(&log).unwrap());
    if !options.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    for (name, value) in variables {
        command.env(name, value);
    }
    let mut child = command.spawn().unwrap();
    let mut first = String::new();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut output, &mut first).unwrap();
    if first.starts_with("listening on") {
        let told = std::process::Command::new("kill")
            .args(["-s", "TERM", &child.id().to_string()])
            .status();
        assert!(told.unwrap().success());
    }
    let code = child.wait().unwrap().code();
    (code, std::fs::read_to_string(&log).unwrap())
}

#[tokio::test]
async fn a_log_that_goes_to_a_file_has_no_colours() {
    let (code, log) = log_of(&[], &[]).await;
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("INFO") && !log.contains('\u{1b}'), "{log:?}");
}

#[tokio::test]
async fn a_filter_that_says_nothing_is_as_unset_and_nonsense_is_warned_of() {
    for (filter, warns) in [
        ("", false),
        ("verbose", true),
        ("info=loud", true),
        ("gateway=debug", true),
        ("hyper=trace", true),
        ("info,foo=zzz", true),
    ] {
        let (_, log) = log_of(&[("RUST_LOG", filter)], &[]).await;
        assert!(log.contains("stopping"), "{filter}: {log}");
        assert_eq!(log.contains("RUST_LOG"), warns, "{filter}: {log}");
    }
    let (_, log) = log_of(&[("RUST_LOG", "off")], &[]).await;
    assert_eq!(log, "");
}

#[tokio::test]
async fn empty_variables_are_unset_and_switches_take_every_common_word() {
    let empty = [
        ("GATEWAY_GET", ""),
        ("GATEWAY_LISTEN", ""),
        ("GATEWAY_RATE_LIMIT", ""),
        ("GATEWAY_MIGRATE", ""),
        ("GATEWAY_LOG_FORMAT", ""),
        ("GATEWAY_METRICS_LISTEN", ""),
        ("GATEWAY_TRUSTED_DOCUMENTS", ""),
        ("GATEWAY_TRUSTED_DOCUMENTS_MODE", ""),
        ("GATEWAY_CORS_ORIGINS", ""),
        ("GATEWAY_TOKENS", ""),
    ];
    for option in ["--migrate", "--migrate=off", "--migrate=on", "--migrate=No"] {
        let (code, log) = log_of(
            &[("GATEWAY_MIGRATE", "on"), ("GATEWAY_RATE_LIMIT", "No")],
            &[option],
        )
        .await;
        assert_eq!(code, Some(0), "{option}: {log}");
    }
    let (code, log) = log_of(&empty, &[]).await;
    assert_eq!(code, Some(0), "{log}");
    for word in ["on", "off", "true", "false", "1", "0", "yes", "no", "True", "OFF"] {
        let (code, log) = log_of(&[("GATEWAY_INTROSPECTION", word), ("GATEWAY_MIGRATE", word)], &[]).await;
        assert_eq!(code, Some(0), "{word}: {log}");
    }
}

#[test]
fn a_service_that_is_told_to_stop_before_it_serves_ends_with_0() {
    for signal in ["TERM", "INT", "HUP"] {
        // A server that takes connections and says nothing: the service waits for it.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!(
            "postgres://gateway@{}/imports?sslmode=disable",
            silent.local_addr().unwrap()
        );
        let mut command = program(&["serve", "--listen", "127.0.0.1:0"]);
        command
            .env("DATABASE_URL", url)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let process = command.spawn().unwrap();
        let _connection = silent.accept().unwrap();
        let mut kill = std::process::Command::new("kill");
        let told = waiting::output(kill.args(["-s", signal, &process.id().to_string()]));
        assert!(told.status.success(), "{told:?}");
        let output = waiting::output_of("the service", process);
        let log = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), output.stdout.len()),
            (Some(0), 0),
            "{signal}: {log}"
        );
    }
}

#[tokio::test]
async fn names_and_bare_ports_are_listened_on() {
    for listen in ["localhost:0", ":0", "*:0", "[::]:0", "127.0.0.1:0", "0.0.0.0:0"] {
        let (code, log) = log_of(&[], &["--listen", listen]).await;
        // A machine without IPv6 cannot listen on it.
        assert!(code == Some(0) || listen.starts_with("[::]"), "{listen}: {log}");
    }
    let (code, log) = log_of(&[], &["--listen", "no-such-host.invalid:8080"]).await;
    assert_eq!(code, Some(1));
    assert!(log.contains("no-such-host.invalid:8080"), "{log}");
}

#[test]
fn settings_that_can_never_do_what_they_say_end_with_2_before_anything_starts() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("imports.db");
    let url = format!("sqlite://{}", file.display());
    for (options, word) in [
        (
            vec!["--listen", "127.0.0.1:4711", "--metrics-listen", "127.0.0.1:4711"],
            "--metrics-listen",
        ),
        (
            vec!["--connections", "10", "--connections-per-address", "11"],
            "--connections-per-address",
        ),
        (vec!["--listen", "8080"], "--listen"),
        (vec!["--listen", "http://localhost:8080"], "--listen"),
        (vec!["--listen", "localhost:99999"], "--listen"),
        (vec!["--get", "maybe"], "--get"),
        (
            vec!["--trusted-documents-mode", "log"],
            "--trusted-documents-mode",
        ),
        (vec!["--database-url", "sqlite::memory:"], "memory"),
        (vec!["--database-url", "sqlite://?mode=memory"], "memory"),
        (
            vec!["--database-url", "postgres://h1,h2/imports"],
            "several hosts",
        ),
        (
            vec!["--database-url", "postgres://h/i?sslmode=allow"],
            "sslmode=allow",
        ),
        (
            vec!["--database-url", "postgres://h/i?nonsense=hunter2"],
            "`nonsense`",
        ),
    ] {
        let mut command = program(&["serve"]);
        command.args(&options);
        if !options.contains(&"--database-url") {
            command.env("DATABASE_URL", &url);
        }
        let ended = finish(&mut command);
        assert_eq!(
            (ended.code, ended.output.as_str()),
            (Some(2), ""),
            "{options:?}: {ended:?}"
        );
        assert!(
            ended.error.contains(word) && !ended.error.contains("hunter2"),
            "{ended:?}"
        );
    }
    assert!(!file.exists());
}

/// Longer than any test: what does not end it makes the test fail.
const DELAY: [&str; 2] = ["--shutdown-delay-ms", "600000"];

#[tokio::test]
async fn told_to_stop_the_service_is_unready_at_once_and_goes_on_serving_until_the_delay_ends() {
    let database = either().await;
    let tenants = furnish(&database.url, &[3]).await;
    for (first, second) in [("TERM", "TERM"), ("HUP", "INT"), ("TERM", "HUP")] {
        let mut server = Server::over(&database.url, &DELAY, tenants.clone());
        server.wait_for("/readyz", 200);
        server.signal(first);
        assert_eq!(server.wait_for("/readyz", 503).text(), "shutting down\n");
        // New connections, and requests on them.
        assert_eq!(server.client().graphql("{ viewer { id } }").status, 200);
        assert_eq!(server.stranger().get("/livez").status, 200);
        assert!(server.runs());
        server.signal(second);
        assert_eq!(ends(&mut server), Some(0), "{first} {second}");
    }
    // A person at a terminal does not wait.
    let mut server = Server::over(&database.url, &DELAY, tenants.clone());
    server.signal("INT");
    assert_eq!(ends(&mut server), Some(0));
    // And without more signals the delay ends by itself.
    let mut server = Server::over(&database.url, &["--shutdown-delay-ms", "50"], tenants);
    server.signal("TERM");
    assert_eq!(ends(&mut server), Some(0));
}

fn ends(server: &mut Server) -> Option<i32> {
    let begun = Instant::now();
    while server.runs() {
        assert!(
            begun.elapsed() < PATIENCE,
            "it does not end: {}",
            server.written_log()
        );
        thread::sleep(std::time::Duration::from_millis(5));
    }
    server.wait().code()
}
