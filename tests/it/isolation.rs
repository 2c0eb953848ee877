//! Two accounts with the same ids: what one asks is answered as if the other were not there.

use entity::imports;
use imports_gateway::relay::node_id;
use imports_gateway::resources::imports::sort;
use imports_gateway::store::imports::Column;
use keyset::{Direction, Key};
use serde_json::{Value as Json, json};

use crate::app::{Answer, Caller, TestApp, row};
use crate::databases::{execute, instant};

/// Everything that an import, a page and the counts can show.
const IMPORT: &str =
    "__typename id databaseId completedAt fileName fileSize note type status createdAt updatedAt";

const THEIRS: &str = "of the other account";

/// Ours have the ids 1 to 20, theirs 1 to 30, among ours in every order.
fn ours(account_id: i64) -> Vec<imports::Model> {
    (1..=20).map(|id| row(account_id, id)).collect()
}

fn theirs(account_id: i64) -> Vec<imports::Model> {
    let import = |id| {
        let row = row(account_id, id);
        imports::Model {
            file_name: THEIRS.to_owned(),
            note: Some(THEIRS.to_owned()),
            created_at: instant(row.created_at.micros() - 1),
            updated_at: instant(row.updated_at.micros() + 1),
            ..row
        }
    };
    (1..=30).map(import).collect()
}

/// The cursor of a row under a sort of one key.
fn cursor(row: &imports::Model, column: Column, direction: Direction) -> String {
    let order = sort::order(&[Key { column, direction }]).unwrap();
    keyset::encode(&order.position(row))
}

/// Every field with every argument, each with values of ours, of theirs, of nobody, and malformed ones.
fn questions(ours: &Caller, theirs: &Caller, rows: &[imports::Model]) -> Vec<(String, Json)> {
    let page = format!(
        "edges {{ cursor node {{ {IMPORT} }} }} nodes {{ {IMPORT} }} perPage estimatedRemainingCount
         pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}"
    );
    let mut questions = Vec::new();
    for (column, name) in [
        (Column::Id, "id"),
        (Column::CreatedAt, "createdAt"),
        (Column::UpdatedAt, "updatedAt"),
    ] {
        for (direction, word) in [(Direction::Asc, "ASC"), (Direction::Desc, "DESC")] {
            let sorted = format!("sort: [{{{name}: {word}}}]");
            questions.push((format!("{{ imports({sorted}) {{ {page} }} }}"), json!({})));
            for row in rows {
                let cursor = json!({"cursor": cursor(row, column, direction)});
                for bound in [
                    "first: 3, after",
                    "last: 3, before",
                    "last: 3, after",
                    "first: 3, before",
                ] {
                    let document = format!(
                        "query ($cursor: String) {{ imports({sorted}, {bound}: $cursor) {{ {page} }} }}"
                    );
                    questions.push((document, cursor.clone()));
                }
            }
        }
    }
    for field in ["createdAt", "updatedAt"] {
        for row in rows {
            for operator in ["lt", "lte", "gt", "gte"] {
                let filter = format!("filter: {{{field}: {{{operator}: \"{}\"}}}}", row.created_at);
                questions.push((
                    format!("{{ imports({filter}) {{ {page} }} importStatusCounts({filter}) {{ status count capped }} }}"),
                    json!({}),
                ));
            }
        }
    }
    for status in ["NEW", "FAILED", "[QUEUED, COMPLETE]"] {
        let filter = format!("filter: {{status: {{include: {status}}}}}");
        questions.push((
            format!(
                "{{ imports({filter}) {{ {page} }} importStatusCounts({filter}) {{ status count capped }} }}"
            ),
            json!({}),
        ));
    }
    questions.push((
        "{ importStatusCounts { status count capped } viewer { id databaseId name } }".to_owned(),
        json!({}),
    ));
    let ids = (0..=31).map(|id| node_id("Import", id)).chain([
        node_id("Account", ours.id),
        node_id("Account", theirs.id),
        String::new(),
        "x".to_owned(),
    ]);
    let all: Vec<_> = ids.collect();
    for id in &all {
        for field in ["node", "import"] {
            let document = format!(
                "query ($id: ID!) {{ {field}(id: $id) {{ __typename id ... on Import {{ {IMPORT} }} }} }}"
            );
            questions.push((document, json!({ "id": id })));
        }
    }
    questions.push((
        format!("query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ id ... on Import {{ {IMPORT} }} ... on Account {{ name }} }} }}"),
        json!({ "ids": all }),
    ));
    for id in 0..=31 {
        let document =
            format!("query ($id: BigInt!) {{ importByDatabaseId(databaseId: $id) {{ {IMPORT} }} }}");
        questions.push((document, json!({"id": id.to_string()})));
    }
    questions
}

async fn ask_all(app: &TestApp, caller: &Caller, questions: &[(String, Json)]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (document, variables) in questions {
        let answer = app.query(&caller.key, document, variables.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.codes()),
            (200, vec![]),
            "{document}"
        );
        answers.push(answer);
    }
    answers
}

/// An answer but for the request's own id.
fn told(answer: &Answer) -> (u16, Vec<(String, String)>, &[u8]) {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "x-request-id");
    let text = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.to_string(), format!("{value:?}"))
    };
    (answer.status.as_u16(), headers.map(text).collect(), &answer.body)
}

