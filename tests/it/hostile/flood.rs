//! Twenty thousand requests that no client of good will sends, each answered as documented, by one process.
//!
//! Each group makes its requests from sound ones, always the same, and on a connection of its own; after every hundred
//! a sound request has its answer.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use imports_gateway::relay::{GlobalRow, node_id};
use serde_json::{Value, json};

use super::http::OPEN;
use super::judge::judge;
use crate::app::import_id;
use crate::gauntlet;
use crate::rng::Rng;
use crate::server::{Ask, Client, Server};

/// Requests of all groups together.
const AT_LEAST: usize = 20_000;

/// Sound material that the groups damage.
pub(crate) struct Seeds {
    cursors: Vec<String>,
    ids: Vec<String>,
    pub(crate) key: String,
    pub(crate) account_token: String,
}

/// A kind of hostile request.
pub(crate) struct Group {
    name: &'static str,
    requests: usize,
    /// Whether the client has a key of its own.
    pub(crate) is_known: bool,
    pub(crate) make: fn(&mut Rng, &Seeds) -> Ask,
}

pub(crate) const GROUPS: [Group; 9] = [
    Group {
        name: "bodies",
        requests: 3_600,
        is_known: true,
        make: body,
    },
    Group {
        name: "documents",
        requests: 4_600,
        is_known: true,
        make: document,
    },
    Group {
        name: "get",
        requests: 1_600,
        is_known: true,
        make: get,
    },
    Group {
        name: "values",
        requests: 2_400,
        is_known: true,
        make: values,
    },
    Group {
        name: "cursors",
        requests: 2_400,
        is_known: true,
        make: cursor,
    },
    Group {
        name: "ids",
        requests: 1_000,
        is_known: true,
        make: id,
    },
    Group {
        name: "rest",
        requests: 2_400,
        is_known: true,
        make: rest,
    },
    Group {
        name: "headers",
        requests: 1_400,
        is_known: true,
        make: header,
    },
    Group {
        name: "keys",
        requests: 1_600,
        is_known: false,
        make: key,
    },
];

#[tokio::test]
async fn twenty_thousand_hostile_requests_are_answered_as_documented_by_one_process() {
    let mut server = Server::start(&OPEN).await;
    let seeds = Seeds::of(&server, 0);
    let counts = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for (number, group) in GROUPS.iter().enumerate() {
            let (server, seeds, counts) = (&server, &seeds, &counts);
            scope.spawn(move || {
                let client = if group.is_known {
                    server.client()
                } else {
                    server.stranger()
                };
                let found = flood(
                    group,
                    gauntlet::seed(number as u64),
                    client,
                    server.client(),
                    seeds,
                );
                counts.lock().unwrap().insert(group.name, found);
            });
        }
    });
    assert!(server.runs(), "the process ended:\n{}", server.written_log());
    let counts = counts.into_inner().unwrap();
    let total: usize = counts.values().flat_map(BTreeMap::values).sum();
    assert!(total >= AT_LEAST, "{total}");
    gauntlet::add("hostile requests answered as documented", total as u64);
    for (group, statuses) in &counts {
        println!("{group}: {statuses:?}");
        for (status, count) in statuses {
            gauntlet::add(&format!("hostile requests answered with {status}"), *count as u64);
        }
    }
    // Each group gets both through the parsers and stuck in them.
    for (group, status) in [
        ("bodies", 200),
        ("bodies", 400),
        ("bodies", 422),
        ("documents", 200),
        ("documents", 400),
        ("documents", 422),
        ("get", 200),
        ("get", 400),
        ("values", 200),
        ("values", 422),
        ("cursors", 294),
        ("cursors", 400),
        ("ids", 200),
        ("rest", 200),
        ("rest", 400),
        ("rest", 404),
        ("headers", 200),
        ("headers", 400),
        ("headers", 406),
        ("headers", 415),
        ("keys", 401),
    ] {
        assert!(
            counts[group].get(&status).is_some_and(|count| *count >= 10),
            "{group}: {:?}",
            counts[group]
        );
    }
    let log = server.written_log();
    for secret in [&seeds.key, &seeds.account_token] {
        assert!(!log.contains(secret.as_str()), "a secret in the log");
    }
    assert!(!log.contains("panicked"), "{log}");
}

