//! The program as people and scripts run it: what it prints, and how it ends.

use std::process::{Command, Output, Stdio};

use entity::Instant;
use imports_gateway::auth::{AccountToken, Key};
use imports_gateway::store::tokens;

use crate::databases::{self, Database, execute, sqlite};
use crate::server::program;
use crate::waiting;

/// What a run of the program left: exit status, standard output, standard error.
#[derive(Debug, PartialEq, Eq)]
struct Ended(Option<i32>, String, String);

fn finish(command: &mut Command) -> Ended {
    ended(waiting::output(command))
}

fn ended(output: Output) -> Ended {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended(output.status.code(), text(output.stdout), text(output.stderr))
}

fn run(database: &Database, line: &str) -> Ended {
    let arguments: Vec<_> = line.split(' ').collect();
    finish(program(&arguments).env("DATABASE_URL", &database.url))
}

/// The output of a run that succeeds and complains of nothing.
fn done(database: &Database, line: &str) -> String {
    let Ended(code, output, error) = run(database, line);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{line}: {output}");
    output
}

/// The one line of error of a run that ends so.
fn failed(database: &Database, line: &str, status: i32) -> String {
    let Ended(code, output, error) = run(database, line);
    assert_eq!((code, output.as_str()), (Some(status), ""), "{line}: {error}");
    assert!(error.starts_with("error: ") && error.ends_with('\n'), "{error}");
    error
}

async fn fresh_and_migrated() -> Vec<Database> {
    let databases = databases::fresh().await;
    for database in &databases {
        done(database, "migrate up");
    }
    databases
}

#[tokio::test]
async fn an_account_is_made_with_two_lines_and_listed_without_its_token() {
    for database in fresh_and_migrated().await {
        let output = done(&database, "account create --name Acme");
        let lines: Vec<_> = output.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0], "id: 1");
        let token = lines[1].strip_prefix("account token: ").unwrap();
        assert!(AccountToken::parse(token).is_ok());
        assert!(done(&database, "account create --name Bolt").starts_with("id: 2\n"));

        let table = done(&database, "account list");
        let rows: Vec<Vec<_>> = table
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(rows[0], ["ID", "NAME", "CREATED"]);
        assert_eq!(
            (&rows[1][..2], &rows[2][..2]),
            (&["1", "Acme"][..], &["2", "Bolt"][..])
        );
        assert!(!table.contains("iga_"));
    }
}

#[tokio::test]
async fn a_key_is_all_that_token_create_prints_and_no_list_shows_it() {
    for database in fresh_and_migrated().await {
        done(&database, "account create --name Acme");
        let output = done(&database, "token create --account 1 --name ci");
        let key = Key::parse(output.strip_suffix('\n').unwrap()).unwrap();
        let table = done(&database, "token list");
        assert!(!table.contains(key.reveal()) && !table.contains("igw_"));
        let row: Vec<_> = table.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(
            (row[0], row[1], row[2], row[4], row[5]),
            ("1", "1", "ci", "-", "-")
        );

        let store = database.open().await;
        let (token, account) = tokens::find(&store, &key.hash()).await.unwrap().unwrap();
        assert_eq!((token.id, account.name.as_str()), (1, "Acme"));
    }
}

#[tokio::test]
async fn an_expiry_is_counted_from_the_moment_the_key_is_made() {
    for database in fresh_and_migrated().await {
        done(&database, "account create --name Acme");
        let day = 86_400_000_000;
        for (period, micros) in [
            ("90d", 90 * day),
            ("36h", day * 3 / 2),
            ("15m", day / 96),
            ("45s", 45_000_000),
        ] {
            done(
                &database,
                &format!("token create --account 1 --expires-in {period}"),
            );
            let store = database.open().await;
            let token = tokens::list(&store).await.unwrap().pop().unwrap();
            let expires_at = token.expires_at.map(Instant::micros);
            assert_eq!(expires_at, Some(token.created_at.micros() + micros), "{period}");
        }
    }
}

#[tokio::test]
async fn a_token_is_revoked_by_its_id_and_again_without_harm() {
    for database in fresh_and_migrated().await {
        done(&database, "account create --name Acme");
        done(&database, "token create --account 1");
        assert_eq!(done(&database, "token revoke 1"), "");
        let table = done(&database, "token list");
        assert!(table.lines().nth(1).unwrap().ends_with('Z'), "{table}");
        assert_eq!(done(&database, "token revoke 1"), "");
        assert_eq!(done(&database, "token list"), table);
    }
}

