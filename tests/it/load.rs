//! Load and budgets through the real program: who is told to come back, when, and that nobody else is.

use std::io::{Read as _, Write as _};
use std::thread;

use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::databases::sqlite;
use crate::postgres::cluster;
use crate::server::{Ask, Client, Server, furnish};
use crate::waiting::{eventually_blocking, is};

const CHEAP: &str = "{ viewer { id } }";

#[tokio::test(flavor = "multi_thread")]
async fn past_what_runs_and_waits_a_request_is_refused_at_once_and_none_is_lost() {
    let url = cluster().create_database().await;
    let tenants = furnish(&url, &[3, 3]).await;
    let options = [
        "--running",
        "1",
        "--waiting",
        "1",
        "--wait-ms",
        "60000",
        // Nothing that waits here is cut off, however slow the machine: neither the statement behind the lock nor its
        // request.
        "--lock-timeout-ms",
        "60000",
        "--statement-timeout-ms",
        "60000",
        "--request-timeout-ms",
        "60000",
        "--metrics-listen",
        "127.0.0.1:0",
    ];
    let server = Server::over(&url, &options, tenants);
    let mut operating = Client::new(&server.operating(), None);
    assert_eq!(server.client().graphql(CHEAP).status, 200);
    let mut lock = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE imports IN ACCESS EXCLUSIVE MODE")
        .execute(&mut lock)
        .await
        .unwrap();
    let query = "{ imports(first: 1) { nodes { id } } }";
    let gauge = |client: &mut Client, name: &str| {
        let text = client.get("/metrics").text();
        let line = text.lines().find(|line| line.starts_with(name)).expect(name);
        line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    thread::scope(|scope| {
        let mut held = Vec::new();
        for (running, waiting) in [(1, 0), (1, 1)] {
            let mut client = server.client();
            held.push(scope.spawn(move || client.graphql(query)));
            eventually_blocking(&format!("{running} running and {waiting} waiting"), || {
                let seen = (
                    gauge(&mut operating, "imports_gateway_running"),
                    gauge(&mut operating, "imports_gateway_waiting"),
                );
                is(seen, &(running, waiting))
            });
        }
        for ask in [Ask::graphql(query, &Value::Null), Ask::get("/api/v1/imports")] {
            let answer = server.client().ask(&ask);
            assert_eq!(
                (answer.status, answer.number("retry-after")),
                (503, 1),
                "{}",
                answer.text()
            );
            if ask.method == "POST" {
                assert_eq!(answer.code(), "OVERLOADED");
            }
        }
        // What needs no turn is still answered.
        assert_eq!(operating.get("/livez").status, 200);
        assert_eq!(server.client().graphql("{").status, 400);
        let runtime = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| runtime.block_on(sqlx::raw_sql("ROLLBACK").execute(&mut lock)))
            .unwrap();
        for held in held {
            let answer = held.join().unwrap();
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (200, ""),
                "{}",
                answer.text()
            );
        }
    });
    assert_eq!(server.client().graphql(query).status, 200);
}

#[tokio::test]
async fn an_account_in_debt_is_refused_before_its_body_is_read_and_others_are_not() {
    let server = Server::start(&["--rate-limit", "1"]).await;
    let mut client = server.client();
    let first = client.graphql(CHEAP);
    assert_eq!(
        (
            first.number("ratelimit-limit"),
            first.number("ratelimit-remaining")
        ),
        (10, 9)
    );
    assert_eq!(first.number("ratelimit-reset"), 1);
    // It is let in with a point left, and goes into debt by what it costs: for a minute and a half, longer than the rest
    // takes on any machine.
    let dear = client.graphql("{ imports(first: 100) { perPage nodes { id } } }");
    assert_eq!((dear.status, dear.number("ratelimit-remaining")), (200, 0));
    for ask in [
        Ask::graphql(CHEAP, &Value::Null),
        Ask::get("/api/v1/imports"),
        Ask::get("/api/v1/imports/1"),
    ] {
        let answer = client.ask(&ask);
        assert_eq!((answer.status, answer.number("ratelimit-remaining")), (429, 0));
        assert!((1..=92).contains(&answer.number("retry-after")), "{answer:?}");
        assert!(
            (1..=101).contains(&answer.number("ratelimit-reset")),
            "{answer:?}"
        );
    }
    assert_eq!(client.graphql(CHEAP).code(), "RATE_LIMITED");
    // A head alone is enough to be refused: the body that it announces is not waited for.
    let mut socket = server.socket();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\n\
         Expect: 100-continue\r\nContent-Length: 100000\r\n\r\n",
        server.tenants[0].key
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut start = [0; 12];
    socket.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 429");
    let other = server.client_of(1).graphql(CHEAP);
    assert_eq!((other.status, other.number("ratelimit-remaining")), (200, 9));
    let metrics = server.stranger().get("/metrics").text();
    assert!(metrics.contains("rate_limited"), "{metrics}");
}