#[tokio::test]
async fn no_answer_depends_on_what_another_account_has() {
    for app in TestApp::on_each().await {
        let (us, them) = (app.account("Acme").await, app.account("Bolt").await);
        let (our_rows, their_rows) = (ours(us.id), theirs(them.id));
        app.fill(&our_rows).await;
        let positions = [&our_rows[0], &our_rows[9], &their_rows[9], &their_rows[24]].map(Clone::clone);
        let questions = questions(&us, &them, &positions);
        let before = ask_all(&app, &us, &questions).await;
        app.fill(&their_rows).await;
        let beside = ask_all(&app, &us, &questions).await;
        for ((question, before), beside) in questions.iter().zip(&before).zip(&beside) {
            assert_eq!(told(before), told(beside), "{question:?}");
            let text = String::from_utf8_lossy(&beside.body);
            assert!(
                !text.contains(THEIRS) && !text.contains("Bolt"),
                "{question:?}: {text}"
            );
        }
        // They see what is theirs by the same ids, so that the questions do reach what is there.
        let seen = ask_all(&app, &them, &questions).await;
        let seen = seen
            .iter()
            .filter(|answer| String::from_utf8_lossy(&answer.body).contains(THEIRS));
        assert!(seen.count() > questions.len() / 2);
        // Nor does it matter that theirs go.
        execute(
            &app.store,
            "DELETE FROM imports WHERE account_id = $1",
            vec![them.id.into()],
        )
        .await
        .unwrap();
        let after = ask_all(&app, &us, &questions).await;
        for ((question, before), after) in questions.iter().zip(&before).zip(&after) {
            assert_eq!(told(before), told(after), "{question:?}");
        }
    }
}

#[tokio::test]
async fn absent_foreign_and_malformed_ids_are_answered_alike() {
    for app in TestApp::on_each().await {
        let (us, them) = (app.account("Acme").await, app.account("Bolt").await);
        app.fill(&ours(us.id)).await;
        app.fill(&theirs(them.id)).await;
        let foreign = node_id("Import", 25);
        let nobodys = [
            foreign.clone(),
            node_id("Import", 31),
            node_id("Import", -1),
            node_id("Import", i64::MAX),
            node_id("Account", them.id),
            node_id("Account", 99),
            node_id("Other", 1),
            node_id("Import", 1).to_lowercase(),
            format!("{} ", node_id("Import", 1)),
            format!("{}==", node_id("Import", 1)),
            "Import:1".to_owned(),
            "1".to_owned(),
            String::new(),
            "\u{0}".to_owned(),
            "é' OR 1=1; --".to_owned(),
            "A".repeat(5_000),
        ];
        for field in [
            "node(id: $id) { id }",
            "import(id: $id) { id note }",
            "nodes(ids: [$id]) { id }",
        ] {
            let document = format!("query ($id: ID!) {{ {field} }}");
            let expected = app.query(&us.key, &document, json!({ "id": foreign })).await;
            let nothing = if field.starts_with("nodes") {
                json!([null])
            } else {
                Json::Null
            };
            let name = field.split('(').next().unwrap();
            assert_eq!(expected.json, json!({"data": {name: nothing}}));
            for id in &nobodys {
                let answer = app.query(&us.key, &document, json!({ "id": id })).await;
                assert_eq!(told(&answer), told(&expected), "{field} {id:?}");
            }
        }
        // An account's id is no import's, not even one's own.
        let own = json!({"id": node_id("Account", us.id)});
        let answer = app
            .query(&us.key, "query ($id: ID!) { import(id: $id) { id } }", own)
            .await;
        assert_eq!(answer.json, json!({"data": {"import": null}}));
        let document = "query ($id: BigInt!) { importByDatabaseId(databaseId: $id) { id note } }";
        let expected = app.query(&us.key, document, json!({"id": "25"})).await;
        assert_eq!(expected.json, json!({"data": {"importByDatabaseId": null}}));
        for id in ["31", "0", "-1", "9223372036854775807", "-9223372036854775808"] {
            let answer = app.query(&us.key, document, json!({ "id": id })).await;
            assert_eq!(told(&answer), told(&expected), "{id}");
        }
    }
}

#[tokio::test]
async fn a_key_without_an_owner_is_refused_whatever_is_wrong_with_it() {
    for app in TestApp::on_each().await {
        let us = app.account("Acme").await;
        let unknown = imports_gateway::auth::Key::generate();
        let ask = async |header: Option<String>| {
            let mut request =
                axum::http::Request::post("/graphql").header("content-type", "application/json");
            if let Some(header) = header {
                request = request.header("authorization", header);
            }
            let body = axum::body::Body::from(r#"{"query":"{ viewer { id } }"}"#);
            app.send(request.body(body).unwrap()).await
        };
        let expected = ask(None).await;
        assert_eq!(
            (expected.status.as_u16(), expected.codes()),
            (401, vec!["UNAUTHENTICATED"])
        );
        assert_eq!(expected.headers["www-authenticate"], "Bearer");
        assert_eq!(expected.json.get("data"), None);
        for header in [
            String::new(),
            "Bearer".to_owned(),
            "Bearer x".to_owned(),
            format!("Bearer {}", unknown.reveal()),
            format!("Basic {}", us.key.reveal()),
            us.key.reveal().to_owned(),
        ] {
            let answer = ask(Some(header.clone())).await;
            assert_eq!(told(&answer), told(&expected), "{header}");
        }
        let answer = ask(Some(format!("Token token=\"{}\"", us.key.reveal()))).await;
        assert_eq!(answer.status, 200);
    }
}
