//! The envelope of a GraphQL request: a POST body or a GET query string in, an [`Envelope`] out.
//!
//! Everything is checked that can be without knowing the schema: content type, UTF-8, JSON (no name twice in any
//! object, bounded nesting, nothing behind it), the types of the parameters. What the document means is not looked
//! at. Batches, uploads and compressed requests are refused: this service has none.
//!
//! Source: GraphQL over HTTP, "Request".

use std::borrow::Cow;

use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::{Map, Value};

use super::negotiate::{is_utf8, parameter_value, split_unquoted};
use super::query_string::{pairs, refuse_key_in_url};
use super::strict_json;
use crate::error::{Code, Rejection};

/// A GraphQL request as it came over HTTP.
///
/// **Shape:** a parameter that is null is as if absent; parameters with other names are dropped. No member of
/// `variables` or `extensions` was named twice, at any level.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Envelope {
    /// The document's text. Absent where the client names a document it expects us to know; the caller decides.
    pub query: Option<String>,
    /// Which of the document's operations to run.
    pub operation_name: Option<String>,
    /// The values of the operation's variables.
    pub variables: Map<String, Value>,
    /// Extensions to the protocol, such as `persistedQuery`.
    pub extensions: Map<String, Value>,
    /// The identifier of a known document (`documentId`).
    pub document_id: Option<String>,
}

/// Checks what a POST says about its body, before a byte of it is read.
///
/// **Errors:** `UNSUPPORTED_MEDIA_TYPE` unless the content type is `application/json` (charset UTF-8 or none) and the
/// body is not compressed.
pub fn check_post_headers(headers: &HeaderMap) -> Result<(), Rejection> {
    let unsupported = |message: &'static str| Err(Rejection::new(Code::UnsupportedMediaType, message));
    if headers.contains_key(CONTENT_ENCODING) {
        return unsupported("send the request body without Content-Encoding");
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    match (types.next().and_then(|value| value.to_str().ok()), types.next()) {
        (Some(value), None) if is_json(value) => Ok(()),
        _ => unsupported("send the request as Content-Type: application/json, in UTF-8"),
    }
}

/// Decodes the body of a POST whose headers passed [`check_post_headers`].
///
/// **Unit:** `max_depth` is the deepest nesting of arrays and objects in one parameter, inclusive; an empty object
/// has depth 1.
///
/// **Errors:** `BAD_REQUEST` for bad UTF-8, bad JSON, a name twice in an object, deeper nesting, anything behind the
/// object, a batch, and a parameter of the wrong type.
pub fn decode_post(body: &[u8], max_depth: usize) -> Result<Envelope, Rejection> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return bad("the request body is empty; send a JSON object with a `query`");
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return bad("the request body is not UTF-8");
    };
    let mut parameters = match strict_json::parse(text, max_depth.saturating_add(1), "the request body")? {
        Value::Object(parameters) => parameters,
        Value::Array(_) => {
            return bad("batches are not accepted; send one operation a request, as a JSON object");
        }
        _ => return bad("the request body is not a JSON object; send {\"query\": ...}"),
    };
    Ok(Envelope {
        query: string(&mut parameters, "query")?,
        operation_name: string(&mut parameters, "operationName")?,
        variables: object(parameters.remove("variables"), "variables")?,
        extensions: object(parameters.remove("extensions"), "extensions")?,
        document_id: string(&mut parameters, "documentId")?,
    })
}

/// Decodes the query string of a GET; `variables` and `extensions` are JSON text in it.
///
/// **Unit:** `max_depth` as in [`decode_post`].
///
/// **Errors:** `UNAUTHENTICATED` as [`refuse_key_in_url`]; `BAD_REQUEST` for a bad escape, bad UTF-8, a parameter given
/// twice, and as [`decode_post`] for the JSON in it.
pub fn decode_get(query_string: &str, max_depth: usize) -> Result<Envelope, Rejection> {
    refuse_key_in_url(query_string)?;
    let mut query = None;
    let mut operation_name = None;
    let mut variables = None;
    let mut extensions = None;
    let mut document_id = None;
    for (name, value) in pairs(query_string)? {
        let (name, slot) = match name.as_ref() {
            "query" => ("query", &mut query),
            "operationName" => ("operationName", &mut operation_name),
            "variables" => ("variables", &mut variables),
            "extensions" => ("extensions", &mut extensions),
            "documentId" => ("documentId", &mut document_id),
            _ => continue,
        };
        if slot.replace(value.into_owned()).is_some() {
            return bad(format!("the parameter `{name}` is given twice"));
        }
    }
    Ok(Envelope {
        query,
        operation_name: operation_name.filter(|name| !name.is_empty()),
        variables: json_parameter(variables, "variables", max_depth)?,
        extensions: json_parameter(extensions, "extensions", max_depth)?,
        document_id,
    })
}

fn bad<T>(message: impl Into<Cow<'static, str>>) -> Result<T, Rejection> {
    Err(Rejection::new(Code::BadRequest, message))
}

