//! The page rules by worked examples: rows, flags and count of each question about one small list.

use std::collections::HashMap;

use entity::{ImportStatus, imports};
use serde_json::{Value as Json, json};

use crate::app::{Caller, TestApp, row};
use crate::databases::execute;

const ARGUMENTS: &str = "first: $first, after: $after, last: $last, before: $before, filter: $filter, \
                         sort: [{id: ASC}]";

/// A question, and the page that is right: ids, has previous, has next, count.
type Example = (Json, &'static [i64], bool, bool, u64);

/// Examples on the list 10, 20, … 100. The positions 5, 55 and 105 had rows once.
fn examples() -> Vec<Example> {
    let (yes, no) = (true, false);
    let none: &[i64] = &[];
    let all: &[i64] = &[10, 20, 30, 40, 50, 60, 70, 80, 90, 100];
    vec![
        (json!({}), all, no, no, 10),
        (json!({"first": 100}), all, no, no, 10),
        (json!({"last": 100}), all, no, no, 10),
        (json!({"first": 10}), all, no, no, 10),
        (json!({"first": 3}), &[10, 20, 30], no, yes, 10),
        (json!({"last": 3}), &[80, 90, 100], yes, no, 10),
        // Size 0: the gap at the start, or at the end.
        (json!({"first": 0}), none, no, yes, 10),
        (json!({"last": 0}), none, yes, no, 10),
        (json!({"first": 0, "after": 30}), none, yes, yes, 7),
        (json!({"last": 0, "before": 30}), none, yes, yes, 2),
        (json!({"first": 0, "after": 100}), none, yes, no, 0),
        (json!({"last": 0, "before": 10}), none, no, yes, 0),
        // One bound.
        (json!({"first": 3, "after": 30}), &[40, 50, 60], yes, yes, 7),
        (json!({"first": 3, "after": 70}), &[80, 90, 100], yes, no, 3),
        (json!({"last": 3, "before": 70}), &[40, 50, 60], yes, yes, 6),
        (json!({"before": 40}), &[10, 20, 30], no, yes, 3),
        (json!({"first": 2, "before": 50}), &[10, 20], no, yes, 4),
        (json!({"last": 2, "after": 50}), &[90, 100], yes, no, 5),
        (
            json!({"last": 8, "after": 50}),
            &[60, 70, 80, 90, 100],
            yes,
            no,
            5,
        ),
        // After the last row, past the end, before the first row, before the start.
        (json!({"first": 3, "after": 100}), none, yes, no, 0),
        (json!({"first": 3, "after": 105}), none, yes, no, 0),
        (json!({"last": 3, "after": 100}), none, yes, no, 0),
        (json!({"before": 10}), none, no, yes, 0),
        (json!({"last": 3, "before": 5}), none, no, yes, 0),
        (json!({"first": 3, "before": 10}), none, no, yes, 0),
        (json!({"first": 2, "after": 5}), &[10, 20], no, yes, 10),
        (json!({"last": 2, "before": 105}), &[90, 100], yes, no, 10),
        // Where a row was.
        (json!({"first": 2, "after": 55}), &[60, 70], yes, yes, 5),
        (json!({"last": 2, "before": 55}), &[40, 50], yes, yes, 5),
        // Both bounds: many rows between, few, none.
        (
            json!({"first": 2, "after": 20, "before": 80}),
            &[30, 40],
            yes,
            yes,
            5,
        ),
        (
            json!({"last": 2, "after": 20, "before": 80}),
            &[60, 70],
            yes,
            yes,
            5,
        ),
        (
            json!({"first": 2, "after": 20, "before": 50}),
            &[30, 40],
            yes,
            yes,
            2,
        ),
        (
            json!({"first": 9, "after": 20, "before": 50}),
            &[30, 40],
            yes,
            yes,
            2,
        ),
        (
            json!({"last": 9, "after": 20, "before": 50}),
            &[30, 40],
            yes,
            yes,
            2,
        ),
        (json!({"after": 5, "before": 30}), &[10, 20], no, yes, 2),
        (json!({"after": 80, "before": 105}), &[90, 100], yes, no, 2),
        (json!({"first": 9, "after": 20, "before": 30}), none, yes, yes, 0),
        (json!({"last": 9, "after": 20, "before": 30}), none, yes, yes, 0),
        (json!({"first": 9, "after": 5, "before": 10}), none, no, yes, 0),
        (json!({"last": 9, "after": 100, "before": 105}), none, yes, no, 0),
        (json!({"first": 0, "after": 20, "before": 80}), none, yes, yes, 5),
        (json!({"last": 0, "after": 20, "before": 80}), none, yes, yes, 5),
        // Equal bounds, and crossed ones: the gap at `after`, whichever way one pages.
        (json!({"first": 9, "after": 40, "before": 40}), none, yes, yes, 0),
        (json!({"last": 9, "after": 40, "before": 40}), none, yes, yes, 0),
        (json!({"after": 10, "before": 10}), none, yes, yes, 0),
        (json!({"after": 100, "before": 100}), none, yes, no, 0),
        (json!({"after": 55, "before": 55}), none, yes, yes, 0),
        (json!({"after": 5, "before": 5}), none, no, yes, 0),
        (json!({"first": 9, "after": 80, "before": 20}), none, yes, yes, 0),
        (json!({"last": 9, "after": 80, "before": 20}), none, yes, yes, 0),
        (json!({"last": 9, "after": 100, "before": 20}), none, yes, no, 0),
        (json!({"first": 9, "after": 105, "before": 5}), none, yes, no, 0),
        // A filter that a bound's own row does not meet: the first five failed, the last five are complete.
        (
            json!({"first": 2, "after": 30, "filter": complete()}),
            &[60, 70],
            no,
            yes,
            5,
        ),
        (json!({"before": 30, "filter": complete()}), none, no, yes, 0),
        (
            json!({"last": 9, "before": 80, "filter": complete()}),
            &[60, 70],
            no,
            yes,
            2,
        ),
        (
            json!({"last": 2, "before": 80, "filter": failed()}),
            &[40, 50],
            yes,
            no,
            5,
        ),
        (
            json!({"first": 2, "after": 80, "filter": failed()}),
            none,
            yes,
            no,
            0,
        ),
        (
            json!({"after": 80, "before": 60, "filter": failed()}),
            none,
            yes,
            no,
            0,
        ),
        // An empty list.
        (json!({"filter": queued()}), none, no, no, 0),
        (json!({"first": 0, "filter": queued()}), none, no, no, 0),
        (json!({"last": 3, "filter": queued()}), none, no, no, 0),
        (
            json!({"first": 3, "after": 30, "filter": queued()}),
            none,
            no,
            no,
            0,
        ),
        (
            json!({"last": 3, "before": 30, "filter": queued()}),
            none,
            no,
            no,
            0,
        ),
        (
            json!({"after": 30, "before": 10, "filter": queued()}),
            none,
            no,
            no,
            0,
        ),
    ]
}

fn complete() -> Json {
    json!({"status": {"include": ["COMPLETE"]}})
}

fn failed() -> Json {
    json!({"status": {"include": ["FAILED"]}})
}

fn queued() -> Json {
    json!({"status": {"include": ["QUEUED"]}})
}

fn import(account_id: i64, id: i64) -> imports::Model {
    let status = if id <= 50 {
        ImportStatus::Failed
    } else {
        ImportStatus::Complete
    };
    imports::Model {
        status,
        ..row(account_id, id)
    }
}

/// What `imports` answers to the variables, with this selection.
async fn ask(app: &TestApp, caller: &Caller, variables: &Json, selection: &str) -> Json {
    let document = format!(
        "query ($first: Int, $after: String, $last: Int, $before: String, $filter: ImportFilter) {{
             imports({ARGUMENTS}) {{ {selection} }}
         }}"
    );
    app.data(&caller.key, &document, variables.clone()).await["imports"].clone()
}

