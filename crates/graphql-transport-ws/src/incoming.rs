//! The messages of a client, parsed once and with nothing copied that is not kept.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::close::Close;

/// Bytes of the id of an operation, which is kept and sent with each of its events.
const ID_BYTES: usize = 128;

/// A message of a client.
#[derive(Debug)]
pub(crate) enum Incoming<'a> {
    Init(Option<&'a RawValue>),
    Ping(Option<&'a RawValue>),
    Pong,
    Subscribe { id: String, operation: &'a RawValue },
    Complete { id: String },
}

/// A key that is here and comes twice is an error; others are passed over.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation<'a> {
    #[serde(borrow)]
    query: &'a RawValue,
    #[serde(borrow)]
    operation_name: Option<&'a RawValue>,
    #[serde(borrow)]
    variables: Option<&'a RawValue>,
    #[serde(borrow)]
    extensions: Option<&'a RawValue>,
}

impl<'a> Incoming<'a> {
    /// # Errors
    /// 4400: it is not JSON, nested deeper than `depth`, or no message that a client may send.
    pub(crate) fn parse(text: &'a str, depth: usize) -> Result<Self, Close> {
        if is_deeper(text, depth) {
            return Err(Close::invalid("Message nested too deeply"));
        }
        // A list would be taken for an object whose keys are left out.
        if !text.trim_start().starts_with('{') {
            return Err(Close::invalid("Message must be an object"));
        }
        let Envelope { kind, id, payload } = serde_json::from_str(text).map_err(invalid)?;
        match kind.as_ref() {
            "connection_init" => Ok(Self::Init(object_or_absent(payload)?)),
            "ping" => Ok(Self::Ping(object_or_absent(payload)?)),
            "pong" => object_or_absent(payload).map(|_| Self::Pong),
            "subscribe" => Ok(Self::Subscribe {
                id: present(id)?,
                operation: operation(payload)?,
            }),
            "complete" => Ok(Self::Complete { id: present(id)? }),
            _ => Err(Close::invalid("Unknown type of message")),
        }
    }
}

fn invalid(fault: serde_json::Error) -> Close {
    Close::invalid(format!("Invalid message: {fault}"))
}

fn present(id: Option<String>) -> Result<String, Close> {
    match id {
        None => Err(Close::invalid("Message lacks an id")),
        Some(id) if id.is_empty() => Err(Close::invalid("An id must not be empty")),
        Some(id) if id.len() > ID_BYTES => Err(Close::invalid("An id has at most 128 bytes")),
        Some(id) => Ok(id),
    }
}

fn object_or_absent(payload: Option<&RawValue>) -> Result<Option<&RawValue>, Close> {
    match payload {
        Some(value) if !is_object(value) => Err(Close::invalid("A payload must be an object")),
        other => Ok(other),
    }
}

/// The payload of `subscribe`, if it has the form of one.
fn operation(payload: Option<&RawValue>) -> Result<&RawValue, Close> {
    let payload =
        object_or_absent(payload)?.ok_or_else(|| Close::invalid("An operation must have a payload"))?;
    let parts: Operation<'_> = serde_json::from_str(payload.get()).map_err(invalid)?;
    if !is_string(parts.query) {
        return Err(Close::invalid("query must be a string"));
    }
    if !parts.operation_name.is_none_or(is_string) {
        return Err(Close::invalid("operationName must be a string"));
    }
    if !parts.variables.is_none_or(is_object) {
        return Err(Close::invalid("variables must be an object"));
    }
    if !parts.extensions.is_none_or(is_object) {
        return Err(Close::invalid("extensions must be an object"));
    }
    Ok(payload)
}

fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

fn is_string(value: &RawValue) -> bool {
    value.get().starts_with('"')
}

/// Whether brackets are nested more deeply than `depth`, before anything is parsed. Of text that is not JSON it may say
/// anything.
fn is_deeper(text: &str, depth: usize) -> bool {
    let mut open = 0_usize;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                open += 1;
                if open > depth {
                    return true;
                }
            }
            b'}' | b']' => open = open.saturating_sub(1),
            b'"' => {
                while let Some(inner) = bytes.next() {
                    match inner {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let close = Incoming::parse(text, 8).expect_err(text);
        assert_eq!(close.code(), 4400, "{text}");
        close.reason().to_owned()
    }

    #[test]
    fn what_the_protocol_does_not_have_is_refused() {
        let operation = |rest: &str| format!(r#"{{"type":"subscribe","id":"1","payload":{rest}}}"#);
        for (text, reason) in [
            ("", "Message must be an object"),
            ("[\"ping\"]", "Message must be an object"),
            ("{}", "missing field `type`"),
            (r#"{"type":"next","id":"1","payload":{}}"#, "Unknown type"),
            (r#"{"type":"connection_ack"}"#, "Unknown type"),
            (r#"{"type":"start","id":"1"}"#, "Unknown type"),
            (r#"{"type":1}"#, "invalid type"),
            (r#"{"type":"ping"} x"#, "trailing characters"),
            (r#"{"type":"ping","payload":[]}"#, "must be an object"),
            (r#"{"type":"ping","type":"pong"}"#, "duplicate field"),
            (
                r#"{"type":"connection_init","payload":"key"}"#,
                "must be an object",
            ),
            (r#"{"type":"complete"}"#, "lacks an id"),
            (r#"{"type":"complete","id":""}"#, "must not be empty"),
            (r#"{"type":"complete","id":7}"#, "invalid type"),
            (r#"{"type":"complete","id":"\ud800"}"#, "hex escape"),
            (r#"{"type":"subscribe","id":"1"}"#, "must have a payload"),
            (&operation("[\"{a}\"]"), "must be an object"),
            (&operation("{}"), "missing field `query`"),
            (&operation(r#"{"query":null}"#), "query must be"),
            (&operation(r#"{"query":"{a}","query":"{b}"}"#), "duplicate field"),
            (
                &operation(r#"{"query":"{a}","operationName":1}"#),
                "operationName",
            ),
            (&operation(r#"{"query":"{a}","variables":[]}"#), "variables"),
            (&operation(r#"{"query":"{a}","extensions":""}"#), "extensions"),
        ] {
            let told = refused(text);
            assert!(told.contains(reason), "{text}: {told}");
        }
        let long = "x".repeat(ID_BYTES + 1);
        assert!(refused(&format!(r#"{{"type":"complete","id":"{long}"}}"#)).contains("at most 128"));
    }

    #[test]
    fn an_operation_is_handed_over_as_its_text() {
        let text = r#" {"payload": {"query":"{a}", "variables": {"x": [1]}, "operationName":null, "more": 1},
            "type":"sub\u0073cribe", "id": "a\"b", "extra": {}} "#;
        let Ok(Incoming::Subscribe { id, operation }) = Incoming::parse(text, 8) else {
            unreachable!("it is an operation");
        };
        assert_eq!(id, "a\"b");
        assert_eq!(
            operation.get(),
            r#"{"query":"{a}", "variables": {"x": [1]}, "operationName":null, "more": 1}"#
        );
    }

    #[test]
    fn brackets_are_counted_outside_of_strings() {
        assert!(!is_deeper(r#"[["[[[\"[[["]]"#, 2));
        assert!(is_deeper("[[[]]]", 2));
        assert!(!is_deeper("[[]][[]]{{}}", 2));
        assert_eq!(refused(&"[".repeat(60_000)), "Message nested too deeply");
    }
}
