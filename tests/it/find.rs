//! Finding imports: searches that are cut, counts over time, jumps, and what is wrong with either.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request;
use entity::imports;
use serde_json::{Value as Json, json};

use crate::app::{Caller, TestApp, row};
use crate::databases::{execute, instant};

/// More than twice as many as a search looks at in a request.
const MANY: i64 = 120_000;
/// As many are looked at.
const BOUND: i64 = 50_000;
/// 2026-03-01T00:00:00Z, from which on imports are created, one each minute.
const START: i64 = 1_772_323_200_000_000;
const MINUTE: i64 = 60_000_000;

/// Whether the import of this id is one of the few with the term.
fn is_fuel(id: i64) -> bool {
    id % 17_001 == 3
}

/// An account with many imports, few of which have the term in their names, in another case.
async fn many(app: &TestApp) -> Caller {
    let caller = app.account("Acme").await;
    let (numbers, created) = match app.store.backend() {
        sea_orm::DbBackend::Sqlite => (
            format!("WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {MANY})"),
            format!("{START} + id * {MINUTE}"),
        ),
        _ => (
            format!("WITH n AS (SELECT generate_series(1, {MANY}) AS id)"),
            format!("to_timestamp({START} / 1000000) + id * interval '1 minute'"),
        ),
    };
    let text = format!(
        "INSERT INTO imports (account_id, id, file_name, file_size, type, status, created_at, updated_at) {numbers}
         SELECT {}, id, CASE WHEN id % 17001 = 3 THEN 'Fuel Öl ' ELSE 'vehicles ' END || id || '.csv', id, 'VehicleImport',
                CASE WHEN id % 3 = 0 THEN 'failed' ELSE 'complete' END, {created}, {created} FROM n",
        caller.id
    );
    execute(&app.store, &text, Vec::new()).await.unwrap();
    caller
}

/// The ids of the imports with the term, newest first.
fn expected() -> Vec<i64> {
    (1..=MANY).rev().filter(|id| is_fuel(*id)).collect()
}

fn ids(nodes: &Json) -> Vec<i64> {
    let nodes = nodes.as_array().unwrap().iter();
    nodes
        .map(|node| node["databaseId"].as_str().unwrap().parse().unwrap())
        .collect()
}

