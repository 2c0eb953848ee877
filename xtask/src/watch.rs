//! Programs that are run under a limit in time, with every line of their output read, shown and kept in a log.
//!
//! Takes a command and a limit; gives how it ended. A program that takes longer is ended with all that it started, and
//! what it said last is shown. Deliberately absent: what the lines mean.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, IsTerminal, Read, Write},
    path::Path,
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use crate::leash::{Leash, wrap};

/// How often is looked whether a program has ended.
const EVERY: Duration = Duration::from_millis(100);
/// How long output is waited for that a program has left in its pipes.
const LEFT_OVER: Duration = Duration::from_secs(2);
/// How many of its last lines are shown of a program that was ended.
const LAST_LINES: usize = 25;
/// How many bytes of a line are read.
const LINE_BYTES: usize = 100_000;

/// What a program is seen to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen<'a> {
    /// It printed a line to standard output, without its end and its colours.
    Output(&'a str),
    /// It printed a line to standard error.
    Error(&'a str),
    /// It has not ended yet.
    Waiting {
        /// The beginning of a line on standard output whose end isn't there.
        unfinished: &'a str,
        /// Since when it has printed nothing.
        silence: Duration,
    },
}

/// Runs programs, and knows where their output goes.
#[derive(Debug)]
pub(crate) struct Watch {
    is_shown: bool,
    log: Option<File>,
}

impl Watch {
    /// Shows what programs print.
    pub(crate) fn shown() -> Self {
        Self {
            is_shown: true,
            log: None,
        }
    }

    /// Writes what programs print to a file, and shows nothing.
    pub(crate) fn logged(log: File) -> Self {
        Self {
            is_shown: false,
            log: Some(log),
        }
    }

    /// Says something to the user, in the log where there is one.
    pub(crate) fn say(&self, text: &str) {
        self.write(Source::Output, format!("{text}\n").as_bytes());
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// A sentence where it can't start, ends with a failure, or doesn't end within the limit.
    pub(crate) fn run(&self, command: &Command, limit: Duration) -> Result<(), String> {
        self.follow(command, limit, |_| Ok(()))
    }

    /// Runs a program to its end and tells `read` what it does; `read` may have it ended, and says why.
    ///
    /// # Errors
    /// As [`Watch::run`], and what `read` says.
    pub(crate) fn follow(
        &self,
        command: &Command,
        limit: Duration,
        mut read: impl FnMut(Seen<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        let name = name(command);
        let mut running = Running::start(self, wrap(command))?;
        let end = Instant::now() + limit;
        let ended = loop {
            // Looked for first: what it printed before its end is in the pipes by then.
            let ended = running.leash.ended();
            if let Some(status) = ended {
                break Ok(status);
            }
            if let Err(fault) = running.look(&mut read) {
                break Err(fault);
            }
            if Instant::now() >= end {
                break Err(format!("{name} did not end within {} s", limit.as_secs()));
            }
        };
        let Running {
            leash, mut output, ..
        } = running;
        // Ends what it has left behind, too, and so closes the pipes.
        drop(leash);
        let after = output.rest(&mut read);
        match ended {
            Err(fault) => {
                self.say(&format!(
                    "\n{fault}. It was ended; its last lines:\n{}\n",
                    output.last()
                ));
                Err(fault)
            }
            Ok(status) if status.success() => after,
            Ok(status) => Err(format!("{name}: {}", told(status))),
        }
    }

    /// Where a program writes its standard error whose output somebody else reads.
    pub(crate) fn standard_error(&self) -> Stdio {
        let log = self.log.as_ref().map(File::try_clone);
        log.map_or_else(Stdio::inherit, |log| {
            log.map_or_else(|_| Stdio::null(), Stdio::from)
        })
    }

    fn write(&self, source: Source, bytes: &[u8]) {
        // Nobody may be there to read it any more, which is no reason to stop.
        if self.is_shown {
            let _ = match source {
                Source::Output => {
                    let mut output = io::stdout().lock();
                    output.write_all(bytes).and_then(|()| output.flush())
                }
                Source::Error => io::stderr().write_all(bytes),
            };
        }
        if let Some(mut log) = self.log.as_ref() {
            let _ = log.write_all(bytes);
        }
    }
}

/// The program and its first argument, for messages.
fn name(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let first = command.get_args().next();
    let words = std::iter::once(program)
        .chain(first)
        .map(|word| word.to_string_lossy());
    words.collect::<Vec<_>>().join(" ")
}

/// How a program ended badly: the script that holds it tells of a signal by a status above 128.
fn told(status: ExitStatus) -> String {
    match status.code() {
        Some(code) if code > 128 => format!("ended by signal {}", code - 128),
        _ => status.to_string(),
    }
}

/// An output of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Output,
    Error,
}

/// A program that runs.
#[derive(Debug)]
struct Running<'a> {
    leash: Leash,
    output: Output<'a>,
}

impl<'a> Running<'a> {
    fn start(watch: &'a Watch, mut command: Command) -> Result<Self, String> {
        // Cargo shows its progress and its colours only where it is told that somebody sees them.
        if watch.is_shown && io::stderr().is_terminal() {
            command
                .env("CARGO_TERM_COLOR", "always")
                .env("CARGO_TERM_PROGRESS_WHEN", "always")
                .env("CARGO_TERM_PROGRESS_WIDTH", "80");
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut leash = Leash::spawn(command)?;
        let (sender, parts) = mpsc::channel();
        let (output, error) = leash.outputs();
        let senders = (sender.clone(), sender);
        output.map(|output| thread::spawn(move || pass_on(output, Source::Output, &senders.0)));
        error.map(|error| thread::spawn(move || pass_on(error, Source::Error, &senders.1)));
        let output = Output {
            watch,
            parts,
            lines: [Vec::new(), Vec::new()],
            last: VecDeque::new(),
            said: Instant::now(),
        };
        Ok(Self { leash, output })
    }

    /// Reads what it prints, for a moment.
    fn look(&mut self, read: &mut impl FnMut(Seen<'_>) -> Result<(), String>) -> Result<(), String> {
        match self.output.parts.recv_timeout(EVERY) {
            Ok((source, bytes)) => self.output.take(source, &bytes, read)?,
            Err(RecvTimeoutError::Timeout) => {}
            // It has closed both, which doesn't mean that it has ended.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(EVERY),
        }
        let unfinished = plain(&self.output.lines[Source::Output as usize]);
        let silence = self.output.said.elapsed();
        read(Seen::Waiting {
            unfinished: &unfinished,
            silence,
        })
    }
}

fn pass_on(mut pipe: impl Read, source: Source, parts: &Sender<(Source, Vec<u8>)>) {
    let mut bytes = [0; 8192];
    while let Ok(count) = pipe.read(&mut bytes) {
        if count == 0 || parts.send((source, bytes[..count].to_vec())).is_err() {
            return;
        }
    }
}

/// What a program prints, made lines of.
#[derive(Debug)]
struct Output<'a> {
    watch: &'a Watch,
    parts: Receiver<(Source, Vec<u8>)>,
    /// Of each source, the line that has no end yet.
    lines: [Vec<u8>; 2],
    last: VecDeque<String>,
    said: Instant,
}

impl Output<'_> {
    fn take(
        &mut self,
        source: Source,
        bytes: &[u8],
        read: &mut impl FnMut(Seen<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        self.said = Instant::now();
        self.watch.write(source, bytes);
        let mut outcome = Ok(());
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let line = &mut self.lines[source as usize];
            let room = LINE_BYTES.saturating_sub(line.len()).min(part.len());
            line.extend_from_slice(&part[..room]);
            if part.ends_with(b"\n") {
                let line = plain(&std::mem::take(line));
                outcome = outcome.and(self.finish(source, line, read));
            }
        }
        outcome
    }

    fn finish(
        &mut self,
        source: Source,
        line: String,
        read: &mut impl FnMut(Seen<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        let outcome = read(match source {
            Source::Output => Seen::Output(&line),
            Source::Error => Seen::Error(&line),
        });
        if !line.is_empty() {
            self.last.push_back(line);
        }
        if self.last.len() > LAST_LINES {
            self.last.pop_front();
        }
        outcome
    }

    /// Reads what an ended program has left in its pipes.
    fn rest(&mut self, read: &mut impl FnMut(Seen<'_>) -> Result<(), String>) -> Result<(), String> {
        let mut outcome = Ok(());
        let until = Instant::now() + LEFT_OVER;
        while let Ok((source, bytes)) = self
            .parts
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            outcome = outcome.and(self.take(source, &bytes, read));
        }
        for source in [Source::Output, Source::Error] {
            let line = plain(&std::mem::take(&mut self.lines[source as usize]));
            if !line.is_empty() {
                outcome = outcome.and(self.finish(source, line, read));
            }
        }
        outcome
    }

    fn last(&self) -> String {
        if self.last.is_empty() {
            return "    (it said nothing)".to_owned();
        }
        let lines = self.last.iter().map(|line| format!("    {line}"));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// A line as one sees it: without its end, what was written over, and escape sequences.
fn plain(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\r', '\n']);
    let seen = text.rsplit('\r').next().unwrap_or_default();
    let mut parts = seen.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // ECMA-48: parameters, then one letter.
        plain.push_str(
            part.split_once(|sign: char| sign.is_ascii_alphabetic())
                .map_or("", |(_, rest)| rest),
        );
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    /// A watch whose log has a name that no other test has.
    fn logged(name: &str) -> (Watch, std::path::PathBuf) {
        let path = env::temp_dir().join(format!("watch-{}-{name}", process::id()));
        (Watch::logged(File::create(&path).expect("a log")), path)
    }

    #[test]
    fn every_line_is_read_and_kept_in_the_log() {
        let (watch, path) = logged("lines");
        let read = |script| {
            let mut lines = Vec::new();
            let ended = watch.follow(&shell(script), LONG, |seen| {
                match seen {
                    Seen::Output(line) => lines.push(format!("output {line}")),
                    Seen::Error(line) => lines.push(format!("error {line}")),
                    Seen::Waiting { .. } => {}
                }
                Ok(())
            });
            assert_eq!(ended, Ok(()));
            lines
        };
        let output = read("printf 'one\ntw'; sleep 0.2; printf 'o\nend'");
        assert_eq!(output, ["output one", "output two", "output end"]);
        assert_eq!(read("echo bad >&2"), ["error bad"]);
        let log = fs::read_to_string(&path).expect("the log");
        assert_eq!(log, "one\ntwo\nendbad\n");
        fs::remove_file(path).expect("our file");
    }

    #[test]
    fn a_program_that_hangs_is_ended_at_its_limit() {
        let (watch, path) = logged("hang");
        let ended = watch.run(&shell("sleep 600"), Duration::from_secs(1));
        assert_eq!(ended, Err("sh -c did not end within 1 s".into()));
        let log = fs::read_to_string(&path).expect("the log");
        assert!(
            log.contains("sh -c did not end within 1 s. It was ended"),
            "{log}"
        );
        fs::remove_file(path).expect("our file");
    }

    #[test]
    fn the_reader_can_have_a_program_ended_and_its_last_lines_are_told() {
        let (watch, path) = logged("reader");
        let script = "for i in $(seq 40); do echo line $i; done; printf 'half a line'; sleep 600";
        let ended = watch.follow(&shell(script), LONG, |seen| match seen {
            Seen::Waiting {
                unfinished: "half a line",
                silence,
            } if silence > EVERY => Err("seen".into()),
            _ => Ok(()),
        });
        assert_eq!(ended, Err("seen".into()));
        let log = fs::read_to_string(&path).expect("the log");
        let (_, told) = log.split_once("its last lines:\n").expect("last lines");
        assert!(
            told.starts_with("    line 17\n") && told.ends_with("    line 40\n    half a line\n\n"),
            "{told}"
        );
        fs::remove_file(path).expect("our file");
    }

    #[test]
    fn what_a_program_leaves_running_keeps_nobody_waiting() {
        let (watch, path) = logged("left");
        let ended = watch.run(&shell("sleep 600 & echo done"), LONG);
        assert_eq!(ended, Ok(()));
        fs::remove_file(path).expect("our file");
    }

    #[test]
    fn a_failure_names_the_program_and_how_it_ended() {
        let (watch, path) = logged("failure");
        let run = |script| watch.run(&shell(script), LONG);
        assert_eq!(run("exit 3"), Err("sh -c: exit status: 3".into()));
        assert_eq!(run("kill -KILL $$"), Err("sh -c: ended by signal 9".into()));
        let missing = watch.run(&Command::new("no-such-program"), LONG);
        assert_eq!(missing, Err("no-such-program: exit status: 127".into()));
        fs::remove_file(path).expect("our file");
    }

    #[test]
    fn colours_and_what_was_written_over_are_no_part_of_a_line() {
        assert_eq!(plain(b"\x1b[1m\x1b[32m   Running\x1b[0m x\r\n"), "   Running x");
        assert_eq!(
            plain(b" Building [==> ] 3/9\r\x1b[K   Compiling x\n"),
            "   Compiling x"
        );
        assert_eq!(plain(b"\x1b["), "");
    }
}