/// A caller with the list of the examples, and the cursor of each of its positions.
async fn listed(app: &TestApp) -> (Caller, HashMap<i64, String>) {
    let caller = app.account("Acme").await;
    let ids = (10..=100).step_by(10).chain([5, 55, 105]);
    let rows: Vec<_> = ids.map(|id| import(caller.id, id)).collect();
    app.fill(&rows).await;
    let page = ask(app, &caller, &json!({}), "edges { cursor node { databaseId } }").await;
    let cursor = |edge: &Json| {
        let id = edge["node"]["databaseId"].as_str().unwrap();
        (id.parse().unwrap(), edge["cursor"].as_str().unwrap().to_owned())
    };
    let cursors: HashMap<_, _> = page["edges"].as_array().unwrap().iter().map(cursor).collect();
    assert_eq!(cursors.len(), rows.len());
    let gone = execute(
        &app.store,
        "DELETE FROM imports WHERE id IN (5, 55, 105)",
        Vec::new(),
    );
    assert_eq!(gone.await, Ok(3));
    (caller, cursors)
}

#[tokio::test]
async fn each_worked_example_gives_its_rows_flags_and_count() {
    for app in TestApp::on_each().await {
        let (caller, cursors) = listed(&app).await;
        for (question, ids, previous, next, count) in examples() {
            let mut variables = question.clone();
            for bound in ["after", "before"] {
                if let Some(id) = question[bound].as_i64() {
                    variables[bound] = json!(cursors[&id]);
                }
            }
            let nodes: Vec<_> = ids
                .iter()
                .map(|id| json!({"databaseId": id.to_string()}))
                .collect();
            let edges: Vec<_> = ids
                .iter()
                .map(|id| json!({"cursor": cursors[id], "node": {"databaseId": id.to_string()}}))
                .collect();
            let edge = |id: Option<&i64>| id.map_or(Json::Null, |id| json!(cursors[id]));
            let flags = json!({"hasPreviousPage": previous, "hasNextPage": next});
            let ends = json!({"startCursor": edge(ids.first()), "endCursor": edge(ids.last())});
            let mut page_info = flags.clone();
            page_info
                .as_object_mut()
                .unwrap()
                .extend(ends.as_object().unwrap().clone());
            // Whatever else is selected, each part is the same: together, and each alone.
            for (selection, expected) in [
                (
                    "nodes { databaseId } edges { cursor node { databaseId } } estimatedRemainingCount
                     pageInfo { hasPreviousPage hasNextPage startCursor endCursor }",
                    json!({"nodes": nodes, "edges": edges, "pageInfo": page_info, "estimatedRemainingCount": count}),
                ),
                ("nodes { databaseId }", json!({ "nodes": nodes })),
                ("edges { cursor node { databaseId } }", json!({ "edges": edges })),
                (
                    "pageInfo { hasPreviousPage hasNextPage }",
                    json!({ "pageInfo": flags }),
                ),
                ("pageInfo { startCursor endCursor }", json!({ "pageInfo": ends })),
                (
                    "estimatedRemainingCount",
                    json!({ "estimatedRemainingCount": count }),
                ),
            ] {
                let page = ask(&app, &caller, &variables, selection).await;
                assert_eq!(page, expected, "{question} {{ {selection} }}");
            }
        }
    }
}

