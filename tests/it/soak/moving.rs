//! An account that is written to by `imports-gateway load` all along, and a reader of it.
//!
//! Every file rewrites every import of the account and adds one. So all rows that are stored are of one version at any
//! time, and a page that shows two, or one older than what was stored before the question, or lacks a row, is wrong.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use entity::{ImportStatus, imports};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::peace::Peace;
use super::{MOVING, gauntlet};
use crate::app::row;
use crate::databases::instant;
use crate::records::lines;
use crate::rng::Rng;
use crate::server::{Ask, Server, program};
use crate::waiting;

/// Imports of version 1; each further version has one more.
const ROWS: u64 = 100;
/// Between two files.
const PAUSE: Duration = Duration::from_millis(700);
const SECOND: i64 = 1_000_000;

const DOCUMENT: &str = "query($first: Int!, $after: String) {
    imports(first: $first, after: $after, sort: [{id: ASC}]) {
        nodes { databaseId fileName note status updatedAt }
        pageInfo { hasPreviousPage hasNextPage endCursor }
    }
}";

/// The versions of the account's imports, and the way to store the next.
pub(super) struct Versions {
    url: String,
    account_id: i64,
    folder: TempDir,
    stored: AtomicU64,
    /// The last that may be stored already.
    begun: AtomicU64,
}

impl Versions {
    pub(super) fn new(url: &str, tenant: usize) -> Self {
        Self {
            url: url.to_owned(),
            account_id: tenant as i64 + 1,
            folder: TempDir::new().unwrap(),
            stored: AtomicU64::new(0),
            begun: AtomicU64::new(0),
        }
    }

    /// Stores the next version.
    ///
    /// # Errors
    ///
    /// What the program said; whether it stored anything is then unknown, and the next call tries again.
    pub(super) fn write(&self) -> Result<(), String> {
        let version = self.stored.load(Ordering::Acquire) + 1;
        let rows: Vec<_> = (1..=rows(version))
            .map(|id| self.import(id as i64, version))
            .collect();
        let file = self.folder.path().join("imports.ndjson");
        fs::write(&file, lines(&rows)).unwrap();
        self.begun.store(version, Ordering::Release);
        let account_id = self.account_id.to_string();
        let mut load = program(&["load", "--account", &account_id, &file.to_string_lossy()]);
        let loaded = waiting::output(load.env("DATABASE_URL", &self.url));
        if !loaded.status.success() {
            return Err(String::from_utf8_lossy(&loaded.stderr).into_owned());
        }
        self.stored.store(version, Ordering::Release);
        Ok(())
    }

    fn import(&self, id: i64, version: u64) -> imports::Model {
        let now = version as i64;
        imports::Model {
            file_name: format!("version {version}"),
            note: Some(format!("version {version}")),
            status: status(id, version),
            updated_at: instant(1_790_000_000_000_000 + now * SECOND),
            ..row(self.account_id, id)
        }
    }
}

fn rows(version: u64) -> u64 {
    ROWS + version - 1
}

fn status(id: i64, version: u64) -> ImportStatus {
    ImportStatus::ALL[(id + version as i64).rem_euclid(10) as usize]
}

/// Stores one version after another.
pub(super) fn write(peace: &Peace, versions: &Versions) {
    while peace.wait(PAUSE) {
        let mark = peace.mark();
        match versions.write() {
            Ok(()) => gauntlet::add("files loaded beside the readers", 1),
            Err(said) => {
                assert!(
                    peace.was_broken_since(mark),
                    "not loaded while nothing was broken: {said}"
                );
                gauntlet::add("files refused amid a fault", 1);
            }
        }
    }
}

/// Walks over the whole account, over and over.
pub(super) fn watch(peace: &Peace, server: &Server, versions: &Versions, seed: u64) {
    let mut rng = Rng::new(seed);
    let mut client = server.client_of(MOVING);
    while !peace.is_over() {
        let size = 1 + rng.below(25) as u64;
        let mut seen = 0;
        let mut after = Value::Null;
        loop {
            let stored = versions.stored.load(Ordering::Acquire);
            let ask = Ask::graphql(DOCUMENT, &json!({"first": size, "after": after}));
            let Some(body) = peace.insist(&mut client, &ask) else {
                return;
            };
            let begun = versions.begun.load(Ordering::Acquire);
            let page = &body["data"]["imports"];
            let version = version(page);
            assert!(
                (stored..=begun).contains(&version),
                "{stored} to {begun} is stored: {page}"
            );
            let end = rows(version).min(seen + size);
            let expected: Value = (seen + 1..=end).map(|id| node(id as i64, version)).collect();
            assert_eq!(page["nodes"], expected, "version {version}, {size} after {seen}");
            let info = &page["pageInfo"];
            assert_eq!(
                info["hasNextPage"],
                end < rows(version),
                "version {version}: {page}"
            );
            assert_eq!(info["hasPreviousPage"], seen > 0, "version {version}: {page}");
            gauntlet::add("pages of a changing account, each of one version", 1);
            seen = end;
            after = info["endCursor"].clone();
            if info["hasNextPage"] == false {
                break;
            }
        }
    }
}

/// The version of a page's first row; a walk that goes on has one, as rows are never fewer.
fn version(page: &Value) -> u64 {
    let name = page["nodes"][0]["fileName"].as_str();
    let version = name.and_then(|name| name.strip_prefix("version ")?.parse().ok());
    version.unwrap_or_else(|| panic!("a page without a row: {page}"))
}

fn node(id: i64, version: u64) -> Value {
    let name = format!("version {version}");
    json!({
        "databaseId": id.to_string(),
        "fileName": name,
        "note": name,
        "status": status(id, version).name().to_uppercase(),
        "updatedAt": instant(1_790_000_000_000_000 + version as i64 * SECOND).to_string(),
    })
}
