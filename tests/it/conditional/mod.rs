//! Conditional requests: a client that has an answer is told so, and never where the answer is another one by now.
//!
//! A checkpoint of the server changes every tag, and the cluster is shared: what is to be answered by 304 is asked again until it
//! is, what must not be never is.

mod law;

use axum::body::Body;
use axum::http::{HeaderValue, Request};
use sea_orm::{ConnectionTrait as _, DbBackend, TransactionTrait as _};
use serde_json::{Value as Json, json};

use crate::app::{Answer, Caller, TestApp, row};
use crate::databases::{self, Database, execute, literal};
use crate::gauntlet;
use crate::waiting::{self, eventually};
use imports_gateway::store::Store;
use imports_gateway::store::changes;

const LIST: &str = "/api/v1/imports?per_page=50&filter[status][exclude]=unsupported&sort[updated_at]=desc";
/// A transaction of a test is not ended because the machine is slow.
const MAY_IDLE: &str = "SET LOCAL idle_in_transaction_session_timeout = 0";
const COUNTS: &str = "/api/v1/imports/counts?by=hour&time_zone=Asia/Kolkata";
const RECORD: &str = "/api/v1/imports/1";
const GRAPHQL: &str =
    "/graphql?query={imports(first:50){nodes{databaseId,note,status},estimatedRemainingCount}}";
const TARGETS: [&str; 4] = [LIST, COUNTS, RECORD, GRAPHQL];

/// An application with two accounts of a few imports.
struct Service {
    app: TestApp,
    mine: Caller,
    theirs: Caller,
}

async fn services() -> Vec<Service> {
    let mut services = Vec::new();
    for database in databases::fresh().await {
        services.push(service(database, &[]).await);
    }
    services
}

async fn service(database: Database, options: &[&str]) -> Service {
    let app = TestApp::on(database, options).await;
    let (mine, theirs) = (app.account("Acme").await, app.account("Bolt").await);
    for caller in [&mine, &theirs] {
        let rows: Vec<_> = (1..=5).map(|id| row(caller.id, id)).collect();
        app.fill(&rows).await;
    }
    Service { app, mine, theirs }
}

impl Service {
    /// Asks for a target; `has` are the fields `If-None-Match`.
    async fn ask(&self, caller: &Caller, method: &str, target: &str, has: &[&str]) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .body(Body::empty())
            .unwrap();
        let headers = request.headers_mut();
        let key = format!("Bearer {}", caller.key.reveal());
        headers.insert("authorization", HeaderValue::try_from(key).unwrap());
        for has in has {
            headers.append("if-none-match", HeaderValue::from_str(has).unwrap());
        }
        self.app.send(request).await
    }

    async fn get(&self, target: &str, has: &[&str]) -> Answer {
        self.ask(&self.mine, "GET", target, has).await
    }

    /// The tag of what a target is now. There is none as long as many changes are newer than the oldest transaction that
    /// runs, which may be another test's: all databases of a server count.
    async fn tag(&self, target: &str) -> String {
        eventually(&format!("a tag of {target}"), async || {
            let answer = self.get(target, &[]).await;
            let has_tag = header(&answer, "etag").is_some() || answer.status != 200;
            has_tag.then(|| tag(&answer)).ok_or_else(|| "none".to_owned())
        })
        .await
    }

    async fn write(&self, text: &str) {
        write(&self.app.store, text).await;
    }

    /// Waits until a client that has what a target is now is told so, whatever `between` does.
    async fn stays(&self, target: &str, between: impl AsyncFn()) {
        eventually(&format!("304 for {target}"), async || {
            let tag = self.tag(target).await;
            between().await;
            let again = self.get(target, &[&tag]).await;
            waiting::is(again.status.as_u16(), &304)
        })
        .await;
    }
}

async fn write(store: &Store, text: &str) {
    execute(store, text, Vec::new())
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(|value| value.to_str().unwrap())
}

