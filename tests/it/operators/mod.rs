//! What operators meet: the words of settings and of the log, and how the service goes away.
//!
//! Each test runs the real program.

mod words;

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::server::PATIENCE;

/// How a run of the program ended: exit status, standard output and standard error.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    output: String,
    error: String,
}

/// Runs a command to its end, which must come.
fn finish(command: &mut Command) -> Ended {
    let begun = Instant::now();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            panic!(
                "{command:?} did not end within {PATIENCE:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended {
        code: output.status.code(),
        output: text(output.stdout),
        error: text(output.stderr),
    }
}
