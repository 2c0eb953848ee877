//! What a command prints.
//!
//! Results go to standard output, one line of error to standard error. A reader that went away is no error: in
//! `token list | head -1` it has what it wanted.

use std::io::{ErrorKind, Write as _};

/// Prints a result. The text brings its own line ends.
///
/// # Errors
///
/// Those of standard output, other than that nobody reads it any more.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// Prints why a command failed, with all causes, on one line.
pub fn report(error: &anyhow::Error) {
    // Where standard error is closed, nobody is left to be told.
    let _ = writeln!(std::io::stderr().lock(), "error: {}", describe(error));
}

/// An error and its causes on one line. A cause that an outer error already quotes is left out.
fn describe(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !line.contains(&text) {
            line.push_str(if line.is_empty() { "" } else { ": " });
            line.push_str(&text);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_with_every_cause_once() {
        let error = anyhow::anyhow!("the disk\n  is full")
            .context("cannot write: the disk is full")
            .context("cannot save");
        assert_eq!(describe(&error), "cannot save: cannot write: the disk is full");
        let error = anyhow::anyhow!("the disk\n  is full").context("cannot save");
        assert_eq!(describe(&error), "cannot save: the disk is full");
    }
}
