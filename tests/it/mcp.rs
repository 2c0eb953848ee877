//! MCP through the whole door, on both kinds of database: both editions, the three tools, the schema, refusals, and hostile
//! bodies.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Map, Value, json};

use crate::app::{Answer, Caller, TestApp, row};
use crate::databases;

const STATELESS: &str = "2026-07-28";
const HANDSHAKE: &str = "2025-11-25";
const EDITIONS: [&str; 2] = [STATELESS, HANDSHAKE];
const SCHEMA: &str = "imports-gateway:///schema.graphql";

/// Seven imports of the caller's, and as many of another account's under ids of their own.
async fn filled(options: &[&str]) -> Vec<(TestApp, Caller)> {
    let mut apps = Vec::new();
    for database in databases::fresh().await {
        let options = [&["--mcp", "on"], options].concat();
        let app = TestApp::on(database, &options).await;
        let (caller, other) = (app.account("Acme").await, app.account("Globex").await);
        let rows = |account, ids: std::ops::RangeInclusive<i64>| ids.map(move |id| row(account, id));
        app.fill(
            &rows(caller.id, 1..=7)
                .chain(rows(other.id, 4..=20))
                .collect::<Vec<_>>(),
        )
        .await;
        apps.push((app, caller));
    }
    apps
}

/// One on SQLite alone, where nothing depends on the database.
async fn alone(options: &[&str]) -> (TestApp, Caller) {
    let app = TestApp::on(databases::sqlite(), options).await;
    let caller = app.account("Acme").await;
    app.fill(&[row(caller.id, 1)]).await;
    (app, caller)
}

/// A request of an edition, headers and all.
fn message(edition: &str, method: &str, params: Value) -> (Vec<(&'static str, String)>, Value) {
    let mut params = params;
    let mut headers = vec![("mcp-protocol-version", edition.to_owned())];
    if edition == STATELESS {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": edition,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": { "name": "it", "version": "1" },
        });
        headers.push(("mcp-method", method.to_owned()));
        let name = params["name"].as_str().or(params["uri"].as_str());
        headers.extend(name.map(|name| ("mcp-name", name.to_owned())));
    }
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    (headers, message)
}

async fn post(app: &TestApp, key: Option<&str>, headers: &[(&str, &str)], body: Body) -> Answer {
    let mut request = Request::post("/mcp");
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/json");
    }
    app.send(request.body(body).unwrap()).await
}

async fn ask(app: &TestApp, caller: &Caller, edition: &str, method: &str, params: Value) -> Answer {
    let (headers, message) = message(edition, method, params);
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    post(
        app,
        Some(caller.key.reveal()),
        &headers,
        Body::from(message.to_string()),
    )
    .await
}

/// The result of a method that must have one.
async fn result(app: &TestApp, caller: &Caller, edition: &str, method: &str, params: Value) -> Value {
    let answer = ask(app, caller, edition, method, params).await;
    assert_eq!(answer.status, 200, "{method}: {}", answer.json);
    assert_eq!(answer.headers["content-type"], "application/json", "{method}");
    assert_eq!(
        (&answer.json["id"], &answer.json["jsonrpc"]),
        (&json!(7), &json!("2.0"))
    );
    let result = answer.json["result"].clone();
    assert!(result.is_object(), "{method}: {}", answer.json);
    let is_complete = result["resultType"] == "complete";
    assert_eq!(is_complete, edition == STATELESS, "{method}: {result}");
    result
}

/// What a tool gives, which stands in the text as well.
async fn call(app: &TestApp, caller: &Caller, edition: &str, name: &str, arguments: Value) -> Value {
    let params = json!({ "name": name, "arguments": arguments });
    let result = result(app, caller, edition, "tools/call", params).await;
    assert_eq!(result.get("isError"), None, "{arguments}: {result}");
    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, result["structuredContent"]);
    text
}

