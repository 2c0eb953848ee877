//! The same questions to the gateway over a SQLite file with one account.
//!
//! Takes the questions, gives their times. Instructions of SQLite's machine are counted by the tests of the statements'
//! shapes.

use std::fs;

use super::{Line, Setting, asked, questions::Question};
use crate::bench::{chart::number, fixture, servers};

/// Every question; the file is made anew.
///
/// # Errors
///
/// In words.
pub(super) fn measure(setting: &Setting<'_>, questions: &[Question]) -> Result<Vec<Line>, String> {
    let place = format!("SQLite, {} in one account", number(setting.rows as f64));
    println!("finding: {place}");
    let file = setting.folder.join("find.db");
    for end in ["", "-wal", "-shm"] {
        // It need not be there.
        let _ = fs::remove_file(format!("{}{end}", file.display()));
    }
    let url = format!("sqlite://{}?mode=rwc", file.display());
    let command = |words: &[&str]| fixture::command(setting.gateway, &url, words);
    command(&["account", "create", "--name", "Large"])?;
    command(&["seed", "--account", "1", "--rows", &setting.rows.to_string()])?;
    let key = command(&["token", "create", "--account", "1"])?;
    let log = setting.folder.join("find-sqlite.log");
    let server = servers::gateway(
        "SQLite",
        setting.cluster,
        setting.gateway,
        &url,
        key.trim(),
        &log,
        servers::RateLimit::Off,
    )?;
    let mut lines = Vec::new();
    for question in questions {
        // The plain statements are PostgreSQL's.
        let question = question.without_plain();
        let repetitions = setting.repetitions;
        lines.push(asked(&place, &question, &server.target, repetitions, |_| {
            Ok(0.0)
        })?);
    }
    drop(server);
    let _ = fs::remove_file(&file);
    Ok(lines)
}