const PAGE: &str = "query($first: Int, $after: String, $last: Int, $before: String, $filter: ImportFilter, $sort: [ImportSort!]) {
    imports(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
        nodes { databaseId } isSearchPartial estimatedRemainingCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

#[tokio::test]
async fn the_pages_of_a_search_that_is_cut_are_the_list_in_any_order_and_direction() {
    for app in TestApp::on_each().await {
        let caller = many(&app).await;
        let filter = json!({"fileName": {"contains": "fUEL öL"}});
        for (sort, is_ascending) in [
            (json!([]), false),
            (json!([{"createdAt": "ASC"}]), true),
            (json!([{"updatedAt": "DESC"}]), false),
        ] {
            for is_backward in [false, true] {
                let (mut found, mut cursor, mut partial, mut pages) = (Vec::new(), Json::Null, 0, 0);
                loop {
                    let (size, bound) = if is_backward {
                        ("last", "before")
                    } else {
                        ("first", "after")
                    };
                    let variables = json!({size: 5, bound: cursor, "filter": filter, "sort": sort});
                    let data = app.data(&caller.key, PAGE, variables).await;
                    let page = &data["imports"];
                    let (info, here) = (&page["pageInfo"], ids(&page["nodes"]));
                    pages += 1;
                    let is_partial = page["isSearchPartial"] == true;
                    partial += usize::from(is_partial);
                    assert!(!is_partial || here.len() < 5);
                    let (on, reached) = match is_backward {
                        false => ("hasNextPage", "endCursor"),
                        true => ("hasPreviousPage", "startCursor"),
                    };
                    assert!(page["estimatedRemainingCount"].as_u64().unwrap() >= here.len() as u64);
                    if is_backward {
                        found.splice(0..0, here);
                    } else {
                        found.extend(here);
                    }
                    if info[on] == false {
                        break;
                    }
                    cursor = info[reached].clone();
                    assert!(cursor.is_string());
                    assert!(pages < 40, "the walk does not end");
                }
                let mut wanted = expected();
                if is_ascending {
                    wanted.reverse();
                }
                assert_eq!(found, wanted, "{sort} {is_backward}");
                // 8 of 120,000: each page is cut before it has five.
                assert!(partial >= 2, "{partial} of {pages}");
            }
        }
    }
}

#[tokio::test]
async fn a_search_loses_and_repeats_nothing_while_rows_come_and_go() {
    for app in TestApp::on_each().await {
        let caller = many(&app).await;
        let filter = json!({"fileName": {"contains": "fuel"}});
        let (mut found, mut cursor, mut turn) = (Vec::new(), Json::Null, 0);
        loop {
            let variables = json!({"first": 100, "after": cursor, "filter": filter});
            let data = app.data(&caller.key, PAGE, variables).await;
            let page = &data["imports"];
            found.extend(ids(&page["nodes"]));
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            cursor = page["pageInfo"]["endCursor"].clone();
            turn += 1;
            // The row at the position goes, rows before it come, and rows without the term behind it too.
            let reached = MANY - turn * BOUND + 1;
            for id in (reached - 3..=reached + 3).filter(|id| !is_fuel(*id)) {
                let text = "DELETE FROM imports WHERE account_id = $1 AND id = $2";
                let gone = execute(&app.store, text, vec![caller.id.into(), id.into()]).await;
                assert_eq!(gone, Ok(1), "{id}");
            }
            let new = (1..=300).map(|number| imports::Model {
                file_name: format!("FUEL {number}.csv"),
                ..row(caller.id, MANY + turn * 1_000 + number)
            });
            app.fill(&new.collect::<Vec<_>>()).await;
        }
        assert!(turn >= 2);
        assert_eq!(found, expected());
    }
}

#[tokio::test]
async fn a_row_that_an_application_replaces_is_found_by_its_new_name_alone() {
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        app.fill(&[row(caller.id, 1), row(caller.id, 2)]).await;
        let text = "UPDATE imports SET file_name = 'Ünterlagen.PDF' WHERE account_id = $1 AND id = 2";
        execute(&app.store, text, vec![caller.id.into()]).await.unwrap();
        if app.store.backend() == sea_orm::DbBackend::Sqlite {
            let text = "INSERT OR REPLACE INTO imports (account_id, id, file_name, file_size, type, status, created_at, updated_at)
                        VALUES ($1, 2, 'ÜNTERLAGEN.pdf', 1, 'x', 'new', 0, 0)";
            execute(&app.store, text, vec![caller.id.into()]).await.unwrap();
        }
        for (term, wanted) in [("ünterlagen.p", vec![2]), ("file", vec![1]), ("FILE 2", vec![])] {
            let filter = json!({"fileName": {"startsWith": term}});
            let data = app.data(&caller.key, PAGE, json!({"filter": filter})).await;
            assert_eq!(ids(&data["imports"]["nodes"]), wanted, "{term}");
        }
    }
}

async fn rest(app: &TestApp, caller: &Caller, path: &str) -> (u16, Json) {
    let request = Request::get(path).header("authorization", format!("Bearer {}", caller.key.reveal()));
    let answer = app.send(request.body(Body::empty()).unwrap()).await;
    (
        answer.status.as_u16(),
        serde_json::from_slice(&answer.body).unwrap(),
    )
}

