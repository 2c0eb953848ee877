//! Who may open a WebSocket, who is let in on it, and what its operations are told that do not run.

use serde_json::{Value as Json, json};
use tokio::task::block_in_place;

use super::{FAILED, Socket, code, now};
use crate::changes::stream::{expire, insert, servers, write};

/// How a connection with this handshake and payload goes: 0, or the code that it is closed with.
async fn let_in(
    server: &crate::server::Server,
    headers: &[(&'static str, &str)],
    payload: Option<Json>,
) -> u16 {
    let mut socket = Socket::open(server, headers).await.unwrap();
    match payload {
        Some(payload) => socket.init(payload).await,
        None => socket.send(json!({"type": "connection_init"})).await,
    }
    match socket.message().await {
        Ok(message) => {
            assert_eq!(message, json!({"type": "connection_ack"}));
            0
        }
        Err((code, _)) => code,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_comes_in_a_header_or_in_connection_init_and_never_in_the_url() {
    for (server, _database) in servers(&["--failed-keys", "off"]).await {
        let tenant = &server.tenants[0];
        let bearer = format!("Bearer {}", tenant.key);
        let header = [("authorization", bearer.as_str())];
        let token = tenant.account_token.as_str();
        for (headers, payload, expected) in [
            (&header[..], None, 0),
            (&header, Some(json!({})), 0),
            (&header, Some(json!({"locale": "en", "authorization": null})), 0),
            (&[], Some(json!({ "Authorization": bearer })), 0),
            (
                &[],
                Some(json!({ "AUTHORIZATION": format!("Token token=\"{}\"", tenant.key) })),
                0,
            ),
            (
                &[],
                Some(json!({ "authorization": bearer, "Account-Token": token })),
                0,
            ),
            (
                &[("authorization", "Bearer nonsense")],
                Some(json!({ "authorization": bearer })),
                0,
            ),
            (&[], None, 4401),
            (&[], Some(json!({ "authorization": tenant.key })), 4401),
            (&[], Some(json!({ "key": tenant.key })), 4401),
            (&[("cookie", &format!("authorization={bearer}"))], None, 4401),
            (&header, Some(json!({ "authorization": "Bearer nonsense" })), 4401),
            (
                &header,
                Some(json!({ "authorization": bearer, "Authorization": bearer })),
                4401,
            ),
            (&header, Some(json!({ "account-token": "nonsense" })), 4401),
            (&header, Some(json!({ "authorization": [bearer] })), 4400),
            (&header, Some(json!({ "authorization": "a\nb" })), 4400),
        ] {
            assert_eq!(
                let_in(&server, headers, payload.clone()).await,
                expected,
                "{headers:?} {payload:?}"
            );
        }
        for parameter in ["authorization", "token", "%6Bey"] {
            let target = format!("/graphql?{parameter}={}", tenant.key);
            let (status, body) = Socket::open_at(&server, &target, &header).await.err().unwrap();
            assert_eq!(status, 401);
            assert!(
                body.contains("UNAUTHENTICATED") && !body.contains(&tenant.key),
                "{body}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_guesses_keys_is_turned_away_and_who_has_spent_all_comes_later() {
    let (server, _database) = servers(&["--failed-keys", "2"]).await.remove(0);
    let wrong = || Some(json!({"authorization": "Bearer nonsense"}));
    for expected in [4401, 4401, 4429] {
        assert_eq!(let_in(&server, &[], wrong()).await, expected);
    }
    // The reason speaks of no header: a close frame has none.
    let mut socket = Socket::open(&server, &[]).await.unwrap();
    socket.init(wrong().unwrap()).await;
    let Err((closed_by, reason)) = socket.message().await else {
        panic!("let in with a wrong key");
    };
    let after =
        reason.strip_prefix("too many requests without a valid API key came from this address; retry after ");
    let seconds = after.and_then(|after| after.strip_suffix(" s")?.parse().ok());
    assert!(
        closed_by == 4429 && seconds.is_some_and(|seconds: u64| seconds > 0),
        "{closed_by} {reason}"
    );
    let right = format!("Bearer {}", server.tenants[0].key);
    assert_eq!(let_in(&server, &[("authorization", &right)], None).await, 0);
    for (server, _database) in servers(&["--rate-limit", "1"]).await {
        let after = now(&server);
        let mut socket = Socket::accepted(&server).await;
        let right = format!("Bearer {}", server.tenants[0].key);
        socket.subscribe("a", FAILED, json!({ "after": after })).await;
        write(&server, &insert(&server, 1, "failed")).await;
        assert_eq!(socket.change("a").await["databaseId"], "1");
        // It costs far more than the ten points that there are.
        socket
            .subscribe("b", "{ imports(first: 100) { nodes { id } } }", json!({}))
            .await;
        socket.payload("b", "next").await;
        assert_eq!(socket.message().await.unwrap()["type"], "complete");
        socket.subscribe("b", FAILED, json!({})).await;
        assert_eq!(code(&socket.payload("b", "error").await), "RATE_LIMITED");
        assert_eq!(let_in(&server, &[("authorization", &right)], None).await, 1013);
        write(&server, &insert(&server, 2, "failed")).await;
        assert_eq!(socket.change("a").await["databaseId"], "2");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_this_server_and_of_the_list_may_connect_and_others_may_not() {
    let options = ["--cors-origins", "https://app.example.com", "--get", "off"];
    let (server, _database) = servers(&options).await.remove(0);
    let own = format!("http://{}", server.address);
    for origin in [own.as_str(), "https://app.example.com"] {
        assert!(
            Socket::open(&server, &[("origin", origin)]).await.is_ok(),
            "{origin}"
        );
    }
    for origin in [
        "http://evil.example",
        "null",
        "http://app.example.com",
        "https://127.0.0.1",
    ] {
        let (status, body) = Socket::open(&server, &[("origin", origin)]).await.err().unwrap();
        assert_eq!(status, 403, "{origin}");
        assert!(body.contains("--cors-origins"), "{body}");
    }
    // A handshake that is none.
    let mut client = server.client();
    let ask = |name: &'static str, value: &'static str| {
        let complete = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Protocol", "graphql-transport-ws"),
        ];
        complete
            .into_iter()
            .fold(crate::server::Ask::get("/graphql"), |ask, (each, usual)| {
                ask.with(each, if each == name { value } else { usual })
            })
    };
    for (name, value, status) in [
        ("Sec-WebSocket-Protocol", "graphql-ws", 400),
        ("Sec-WebSocket-Key", "short", 400),
        ("Sec-WebSocket-Version", "8", 426),
        ("Connection", "keep-alive", 426),
    ] {
        let refused = block_in_place(|| client.ask(&ask(name, value)));
        assert_eq!(
            (refused.status, refused.code()),
            (status, "BAD_REQUEST".to_owned()),
            "{name}"
        );
        assert_eq!(refused.header("sec-websocket-version").is_some(), status == 426);
    }
    // The connection serves on.
    assert_eq!(block_in_place(|| client.graphql("{ __typename }")).status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_is_one_answer_and_its_end_and_what_does_not_run_is_an_error() {
    for (server, _database) in servers(&[]).await {
        let mut socket = Socket::accepted(&server).await;
        let mut query = async |id: &str, document: &str, variables: Json| {
            socket.subscribe(id, document, variables).await;
            let mut message = socket.message().await.unwrap();
            assert_eq!(message["id"], id, "{message}");
            if message["type"] == "next" {
                assert_eq!(socket.message().await, Ok(json!({"id": id, "type": "complete"})));
            } else {
                assert_eq!(message["type"], "error", "{message}");
            }
            message["payload"].take()
        };
        let answer = query("a", "{ imports { nodes { id } } }", json!({})).await;
        assert_eq!(answer, json!({"data": {"imports": {"nodes": []}}}));
        let answer = query(
            "a",
            "{ imports(first: 101) { perPage } viewer { name } }",
            json!({}),
        )
        .await;
        assert_eq!(answer["errors"][0]["path"], json!(["imports"]));
        assert!(answer["data"]["viewer"]["name"].is_string(), "{answer}");
        // Also where nothing has an answer: it ran.
        let answer = query("b", "{ imports(first: 101) { perPage } }", json!({})).await;
        assert_eq!(
            (
                &answer["data"],
                answer["errors"][0]["extensions"]["code"].as_str()
            ),
            (&json!({"imports": null}), Some("BAD_USER_INPUT"))
        );
        let aliases: String = (0..31).map(|number| format!("a{number}: __typename ")).collect();
        let aliases = format!("{{ viewer {{ {aliases} }} }}");
        for (document, variables, expected) in [
            ("{", json!({}), "GRAPHQL_PARSE_FAILED"),
            ("{ nobody }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
            (aliases.as_str(), json!({}), "QUERY_TOO_COMPLEX"),
            (
                "subscription { importChanges { id } }",
                json!({}),
                "GRAPHQL_VALIDATION_FAILED",
            ),
            (
                "subscription { __typename }",
                json!({}),
                "GRAPHQL_VALIDATION_FAILED",
            ),
            (FAILED, json!({"after": "nonsense"}), "INVALID_CURSOR"),
            (
                "subscription { importChanges(filter: {status: {include: []}}) { kind } }",
                json!({}),
                "BAD_USER_INPUT",
            ),
        ] {
            assert_eq!(
                code(&query("c", document, variables).await),
                expected,
                "{document}"
            );
        }
        // A name twice in the variables is refused as over HTTP.
        let twice =
            r#"{"id":"d","type":"subscribe","payload":{"query":"{ __typename }","variables":{"a":1,"a":2}}}"#;
        socket.send_text(twice).await;
        assert_eq!(code(&socket.payload("d", "error").await), "BAD_REQUEST");
        let metrics = block_in_place(|| server.stranger().get("/metrics")).text();
        assert!(
            metrics.contains(r#"kind="query""#) && metrics.contains("query_too_complex"),
            "{metrics}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_point_that_has_expired_ends_a_subscription_with_an_error() {
    for (server, _database) in servers(&[]).await {
        let begun = now(&server);
        let mut socket = Socket::accepted(&server).await;
        socket.subscribe("a", FAILED, json!({ "after": begun })).await;
        write(&server, &insert(&server, 1, "failed")).await;
        socket.change("a").await;
        expire(&server).await;
        let errors = socket.payload("a", "error").await;
        assert_eq!((code(&errors), errors[0].get("path")), ("CHANGES_EXPIRED", None));
        socket.subscribe("a", FAILED, json!({ "after": begun })).await;
        assert_eq!(code(&socket.payload("a", "error").await), "CHANGES_EXPIRED");
    }
}
