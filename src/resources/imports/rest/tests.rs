//! Tables of query strings, and laws over any.

use entity::{ImportStatus, Instant, imports};
use keyset::{Direction, Key, Range, Value};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::json;

use super::*;
use crate::list::Listing;
use crate::resources::imports::sort;
use crate::store::imports::Column;

fn asked(query: &str) -> Question {
    parse(Some(query)).unwrap_or_else(|faults| panic!("{query:?}: {faults:?}"))
}

/// The parameters that are at fault.
fn blamed(query: &str) -> Vec<String> {
    let faults = parse(Some(query)).expect_err(query);
    faults.iter().map(|(parameter, _)| parameter.to_owned()).collect()
}

fn message(query: &str) -> String {
    let faults = parse(Some(query)).expect_err(query);
    let messages: Vec<_> = faults.iter().flat_map(|(_, messages)| messages).collect();
    assert_eq!(messages.len(), 1, "{query:?}: {faults:?}");
    messages[0].to_string()
}

fn echo(question: &Question) -> (serde_json::Value, serde_json::Value) {
    (json!(question.filtered_by), json!(question.sorted_by))
}

fn import() -> imports::Model {
    let instant = |micros| Instant::from_micros(micros).unwrap();
    imports::Model {
        account_id: 1,
        id: 1_240_000_001,
        completed_at: Some(instant(1_777_636_800_123_456)),
        file_name: "vehicles \"2\".csv".to_owned(),
        file_size: 20_480,
        note: None,
        kind: "VehicleImport".to_owned(),
        status: ImportStatus::PartiallyComplete,
        created_at: instant(1_777_636_740_000_000),
        updated_at: instant(1_777_636_800_123_456),
    }
}

/// The cursor of one import under these keys.
fn cursor(keys: &[(Column, Direction)]) -> String {
    let keys: Vec<_> = keys
        .iter()
        .map(|(column, direction)| Key {
            column: *column,
            direction: *direction,
        })
        .collect();
    keyset::encode(&sort::order(&keys).unwrap().position(&import()))
}

#[test]
fn nothing_asked_is_the_newest_fifty() {
    for query in [
        None,
        Some(""),
        Some("&&"),
        Some("start_cursor="),
        Some("start_cursor=+%20"),
    ] {
        let question = parse(query).unwrap();
        assert_eq!(question.filter, keyset::Filter::default());
        assert_eq!((question.window.size(), question.cost()), (50, 60));
        assert_eq!(question.window.order().keys(), [Column::TIE_BREAK]);
        assert_eq!(echo(&question), (json!([]), json!([{"id": "desc"}])));
    }
}

#[test]
fn parameters_that_are_none_of_ours_are_passed_over() {
    for query in [
        "page=2",
        "q=x",
        "page[number]=2&page[size]=10",
        "Filter[status][include]=nonsense",
        "filters[status]=x",
        "limit=0",
        "filter.status=new",
        "[filter]=x",
        "=",
        "SORT[id]=up",
        "per-page=1000",
    ] {
        assert_eq!(parse(Some(query)), parse(None), "{query:?}");
    }
}