#[tokio::test]
async fn rest_says_where_a_search_was_cut_and_goes_on_there() {
    for app in TestApp::on_each().await {
        let caller = many(&app).await;
        let (mut found, mut start, mut partial) = (Vec::new(), String::new(), 0);
        loop {
            let path =
                format!("/api/v1/imports?per_page=4&filter[file_name][contains]=FUEL&start_cursor={start}");
            let (status, page) = rest(&app, &caller, &path).await;
            assert_eq!(status, 200, "{page}");
            let records = page["records"].as_array().unwrap().iter();
            found.extend(records.map(|record| record["id"].as_i64().unwrap()));
            assert!(page.get("search_partial").is_none_or(|flag| flag == true));
            partial += usize::from(page.get("search_partial").is_some());
            match page["next_cursor"].as_str() {
                Some(next) => start = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(found, expected());
        assert!(partial >= 2, "{partial}");
        let data = app
            .data(
                &caller.key,
                "{ importStatusCounts(filter: {fileName: {contains: \"fuel\"}}) { status count capped } }",
                json!({}),
            )
            .await;
        let counts = data["importStatusCounts"].as_array().unwrap();
        assert!(counts.iter().all(|count| count["capped"] == true), "{counts:?}");
    }
}

const COUNTS: &str =
    "query($filter: ImportFilter, $by: ImportCountBucket, $zone: String, $from: DateTime, $to: DateTime) {
    importCounts(filter: $filter, by: $by, timeZone: $zone, from: $from, to: $to) {
        total isExact reachedAt buckets { start end total byStatus { status count capped } } } }";

#[tokio::test]
async fn counts_over_time_are_those_of_memory_and_say_where_they_end() {
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        // An hour apart, over both changes of the clock in Berlin.
        let rows: Vec<_> = (0..5_000_i64)
            .map(|id| imports::Model {
                created_at: instant(START + id * 60 * MINUTE),
                ..row(caller.id, id)
            })
            .collect();
        app.fill(&rows).await;
        let zone = imports_gateway::calendar::Zone::named("Europe/Berlin").unwrap();
        for (by, unit) in [
            ("DAY", imports_gateway::calendar::Unit::Day),
            ("WEEK", imports_gateway::calendar::Unit::Week),
            ("MONTH", imports_gateway::calendar::Unit::Month),
        ] {
            let filter = json!({"status": {"exclude": ["NEW"]}, "fileName": {"contains": "1"}});
            let variables = json!({"filter": filter, "by": by, "zone": "Europe/Berlin"});
            let data = app.data(&caller.key, COUNTS, variables).await;
            let counts = &data["importCounts"];
            let mut wanted: BTreeMap<String, u64> = BTreeMap::new();
            let is_wanted = |row: &&imports::Model| {
                row.status != entity::ImportStatus::New && row.file_name.contains('1')
            };
            for row in rows.iter().filter(is_wanted) {
                let start = zone.bucket(row.created_at.micros(), unit).start;
                *wanted.entry(instant(start).to_string()).or_default() += 1;
            }
            let found: Vec<_> = counts["buckets"].as_array().unwrap().iter().collect();
            let totals = found.iter().map(|bucket| {
                let start = bucket["start"].as_str().unwrap().to_owned();
                (start, bucket["total"].as_u64().unwrap())
            });
            assert_eq!(
                totals.collect::<Vec<_>>(),
                wanted.clone().into_iter().collect::<Vec<_>>(),
                "{by}"
            );
            for bucket in &found {
                let by_status = bucket["byStatus"].as_array().unwrap().iter();
                let sum: u64 = by_status.map(|count| count["count"].as_u64().unwrap()).sum();
                assert_eq!(bucket["total"], sum);
            }
            assert_eq!(counts["total"], wanted.values().sum::<u64>());
            assert_eq!(
                (&counts["isExact"], &counts["reachedAt"]),
                (&json!(true), &Json::Null)
            );
        }
        // Null counts as absent, `from` is inside and `to` is not.
        let (from, to) = (
            instant(START + 60 * MINUTE).to_string(),
            instant(START + 180 * MINUTE).to_string(),
        );
        let variables = json!({"by": null, "zone": null, "from": from, "to": to});
        let data = app.data(&caller.key, COUNTS, variables).await;
        assert_eq!(data["importCounts"]["total"], 2);
        let path =
            format!("/api/v1/imports/counts?by=day&from={from}&to={to}&filter[status][include]=queued");
        let (status, counts) = rest(&app, &caller, &path).await;
        assert_eq!((status, &counts["total"]), (200, &json!(1)), "{counts}");
        assert_eq!(
            counts["buckets"][0]["by_status"],
            json!([{"status": "queued", "count": 1}])
        );
        for query in [
            "by[]=month",
            "BY=month",
            "time_zone[]=UTC",
            "From=2026-05-01",
            "from[gte]=2026-05-01",
            "tz=UTC",
        ] {
            let (status, faults) = rest(&app, &caller, &format!("/api/v1/imports/counts?{query}")).await;
            assert_eq!(status, 400, "{query}: {faults}");
            let (name, _) = query.split_once('=').unwrap();
            assert!(faults["errors"][name].is_array(), "{query}: {faults}");
        }
        // 5,000 hours are more buckets than an answer has: the newest are given, and where they end is told.
        let data = app.data(&caller.key, COUNTS, json!({"by": "HOUR"})).await;
        let counts = &data["importCounts"];
        assert_eq!(counts["buckets"].as_array().unwrap().len(), 400);
        assert_eq!(
            (&counts["total"], &counts["isExact"]),
            (&json!(400), &json!(false))
        );
        assert_eq!(counts["reachedAt"], counts["buckets"][0]["start"]);
    }
}

