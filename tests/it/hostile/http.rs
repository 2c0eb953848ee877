//! Bytes and HTTP: bodies, media types, methods, heads.

use serde_json::json;

use super::judge::judge;
use crate::server::{Ask, Server};

/// Lets nothing but the rule under test refuse, however busy the machine is.
pub(super) const OPEN: [&str; 12] = [
    "--failed-keys",
    "off",
    "--rate-limit",
    "off",
    "--wait-ms",
    "60000",
    "--acquire-timeout-ms",
    "60000",
    "--statement-timeout-ms",
    "60000",
    "--request-timeout-ms",
    "60000",
];

const SOUND: &str = "{\"query\": \"{ viewer { id } }\"}";

/// The methods that have a body.
const METHODS: [&str; 2] = ["POST", "QUERY"];

fn post(body: impl Into<Vec<u8>>) -> Ask {
    Ask::post("/graphql", body)
}

#[tokio::test]
async fn a_body_that_is_no_graphql_request_is_a_bad_request() {
    let server = Server::start(&OPEN).await;
    let mut client = server.client();
    let utf16: Vec<u8> = SOUND.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let nested = |levels: usize| {
        format!(
            "{{\"query\":\"{{a}}\",\"variables\":{{\"a\":{}1{}}}}}",
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    let no_json = vec![
        b"".to_vec(),
        b"   ".to_vec(),
        b"{".to_vec(),
        b"{\"query\": \"{a}\xff\"}".to_vec(),
        b"{\"query\": \"\\ud800\"}".to_vec(),
        utf16,
        b"\xef\xbb\xbf{\"query\": \"{ viewer { id } }\"}".to_vec(),
        b"{\"query\": \"{a}\", \"query\": \"{b}\"}".to_vec(),
        b"{\"query\": \"{a}\", \"variables\": {\"a\": {\"b\": 1, \"b\": 2}}}".to_vec(),
        b"{\"query\": \"{a}\", \"variables\": {\"a\": NaN}}".to_vec(),
        b"{\"query\": \"{a}\", \"variables\": {\"a\": 1e400}}".to_vec(),
        nested(129).into_bytes(),
        nested(50_000).into_bytes(),
        format!("{SOUND}x").into_bytes(),
    ];
    let no_request = vec![
        b"null".to_vec(),
        b"1".to_vec(),
        b"\"{ viewer { id } }\"".to_vec(),
        b"{}".to_vec(),
        b"{\"query\": 1}".to_vec(),
        b"{\"query\": null}".to_vec(),
        b"{\"query\": [\"{ viewer { id } }\"]}".to_vec(),
        b"{\"query\": \"{a}\", \"variables\": []}".to_vec(),
        b"{\"query\": \"{a}\", \"variables\": \"{}\"}".to_vec(),
        b"{\"query\": \"{a}\", \"extensions\": 1}".to_vec(),
        b"{\"query\": \"{a}\", \"operationName\": {}}".to_vec(),
        format!("[{SOUND}]").into_bytes(),
        format!("[{}{SOUND}]", format!("{SOUND},").repeat(1_000)).into_bytes(),
    ];
    let bodies = no_json.into_iter().map(|body: Vec<u8>| (400, body));
    let bodies = bodies.chain(no_request.into_iter().map(|body| (422, body)));
    for (status, body) in bodies {
        for method in METHODS {
            let ask = Ask {
                method: method.to_owned(),
                ..post(body.clone())
            };
            let answer = client.ask(&ask);
            judge(&ask, &answer);
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (status, "BAD_REQUEST"),
                "{ask:?}"
            );
        }
    }
    assert_eq!(client.ask(&post(SOUND)).status, 200);
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_refused_unread_however_it_is_announced() {
    let mut server = Server::start(&OPEN).await;
    let large = vec![b' '; 10 << 20];
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for method in METHODS {
                    let ask = Ask {
                        method: method.to_owned(),
                        ..post(large.clone())
                    };
                    let answer = server.client().ask(&ask);
                    assert_eq!(
                        (answer.status, answer.code().as_str()),
                        (413, "PAYLOAD_TOO_LARGE")
                    );
                    assert_eq!(answer.header("connection"), Some("close"));
                }
            });
        }
    });
    // One byte above the limit, and the limit itself.
    let mut client = server.client();
    let mut body = SOUND.as_bytes().to_vec();
    body.resize(131_072, b' ');
    assert_eq!(client.ask(&post(body.clone())).status, 200);
    body.push(b' ');
    assert_eq!(client.ask(&post(body)).status, 413);
    let mut chunked = Ask::post("/graphql", "").with("Transfer-Encoding", "chunked");
    chunked.method = "PUT".to_owned();
    let mut bytes = chunked
        .with("Authorization", format!("Bearer {}", server.tenants[0].key))
        .bytes(&server.address);
    bytes.splice(..3, b"POST".iter().copied());
    for _ in 0..160 {
        bytes.extend_from_slice(b"400\r\n");
        bytes.extend_from_slice(&[b' '; 1024]);
        bytes.extend_from_slice(b"\r\n");
    }
    let answers = super::sockets::exchange(&server, &bytes);
    assert!(answers.starts_with("HTTP/1.1 413"), "{answers}");
    assert!(answers.contains("PAYLOAD_TOO_LARGE"));
    assert!(server.runs());
}

