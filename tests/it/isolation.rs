//! Two accounts with the same ids: what one asks is answered as if the other were not there.

use entity::imports;
use imports_gateway::relay::{GlobalRow, node_id};
use imports_gateway::resources::imports::Column;
use imports_gateway::resources::sort;
use keyset::{Direction, Key};
use serde_json::{Value as Json, json};

use crate::app::{Answer, Caller, TestApp, account_id, import_id, row};
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
    let of_imports = |caller: &Caller| {
        let account_id = caller.id;
        (0..=31).map(move |id| import_id(account_id, id))
    };
    let ids = of_imports(ours).chain(of_imports(theirs)).chain([
        account_id(ours.id),
        account_id(theirs.id),
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
        // A number that both accounts have, and one that only theirs has.
        let foreign = import_id(them.id, 5);
        let other = |account_id, id| node_id("Other", GlobalRow { account_id, id });
        let own = import_id(us.id, 1);
        let nobodys = [
            foreign.clone(),
            import_id(them.id, 25),
            import_id(them.id, 31),
            import_id(99, 1),
            import_id(us.id, 25),
            import_id(us.id, -1),
            import_id(us.id, i64::MAX),
            import_id(-us.id, 1),
            account_id(them.id),
            account_id(99),
            node_id(
                "Account",
                GlobalRow {
                    account_id: us.id,
                    id: 99,
                },
            ),
            node_id(
                "Account",
                GlobalRow {
                    account_id: them.id,
                    id: us.id,
                },
            ),
            other(us.id, 1),
            own.to_lowercase(),
            format!("{own} "),
            format!("{own}=="),
            // `Import:1` and `Account:1`: the form without an account.
            "SW1wb3J0OjE".to_owned(),
            "QWNjb3VudDox".to_owned(),
            format!("Import:{}:1", us.id),
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
        let own = json!({"id": account_id(us.id)});
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
async fn one_number_in_two_accounts_has_two_ids_and_each_finds_its_own_row_alone() {
    let everywhere = "query ($id: ID!, $ids: [ID!]!) {
        node(id: $id) { id ... on Import { fileName } } import(id: $id) { id fileName }
        nodes(ids: $ids) { id ... on Import { fileName } } }";
    for app in TestApp::on_each().await {
        let (us, them) = (app.account("Acme").await, app.account("Bolt").await);
        app.fill(&ours(us.id)).await;
        app.fill(&theirs(them.id)).await;
        let mut ids = Vec::new();
        for caller in [&us, &them] {
            let document = "{ importByDatabaseId(databaseId: \"5\") { id } viewer { id } }";
            let data = app.data(&caller.key, document, json!({})).await;
            let id = |field: &str| data[field]["id"].as_str().unwrap().to_owned();
            ids.push((id("importByDatabaseId"), id("viewer")));
        }
        let [(our_import, our_account), (their_import, their_account)] = ids.try_into().unwrap();
        assert_ne!(our_import, their_import);
        assert_ne!(our_account, their_account);
        for (caller, import, account, file) in [
            (&us, &our_import, &our_account, "file 5.csv"),
            (&them, &their_import, &their_account, THEIRS),
        ] {
            let every = [&our_import, &their_import, &our_account, &their_account];
            let own = json!({"id": import, "fileName": file});
            let expected: Vec<_> = every
                .map(|id| match id {
                    id if id == import => own.clone(),
                    id if id == account => json!({ "id": id }),
                    _ => Json::Null,
                })
                .into();
            for id in every {
                let found = if id == import { own.clone() } else { Json::Null };
                let node = if id == account {
                    json!({ "id": id })
                } else {
                    found.clone()
                };
                let answer = app
                    .data(&caller.key, everywhere, json!({"id": id, "ids": every}))
                    .await;
                assert_eq!(
                    answer,
                    json!({"node": node, "import": found, "nodes": expected}),
                    "{id}"
                );
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_read_for_an_id_that_is_not_the_callers() {
    for app in TestApp::on_each().await {
        let (us, them) = (app.account("Acme").await, app.account("Bolt").await);
        app.fill(&ours(us.id)).await;
        app.fill(&theirs(them.id)).await;
        // There, not there, of an account that is not there, and of an old form.
        let foreign = [
            import_id(them.id, 5),
            import_id(them.id, 31),
            import_id(99, 5),
            "SW1wb3J0OjU".to_owned(),
        ];
        for field in [
            "node(id: $id) { id }",
            "import(id: $id) { id }",
            "nodes(ids: [$id]) { id }",
        ] {
            let document = format!("query ($id: ID!) {{ {field} }}");
            for id in &foreign {
                let taken = app.statements(us.id, &document, json!({ "id": id })).await;
                assert_eq!(taken, 0, "{field} {id}");
            }
            for id in [5, 25] {
                let own = json!({"id": import_id(us.id, id)});
                assert_eq!(app.statements(us.id, &document, own).await, 1, "{field} {id}");
            }
        }
        // Beside an id of the caller's own, any others change nothing.
        let document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
        let ids = [&foreign[..], &[import_id(us.id, 5)]].concat();
        assert_eq!(app.statements(us.id, document, json!({ "ids": ids })).await, 1);
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
