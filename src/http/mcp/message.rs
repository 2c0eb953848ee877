//! A JSON-RPC message as MCP has them: a request with its id, or a notification.
//!
//! Takes a JSON value, gives a [`Message`] or what is wrong with it. Batches and responses are none of a client's.
//!
//! Source: JSON-RPC 2.0; Model Context Protocol, revision 2026-07-28, "Base Protocol", "Messages".

use serde_json::{Map, Value};

use super::answer::RpcError;

/// What a client calls its request by; an answer repeats it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Id(String);

impl Id {
    /// As JSON.
    pub(super) fn json(&self) -> &str {
        &self.0
    }
}

/// A message of a client.
#[derive(Debug)]
pub(super) enum Message {
    /// It is answered.
    Request { id: Id, call: Call },
    /// It is taken note of.
    Notification,
}

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) params: Map<String, Value>,
}

impl Call {
    /// A member of `params`; null is as if absent.
    pub(super) fn param(&self, name: &str) -> Option<&Value> {
        self.params.get(name).filter(|value| !value.is_null())
    }
}

/// What is wrong with a message, and its id, where it has one that can be repeated.
pub(super) type Unread = Box<(Option<Id>, RpcError)>;

/// Reads a message.
///
/// # Errors
///
/// An invalid request.
pub(super) fn read(value: Value) -> Result<Message, Unread> {
    let mut message = match value {
        Value::Object(message) => message,
        Value::Array(_) => {
            return Err(Box::new((
                None,
                RpcError::invalid("batches are not accepted; send one message a request"),
            )));
        }
        _ => {
            return Err(Box::new((
                None,
                RpcError::invalid("the request body is not a JSON-RPC message"),
            )));
        }
    };
    let id = match message.get("id") {
        None => None,
        Some(Value::String(text)) => Some(Id(Value::from(text.as_str()).to_string())),
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => Some(Id(number.to_string())),
        Some(_) => {
            return Err(Box::new((
                None,
                RpcError::invalid("`id` must be a string or a whole number"),
            )));
        }
    };
    let refused = |message| Err(Box::new((id.clone(), RpcError::invalid(message))));
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return refused("`jsonrpc` must be \"2.0\"");
    }
    let method = match message.remove("method") {
        Some(Value::String(method)) => method,
        Some(_) => return refused("`method` must be a string"),
        None if message.contains_key("result") || message.contains_key("error") => {
            return refused("this server asks nothing, so it takes no responses");
        }
        None => return refused("the message has no `method`"),
    };
    let params = match message.remove("params") {
        None => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => return refused("`params` must be an object"),
    };
    Ok(match id {
        Some(id) => Message::Request {
            id,
            call: Call { method, params },
        },
        None => Message::Notification,
    })
}