fn tag(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.json);
    let tag = header(answer, "etag").expect("a tag").to_owned();
    assert!(tag.starts_with("W/\"") && tag.ends_with('"'), "{tag}");
    tag
}

fn varies_by(answer: &Answer) -> Vec<String> {
    let fields = answer.headers.get_all("vary").iter();
    let names = fields.flat_map(|field| field.to_str().unwrap().split(','));
    names.map(|name| name.trim().to_ascii_lowercase()).collect()
}

fn is_sqlite(app: &TestApp) -> bool {
    app.store.backend() == DbBackend::Sqlite
}

#[tokio::test]
async fn a_client_that_has_an_answer_is_told_so_in_every_form_of_the_question() {
    for service in services().await {
        for target in TARGETS {
            let answer = service.get(target, &[]).await;
            let tag = tag(&answer);
            assert_eq!(header(&answer, "cache-control"), Some("private, no-cache"));
            for name in ["accept-encoding", "authorization"] {
                assert!(varies_by(&answer).contains(&name.to_owned()), "{target}: {name}");
            }
            let strong = tag.strip_prefix("W/").unwrap();
            for form in [
                &[tag.as_str()][..],
                &[strong],
                &["\"other\"", &tag],
                &[&format!("\"other\", W/\"x,y\",{strong} , \"z\"")],
            ] {
                service.stays(target, async || {}).await;
                eventually("304", async || {
                    let now = service.tag(target).await;
                    let opaque = now.strip_prefix("W/").unwrap();
                    let form: Vec<_> = form.iter().map(|field| field.replace(strong, opaque)).collect();
                    let form: Vec<_> = form.iter().map(String::as_str).collect();
                    let before = service.app.store.statements();
                    let again = service.get(target, &form).await;
                    waiting::is(again.status.as_u16(), &304)?;
                    // What tags are true in, whether anybody writes, and what is seen beside them.
                    assert!(
                        (1..=3).contains(&(service.app.store.statements() - before)),
                        "{target}"
                    );
                    assert_eq!(again.body.len(), 0);
                    assert_eq!(header(&again, "etag"), Some(&*now));
                    for name in ["content-length", "content-type", "content-encoding"] {
                        assert_eq!(header(&again, name), None, "{target}: {name}");
                    }
                    for name in ["cache-control", "accept-query"] {
                        assert_eq!(header(&again, name), header(&answer, name), "{target}: {name}");
                    }
                    assert_eq!(varies_by(&again), varies_by(&answer), "{target}");
                    assert!(header(&again, "x-request-id").is_some());
                    let head = service.ask(&service.mine, "HEAD", target, &form).await;
                    waiting::is(head.status.as_u16(), &304)?;
                    assert_eq!(header(&head, "content-length"), None);
                    Ok(())
                })
                .await;
            }
            for form in [
                "",
                "x",
                &tag[..tag.len() - 1],
                "\"*\"",
                "w/\"*\"",
                &tag.replace('"', ""),
            ] {
                let again = service.get(target, &[form]).await;
                assert_eq!(again.status, 200, "{target} {form}");
                assert_eq!(again.body, answer.body, "{target} {form}");
            }
            let head = service.ask(&service.mine, "HEAD", target, &[]).await;
            assert!(header(&head, "etag").is_some(), "{target}");
            // There is something, whatever the client has of it.
            assert_eq!(service.get(target, &["*"]).await.status, 304, "{target}");
        }
        for absent in ["/api/v1/imports/99", "/api/v1/imports/x"] {
            let answer = service.get(absent, &["*"]).await;
            assert_eq!((answer.status.as_u16(), header(&answer, "etag")), (404, None));
        }
    }
}