#[tokio::test]
async fn lifted_limits_are_not_told_of() {
    let server = Server::start(&["--rate-limit", "off", "--failed-keys", "off"]).await;
    let answer = server.client().graphql(CHEAP);
    assert_eq!((answer.status, answer.header("ratelimit-limit")), (200, None));
    for _ in 0..100 {
        assert_eq!(server.stranger().graphql(CHEAP).status, 401);
    }
}

#[tokio::test]
async fn failing_keys_are_limited_by_address_and_a_good_one_never() {
    // One comes back every half minute: none while this runs.
    let server = Server::start(&["--failed-keys", "2"]).await;
    let mut stranger = server.stranger();
    let statuses: Vec<_> = (0..5).map(|_| stranger.graphql(CHEAP).status).collect();
    assert_eq!(statuses, [401, 401, 429, 429, 429]);
    let limited = stranger.graphql(CHEAP);
    assert_eq!(limited.code(), "RATE_LIMITED");
    assert!((1..=30).contains(&limited.number("retry-after")), "{limited:?}");
    let in_rest = stranger.get("/api/v1/imports");
    assert_eq!(in_rest.status, 429);
    // The stranger has sent no key at all, so nothing is said of a wrong one.
    let told = [
        limited.json()["errors"][0]["message"].clone(),
        in_rest.json()["error"].clone(),
    ];
    for message in told {
        let message = message.as_str().unwrap();
        assert!(
            message.contains("without a valid API key") && !message.contains("wrong"),
            "{message}"
        );
    }
    assert_eq!(server.client().graphql(CHEAP).status, 200);
    // Nobody is believed about an address who is not named.
    let ask = Ask::graphql(CHEAP, &Value::Null).with("X-Forwarded-For", "192.0.2.9");
    assert_eq!(stranger.ask(&ask).status, 429);
}

#[tokio::test]
async fn a_trusted_proxy_is_believed_about_its_client_and_only_as_far_as_it_wrote() {
    let server = Server::start(&["--failed-keys", "2", "--trusted-proxy", "127.0.0.0/8, 10.0.0.1"]).await;
    let mut stranger = server.stranger();
    let mut from = |forwarded: &str| {
        let ask = Ask::graphql(CHEAP, &Value::Null).with("X-Forwarded-For", forwarded);
        stranger.ask(&ask).status
    };
    assert_eq!(
        [from("192.0.2.1"), from("192.0.2.1"), from("192.0.2.1")],
        [401, 401, 429]
    );
    assert_eq!(
        [from("192.0.2.2"), from("192.0.2.2"), from("192.0.2.2")],
        [401, 401, 429]
    );
    // What stands left of the client was written by the client.
    assert_eq!(from("198.51.100.7, 192.0.2.2"), 429);
    assert_eq!(from("192.0.2.2, 10.0.0.1"), 429);
    assert_eq!(from("192.0.2.3, 10.0.0.1"), 401);
    assert_eq!(server.client().graphql(CHEAP).status, 200);
}

#[tokio::test]
async fn what_is_refused_costs_a_point() {
    // A point comes back a second: too slow to be taken for one that was not charged.
    let server = Server::start(&["--rate-limit", "1"]).await;
    let mut client = server.client();
    for (spent, query) in [
        (1, "{ imports(after: \"x\") { perPage } }"),
        (2, "{ imports(sort: [{id: ASC}, {id: DESC}]) { perPage } }"),
        (
            3,
            "{ importStatusCounts(filter: {status: {include: []}}) { count } }",
        ),
        (4, "{ imports(first: 101) { perPage } }"),
        (5, "{ imports { absent } }"),
    ] {
        let answer = client.graphql(query);
        assert!(!answer.code().is_empty(), "{query}");
        let remaining = answer.number("ratelimit-remaining");
        assert!((10 - spent..10).contains(&remaining), "{query}: {remaining}");
    }
    // One of the two fields was read.
    let answer = client.graphql("{ imports(after: \"x\") { perPage } b: imports(first: 9) { perPage } }");
    assert_eq!(answer.number("ratelimit-remaining"), 0);
}

