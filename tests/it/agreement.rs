//! GraphQL and REST give the same records for the same question, under the same cursors.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value as Json, json};

use crate::app::{Caller, TestApp, row};

/// Each question as GraphQL arguments and as a REST query string.
const QUESTIONS: [(&str, &str); 6] = [
    ("", ""),
    ("sort: [{createdAt: ASC}]", "sort[created_at]=asc"),
    (
        "sort: [{updatedAt: DESC}, {id: ASC}]",
        "sort[updated_at]=desc&sort[id]=asc",
    ),
    (
        "filter: {status: {include: [COMPLETE, FAILED, NEW]}}",
        "filter[status][include]=complete,failed,new",
    ),
    (
        "filter: {createdAt: {gte: \"2026-09-21T14:13:25Z\"}}, sort: [{createdAt: DESC}]",
        "filter[created_at][gte]=2026-09-21T14:13:25Z&sort[created_at]=desc",
    ),
    (
        "filter: {updatedAt: {lt: \"1999-01-01T00:00:00Z\"}}",
        "filter[updated_at][lt]=1999-01-01",
    ),
];

async fn rest(app: &TestApp, caller: &Caller, query: &str) -> Json {
    let query = query.replace('[', "%5B").replace(']', "%5D");
    let request = Request::get(format!("/api/v1/imports?{query}"))
        .header("authorization", format!("Bearer {}", caller.key.reveal()))
        .body(Body::empty());
    app.send(request.unwrap()).await.json
}

#[tokio::test]
async fn graphql_and_rest_give_the_same_records_for_the_same_question() {
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        let rows: Vec<_> = (1..=25).map(|id| row(caller.id, id)).collect();
        app.fill(&rows).await;
        for (arguments, query) in QUESTIONS {
            let (mut after, mut start, mut seen) = (Json::Null, String::new(), 0);
            loop {
                let document = format!(
                    "query($after: String) {{ imports(first: 7, after: $after, {arguments}) {{ edges {{ cursor node {{
                     databaseId fileName fileSize note type createdAt updatedAt completedAt }} }}
                     estimatedRemainingCount pageInfo {{ hasNextPage endCursor }} }} }}"
                );
                let page = app.data(&caller.key, &document, json!({"after": after})).await["imports"].clone();
                let listed = rest(&app, &caller, &format!("per_page=7&start_cursor={start}&{query}")).await;
                let edges = page["edges"].as_array().unwrap();
                let records = listed["records"].as_array().unwrap();
                assert_eq!(edges.len(), records.len(), "{query}");
                for (edge, record) in edges.iter().zip(records) {
                    let node = &edge["node"];
                    assert_eq!(node["databaseId"], record["id"].to_string(), "{query}");
                    for (name, column) in [
                        ("fileName", "file_name"),
                        ("fileSize", "file_size"),
                        ("note", "note"),
                        ("type", "type"),
                        ("createdAt", "created_at"),
                        ("updatedAt", "updated_at"),
                        ("completedAt", "completed_at"),
                    ] {
                        assert_eq!(node[name], record[column], "{query}");
                    }
                }
                assert_eq!(
                    page["estimatedRemainingCount"], listed["estimated_remaining_count"],
                    "{query}"
                );
                assert_eq!(
                    listed["start_cursor"],
                    edges.first().map_or(Json::Null, |edge| edge["cursor"].clone())
                );
                assert_eq!(
                    page["pageInfo"]["hasNextPage"],
                    json!(!listed["next_cursor"].is_null()),
                    "{query}"
                );
                seen += edges.len();
                let Some(next) = listed["next_cursor"].as_str() else {
                    break;
                };
                (after, start) = (page["pageInfo"]["endCursor"].clone(), next.to_owned());
            }
            assert_eq!(seen == 0, query.contains("1999"), "{query}");
        }
    }
}
