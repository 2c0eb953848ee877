//! Programs run at the top of the repository, cargo first of all.
//!
//! Gives [`Command`]s, and the outcome of running one. Deliberately absent: `RUSTFLAGS`, as a change of it builds
//! every dependency again.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

/// The variable by which cargo is told where to build.
const TARGET_VARIABLE: &str = "CARGO_TARGET_DIR";

/// The top of the repository.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Where cargo builds, and where reports go: `target` at the top of the repository unless cargo is told otherwise.
pub(crate) fn target() -> PathBuf {
    target_of(
        env::var_os(TARGET_VARIABLE),
        &env::current_dir().unwrap_or_default(),
        &env::current_exe().unwrap_or_default(),
    )
}

/// The variable goes before all else, as with cargo. A setting of cargo's that names another folder shows itself in
/// where this program was built: in a folder for the profile, tests in one below it.
fn target_of(variable: Option<OsString>, current: &Path, own: &Path) -> PathBuf {
    if let Some(folder) = variable.filter(|folder| !folder.is_empty()) {
        return current.join(folder);
    }
    let mut profile = own.parent();
    if profile.is_some_and(|folder| folder.ends_with("deps")) {
        profile = profile.and_then(Path::parent);
    }
    let target = profile.and_then(Path::parent);
    target.map_or_else(|| root().join("target"), Path::to_owned)
}

/// A path as it is shown: from the top of the repository where it is below.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The gateway that `cargo build --bin imports-gateway` makes.
pub(crate) fn debug_gateway() -> PathBuf {
    target().join("debug/imports-gateway")
}

/// An example of a crate that `cargo build --example` makes.
pub(crate) fn debug_example(name: &str) -> PathBuf {
    target().join("debug/examples").join(name)
}

/// A program to run at the top of the repository.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    // A path that starts where we were called means another folder at the top.
    if env::var_os(TARGET_VARIABLE).is_some_and(|folder| !folder.is_empty()) {
        command.env(TARGET_VARIABLE, target());
    }
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
/// # Errors
/// A sentence where it can't start or ends with a failure.
pub(crate) fn finish(command: &mut Command) -> Result<(), String> {
    let name = name(command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name}: {status}")),
        Err(error) => Err(format!("{name} can't be started: {error}")),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_folder_is_what_cargo_was_told_or_where_it_built_us() {
        let of = |variable: Option<&str>, own: &str| {
            target_of(variable.map(OsString::from), Path::new("/here"), Path::new(own))
        };
        let own = "/elsewhere/debug/xtask";
        assert_eq!(of(Some("/named"), own), Path::new("/named"));
        assert_eq!(of(Some("named"), own), Path::new("/here/named"));
        for variable in [None, Some("")] {
            assert_eq!(of(variable, own), Path::new("/elsewhere"));
            assert_eq!(
                of(variable, "/elsewhere/debug/deps/xtask-1"),
                Path::new("/elsewhere")
            );
            assert_eq!(of(variable, ""), root().join("target"));
        }
    }

    #[test]
    fn a_path_below_the_top_is_shown_from_there() {
        assert_eq!(shown(&root().join("target/x")), "target/x");
        assert_eq!(shown(Path::new("/named/x")), "/named/x");
    }
}
