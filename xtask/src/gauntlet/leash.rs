//! A program that ends with us, and all that it started, even if we are killed.
//!
//! Takes a command, gives its exit status or ends it at a given time. A small script holds the program by the pipe that
//! only this process keeps open. Deliberately absent: what the tests' servers of PostgreSQL need, who have leashes of
//! their own.

use std::{
    ffi::OsStr,
    fs::File,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::cargo::program;

/// How often is looked whether a program has ended.
const EVERY: Duration = Duration::from_millis(100);

/// A running program; it is ended when dropped.
#[derive(Debug)]
pub(super) struct Leash {
    shell: Child,
    hold: Option<ChildStdin>,
}

/// A command under the script, with nowhere to write yet.
pub(super) fn command<W: AsRef<OsStr>>(words: impl IntoIterator<Item = W>) -> Command {
    let mut command = program("sh");
    command
        .args(["-c", include_str!("leash.sh"), "leash"])
        .args(words);
    command
}

/// A file that several write to, each at its end.
///
/// **Errors:** it can't be written.
pub(super) fn append(path: &Path) -> Result<File, String> {
    let file = File::options().append(true).create(true).open(path);
    file.map_err(|error| format!("{}: {error}", path.display()))
}

impl Leash {
    /// Starts a [`command`], whose standard output goes to the end of a file.
    ///
    /// **Errors:** it can't be started, or the file not be written.
    pub(super) fn start(mut command: Command, output: &Path) -> Result<Self, String> {
        let file = append(output)?;
        let started = command
            .stdin(Stdio::piped())
            .stdout(file)
            .process_group(0)
            .spawn();
        let mut shell = started.map_err(|error| format!("sh can't be started: {error}"))?;
        let hold = shell.stdin.take();
        Ok(Self { shell, hold })
    }

    /// Its exit status, if it has ended.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.shell.try_wait().ok().flatten()
    }

    /// Its exit status, or none where it has not ended by then.
    pub(super) fn wait(&mut self, until: Instant) -> Option<ExitStatus> {
        loop {
            let ended = self.ended();
            if ended.is_some() || Instant::now() >= until {
                return ended;
            }
            thread::sleep(EVERY);
        }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        drop(self.hold.take());
        // It has ended by itself, or is ended by its script.
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::*;

    fn soon(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn the_exit_status_and_the_output_are_the_commands() {
        let path = env::temp_dir().join(format!("leash-{}-status", process::id()));
        let mut leash = Leash::start(command(["sh", "-c", "echo said; exit 3"]), &path).expect("a shell");
        let status = leash.wait(soon(60)).expect("a short command");
        assert_eq!(status.code(), Some(3));
        assert_eq!(fs::read_to_string(&path).expect("its output"), "said\n");
        fs::remove_file(path).expect("our file");
    }

    #[test]
    fn what_a_command_started_ends_with_the_leash() {
        let path = env::temp_dir().join(format!("leash-{}-end", process::id()));
        let mut leash =
            Leash::start(command(["sh", "-c", "sleep 600 & echo $!; wait"]), &path).expect("a shell");
        assert!(leash.wait(Instant::now()).is_none());
        let child = loop {
            let said = fs::read_to_string(&path).expect("its output");
            if said.ends_with('\n') {
                break said.trim().to_owned();
            }
            thread::sleep(EVERY);
        };
        let runs = || {
            let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            // A zombie has ended; who inherits it may be late to look.
            !stat.is_empty() && !stat.contains(") Z ")
        };
        assert!(runs());
        drop(leash);
        let until = soon(60);
        while runs() {
            assert!(Instant::now() < until, "{child} still runs");
            thread::sleep(EVERY);
        }
        fs::remove_file(path).expect("our file");
    }
}