#[test]
fn a_parameter_at_fault_is_named_as_it_stands_in_the_query_string() {
    let invalid = format!("start_cursor={}", &cursor(&[])[1..]);
    for (query, expected) in [
        ("per_page=", "per_page"),
        ("per_page", "per_page"),
        ("per_page=1", "per_page"),
        ("per_page=101", "per_page"),
        ("per_page=0", "per_page"),
        ("per_page=-5", "per_page"),
        ("per_page=+50", "per_page"),
        ("per_page=%2B50", "per_page"),
        ("per_page=50.0", "per_page"),
        ("per_page=5e1", "per_page"),
        ("per_page=abc", "per_page"),
        ("per_page=99999999999999999999", "per_page"),
        ("per_page=%D9%A5%D9%A0", "per_page"),
        ("per_page[]=50", "per_page[]"),
        ("per_page=50&per_page=50", "per_page"),
        ("start_cursor=abc", "start_cursor"),
        ("start_cursor=12345", "start_cursor"),
        (&invalid, "start_cursor"),
        ("start_cursor[]=", "start_cursor[]"),
        ("start_cursor=&start_cursor=", "start_cursor"),
        ("start_cursor=%00", "start_cursor"),
        ("start_cursor=%zz", "start_cursor"),
        ("q[status]=new", "q[status]"),
        ("q%5B%5D=", "q[]"),
        ("q[", "q["),
        ("filter", "filter"),
        ("filter=x", "filter"),
        ("filter[]=x", "filter[]"),
        ("filter[=x", "filter["),
        ("filter[status]=failed", "filter[status]"),
        ("filter[status][]=failed", "filter[status][]"),
        ("filter[status][include=failed", "filter[status][include"),
        ("filter[status][include]]=failed", "filter[status][include]]"),
        ("filter[status]include]=failed", "filter[status]include]"),
        ("filter[status][include][]=failed", "filter[status][include][]"),
        ("filter[status][exclude]=failed", "filter[status][exclude]"),
        ("filter[status][include]=", "filter[status][include]"),
        ("filter[status][include]=,", "filter[status][include]"),
        ("filter[status][include]=failed,", "filter[status][include]"),
        ("filter[status][include]=failed,+,new", "filter[status][include]"),
        ("filter[status][include]=Failed", "filter[status][include]"),
        ("filter[status][include]=failed;new", "filter[status][include]"),
        (
            "filter[status][include]=partially complete",
            "filter[status][include]",
        ),
        (
            "filter[status][include]=new&filter[status][include]=new",
            "filter[status][include]",
        ),
        (
            "filter[status][include]=new&filter%5Bstatus%5D%5Binclude%5D=new",
            "filter[status][include]",
        ),
        ("filter[id][gt]=1", "filter[id][gt]"),
        ("filter[completed_at][lt]=2026-05-01", "filter[completed_at][lt]"),
        ("filter[createdAt][lt]=2026-05-01", "filter[createdAt][lt]"),
        ("filter[created_at][eq]=2026-05-01", "filter[created_at][eq]"),
        ("filter[created_at][LT]=2026-05-01", "filter[created_at][LT]"),
        (
            "filter[created_at][include]=2026-05-01",
            "filter[created_at][include]",
        ),
        ("filter[created_at]=2026-05-01", "filter[created_at]"),
        ("filter[created_at][lt]=", "filter[created_at][lt]"),
        ("filter[updated_at][gte]=yesterday", "filter[updated_at][gte]"),
        (
            "filter[created_at][lt]=2026-05-01&filter[created_at][lt]=2026-05-02",
            "filter[created_at][lt]",
        ),
        ("sort=id", "sort"),
        ("sort[]=id", "sort[]"),
        ("sort[status]=asc", "sort[status]"),
        ("sort[account_id]=asc", "sort[account_id]"),
        ("sort[id][x]=asc", "sort[id][x]"),
        ("sort[id]=", "sort[id]"),
        ("sort[id]=ASC", "sort[id]"),
        ("sort[id]=up", "sort[id]"),
        ("sort[id]=asc&sort[created_at]=asc&sort[id]=asc", "sort[id]"),
        ("page=%ff", "page"),
        ("pa%00ge=1", "pa%00ge"),
    ] {
        assert_eq!(blamed(query), [expected], "{query:?}");
    }
}

#[test]
fn a_message_says_what_would_be_right_and_never_what_came_in() {
    for (query, part) in [
        ("per_page=sesame", "from 2 to 100"),
        (
            "filter[status][include]=sesame",
            "new, queued, processing, partially_complete, failed, complete, incomplete",
        ),
        ("filter[created_at][lt]=sesame", "2026-05-01T12:00:00.123456Z"),
        ("filter[created_at][lt]=2026-02-30", "a day that exists"),
        ("sort[id]=sesame", "asc or desc"),
        ("sort[sesame]=asc", "id, created_at and updated_at"),
        ("start_cursor=sesame", "is no cursor"),
        ("q[x]=sesame", "filter[field][operator]"),
        ("per_page=2&per_page=sesame", "twice"),
    ] {
        let message = message(query);
        assert!(
            message.contains(part) && !message.contains("sesame"),
            "{query:?}: {message}"
        );
    }
}

#[test]
fn all_faults_are_reported_together_but_no_more_than_ten_parameters() {
    let query = "sort[id]=up&per_page=1&filter[x][y]=z&per_page=2&filter[status][include]=new&start_cursor=x";
    assert_eq!(
        blamed(query),
        ["sort[id]", "per_page", "filter[x][y]", "start_cursor"]
    );
    let faults = serde_json::to_value(parse(Some("per_page=1&per_page=2&sort=x")).unwrap_err()).unwrap();
    let size = "must be a whole number from 2 to 100";
    let expected = json!({
        "per_page": [size, "must not be given twice"],
        "sort": ["must have the form sort[field]"],
    });
    assert_eq!(faults, expected);
    let many: String = (0..5_000).map(|number| format!("q[{number}]&")).collect();
    assert_eq!(blamed(&many).len(), 10);
}

