//! What `graphql_request` promises.

use axum::http::HeaderValue;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const DEPTH: usize = 16;

/// What is no JSON, or no query string.
#[track_caller]
fn refused(decoded: Result<GraphqlRequest, Rejection>, message: &str) {
    refused_with(400, decoded, message);
}

/// What is JSON, but no request.
#[track_caller]
fn malformed(decoded: Result<GraphqlRequest, Rejection>, message: &str) {
    refused_with(422, decoded, message);
}

#[track_caller]
fn refused_with(status: u16, decoded: Result<GraphqlRequest, Rejection>, message: &str) {
    let rejection = decoded.expect_err("the request is refused");
    assert_eq!(
        (rejection.code, rejection.status.as_u16()),
        (Code::BadRequest, status)
    );
    assert!(
        rejection.message.contains(message),
        "{:?} does not say {message:?}",
        rejection.message
    );
}

#[track_caller]
fn post(body: &str) -> GraphqlRequest {
    decode_post(body.as_bytes(), DEPTH).expect("the body is well formed")
}

#[track_caller]
fn get(query_string: &str) -> GraphqlRequest {
    decode_get(query_string, DEPTH).expect("the query string is well formed")
}

#[track_caller]
fn check_type(values: &[&'static str], accepted: bool) {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(CONTENT_TYPE, HeaderValue::from_static(value));
    }
    let code = check_post_headers(&headers).map_err(|rejection| rejection.code);
    assert_eq!(
        code,
        if accepted {
            Ok(())
        } else {
            Err(Code::UnsupportedMediaType)
        },
        "{values:?}"
    );
}

#[test]
fn json_in_utf8_is_the_only_content_type() {
    check_type(&["application/json"], true);
    check_type(&["Application/JSON; charset=UTF-8"], true);
    check_type(&["application/json;charset=\"utf-8\""], true);
    check_type(&["application/json;"], true);
    check_type(&[], false);
    check_type(&[""], false);
    check_type(&["text/plain"], false);
    check_type(&["application/x-www-form-urlencoded"], false);
    check_type(&["multipart/form-data; boundary=application/json"], false);
    check_type(&["application/graphql"], false);
    check_type(&["application/json-seq"], false);
    check_type(&["application/json; charset=utf-16"], false);
    check_type(&["application/json; charset"], false);
    check_type(&["text/plain; p=\"; application/json\""], false);
    check_type(&["application/json", "application/json"], false);
}

#[test]
fn a_compressed_request_is_refused() {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for encoding in ["gzip", "identity, gzip", ""] {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        let rejection = check_post_headers(&headers).expect_err("the request is refused");
        assert_eq!(rejection.status.as_u16(), 415, "{encoding:?}");
    }
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("Identity"));
    assert!(check_post_headers(&headers).is_ok());
}

#[test]
fn a_body_becomes_a_request() {
    let request = post(
        r#" {"query":"{a}","operationName":"A","variables":{"x":[1,{"y":null}]},
             "extensions":{"persistedQuery":{"version":1}},"documentId":"d","other":{"a":1}} "#,
    );
    assert_eq!(request.query.as_deref(), Some("{a}"));
    assert_eq!(request.operation_name.as_deref(), Some("A"));
    assert_eq!(Value::Object(request.variables), json!({"x": [1, {"y": null}]}));
    assert_eq!(
        Value::Object(request.extensions),
        json!({"persistedQuery": {"version": 1}})
    );
    assert_eq!(request.document_id.as_deref(), Some("d"));
}

#[test]
fn null_is_absent() {
    let nulls = r#"{"query":null,"operationName":null,"variables":null,"extensions":null,"documentId":null}"#;
    assert_eq!(post(nulls), GraphqlRequest::default());
    assert_eq!(post("{}"), GraphqlRequest::default());
    assert_eq!(get("variables=null&extensions=null"), GraphqlRequest::default());
    assert_eq!(get(""), GraphqlRequest::default());
}

