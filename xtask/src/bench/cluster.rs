//! The PostgreSQL that is measured: a server of our own whose filled database is kept for the next run.
//!
//! Takes a folder, gives a running server on a free port. Plainly tuned: 1 GB of shared buffers, nothing synchronous
//! (only reads are measured), no JIT, the rest as it comes. Deliberately absent: passwords, and servers that run already.

use std::{
    fs,
    net::TcpListener,
    os::unix::{
        fs::{DirBuilderExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::process::Process;
use crate::{
    binaries,
    cargo::{finish, program},
};

const SUPERUSER: &str = "gateway";

/// The database that holds the imports.
pub(super) const DATABASE: &str = "bench";

const SETTINGS: [&str; 8] = [
    "shared_buffers=1GB",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_wal_size=8GB",
    "jit=off",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
];

/// A running server; it stops when dropped.
#[derive(Debug)]
pub(super) struct Cluster {
    process: Process,
    binaries: PathBuf,
    log: PathBuf,
    port: u16,
}

impl Cluster {
    /// Starts the server of `folder`, made where it is not there.
    ///
    /// # Errors
    ///
    /// In words, with the end of the server's log.
    pub(super) fn start(folder: &Path) -> Result<Self, String> {
        let binaries = binaries::find().ok_or("the binaries of a PostgreSQL server are missing")?;
        let owner = unprivileged_user()?;
        let (data, log) = (folder.join("data"), folder.join("log"));
        if !data.join("PG_VERSION").is_file() {
            make_folder(folder, owner)?;
            let mut initdb = as_user(Command::new(binaries.join("initdb")), owner);
            initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
            initdb.arg("--username").arg(SUPERUSER).arg("--pgdata").arg(&data);
            finish(initdb.current_dir(folder).stdout(Stdio::null()))?;
        }
        let port = free_port()?;
        let mut server = as_user(Command::new(binaries.join("postgres")), owner);
        server
            .args(["-p", &port.to_string(), "-D"])
            .arg(&data)
            .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        let text = fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        server.current_dir(folder).stdout(Stdio::null()).stderr(text);
        let mut cluster = Self {
            process: Process::start("postgres", server, "INT")?,
            binaries,
            log,
            port,
        };
        cluster.wait()?;
        cluster.make_database(DATABASE)?;
        Ok(cluster)
    }

    /// Makes a database, unless it is there.
    ///
    /// # Errors
    ///
    /// What psql says.
    pub(super) fn make_database(&self, name: &str) -> Result<(), String> {
        let known = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
        if self.ask_to("postgres", &known)?.is_empty() {
            self.ask_to("postgres", &format!("CREATE DATABASE {name}"))?;
        }
        Ok(())
    }

    /// Drops a database.
    ///
    /// # Errors
    ///
    /// What psql says.
    pub(super) fn drop_database(&self, name: &str) -> Result<(), String> {
        self.ask_to("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"))
            .map(drop)
    }

    fn wait(&mut self) -> Result<(), String> {
        for _ in 0..600 {
            if self.ask_to("postgres", "SELECT 1").is_ok() {
                return Ok(());
            }
            if !self.process.is_running() {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(15)..].join("\n");
        Err(format!("PostgreSQL doesn't start:\n{end}"))
    }

    /// The URL of the database for a role.
    pub(super) fn url_of(&self, role: &str) -> String {
        self.url_to(role, DATABASE)
    }

    /// The URL of any database for a role.
    pub(super) fn url_to(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of the database.
    pub(super) fn url(&self) -> String {
        self.url_of(SUPERUSER)
    }

    /// The server's first process; all the others are its children.
    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Where the server writes its log.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// Runs a script of pgbench in a database; gives transactions a second.
    ///
    /// # Errors
    ///
    /// What pgbench says.
    pub(super) fn pgbench(
        &self,
        database: &str,
        script: &Path,
        variables: &[(&str, &str)],
        clients: u32,
        seconds: u32,
    ) -> Result<f64, String> {
        let own = self.binaries.join("pgbench");
        let mut pgbench = Command::new(if own.is_file() { own } else { "pgbench".into() });
        pgbench.args([
            "-n",
            "-M",
            "prepared",
            "-j",
            "1",
            "-h",
            "127.0.0.1",
            "-U",
            SUPERUSER,
        ]);
        pgbench.args([
            "-p",
            &self.port.to_string(),
            "-c",
            &clients.to_string(),
            "-T",
            &seconds.to_string(),
        ]);
        for (name, value) in variables {
            pgbench.args(["-D", &format!("{name}={value}")]);
        }
        pgbench.arg("-f").arg(script).arg(database);
        let answer = pgbench
            .output()
            .map_err(|error| format!("pgbench can't be started: {error}"))?;
        let told = String::from_utf8_lossy(&answer.stdout);
        let rate = told
            .lines()
            .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.filter(|_| answer.status.success())
            .ok_or_else(|| format!("pgbench: {told}{}", String::from_utf8_lossy(&answer.stderr)))
    }

    /// Runs one statement; gives a line a row, its columns divided by tabs.
    ///
    /// # Errors
    ///
    /// What psql says.
    pub(super) fn ask(&self, statement: &str) -> Result<String, String> {
        self.ask_to(DATABASE, statement)
    }

    /// Writes a word onto the database, which outlives the server.
    ///
    /// # Errors
    ///
    /// What psql says.
    pub(super) fn comment(&self, word: &str) -> Result<(), String> {
        self.ask(&format!("COMMENT ON DATABASE {DATABASE} IS '{word}'"))
            .map(drop)
    }

    /// The same in any database.
    ///
    /// # Errors
    ///
    /// What psql says.
    pub(super) fn ask_to(&self, database: &str, statement: &str) -> Result<String, String> {
        let own = self.binaries.join("psql");
        let mut psql = Command::new(if own.is_file() { own } else { "psql".into() });
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-F",
            "\t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
        ])
        .args([
            "-p",
            &self.port.to_string(),
            "-U",
            SUPERUSER,
            "-d",
            database,
            "-c",
            statement,
        ]);
        let answer = psql
            .output()
            .map_err(|error| format!("psql can't be started: {error}"))?;
        if !answer.status.success() {
            return Err(String::from_utf8_lossy(&answer.stderr).into_owned());
        }
        Ok(String::from_utf8_lossy(&answer.stdout).trim_end().to_owned())
    }
}

/// A port that is free now.
///
/// # Errors
///
/// Where the system gives none.
pub(super) fn free_port() -> Result<u16, String> {
    let taken = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    taken
        .map(|address| address.port())
        .map_err(|error| format!("no free port: {error}"))
}

fn make_folder(folder: &Path, owner: Option<(u32, u32)>) -> Result<(), String> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(folder);
    made.and_then(|()| match owner {
        Some((uid, gid)) => chown(folder, Some(uid), Some(gid)),
        None => Ok(()),
    })
    .map_err(|error| format!("{}: {error}", folder.display()))
}

fn as_user(mut command: Command, owner: Option<(u32, u32)>) -> Command {
    if let Some((uid, gid)) = owner {
        command.uid(uid).gid(gid);
    }
    command
}

/// Who runs the server where we are root, which it refuses to be.
fn unprivileged_user() -> Result<Option<(u32, u32)>, String> {
    let own = program("id")
        .arg("-u")
        .output()
        .map_err(|error| format!("id: {error}"))?;
    if own.stdout.trim_ascii() != b"0" {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(|error| format!("/etc/passwd: {error}"))?;
    let ids = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == "postgres").then_some(())?;
        Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    ids.map(Some)
        .ok_or_else(|| "there is no user `postgres`, and the server doesn't run as root".to_owned())
}