#[test]
fn statuses_are_a_set_and_echoed_as_they_came() {
    let include = |list: &str| asked(&format!("filter[status][include]={list}"));
    let names = |question: &Question| question.filter.one_of.clone().map(|(_, values)| values);
    for (list, decoded, expected) in [
        ("failed", "failed", vec!["failed"]),
        ("failed,complete", "failed,complete", vec!["failed", "complete"]),
        (
            "+failed+,%20complete,failed",
            " failed , complete,failed",
            vec!["failed", "complete"],
        ),
        (
            "rolled%5Fback%2Cnew",
            "rolled_back,new",
            vec!["rolled_back", "new"],
        ),
    ] {
        let question = include(list);
        let expected: Vec<_> = expected.into_iter().map(Value::Name).collect();
        assert_eq!(names(&question), Some(expected), "{list}");
        assert_eq!(echo(&question).0, json!([{"status": {"include": decoded}}]));
    }
    let all = include(&ImportStatus::ALL.map(ImportStatus::name).join(","));
    assert_eq!(all.filter, keyset::Filter::default());
    assert_eq!(all.filtered_by.len(), 1);
}

#[test]
fn bounds_are_anded_and_echoed_in_the_order_of_the_query() {
    let question = asked(
        "filter[created_at][lt]=2026-05-02&sort[id]=asc&filter[updated_at][gt]=1970-01-01T00:00:00.000001999Z\
         &filter[status][include]=new&filter[created_at][gte]=2026-05-01+00:00:00&filter[created_at][lte]=2026-05-01",
    );
    let day = 86_400_000_000;
    let first = 20_574 * day;
    let range = |column, from, until: Option<i64>| Range {
        column,
        from: Some(Value::Instant(from)),
        until: until.map(Value::Instant),
    };
    let expected = [
        range(Column::CreatedAt, first, Some(first + 1)),
        range(Column::UpdatedAt, 2, None),
    ];
    assert_eq!(question.filter.ranges, expected);
    let expected = json!([
        {"created_at": {"lt": "2026-05-02"}},
        {"updated_at": {"gt": "1970-01-01T00:00:00.000001999Z"}},
        {"status": {"include": "new"}},
        {"created_at": {"gte": "2026-05-01 00:00:00"}},
        {"created_at": {"lte": "2026-05-01"}},
    ]);
    assert_eq!(echo(&question).0, expected);
}

#[test]
fn a_plus_that_was_not_encoded_is_still_an_offset() {
    let plain = asked("filter[created_at][lt]=2026-05-01T12:00:00+02:00");
    let encoded = asked("filter[created_at][lt]=2026-05-01T12:00:00%2B02:00");
    assert_eq!(plain.filter, encoded.filter);
    assert_eq!(
        plain.filter,
        asked("filter[created_at][lt]=2026-05-01T10:00:00Z").filter
    );
}

#[test]
fn a_range_that_nothing_can_meet_is_no_fault() {
    let question = asked("filter[created_at][lt]=2026-05-01&filter[created_at][gt]=2026-05-02");
    assert!(question.filter.is_contradictory());
}

#[test]
fn without_a_sort_the_cursor_brings_its_own() {
    use Direction::{Asc, Desc};
    for (keys, sorted_by) in [
        (vec![], json!([{"id": "desc"}])),
        (vec![(Column::Id, Asc)], json!([{"id": "asc"}])),
        (vec![(Column::UpdatedAt, Asc)], json!([{"updated_at": "asc"}])),
        (
            vec![(Column::UpdatedAt, Asc), (Column::Id, Desc)],
            json!([{"updated_at": "asc"}, {"id": "desc"}]),
        ),
        (
            vec![(Column::CreatedAt, Asc), (Column::UpdatedAt, Desc)],
            json!([{"created_at": "asc"}, {"updated_at": "desc"}]),
        ),
    ] {
        let question = asked(&format!("per_page=7&start_cursor={}", cursor(&keys)));
        assert_eq!(echo(&question).1, sorted_by);
        assert_eq!(question.window.size(), 7);
        let order = question.window.order();
        let position = Some(order.position(&import()));
        assert_eq!(
            question.window,
            keyset::Window::starting_at(order.clone(), position, 7)
        );
    }
}