#[tokio::test]
async fn only_json_in_plain_bytes_is_taken_and_only_json_is_given() {
    let server = Server::start(&OPEN).await;
    let mut client = server.client();
    let typed = |headers: &[(&str, &str)]| {
        let mut ask = post(SOUND);
        ask.headers.clear();
        headers
            .iter()
            .fold(ask, |ask, (name, value)| ask.with(name, value))
    };
    for headers in [
        &[][..],
        &[("Content-Type", "text/plain")],
        &[("Content-Type", "application/x-www-form-urlencoded")],
        &[("Content-Type", "multipart/form-data; boundary=x")],
        &[("Content-Type", "application/graphql")],
        &[("Content-Type", "application/json; charset=utf-16")],
        &[
            ("Content-Type", "application/json"),
            ("Content-Type", "application/json"),
        ],
        &[("Content-Type", "application/json"), ("Content-Encoding", "gzip")],
        &[("Content-Type", "application/json"), ("Content-Encoding", "br")],
    ] {
        for method in METHODS {
            let ask = Ask {
                method: method.to_owned(),
                ..typed(headers)
            };
            let answer = client.ask(&ask);
            judge(&ask, &answer);
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (415, "UNSUPPORTED_MEDIA_TYPE"),
                "{headers:?}"
            );
        }
    }
    for accept in ["text/html", "application/json;q=0", "image/*"] {
        let answer = client.ask(&post(SOUND).with("Accept", accept));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (406, "NOT_ACCEPTABLE"),
            "{accept}"
        );
    }
}

#[tokio::test]
async fn a_page_of_another_site_can_do_nothing_with_a_simple_request() {
    let server = Server::start(&OPEN).await;
    let mut stranger = server.stranger();
    for content_type in ["application/json", "text/plain"] {
        let mut ask = post(SOUND)
            .with(
                "Cookie",
                format!("Authorization=Bearer {}", server.tenants[0].key),
            )
            .with("Origin", "https://evil.example.com")
            .with("Sec-Fetch-Site", "cross-site");
        ask.headers[0].1 = content_type.into();
        let answer = stranger.ask(&ask);
        judge(&ask, &answer);
        assert!([401, 415].contains(&answer.status), "{answer:?}");
        assert!(
            !answer
                .headers
                .iter()
                .any(|(name, _)| name.starts_with("access-control"))
        );
    }
    let mut preflight = Ask::get("/graphql")
        .with("Origin", "https://evil.example.com")
        .with("Access-Control-Request-Method", "POST");
    preflight.method = "OPTIONS".to_owned();
    let answer = stranger.ask(&preflight);
    assert_eq!(answer.status, 204);
    assert!(
        !answer
            .headers
            .iter()
            .any(|(name, _)| name.starts_with("access-control"))
    );
}

