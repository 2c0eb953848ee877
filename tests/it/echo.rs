//! What counts as absent, and what a page says was asked: the echo, normalized.

use imports_gateway::resources::imports::Column;
use imports_gateway::resources::sort;
use keyset::{Direction, Key};
use serde_json::{Value as Json, json};

use crate::app::{Caller, TestApp, row};

const DOCUMENT: &str = "query (
    $first: Int, $after: String, $last: Int, $before: String, $filter: ImportFilter, $sort: [ImportSort!]
) {
    imports(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
        perPage
        filteredBy {
            status { include } createdAt { lt lte gt gte } updatedAt { lt lte gt gte }
        }
        sortedBy { id createdAt updatedAt }
        nodes { databaseId }
    }
}";

async fn ask(app: &TestApp, caller: &Caller, variables: Json) -> Json {
    app.data(&caller.key, DOCUMENT, variables).await["imports"].clone()
}

/// JSON without the members that are null, at every level: what of an echo is set.
fn set(json: &Json) -> Json {
    match json {
        Json::Object(object) => object
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), set(value)))
            .collect(),
        Json::Array(items) => items.iter().map(set).collect(),
        leaf => leaf.clone(),
    }
}

fn cursor(keys: &[(Column, Direction)]) -> String {
    let key = |(column, direction): &(Column, Direction)| Key {
        column: *column,
        direction: *direction,
    };
    let keys: Vec<_> = keys.iter().map(key).collect();
    keyset::encode(&sort::order(&keys).unwrap().position(&row(1, 2)))
}

#[tokio::test]
async fn null_counts_as_absent_in_arguments_and_in_keys_of_the_filter() {
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        let rows: Vec<_> = (1..=3).map(|id| row(caller.id, id)).collect();
        app.fill(&rows).await;
        let absent = ask(&app, &caller, json!({})).await;
        assert_eq!(absent["nodes"].as_array().unwrap().len(), 3);
        assert_eq!(
            (&absent["perPage"], &absent["filteredBy"]),
            (&json!(50), &json!([]))
        );
        for variables in [
            json!({"first": null, "after": null, "last": null, "before": null, "filter": null, "sort": null}),
            json!({"filter": {}}),
            json!({"filter": {"status": null}}),
            json!({"filter": {"status": null, "createdAt": null, "updatedAt": null}}),
            json!({"sort": []}),
        ] {
            assert_eq!(ask(&app, &caller, variables.clone()).await, absent, "{variables}");
        }
        let fields = &DOCUMENT[DOCUMENT.find("perPage").unwrap()..];
        for arguments in [
            "first: null, after: null, last: null, before: null, filter: null, sort: null",
            "filter: {status: null, createdAt: null}",
            "sort: []",
        ] {
            let document = format!("{{ imports({arguments}) {{ {fields}");
            assert_eq!(
                app.data(&caller.key, &document, json!({})).await["imports"],
                absent,
                "{arguments}"
            );
        }
        // A null size is no size beside the other; a null bound makes no page backward.
        let page = ask(&app, &caller, json!({"first": null, "last": 1})).await;
        assert_eq!(page["nodes"], json!([{"databaseId": "1"}]));
        let before = cursor(&[(Column::Id, Direction::Desc)]);
        let page = ask(&app, &caller, json!({"before": before, "after": null})).await;
        assert_eq!(page["nodes"], json!([{"databaseId": "3"}]));
    }
}