/// What a tool says of arguments that it does not take.
async fn complaint(app: &TestApp, caller: &Caller, edition: &str, name: &str, arguments: &Value) -> String {
    let params = json!({ "name": name, "arguments": arguments });
    let result = result(app, caller, edition, "tools/call", params).await;
    assert_eq!(result["isError"], true, "{arguments}: {result}");
    assert_eq!(result.get("structuredContent"), None, "{arguments}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

fn ids(page: &Value) -> Vec<&str> {
    let imports = page["imports"].as_array().unwrap().iter();
    imports.map(|import| import["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn both_editions_are_opened_without_a_session() {
    for (app, caller) in &filled(&[]).await {
        let discovered = result(app, caller, STATELESS, "server/discover", json!({})).await;
        assert_eq!(
            discovered["supportedVersions"],
            json!([STATELESS, HANDSHAKE, "2025-06-18"])
        );
        assert_eq!(
            discovered["capabilities"],
            json!({ "tools": {}, "resources": {} })
        );
        assert_eq!(
            (&discovered["ttlMs"], &discovered["cacheScope"]),
            (&json!(0), &json!("private"))
        );
        for (asked, given) in [
            (HANDSHAKE, HANDSHAKE),
            ("2025-06-18", "2025-06-18"),
            ("2024-11-05", HANDSHAKE),
            (STATELESS, HANDSHAKE),
        ] {
            let params = json!({ "protocolVersion": asked, "capabilities": {}, "clientInfo": { "name": "it", "version": "1" } });
            let body = json!({ "jsonrpc": "2.0", "id": "a\"b", "method": "initialize", "params": params });
            let answer = post(app, Some(caller.key.reveal()), &[], Body::from(body.to_string())).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json["id"]),
                (200, &json!("a\"b"))
            );
            assert_eq!(answer.json["result"]["protocolVersion"], given);
            assert_eq!(answer.json["result"]["serverInfo"]["name"], "imports-gateway");
            assert!(!answer.headers.contains_key("mcp-session-id"));
        }
        let body = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let body = Body::from(body.to_string());
        let answer = post(
            app,
            Some(caller.key.reveal()),
            &[("mcp-protocol-version", HANDSHAKE)],
            body,
        )
        .await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0));
        assert_eq!(
            result(app, caller, HANDSHAKE, "ping", json!({}))
                .await
                .as_object()
                .map(Map::len),
            Some(1)
        );
    }
}

#[tokio::test]
async fn the_tools_and_the_schema_are_listed_for_no_time() {
    for (app, caller) in &filled(&[]).await {
        for edition in EDITIONS {
            let listed = result(app, caller, edition, "tools/list", json!({})).await;
            let tools = listed["tools"].as_array().unwrap();
            let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
            assert_eq!(names, ["list_imports", "get_import", "count_imports"]);
            for tool in tools {
                assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{tool}");
                assert_eq!(tool["outputSchema"]["type"], "object", "{tool}");
            }
            let list = &tools[0];
            let arguments: Vec<_> = list["inputSchema"]["properties"]
                .as_object()
                .unwrap()
                .keys()
                .collect();
            assert_eq!(arguments, ["after", "before", "filter", "first", "last", "sort"]);
            let key = &list["inputSchema"]["properties"]["sort"]["items"];
            assert_eq!(
                (&key["minProperties"], &key["maxProperties"]),
                (&json!(1), &json!(1))
            );
            assert_eq!(key["properties"]["createdAt"]["enum"], json!(["ASC", "DESC"]));
            assert_eq!(tools[1]["inputSchema"]["required"], json!(["id"]));
            let ttl = if edition == STATELESS {
                json!(0)
            } else {
                Value::Null
            };
            assert_eq!(listed["ttlMs"], ttl);
            let resources = result(app, caller, edition, "resources/list", json!({})).await;
            assert_eq!(resources["resources"][0]["uri"], SCHEMA);
            let read = result(app, caller, edition, "resources/read", json!({ "uri": SCHEMA })).await;
            assert_eq!(read["contents"][0]["text"], include_str!("../../schema.graphql"));
            let templates = result(app, caller, edition, "resources/templates/list", json!({})).await;
            assert_eq!(templates["resourceTemplates"], json!([]));
        }
    }
}