#[tokio::test]
async fn an_unknown_id_fails_with_1_and_says_which() {
    for database in fresh_and_migrated().await {
        assert_eq!(
            failed(&database, "token create --account 7", 1),
            "error: there is no account 7\n"
        );
        assert_eq!(
            failed(&database, "token revoke 8", 1),
            "error: there is no token 8\n"
        );
    }
}

#[test]
fn wrong_usage_ends_with_2_and_makes_no_file() {
    let database = sqlite();
    for line in [
        "frobnicate",
        "account create",
        "account create --name=",
        "token create",
        "token create --account one",
        "token create --account 99999999999999999999",
        "token create --account 1 --expires-in 1x",
        "token create --account 1 --expires-in 0d",
        "token create --account 1 --expires-in 3000000d",
        "token create --account 1 --expires-in 18446744073709551615d",
        "token create --account 1 --expires-in 18446744073709551615s",
        "token revoke",
        "migrate sideways",
        "migrate down --steps 0",
        "migrate down --steps 1 --all",
        "account list --database-url imports.db",
        "account list --database-url mysql://localhost/imports",
        "account list --database-url sqlite://imports.db?mode=fast",
        "account list --database-url postgres://localhost:port/imports",
        "account list --database-url=",
    ] {
        failed(&database, line, 2);
    }
    let path = database
        .url
        .strip_prefix("sqlite://")
        .unwrap()
        .split('?')
        .next()
        .unwrap();
    assert!(!std::path::Path::new(path).exists());
}

