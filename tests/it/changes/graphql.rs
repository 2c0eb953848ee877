//! The subscription over server-sent events: its answers, how it goes on, how it ends, and what is refused.

use serde_json::{Value as Json, json};
use tokio::task::block_in_place;

use super::stream::{Block, EventStream, expire, insert, servers, write};
use crate::server::{Client, Server};
use crate::waiting;

const STREAM: &str = "text/event-stream";
const FAILED: &str = "subscription Failed($after: String) {
    change: importChanges(after: $after, filter: {status: {include: [FAILED]}}) {
        cursor kind databaseId removedId import { id fileName status } } }";

/// Sends a document by POST, and begins to read its answer.
fn post(server: &Server, accept: &str, document: &str, variables: Json, last: Option<&str>) -> EventStream {
    let body = json!({ "query": document, "variables": variables }).to_string();
    let mut headers = vec![("Content-Type", "application/json"), ("Accept", accept)];
    headers.extend(last.map(|id| ("Last-Event-ID", id)));
    let key = &server.tenants[0].key;
    block_in_place(|| EventStream::ask(&server.address, key, ("POST", "/graphql"), &headers, &body))
}

fn follow(server: &Server, after: Option<&str>) -> EventStream {
    let stream = post(server, STREAM, FAILED, json!({ "after": after }), None);
    assert_eq!(stream.status, 200);
    stream
}

/// The next answer; its block has the cursor as its id.
fn change(stream: &mut EventStream) -> Json {
    let block = block_in_place(|| stream.block()).expect("an answer");
    assert_eq!(block.event.as_deref(), Some("next"), "{block:?}");
    let change = block.data.as_ref().expect("data")["data"]["change"].clone();
    assert_eq!(change["cursor"].as_str(), block.id.as_deref(), "{block:?}");
    change
}

/// The first block, which has the point from which the stream starts.
fn start(stream: &mut EventStream) -> String {
    let block = block_in_place(|| stream.block()).expect("a start");
    assert_eq!((&block.event, &block.data), (&None, &None), "{block:?}");
    block.id.expect("a point")
}

/// All that is told of one answer, and that nothing follows.
fn only_answer(mut stream: EventStream) -> Json {
    assert_eq!(stream.status, 200);
    assert_eq!(stream.headers["content-type"], "text/event-stream; charset=utf-8");
    let (next, complete) = block_in_place(|| (stream.block(), stream.block()));
    let end = Block {
        event: Some("complete".to_owned()),
        ..Block::default()
    };
    assert_eq!(complete, Some(end));
    assert_eq!(block_in_place(|| stream.block()), None);
    let next = next.expect("an answer");
    assert_eq!((next.event.as_deref(), next.id), (Some("next"), None));
    next.data.expect("data")
}