#[tokio::test]
async fn a_list_is_walked_page_by_page_and_back() {
    for (app, caller) in &filled(&[]).await {
        for edition in EDITIONS {
            let sort = json!([{ "createdAt": "ASC" }]);
            let (mut after, mut seen, mut pages) = (Value::Null, Vec::new(), 0);
            let mut page = Value::Null;
            while pages == 0 || !after.is_null() {
                let arguments = json!({ "first": 3, "after": after, "sort": sort });
                page = call(app, caller, edition, "list_imports", arguments).await;
                seen.extend(ids(&page).iter().map(|id| (*id).to_owned()));
                after = page["nextCursor"].clone();
                pages += 1;
            }
            assert_eq!(
                (pages, seen),
                (3, ["1", "2", "3", "4", "5", "6", "7"].map(str::to_owned).to_vec())
            );
            assert_eq!(
                (&page["perPage"], &page["estimatedRemainingCount"]),
                (&json!(3), &json!(1))
            );
            let back = json!({ "last": 3, "before": page["previousCursor"] });
            let back = call(app, caller, edition, "list_imports", back).await;
            assert_eq!(ids(&back), ["4", "5", "6"], "the cursor's own sort holds");
            assert!(back["nextCursor"].is_string() && back["previousCursor"].is_string());
        }
    }
}

#[tokio::test]
async fn an_import_is_what_graphql_says_of_it_and_anothers_is_none() {
    for (app, caller) in &filled(&[]).await {
        let document = "{ importByDatabaseId(databaseId: \"4\") { id: databaseId completedAt fileName fileSize note type status \
            createdAt updatedAt } }";
        let expected = app.data(&caller.key, document, json!({})).await;
        for edition in EDITIONS {
            let found = call(app, caller, edition, "get_import", json!({ "id": "4" })).await;
            assert_eq!(found["import"], expected["importByDatabaseId"]);
            for id in ["8", "20", "-1", "9223372036854775807"] {
                let found = call(app, caller, edition, "get_import", json!({ "id": id })).await;
                assert_eq!(found, json!({ "import": null }), "{id}");
            }
            let filter = json!({ "filter": { "status": { "include": ["FAILED", "QUEUED"] } } });
            let page = call(app, caller, edition, "list_imports", filter.clone()).await;
            assert_eq!(ids(&page), ["4", "1"]);
            let counts = call(app, caller, edition, "count_imports", filter).await;
            let counts = counts["counts"].as_array().unwrap().clone();
            assert_eq!(counts.len(), 10);
            let some = counts.iter().filter(|count| count["count"] == 1);
            let some: Vec<_> = some.map(|count| count["status"].as_str().unwrap()).collect();
            assert_eq!(some, ["QUEUED", "FAILED"]);
            let page = call(app, caller, edition, "list_imports", json!({ "first": 100 })).await;
            assert_eq!(ids(&page), ["7", "6", "5", "4", "3", "2", "1"]);
        }
    }
}

