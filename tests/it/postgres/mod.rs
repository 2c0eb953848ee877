//! A real PostgreSQL for the tests: one temporary cluster for the whole test process, a fresh database for each test.
//!
//! Takes the server's binaries from this machine, gives URLs. The cluster lies in a folder of its own under the
//! system's temporary one, listens on a port of its own, and goes away with the test process, even if that is killed:
//! the shell script that keeps the server reads a pipe whose other end only the test process holds. Its time zone is
//! far from UTC, for clients that don't choose one (`sqlx` does: UTC). Deliberately absent: servers that run already,
//! containers, passwords, and dropping databases one by one.

mod keeper;
mod tests;

use std::{
    fs,
    net::TcpListener,
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixListener},
    },
    path::PathBuf,
    process::id,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use self::keeper::Keeper;
pub(crate) use self::keeper::unprivileged_user;
use crate::gauntlet;
use crate::waiting::in_time;

/// The superuser of every cluster; connections need no password.
const SUPERUSER: &str = "gateway";

/// How often a port that someone took in between is replaced by the next.
const PORT_TRIES: usize = 8;

/// The cluster that the tests of this process share, started by the first that asks.
pub(crate) fn cluster() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(Cluster::start_own)
}

/// A running PostgreSQL server.
///
/// The shared one only makes databases; one from [`Cluster::start_own`] can also be broken and repaired,
/// and goes away when dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    keeper: Keeper,
    port: u16,
    databases: AtomicU32,
    /// Held as long as the port is ours, also while the server is down.
    _port_lock: UnixListener,
}

impl Cluster {
    /// Starts a server that no other test sees.
    ///
    /// Panics with the end of the server's log where it can't.
    pub(crate) fn start_own() -> Self {
        let mut keeper = Keeper::new(SUPERUSER);
        keeper.tell("initialize");
        for _ in 0..PORT_TRIES {
            let (port, port_lock) = free_port();
            if keeper.try_tell(&format!("start {port}")) {
                return Self {
                    keeper,
                    port,
                    databases: AtomicU32::new(0),
                    _port_lock: port_lock,
                };
            }
        }
        panic!("PostgreSQL doesn't start:\n{}", keeper.log_tail());
    }

    /// The URL of a new, empty database.
    pub(crate) async fn create_database(&self) -> String {
        self.create("template0").await
    }

    /// The same of one whose character type knows the letters of every script, as most databases' does.
    pub(crate) async fn create_database_with_letters(&self) -> String {
        self.create("template0 LC_CTYPE 'C.UTF-8'").await
    }

    /// The URL of a new database with all that the one at `template_url` holds.
    ///
    /// Every connection to the template must be closed.
    pub(crate) async fn create_database_from(&self, template_url: &str) -> String {
        let (_, template) = template_url
            .rsplit_once('/')
            .expect("a database URL ends in the database's name");
        self.create(template).await
    }

    async fn create(&self, template: &str) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let statement = format!("CREATE DATABASE {name} TEMPLATE {template}");
        let done = async {
            let mut connection = PgConnection::connect(&self.url("postgres")).await?;
            sqlx::raw_sql(AssertSqlSafe(statement))
                .execute(&mut connection)
                .await?;
            connection.close().await
        };
        match in_time("a new database", done).await {
            Ok(()) => self.url(&name),
            Err(error) => panic!(
                "no database made from {template}: {error}\n{}",
                self.keeper.log_tail()
            ),
        }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The folder of its data, with the files that configure it.
    pub(crate) fn data_folder(&self) -> PathBuf {
        self.keeper.base.join("data")
    }

    /// Lets a role in with a password only, once the server has read its files again.
    pub(crate) fn ask_for_passwords_of(&self, role: &str) {
        let file = self.data_folder().join("pg_hba.conf");
        let lines = fs::read_to_string(&file).expect("the server's own file");
        let first = format!("host all {role} 127.0.0.1/32 scram-sha-256\n");
        fs::write(&file, first + &lines).expect("the server's own file");
    }

    /// Ends every process of the server at once; its port then refuses connections.
    pub(crate) fn kill9(&mut self) {
        self.keeper.tell("kill");
        gauntlet::add("database servers killed", 1);
    }

    /// Starts the server again after [`Cluster::kill9`], on the same port and data, and waits until it answers.
    pub(crate) fn restart(&mut self) {
        self.keeper.tell(&format!("start {}", self.port));
    }

    /// Halts every process of the server: connections stay open, new ones are taken by the kernel, nothing answers.
    pub(crate) fn freeze(&mut self) {
        self.keeper.tell("freeze");
        gauntlet::add("database servers frozen", 1);
    }

    /// Lets a frozen server go on where it was.
    pub(crate) fn thaw(&mut self) {
        self.keeper.tell("thaw");
    }
}

/// A port that is free now, and the lock that keeps it from other processes of these tests, which look for theirs in the
/// same place: a server that is down for a moment finds its port again.
///
/// Below the range from which systems take the ports of outgoing connections: there, a client that tries again while
/// the server is down could be given the server's own port, and talk to itself.
pub(crate) fn free_port() -> (u16, UnixListener) {
    const FIRST: u32 = 20_000;
    const PORTS: u32 = 12_000;
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let start = id().wrapping_mul(37);
    std::iter::repeat_with(|| start.wrapping_add(COUNT.fetch_add(1, Ordering::Relaxed)))
        .take(PORTS as usize)
        .filter_map(|n| u16::try_from(FIRST + n % PORTS).ok())
        .find_map(|port| {
            let lock = lock_port(port)?;
            TcpListener::bind(("127.0.0.1", port))
                .is_ok()
                .then_some((port, lock))
        })
        .expect("one free port in twelve thousand")
}

/// The lock of a port, unless another process, or another cluster of this one, holds it: a name that only one socket can
/// have, which is no file, and goes with its holder.
fn lock_port(port: u16) -> Option<UnixListener> {
    let name = SocketAddr::from_abstract_name(format!("gateway-pg-port-{port}")).ok()?;
    UnixListener::bind_addr(&name).ok()
}
