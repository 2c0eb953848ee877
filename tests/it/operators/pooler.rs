//! The real PgBouncer between the service and its server, set up as the README says.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::task::block_in_place;

use super::{data, done};
use crate::postgres::{cluster, free_port, unprivileged_user};
use crate::server::{Server, furnish};
use crate::waiting::PATIENCE;

const README: &str = include_str!("../../../README.md");

/// A pooler of its own, which ends with this value.
struct Pooler {
    process: Child,
    url: String,
    _folder: TempDir,
}

impl Pooler {
    /// Starts it before the database of a URL.
    fn start(url: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let (host, name) = url.rsplit_once('/').unwrap();
        let server_port = host.rsplit(':').next().unwrap();
        let (port, _port_lock) = free_port();
        let users = folder.path().join("userlist.txt");
        fs::write(&users, "\"gateway\" \"\"\n").unwrap();
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, settings(name, server_port, port, users.to_str().unwrap())).unwrap();
        let mut command = Command::new("pgbouncer");
        command
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // It refuses to run as root.
        if let Some((uid, gid)) = unprivileged_user() {
            for path in [folder.path(), &users, &file] {
                chown(path, Some(uid), Some(gid)).unwrap();
            }
            command.uid(uid).gid(gid);
        }
        let path = std::env::var("PATH").unwrap_or_default();
        let process = command
            .env("PATH", format!("{path}:/usr/sbin"))
            .spawn()
            .expect("PgBouncer: `cargo xtask test` installs it");
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "PgBouncer does not listen");
            thread::sleep(std::time::Duration::from_millis(20));
        }
        Self {
            process,
            url: format!("postgres://gateway@127.0.0.1:{port}/imports"),
            _folder: folder,
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The README's settings, with the places and the passwords of a test.
fn settings(name: &str, server_port: &str, port: u16, users: &str) -> String {
    let (_, block) = README
        .split_once("```ini\n")
        .expect("an `ini` block in the README");
    let (block, _) = block.split_once("```").unwrap();
    let line = |line: &str| match line.split_once(" = ").map_or(line, |(key, _)| key) {
        "imports" => format!("imports = host=127.0.0.1 port={server_port} dbname={name}"),
        "listen_port" => format!("listen_port = {port}"),
        "auth_type" => "auth_type = trust".to_owned(),
        "auth_file" => format!("auth_file = {users}"),
        _ => line.to_owned(),
    };
    assert!(block.contains("pool_mode = session") && !block.contains("ignore_startup_parameters"));
    let lines: Vec<_> = block.lines().map(line).collect();
    format!("{}\nunix_socket_dir =\n", lines.join("\n"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_pgbouncer_as_the_readme_sets_it_up_pages_answer_and_time_limits_hold() {
    let direct = cluster().create_database().await;
    let tenants = furnish(&direct, &[7]).await;
    let pooler = block_in_place(|| Pooler::start(&direct));
    // Only the lock's own limit can end this before a client's patience does.
    let options = [
        "--lock-timeout-ms",
        "1000",
        "--statement-timeout-ms",
        "600000",
        "--request-timeout-ms",
        "600000",
        "--acquire-timeout-ms",
        "60000",
    ];
    let page = "{ imports(first: 2) { nodes { id note } estimatedRemainingCount } }";
    let mut server = block_in_place(|| {
        let server = Server::over(&pooler.url, &options, tenants);
        server.wait_for("/readyz", 200);
        data(&server, page);
        assert!(done(&pooler.url, "account list").contains("Acme"));
        assert_eq!(done(&pooler.url, "migrate up"), "nothing to do\n");
        assert_eq!(done(&pooler.url, "seed --account 1 --rows 3"), "3 stored\n");
        server
    });
    let mut locker = PgConnection::connect(&direct).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE imports")
        .execute(&mut locker)
        .await
        .unwrap();
    let answer = block_in_place(|| {
        let (mut client, begun) = (server.client(), Instant::now());
        loop {
            let answer = client.graphql(page);
            // A machine that is too busy to look finds the database away.
            if answer.status != 503 || begun.elapsed() > PATIENCE {
                return answer;
            }
        }
    });
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (504, "TIMEOUT"),
        "{}",
        answer.text()
    );
    sqlx::raw_sql("ROLLBACK").execute(&mut locker).await.unwrap();
    block_in_place(|| {
        data(&server, page);
        server.terminate();
        assert_eq!(server.wait().code(), Some(0));
    });
    let log = server.last_log();
    assert!(!log.contains("session mode"), "{log}");
}