#[tokio::test]
async fn the_filter_is_echoed_normalized_one_entry_each_in_the_schemas_order() {
    let noon = "2026-05-01T12:00:00.000000Z";
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        for (filter, echo) in [
            (json!({}), json!([])),
            (
                json!({"status": {"include": ["FAILED", "NEW", "FAILED", "NEW"]}}),
                json!([{"status": {"include": ["FAILED", "NEW"]}}]),
            ),
            (
                json!({"status": {"include": "FAILED"}}),
                json!([{"status": {"include": ["FAILED"]}}]),
            ),
            (
                json!({"createdAt": {"lt": "2026-05-01T14:00:00+02:00"}}),
                json!([{"createdAt": {"lt": noon}}]),
            ),
            (
                json!({"createdAt": {"lte": "2026-05-01t12:00:00z"}}),
                json!([{"createdAt": {"lte": noon}}]),
            ),
            (
                json!({"updatedAt": {"gt": "2026-05-01T12:00:00.000000000Z"}}),
                json!([{"updatedAt": {"gt": noon}}]),
            ),
            (
                json!({"updatedAt": {"gte": "2026-05-01T12:00:00.1234567Z"}}),
                json!([{"updatedAt": {"gte": "2026-05-01T12:00:00.123456700Z"}}]),
            ),
            (
                json!({"updatedAt": {"lt": "2026-05-01T12:00:00.000000001-00:30"}}),
                json!([{"updatedAt": {"lt": "2026-05-01T12:30:00.000000001Z"}}]),
            ),
            (
                json!({"createdAt": {"lt": "0001-01-01T00:00:00Z"}}),
                json!([{"createdAt": {"lt": "0001-01-01T00:00:00.000000Z"}}]),
            ),
            (
                json!({"createdAt": {"lte": "9999-12-31T23:59:59.999999999Z"}}),
                json!([{"createdAt": {"lte": "9999-12-31T23:59:59.999999999Z"}}]),
            ),
            (
                json!({"createdAt": {"between": {"lt": noon, "gte": "2026-05-01T12:00:00.5Z"}}}),
                json!([{"createdAt": {"gte": "2026-05-01T12:00:00.500000Z"}}, {"createdAt": {"lt": noon}}]),
            ),
            (
                json!({
                    "updatedAt": {"between": {"gte": noon, "lt": noon}},
                    "createdAt": {"gt": noon},
                    "status": {"include": ["ROLLED_BACK"]},
                }),
                json!([
                    {"status": {"include": ["ROLLED_BACK"]}},
                    {"createdAt": {"gt": noon}},
                    {"updatedAt": {"gte": noon}},
                    {"updatedAt": {"lt": noon}},
                ]),
            ),
        ] {
            let page = ask(&app, &caller, json!({ "filter": filter })).await;
            assert_eq!(set(&page["filteredBy"]), echo, "{filter}");
            for entry in page["filteredBy"].as_array().unwrap() {
                let keys = entry.as_object().unwrap();
                assert_eq!(keys.len(), 3, "{entry}");
                assert_eq!(
                    keys.values().filter(|value| !value.is_null()).count(),
                    1,
                    "{entry}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_sort_is_echoed_as_asked_or_as_the_cursor_names_it_without_its_tie_break() {
    use Column::{CreatedAt, Id, UpdatedAt};
    use Direction::{Asc, Desc};
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        for (variables, echo) in [
            (json!({}), json!([{"id": "DESC"}])),
            (json!({"sort": []}), json!([{"id": "DESC"}])),
            (json!({"sort": {"id": "ASC"}}), json!([{"id": "ASC"}])),
            (
                json!({"sort": [{"createdAt": "ASC"}]}),
                json!([{"createdAt": "ASC"}]),
            ),
            (
                json!({"sort": [{"createdAt": "ASC"}, {"id": "ASC"}, {"updatedAt": "DESC"}]}),
                json!([{"createdAt": "ASC"}, {"id": "ASC"}, {"updatedAt": "DESC"}]),
            ),
            (json!({"after": cursor(&[])}), json!([{"id": "DESC"}])),
            (json!({"after": cursor(&[(Id, Asc)])}), json!([{"id": "ASC"}])),
            (
                json!({"before": cursor(&[(CreatedAt, Asc)])}),
                json!([{"createdAt": "ASC"}]),
            ),
            (
                json!({"after": cursor(&[(CreatedAt, Asc), (UpdatedAt, Desc)])}),
                json!([{"createdAt": "ASC"}, {"updatedAt": "DESC"}]),
            ),
            // A tie-break against its own direction was asked for.
            (
                json!({"after": cursor(&[(CreatedAt, Asc), (Id, Desc)])}),
                json!([{"createdAt": "ASC"}, {"id": "DESC"}]),
            ),
            // Two sorts of the same order are the same sort: the cursor fits, the echo is what was asked.
            (
                json!({"after": cursor(&[(CreatedAt, Asc)]), "sort": [{"createdAt": "ASC"}, {"id": "ASC"}]}),
                json!([{"createdAt": "ASC"}, {"id": "ASC"}]),
            ),
            (
                json!({"after": cursor(&[(Id, Desc), (UpdatedAt, Asc)]), "sort": []}),
                json!([{"id": "DESC"}]),
            ),
        ] {
            let page = ask(&app, &caller, variables.clone()).await;
            assert_eq!(set(&page["sortedBy"]), echo, "{variables}");
        }
    }
}
