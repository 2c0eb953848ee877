//! The harness holds what it promises: databases apart, faults on demand, nothing left behind.

use std::{
    env,
    io::{BufRead, BufReader, ErrorKind, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::*;
use crate::waiting::{self, PATIENCE, eventually_blocking, in_time};

async fn connect(url: &str) -> PgConnection {
    let connected = in_time("a connection", PgConnection::connect(url)).await;
    connected.expect("a connection")
}

async fn run(connection: &mut PgConnection, statement: &'static str) {
    sqlx::raw_sql(statement)
        .execute(connection)
        .await
        .expect(statement);
}

async fn ask(connection: &mut PgConnection, question: &'static str) -> String {
    sqlx::query_scalar(question)
        .fetch_one(connection)
        .await
        .expect(question)
}

#[tokio::test]
async fn two_databases_keep_their_rows_apart() {
    let mut one = connect(&cluster().create_database().await).await;
    let mut other = connect(&cluster().create_database().await).await;
    run(
        &mut one,
        "CREATE TABLE notes (body text); INSERT INTO notes VALUES ('one')",
    )
    .await;
    run(
        &mut other,
        "CREATE TABLE notes (body text); INSERT INTO notes VALUES ('other')",
    )
    .await;
    let all = "SELECT string_agg(body, ',') FROM notes";
    assert_eq!(ask(&mut one, all).await, "one");
    assert_eq!(ask(&mut other, all).await, "other");
}

#[tokio::test]
async fn a_database_from_a_template_starts_with_its_rows_and_goes_its_own_way() {
    let template_url = cluster().create_database().await;
    let mut template = connect(&template_url).await;
    run(
        &mut template,
        "CREATE TABLE notes (body text); INSERT INTO notes VALUES ('first')",
    )
    .await;
    template.close().await.expect("closed");
    let mut one = connect(&cluster().create_database_from(&template_url).await).await;
    let mut other = connect(&cluster().create_database_from(&template_url).await).await;
    run(&mut one, "INSERT INTO notes VALUES ('second')").await;
    let all = "SELECT string_agg(body, ',' ORDER BY body) FROM notes";
    assert_eq!(ask(&mut one, all).await, "first,second");
    assert_eq!(ask(&mut other, all).await, "first");
}

#[tokio::test]
async fn a_new_database_compares_text_by_its_bytes_and_takes_many_connections() {
    let mut database = connect(&cluster().create_database().await).await;
    let text = "SELECT datcollate || ' ' || pg_encoding_to_char(encoding) FROM pg_database
                WHERE datname = current_database()";
    assert_eq!(ask(&mut database, text).await, "C UTF8");
    let settings = "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings
                    WHERE name IN ('fsync', 'jit', 'max_connections')";
    assert_eq!(
        ask(&mut database, settings).await,
        "fsync=off jit=off max_connections=300"
    );
}

#[test]
fn a_client_that_names_no_time_zone_is_not_in_utc() {
    let mut client = TcpStream::connect(("127.0.0.1", cluster().port)).expect("a connection");
    client.set_read_timeout(Some(PATIENCE)).expect("a socket");
    // A startup message: its length, protocol 3.0, parameters. The answer lists the session's settings.
    let parameters = format!("user\0{SUPERUSER}\0database\0postgres\0\0");
    let length = u32::try_from(8 + parameters.len()).expect("a short message");
    let message = [&length.to_be_bytes(), &[0, 3, 0, 0], parameters.as_bytes()].concat();
    client.write_all(&message).expect("the server reads");
    let zone = BufReader::new(client)
        .split(0)
        .map(|text| text.expect("the server writes"))
        .skip_while(|text| !text.ends_with(b"TimeZone"))
        .nth(1);
    assert_eq!(zone.as_deref(), Some(&b"Pacific/Apia"[..]));
}

#[tokio::test]
async fn a_killed_server_refuses_and_comes_back_with_what_was_committed() {
    let mut own = Cluster::start_own();
    let url = own.create_database().await;
    let mut database = connect(&url).await;
    run(&mut database, "CREATE TABLE notes AS SELECT 'kept' AS body").await;
    own.kill9();
    assert!(sqlx::query("SELECT 1").execute(&mut database).await.is_err());
    let refused = TcpStream::connect(("127.0.0.1", own.port)).expect_err("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    own.restart();
    assert_eq!(
        ask(&mut connect(&url).await, "SELECT body FROM notes").await,
        "kept"
    );
}

#[tokio::test]
async fn a_frozen_server_is_silent_and_answers_after_the_thaw() {
    let mut own = Cluster::start_own();
    let mut database = connect(&own.create_database().await).await;
    own.freeze();
    let answer = tokio::spawn(async move { ask(&mut database, "SELECT 'here'").await });
    // However long one waits, it can't be answered.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!answer.is_finished());
    own.thaw();
    let answer = in_time("an answer after the thaw", answer).await;
    assert_eq!(answer.expect("the question was asked"), "here");
}

#[test]
fn a_port_is_kept_while_its_server_is_down() {
    let mut own = Cluster::start_own();
    own.kill9();
    assert!(
        TcpListener::bind(("127.0.0.1", own.port)).is_ok(),
        "nobody listens"
    );
    assert!(lock_port(own.port).is_none(), "another cluster could take it");
    own.restart();
    let port = own.port;
    drop(own);
    // Another test's cluster may have it by now, and gives it back when it ends.
    eventually_blocking("the port's lock", || {
        lock_port(port).ok_or_else(|| "it is held".to_owned())
    });
}

#[test]
fn a_frozen_server_still_goes_away_with_its_folder() {
    let mut own = Cluster::start_own();
    let base = own.keeper.base.clone();
    own.freeze();
    drop(own);
    assert!(!base.exists());
}

#[test]
fn a_server_goes_away_with_its_process_even_when_that_is_killed() {
    // The test runs itself once more: the second process holds the cluster until it is killed.
    const NAME: &str = "postgres::tests::a_server_goes_away_with_its_process_even_when_that_is_killed";
    const ROLE: &str = "GATEWAY_TEST_HOLDS_A_CLUSTER";
    if env::var_os(ROLE).is_some() {
        let mut own = Cluster::start_own();
        own.freeze();
        println!("\nholds {} {}", own.port, own.keeper.base.display());
        loop {
            thread::park();
        }
    }
    let mut holder = Command::new(env::current_exe().expect("the test binary"))
        .args(["--exact", NAME, "--nocapture"])
        .env(ROLE, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test binary starts");
    let lines = waiting::lines(holder.stdout.take().expect("a piped standard output"));
    let held = waiting::line(&lines, |line| {
        let (port, base) = line.strip_prefix("holds ")?.split_once(' ')?;
        Some((port.parse::<u16>().ok()?, PathBuf::from(base)))
    });
    holder.kill().expect("a process that waits");
    holder.wait().expect("a killed process");
    let (port, base) = held.expect("the second process starts a cluster");
    // Nothing tells us the moment, so look until it has come; a hang is the failure.
    eventually_blocking("the folder of a server gone", || {
        if base.exists() {
            Err(format!("{} is still there", base.display()))
        } else {
            Ok(())
        }
    });
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}
