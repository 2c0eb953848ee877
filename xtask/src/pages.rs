//! The pages of the gateway, the npm workspace in `web/`: built before the gateway, so that it carries them.
//!
//! Takes the sources, gives `web/dist`, made anew only where a source is younger. Deliberately absent: what is in it;
//! `web/package.json` says how it is built and tested.

use std::{fs, io, path::Path, time::SystemTime};

use crate::{
    cargo::{cargo, finish, follow, root},
    node::{install, npm},
    test::{Counts, Outcome},
};

const FOLDER: &str = "web";

/// Builds the pages, unless nothing has changed since.
///
/// **Errors:** npm's, in words for the user.
pub(crate) fn build() -> Result<(), String> {
    install(FOLDER)?;
    let fault = |error: io::Error| format!("{FOLDER}: {error}");
    let sources = [root().join(FOLDER), root().join("schema.graphql")];
    let mut changed = SystemTime::UNIX_EPOCH;
    for source in &sources {
        changed = changed.max(youngest(source).map_err(fault)?);
    }
    let built = fs::metadata(root().join(FOLDER).join("dist/index.html")).and_then(|file| file.modified());
    if built.is_ok_and(|built| built >= changed) {
        return Ok(());
    }
    finish(&mut npm(FOLDER, &["run", "build", "--silent"]))
}

/// Runs the tests of the pages against the built gateway.
pub(crate) fn test() -> Outcome {
    let mut counts = Counts::default();
    let ended = build()
        .and_then(|()| finish(&mut cargo(&["build", "--bin", "imports-gateway"])))
        .and_then(|()| {
            follow(&mut npm(FOLDER, &["test", "--silent"]), |line| {
                counts += count(line).unwrap_or_default()
            })
        });
    Outcome::new(counts, ended)
}

/// The counts in node's closing lines `ℹ pass 5` and `ℹ fail 0`.
fn count(line: &str) -> Option<Counts> {
    let (label, number) = line.strip_prefix("ℹ ")?.split_once(' ')?;
    let number = number.trim().parse().ok()?;
    match label {
        "pass" => Some(Counts {
            passed: number,
            failed: 0,
        }),
        "fail" => Some(Counts {
            passed: 0,
            failed: number,
        }),
        _ => None,
    }
}

/// When the youngest file at or below a path was changed; what npm and the build write is passed over.
fn youngest(path: &Path) -> io::Result<SystemTime> {
    if !path.is_dir() {
        return path.metadata()?.modified();
    }
    let mut changed = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_made = ["node_modules", "dist", "__generated__"]
            .iter()
            .any(|made| name == *made);
        if !is_made {
            changed = changed.max(youngest(&entry.path())?);
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_node_are_read_from_its_closing_lines() {
        assert_eq!(count("ℹ pass 5"), Some(Counts { passed: 5, failed: 0 }));
        assert_eq!(count("ℹ fail 2"), Some(Counts { passed: 0, failed: 2 }));
        assert_eq!(count("ℹ tests 7"), None);
        assert_eq!(count("pass 5"), None);
    }
}