#[test]
fn a_sort_beside_a_cursor_must_be_the_cursors_order() {
    use Direction::{Asc, Desc};
    let by_creation = cursor(&[(Column::CreatedAt, Desc)]);
    let same = asked(&format!(
        "start_cursor={by_creation}&sort[created_at]=desc&sort[id]=desc"
    ));
    let expected = json!([{"created_at": "desc"}, {"id": "desc"}]);
    assert_eq!(echo(&same).1, expected);
    asked(&format!(
        "sort[id]=asc&sort[created_at]=desc&start_cursor={}",
        cursor(&[(Column::Id, Asc)])
    ));
    for sort in [
        "sort[created_at]=asc",
        "sort[id]=desc",
        "sort[created_at]=desc&sort[id]=asc",
    ] {
        let query = format!("{sort}&start_cursor={by_creation}");
        assert_eq!(blamed(&query), ["start_cursor"]);
        assert!(message(&query).contains("another sort"), "{query}");
    }
}

#[test]
fn a_page_is_written_as_documented() {
    let question = asked("filter[status][include]=failed,complete");
    let mut next = import();
    next.id = 3;
    let listing = Listing {
        rows: vec![import()],
        beyond: Some(next.clone()),
        count: 500,
        ..Listing::default()
    };
    let at = |import| keyset::encode(&question.window.order().position(import));
    let expected = format!(
        "{{\"start_cursor\":\"{}\",\"next_cursor\":\"{}\",\"per_page\":50,\"estimated_remaining_count\":500,\
         \"filtered_by\":[{{\"status\":{{\"include\":\"failed,complete\"}}}}],\"sorted_by\":[{{\"id\":\"desc\"}}],\
         \"records\":[{{\"id\":1240000001,\"completed_at\":\"2026-05-01T12:00:00.123456Z\",\
         \"file_name\":\"vehicles \\\"2\\\".csv\",\"file_size\":\"20480\",\"note\":null,\"type\":\"VehicleImport\",\
         \"status\":\"partially_complete\",\"created_at\":\"2026-05-01T11:59:00.000000Z\",\
         \"updated_at\":\"2026-05-01T12:00:00.123456Z\"}}]}}",
        at(&import()),
        at(&next),
    );
    assert_eq!(
        String::from_utf8(json(&Page::new(&question, &listing))).unwrap(),
        expected
    );
    let page = serde_json::to_value(Page::new(&question, &Listing::default())).unwrap();
    assert_eq!(
        (&page["start_cursor"], &page["next_cursor"]),
        (&json!(null), &json!(null))
    );
    let unfinished = imports::Model {
        completed_at: None,
        note: Some("x".to_owned()),
        ..import()
    };
    let record = serde_json::to_value(Record::from(&unfinished)).unwrap();
    assert_eq!(
        (&record["completed_at"], &record["note"]),
        (&json!(null), &json!("x"))
    );
}

/// Every byte that can be, some of the rest at random, written as an escape.
fn escaped(text: &str, choices: &mut impl Iterator<Item = bool>) -> String {
    let mut written = String::new();
    for byte in text.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"_-.:,[]".contains(&byte);
        if is_plain && choices.next().unwrap_or_default() {
            written.push(char::from(byte));
        } else if byte == b' ' && choices.next().unwrap_or_default() {
            written.push('+');
        } else {
            written.push_str(&format!("%{byte:02x}"));
        }
    }
    written
}

fn instant_text() -> impl Strategy<Value = String> {
    let micros = Instant::MIN.micros()..=Instant::MAX.micros();
    (micros, 0_u8..4).prop_map(|(micros, form)| {
        let text = Instant::from_micros(micros).unwrap().to_string();
        match form {
            0 => text,
            1 => text[..10].to_owned(),
            2 => text[..19].replace('T', " "),
            _ => text.replace('Z', "+00:00"),
        }
    })
}