#[tokio::test]
async fn wrong_arguments_are_named_in_a_result_and_cost_a_point() {
    for (app, caller) in &filled(&["--rate-limit", "1000"]).await {
        for (tool, arguments, named) in [
            (
                "list_imports",
                json!({ "page": 2 }),
                "`page` is no argument of list_imports; it takes `after`",
            ),
            ("list_imports", json!({ "first": "3" }), "`first`"),
            (
                "list_imports",
                json!({ "first": 101 }),
                "`first` must be from 0 to 100",
            ),
            ("list_imports", json!({ "first": 3, "last": 3 }), "`last`"),
            ("list_imports", json!({ "first": 1.5 }), "`first`"),
            ("list_imports", json!({ "after": "x" }), "`after` is no cursor"),
            (
                "list_imports",
                json!({ "after": "\u{0}" }),
                "`after` is no cursor",
            ),
            ("list_imports", json!({ "sort": [{ "name": "ASC" }] }), "`sort`"),
            (
                "list_imports",
                json!({ "sort": [{ "id": "ASC", "createdAt": "ASC" }] }),
                "`sort`",
            ),
            (
                "list_imports",
                json!({ "filter": { "status": { "include": ["LOST"] } } }),
                "`filter.status.include`",
            ),
            (
                "list_imports",
                json!({ "filter": { "name": "x" } }),
                "`name`, given in `filter`",
            ),
            (
                "list_imports",
                json!({ "filter": { "createdAt": { "gt": "now" } } }),
                "`filter.createdAt.gt`",
            ),
            (
                "list_imports",
                json!({ "filter": { "status": { "include": [] } } }),
                "`filter.status.include`",
            ),
            ("get_import", json!({}), "argument `id` is required"),
            ("get_import", json!({ "id": 4 }), "`id` must be a string"),
            (
                "get_import",
                json!({ "id": 9_007_199_254_740_993_i64 }),
                "`id` must be a string",
            ),
            ("get_import", json!({ "id": "four" }), "`id`"),
            ("get_import", json!({ "id": "4\u{0}" }), "`id`"),
            ("count_imports", json!({ "filter": 1 }), "`filter`"),
        ] {
            for edition in EDITIONS {
                let said = complaint(app, caller, edition, tool, &arguments).await;
                assert!(said.contains(named), "{arguments}: {said}");
                assert!(!said.contains('$') && !said.contains("ariable"), "{said}");
            }
        }
        // Each is cheaper than what it did not read.
        let left = |answer: &Answer| {
            answer.headers["ratelimit-remaining"]
                .to_str()
                .unwrap()
                .parse::<i64>()
                .unwrap()
        };
        let fresh = app.account("Initech").await;
        let answer = ask(
            app,
            &fresh,
            STATELESS,
            "tools/call",
            json!({ "name": "list_imports", "arguments": { "first": 101 } }),
        )
        .await;
        assert!(left(&answer) >= 9_999 - 1, "{:?}", answer.headers);
        let answer = ask(
            app,
            &fresh,
            STATELESS,
            "tools/call",
            json!({ "name": "list_imports" }),
        )
        .await;
        // 50 rows and the count, less what has come back since.
        assert!(left(&answer) <= 9_999, "{:?}", answer.headers);
    }
}

#[tokio::test]
async fn a_refused_key_and_a_spent_budget_are_told_in_the_message() {
    for (app, caller) in &filled(&["--rate-limit", "1"]).await {
        for edition in EDITIONS {
            let (headers, message) = message(edition, "tools/list", json!({}));
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            for key in [None, Some("igw_live_none")] {
                let answer = post(app, key, &headers, Body::from(message.to_string())).await;
                assert_eq!(
                    (answer.status.as_u16(), &answer.headers["www-authenticate"]),
                    (401, &"Bearer".parse().unwrap())
                );
                let expected = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32000, "data": { "code": "UNAUTHENTICATED" },
                    "message": "a valid API key is needed: send it as `Authorization: Bearer KEY`" } });
                assert_eq!(answer.json, expected);
            }
        }
        // Ten points, and a page of a hundred for them: the account is in debt for longer than a test takes.
        call(app, caller, STATELESS, "list_imports", json!({ "first": 100 })).await;
        for edition in EDITIONS {
            let answer = ask(
                app,
                caller,
                edition,
                "tools/call",
                json!({ "name": "list_imports" }),
            )
            .await;
            assert_eq!(answer.status, 429, "{}", answer.json);
            let error = &answer.json["error"];
            let seconds = error["data"]["retryAfterSeconds"].as_u64().unwrap();
            assert!((1..=111).contains(&seconds), "{error}");
            assert_eq!(answer.headers["retry-after"], seconds.to_string().as_str());
            assert_eq!(answer.headers["ratelimit-remaining"], "0");
            assert!(
                error["message"]
                    .as_str()
                    .unwrap()
                    .ends_with(&format!("(wait {seconds} s)")),
                "{error}"
            );
            assert_eq!(error["data"]["code"], "RATE_LIMITED");
        }
    }
}

