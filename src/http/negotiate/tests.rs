//! What each `Accept` gets.

use super::*;

#[track_caller]
fn check(accept: &[&'static str], expected: Result<MediaType, NotAcceptable>) {
    let values: Vec<_> = accept.iter().map(|text| HeaderValue::from_static(text)).collect();
    assert_eq!(graphql(&values), expected, "{accept:?}");
}

const RESPONSE: Result<MediaType, NotAcceptable> = Ok(MediaType::GraphqlResponse);
const JSON: Result<MediaType, NotAcceptable> = Ok(MediaType::Json);
const NEITHER: Result<MediaType, NotAcceptable> = Err(NotAcceptable);

#[test]
fn a_client_that_names_no_type_gets_json() {
    check(&[], JSON);
    check(&[""], JSON);
    check(&["*/*"], JSON);
    check(&["application/*"], JSON);
    check(&["text/html, */*;q=0.8"], JSON);
}

#[test]
fn a_named_type_is_served() {
    check(&["application/json"], JSON);
    check(&["application/graphql-response+json"], RESPONSE);
    check(&["Application/GraphQL-Response+JSON"], RESPONSE);
    check(&["text/html, application/json"], JSON);
}

#[test]
fn the_newer_type_wins_a_tie_only_where_it_is_named() {
    check(&["application/json, application/graphql-response+json"], RESPONSE);
    check(&["application/graphql-response+json, */*"], RESPONSE);
    check(&["application/json, */*"], JSON);
    check(&["application/json, application/*"], JSON);
}

#[test]
fn preferences_decide() {
    check(
        &["application/json, application/graphql-response+json;q=0.9"],
        JSON,
    );
    check(
        &["application/json;q=0.9, application/graphql-response+json"],
        RESPONSE,
    );
    check(
        &["application/json;q=0.5, application/graphql-response+json;q=0.501"],
        RESPONSE,
    );
    check(&["application/json;q=0.5, */*"], RESPONSE);
    check(&["application/graphql-response+json;q=0.5, */*"], JSON);
}

#[test]
fn the_most_specific_entry_decides_wherever_it_stands() {
    check(&["*/*, application/json;q=0"], RESPONSE);
    check(&["application/json;q=0, */*"], RESPONSE);
    check(&["application/*;q=0, */*"], NEITHER);
    check(
        &["application/*;q=0.1, application/graphql-response+json;q=0, */*"],
        JSON,
    );
    check(&["*/*;q=0, application/json;q=0.001"], JSON);
}

#[test]
fn a_client_that_takes_neither_is_told_so() {
    check(&["text/html"], NEITHER);
    check(&["*/*;q=0"], NEITHER);
    check(&["application/json;q=0.000"], NEITHER);
    check(&["text/*, image/png"], NEITHER);
    check(
        &["application/json;q=0, application/graphql-response+json;q=0"],
        NEITHER,
    );
}

#[test]
fn an_event_stream_is_for_who_names_it_and_wants_it_more_than_json() {
    const STREAM: Result<MediaType, NotAcceptable> = Ok(MediaType::EventStream);
    for (accept, expected, takes_streams) in [
        ("text/event-stream", STREAM, true),
        ("Text/Event-Stream; charset=utf-8", STREAM, true),
        ("text/event-stream, application/json;q=0.9", STREAM, true),
        ("text/event-stream, application/json", JSON, true),
        (
            "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
            RESPONSE,
            true,
        ),
        ("text/event-stream, */*", JSON, true),
        ("text/event-stream;q=0, application/json", JSON, false),
        ("text/event-stream;q=0", NEITHER, false),
        ("text/event-stream;charset=utf-16", NEITHER, false),
        ("text/*", NEITHER, false),
        ("*/*", JSON, false),
        ("", JSON, false),
    ] {
        check(&[accept], expected);
        let value = HeaderValue::from_static(accept);
        assert_eq!(takes_event_streams([&value]), takes_streams, "{accept}");
    }
}

#[test]
fn several_headers_are_one_list() {
    check(&["text/html", "application/graphql-response+json"], RESPONSE);
    check(
        &[
            "application/json;q=0.2",
            "application/graphql-response+json;q=0.1",
        ],
        JSON,
    );
}

#[test]
fn utf8_is_the_only_charset() {
    check(&["application/json; charset=utf-8"], JSON);
    check(&["application/graphql-response+json;charset=\"UTF-8\""], RESPONSE);
    check(&["application/json; charset=utf-16"], NEITHER);
    check(
        &["application/json; charset=iso-8859-1, application/graphql-response+json"],
        RESPONSE,
    );
    check(
        &["application/json; charset=iso-8859-1, application/json;q=0.5"],
        JSON,
    );
}

#[test]
fn malformed_entries_are_as_if_absent() {
    check(&["application/graphql-response+json;q=2, application/json"], JSON);
    check(
        &["application/graphql-response+json;q=0.1234, application/json"],
        JSON,
    );
    check(
        &["application/graphql-response+json;q=-1, application/json"],
        JSON,
    );
    check(&["application, /json, */json, application/json"], JSON);
    check(&["json"], JSON);
    check(&[",,;,"], JSON);
    check(&["a b/c, text/html"], NEITHER);
}

#[test]
fn a_quoted_comma_does_not_end_an_entry() {
    check(&["text/html;p=\"a, application/json\""], NEITHER);
    check(&["text/html;p=\"\\\", application/json\""], NEITHER);
    check(&["text/html;p=\"x\", application/json"], JSON);
}

#[test]
fn other_parameters_are_ignored() {
    check(
        &["multipart/mixed;deferSpec=20220824, application/graphql-response+json;v=1;q=0.9"],
        RESPONSE,
    );
    check(&["application/json;q=0.4;ext=1"], JSON);
}

#[test]
fn every_quality_of_the_grammar_is_read_exactly() {
    for (text, expected) in [
        ("0", Some(0)),
        ("1", Some(1000)),
        ("0.", Some(0)),
        ("1.", Some(1000)),
        ("0.5", Some(500)),
        ("0.05", Some(50)),
        ("0.005", Some(5)),
        ("1.000", Some(1000)),
        ("1.001", None),
        ("2", None),
        ("", None),
        (".5", None),
        ("0.0005", None),
        ("00", None),
    ] {
        assert_eq!(thousandths(text), expected, "{text:?}");
    }
}

#[test]
fn json_only_answers_know_whether_they_are_welcome() {
    let values = |text| [HeaderValue::from_static(text)];
    assert_eq!(json(&values("application/*")), Ok(()));
    assert_eq!(json(&values("text/html")), Err(NotAcceptable));
    assert_eq!(json([]), Ok(()));
}
