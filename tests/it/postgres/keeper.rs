//! The shell script that runs the server, as a value: it owns the server and its folder, we hold the pipe to it.
//!
//! Takes words ([`Keeper::tell`]) and gives their success. Deliberately absent: process ids and signals, which the
//! script alone handles, so that none outlives its process.

use std::{
    env, fs,
    io::{ErrorKind, Write},
    os::unix::{
        fs::{DirBuilderExt, chown},
        process::CommandExt,
    },
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio, id},
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc::Receiver,
    },
    time::Duration,
};

use crate::binaries;
use crate::waiting::{self, lines};

/// How long the script may take to do as it is told; it gives a server a minute to start.
const ANSWERS_WITHIN: Duration = Duration::from_secs(120);

/// What differs from the server's defaults. Durable against the end of processes, not of the machine.
const SETTINGS: [&str; 6] = [
    "fsync=off",
    "full_page_writes=off",
    "jit=off",
    "listen_addresses=127.0.0.1",
    "max_connections=300",
    "timezone=Pacific/Apia",
];

/// The script that owns the server and its folder for as long as this process holds the pipe to it.
#[derive(Debug)]
pub(super) struct Keeper {
    /// The folder of the server: its data, its log, its socket.
    pub(super) base: PathBuf,
    shell: Child,
    words: Option<ChildStdin>,
    // Shared with all tests, which ask nothing of it; a receiver alone could not be.
    answers: Mutex<Receiver<String>>,
}

impl Keeper {
    /// Starts the script, which waits for a first word; the server's superuser is `superuser`.
    pub(super) fn new(superuser: &str) -> Self {
        let binaries =
            binaries::find().expect("the binaries of a PostgreSQL server: `cargo xtask test` installs them");
        let base = make_folder();
        let script = base.join("keeper.sh");
        fs::write(&script, include_str!("keeper.sh")).expect("a folder to write to");
        let mut shell = Command::new("sh");
        shell
            .args([
                script.as_os_str(),
                base.as_os_str(),
                binaries.as_os_str(),
                superuser.as_ref(),
            ])
            .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
            .arg("-c")
            .arg(format!("unix_socket_directories={}", base.display()))
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl-C ends the tests, and they the server; it isn't meant for the script.
            .process_group(0);
        // The server refuses to run as root.
        if let Some((uid, gid)) = unprivileged_user() {
            chown(&base, Some(uid), Some(gid)).expect("root may give a folder away");
            shell.uid(uid).gid(gid);
        }
        let mut shell = shell.spawn().expect("a shell");
        let words = shell.stdin.take();
        let answers = Mutex::new(lines(shell.stdout.take().expect("a piped standard output")));
        Self {
            base,
            shell,
            words,
            answers,
        }
    }

    /// Has the script do something.
    ///
    /// Panics with the end of the server's log where it fails.
    pub(super) fn tell(&mut self, words: &str) {
        assert!(
            self.try_tell(words),
            "PostgreSQL: `{words}` failed:\n{}",
            self.log_tail()
        );
    }

    /// Whether the script could do it.
    pub(super) fn try_tell(&mut self, words: &str) -> bool {
        let pipe = self.words.as_mut().expect("the pipe is open until drop");
        writeln!(pipe, "{words}").expect("the script reads until we close the pipe");
        let answers = self
            .answers
            .get_mut()
            .expect("it is never locked, so never poisoned");
        match answers.recv_timeout(ANSWERS_WITHIN) {
            Ok(answer) => answer == "done",
            Err(error) => panic!(
                "PostgreSQL: no answer to `{words}` within {ANSWERS_WITHIN:?}: {error}:\n{}",
                self.log_tail()
            ),
        }
    }

    /// The end of the server's log.
    pub(super) fn log_tail(&self) -> String {
        let log = fs::read(self.base.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.words.take());
        // Nothing to be done about an error here: the script ends by itself, or is killed.
        let _ = waiting::ended("the script that keeps PostgreSQL", &mut self.shell);
    }
}

/// A new folder that only its owner can enter. The name is short, as the path of a socket is at most 107 bytes.
fn make_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    loop {
        let name = format!("gateway-pg-{}-{}", id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return folder,
            // Left over by a process of the same number.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => panic!("{}: {error}", folder.display()),
        }
    }
}

/// Who runs the server when the tests run as root, as they do in most containers.
pub(crate) fn unprivileged_user() -> Option<(u32, u32)> {
    let own_id = waiting::output(Command::new("id").arg("-u")).stdout;
    if own_id.trim_ascii() != b"0" {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let ids = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == "postgres").then_some(())?;
        Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    Some(ids.expect("the user `postgres`, as the server doesn't run as root"))
}