#[tokio::test]
async fn a_page_costs_its_rows_and_the_count_and_the_schema_what_introspection_does() {
    let (app, _) = alone(&["--mcp", "on", "--rate-limit", "1"]).await;
    for (method, params, cost) in [
        (
            "tools/call",
            json!({ "name": "list_imports", "arguments": { "first": 2 } }),
            10,
        ),
        (
            "tools/call",
            json!({ "name": "list_imports", "arguments": { "first": 0 } }),
            10,
        ),
        (
            "tools/call",
            json!({ "name": "get_import", "arguments": { "id": "1" } }),
            1,
        ),
        (
            "tools/call",
            json!({ "name": "get_import", "arguments": { "id": 1 } }),
            1,
        ),
        ("resources/read", json!({ "uri": SCHEMA }), 10),
        ("tools/list", json!({}), 1),
        ("nothing", json!({}), 1),
    ] {
        let caller = app.account("Acme").await;
        let answer = ask(&app, &caller, STATELESS, method, params.clone()).await;
        let left: i64 = answer.headers["ratelimit-remaining"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        // A point a second comes back.
        assert!(
            (10 - cost..=10 - cost + 3).contains(&left),
            "{method} {params}: {left}"
        );
    }
}

#[tokio::test]
async fn methods_and_versions_that_are_not_served_have_the_codes_of_the_standard() {
    let (app, caller) = alone(&["--mcp", "on"]).await;
    for (edition, method, params, status, code) in [
        (STATELESS, "prompts/list", json!({}), 404, -32601),
        (HANDSHAKE, "prompts/list", json!({}), 200, -32601),
        (STATELESS, "initialize", json!({}), 404, -32601),
        (STATELESS, "ping", json!({}), 404, -32601),
        (HANDSHAKE, "server/discover", json!({}), 200, -32601),
        (
            STATELESS,
            "resources/read",
            json!({ "uri": "file:///etc/passwd" }),
            400,
            -32602,
        ),
        (
            HANDSHAKE,
            "resources/read",
            json!({ "uri": "file:///etc/passwd" }),
            200,
            -32002,
        ),
        (STATELESS, "resources/read", json!({}), 400, -32602),
        (
            STATELESS,
            "tools/call",
            json!({ "name": "drop_imports" }),
            400,
            -32602,
        ),
        (HANDSHAKE, "tools/call", json!({ "name": 7 }), 200, -32602),
        (
            STATELESS,
            "tools/call",
            json!({ "name": "get_import", "arguments": [] }),
            400,
            -32602,
        ),
        (STATELESS, "tools/list", json!({ "cursor": "x" }), 400, -32602),
        ("2027-01-01", "tools/list", json!({}), 400, -32022),
        ("2025-03-26", "tools/list", json!({}), 400, -32022),
    ] {
        let answer = ask(&app, &caller, edition, method, params.clone()).await;
        let seen = (
            answer.status.as_u16(),
            answer.json["error"]["code"].as_i64(),
            &answer.json["id"],
        );
        assert_eq!(
            seen,
            (status, Some(code), &json!(7)),
            "{edition} {method} {params}: {}",
            answer.json
        );
        if code == -32022 {
            let data = json!({ "supported": [STATELESS, HANDSHAKE, "2025-06-18"], "requested": edition });
            assert_eq!(answer.json["error"]["data"], data);
        }
    }
    let (headers, message) = message(
        STATELESS,
        "tools/call",
        json!({ "name": "get_import", "arguments": { "id": "1" } }),
    );
    let key = Some(caller.key.reveal());
    for (name, value, status, code) in [
        ("mcp-protocol-version", Some(HANDSHAKE), 400, Some(-32020)),
        ("mcp-protocol-version", None, 400, Some(-32020)),
        ("mcp-method", Some("tools/list"), 400, Some(-32020)),
        ("mcp-method", None, 400, Some(-32020)),
        ("mcp-name", Some("list_imports"), 400, Some(-32020)),
        ("mcp-name", None, 400, Some(-32020)),
        ("mcp-name", Some("=?base64?Z2V0X2ltcG9ydA==?="), 200, None),
        ("mcp-name", Some("=?base64?Z2V0X2ltcG9ydA?="), 400, Some(-32020)),
    ] {
        let mut changed: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        changed.retain(|(header, _)| *header != name);
        changed.extend(value.map(|value| (name, value)));
        let answer = post(&app, key, &changed, Body::from(message.to_string())).await;
        let seen = (answer.status.as_u16(), answer.json["error"]["code"].as_i64());
        assert_eq!(seen, (status, code), "{name}: {value:?}: {}", answer.json);
    }
    let mut twice: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    twice.push(("mcp-method", "tools/call"));
    let answer = post(&app, key, &twice, Body::from(message.to_string())).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json["error"]["code"].as_i64()),
        (400, Some(-32020))
    );
    let mut bare = message.clone();
    bare["params"]["_meta"] = Value::Null;
    let all: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let answer = post(&app, key, &all, Body::from(bare.to_string())).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json["error"]["code"].as_i64()),
        (400, Some(-32602))
    );
}