/// Sends a group's requests; how many answers there were of each status.
fn flood(
    group: &Group,
    seed: u64,
    mut client: Client,
    mut good: Client,
    seeds: &Seeds,
) -> BTreeMap<u16, usize> {
    let mut rng = Rng::new(seed);
    let mut statuses = BTreeMap::new();
    for number in 0..group.requests {
        let ask = (group.make)(&mut rng, seeds);
        let ask = if rng.below(4) == 0 { by_query(ask) } else { ask };
        let Some(answer) = client.try_ask(&ask) else {
            panic!("{} {number}: no answer to {ask:?}", group.name);
        };
        judge(&ask, &answer);
        *statuses.entry(answer.status).or_default() += 1;
        if number % 100 == 99 {
            let data = good.data("{ imports(first: 1) { nodes { databaseId } } }");
            assert_eq!(data["imports"]["nodes"].as_array().map(Vec::len), Some(1));
        }
    }
    statuses
}

/// The same by QUERY, where it has a body or the parameters of a list.
fn by_query(mut ask: Ask) -> Ask {
    if ask.method == "POST" {
        ask.method = "QUERY".to_owned();
    } else if ask.method == "GET" && ask.target.starts_with(b"/api/v1/imports?") {
        let (target, query) = ask.target.split_at(b"/api/v1/imports".len());
        let (target, query) = (target.to_vec(), query[1..].to_vec());
        ask.method = "QUERY".to_owned();
        ask.target = target;
        ask.body = query;
        return ask.with("Content-Type", "application/x-www-form-urlencoded");
    }
    ask
}

impl Seeds {
    /// Cursors, ids and secrets of an account.
    pub(crate) fn of(server: &Server, tenant: usize) -> Self {
        let mut client = server.client_of(tenant);
        let mut cursors = Vec::new();
        for sort in [
            "",
            "sort: [{createdAt: ASC}]",
            "sort: [{updatedAt: DESC}, {createdAt: ASC}]",
        ] {
            let data = client.data(&format!(
                "{{ imports(first: 3 {sort}) {{ edges {{ cursor }} }} }}"
            ));
            let edges = data["imports"]["edges"].as_array().unwrap().clone();
            cursors.extend(
                edges
                    .iter()
                    .map(|edge| edge["cursor"].as_str().unwrap().to_owned()),
            );
        }
        let data = client.data("{ viewer { id } imports(first: 4) { nodes { id } } }");
        let mut nodes = data["imports"]["nodes"].as_array().unwrap().clone();
        nodes.push(data["viewer"].clone());
        let id = |node: &Value| node["id"].as_str().unwrap().to_owned();
        let mut ids: Vec<_> = nodes.iter().map(id).collect();
        let other = GlobalRow { account_id: 1, id: 1 };
        ids.extend([import_id(i64::MIN, i64::MIN), node_id("Export", other)]);
        let tenant = server.tenants[tenant].clone();
        Self {
            cursors,
            ids,
            key: tenant.key,
            account_token: tenant.account_token,
        }
    }
}

/// Documents to damage; sound ones, and each kind of bomb.
const DOCUMENTS: [&str; 16] = [
    "{ imports(first: 3) { edges { cursor node { id note status } } pageInfo { hasNextPage endCursor } } }",
    "query Page($n: Int, $f: ImportFilter) { imports(first: $n, filter: $f) { nodes { databaseId } estimatedRemainingCount } }",
    "{ imports(last: 2, sort: [{updatedAt: ASC}, {id: DESC}]) { nodes { updatedAt } sortedBy { id updatedAt } perPage } }",
    "{ imports(filter: {status: {include: [NEW, FAILED]}, createdAt: {gte: \"2026-01-01T00:00:00Z\"}}) { filteredBy { createdAt { gte } } } }",
    "{ a: viewer { name } b: importStatusCounts { status count capped } c: node(id: \"x\") { __typename id } }",
    "{ importByDatabaseId(databaseId: \"1240000001\") { fileName fileSize } import(id: 5) { id } }",
    "query($ids: [ID!]! = [\"a\", 1]) { nodes(ids: $ids) { ...I } } fragment I on Import { id type completedAt }",
    "{ ...A } fragment A on Query { ...B ...B } fragment B on Query { ...C ...C } fragment C on Query { viewer { id } }",
    "query A { viewer { id } } query B { viewer { name } }",
    "{ __schema { queryType { name } types { name fields { name args { name type { ofType { name } } } } } } }",
    "{ viewer @include(if: true) { id @skip(if: false) name } __typename @aa @aa @aa }",
    "{ imports(filter: {createdAt: {between: {gte: \"2026-01-01T00:00:00Z\", lt: \"2026-02-01T00:00:00+02:00\"}}}) { nodes { id } } }",
    "query($a: Boolean!, $d: DateTime) { imports(filter: {updatedAt: {lt: $d}}) { nodes @include(if: $a) { id } } }",
    "mutation { imports { nodes { id } } } subscription { viewer { id } } fragment Unused on Import { id }",
    "{ imports(after: \"\"\"block \\\"\"\" text\"\"\", first: 1) { nodes { id } } } # comment",
    "{ viewer { id ... on Account { id ... { ...R } } } } fragment R on Account { ...R }",
];

