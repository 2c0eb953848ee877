//! SQLite files: left whole behind every command, held by other processes, read only, and of a later program.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};
use tempfile::TempDir;

use super::{data, done, failed, finish, run};
use crate::postgres::unprivileged_user;
use crate::server::{Server, furnish};

struct File {
    folder: TempDir,
    url: String,
}

impl File {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}/imports.db", folder.path().display());
        Self { folder, url }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("imports.db")
    }

    async fn outside(&self) -> SqliteConnection {
        outside(&self.path()).await
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap();
        names
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }
}

async fn outside(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .connect()
        .await
        .unwrap()
}

async fn sql(connection: &mut SqliteConnection, text: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await;
    done.unwrap_or_else(|error| panic!("{error}: {text}"));
}

#[tokio::test]
async fn every_command_leaves_all_rows_in_the_file_alone() {
    let file = File::new();
    let record = r#"{"id":1,"completed_at":null,"file_name":"a","file_size":"1","note":null,"type":"T","status":"new","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}"#;
    let good = file.folder.path().join("good.ndjson");
    fs::write(&good, record).unwrap();
    let bad = file.folder.path().join("bad.ndjson");
    fs::write(&bad, "{}").unwrap();
    let (good, bad) = (good.display(), bad.display());
    for (line, code) in [
        ("account create --name Acme".to_owned(), 0),
        ("token create --account 1".to_owned(), 0),
        (format!("load --account 1 {good}"), 0),
        (format!("load --account 1 {bad}"), 1),
        (format!("load --account 9 {good}"), 1),
        ("seed --account 1 --rows 50".to_owned(), 0),
        ("seed --account 9 --rows 50".to_owned(), 1),
        ("token revoke 9".to_owned(), 1),
        ("token create --account 9".to_owned(), 1),
        ("token list".to_owned(), 0),
        ("account list".to_owned(), 0),
        ("migrate check".to_owned(), 0),
        ("migrate up".to_owned(), 0),
        ("migrate down --all".to_owned(), 1),
        ("migrate status".to_owned(), 0),
    ] {
        assert_eq!(run(&file.url, &line).code, Some(code), "{line}");
        let mut names = file.names();
        names.sort();
        assert_eq!(names, ["bad.ndjson", "good.ndjson", "imports.db"], "{line}");
    }
    // A copy of the file alone has every row.
    let copy = TempDir::new().unwrap();
    let copied = copy.path().join("copy.db");
    fs::copy(file.path(), &copied).unwrap();
    let mut connection = outside(&copied).await;
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM imports")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(rows, 51);
}

#[tokio::test]
async fn a_file_that_another_process_holds_is_refused_with_a_reason_and_its_name() {
    let file = File::new();
    done(&file.url, "account create --name Acme");
    let mut other = file.outside().await;
    sql(
        &mut other,
        "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM api_tokens; COMMIT",
    )
    .await;
    for line in ["account list", "migrate status", "serve --listen 127.0.0.1:0"] {
        let error = failed(&file.url, line);
        for words in ["imports.db", "database is locked", "another process"] {
            assert!(error.contains(words), "{line}: {error}");
        }
    }
    other.close().await.unwrap();
    assert!(done(&file.url, "account list").contains("Acme"));
}

#[tokio::test]
async fn where_nothing_is_pending_a_write_lock_is_in_nobodys_way() {
    let file = File::new();
    let tenants = furnish(&file.url, &[3]).await;
    let mut other = file.outside().await;
    sql(&mut other, "BEGIN IMMEDIATE").await;
    assert!(done(&file.url, "account list").contains("Acme"));
    assert_eq!(done(&file.url, "migrate up"), "nothing to do\n");
    let server = Server::over(&file.url, &["--migrate"], tenants);
    server.wait_for("/readyz", 200);
    data(&server, "{ imports { nodes { id } } }");
    sql(&mut other, "ROLLBACK").await;
}

#[tokio::test]
async fn a_newer_schema_is_served_and_logged() {
    let file = File::new();
    let tenants = furnish(&file.url, &[3]).await;
    let mut other = file.outside().await;
    sql(
        &mut other,
        "INSERT INTO seaql_migrations VALUES ('m29990101_000001_later', 0)",
    )
    .await;
    other.close().await.unwrap();
    for options in [&[][..], &["--migrate"]] {
        let mut server = Server::over(&file.url, options, tenants.clone());
        server.wait_for("/readyz", 200);
        data(&server, "{ imports { nodes { id } } }");
        server.terminate();
        assert_eq!(server.wait().code(), Some(0));
        let log = server.last_log();
        assert!(
            log.contains("newer") && log.contains("m29990101_000001_later"),
            "{log}"
        );
    }
}

/// Gives a file and its folder to a user that is not root, and takes the right to write the folder from everybody.
fn read_only(file: &File, user: Option<(u32, u32)>) {
    if let Some((uid, gid)) = user {
        for path in [file.folder.path(), &file.path()] {
            chown(path, Some(uid), Some(gid)).unwrap();
        }
    }
    fs::set_permissions(file.folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
}

#[tokio::test]
async fn a_file_in_a_folder_that_cannot_be_written_is_read_where_nobody_writes_it() {
    let file = File::new();
    done(&file.url, "account create --name Acme");
    // Nothing keeps root from writing, so the program runs as somebody else, from where that one may enter.
    let user = unprivileged_user();
    let place = TempDir::new().unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let binary = place.path().join("imports-gateway");
    fs::copy(env!("CARGO_BIN_EXE_imports-gateway"), &binary).unwrap();
    let list = |parameters: &str| {
        let mut command = std::process::Command::new(&binary);
        command
            .args(["account", "list"])
            .env("DATABASE_URL", format!("{}{parameters}", file.url))
            .current_dir("/")
            .stdin(Stdio::null());
        if let Some((uid, gid)) = user {
            command.uid(uid).gid(gid);
        }
        finish(&mut command)
    };
    read_only(&file, user);
    let refused = list("?mode=ro");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    for words in ["imports.db", "immutable=true", "folder"] {
        assert!(refused.error.contains(words), "{refused:?}");
    }
    let read = list("?mode=ro&immutable=true");
    assert_eq!(
        (read.code, read.output.contains("Acme")),
        (Some(0), true),
        "{read:?}"
    );
    fs::set_permissions(file.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // What is written and not yet in the file itself would be hidden.
    fs::File::create(file.folder.path().join("imports.db-wal"))
        .unwrap()
        .write_all(b"something")
        .unwrap();
    let hidden = list("?mode=ro&immutable=true");
    assert_eq!(hidden.code, Some(1), "{hidden:?}");
    assert!(hidden.error.contains("-wal"), "{hidden:?}");
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let folder = TempDir::new().unwrap();
    let here = folder.path().display();
    fs::write(
        folder.path().join("text.db"),
        "just a text, and longer than a header, as that is read first, whole, ".repeat(20),
    )
    .unwrap();
    for (url, words) in [
        (
            format!("sqlite://{here}/none/imports.db"),
            ["none/imports.db", "unable to open", "folder"],
        ),
        (
            format!("sqlite://{here}/none.db?mode=rw"),
            ["none.db", "unable to open", "folder"],
        ),
        (
            format!("sqlite://{here}"),
            [&*here.to_string(), "unable to open", "folder"],
        ),
        (
            format!("sqlite://{here}/text.db"),
            ["text.db", "not a database", "something else"],
        ),
    ] {
        let error = failed(&url, "account list");
        for words in words {
            assert!(error.contains(words), "{url}: {error}");
        }
    }
}