#[tokio::test]
async fn pages_of_other_origins_and_foreign_hosts_are_refused() {
    let listed = "https://app.example.com";
    let options = [
        "--mcp",
        "on",
        "--cors-origins",
        listed,
        "--mcp-hosts",
        "api.example.com",
    ];
    let (app, caller) = alone(&options).await;
    let (headers, message) = message(STATELESS, "tools/list", json!({}));
    for (name, value, status) in [
        ("origin", listed, 200),
        ("origin", "https://evil.example", 403),
        ("origin", "http://localhost", 403),
        ("origin", "null", 403),
        ("host", "localhost:8080", 200),
        ("host", "[::1]:8080", 200),
        ("host", "api.example.com", 200),
        ("host", "evil.example", 403),
        ("accept", "application/json", 200),
        ("accept", "*/*", 200),
        ("accept", "application/json, text/event-stream", 200),
        ("accept", "text/html", 406),
        ("content-type", "application/json; charset=utf-8", 200),
        ("content-type", "text/plain", 415),
        ("content-type", "application/x-www-form-urlencoded", 415),
        ("content-encoding", "gzip", 415),
    ] {
        let mut headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        headers.push((name, value));
        let answer = post(
            &app,
            Some(caller.key.reveal()),
            &headers,
            Body::from(message.to_string()),
        )
        .await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {value}: {}", answer.json);
        assert_eq!(answer.json["error"].is_object(), status != 200, "{name}: {value}");
        assert_eq!(answer.json["id"] == 7, status == 200, "{name}: {value}");
    }
    // Behind a proxy on the same machine the service still listens on loopback.
    let open = ["--mcp", "on", "--listen", "0.0.0.0:0"];
    let (app, caller) = alone(&open).await;
    let mut headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    headers.push(("host", "anything.example"));
    let answer = post(
        &app,
        Some(caller.key.reveal()),
        &headers,
        Body::from(message.to_string()),
    )
    .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn hostile_bodies_get_documented_errors() {
    let (app, caller) = alone(&["--mcp", "on"]).await;
    let key = Some(caller.key.reveal());
    let sound = message(HANDSHAKE, "tools/list", json!({})).1;
    let with = |name: &str, value: Value| {
        let mut message = sound.clone();
        message[name] = value;
        message.to_string().into_bytes()
    };
    let nested = |levels: usize| {
        let arguments = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let start = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"list_imports\",\"arguments\":";
        format!("{start}{{\"filter\":{arguments}}}}}}}").into_bytes()
    };
    let batch = |count: usize| Value::from(vec![sound.clone(); count]).to_string().into_bytes();
    for (body, status, code) in [
        (Vec::new(), 400, -32700),
        (b"   ".to_vec(), 400, -32700),
        (b"{".to_vec(), 400, -32700),
        (b"<html>".to_vec(), 400, -32700),
        (b"{\"jsonrpc\":\"2.0\xff\"}".to_vec(), 400, -32700),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":\"\\ud800\",\"method\":\"ping\"}".to_vec(),
            400,
            -32700,
        ),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}".to_vec(),
            400,
            -32700,
        ),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} x".to_vec(),
            400,
            -32700,
        ),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":1e999,\"method\":\"ping\"}".to_vec(),
            400,
            -32700,
        ),
        (nested(100_000)[..100_000].to_vec(), 400, -32700),
        (nested(1_000), 400, -32700),
        (nested(60), 400, -32700),
        (b"null".to_vec(), 400, -32600),
        (b"7".to_vec(), 400, -32600),
        (b"[]".to_vec(), 400, -32600),
        (batch(1), 400, -32600),
        (batch(500), 400, -32600),
        (b"{}".to_vec(), 400, -32600),
        (with("jsonrpc", json!("1.0")), 400, -32600),
        (with("jsonrpc", json!(2.0)), 400, -32600),
        (with("id", Value::Null), 400, -32600),
        (with("id", json!(1.5)), 400, -32600),
        (with("id", json!({})), 400, -32600),
        (with("id", json!([1])), 400, -32600),
        (with("id", json!(true)), 400, -32600),
        (with("method", json!(7)), 400, -32600),
        (with("method", Value::Null), 400, -32600),
        (with("params", json!([])), 400, -32600),
        (with("params", json!("x")), 400, -32600),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}".to_vec(),
            400,
            -32600,
        ),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"\"}}".to_vec(),
            400,
            -32600,
        ),
        (with("method", json!("tools/list\u{0}")), 200, -32601),
        (with("method", json!("x".repeat(100_000))), 200, -32601),
        (with("method", json!("")), 200, -32601),
        (vec![b' '; 10 << 20], 413, -32000),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(120)]).into_owned();
        let answer = post(&app, key, &[], Body::from(body)).await;
        let seen = (answer.status.as_u16(), answer.json["error"]["code"].as_i64());
        assert_eq!(seen, (status, Some(code)), "{shown}: {}", answer.json);
        assert!(answer.body.len() < 400, "{shown}: {}", answer.json);
    }
    // What can be repeated as an id is, to the digit and the sign.
    for id in [
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(""),
        json!("\u{0}\"\\\u{1f600}"),
    ] {
        let answer = post(&app, key, &[], Body::from(with("id", id.clone()))).await;
        assert_eq!((answer.status.as_u16(), &answer.json["id"]), (200, &id));
    }
    assert!(result(&app, &caller, STATELESS, "tools/list", json!({})).await["tools"].is_array());
}

