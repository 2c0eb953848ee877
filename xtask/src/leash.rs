//! A program that ends with us, and all that it started, even if we are killed.
//!
//! Takes a command, gives its exit status or ends it at a given time. A small script holds the program by the pipe that
//! only this process keeps open. Deliberately absent: processes that left the program's group and outlived their
//! parent, as no parent names them any more.

use std::{
    ffi::OsStr,
    fs::{self, File},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::cargo::program;

/// How often is looked whether a program has ended.
const EVERY: Duration = Duration::from_millis(100);
/// What processes in groups of their own get to end by themselves once the program is gone: a server of PostgreSQL
/// takes its folder with it.
const GRACE: Duration = Duration::from_secs(5);

/// A running program; it is ended when dropped.
#[derive(Debug)]
pub(crate) struct Leash {
    shell: Child,
    hold: Option<ChildStdin>,
}

/// A command under the script, with nowhere to write yet.
pub(crate) fn command<W: AsRef<OsStr>>(words: impl IntoIterator<Item = W>) -> Command {
    let mut command = program("sh");
    command
        .args(["-c", include_str!("leash.sh"), "leash"])
        .args(words);
    command
}

/// A command with its arguments, variables and folder, under the script.
pub(crate) fn wrap(wrapped: &Command) -> Command {
    let mut command = command(std::iter::once(wrapped.get_program()).chain(wrapped.get_args()));
    for (name, value) in wrapped.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(folder) = wrapped.get_current_dir() {
        command.current_dir(folder);
    }
    command
}

/// A file that several write to, each at its end.
///
/// # Errors
/// It can't be written.
pub(crate) fn append(path: &Path) -> Result<File, String> {
    let file = File::options().append(true).create(true).open(path);
    file.map_err(|error| format!("{}: {error}", path.display()))
}

impl Leash {
    /// Starts a [`command`], whose standard output goes to the end of a file.
    ///
    /// # Errors
    /// It can't be started, or the file not be written.
    pub(crate) fn start(mut command: Command, output: &Path) -> Result<Self, String> {
        command.stdout(append(output)?);
        Self::spawn(command)
    }

    /// Starts a [`command`], whose outputs go where it says.
    ///
    /// # Errors
    /// It can't be started.
    pub(crate) fn spawn(mut command: Command) -> Result<Self, String> {
        let started = command.stdin(Stdio::piped()).process_group(0).spawn();
        let mut shell = started.map_err(|error| format!("sh can't be started: {error}"))?;
        let hold = shell.stdin.take();
        Ok(Self { shell, hold })
    }

    /// The read ends of its outputs, where they are pipes; once.
    pub(crate) fn outputs(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.shell.stdout.take(), self.shell.stderr.take())
    }

    /// Its exit status, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.shell.try_wait().ok().flatten()
    }

    /// Its exit status, or none where it has not ended by then.
    pub(crate) fn wait(&mut self, until: Instant) -> Option<ExitStatus> {
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
        let below = match self.ended() {
            None => descendants(self.shell.id()),
            Some(_) => Vec::new(),
        };
        drop(self.hold.take());
        // It has ended by itself, or is ended by its script.
        let _ = self.shell.wait();
        end(below);
    }
}

/// Waits for processes to end by themselves, and kills those that don't.
fn end(mut processes: Vec<Process>) {
    let until = Instant::now() + GRACE;
    loop {
        processes.retain(Process::runs);
        if processes.is_empty() {
            return;
        }
        if Instant::now() >= until {
            break;
        }
        thread::sleep(EVERY);
    }
    let numbers = processes.iter().map(|process| process.number.to_string());
    let _ = Command::new("kill").arg("-KILL").args(numbers).status();
}

/// A process, told from a later one of the same number by when it started.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Process {
    number: u32,
    parent: u32,
    state: char,
    start: String,
}

impl Process {
    /// Source: proc_pid_stat(5). The name may hold anything; the state follows its last bracket.
    fn read(number: u32) -> Option<Self> {
        let line = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
        let fields: Vec<&str> = line.rsplit_once(") ")?.1.split(' ').collect();
        Some(Self {
            number,
            parent: fields.get(1)?.parse().ok()?,
            state: fields.first()?.chars().next()?,
            start: (*fields.get(19)?).to_owned(),
        })
    }

    /// A zombie has ended; who inherits it may be late to look.
    fn runs(&self) -> bool {
        Self::read(self.number).is_some_and(|now| now.start == self.start && now.state != 'Z')
    }
}

/// The processes that one has started, and those that they have.
fn descendants(of: u32) -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut others: Vec<Process> = numbers.filter_map(Process::read).collect();
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![of];
    while let Some(parent) = parents.pop() {
        let (children, rest) = others.into_iter().partition(|process| process.parent == parent);
        others = rest;
        parents.extend(children.iter().map(|child: &Process| child.number));
        found.extend(children);
    }
    found
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;

    fn soon(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    /// A file of the temporary folder that no other test has.
    fn file(name: &str) -> std::path::PathBuf {
        env::temp_dir().join(format!("leash-{}-{name}", process::id()))
    }

    /// The process whose number a command has written into a file.
    fn told(path: &Path) -> Process {
        let until = soon(60);
        loop {
            let said = fs::read_to_string(path).unwrap_or_default();
            if said.ends_with('\n') {
                return Process::read(said.trim().parse().expect("a number")).expect("a process");
            }
            assert!(
                Instant::now() < until,
                "no number in {}: {said:?}",
                path.display()
            );
            thread::sleep(EVERY);
        }
    }

    fn ends(process: &Process) {
        let until = soon(60);
        while process.runs() {
            assert!(Instant::now() < until, "{process:?} still runs");
            thread::sleep(EVERY);
        }
    }

    #[test]
    fn the_exit_status_and_the_output_are_the_commands() {
        let path = file("status");
        let mut leash = Leash::start(command(["sh", "-c", "echo said; exit 3"]), &path).expect("a shell");
        let status = leash.wait(soon(60)).expect("a short command");
        assert_eq!(status.code(), Some(3));
        assert_eq!(fs::read_to_string(&path).expect("its output"), "said\n");
        fs::remove_file(path).expect("our file");
    }

    #[test]
    fn a_command_keeps_its_arguments_variables_and_folder() {
        let path = file("wrap");
        let mut wrapped = Command::new("sh");
        wrapped
            .args(["-c", "echo \"$0 $LEASH_TEST $PWD\"", "a b"])
            .env("LEASH_TEST", "c")
            .current_dir("/");
        let mut leash = Leash::start(wrap(&wrapped), &path).expect("a shell");
        assert!(leash.wait(soon(60)).is_some_and(|status| status.success()));
        assert_eq!(fs::read_to_string(&path).expect("its output"), "a b c /\n");
        fs::remove_file(path).expect("our file");
    }

    #[test]
    fn what_a_command_started_ends_with_the_leash() {
        let path = file("end");
        let mut leash =
            Leash::start(command(["sh", "-c", "sleep 600 & echo $!; wait"]), &path).expect("a shell");
        assert!(leash.wait(Instant::now()).is_none());
        let child = told(&path);
        assert!(child.runs());
        drop(leash);
        ends(&child);
        fs::remove_file(path).expect("our file");
    }

    #[test]
    fn what_left_the_group_ends_with_the_leash_too() {
        let path = file("group");
        let script = "setsid sh -c 'echo $$; exec sleep 600' & wait";
        let leash = Leash::start(command(["sh", "-c", script]), &path).expect("a shell");
        let child = told(&path);
        drop(leash);
        ends(&child);
        fs::remove_file(path).expect("our file");
    }
}
