//! Programs run at the top of the repository, cargo first of all.
//!
//! Gives [`Command`]s, and the outcome of running one. Deliberately absent: `RUSTFLAGS`, as a change of it builds
//! every dependency again.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

/// The top of the repository.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// A program to run at the top of the repository.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    // `cargo run` describes xtask in these. Build scripts that watch them would run again, in turns with a cargo
    // typed by hand, and build what depends on them anew.
    for (variable, _) in env::vars_os() {
        let is_ours = ["CARGO_PKG_", "CARGO_MANIFEST_"];
        if variable
            .to_str()
            .is_some_and(|name| is_ours.iter().any(|start| name.starts_with(start)))
        {
            command.env_remove(variable);
        }
    }
    command
}

/// The cargo that runs us, with its arguments.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = program(&env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    command.args(arguments);
    command
}

/// Runs a command to its end.
///
/// **Errors:** a sentence where it can't start or ends with a failure.
pub(crate) fn finish(command: &mut Command) -> Result<(), String> {
    let name = name(command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name}: {status}")),
        Err(error) => Err(format!("{name} can't be started: {error}")),
    }
}

/// Runs a command to its end and shows each line of its standard output to `read`, after the user has seen it.
///
/// **Errors:** as [`finish`].
pub(crate) fn follow(command: &mut Command, mut read: impl FnMut(&str)) -> Result<(), String> {
    let name = name(command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{name} can't be started: {error}"))?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            read(&line);
        }
    }
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name}: {status}")),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

/// The program's name for messages, without its folder.
fn name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    program
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