#[tokio::test]
async fn a_list_asked_for_by_query_has_a_tag_and_graphql_by_other_methods_has_none() {
    for service in services().await {
        let key = format!("Bearer {}", service.mine.key.reveal());
        let query = async |has: Option<String>, form: &str| {
            let mut request = Request::builder()
                .method("QUERY")
                .uri("/api/v1/imports")
                .header("authorization", &key)
                .header("content-type", "application/x-www-form-urlencoded");
            if let Some(has) = has {
                request = request.header("if-none-match", has);
            }
            service
                .app
                .send(request.body(Body::from(form.to_owned())).unwrap())
                .await
        };
        eventually("304", async || {
            let tag = tag(&query(None, "per_page=2").await);
            let other = query(Some(tag.clone()), "per_page=3").await;
            assert_eq!(other.status, 200, "another form is another question");
            waiting::is(query(Some(tag), "per_page=2").await.status.as_u16(), &304)
        })
        .await;
        let body = json!({"query": "{ imports { perPage nodes { id } } }"}).to_string();
        for method in ["POST", "QUERY"] {
            let request = Request::builder()
                .method(method)
                .uri("/graphql")
                .header("authorization", &key)
                .header("content-type", "application/json")
                .header("if-none-match", "*")
                .body(Body::from(body.clone()));
            let answer = service.app.send(request.unwrap()).await;
            assert_eq!(
                (answer.status.as_u16(), header(&answer, "etag")),
                (200, None),
                "{method}"
            );
            assert_eq!(header(&answer, "cache-control"), Some("no-store"));
        }
    }
}

#[tokio::test]
async fn every_write_to_the_account_makes_another_tag_and_one_to_another_account_does_not() {
    for service in services().await {
        let (mine, theirs) = (service.mine.id, service.theirs.id);
        let at = literal(&service.app.store, 1_790_000_000_000_000);
        let into = "INTO imports (account_id, id, file_name, file_size, type, status, created_at, updated_at) VALUES";
        let row =
            |account: i64, id: i64| format!("({account}, {id}, 'f', 1, 'VehicleImport', 'new', {at}, {at})");
        let mut writes = vec![
            format!("INSERT {into} {}", row(mine, 11)),
            format!("UPDATE imports SET note = 'x' WHERE account_id = {mine} AND id = 11"),
            // It changes nothing that is shown, which nobody knows.
            format!("UPDATE imports SET note = 'x' WHERE account_id = {mine} AND id = 11"),
            format!(
                "INSERT {into} {} ON CONFLICT (account_id, id) DO UPDATE SET status = 'failed'",
                row(mine, 11)
            ),
            format!("UPDATE imports SET id = 12 WHERE account_id = {mine} AND id = 11"),
            format!(
                "UPDATE imports SET account_id = {theirs}, id = 13 WHERE account_id = {mine} AND id = 12"
            ),
            format!(
                "UPDATE imports SET account_id = {mine}, id = 14 WHERE account_id = {theirs} AND id = 13"
            ),
            format!("DELETE FROM imports WHERE account_id = {mine} AND id = 14"),
        ];
        if is_sqlite(&service.app) {
            writes.push(format!("INSERT OR REPLACE {into} {}", row(mine, 5)));
            writes.push("DROP TRIGGER imports_note_delete".to_owned());
        } else {
            writes.push("UPDATE imports SET note = 'all'".to_owned());
            // What no trigger sees: the table has other values, or none are noted for a while.
            writes.push("ALTER TABLE imports ALTER file_size TYPE bigint USING file_size + 1".to_owned());
            writes.push(
                "BEGIN; ALTER TABLE imports DISABLE TRIGGER USER; UPDATE imports SET note = 'unseen'; \
                         ALTER TABLE imports ENABLE TRIGGER USER; COMMIT"
                    .to_owned(),
            );
            writes.push("TRUNCATE imports".to_owned());
        }
        for text in writes {
            let mut before = Vec::new();
            for target in TARGETS {
                let answer = service.get(target, &[]).await;
                if answer.status == 200 {
                    before.push((target, tag(&answer)));
                }
            }
            service
                .app
                .store
                .database()
                .execute_unprepared(&text)
                .await
                .unwrap();
            for (target, tag) in before {
                // Whether the triggers are those that they were is looked at once a second.
                if text.contains("TRIGGER") {
                    eventually("another tag", async || {
                        waiting::is(service.get(target, &[&tag]).await.status.as_u16(), &200)
                    })
                    .await;
                }
                let after = service.get(target, &[&tag]).await;
                assert_ne!(after.status, 304, "{target} after {text}");
                assert_ne!(header(&after, "etag"), Some(&*tag), "{target} after {text}");
            }
        }
        for target in TARGETS {
            if service.get(target, &[]).await.status != 200 {
                continue;
            }
            if is_sqlite(&service.app) {
                // Nobody notes what is deleted any more.
                assert_eq!(header(&service.get(target, &[]).await, "etag"), None, "{target}");
                continue;
            }
            let other = format!(
                "INSERT {into} {} ON CONFLICT (account_id, id) DO UPDATE SET note = 'y'",
                row(theirs, 21)
            );
            service.stays(target, async || service.write(&other).await).await;
        }
    }
}