fn document(rng: &mut Rng, _: &Seeds) -> Ask {
    let mut text = rng.choose(&DOCUMENTS).to_owned();
    match rng.below(8) {
        0 => text = format!("{text}{}", rng.choose(&DOCUMENTS)),
        1 => {
            let opening = rng.choose(&["{a", "{a(x:[", "query($v:[", "{a(x:{k:", "...{", "@a", "a:b "]);
            let at = rng.below(text.len());
            let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            text.insert_str(at, &opening.repeat(1 + rng.below(900)));
        }
        2 => {}
        _ => text = rng.damaged(&text),
    }
    let variables = if rng.below(3) == 0 {
        json!({"n": 2, "a": true, "d": "2026-05-01T00:00:00Z", "f": {"status": {"include": ["NEW"]}}})
    } else {
        Value::Null
    };
    let mut body = json!({ "query": text, "variables": variables });
    if rng.below(6) == 0 {
        body["operationName"] = rng.choose(&["A", "Page", "", "é", "a b"]).into();
    }
    post(body.to_string())
}

fn post(body: impl Into<Vec<u8>>) -> Ask {
    Ask::post("/graphql", body).with("Accept", "application/graphql-response+json")
}

fn body(rng: &mut Rng, seeds: &Seeds) -> Ask {
    let whole = match rng.below(5) {
        0 => {
            json!({"query": "{ viewer { id } }", "operationName": null, "variables": {"a": [1, 2.5, {"b": "\u{1F600}"}]}})
        }
        1 => json!({"query": rng.choose(&DOCUMENTS), "variables": {"n": 1}, "extensions": {}}),
        2 => {
            json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "ab".repeat(32)}}, "query": "{ viewer { id } }"})
        }
        3 => json!({"documentId": "x", "variables": {"c": seeds.cursors[0]}}),
        _ => {
            json!({"query": "query($c: String) { imports(after: $c, first: 1) { nodes { id } } }", "variables": {"c": seeds.cursors[0]}})
        }
    };
    let mut bytes = whole.to_string().into_bytes();
    if rng.below(12) != 0 {
        rng.damage(&mut bytes);
    }
    if rng.below(40) == 0 {
        let times = 1 + rng.below(200);
        bytes = bytes.repeat(times);
    }
    post(bytes)
}

fn get(rng: &mut Rng, _: &Seeds) -> Ask {
    let document = rng.choose(&DOCUMENTS);
    let document = if rng.below(2) == 0 {
        document.to_owned()
    } else {
        rng.damaged(document)
    };
    let variables = rng.choose(&["{}", "{\"n\":1}", "{\"a\":true}", "[]", "{\"n\":1,\"n\":2}", ""]);
    let mut target = format!(
        "/graphql?query={}&variables={}",
        escaped(&document),
        escaped(variables)
    )
    .into_bytes();
    if rng.below(2) == 0 {
        let from = "/graphql?".len();
        let mut rest = target.split_off(from);
        rng.damage(&mut rest);
        target.extend(rest.into_iter().filter(|byte| (0x21..0x7f).contains(byte)));
    }
    Ask {
        target,
        ..Ask::get("")
    }
    .with("Accept", "application/graphql-response+json")
}