fn is_json(content_type: &str) -> bool {
    let mut parts = split_unquoted(content_type, ';')
        .into_iter()
        .map(|part| part.trim_matches([' ', '\t']));
    parts
        .next()
        .is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
        && parts.filter(|part| !part.is_empty()).all(|part| {
            part.split_once('=').is_some_and(|(name, value)| {
                parameter_value(value)
                    .is_some_and(|value| !name.eq_ignore_ascii_case("charset") || is_utf8(value))
            })
        })
}

fn string(parameters: &mut Map<String, Value>, name: &'static str) -> Result<Option<String>, Rejection> {
    match parameters.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => bad(format!("`{name}` is not a string")),
    }
}

fn object(value: Option<Value>, name: &'static str) -> Result<Map<String, Value>, Rejection> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map),
        Some(_) => bad(format!("`{name}` is not a JSON object")),
    }
}

fn json_parameter(
    text: Option<String>,
    name: &'static str,
    max_depth: usize,
) -> Result<Map<String, Value>, Rejection> {
    let value = match text {
        Some(text) if !text.is_empty() => Some(strict_json::parse(&text, max_depth, name)?),
        _ => None,
    };
    object(value, name)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const DEPTH: usize = 16;

    #[track_caller]
    fn refused(decoded: Result<Envelope, Rejection>, message: &str) {
        let rejection = decoded.expect_err("the request is refused");
        assert_eq!(
            (rejection.code, rejection.status.as_u16()),
            (Code::BadRequest, 400)
        );
        assert!(
            rejection.message.contains(message),
            "{:?} does not say {message:?}",
            rejection.message
        );
    }

    #[track_caller]
    fn post(body: &str) -> Envelope {
        decode_post(body.as_bytes(), DEPTH).expect("the body is well formed")
    }

    #[track_caller]
    fn get(query_string: &str) -> Envelope {
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
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let rejection = check_post_headers(&headers).expect_err("the request is refused");
        assert_eq!(rejection.status.as_u16(), 415);
    }

    #[test]
    fn a_body_becomes_an_envelope() {
        let envelope = post(
            r#" {"query":"{a}","operationName":"A","variables":{"x":[1,{"y":null}]},
                 "extensions":{"persistedQuery":{"version":1}},"documentId":"d","other":{"a":1}} "#,
        );
        assert_eq!(envelope.query.as_deref(), Some("{a}"));
        assert_eq!(envelope.operation_name.as_deref(), Some("A"));
        assert_eq!(Value::Object(envelope.variables), json!({"x": [1, {"y": null}]}));
        assert_eq!(
            Value::Object(envelope.extensions),
            json!({"persistedQuery": {"version": 1}})
        );
        assert_eq!(envelope.document_id.as_deref(), Some("d"));
    }

    #[test]
    fn null_is_absent() {
        let nulls =
            r#"{"query":null,"operationName":null,"variables":null,"extensions":null,"documentId":null}"#;
        assert_eq!(post(nulls), Envelope::default());
        assert_eq!(post("{}"), Envelope::default());
        assert_eq!(get("variables=null&extensions=null"), Envelope::default());
        assert_eq!(get("variables=&extensions=&operationName="), Envelope::default());
        assert_eq!(get(""), Envelope::default());
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
            ("[]", "batches are not accepted"),
            (r#"[{"query":"{a}"}]"#, "batches are not accepted"),
            (r#""{a}""#, "not a JSON object"),
            ("1", "not a JSON object"),
            ("null", "not a JSON object"),
        ] {
            refused(decode_post(body.as_bytes(), DEPTH), message);
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
                refused(
                    decode_post(format!(r#"{{"{name}":{value}}}"#).as_bytes(), DEPTH),
                    &format!("`{name}` is not a string"),
                );
            }
        }
        for name in ["variables", "extensions"] {
            for value in ["1", "\"{}\"", "[]", "false"] {
                let message = format!("`{name}` is not a JSON object");
                refused(
                    decode_post(format!(r#"{{"{name}":{value}}}"#).as_bytes(), DEPTH),
                    &message,
                );
                refused(
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
        let envelope = post(r#"{"query":"a\u0000b","variables":{"x":"\ud83d\ude00"}}"#);
        assert_eq!(envelope.query.as_deref(), Some("a\0b"));
        assert_eq!(envelope.variables["x"], "\u{1f600}");
        let envelope = get(
            "query=%7Ba%7D+%2B&operationName=%C3%84&variables=%7B%22x%22%3A%22%F0%9F%98%80%22%7D&o=1&o=2",
        );
        assert_eq!(envelope.query.as_deref(), Some("{a} +"));
        assert_eq!(envelope.operation_name.as_deref(), Some("Ä"));
        assert_eq!(envelope.variables["x"], "\u{1f600}");
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
        refused(
            decode_get("query=%7Ba%7D&query=%7Ba%7D", DEPTH),
            "`query` is given twice",
        );
        refused(
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
}