/// The code of the only error of an answer without data, and the argument at fault.
fn error(answer: &Json) -> (&str, Option<&str>) {
    let errors = answer["errors"].as_array().expect("errors");
    assert_eq!((errors.len(), answer.get("data")), (1, None), "{answer}");
    assert_eq!(errors[0].get("path"), None, "{answer}");
    let extensions = &errors[0]["extensions"];
    (
        extensions["code"].as_str().unwrap(),
        extensions["argument"].as_str(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_tells_what_becomes_of_a_filtered_list_and_goes_on_where_it_was_left() {
    for (server, _database) in servers(&[]).await {
        let mut stream = follow(&server, None);
        for (name, value) in [
            ("content-type", "text/event-stream; charset=utf-8"),
            ("cache-control", "no-store, no-transform"),
            ("x-accel-buffering", "no"),
        ] {
            assert_eq!(stream.headers[name], value);
        }
        let begun = start(&mut stream);
        write(&server, &insert(&server, 1, "new")).await;
        write(&server, &insert(&server, 2, "failed")).await;
        let mut told = change(&mut stream);
        let last = told["cursor"].take().as_str().unwrap().to_owned();
        let mut client = Client::new(&server.address, Some(&server.tenants[0].key));
        let id = block_in_place(|| client.data("{ importByDatabaseId(databaseId: 2) { id } }"));
        let id = &id["importByDatabaseId"]["id"];
        assert_eq!(
            told,
            json!({"cursor": null, "kind": "UPSERTED", "databaseId": "2", "removedId": null,
                "import": {"id": id, "fileName": "a 2.csv", "status": "FAILED"}})
        );
        drop(stream);
        write(&server, "DELETE FROM imports WHERE id = 2").await;
        write(&server, "UPDATE imports SET status = 'failed' WHERE id = 1").await;
        // By the argument, by the header, which goes before the argument, and by GET.
        let after = json!({ "after": last });
        let by_get = format!(
            "/graphql?query=subscription%7Bchange:importChanges(after:%22{begun}%22,filter:%7Bstatus:%7Binclude:[FAILED]%7D%7D)\
             %7Bcursor%20kind%20databaseId%20removedId%7D%7D"
        );
        let key = &server.tenants[0].key;
        for mut stream in [
            follow(&server, Some(&last)),
            post(&server, STREAM, FAILED, json!({}), Some(&last)),
            post(&server, STREAM, FAILED, json!({ "after": begun }), Some(&last)),
            post(
                &server,
                "application/json, text/event-stream",
                FAILED,
                after,
                Some(""),
            ),
            block_in_place(|| EventStream::open(&server.address, key, &by_get, Some(&last))),
        ] {
            assert_eq!(stream.status, 200);
            assert_eq!(start(&mut stream), last);
            let mut changes = [change(&mut stream), change(&mut stream)];
            changes.sort_by_key(|change| change["databaseId"].to_string());
            let [upserted, removed] = &changes;
            assert_eq!(
                (&upserted["kind"], &upserted["removedId"]),
                (&json!("UPSERTED"), &Json::Null)
            );
            assert_eq!((&removed["kind"], &removed["removedId"]), (&json!("REMOVED"), id));
            assert_eq!(
                (&removed["databaseId"], removed["import"].is_null()),
                (&json!("2"), true)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_and_the_changes_behind_it_leave_no_gap() {
    for (server, _database) in servers(&[]).await {
        write(&server, &insert(&server, 1, "failed")).await;
        let mut client = Client::new(&server.address, Some(&server.tenants[0].key));
        let page = waiting::eventually_blocking("the first import in the list", || {
            let page = client.data("{ imports(first: 1) { nodes { databaseId } changesCursor } }");
            if page["imports"]["nodes"] == json!([{"databaseId": "1"}]) {
                Ok(page)
            } else {
                Err(page.to_string())
            }
        });
        // Nobody listened then.
        write(&server, &insert(&server, 2, "failed")).await;
        let cursor = page["imports"]["changesCursor"].as_str().unwrap();
        let mut stream = follow(&server, Some(cursor));
        start(&mut stream);
        // The first import may be told again, as the page was read behind the cursor.
        let mut seen = Vec::new();
        while seen.last() != Some(&json!("2")) {
            seen.push(change(&mut stream)["databaseId"].clone());
            assert!(seen.len() <= 2, "{seen:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_followed_is_told_as_an_answer_and_its_end() {
    for (server, _database) in servers(&[]).await {
        let refused = |document: &str, variables: Json, last: Option<&str>| {
            only_answer(post(&server, STREAM, document, variables, last))
        };
        for after in ["", "nonsense", "EQMAAAAASejp1F2EdqI"] {
            let answer = refused(FAILED, json!({ "after": after }), None);
            assert_eq!(error(&answer), ("INVALID_CURSOR", Some("after")), "{after}");
            let location = &answer["errors"][0]["locations"][0];
            assert_eq!(location, &json!({"line": 2, "column": 5}));
        }
        let answer = refused(FAILED, json!({}), Some("nonsense"));
        assert_eq!(error(&answer), ("INVALID_CURSOR", Some("Last-Event-ID")));
        let none = "subscription { importChanges(filter: {status: {include: []}}) { kind } }";
        let answer = refused(none, json!({}), None);
        assert_eq!(error(&answer), ("BAD_USER_INPUT", Some("filter.status.include")));
        for document in [
            "subscription { importChanges { id } }",
            "subscription { importChanges { kind } again: importChanges { kind } }",
            "subscription { importChanges @include(if: true) { kind } }",
            "subscription { __typename }",
            "subscription { importChanges(after: 1) { kind } }",
        ] {
            let answer = refused(document, json!({}), None);
            assert_eq!(
                error(&answer),
                (
                    "GRAPHQL_VALIDATION_FAILED",
                    answer["errors"][0]["extensions"]["argument"].as_str()
                )
            );
        }
        // A point that has expired ends a stream, and is told to who comes back with it.
        let mut stream = follow(&server, None);
        let begun = start(&mut stream);
        expire(&server).await;
        assert_eq!(error(&only_answer(stream)), ("CHANGES_EXPIRED", None));
        for (variables, last) in [
            (json!({ "after": begun }), None),
            (json!({}), Some(begun.as_str())),
        ] {
            let answer = refused(FAILED, variables, last);
            assert_eq!(error(&answer), ("CHANGES_EXPIRED", None));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_accepts_no_event_stream_is_told_to() {
    for statuses in ["2025", "2026"] {
        for (server, _database) in servers(&["--http-statuses", statuses]).await {
            for accept in [
                "application/json",
                "*/*",
                "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json",
                "application/json, text/event-stream;q=0",
            ] {
                let refused = post(&server, accept, FAILED, json!({}), None);
                assert_eq!(refused.status, 406, "{accept}");
                let media_type = &refused.headers["content-type"];
                assert_eq!(media_type, "application/graphql-response+json; charset=utf-8");
                let answer: Json = serde_json::from_str(&block_in_place(|| refused.rest())).unwrap();
                assert_eq!(error(&answer), ("NOT_ACCEPTABLE", None));
                let message = answer["errors"][0]["message"].as_str().unwrap();
                assert!(message.contains("accept text/event-stream"), "{message}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_in_an_event_stream_is_one_answer_and_its_end() {
    let (server, _database) = servers(&[]).await.remove(0);
    let query = |accept: &str, document: &str| post(&server, accept, document, json!({}), None);
    let answer = only_answer(query(STREAM, "{ imports { nodes { id } } }"));
    assert_eq!(answer, json!({"data": {"imports": {"nodes": []}}}));
    let answer = only_answer(query(
        STREAM,
        "{ imports(first: 101) { perPage } viewer { name } }",
    ));
    assert_eq!(answer["errors"][0]["path"], json!(["imports"]));
    assert!(answer["data"]["viewer"]["name"].is_string(), "{answer}");
    assert_eq!(
        error(&only_answer(query(STREAM, "{ nobody }"))).0,
        "GRAPHQL_VALIDATION_FAILED"
    );
    assert_eq!(error(&only_answer(query(STREAM, "{"))).0, "GRAPHQL_PARSE_FAILED");
    // What has a status of its own keeps it, and is JSON.
    let aliases: String = (0..31).map(|number| format!("a{number}: __typename ")).collect();
    let refused = query(STREAM, &format!("{{ viewer {{ {aliases} }} }}"));
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.headers["content-type"],
        "application/graphql-response+json; charset=utf-8"
    );
    // JSON will do for who takes both.
    let both = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed";
    let answer = query(both, "{ __typename }");
    assert_eq!(
        answer.headers["content-type"],
        "application/graphql-response+json; charset=utf-8"
    );
    assert_eq!(
        block_in_place(|| answer.rest()),
        r#"{"data":{"__typename":"Query"}}"#
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_ends_without_complete_with_its_key_and_with_the_service() {
    for (server, _database) in servers(&["--streams-per-account", "1"]).await {
        let mut stream = follow(&server, None);
        let begun = start(&mut stream);
        // One more is refused; a client that goes on by itself would not come back after a 429.
        let refused = post(&server, STREAM, FAILED, json!({ "after": begun }), None);
        assert_eq!(refused.status, 429);
        let answer: Json = serde_json::from_str(&block_in_place(|| refused.rest())).unwrap();
        assert_eq!(error(&answer).0, "RATE_LIMITED");
        let mut later = post(&server, STREAM, FAILED, json!({}), Some(&begun));
        assert_eq!(later.status, 200);
        let block = block_in_place(|| later.block()).unwrap();
        assert!(block.retry.is_some() && block.event.is_none(), "{block:?}");
        write(&server, "UPDATE api_tokens SET revoked_at = created_at").await;
        assert_eq!(block_in_place(|| stream.block()), None);
    }
    for (mut server, _database) in servers(&["--drain-timeout-ms", "600000"]).await {
        let mut stream = follow(&server, None);
        start(&mut stream);
        server.terminate();
        assert_eq!(block_in_place(|| stream.block()), None);
        assert!(block_in_place(|| server.wait()).success());
    }
}