#[tokio::test]
async fn other_methods_and_writes_by_get_are_told_what_is_allowed() {
    let server = Server::start(&OPEN).await;
    let mut client = server.client();
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        for (target, allow) in [
            ("/graphql", "GET, HEAD, POST, QUERY"),
            ("/api/v1/imports", "GET, HEAD, QUERY"),
            ("/livez", "GET, HEAD"),
            ("/openapi.json", "GET, HEAD"),
            ("/", "GET, HEAD"),
        ] {
            let mut ask = Ask::get(target);
            ask.method = method.to_owned();
            let answer = client.ask(&ask);
            judge(&ask, &answer);
            let expected = match (method, target) {
                // A load balancer asks so whether anybody is there.
                ("OPTIONS", "/") => (204, Some("GET, HEAD, OPTIONS")),
                _ => (405, Some(allow)),
            };
            assert_eq!(
                (answer.status, answer.header("allow")),
                expected,
                "{method} {target}"
            );
        }
    }
    for (operation, status) in [("mutation%7Ba%7D", 405), ("subscription%7Ba%7D", 422)] {
        let ask = Ask::get(&format!("/graphql?query={operation}"))
            .with("Accept", "application/graphql-response+json");
        let answer = client.ask(&ask);
        judge(&ask, &answer);
        assert_eq!(answer.status, status, "{operation}: {answer:?}");
    }
}

#[tokio::test]
async fn a_path_that_is_none_says_so() {
    let server = Server::start(&["--introspection", "off"]).await;
    let mut stranger = server.stranger();
    for path in [
        "/nope",
        "/nope/",
        "/graphql/x",
        "/api",
        "/assets/none.js",
        "/assets/none",
        "/schema.graphql",
    ] {
        let ask = Ask::get(&format!("{path}?secret=1"));
        let answer = stranger.ask(&ask);
        judge(&ask, &answer);
        let expected =
            json!({"status": 404, "title": "Not Found", "detail": "there is nothing here", "instance": path});
        assert_eq!((answer.status, answer.json()), (404, expected), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn heads_past_the_limits_are_refused_with_their_own_codes() {
    let server = Server::start(&OPEN).await;
    let mut client = server.client();
    let long = |bytes: usize| Ask::get(&format!("/graphql?query={}", "a".repeat(bytes)));
    for bytes in [8_192, 30_000] {
        let answer = client.ask(&long(bytes));
        assert_eq!((answer.status, answer.code().as_str()), (414, "URI_TOO_LONG"));
        assert!(answer.text().contains("send a POST"));
    }
    // Past its own limits the parser answers by itself; it may do so without a body.
    assert!([414, 431].contains(&client.ask(&long(70_000)).status));
    let many =
        |count: usize| (0..count).fold(post(SOUND), |ask, number| ask.with(&format!("X-{number}"), "1"));
    for count in [65, 100] {
        let answer = client.ask(&many(count));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (431, "HEADERS_TOO_LARGE")
        );
    }
    assert_eq!(client.ask(&many(1_000)).status, 431);
    let answer = client.ask(&post(SOUND).with("X-Large", "x".repeat(17_000)));
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (431, "HEADERS_TOO_LARGE")
    );
    assert_eq!(
        client
            .ask(&post(SOUND).with("X-Large", "x".repeat(100_000)))
            .status,
        431
    );
    let rest = client.get(&format!("/api/v1/imports?x={}", "a".repeat(8_192)));
    assert_eq!((rest.status, rest.json()["status"].clone()), (414, json!(414)));
    assert!(!rest.text().contains("POST"), "{}", rest.text());
    assert_eq!(client.ask(&post(SOUND)).status, 200);
}