#[tokio::test]
async fn there_is_no_other_method_and_nothing_of_oauth() {
    let (app, _) = alone(&["--mcp", "on"]).await;
    let ask = async |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Body::empty());
        app.send(request.unwrap()).await
    };
    for method in ["GET", "HEAD", "DELETE", "PUT", "OPTIONS", "QUERY"] {
        let answer = ask(method, "/mcp").await;
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["allow"]),
            (405, &"POST".parse().unwrap()),
            "{method}"
        );
    }
    for (method, path) in [
        ("GET", "/.well-known/oauth-protected-resource/mcp"),
        ("GET", "/.well-known/oauth-protected-resource"),
        ("GET", "/.well-known/oauth-authorization-server"),
        ("GET", "/.well-known/openid-configuration"),
        ("POST", "/register"),
        ("GET", "/mcp/x"),
    ] {
        let answer = ask(method, path).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json["status"]),
            (404, &json!(404)),
            "{path}"
        );
        assert_eq!(answer.headers["content-type"], "application/json", "{path}");
    }
}

#[tokio::test]
async fn switched_off_it_is_as_absent_as_any_path() {
    let (app, caller) = alone(&[]).await;
    let (headers, message) = message(STATELESS, "tools/list", json!({}));
    for method in ["GET", "POST", "DELETE", "OPTIONS"] {
        let mut answers = Vec::new();
        for path in ["/mcp", "/mcq"] {
            let mut request = Request::builder()
                .method(method)
                .uri(path)
                .header("x-request-id", "same");
            for (name, value) in &headers {
                request = request.header(*name, value);
            }
            let request = request.header("authorization", format!("Bearer {}", caller.key.reveal()));
            let answer = app
                .send(request.body(Body::from(message.to_string())).unwrap())
                .await;
            let body = String::from_utf8(answer.body.to_vec())
                .unwrap()
                .replace("/mcq", "/mcp");
            answers.push((answer.status, answer.headers, body));
        }
        assert_eq!(answers[0], answers[1], "{method}");
        assert_eq!(answers[0].0, 404, "{method}");
    }
}

#[tokio::test]
async fn without_introspection_the_tools_work_and_the_schema_is_no_resource() {
    let (app, caller) = alone(&["--mcp", "on", "--introspection", "off"]).await;
    for edition in EDITIONS {
        assert_eq!(
            ids(&call(&app, &caller, edition, "list_imports", json!({})).await),
            ["1"]
        );
        let resources = result(&app, &caller, edition, "resources/list", json!({})).await;
        assert_eq!(resources["resources"], json!([]));
        let answer = ask(&app, &caller, edition, "resources/read", json!({ "uri": SCHEMA })).await;
        assert!(answer.json["error"].is_object(), "{}", answer.json);
    }
}