#[tokio::test]
async fn a_break_of_the_feed_makes_another_tag() {
    for service in services().await {
        let (mine, theirs) = (service.mine.id, service.theirs.id);
        for account in [Some(mine), None] {
            let before = service.tag(LIST).await;
            changes::expire::<entity::imports::Model>(&service.app.store, account)
                .await
                .unwrap();
            assert_eq!(service.get(LIST, &[&before]).await.status, 200, "{account:?}");
        }
        service
            .stays(LIST, async || {
                changes::expire::<entity::imports::Model>(&service.app.store, Some(theirs))
                    .await
                    .unwrap();
            })
            .await;
    }
}

#[tokio::test]
async fn another_question_and_another_account_have_another_tag() {
    for service in services().await {
        let plain = service.tag("/api/v1/imports").await;
        for other in [
            "/api/v1/imports?per_page=2",
            "/api/v1/imports?sort[id]=asc",
            "/api/v1/imports?filter[status][include]=new",
            "/api/imports",
            "/api/v1/imports/counts",
            "/api/v1/imports/1",
            "/graphql?query={imports{perPage,nodes{id}}}",
        ] {
            let answer = service.get(other, &[&plain]).await;
            assert_eq!(answer.status, 200, "{other}");
            assert_ne!(header(&answer, "etag"), Some(&*plain), "{other}");
        }
        // The same without notes, which tell accounts apart by themselves.
        for is_quiet in [false, true] {
            if is_quiet {
                trim_all(&service).await;
            }
            for target in TARGETS {
                let mine = service.tag(target).await;
                let theirs = service.ask(&service.theirs, "GET", target, &[&mine]).await;
                assert_eq!(theirs.status, 200, "{target}");
            }
        }
        // Another media type.
        let ask = async |accept: &str, has: Option<&str>| {
            let key = format!("Bearer {}", service.mine.key.reveal());
            let mut request = Request::get(GRAPHQL)
                .header("authorization", key)
                .header("accept", accept);
            if let Some(has) = has {
                request = request.header("if-none-match", has);
            }
            service.app.send(request.body(Body::empty()).unwrap()).await
        };
        let json = tag(&ask("application/json", None).await);
        let response = ask("application/graphql-response+json", Some(&json)).await;
        assert_eq!(response.status, 200);
        assert!(varies_by(&response).contains(&"accept".to_owned()));
    }
}

/// Writes to a third account, and trims every note but that.
async fn trim_all(service: &Service) {
    let third = service.app.account("Cord").await;
    service.app.fill(&[row(third.id, 1)]).await;
    let what = "notes of no account but the third";
    eventually(what, async || {
        let store = &service.app.store;
        while changes::trim::<entity::imports::Model>(store, std::time::Duration::ZERO, 1000)
            .await
            .unwrap()
            > 0
        {}
        let left = format!(
            "SELECT 1 FROM import_changes WHERE account_id IS NULL OR account_id <> {}",
            third.id
        );
        let statement = sea_orm::Statement::from_string(store.backend(), left);
        let left = store.database().query_all_raw(statement).await.unwrap();
        waiting::is(left.len(), &0)
    })
    .await;
}