/// Names and values of a sound query string, in any order, each name once.
fn sound_pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let mut names = Vec::new();
    for field in ["created_at", "updated_at"] {
        names.extend(["lt", "lte", "gt", "gte"].map(|operator| format!("filter[{field}][{operator}]")));
    }
    let count = names.len();
    let bounds = subsequence(names, 0..=count).prop_flat_map(|names| {
        names
            .into_iter()
            .map(|name| (Just(name), instant_text()))
            .collect::<Vec<_>>()
    });
    let sorts = subsequence(Column::SORTABLE.to_vec(), 0..=3).prop_flat_map(|columns| {
        let pair = |column: Column| {
            let direction = select(vec!["asc".to_owned(), "desc".to_owned()]);
            (Just(format!("sort[{}]", column.name())), direction)
        };
        columns.into_iter().map(pair).collect::<Vec<_>>()
    });
    let statuses = subsequence(ImportStatus::ALL.to_vec(), 1..=10).prop_map(|statuses| {
        statuses
            .into_iter()
            .map(ImportStatus::name)
            .collect::<Vec<_>>()
            .join(" , ")
    });
    let statuses =
        proptest::option::of(statuses.prop_map(|list| ("filter[status][include]".to_owned(), list)));
    let size = proptest::option::of(PER_PAGE.prop_map(|size| ("per_page".to_owned(), size.to_string())));
    (bounds, sorts, statuses, size)
        .prop_map(|(bounds, sorts, statuses, size)| {
            bounds
                .into_iter()
                .chain(sorts)
                .chain(statuses)
                .chain(size)
                .collect::<Vec<_>>()
        })
        .prop_shuffle()
}

/// What a question says of itself, as pairs again, in the order of filters, sort keys, size.
fn formatted(question: &Question) -> Vec<(String, String)> {
    let (filtered_by, sorted_by) = echo(question);
    let mut pairs = Vec::new();
    for (field, operators) in filtered_by
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one.as_object().unwrap())
    {
        for (operator, value) in operators.as_object().unwrap() {
            pairs.push((
                format!("filter[{field}][{operator}]"),
                value.as_str().unwrap().to_owned(),
            ));
        }
    }
    for (field, direction) in sorted_by
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one.as_object().unwrap())
    {
        pairs.push((format!("sort[{field}]"), direction.as_str().unwrap().to_owned()));
    }
    pairs.push(("per_page".to_owned(), question.window.size().to_string()));
    pairs
}

proptest! {
    #[test]
    fn a_sound_query_string_says_what_its_question_echoes(
        pairs in sound_pairs(),
        choices in proptest::collection::vec(any::<bool>(), 64),
    ) {
        let mut choices = choices.into_iter().cycle();
        let mut write = |pairs: &[(String, String)]| {
            let one = |(name, value): &(String, String)| {
                format!("{}={}", escaped(name, &mut choices), escaped(value, &mut choices))
            };
            pairs.iter().map(one).collect::<Vec<_>>().join("&")
        };
        let question = parse(Some(&write(&pairs)));
        prop_assert!(question.is_ok(), "{:?}", question);
        let question = question.unwrap();
        let said = formatted(&question);
        let of = |pairs: &[(String, String)], kind: &str| -> Vec<_> {
            pairs.iter().filter(|(name, _)| name.starts_with(kind)).cloned().collect()
        };
        prop_assert_eq!(of(&said, "filter"), of(&pairs, "filter"));
        if !of(&pairs, "sort").is_empty() {
            prop_assert_eq!(of(&said, "sort"), of(&pairs, "sort"));
        }
        prop_assert_eq!(parse(Some(&write(&said))), Ok(question));
    }

    #[test]
    fn no_bytes_panic(
        data in proptest::collection::vec(any::<u8>(), 0..200),
        near in "((filter|sort|q|per_page|start_cursor)(\\[(status|created_at|id|[a-z%\\[\\]]{0,3})\\]){0,3}(=[a-z0-9%+:,é\u{0}-]{0,20})?&?){0,6}",
    ) {
        let _ = (fuzz_query(&data), fuzz_query(near.as_bytes()));
    }

    #[test]
    fn a_damaged_cursor_is_refused(at in 0_usize..50, bit in 0_u32..7) {
        let sound = cursor(&[(Column::CreatedAt, Direction::Asc)]);
        let mut bytes = sound.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let damaged = String::from_utf8(bytes).unwrap();
        let query = format!("start_cursor={}", escaped(&damaged, &mut std::iter::empty()));
        prop_assert_eq!(blamed(&query), ["start_cursor"]);
    }
}

#[test]
fn the_fuzz_body_reaches_the_end_for_a_sound_query_string() {
    assert!(fuzz_query(b"filter[status][include]=new&per_page=2"));
    assert!(!fuzz_query(b"per_page=1"));
    assert!(!fuzz_query(b"\xff"));
}