#[tokio::test]
async fn counts_of_more_than_are_looked_at_say_so() {
    for app in TestApp::on_each().await {
        let caller = many(&app).await;
        let data = app.data(&caller.key, COUNTS, json!({"by": "DAY"})).await;
        let counts = &data["importCounts"];
        assert_eq!(
            (&counts["isExact"], &counts["total"]),
            (&json!(false), &json!(20_000))
        );
        // As many as are looked at, and no more, are all.
        let from = instant(START + (MANY - 19_999) * MINUTE).to_string();
        let data = app
            .data(&caller.key, COUNTS, json!({"by": "DAY", "from": from}))
            .await;
        let all = &data["importCounts"];
        assert_eq!((&all["isExact"], &all["total"]), (&json!(true), &json!(20_000)));
        let reached = counts["reachedAt"].as_str().unwrap();
        let reached = imports_gateway::rfc3339::parse(reached).unwrap().micros;
        // Every bucket that begins there or later is whole: a minute an import.
        let mut whole = 0;
        for bucket in counts["buckets"].as_array().unwrap() {
            let [start, end] = ["start", "end"].map(|end| {
                imports_gateway::rfc3339::parse(bucket[end].as_str().unwrap())
                    .unwrap()
                    .micros
            });
            if start >= reached {
                let last = (START + MANY * MINUTE).min(end - 1);
                assert_eq!(bucket["total"], (last - start) / MINUTE + 1, "{bucket}");
                whole += 1;
            }
        }
        assert!(whole >= 13, "{whole}");
    }
}

