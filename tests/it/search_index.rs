//! The index of trigrams: who may build it, what is told of it, and that searches are the same with it and without.

use std::process::Command;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use case_folding::{Place, Term};
use entity::imports;
use imports_gateway::cli::database::learn;
use imports_gateway::store::{Settings, Store};
use migration::search_index::SearchIndex;
use serde_json::{Value as Json, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::app::{Caller, TestApp, row};
use crate::databases::{self, Database, instant};
use crate::postgres::cluster;
use crate::server::program;
use crate::waiting::{self, PATIENCE};

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

/// More than a search looks at without the index.
const MANY: i64 = 60_000;

/// Names of which some are rare, some are everywhere but in the newest imports, and some too long to be stored folded.
fn name(id: i64) -> String {
    match id {
        7 | 30_011 | 59_990 => format!("Fuel Report {id}.CSV"),
        8 => "Отчёт ЗА МАРТ.csv".to_owned(),
        9 | 40_004 => format!("{}-Weighbridge {id}.csv", "lange ".repeat(250)),
        _ if id < 50_000 && id % 30 == 0 => format!("old-entries {id}.csv"),
        _ => format!("vehicles_{id}.csv"),
    }
}

/// The account's imports, as [`filled`] stores them.
fn rows_of(account_id: i64) -> Vec<imports::Model> {
    let rows = (1..=MANY).map(|id| imports::Model {
        file_name: name(id),
        // In another order than the ids.
        updated_at: instant(1_790_000_000_000_000 + id * 7_919 % 60_013 * 1_000_000),
        ..row(account_id, id)
    });
    rows.collect()
}

/// A gateway over a PostgreSQL database, as `serve` makes it: it learns of the index at its start.
async fn serving(url: &str) -> TestApp {
    let app = TestApp::on(Database::at(url), &[]).await;
    relearn(&app).await;
    app
}

async fn relearn(app: &TestApp) {
    let status = migration::status(app.store.database()).await.unwrap();
    learn(&app.store, &status);
}

/// An account with many imports beside one with a few of the same names.
async fn filled(app: &TestApp) -> (Caller, Vec<imports::Model>) {
    let (caller, other) = (app.account("Acme").await, app.account("Bolt").await);
    let rows = rows_of(caller.id);
    let (common, special): (Vec<_>, Vec<_>) = rows
        .iter()
        .cloned()
        .partition(|row| row.file_name.starts_with("vehicles_"));
    app.fill(&special).await;
    app.fill(&rows_of(other.id)[..100]).await;
    // The others by the server itself, which is faster.
    let statuses = entity::ImportStatus::NAMES.join("','");
    let text = format!(
        "INSERT INTO imports (account_id, id, completed_at, file_name, file_size, type, status, created_at, updated_at)
         SELECT {}, id, CASE WHEN id % 2 = 0 THEN created_at END, 'vehicles_' || id || '.csv', 1, 'VehicleImport',
                (ARRAY['{statuses}'])[id % 10 + 1], created_at, to_timestamp(1790000000 + id * 7919 % 60013)
         FROM (SELECT id, to_timestamp(1790000000 + id) AS created_at FROM generate_series(1, {MANY}) AS id) AS numbers
         ON CONFLICT DO NOTHING",
        caller.id
    );
    assert_eq!(
        databases::execute(&app.store, &text, Vec::new()).await,
        Ok(common.len() as u64)
    );
    databases::execute(&app.store, "VACUUM ANALYZE imports", Vec::new())
        .await
        .unwrap();
    (caller, rows)
}

/// How many statements of a kind were run.
async fn statements(app: &TestApp, kind: &str) -> u64 {
    let answer = app
        .send(Request::get("/metrics").body(Body::empty()).unwrap())
        .await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let sample = format!("imports_gateway_statements_total{{statement=\"{kind}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&sample));
    line.map_or(0, |count| count.parse().unwrap())
}

const PAGE: &str = "query($first: Int, $after: String, $last: Int, $before: String, $filter: ImportFilter, $sort: [ImportSort!]) {
    imports(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
        nodes { databaseId } isSearchPartial estimatedRemainingCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

/// All pages of a list, one behind the other: the ids, and whether a page was partial.
async fn walked(
    app: &TestApp,
    caller: &Caller,
    filter: &Json,
    sort: &Json,
    size: i64,
    is_backward: bool,
) -> (Vec<i64>, bool) {
    let (mut found, mut cursor, mut is_partial, mut is_first) = (Vec::new(), Json::Null, false, true);
    loop {
        let variables = match is_backward {
            false => json!({"first": size, "after": cursor, "filter": filter, "sort": sort}),
            true => json!({"last": size, "before": cursor, "filter": filter, "sort": sort}),
        };
        let data = app.data(&caller.key, PAGE, variables).await;
        let (page, info) = (&data["imports"], &data["imports"]["pageInfo"]);
        let nodes = page["nodes"].as_array().unwrap().iter();
        let here: Vec<i64> = nodes
            .map(|node| node["databaseId"].as_str().unwrap().parse().unwrap())
            .collect();
        is_partial |= page["isSearchPartial"] == true;
        let (on, back, reached) = match is_backward {
            false => ("hasNextPage", "hasPreviousPage", "endCursor"),
            true => ("hasPreviousPage", "hasNextPage", "startCursor"),
        };
        if !is_partial {
            assert_eq!(info[back], !is_first && !found.is_empty(), "{filter} {sort}");
        }
        if is_backward {
            found.splice(0..0, here);
        } else {
            found.extend(here);
        }
        is_first = false;
        if info[on] == false {
            return (found, is_partial);
        }
        cursor = info[reached].clone();
    }
}

/// A filter, what it keeps, and whether the index has few matches for it.
type Question = (Json, Box<dyn Fn(&imports::Model) -> bool>, bool);

/// The filters, each with what it keeps and whether the index has few matches for it.
fn questions() -> Vec<Question> {
    let mut questions: Vec<Question> = Vec::new();
    for (place, term, is_few) in [
        ("contains", "fuel rePORT", true),
        ("contains", "WEIGHbridge", true),
        ("contains", "отчёт за", true),
        ("startsWith", "FUEL", true),
        ("contains", "old-entries", false),
        ("contains", "csv", false),
        ("contains", "__", false),
    ] {
        let kind = if place == "contains" {
            Place::Anywhere
        } else {
            Place::Start
        };
        let term_of = Term::new(term, kind);
        let has = move |row: &imports::Model| term_of.is_in(&row.file_name);
        questions.push((json!({"fileName": {place: term}}), Box::new(has.clone()), is_few));
        if place == "startsWith" {
            continue;
        }
        questions.push((
            json!({"fileName": {place: term}, "status": {"exclude": ["NEW", "FAILED"]}, "isCompleted": true}),
            Box::new(move |row| {
                let is_out = [entity::ImportStatus::New, entity::ImportStatus::Failed].contains(&row.status);
                !is_out && row.completed_at.is_some() && has(row)
            }),
            is_few,
        ));
    }
    questions
}

#[tokio::test]
async fn a_search_gives_the_same_imports_with_the_index_and_without_it() {
    let url = cluster().create_database_with_letters().await;
    let app = serving(&url).await;
    let (caller, rows) = filled(&app).await;
    let kept =
        |keeps: &dyn Fn(&imports::Model) -> bool| rows.iter().filter(|row| keeps(row)).collect::<Vec<_>>();
    let questions: Vec<_> = questions()
        .into_iter()
        .map(|(filter, keeps, is_few)| (filter, kept(&keeps), is_few))
        .collect();
    for is_indexed in [false, true] {
        if is_indexed {
            assert!(
                migration::search_index::build(app.store.database())
                    .await
                    .unwrap()
            );
            relearn(&app).await;
        }
        for (filter, kept, is_few) in &questions {
            let before = statements(&app, "trigrams").await;
            let mut kept = kept.clone();
            for (sort, is_backward) in [
                (json!([]), false),
                (json!([{"createdAt": "ASC"}]), true),
                (json!([{"updatedAt": "DESC"}]), false),
                (json!([{"updatedAt": "ASC"}, {"id": "DESC"}]), true),
            ] {
                kept.sort_by_key(|row| {
                    let (updated, id) = (row.updated_at.micros(), row.id);
                    match sort.to_string() {
                        by if by.contains("createdAt") => (id, 0),
                        by if by.contains("ASC") => (updated, -id),
                        by if by.contains("updatedAt") => (-updated, -id),
                        _ => (-id, 0),
                    }
                });
                let size = (kept.len() as i64 / 3 + 1).min(100);
                // Of a list of thousands one way is enough.
                if kept.len() > 10_000 {
                    continue;
                }
                let (found, is_partial) = walked(&app, &caller, filter, &sort, size, is_backward).await;
                let ids: Vec<i64> = kept.iter().map(|row| row.id).collect();
                assert_eq!(found, ids, "{filter} {sort} {is_indexed}");
                assert!(!(is_indexed && *is_few && is_partial), "{filter} {sort}");
            }
            let counts = app
                .data(
                    &caller.key,
                    "query($filter: ImportFilter) {
                        importStatusCounts(filter: $filter) { status count capped }
                        importCounts(filter: $filter, by: MONTH) { total isExact } }",
                    json!({"filter": filter}),
                )
                .await;
            if is_indexed && *is_few {
                let by_status = counts["importStatusCounts"].as_array().unwrap();
                assert!(
                    by_status.iter().all(|count| count["capped"] == false),
                    "{filter}: {counts}"
                );
                let sum: u64 = by_status
                    .iter()
                    .map(|count| count["count"].as_u64().unwrap())
                    .sum();
                assert_eq!(sum, kept.len() as u64, "{filter}");
                assert_eq!(
                    counts["importCounts"],
                    json!({"total": kept.len(), "isExact": true}),
                    "{filter}"
                );
                assert!(statements(&app, "trigrams").await > before, "{filter}");
            }
        }
    }
}

#[tokio::test]
async fn a_term_without_a_trigram_never_reaches_the_index_and_a_common_one_once() {
    let url = cluster().create_database_with_letters().await;
    let app = serving(&url).await;
    let (caller, _) = filled(&app).await;
    migration::search_index::build(app.store.database())
        .await
        .unwrap();
    relearn(&app).await;
    let search = async |term: &str| {
        let variables = json!({"first": 2, "filter": {"fileName": {"contains": term}}});
        app.data(&caller.key, PAGE, variables).await["imports"].clone()
    };
    for term in ["__", "-", "a.b-c.d", "%%%", "fu"] {
        search(term).await;
    }
    assert_eq!(
        (
            statements(&app, "trigrams").await,
            statements(&app, "glance").await
        ),
        (0, 0)
    );
    // What the newest imports have is found without the index.
    assert_eq!(search("vehicles").await["isSearchPartial"], false);
    assert_eq!(
        (
            statements(&app, "trigrams").await,
            statements(&app, "glance").await
        ),
        (0, 1)
    );
    // Too many, and none among the newest: asked once, and then not for a while.
    for _ in 0..3 {
        let page = search("old-entries").await;
        assert_eq!(page["nodes"].as_array().unwrap().len(), 2);
    }
    assert_eq!(
        (
            statements(&app, "trigrams").await,
            statements(&app, "glance").await
        ),
        (1, 2)
    );
    assert_eq!(statements(&app, "search").await, 8);
    // A page of few matches: a glance, the question how many there are, and they themselves.
    assert_eq!(search("fuel report").await["estimatedRemainingCount"], 3);
    assert_eq!(
        (
            statements(&app, "trigrams").await,
            statements(&app, "range").await
        ),
        (2, 1)
    );
    // The index goes: once the schema has been looked at again, searches are as before.
    assert_eq!(search("weighbridge").await["isSearchPartial"], false);
    migration::search_index::drop(app.store.database()).await.unwrap();
    relearn(&app).await;
    assert_eq!(search("weighbridge").await["isSearchPartial"], true);
    assert_eq!(statements(&app, "trigrams").await, 3);
}

#[tokio::test]
async fn where_the_index_takes_too_long_the_walk_serves() {
    let url = cluster().create_database_with_letters().await;
    let app = serving(&url).await;
    let (caller, _) = filled(&app).await;
    migration::search_index::build(app.store.database())
        .await
        .unwrap();
    // An operator of the same name that never comes to an end at a name of the other account: what looks for the term in all
    // accounts meets it, what walks through the caller's does not.
    sql(
        &url,
        "CREATE SCHEMA slow;
         CREATE FUNCTION slow.has(name text, pattern text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
             IF name = 'endless' THEN PERFORM pg_sleep(3600); END IF;
             RETURN name OPERATOR(pg_catalog.~~) pattern; END $$;
         CREATE OPERATOR slow.~~ (FUNCTION = slow.has, LEFTARG = text, RIGHTARG = text);
         UPDATE imports SET file_name = 'endless' WHERE account_id = 2 AND id = 1",
    )
    .await;
    let database = url.rsplit_once('/').unwrap().1;
    sql(
        &url,
        &format!("ALTER DATABASE {database} SET search_path = slow, pg_catalog, public"),
    )
    .await;
    let settings = Settings {
        acquire_timeout: PATIENCE,
        statement_timeout: PATIENCE,
        trigram_timeout: Duration::from_millis(50),
        ..Settings::new(&url)
    };
    let slow = TestApp::over(Database::at(&url), Store::open(&settings).await.unwrap(), &[]);
    relearn(&slow).await;
    for asked in [1, 1] {
        let variables = json!({"first": 50, "filter": {"fileName": {"contains": "fuel report"}}});
        let data = slow.data(&caller.key, PAGE, variables).await;
        let page = &data["imports"];
        // Those that a walk meets.
        assert_eq!(
            (&page["isSearchPartial"], page["nodes"].as_array().unwrap().len()),
            (&json!(true), 2)
        );
        assert_eq!(statements(&slow, "trigrams").await, asked);
    }
    assert_eq!(statements(&slow, "search").await, 2);
}

#[tokio::test]
async fn under_row_security_searches_are_as_without_the_index() {
    let url = cluster().create_database_with_letters().await;
    let app = serving(&url).await;
    let (caller, rows) = filled(&app).await;
    migration::search_index::build(app.store.database())
        .await
        .unwrap();
    relearn(&app).await;
    sql(
        &url,
        "CREATE ROLE search_tenant LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO search_tenant;
         ALTER TABLE imports ENABLE ROW LEVEL SECURITY; CREATE POLICY newer ON imports USING (id > 1000)",
    )
    .await;
    let theirs = serving(&url.replace("postgres://gateway@", "postgres://search_tenant@")).await;
    let term = Term::new("fuel report", Place::Anywhere);
    for (app, hidden, asks) in [(&theirs, 1_000, false), (&app, 0, true)] {
        let filter = json!({"fileName": {"contains": "fuel report"}});
        let (found, is_partial) = walked(app, &caller, &filter, &json!([]), 10, false).await;
        let visible = rows
            .iter()
            .rev()
            .filter(|row| row.id > hidden && term.is_in(&row.file_name));
        assert_eq!(found, visible.map(|row| row.id).collect::<Vec<_>>());
        assert_eq!((is_partial, statements(app, "trigrams").await > 0), (!asks, asks));
    }
}

#[tokio::test]
async fn a_database_that_knows_letters_of_ascii_alone_finds_others_by_the_walk() {
    let url = cluster().create_database().await;
    let app = serving(&url).await;
    let (caller, _) = filled(&app).await;
    migration::search_index::build(app.store.database())
        .await
        .unwrap();
    relearn(&app).await;
    for (term, found, asked) in [
        ("ЗА МАРТ", vec![8], 0),
        ("Fuel reporT", vec![59_990, 30_011, 7], 1),
    ] {
        let filter = json!({"fileName": {"contains": term}});
        assert_eq!(
            walked(&app, &caller, &filter, &json!([]), 10, false).await.0,
            found
        );
        assert_eq!(statements(&app, "trigrams").await, asked, "{term}");
    }
}