#[tokio::test]
async fn an_account_whose_notes_are_trimmed_has_tags_that_hide_no_trimmed_change() {
    for service in services().await {
        let noted = service.tag(LIST).await;
        trim_all(&service).await;
        assert_eq!(service.get(LIST, &[&noted]).await.status, 200);
        // Without a note of its own it is told so, however much others write; of several tags the right one is found.
        let other = format!(
            "UPDATE imports SET note = 'o' WHERE account_id = {}",
            service.theirs.id
        );
        service.stays(LIST, async || service.write(&other).await).await;
        eventually("304 for one of several", async || {
            let (list, counts) = (service.tag(LIST).await, service.tag(COUNTS).await);
            service.write(&other).await;
            let again = service.get(COUNTS, &[&list, &counts]).await;
            waiting::is(again.status.as_u16(), &304)
        })
        .await;
        // A change that comes and is trimmed leaves the account as it was before, without a note.
        let quiet = service.tag(LIST).await;
        service
            .write(&format!(
                "UPDATE imports SET note = 'unseen' WHERE account_id = {}",
                service.mine.id
            ))
            .await;
        trim_all(&service).await;
        let answer = service.get(LIST, &[&quiet]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json["records"][0]["note"], "unseen");
    }
}

#[tokio::test]
async fn what_may_depend_on_the_moment_has_no_tag() {
    for service in services().await {
        for target in [
            "/api/v1/imports?filter[file_name][contains]=file",
            "/api/v1/imports/counts?filter[file_name][starts_with]=file",
            "/graphql?query={imports(filter:{fileName:{contains:\"file\"}}){perPage,nodes{id}}}",
            "/graphql?query={imports{changesCursor,nodes{id}}}",
            "/graphql?query={viewer{name}}",
            "/graphql?query={imports(first:1000){nodes{id}}}",
            "/graphql?query={imports{nobody}}",
        ] {
            let target = target.replace('"', "%22");
            let answer = service.get(&target, &["*"]).await;
            assert_ne!(answer.status, 304, "{target}");
            assert_eq!(header(&answer, "etag"), None, "{target}");
            assert_eq!(header(&answer, "cache-control"), Some("no-store"), "{target}");
        }
        let key = format!("Bearer {}", service.mine.key.reveal());
        let request = Request::get(GRAPHQL)
            .header("authorization", key)
            .header("graphql-cost", "report");
        let answer = service.app.send(request.body(Body::empty()).unwrap()).await;
        assert!(answer.json["extensions"]["cost"].is_object(), "{}", answer.json);
        assert_eq!(header(&answer, "etag"), None);
    }
}

#[tokio::test]
async fn who_may_not_ask_or_asks_wrongly_is_told_so_first() {
    for service in services().await {
        for (target, wrong) in [
            (LIST, "/api/v1/imports?filter[status][include]=x"),
            (COUNTS, "/api/v1/imports/counts?by=x"),
            (GRAPHQL, "/graphql?query={"),
        ] {
            let tag = service.tag(target).await;
            for has in ["*", &tag] {
                let mut request = Request::get(target).header("if-none-match", has);
                assert_eq!(
                    service
                        .app
                        .send(request.body(Body::empty()).unwrap())
                        .await
                        .status,
                    401
                );
                request = Request::get(target)
                    .header("if-none-match", has)
                    .header("authorization", "Bearer wrong");
                assert_eq!(
                    service
                        .app
                        .send(request.body(Body::empty()).unwrap())
                        .await
                        .status,
                    401
                );
                let answer = service.get(wrong, &[has]).await;
                assert!(
                    answer.status != 304 && header(&answer, "etag").is_none(),
                    "{wrong}"
                );
            }
        }
        assert_eq!(
            service
                .get("/api/v1/imports?filter[status][include]=x", &["*"])
                .await
                .status,
            400
        );
    }
}