#[tokio::test]
async fn each_request_costs_what_the_documentation_says() {
    let server = Server::start(&["--rate-limit", "off"]).await;
    let mut client = server.client();
    for (query, cost) in [
        ("{ imports { nodes { id } } }", 50),
        ("{ imports { nodes { id } estimatedRemainingCount } }", 60),
        ("{ imports { estimatedRemainingCount } }", 60),
        ("{ imports(first: 100) { nodes { id } } }", 100),
        ("{ imports(last: 100) { nodes { id } } }", 100),
        (
            "{ imports(first: 100) { edges { cursor } pageInfo { hasNextPage } } }",
            100,
        ),
        ("{ imports(first: 0) { nodes { id } } }", 1),
        ("{ imports(first: null, last: 3) { nodes { id } } }", 3),
        ("{ importStatusCounts { count } }", 20),
        ("{ nodes(ids: [\"a\", \"b\", \"c\"]) { id } }", 3),
        ("{ node(id: \"a\") { id } }", 1),
        ("{ import(id: \"a\") { id } }", 1),
        ("{ importByDatabaseId(databaseId: \"1\") { id } }", 1),
        ("{ viewer { id } }", 1),
        ("{ __typename }", 1),
        ("{ __schema { queryType { name } } }", 10),
        ("{ __type(name: \"Import\") { name } }", 10),
        (
            "{ a: viewer { id } b: viewer { id } c: imports(first: 7) { nodes { id } } }",
            9,
        ),
    ] {
        let ask = Ask::graphql(query, &Value::Null).with("GraphQL-Cost", "report");
        let answer = client.ask(&ask);
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        assert_eq!(
            answer.json()["extensions"],
            json!({"cost": {"requested": cost, "limit": 1000}}),
            "{query}"
        );
        assert_eq!(client.graphql(query).json().get("extensions"), None);
    }
    // What its fields refuse for an argument asked for as much all the same, though it is charged one point.
    let ids: Vec<_> = (0..251).map(|id| format!("x{id}")).collect();
    let literal = format!("{{ nodes(ids: {}) {{ id }} }}", json!(ids));
    let variable = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    for (query, variables) in [(literal.as_str(), Value::Null), (variable, json!({"ids": ids}))] {
        let answer = client.ask(&Ask::graphql(query, &variables).with("GraphQL-Cost", "report"));
        assert_eq!(answer.code(), "BAD_USER_INPUT");
        assert_eq!(
            answer.json()["extensions"]["cost"],
            json!({"requested": 251, "limit": 1000})
        );
    }
    // What is refused for its cost says how much that was; what is refused for anything else has none.
    let dear: String = (0..10)
        .map(|page| format!("a{page}: imports(first: 100) {{ estimatedRemainingCount }} "))
        .collect();
    for (query, extensions) in [
        (
            format!("{{ {dear} }}"),
            Some(json!({"cost": {"requested": 1100, "limit": 1000}})),
        ),
        ("{ viewer { nothing } }".to_owned(), None),
        ("{".to_owned(), None),
    ] {
        let ask = Ask::graphql(&query, &Value::Null).with("GraphQL-Cost", "report");
        let answer = client.ask(&ask);
        assert!(matches!(answer.status, 400 | 422), "{}", answer.status);
        assert_eq!(answer.json().get("extensions"), extensions.as_ref(), "{query}");
        assert_eq!(client.graphql(&query).json().get("extensions"), None);
    }
}

#[tokio::test]
async fn a_budget_is_charged_what_the_request_costs_and_a_point_for_what_is_refused() {
    let asks = [
        (
            Ask::graphql(
                "{ imports { nodes { id } estimatedRemainingCount } }",
                &Value::Null,
            ),
            200,
            60,
        ),
        (
            Ask::graphql("{ imports(last: 100) { nodes { id } } }", &Value::Null),
            200,
            100,
        ),
        (
            Ask::graphql("{ imports(first: -1) { nodes { id } } }", &Value::Null),
            294,
            1,
        ),
        (
            Ask::graphql(
                "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
                &json!({"ids": vec!["x"; 251]}),
            ),
            294,
            1,
        ),
        (Ask::graphql("{", &Value::Null), 400, 1),
        (Ask::graphql("{ viewer { nothing } }", &Value::Null), 422, 1),
        (
            Ask::graphql("{ imports(first: 90) { nothing } }", &Value::Null),
            422,
            1,
        ),
        (
            Ask::graphql(
                "{ imports(first: 9) { perPage } imports(first: 9) { nodes { id } } }",
                &Value::Null,
            ),
            200,
            9,
        ),
        (Ask::graphql(&"{a".repeat(40), &Value::Null), 400, 1),
        (Ask::post("/graphql", "[]"), 422, 1),
        (Ask::post("/graphql", " ".repeat(200_000)), 413, 1),
        (Ask::get("/graphql?query=%7Bviewer%7Bid%7D%7D"), 200, 1),
        (Ask::get("/api/v1/imports"), 200, 60),
        (Ask::get("/api/v1/imports?per_page=2"), 200, 12),
        (Ask::get("/api/v1/imports?per_page=1"), 400, 1),
        (Ask::get("/api/v1/imports/1"), 404, 1),
        (Ask::get("/api/v1/imports/x"), 404, 1),
    ];
    let file = sqlite();
    // An account's first request finds its budget full, however long anything takes.
    let tenants = furnish(&file.url, &[0; 17]).await;
    let server = Server::over(&file.url, &["--rate-limit", "10"], tenants);
    for (tenant, (ask, status, cost)) in asks.iter().enumerate() {
        let answer = server.client_of(tenant).ask(ask);
        assert_eq!(answer.status, *status, "{ask:?}: {}", answer.text());
        assert_eq!(answer.number("ratelimit-limit"), 100);
        assert_eq!(100 - answer.number("ratelimit-remaining"), *cost, "{ask:?}");
    }
}
