//! Ten thousand streams that nothing happens to, and a thousand that hear of one change.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use super::Setting;
use crate::bench::{cluster::Cluster, figures::Ratio, fixture, process, servers};

const DATABASE: &str = "bench_live";
const ACCOUNTS: usize = 100;
/// Of each account.
const IDLE: usize = 100;
/// Of the first account, beside its idle ones.
const LISTENERS: usize = 1_000;
/// How long statements are counted.
const WATCHED: Duration = Duration::from_secs(5);
/// How long a change may take to reach a stream.
const PATIENCE: Duration = Duration::from_secs(30);
/// A listener's thread reads lines and tells the time.
const STACK: usize = 128 << 10;

/// # Errors
///
/// In words.
pub(super) fn measure(setting: &Setting<'_>) -> Result<Vec<Ratio>, String> {
    let cluster = setting.cluster;
    cluster.make_database(DATABASE)?;
    let measured = in_database(setting);
    cluster.drop_database(DATABASE)?;
    measured
}

fn in_database(setting: &Setting<'_>) -> Result<Vec<Ratio>, String> {
    let cluster = setting.cluster;
    let url = cluster.url_to("gateway", DATABASE);
    let command = |words: &[&str]| fixture::command(setting.gateway, &url, words);
    command(&["migrate", "up"])?;
    let mut keys = Vec::new();
    for account in 1..=ACCOUNTS {
        command(&["account", "create", "--name", &format!("Account {account}")])?;
        let key = command(&["token", "create", "--account", &account.to_string()])?;
        keys.push(key.trim().to_owned());
    }
    command(&["seed", "--account", "1", "--rows", "1000"])?;
    let log = setting.folder.join("live.log");
    let server = servers::gateway_for_streams(cluster, setting.gateway, &url, &log)?;
    let (address, pid) = (server.target.address.as_str(), server.target.server_pid);

    // One of each account first, so that what comes but once is not counted to the streams.
    let mut idle = Vec::new();
    for key in &keys {
        idle.push(open(address, key)?);
    }
    process::settle();
    let base = process::resident(pid);
    let with_few = statements_a_second(cluster)?;
    for _ in 0..IDLE {
        for key in &keys {
            idle.push(open(address, key)?);
        }
    }
    process::settle();
    let count = ACCOUNTS * IDLE;
    let each = process::resident(pid).saturating_sub(base) as f64 / count as f64 / 1024.0;
    let with_many = statements_a_second(cluster)?;
    println!(
        "  {count} idle streams: {each:.1} KiB each; statements/s {with_few:.1} with {ACCOUNTS}, {with_many:.1} with all"
    );

    let slowest = changes_told(setting, address, &keys[0])?;
    drop(idle);
    Ok(vec![
        Ratio::new("KiB of memory an idle stream, of 10,000", &[each], 10.0, 16.0),
        Ratio::new(
            "statements a second with 10,100 streams / with 100",
            &[with_many / with_few],
            1.05,
            1.2,
        ),
        Ratio::new(
            "seconds until 1,000 streams heard of one change, p99",
            &slowest,
            1.0,
            2.0,
        ),
    ])
}

/// A stream whose first block has come.
fn open(address: &str, key: &str) -> Result<BufReader<TcpStream>, String> {
    let open = || -> std::io::Result<_> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET /api/v1/imports/changes HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\r\n"
        )?;
        // Small, as there are thousands.
        let mut stream = BufReader::with_capacity(512, stream);
        line_with(&mut stream, "id: ")?;
        Ok(stream)
    };
    open().map_err(|error| format!("http://{address}: a stream: {error}"))
}

/// Reads up to a line that begins so.
fn line_with(stream: &mut BufReader<TcpStream>, beginning: &str) -> std::io::Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line.starts_with(beginning) {
            return Ok(());
        }
        // Otherwise than by a stream, refusals come with a status.
        if line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.1 200") {
            return Err(std::io::Error::other(line));
        }
    }
}

/// Transactions of the database, of which the reader's statements are one each.
fn statements_a_second(cluster: &Cluster) -> Result<f64, String> {
    let count = || -> Result<f64, String> {
        let statement =
            format!("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '{DATABASE}'");
        let count = cluster.ask_to("postgres", &statement)?;
        count.parse().map_err(|_| format!("psql: {count}"))
    };
    // PostgreSQL tells of them a second late at most.
    let (before, start) = (count()?, Instant::now());
    thread::sleep(WATCHED);
    Ok((count()? - before) / start.elapsed().as_secs_f64())
}

/// For each repetition, when all but one in a hundred of the listeners had heard of a change. **Unit**: seconds, from before psql
/// was started for it.
fn changes_told(setting: &Setting<'_>, address: &str, key: &str) -> Result<Vec<f64>, String> {
    let mut slowest = Vec::new();
    for _ in 0..setting.repetitions.max(5) {
        let (told, heard) = mpsc::channel();
        let mut threads = Vec::new();
        for _ in 0..LISTENERS {
            let mut stream = open(address, key)?;
            let told = told.clone();
            let listen = move || {
                let heard = line_with(&mut stream, "data: ").map(|()| Instant::now());
                let _ = told.send(heard);
            };
            let thread = thread::Builder::new().stack_size(STACK).spawn(listen);
            threads.push(thread.map_err(|error| format!("a listener's thread: {error}"))?);
        }
        let start = Instant::now();
        setting.cluster.ask_to(
            DATABASE,
            "UPDATE imports SET note = now()::text WHERE account_id = 1 AND id = (SELECT min(id) FROM imports WHERE account_id = 1)",
        )?;
        let mut took = Vec::new();
        for _ in 0..LISTENERS {
            let heard = heard
                .recv_timeout(PATIENCE)
                .map_err(|error| format!("a listener: {error}"))?;
            let at = heard.map_err(|error| format!("a listener: {error}"))?;
            took.push((at - start).as_secs_f64());
        }
        for thread in threads {
            // What it had to say came by the channel.
            let _ = thread.join();
        }
        took.sort_by(f64::total_cmp);
        let p99 = took[LISTENERS - LISTENERS / 100];
        println!(
            "  {LISTENERS} streams heard of a change: p50 {:.3} s, p99 {p99:.3} s",
            took[LISTENERS / 2]
        );
        slowest.push(p99);
    }
    Ok(slowest)
}