#[tokio::test]
async fn an_answer_that_the_client_has_costs_one_point() {
    for database in databases::fresh().await {
        let service = service(database, &["--rate-limit", "100"]).await;
        for target in TARGETS {
            eventually("two 304 in turn", async || {
                let answer = service.get(target, &[]).await;
                if answer.status == 429 {
                    return Err("a spent budget".to_owned());
                }
                let tag = tag(&answer);
                let (first, second) = (
                    service.get(target, &[&tag]).await,
                    service.get(target, &[&tag]).await,
                );
                for answer in [&first, &second] {
                    waiting::is(answer.status.as_u16(), &304)?;
                }
                let left = |answer| {
                    let left = header(answer, "ratelimit-remaining").unwrap();
                    left.parse::<u64>().unwrap()
                };
                // Meanwhile the budget can only have grown.
                let (first, second) = (left(&first), left(&second));
                assert!(second + 1 >= first, "{target}: {first} {second}");
                Ok(())
            })
            .await;
        }
    }
}

#[tokio::test]
async fn a_304_is_counted_as_such() {
    for service in services().await {
        service.get(LIST, &["*"]).await;
        service.get(GRAPHQL, &["*"]).await;
        let request = Request::get("/metrics").body(Body::empty()).unwrap();
        let metrics = service.app.send(request).await.body;
        let text = String::from_utf8(metrics.to_vec()).unwrap();
        for kind in ["rest", "query"] {
            let line = text
                .lines()
                .find(|line| line.contains(&format!("\"{kind}\"")) && line.contains("\"not_modified\""));
            assert!(
                line.is_some_and(|line| line.ends_with(" 1")),
                "{kind}: {line:?}\n{text}"
            );
        }
    }
}

#[tokio::test]
async fn a_commit_that_is_seen_while_an_older_transaction_runs_makes_another_tag() {
    if !gauntlet::tests_on("postgresql") {
        return;
    }
    let database = databases::postgres().await;
    let other = database.open().await;
    let service = service(database, &[]).await;
    let update = |id: i64, note: &str| {
        format!(
            "UPDATE imports SET note = '{note}' WHERE account_id = {} AND id = {id}",
            service.mine.id
        )
    };
    let begin = async || {
        let transaction = other.database().begin().await.unwrap();
        transaction.execute_unprepared(MAY_IDLE).await.unwrap();
        transaction
    };
    let (late, rolled_back, later) = (begin().await, begin().await, begin().await);
    for (transaction, id) in [(&late, 1), (&rolled_back, 2), (&later, 3)] {
        transaction.execute_unprepared(&update(id, "late")).await.unwrap();
    }
    let notes = async |tag: Option<&str>| -> (u16, Option<String>, Vec<Json>) {
        let answer = service.get(LIST, tag.as_slice()).await;
        let records = answer.json["records"].as_array().cloned().unwrap_or_default();
        let notes = records.iter().map(|record| record["note"].clone()).collect();
        (
            answer.status.as_u16(),
            header(&answer, "etag").map(str::to_owned),
            notes,
        )
    };
    let mut seen = vec![notes(None).await.1.unwrap()];
    // Each step is seen at once, and no tag of an earlier one says otherwise.
    let mut step = async |what: &str| {
        for tag in &seen {
            let (status, _, notes) = notes(Some(tag)).await;
            assert_eq!(status, 200, "after {what}");
            assert!(notes.contains(&json!(what)), "{notes:?}");
        }
        let tag = notes(None).await.1.unwrap();
        assert!(!seen.contains(&tag), "after {what}");
        seen.push(tag);
    };
    service.write(&update(4, "first")).await;
    step("first").await;
    service.write(&update(5, "second")).await;
    step("second").await;
    late.commit().await.unwrap();
    step("late").await;
    rolled_back.rollback().await.unwrap();
    service.stays(LIST, async || {}).await;
    service.write(&update(2, "third")).await;
    step("third").await;
    later.commit().await.unwrap();
    step("late").await;
    service.write(&update(1, "last")).await;
    step("last").await;
    // More notes above a running transaction than are looked at: no tag, and no 304.
    let holder = begin().await;
    holder.execute_unprepared(&update(1, "held")).await.unwrap();
    let rows: Vec<_> = (100..300).map(|id| row(service.mine.id, id)).collect();
    let tag = service.tag(LIST).await;
    service.app.fill(&rows).await;
    let answer = service.get(LIST, &[&tag, "*"]).await;
    assert_eq!((answer.status.as_u16(), header(&answer, "etag")), (200, None));
    holder.rollback().await.unwrap();
    service.stays(LIST, async || {}).await;
    // Many that nobody sees yet do no harm.
    let loading = begin().await;
    loading
        .execute_unprepared(&format!(
            "UPDATE imports SET note = 'x' WHERE account_id = {}",
            service.mine.id
        ))
        .await
        .unwrap();
    service.stays(LIST, async || {}).await;
    loading.rollback().await.unwrap();
    // A break is seen above a running transaction too.
    let running = begin().await;
    running
        .execute_unprepared("SELECT pg_current_xact_id()")
        .await
        .unwrap();
    for text in [
        "INSERT INTO import_changes (account_id) VALUES (NULL)",
        "TRUNCATE imports",
    ] {
        let tag = service.tag(LIST).await;
        service.write(text).await;
        assert_eq!(service.get(LIST, &[&tag]).await.status, 200, "{text}");
    }
}