/// A text as a part of a query string.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// Values of every type, for variables of every type.
fn value(rng: &mut Rng, seeds: &Seeds, levels: usize) -> Value {
    match rng.below(if levels == 0 { 14 } else { 18 }) {
        0 => Value::Null,
        1 => json!(rng.below(2) == 0),
        2 => json!(rng.below(120)),
        3 => json!(i64::MIN + (rng.next() >> 1) as i64),
        4 => json!(u64::MAX),
        5 => json!(2_147_483_648_i64),
        6 => json!(-1),
        7 => json!(1.5e9),
        8 => rng
            .choose(&[
                "NEW",
                "FAILED",
                "new",
                "ASC",
                "DESC",
                "",
                "\0",
                "\u{202e}x",
                "' OR 1=1--",
            ])
            .into(),
        9 => rng
            .choose(&[
                "2026-05-01T00:00:00Z",
                "2026-02-30T00:00:00Z",
                "0000-01-01T00:00:00Z",
                "10000-01-01T00:00:00Z",
                "2016-12-31T23:59:60Z",
                "2026-05-01T24:00:00Z",
                "2026-05-01T00:00:00",
                "infinity",
                "now",
                "2026-05-01t00:00:00.123456789z",
                "2026-05-01T00:00:00+16:00",
                "2026-05-01T00:00:00.1234567890Z",
            ])
            .into(),
        10 => seeds.cursors[rng.below(seeds.cursors.len())].as_str().into(),
        11 => seeds.ids[rng.below(seeds.ids.len())].as_str().into(),
        12 => "x".repeat(rng.below(3_000)).into(),
        13 => rng.damaged("1240000001").into(),
        14 => (0..rng.below(5)).map(|_| value(rng, seeds, levels - 1)).collect(),
        15 => {
            let names = [
                "status",
                "createdAt",
                "updatedAt",
                "include",
                "lt",
                "gte",
                "between",
                "id",
                "zz",
            ];
            let mut map = serde_json::Map::new();
            for _ in 0..rng.below(3) {
                map.insert(rng.choose(&names).to_owned(), value(rng, seeds, levels - 1));
            }
            map.into()
        }
        16 => vec![value(rng, seeds, 0); rng.below(400)].into(),
        _ => json!({"createdAt": {"gte": "2026-01-01T00:00:00Z"}, "status": {"include": ["NEW"]}}),
    }
}

fn values(rng: &mut Rng, seeds: &Seeds) -> Ask {
    let (document, name) = [
        ("query($v: Int) { imports(first: $v) { nodes { id } } }", "v"),
        ("query($v: Int) { imports(last: $v) { nodes { id } } }", "v"),
        ("query($v: String) { imports(before: $v) { nodes { id } } }", "v"),
        (
            "query($v: ImportFilter) { imports(filter: $v) { nodes { id } filteredBy { status { include } } } }",
            "v",
        ),
        (
            "query($v: [ImportSort!]) { imports(sort: $v, first: 1) { nodes { id } } }",
            "v",
        ),
        (
            "query($v: [ImportStatus!]!) { imports(filter: {status: {include: $v}}) { nodes { id } } }",
            "v",
        ),
        (
            "query($v: DateTime) { imports(filter: {createdAt: {lt: $v}}) { nodes { id } } }",
            "v",
        ),
        (
            "query($v: ImportFilter) { importStatusCounts(filter: $v) { count } }",
            "v",
        ),
        (
            "query($v: ID!) { node(id: $v) { id } import(id: $v) { id } }",
            "v",
        ),
        ("query($v: [ID!]!) { nodes(ids: $v) { id } }", "v"),
        (
            "query($v: BigInt!) { importByDatabaseId(databaseId: $v) { id } }",
            "v",
        ),
        ("query($v: Boolean!) { viewer { id @include(if: $v) name } }", "v"),
    ][rng.below(12)];
    // A third of the values is of a type that may do.
    let value = match rng.below(3) {
        0 if document.contains("Int)") => json!(rng.below(102)),
        0 if document.contains("ImportFilter") => json!({"updatedAt": {"lt": "2026-05-01T00:00:00Z"}}),
        0 if document.contains("ID!") => json!(seeds.ids[rng.below(seeds.ids.len())]),
        0 if document.contains("String") => json!(seeds.cursors[rng.below(seeds.cursors.len())]),
        _ => value(rng, seeds, 3),
    };
    post(json!({ "query": document, "variables": { name: value } }).to_string())
}

fn cursor(rng: &mut Rng, seeds: &Seeds) -> Ask {
    let sound = &seeds.cursors[rng.below(seeds.cursors.len())];
    let cursor = match rng.below(8) {
        0 => sound.clone(),
        1 => sound[..rng.below(sound.len())].to_owned(),
        2 => {
            let mut bytes = sound.clone().into_bytes();
            let at = rng.below(bytes.len());
            bytes[at] ^= 1 << rng.below(7);
            String::from_utf8_lossy(&bytes).into_owned()
        }
        3 => sound.repeat(1 + rng.below(300)),
        _ => rng.damaged(sound),
    };
    if rng.below(3) == 0 {
        let target = format!("/api/v1/imports?per_page=2&start_cursor={}", escaped(&cursor));
        return Ask::get(&target);
    }
    let argument = rng.choose(&["after", "before"]);
    let sort = rng.choose(&["", "", "sort: [{createdAt: ASC}]"]);
    let document =
        format!("query($c: String) {{ imports({argument}: $c, first: 2 {sort}) {{ nodes {{ id }} }} }}");
    post(json!({ "query": document, "variables": { "c": cursor } }).to_string())
}

