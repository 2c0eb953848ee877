//! Which parameter is at fault, and what is said of it.

use keyset::Direction;
use serde_json::json;

use super::{MOST_ITEMS, asked, blamed, cursor, echo, message, parse};
use crate::resources::imports::Column;

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
        ("filter[status][include][x]=failed", "filter[status][include][x]"),
        (
            "filter[status][include][-1]=failed",
            "filter[status][include][-1]",
        ),
        (
            "filter[status][include][0][]=failed",
            "filter[status][include][0][]",
        ),
        ("filter[status][include][]=", "filter[status][include][]"),
        ("filter[status][include][0]=", "filter[status][include][0]"),
        ("filter[status][include][0]=Failed", "filter[status][include][0]"),
        ("filter[created_at][lt][]=2026-05-01", "filter[created_at][lt][]"),
        ("filter[status][exclude]=nobody", "filter[status][exclude]"),
        (
            "filter[status][include]=new&filter[status][exclude]=failed",
            "filter[status][exclude]",
        ),
        ("filter[type][include]=", "filter[type][include]"),
        ("filter[type][exclude]=a,,b", "filter[type][exclude]"),
        ("filter[type][contains]=a", "filter[type][contains]"),
        ("filter[file_name][contains]=", "filter[file_name][contains]"),
        ("filter[file_name][include]=a", "filter[file_name][include]"),
        (
            "filter[file_name][contains]=a&filter[file_name][starts_with]=b",
            "filter[file_name][starts_with]",
        ),
        (
            "filter[file_name][contains]=a&filter[file_name][contains]=b",
            "filter[file_name][contains]",
        ),
        ("filter[is_completed]=yes", "filter[is_completed]"),
        ("filter[is_completed][eq]=true", "filter[is_completed][eq]"),
        ("start_at=2026-05-01", "start_at"),
        ("start_at[type]=a", "start_at[type]"),
        ("start_at[id]=a", "start_at[id]"),
        ("start_at[id]=1&sort[created_at]=asc", "start_at[id]"),
        (
            "start_at[id]=1&start_at[created_at]=2026-05-01",
            "start_at[created_at]",
        ),
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
            "filter[status][include]=new&filter[status][include]=",
            "filter[status][include]",
        ),
        (
            "filter[status][include]=new&filter%5Bstatus%5D%5Binclude%5D=x",
            "filter[status][include]",
        ),
        ("filter[id][gt]=1", "filter[id][gt]"),
        ("filter[completed_at][lt]=May", "filter[completed_at][lt]"),
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
fn a_name_that_begins_like_ours_and_is_none_is_refused() {
    for name in [
        "filter.status.include",
        "filter_status",
        "filter:status",
        "filters[status][include]",
        "filter%255Bstatus%255D%255Binclude%255D",
        "filter%20[status][include]",
        "%20filter[status][include]",
        "Filter[status][include]",
        "FILTER",
        "sort.created_at",
        "sort%255Bid%255D",
        "SORT[id]",
        "sorts[]",
        "per_page_size",
        "per_page%5B",
        "start_cursors",
        "start_cursor%20",
    ] {
        let query = format!("{name}=failed");
        let message = message(&query);
        let is_ours = name == "per_page%5B";
        let part = if is_ours {
            "without brackets"
        } else {
            "filter[field][operator]"
        };
        assert!(message.contains(part), "{query:?}: {message}");
    }
}

#[test]
fn a_position_under_the_name_of_another_api_is_refused_with_ours() {
    for name in [
        "cursor",
        "after",
        "page",
        "offset",
        "next_cursor",
        "page_token",
        "Cursor",
        "nextCursor",
        "Start_Cursor",
        "pageToken",
        "startCursor",
        "page[number]",
        "page%5Bcursor%5D",
        "next-page",
        "pageNumber",
        "starting_after",
        "before",
        "end_cursor",
        "ending_before",
        "marker",
        "previous_cursor",
        "scroll_id",
        "start_after",
        "startAt",
        "skip",
    ] {
        let message = message(&format!("{name}=2"));
        assert!(message.contains("as start_cursor"), "{name}: {message}");
    }
}

#[test]
fn a_size_or_a_sort_under_another_name_is_refused_with_ours() {
    for (names, right) in [
        (
            &[
                "perPage",
                "per-page",
                "PerPage",
                "PER_PAGE",
                "perpage",
                "pageSize",
                "page_size",
                "page-size",
                "limit",
                "Limit",
                "first",
                "last",
                "size",
                "top",
                "take",
                "max_results",
                "maxResults",
            ][..],
            "is per_page",
        ),
        (
            &[
                "order_by",
                "orderBy",
                "order-by",
                "order",
                "ordering",
                "sortBy",
                "sort_by",
                "sort-by",
                "SortBy",
                "sortOrder",
                "sort_direction",
                "order[created_at]",
            ],
            "sort[field]=asc or desc",
        ),
        (
            &[
                "perPageSize",
                "per-page%5B0%5D%5B",
                "Filter",
                "filters",
                "sorts",
                "start-cursors",
            ],
            "",
        ),
    ] {
        for name in names {
            let message = message(&format!("{name}=2"));
            assert!(message.contains(right), "{name}: {message}");
            assert!(message.contains("is no parameter"), "{name}: {message}");
        }
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
fn a_list_may_have_so_many_elements_and_no_more() {
    let list = |elements: usize| format!("filter[status][include]={}", vec!["new"; elements].join(","));
    assert!(asked(&list(MOST_ITEMS)).filter.one_of.is_some());
    assert_eq!(blamed(&list(MOST_ITEMS + 1)), ["filter[status][include]"]);
    assert!(message(&list(2_000)).contains("at most 250"));
    let parts = |parts: usize| vec!["filter[status][include][]=new"; parts].join("&");
    assert!(asked(&parts(MOST_ITEMS)).filter.one_of.is_some());
    assert!(message(&parts(MOST_ITEMS + 1)).contains("at most 250"));
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