#[tokio::test]
async fn a_tag_is_never_newer_than_its_page() {
    if !gauntlet::tests_on("postgresql") {
        return;
    }
    let database = databases::postgres().await;
    let other = database.open().await;
    let service = service(database, &[]).await;
    for table in ["import_changes", "imports"] {
        for target in TARGETS {
            let writer = other.database().begin().await.unwrap();
            let update = format!(
                "UPDATE imports SET note = '{table}{target}', file_size = file_size + 1, status = CASE status \
                WHEN 'failed' THEN 'new' ELSE 'failed' END WHERE account_id = {}",
                service.mine.id
            );
            writer.execute_unprepared(&update).await.unwrap();
            // Whatever reads this table waits for the commit; the rest has been read by then.
            let lock = format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
            writer.execute_unprepared(&lock).await.unwrap();
            let waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND database = \
                (SELECT oid FROM pg_database WHERE datname = current_database())";
            let (answer, ()) = tokio::join!(service.get(target, &[]), async {
                eventually("a reader that waits", async || {
                    let statement = sea_orm::Statement::from_string(DbBackend::Postgres, waiting);
                    let found = writer.query_all_raw(statement).await.unwrap();
                    waiting::is(found.len(), &1)
                })
                .await;
                writer.commit().await.unwrap();
            });
            let now = service.get(target, &[]).await;
            let again = service.get(target, &[&tag(&answer)]).await;
            assert!(again.status == 200 || answer.body == now.body, "{target}");
        }
    }
}