#[tokio::test]
async fn a_page_has_fifty_rows_where_no_size_is_given_and_counts_stop_at_five_hundred() {
    const SELECTION: &str = "perPage estimatedRemainingCount nodes { databaseId } pageInfo { startCursor }";
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        let rows: Vec<_> = (1..=600).map(|id| row(caller.id, id)).collect();
        app.fill(&rows).await;
        let ids = |page: &Json| -> Vec<i64> {
            let nodes = page["nodes"].as_array().unwrap().iter();
            nodes
                .map(|node| node["databaseId"].as_str().unwrap().parse().unwrap())
                .collect()
        };
        let mut after = Json::Null;
        // The rows left at the start of each page of 50, capped.
        for (start, left) in [(1, 500), (51, 500), (101, 500), (151, 450)] {
            let page = ask(&app, &caller, &json!({ "after": after }), SELECTION).await;
            assert_eq!(ids(&page), (start..start + 50).collect::<Vec<_>>());
            assert_eq!(
                (&page["perPage"], &page["estimatedRemainingCount"]),
                (&json!(50), &json!(left))
            );
            let last = ask(
                &app,
                &caller,
                &json!({"after": after, "first": 50}),
                "pageInfo { endCursor }",
            )
            .await;
            after = last["pageInfo"]["endCursor"].clone();
        }
        let page = ask(&app, &caller, &json!({ "before": after }), SELECTION).await;
        assert_eq!(ids(&page), (150..=199).collect::<Vec<_>>());
        assert_eq!(
            (&page["perPage"], &page["estimatedRemainingCount"]),
            (&json!(50), &json!(199))
        );
        let start = ask(&app, &caller, &json!({"first": 1}), SELECTION).await;
        let both = json!({"after": start["pageInfo"]["startCursor"], "before": after});
        let page = ask(&app, &caller, &both, SELECTION).await;
        assert_eq!(ids(&page), (2..=51).collect::<Vec<_>>());
        let page = ask(&app, &caller, &json!({"last": 100}), SELECTION).await;
        assert_eq!(ids(&page), (501..=600).collect::<Vec<_>>());
        assert_eq!(
            (&page["perPage"], &page["estimatedRemainingCount"]),
            (&json!(100), &json!(500))
        );
    }
}