#[test]
fn no_error_and_no_help_shows_the_password_of_the_url() {
    let lines = [
        "account list",
        "account list --help",
        "--help",
        "migrate status",
        "token create",
        "frobnicate",
    ];
    for url in [
        "postgres://user:hunter2@127.0.0.1:port/none",
        "postgres://user:hunter2%ff@127.0.0.1:1/none",
        "postgres://user:hunter2@127.0.0.1/none?hunter2",
        "mysql://user:hunter2@127.0.0.1/none",
        "user:hunter2@127.0.0.1",
    ] {
        for line in &lines {
            let arguments: Vec<_> = line.split(' ').collect();
            let Ended(_, output, error) = finish(program(&arguments).env("DATABASE_URL", url));
            assert!(
                !output.contains("hunter2") && !error.contains("hunter2"),
                "{line}: {output}{error}"
            );
        }
        let Ended(code, _, error) = finish(&mut program(&["account", "list", "--database-url", url]));
        assert_eq!(code, Some(2), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let away = "postgres://user:hunter2@127.0.0.1:1/none";
    let Ended(code, _, error) = finish(&mut program(&["account", "list", "--database-url", away]));
    assert_eq!(code, Some(1), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn an_error_of_the_database_is_one_line_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/none/imports.db?mode=rwc", folder.path().display());
    let Ended(code, output, error) = finish(&mut program(&["account", "list", "--database-url", &url]));
    assert_eq!((code, output.as_str()), (Some(1), ""));
    assert!(
        error.starts_with("error: the database is not available: "),
        "{error}"
    );
    assert!(
        error.contains("/none/imports.db: unable to open database file (14)") && error.lines().count() == 1,
        "{error}"
    );
}

#[test]
fn on_sqlite_every_command_makes_and_migrates_the_file() {
    for line in ["account list", "account create --name Acme", "token list"] {
        let database = sqlite();
        done(&database, line);
        let status = done(&database, "migrate status");
        assert!(
            status.contains("applied") && !status.contains("pending"),
            "{line}: {status}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let Ended(code, ..) = finish(program(&["account", "list"]).current_dir(&folder));
    assert_eq!(code, Some(0));
    assert!(folder.path().join("imports.db").exists());
}

#[test]
fn commands_that_start_at_once_make_one_database() {
    let database = sqlite();
    let children = (0..6).map(|_| {
        let mut command = program(&["account", "create", "--name", "Acme"]);
        command
            .env("DATABASE_URL", &database.url)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    });
    for child in children.collect::<Vec<_>>() {
        let output = waiting::output_of("account create", child);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert_eq!(done(&database, "account list").lines().count(), 7);
}

#[tokio::test]
async fn on_a_server_an_outdated_schema_is_refused_with_the_way_out() {
    for database in databases::fresh()
        .await
        .into_iter()
        .filter(|one| one.url.starts_with("postgres"))
    {
        for line in [
            "account list",
            "account create --name Acme",
            "token list",
            "token revoke 1",
        ] {
            let error = failed(&database, line, 1);
            assert!(
                error.contains("run `imports-gateway migrate up` first"),
                "{error}"
            );
        }
        done(&database, "migrate up");
        done(&database, "account list");
        done(&database, "migrate down");
        assert!(failed(&database, "account list", 1).contains("(1 changes are pending)"));
    }
}

#[tokio::test]
async fn migrate_shows_each_change_and_takes_back_the_newest() {
    for database in databases::fresh().await {
        let status = done(&database, "migrate status");
        assert_eq!(status.matches("pending").count(), 6);
        let up = done(&database, "migrate up");
        assert_eq!(up.lines().count(), 6);
        assert!(up.starts_with("applied: m20261101_000001_accounts\n"), "{up}");
        assert_eq!(done(&database, "migrate up"), "nothing to do\n");
        assert_eq!(done(&database, "migrate status").matches("applied").count(), 6);
        assert_eq!(
            done(&database, "migrate down"),
            "taken back: m20261128_000006_mirrors\n"
        );
        assert_eq!(done(&database, "migrate down --steps 5").lines().count(), 5);
        assert_eq!(done(&database, "migrate down --all"), "nothing to do\n");
        assert_eq!(done(&database, "migrate status"), status);
    }
}

#[tokio::test]
async fn points_of_the_change_feed_are_expired_for_accounts_that_there_are() {
    for database in fresh_and_migrated().await {
        done(&database, "account create --name Acme");
        for line in ["changes expire", "changes expire --account 1"] {
            assert_eq!(done(&database, line), "earlier points are expired\n");
        }
        let error = failed(&database, "changes expire --account 99", 1);
        assert!(error.contains("there is no account 99"), "{error}");
    }
}

#[tokio::test]
async fn rows_are_lost_only_where_that_was_said() {
    for database in fresh_and_migrated().await {
        done(&database, "account create --name Acme");
        done(&database, "migrate down --steps 5");
        for line in ["migrate down", "migrate down --all"] {
            let error = failed(&database, line, 1);
            assert!(error.contains("(accounts)") && error.contains("--yes"), "{error}");
        }
        done(&database, "migrate up");
        assert!(done(&database, "account list").contains("Acme"));
        assert_eq!(done(&database, "migrate down --all --yes").lines().count(), 6);
        done(&database, "migrate up");
        assert!(!done(&database, "account list").contains("Acme"));
    }
}

#[tokio::test]
async fn a_newer_schema_is_used_and_shown_but_not_taken_back() {
    for database in fresh_and_migrated().await {
        let store = database.open().await;
        let text = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_later', 0)";
        assert_eq!(execute(&store, text, Vec::new()).await, Ok(1));
        done(&database, "account create --name Acme");
        assert_eq!(done(&database, "migrate up"), "nothing to do\n");
        assert!(
            done(&database, "migrate status")
                .contains("m29990101_000001_later          applied, unknown here")
        );
        assert!(failed(&database, "migrate down", 1).contains("m29990101_000001_later"));
    }
}

#[test]
fn a_name_cannot_command_the_terminal() {
    let database = sqlite();
    done(&database, "account create --name \u{1b}[2J\nAcme");
    let table = done(&database, "account list");
    assert!(
        table.contains("\\u{1b}[2J\\nAcme") && !table.contains('\u{1b}'),
        "{table:?}"
    );
}

#[test]
fn a_reader_that_went_away_is_no_error_and_a_full_disk_is() {
    let database = sqlite();
    done(&database, "account create --name Acme");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = program(&["account", "list"]);
    command.env("DATABASE_URL", &database.url).stdout(writer);
    let Ended(code, _, error) = ended(waiting::output_but_stdout(&mut command));
    assert_eq!((code, error.as_str()), (Some(0), ""));

    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = program(&["account", "list"]);
    command.env("DATABASE_URL", &database.url).stdout(full);
    let Ended(code, _, error) = ended(waiting::output_but_stdout(&mut command));
    assert_eq!(code, Some(1));
    assert!(error.starts_with("error: "), "{error}");
}

#[test]
fn the_key_is_nowhere_in_the_file() {
    let database = sqlite();
    let account = done(&database, "account create --name Acme");
    let account_token = account.trim().rsplit(' ').next().unwrap();
    let key = done(&database, "token create --account 1");
    let path = database
        .url
        .strip_prefix("sqlite://")
        .unwrap()
        .split('?')
        .next()
        .unwrap();
    let bytes = std::fs::read(path).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("Acme"), "the rows are in the file, not beside it");
    assert!(!holds(&key.trim()[4..]) && !holds(&account_token[4..]));
}

#[test]
fn the_version_is_that_of_the_package() {
    let Ended(code, output, _) = finish(&mut program(&["--version"]));
    let expected = format!("imports-gateway {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((code, output), (Some(0), expected));
}
