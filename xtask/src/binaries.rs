//! Where the binaries of a PostgreSQL server are on this machine.
//!
//! Takes nothing and gives the folder that holds both `initdb` and `postgres`. One file for two readers: `xtask`
//! asks whether there is anything to install, the integration tests start a server from it. Deliberately absent:
//! a setting that names the folder, and any look at what server runs already, as no test may depend on one.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The folder of the newest local PostgreSQL server, or `None` where there is none.
///
/// Looks on the search path, then where `pg_config` points, then in Debian's folders, which are never on
/// the search path.
pub(crate) fn find() -> Option<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&on_path)
        .chain(pg_config())
        .chain(debian())
        .find(|folder| is_program(&folder.join("initdb")) && is_program(&folder.join("postgres")))
}

/// What `pg_config --bindir` says.
fn pg_config() -> Option<PathBuf> {
    let answer = Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = String::from_utf8(answer.stdout).ok()?;
    answer.status.success().then(|| PathBuf::from(folder.trim()))
}

/// The versions that Debian's packages keep side by side, newest first.
fn debian() -> Vec<PathBuf> {
    let Ok(versions) = fs::read_dir("/usr/lib/postgresql") else {
        return Vec::new();
    };
    let mut folders: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    folders.sort_unstable();
    folders.into_iter().rev().map(|(_, folder)| folder).collect()
}

fn is_program(path: &Path) -> bool {
    path.is_file()
}
