//! What operators meet: databases that refuse, poolers and roles between, files that others hold, rows that applications
//! spoiled, and the words of settings and messages.
//!
//! Each test runs the real program on the real thing. What must be there is installed by `cargo xtask test`.

mod files;
mod pooler;
mod reasons;
mod roles;
mod rows;
mod stale;
mod tls;
mod words;

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::server::{Server, program};
use crate::waiting::{self, PATIENCE};

/// How a run of the program ended: exit status, standard output and standard error.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    output: String,
    error: String,
}

/// Runs a command of the program on a database to its end, which must come.
fn run(url: &str, line: &str) -> Ended {
    let arguments: Vec<_> = line.split(' ').collect();
    finish(program(&arguments).env("DATABASE_URL", url))
}

fn finish(command: &mut Command) -> Ended {
    let output = waiting::output(command);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended {
        code: output.status.code(),
        output: text(output.stdout),
        error: text(output.stderr),
    }
}

/// The error of a run that fails with 1 and prints nothing else.
fn failed(url: &str, line: &str) -> String {
    let ended = run(url, line);
    assert_eq!(
        (ended.code, ended.output.as_str()),
        (Some(1), ""),
        "{line}: {ended:?}"
    );
    ended.error
}

/// The output of a run that succeeds.
fn done(url: &str, line: &str) -> String {
    let ended = run(url, line);
    assert_eq!(
        (ended.code, ended.error.as_str()),
        (Some(0), ""),
        "{line}: {ended:?}"
    );
    ended.output
}

/// Runs SQL on a server, as the role of the URL.
async fn sql(url: &str, text: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await;
    done.unwrap_or_else(|error| panic!("{error}: {text}"));
    connection.close().await.unwrap();
}

/// The URL for another role, with a password.
fn as_role(url: &str, role: &str) -> String {
    url.replacen("gateway@", &format!("{role}@"), 1)
}

/// Settings under which a busy machine makes no request fail that a quiet one would answer.
const PATIENT: [&str; 10] = [
    "--acquire-timeout-ms",
    "60000",
    "--statement-timeout-ms",
    "60000",
    "--lock-timeout-ms",
    "60000",
    "--request-timeout-ms",
    "60000",
    "--rate-limit",
    "off",
];

/// The data of a query that the first account may ask. While the service finds its database away, on a machine that is
/// too busy to look, it is asked again; any other fault is one.
fn data(server: &Server, query: &str) -> Value {
    let (mut client, begun) = (server.client(), Instant::now());
    loop {
        let answer = client.graphql(query);
        if answer.status != 503 {
            let mut json = answer.json();
            assert_eq!(
                (answer.status, &json["errors"]),
                (200, &Value::Null),
                "{query}: {}",
                server.written_log()
            );
            return json["data"].take();
        }
        assert!(begun.elapsed() < PATIENCE, "{}", answer.text());
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until the service is unready for a reason with these words.
fn unready_for(server: &Server, words: &str) -> String {
    let begun = Instant::now();
    loop {
        let answer = server.wait_for("/readyz", 503).text();
        if answer.contains(words) {
            return answer;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "not `{words}`, but {answer}{}",
            server.written_log()
        );
        thread::sleep(Duration::from_millis(20));
    }
}