fn id(rng: &mut Rng, seeds: &Seeds) -> Ask {
    let sound = &seeds.ids[rng.below(seeds.ids.len())];
    let id = if rng.below(5) == 0 {
        sound.clone()
    } else {
        rng.damaged(sound)
    };
    if rng.below(4) == 0 {
        let number = rng.damaged("1240000001");
        return Ask::get(&format!("/api/v1/imports/{}", escaped(&number)));
    }
    let document =
        "query($i: ID!) { node(id: $i) { id __typename } import(id: $i) { id } nodes(ids: [$i]) { id } }";
    post(json!({ "query": document, "variables": { "i": id } }).to_string())
}

fn rest(rng: &mut Rng, seeds: &Seeds) -> Ask {
    let cursor = &seeds.cursors[rng.below(seeds.cursors.len())];
    let sound = [
        format!("start_cursor={cursor}&per_page=7"),
        "filter[status][include]=failed,complete&sort[id]=asc&per_page=3".to_owned(),
        "filter[created_at][gte]=2026-05-01&filter[created_at][lt]=2026-06-01T00:00:00%2B02:00&per_page=3"
            .to_owned(),
        "sort[updated_at]=asc&sort[id]=desc&per_page=2".to_owned(),
        "page[size]=3&page=2&q[status_eq]=1&unknown=1".to_owned(),
        "per_page=3&per_page=4&filter[note][like]=%25".to_owned(),
    ];
    let sound = &sound[rng.below(sound.len())];
    let mut query = sound.clone().into_bytes();
    if rng.below(5) != 0 {
        rng.damage(&mut query);
    }
    // What may not stand in a request line has its escape, as a client's library would write it.
    let query: String = query
        .iter()
        .map(|byte| match byte {
            0x21..=0x7e if *byte != b'#' => char::from(*byte).to_string(),
            byte => format!("%{byte:02x}"),
        })
        .collect();
    let path = rng.choose(&[
        "/api/v1/imports",
        "/api/imports",
        "/api/v1/imports",
        "/api/v2/imports",
        "/api/v1/imports/..",
    ]);
    Ask::get(&format!("{path}?{query}"))
}

fn header(rng: &mut Rng, _: &Seeds) -> Ask {
    let (name, sound) = [
        ("Accept", "application/graphql-response+json;q=0.9, */*;q=0.1"),
        ("Accept", "text/html"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("Content-Type", "text/plain"),
        ("Content-Encoding", "gzip"),
        ("X-Request-Id", "mine-1"),
        ("X-Forwarded-For", "192.0.2.7, [2001:db8::1]:80"),
        ("Origin", "https://app.example.com"),
        ("Cookie", "session=1; key=2"),
        ("Accept-Encoding", "identity"),
        ("GraphQL-Cost", "report"),
        ("Account-Token", "iga_0000000000000000000000000000000000"),
        ("If-None-Match", "\"x\""),
    ][rng.below(13)];
    let mut value = sound.as_bytes().to_vec();
    if rng.below(4) != 0 {
        rng.damage(&mut value);
    }
    value.retain(|byte| !matches!(byte, b'\r' | b'\n'));
    let mut ask = if name == "Content-Type" {
        let mut ask = Ask::post("/graphql", "{\"query\": \"{ viewer { id } }\"}");
        ask.headers.clear();
        ask
    } else {
        Ask::post("/graphql", "{\"query\": \"{ viewer { id } }\"}")
    };
    for _ in 0..=rng.below(70) / 60 * rng.below(70) {
        ask = ask.with(name, &value);
    }
    ask
}

fn key(rng: &mut Rng, seeds: &Seeds) -> Ask {
    let sound = match rng.below(4) {
        0 => format!("Token token=\"{}\"", seeds.key),
        1 => format!("Token {}", seeds.key),
        _ => format!("Bearer {}", seeds.key),
    };
    let mut value = sound.clone().into_bytes();
    if rng.below(20) != 0 {
        rng.damage(&mut value);
    }
    value.retain(|byte| !matches!(byte, b'\r' | b'\n'));
    let mut ask = match rng.below(4) {
        0 => Ask::get("/api/v1/imports?per_page=2"),
        1 => Ask::get("/api/v1/imports/1240000001"),
        2 => Ask::get("/graphql?query=%7Bviewer%7Bid%7D%7D"),
        _ => Ask::graphql("{ viewer { id } }", &Value::Null),
    };
    if rng.below(10) == 0 {
        let mut token = seeds.account_token.clone().into_bytes();
        rng.damage(&mut token);
        token.retain(|byte| !matches!(byte, b'\r' | b'\n'));
        ask = ask.with("Account-Token", token);
    }
    if rng.below(20) == 0 {
        ask = ask.with("Authorization", &sound);
    }
    ask.with("Authorization", value)
}