#[tokio::test]
async fn where_the_truth_cannot_be_had_there_is_no_tag() {
    if !gauntlet::tests_on("postgresql") {
        return;
    }
    let database = databases::postgres().await;
    let url = database.url.clone();
    let service = service(database, &[]).await;
    // A crash may take back what was seen; it ends in a checkpoint, as others do too.
    let before = service.tag(LIST).await;
    service.write("UPDATE accounts SET name = name").await;
    service.write("CHECKPOINT").await;
    eventually("another tag after a checkpoint", async || {
        waiting::is(service.get(LIST, &[&before]).await.status.as_u16(), &200)
    })
    .await;

    // What tags are true in is read anew after a second.
    let none = async |what: &str| {
        eventually(what, async || {
            let answer = service.get(LIST, &["*"]).await;
            waiting::is((answer.status.as_u16(), header(&answer, "etag")), &(200, None))
        })
        .await;
    };
    service
        .write("ALTER TABLE imports DISABLE TRIGGER imports_note_delete")
        .await;
    none("a trigger is off").await;
    service
        .write("ALTER TABLE imports ENABLE TRIGGER imports_note_delete")
        .await;
    let some = async || {
        eventually("a tag again", async || {
            let answer = service.get(LIST, &[]).await;
            header(&answer, "etag").map(drop).ok_or_else(|| "none".to_owned())
        })
        .await;
    };
    some().await;
    service.write("CREATE TABLE part () INHERITS (imports)").await;
    none("a part is written by its own name").await;
    service.write("DROP TABLE part").await;
    service.write("ANALYZE imports").await;
    some().await;

    // A role that row security hides rows from, or that may not read the notes.
    let role = format!("reader_{}", std::process::id());
    service.write(&format!("CREATE ROLE {role} LOGIN")).await;
    service
        .write(&format!(
            "GRANT SELECT ON imports, accounts, api_tokens TO {role}"
        ))
        .await;
    let theirs = url.replacen("postgres://", &format!("postgres://{role}@"), 1);
    let theirs = match theirs.split_once('@').and_then(|(_, rest)| rest.split_once('@')) {
        Some((_, place)) => format!("postgres://{role}@{place}"),
        None => theirs,
    };
    for (grant, has_tag) in [
        ("SELECT 1", false),
        ("GRANT SELECT ON import_changes TO {role}", true),
        ("ALTER TABLE imports ENABLE ROW LEVEL SECURITY", false),
        ("CREATE POLICY all_of_it ON imports USING (TRUE)", false),
        ("ALTER TABLE imports DISABLE ROW LEVEL SECURITY", true),
        ("ALTER TABLE import_changes ENABLE ROW LEVEL SECURITY", false),
    ] {
        service.write(&grant.replace("{role}", &role)).await;
        let limited = Service {
            app: TestApp::over(Database::at(&theirs), databases::open(&theirs).await, &[]),
            mine: Caller {
                id: service.mine.id,
                key: service.app.new_key(service.mine.id).await,
            },
            theirs: Caller {
                id: service.theirs.id,
                key: service.app.new_key(service.theirs.id).await,
            },
        };
        for target in TARGETS {
            if target == RECORD {
                continue;
            }
            let answer = limited.get(target, &[]).await;
            assert_eq!(answer.status, 200, "{grant}: {}", answer.json);
            assert_eq!(header(&answer, "etag").is_some(), has_tag, "{grant} {target}");
        }
    }
    service.write(&format!("DROP OWNED BY {role}")).await;
    service.write(&format!("DROP ROLE {role}")).await;
}

#[tokio::test]
async fn another_process_on_a_file_has_other_tags_and_one_on_a_server_the_same() {
    for database in databases::fresh().await {
        let (url, is_file) = (database.url.clone(), database.url.starts_with("sqlite"));
        let first = service(database, &[]).await;
        let second = Service {
            app: TestApp::over(Database::at(&url), databases::open(&url).await, &[]),
            mine: Caller {
                id: first.mine.id,
                key: first.app.new_key(first.mine.id).await,
            },
            theirs: Caller {
                id: first.theirs.id,
                key: first.app.new_key(first.theirs.id).await,
            },
        };
        if is_file {
            let tag = first.tag(LIST).await;
            assert_eq!(second.get(LIST, &[&tag]).await.status, 200);
            continue;
        }
        eventually("304 elsewhere", async || {
            let tag = first.tag(LIST).await;
            waiting::is(second.get(LIST, &[&tag]).await.status.as_u16(), &304)
        })
        .await;
        // A name is shown by GraphQL, and is none of an import.
        let named = "/graphql?query={viewer{name},imports{perPage,nodes{id}}}";
        let before = first.tag(named).await;
        first.write("UPDATE accounts SET name = 'renamed'").await;
        // A process that has not seen the key yet.
        let third = Service {
            app: TestApp::over(Database::at(&url), databases::open(&url).await, &[]),
            mine: second.mine,
            theirs: second.theirs,
        };
        let after = third.get(named, &[&before]).await;
        assert_eq!(after.json["data"]["viewer"]["name"], "renamed");
    }
}
