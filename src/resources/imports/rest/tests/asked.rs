//! What sound query strings mean, and how their answers are written.

use entity::{ImportStatus, imports};
use keyset::{Direction, Range, Value};
use serde_json::json;

use super::{asked, cursor, echo, import, parse};
use crate::list::Listing;
use crate::resources::imports::Column;
use crate::resources::imports::rest::{Page, Question, Record, json as written};
use crate::store::query::table::Column as _;

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
        "q=x",
        "pages=2",
        "my_filter[status]=new",
        "[filter]=x",
        "=",
        "count=10",
        "orders=1",
        "utm_source=x",
        "_=1790000000",
    ] {
        assert_eq!(parse(Some(query)), parse(None), "{query:?}");
    }
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
fn a_list_may_come_in_several_parameters_in_the_forms_that_clients_write() {
    let expected: Vec<_> = ["failed", "new", "complete"].map(Value::Name).into();
    for query in [
        "filter[status][include]=failed,new,complete",
        "filter[status][include]=failed&filter[status][include]=new&filter[status][include]=complete",
        "filter[status][include]=failed,new&filter[status][include]=complete",
        "filter[status][include]=failed&filter%5Bstatus%5D%5Binclude%5D=new,complete",
        "filter[status][include][]=failed&filter[status][include][]=new&filter[status][include][]=complete",
        "filter%5Bstatus%5D%5Binclude%5D%5B%5D=failed&filter[status][include][]=new,complete",
        "filter[status][include][0]=failed&filter[status][include][1]=new&filter[status][include][2]=complete",
        "filter[status][include][7]=failed&filter[status][include][7]=new&filter[status][include][07]=complete",
        "filter[status][include]=failed&filter[status][include][]=new&filter[status][include][0]=complete",
        "filter[status][include][]=failed&per_page=50&filter[status][include][]=new&&filter[status][include]=complete",
    ] {
        let question = asked(query);
        let names = question.filter.one_of.clone().map(|(_, values)| values);
        assert_eq!(names, Some(expected.clone()), "{query}");
        let filtered_by = json!([{"status": {"include": "failed,new,complete"}}]);
        assert_eq!(echo(&question).0, filtered_by, "{query}");
    }
    let same = asked("filter[status][include]=new&filter[status][include]=new");
    assert_eq!(same.filter.one_of.unwrap().1, [Value::Name("new")]);
    // Its echo stands where its first part does.
    let question =
        asked("filter[status][include]=new&filter[created_at][lt]=2026-05-01&filter[status][include]=failed");
    let expected = json!([{"status": {"include": "new,failed"}}, {"created_at": {"lt": "2026-05-01"}}]);
    assert_eq!(echo(&question).0, expected);
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
    let compact = asked("filter[created_at][lt]=2026-05-01T12:00:00+0200");
    assert_eq!(plain.filter, compact.filter);
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
            keyset::PageRequest::starting_at(order.clone(), position, 7)
        );
    }
}

#[test]
fn a_page_is_written_as_documented() {
    let question = asked("filter[status][include]=failed,complete");
    let mut next = import();
    next.id = 3;
    let listing = Listing {
        rows: vec![import()],
        lookahead: Some(next.clone()),
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
        String::from_utf8(written(&Page::new(&question, &listing))).unwrap(),
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
    let record = serde_json::to_value(Record(&unfinished)).unwrap();
    assert_eq!(
        (&record["completed_at"], &record["note"]),
        (&json!(null), &json!("x"))
    );
}