#[tokio::test]
async fn a_jump_leads_to_the_rows_at_a_position_and_behind_it() {
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        let rows: Vec<_> = (1..=50).map(|id| row(caller.id, id)).collect();
        app.fill(&rows).await;
        let document = "query($position: ImportPosition!, $sort: [ImportSort!]) {
            importCursorAt(position: $position, sort: $sort) }";
        let at = |id: i64| rows[0].created_at.micros() + (id - 1) * 1_000_000;
        let text = |micros: i64, nanos: &str| {
            let text = instant(micros).to_string();
            format!("{}{nanos}Z", &text[..text.len() - 1])
        };
        for (position, sort, first) in [
            (json!({"createdAt": text(at(20), "")}), Json::Null, Some(20)),
            (json!({"createdAt": text(at(20), "001")}), Json::Null, Some(20)),
            (json!({"createdAt": text(at(20) - 1, "")}), Json::Null, Some(19)),
            (
                json!({"createdAt": text(at(20), "")}),
                json!([{"createdAt": "ASC"}]),
                Some(20),
            ),
            (
                json!({"createdAt": text(at(20), "001")}),
                json!([{"createdAt": "ASC"}]),
                Some(21),
            ),
            (
                json!({"updatedAt": text(at(20), "")}),
                json!([{"updatedAt": "ASC"}, {"id": "DESC"}]),
                Some(20),
            ),
            (json!({"id": "20"}), Json::Null, Some(20)),
            (json!({"id": "20"}), json!([{"id": "ASC"}]), Some(20)),
            (json!({"id": "9000"}), json!([{"id": "ASC"}]), None),
            (
                json!({"createdAt": "9999-12-31T23:59:59.999999Z"}),
                Json::Null,
                Some(50),
            ),
            (json!({"createdAt": "0001-01-01T00:00:00Z"}), Json::Null, None),
        ] {
            let variables = json!({"position": position, "sort": sort});
            let data = app.data(&caller.key, document, variables).await;
            let after = &data["importCursorAt"];
            let sort = if after.is_null() {
                &json!([{"createdAt": "DESC"}])
            } else {
                &Json::Null
            };
            let page = app
                .data(
                    &caller.key,
                    PAGE,
                    json!({"first": 1, "after": after, "sort": sort}),
                )
                .await;
            assert_eq!(
                ids(&page["imports"]["nodes"]).first().copied(),
                first,
                "{position} {sort}"
            );
        }
        for (query, first) in [
            (format!("start_at[created_at]={}", text(at(20), "")), Some(20)),
            (
                format!(
                    "start_at[created_at]={}&sort[created_at]=asc",
                    text(at(20), "001")
                ),
                Some(21),
            ),
            ("start_at[id]=20".to_owned(), Some(20)),
            ("start_at[id]=20&sort[id]=asc".to_owned(), Some(20)),
            ("start_at[created_at]=1970-01-01".to_owned(), None),
        ] {
            let (status, page) = rest(&app, &caller, &format!("/api/v1/imports?per_page=2&{query}")).await;
            assert_eq!(status, 200, "{page}");
            assert_eq!(page["records"][0]["id"].as_i64(), first, "{query}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_by_its_argument() {
    let app = TestApp::on(crate::databases::sqlite(), &[]).await;
    let caller = app.account("Acme").await;
    let long = "x".repeat(257);
    for (field, argument) in [
        (
            "imports(filter: {fileName: {contains: \"\"}}) { perPage }".to_owned(),
            "filter.fileName.contains",
        ),
        (
            format!("imports(filter: {{fileName: {{startsWith: \"{long}\"}}}}) {{ perPage }}"),
            "filter.fileName.startsWith",
        ),
        (
            "imports(filter: {type: {include: []}}) { perPage }".to_owned(),
            "filter.type.include",
        ),
        (
            "imports(filter: {status: {exclude: []}}) { perPage }".to_owned(),
            "filter.status.exclude",
        ),
        (
            format!(
                "imports(filter: {{type: {{exclude: [{}]}}}}) {{ perPage }}",
                "\"a\" ".repeat(251)
            ),
            "filter.type.exclude",
        ),
        (
            "importCounts(timeZone: \"Etc/Unknown\") { total }".to_owned(),
            "timeZone",
        ),
        ("importCounts(timeZone: \"\") { total }".to_owned(), "timeZone"),
        (
            "importCounts(by: DAY, from: \"2026-01-01T00:00:00Z\", to: \"2027-02-05T00:00:01Z\") { total }"
                .to_owned(),
            "by",
        ),
        (
            "importCursorAt(position: {id: 1}, sort: [{createdAt: ASC}])".to_owned(),
            "position",
        ),
    ] {
        let answer = app.query(&caller.key, &format!("{{ {field} }}"), json!({})).await;
        let body: Json = serde_json::from_slice(&answer.body).unwrap();
        let extensions = &body["errors"][0]["extensions"];
        assert_eq!(extensions["code"], "BAD_USER_INPUT", "{field}: {body}");
        assert_eq!(extensions["argument"], argument, "{field}");
    }
    for field in [
        "imports(filter: {fileName: {}}) { perPage }",
        "imports(filter: {fileName: {contains: null}}) { perPage }",
        "imports(filter: {fileName: {contains: \"a\", startsWith: \"a\"}}) { perPage }",
        "imports(filter: {isCompleted: \"true\"}) { perPage }",
        "importCounts(by: YEAR) { total }",
        "importCounts(timeZone: null) { total }",
        "importCursorAt(position: {})",
    ] {
        let answer = app.query(&caller.key, &format!("{{ {field} }}"), json!({})).await;
        assert_eq!(answer.codes(), ["GRAPHQL_VALIDATION_FAILED"], "{field}");
    }
    // 400 days and no more; and NUL, which no text has.
    for field in [
        "importCounts(by: DAY, from: \"2026-01-01T00:00:00Z\", to: \"2027-02-05T00:00:00Z\") { total }",
        "imports(filter: {fileName: {contains: \"a\\u0000\"}}) { nodes { id } }",
        "imports(filter: {type: {include: [\"\\u0000\"]}}) { nodes { id } }",
        "imports(filter: {type: {exclude: [\"\\u0000\"]}}) { nodes { id } }",
    ] {
        let data = app.data(&caller.key, &format!("{{ {field} }}"), json!({})).await;
        assert!(data.is_object(), "{field}");
    }
}
