//! How the tests wait: for a condition, a line of output or the end of a process, each under one limit.
//!
//! Takes what is waited for, in words, and a look at it; gives what came. At the limit the test fails and says what was
//! waited for and what was there instead. Deliberately absent: a limit of one's own for each wait, which would depend on
//! how fast the machine is.

use std::fmt::Debug;
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long anything is waited for before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// What a look finds: what is waited for, or what is there instead.
pub(crate) type Look<T> = Result<T, String>;

/// A look that finds what is `expected`, or says what there is.
pub(crate) fn is<T: PartialEq + Debug>(found: T, expected: &T) -> Look<()> {
    if found == *expected {
        Ok(())
    } else {
        Err(format!("{found:?}"))
    }
}

/// Looks until what is waited for has come.
pub(crate) async fn eventually<T>(what: &str, look: impl AsyncFn() -> Look<T>) -> T {
    let last = Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(instead) => go_on_until(last, what, &instead),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// As [`eventually`], on a thread that may block.
pub(crate) fn eventually_blocking<T>(what: &str, mut look: impl FnMut() -> Look<T>) -> T {
    let last = Instant::now() + PATIENCE;
    loop {
        match look() {
            Ok(found) => return found,
            Err(instead) => go_on_until(last, what, &instead),
        }
        thread::sleep(PAUSE);
    }
}

fn go_on_until(last: Instant, what: &str, instead: &str) {
    assert!(
        Instant::now() < last,
        "{what}: not within {PATIENCE:?}; instead: {instead}"
    );
}

/// What a future gives, which must come.
pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, future).await;
    done.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

/// The lines of an output, as they come; they end with it.
pub(crate) fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .try_for_each(|line| sender.send(line))
    });
    lines
}

/// What `wanted` makes of the first line that it takes; `None` where the output ends, or says nothing of it in time.
pub(crate) fn line<T>(lines: &Receiver<String>, wanted: impl Fn(&str) -> Option<T>) -> Option<T> {
    let last = Instant::now() + PATIENCE;
    loop {
        let left = last.saturating_duration_since(Instant::now());
        let line = lines.recv_timeout(left).ok()?;
        if let Some(found) = wanted(&line) {
            return Some(found);
        }
    }
}

/// How a process ended; one that does not end by itself is killed.
pub(crate) fn ended(what: &str, process: &mut Child) -> Look<ExitStatus> {
    let last = Instant::now() + PATIENCE;
    loop {
        match process.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if Instant::now() < last => thread::sleep(PAUSE / 5),
            Ok(None) => {
                // It may end at this very moment.
                let _ = process.kill();
                let _ = process.wait();
                return Err(format!("{what}: has not ended within {PATIENCE:?}"));
            }
            Err(error) => return Err(format!("{what}: {error}")),
        }
    }
}

/// Runs a command to its end: how it ended and what it wrote.
pub(crate) fn output(command: &mut Command) -> Output {
    command.stdout(Stdio::piped());
    output_but_stdout(command)
}

/// As [`output`], where standard output goes somewhere else, as the command says.
pub(crate) fn output_but_stdout(command: &mut Command) -> Output {
    let process = command.stderr(Stdio::piped()).spawn();
    let process = process.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    output_of(&format!("{command:?}"), process)
}

/// What a process that runs already comes to.
pub(crate) fn output_of(what: &str, mut process: Child) -> Output {
    let stdout = process.stdout.take().map(all);
    let stderr = process.stderr.take().map(all);
    let status = ended(what, &mut process);
    let bytes = |reader: Option<JoinHandle<Vec<u8>>>| reader.map(|reader| reader.join().unwrap());
    let (stdout, stderr) = (
        bytes(stdout).unwrap_or_default(),
        bytes(stderr).unwrap_or_default(),
    );
    let status = status.unwrap_or_else(|fault| {
        let text = String::from_utf8_lossy;
        panic!("{fault}\n{}{}", text(&stdout), text(&stderr))
    });
    Output {
        status,
        stdout,
        stderr,
    }
}

fn all(mut output: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before an error is all that there is to tell.
        let _ = output.read_to_end(&mut bytes);
        bytes
    })
}

#[test]
fn what_a_process_writes_and_how_it_ends_is_told() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "echo one; echo two >&2; exit 3"]);
    let output = output(&mut shell);
    assert_eq!(
        (output.status.code(), &*output.stdout, &*output.stderr),
        (Some(3), &b"one\n"[..], &b"two\n"[..])
    );
}

#[test]
fn a_line_is_waited_for_until_the_output_ends() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let lines = lines(reader);
    std::io::Write::write_all(&mut writer, b"one\ntwo 2\n").unwrap();
    let second = |line: &str| line.strip_prefix("two ").map(str::to_owned);
    assert_eq!(line(&lines, second).as_deref(), Some("2"));
    drop(writer);
    assert_eq!(line(&lines, second), None);
}

#[test]
#[should_panic(expected = "the seventh: not within 60s; instead: 6")]
fn a_wait_that_is_given_up_says_what_was_there_instead() {
    let past = Instant::now();
    go_on_until(past, "the seventh", &is(6, &7).unwrap_err());
}
