//! The index of trigrams: who may build it, what is told of it, and that searches are the same with it and without.

use std::process::Command;

use migration::search_index::SearchIndex;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::databases;
use crate::postgres::cluster;
use crate::server::program;
use crate::waiting;

/// Exit status, standard output, standard error of a command.
fn run(url: &str, line: &str) -> (Option<i32>, String, String) {
    let arguments: Vec<_> = line.split(' ').collect();
    let output = waiting::output(Command::env(&mut program(&arguments), "DATABASE_URL", url));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn done(url: &str, line: &str) -> String {
    let (code, output, error) = run(url, line);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{line}: {output}");
    output
}

fn failed(url: &str, line: &str, status: i32) -> String {
    let (code, output, error) = run(url, line);
    assert_eq!((code, output.as_str()), (Some(status), ""), "{line}: {error}");
    error
}

async fn sql(url: &str, text: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let text = sqlx::raw_sql(AssertSqlSafe(text.to_owned()));
    text.execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn index(url: &str) -> Option<SearchIndex> {
    let store = databases::open(url).await;
    let status = migration::status(store.database()).await.unwrap();
    store.close().await.unwrap();
    status.search_index
}

const UP: &str = "migrate up --search-index trigram";
const DOWN: &str = "migrate down --search-index trigram";
const LINE: &str = "search index trigram";

#[tokio::test]
async fn the_search_index_is_built_once_shown_and_taken_away() {
    let url = cluster().create_database_with_letters().await;
    let up = done(&url, UP);
    // The changes, and the index.
    assert!(up.starts_with("applied: m20261101_000001_accounts\n"), "{up}");
    assert!(up.ends_with("applied: search index trigram\n"), "{up}");
    assert_eq!(done(&url, UP), "nothing to do\n");
    assert_eq!(done(&url, "migrate up"), "nothing to do\n");
    assert_eq!(index(&url).await, Some(SearchIndex::Whole));
    let line = |url: &str| {
        let status = done(url, "migrate status");
        status
            .lines()
            .find(|line| line.starts_with(LINE))
            .map(|line| line[LINE.len()..].trim().to_owned())
    };
    assert_eq!(line(&url).as_deref(), Some("applied"));
    assert_eq!(done(&url, DOWN), "taken back: search index trigram\n");
    assert_eq!(done(&url, DOWN), "nothing to do\n");
    assert_eq!((index(&url).await, line(&url)), (None, None));
    // It goes with the column that it is of.
    done(&url, UP);
    let store = databases::open(&url).await;
    let applied = migration::status(store.database()).await.unwrap().known.len();
    store.close().await.unwrap();
    let of_find =
        (1..=applied).find(|_| done(&url, "migrate down").contains("taken back: search index trigram\n"));
    assert!(of_find.is_some(), "no change took the index back");
    assert_eq!(index(&url).await, None);
    assert!(done(&url, UP).ends_with("applied: search index trigram\n"));
}

#[tokio::test]
async fn a_build_that_was_broken_off_is_told_and_made_anew() {
    let url = cluster().create_database_with_letters().await;
    done(&url, UP);
    // As PostgreSQL leaves it.
    let broken =
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'imports_name_trigrams'::regclass";
    sql(&url, broken).await;
    assert_eq!(index(&url).await, Some(SearchIndex::Unfinished));
    assert!(
        done(&url, "migrate status").contains("unfinished: run `migrate up --search-index trigram` again")
    );
    assert_eq!(done(&url, UP), "applied: search index trigram\n");
    assert_eq!(index(&url).await, Some(SearchIndex::Whole));
    sql(&url, "DROP INDEX imports_long_names").await;
    assert_eq!(index(&url).await, Some(SearchIndex::Unfinished));
    assert_eq!(done(&url, UP), "applied: search index trigram\n");
    assert_eq!(index(&url).await, Some(SearchIndex::Whole));
}

#[tokio::test]
async fn several_that_build_the_index_at_once_build_it_once() {
    let url = cluster().create_database_with_letters().await;
    done(&url, "migrate up");
    let stores = futures_util::future::join_all((0..4).map(|_| databases::open(&url))).await;
    let builds = stores
        .iter()
        .map(|store| migration::search_index::build(store.database()));
    let mut built = 0;
    for done in futures_util::future::join_all(builds).await {
        built += usize::from(done.unwrap());
    }
    assert_eq!((built, index(&url).await), (1, Some(SearchIndex::Whole)));
}

#[tokio::test]
async fn without_the_rights_the_error_names_what_to_ask_for() {
    let url = cluster().create_database_with_letters().await;
    done(&url, "migrate up");
    sql(
        &url,
        "CREATE ROLE index_builder LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO index_builder",
    )
    .await;
    let theirs = url.replace("postgres://gateway@", "postgres://index_builder@");
    assert_ne!(theirs, url);
    let database = url.rsplit_once('/').unwrap().1;
    let error = failed(&theirs, UP, 1);
    let wanted = [
        "cannot build the search index",
        "the role index_builder may not create the extension pg_trgm",
        &format!("`CREATE EXTENSION pg_trgm` in the database {database}"),
        &format!("`GRANT CREATE ON DATABASE {database} TO index_builder`"),
    ];
    for wanted in wanted {
        assert!(error.contains(wanted), "{error}");
    }
    assert_eq!(index(&url).await, None);
    sql(
        &url,
        &format!("GRANT CREATE ON DATABASE {database} TO index_builder"),
    )
    .await;
    let error = failed(&theirs, UP, 1);
    assert!(
        error.contains("it must own the table `imports`, and have CREATE on its schema"),
        "{error}"
    );
    // The one right was enough for the extension.
    sql(
        &url,
        "ALTER TABLE imports OWNER TO index_builder; GRANT CREATE ON SCHEMA public TO index_builder",
    )
    .await;
    assert_eq!(done(&theirs, UP), "applied: search index trigram\n");
}

#[tokio::test]
async fn an_extension_in_a_schema_of_its_own_serves_as_well() {
    let url = cluster().create_database_with_letters().await;
    sql(
        &url,
        "CREATE SCHEMA \"Add-ons\"; CREATE EXTENSION pg_trgm SCHEMA \"Add-ons\"",
    )
    .await;
    done(&url, UP);
    assert_eq!(index(&url).await, Some(SearchIndex::Whole));
}

#[tokio::test]
async fn what_keeps_the_index_from_being_used_is_told() {
    let url = cluster().create_database().await;
    done(&url, UP);
    assert_eq!(index(&url).await, Some(SearchIndex::OfAscii));
    assert!(done(&url, "migrate status").contains("applied, for terms in ASCII"));
    sql(
        &url,
        "CREATE ROLE index_reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO index_reader;
         ALTER TABLE imports ENABLE ROW LEVEL SECURITY; CREATE POLICY all_rows ON imports USING (account_id > 0)",
    )
    .await;
    let theirs = url.replace("postgres://gateway@", "postgres://index_reader@");
    assert_eq!(index(&theirs).await, Some(SearchIndex::Hidden));
    assert!(done(&theirs, "migrate status").contains("applied, not used by this role: row security"));
    assert_eq!(index(&url).await, Some(SearchIndex::OfAscii));
}

#[test]
fn on_sqlite_the_search_index_is_wrong_usage_and_makes_no_file() {
    let database = databases::sqlite();
    for line in [UP, DOWN] {
        let error = failed(&database.url, line, 2);
        assert!(
            error.contains("--search-index trigram: only PostgreSQL has such an index"),
            "{error}"
        );
    }
    for line in [
        "migrate up --search-index gist",
        "migrate down --search-index trigram --all",
    ] {
        failed(&database.url, line, 2);
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