#[test]
fn an_empty_text_is_absent_in_a_body_as_in_a_url() {
    for (body, query_string) in [
        (r#"{"operationName":""}"#, "operationName="),
        (r#"{"variables":""}"#, "variables="),
        (r#"{"extensions":""}"#, "extensions="),
        (r#"{"documentId":""}"#, "documentId="),
        (
            r#"{"operationName":"","variables":"","extensions":"","documentId":""}"#,
            "variables=&extensions=&operationName=&documentId=",
        ),
        (
            r#"{"operationName":"","variables":null}"#,
            "operationName=&variables=null",
        ),
        (r#"{"variables":"","extensions":{}}"#, "variables=&extensions={}"),
    ] {
        assert_eq!(post(body), GraphqlRequest::default(), "{body}");
        assert_eq!(get(query_string), GraphqlRequest::default(), "{query_string}");
    }
    // A document is never absent by being empty: it is one that cannot be parsed.
    assert_eq!(post(r#"{"query":""}"#).query.as_deref(), Some(""));
    assert_eq!(get("query=").query.as_deref(), Some(""));
    for name in ["variables", "extensions"] {
        for value in ["\" \"", "\"{}\"", "\"null\""] {
            let body = format!(r#"{{"{name}":{value}}}"#);
            malformed(decode_post(body.as_bytes(), DEPTH), "is not a JSON object");
        }
    }
}

#[test]
fn a_body_that_is_no_json_object_is_refused_with_the_reason() {
    for (body, message) in [
        ("", "empty"),
        (" \r\n", "empty"),
        ("{", "ends too early"),
        (r#"{"query":"#, "ends too early"),
        ("query{a}", "not valid JSON"),
        ("'{}'", "not valid JSON"),
        ("\u{feff}{}", "not valid JSON"),
        ("{}{}", "not valid JSON"),
        (r#"{"query":"{a}"} x"#, "not valid JSON"),
        (r#"{"query":"{a}",}"#, "not valid JSON"),
        (r#"{"variables":{"x":NaN}}"#, "not valid JSON"),
        (r#"{"variables":{"x":1e400}}"#, "not valid JSON"),
        (r#"{"variables":{"x":01}}"#, "not valid JSON"),
        (r#"{"variables":{"x":"\ud800"}}"#, "not valid JSON"),
        (r#"{"variables":{"x":"\udc00\ud800"}}"#, "not valid JSON"),
        ("{\"query\":\"a\nb\"}", "not valid JSON"),
    ] {
        refused(decode_post(body.as_bytes(), DEPTH), message);
    }
    for (body, message) in [
        ("[]", "batches are not accepted"),
        (r#"[{"query":"{a}"}]"#, "batches are not accepted"),
        (r#""{a}""#, "not a JSON object"),
        ("1", "not a JSON object"),
        ("null", "not a JSON object"),
    ] {
        malformed(decode_post(body.as_bytes(), DEPTH), message);
    }
}

#[test]
fn a_body_that_is_not_utf8_is_refused() {
    refused(decode_post(b"{\"query\":\"\xff\"}", DEPTH), "not UTF-8");
    refused(decode_post(b"\xff\xfe{\0}\0", DEPTH), "not UTF-8");
    refused(decode_post(b"{\0}\0", DEPTH), "not valid JSON");
}

#[test]
fn parameters_of_the_wrong_type_are_refused_by_name() {
    for name in ["query", "operationName", "documentId"] {
        for value in ["1", "{}", "[]", "true"] {
            malformed(
                decode_post(format!(r#"{{"{name}":{value}}}"#).as_bytes(), DEPTH),
                &format!("`{name}` is not a string"),
            );
        }
    }
    for name in ["variables", "extensions"] {
        for value in ["1", "\"{}\"", "[]", "false"] {
            let message = format!("`{name}` is not a JSON object");
            malformed(
                decode_post(format!(r#"{{"{name}":{value}}}"#).as_bytes(), DEPTH),
                &message,
            );
            malformed(
                decode_get(&format!("{name}={}", value.replace('"', "%22")), DEPTH),
                &message,
            );
        }
    }
}

#[test]
fn a_name_twice_in_an_object_is_refused_at_every_level() {
    for body in [
        r#"{"query":"{a}","query":"{b}"}"#,
        r#"{"query":null,"query":"{b}"}"#,
        r#"{"variables":{"x":1,"x":1}}"#,
        r#"{"variables":{"x":[{"y":1,"\u0079":2}]}}"#,
        r#"{"other":{"y":1,"y":2}}"#,
    ] {
        refused(decode_post(body.as_bytes(), DEPTH), "the same name twice");
    }
    refused(
        decode_get("variables={%22x%22:1,%22x%22:2}", DEPTH),
        "the same name twice",
    );
}

#[test]
fn nesting_is_counted_from_the_parameter_and_capped() {
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let body = |levels| format!(r#"{{"variables":{{"x":{}}}}}"#, nested(levels));
    let query = |levels| format!("variables={{%22x%22:{}}}", nested(levels));
    assert!(decode_post(body(15).as_bytes(), DEPTH).is_ok());
    assert!(decode_get(&query(15), DEPTH).is_ok());
    for levels in [16, 17, 127, 128, 129, 50_000] {
        refused(decode_post(body(levels).as_bytes(), DEPTH), "nested too deeply");
        refused(decode_get(&query(levels), DEPTH), "nested too deeply");
    }
    refused(
        decode_post("[".repeat(100_000).as_bytes(), DEPTH),
        "nested too deeply",
    );
}

#[test]
fn text_survives_the_decoding() {
    let request = post(r#"{"query":"a\u0000b","variables":{"x":"\ud83d\ude00"}}"#);
    assert_eq!(request.query.as_deref(), Some("a\0b"));
    assert_eq!(request.variables["x"], "\u{1f600}");
    let request =
        get("query=%7Ba%7D+%2B&operationName=%C3%84&variables=%7B%22x%22%3A%22%F0%9F%98%80%22%7D&o=1&o=2");
    assert_eq!(request.query.as_deref(), Some("{a} +"));
    assert_eq!(request.operation_name.as_deref(), Some("Ä"));
    assert_eq!(request.variables["x"], "\u{1f600}");
}

#[test]
fn a_query_string_is_decoded_strictly() {
    for query_string in [
        "query=%",
        "query=%4",
        "query=%zz",
        "query=%4%34",
        "x%=1",
        "query=%+1",
        "other=%",
    ] {
        refused(
            decode_get(query_string, DEPTH),
            "not followed by two hexadecimal digits",
        );
    }
    for query_string in ["query=%ff", "query=%ed%a0%80", "query=%c0%80", "%80=1"] {
        refused(decode_get(query_string, DEPTH), "not UTF-8");
    }
    malformed(
        decode_get("query=%7Ba%7D&query=%7Ba%7D", DEPTH),
        "`query` is given twice",
    );
    malformed(
        decode_get("operationName=&%6fperationName=A", DEPTH),
        "`operationName` is given twice",
    );
    refused(decode_get("variables={", DEPTH), "variables is not valid JSON");
    refused(decode_get("variables={}{}", DEPTH), "variables is not valid JSON");
}

#[test]
fn a_key_in_a_url_is_refused_whatever_else_is_wrong() {
    for query_string in [
        "access_token=a",
        "query=%7Ba%7D&api_key=a",
        "token",
        "key=",
        "AUTHORIZATION=Bearer+a",
        "%74oken=a",
        "query=%zz&token=a",
    ] {
        let rejection = decode_get(query_string, DEPTH).expect_err("the request is refused");
        assert_eq!(
            (rejection.code, rejection.status.as_u16()),
            (Code::Unauthenticated, 401)
        );
        assert!(rejection.message.contains("a key in a URL is not accepted"));
    }
    assert!(decode_get("query=token&keys=1&variables={%22token%22:1}", DEPTH).is_ok());
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_post(&body, DEPTH);
        let _ = decode_get(&String::from_utf8_lossy(&body), DEPTH);
    }

    #[test]
    fn a_message_never_repeats_what_was_sent(secret in "[a-z]{12}") {
        for body in [
            format!(r#"{{"{secret}":{{"{secret}":1,"{secret}":2}}}}"#),
            format!(r#"{{"variables":"{secret}"}}"#),
            format!(r#"{{"query":{secret}}}"#),
        ] {
            let rejection = decode_post(body.as_bytes(), DEPTH).expect_err("the body is refused");
            prop_assert!(!rejection.message.contains(&secret));
        }
    }
}
