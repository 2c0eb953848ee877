//! The parameters of a GraphQL request: a POST body or a GET query string in, a [`GraphqlRequest`] out.
//!
//! Everything is checked that can be without knowing the schema: content type, UTF-8, JSON (no name twice in any
//! object, bounded nesting, nothing behind it), the types of the parameters. What the document means is not looked
//! at. Batches, uploads and compressed requests are refused: this service has none.
//!
//! Source: GraphQL over HTTP, "Request".

use std::borrow::Cow;

use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use mediatype::names::{APPLICATION, CHARSET, JSON};
use mediatype::{MediaType, Name, ReadParams as _};
use serde_json::{Map, Value};

use super::negotiate::is_utf8;
use super::query_string::{pairs, refuse_key_in_url};
use super::strict_json;
use crate::error::{Code, Rejection};

/// A GraphQL request as it came over HTTP.
///
/// A parameter that is null is as if absent, and so is any but `query` that is an empty text, as some clients
/// send for what their user left empty; parameters with other names are dropped. No member of
/// `variables` or `extensions` was named twice, at any level.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GraphqlRequest {
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
/// # Errors
///
/// `UNSUPPORTED_MEDIA_TYPE` unless the content type is `application/json` (charset UTF-8 or none) and the
/// body is not compressed.
pub fn check_post_headers(headers: &HeaderMap) -> Result<(), Rejection> {
    let unsupported = |message: &'static str| Err(Rejection::new(Code::UnsupportedMediaType, message));
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    // `identity` is for `Accept-Encoding` alone, but says nothing wrong of a plain body.
    if encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
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
/// `max_depth` is the deepest nesting of arrays and objects in one parameter, inclusive; an empty object
/// has depth 1.
///
/// # Errors
///
/// `BAD_REQUEST` for bad UTF-8, bad JSON, a name twice in an object, deeper nesting, anything behind the
/// object, a batch, and a parameter of the wrong type.
pub fn decode_post(body: &[u8], max_depth: usize) -> Result<GraphqlRequest, Rejection> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return bad("the request body is empty; send a JSON object with a `query`");
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return bad("the request body is not UTF-8");
    };
    let mut parameters = match strict_json::parse(text, max_depth.saturating_add(1), "the request body")? {
        Value::Object(parameters) => parameters,
        Value::Array(_) => {
            return malformed("batches are not accepted; send one operation a request, as a JSON object");
        }
        _ => return malformed("the request body is not a JSON object; send {\"query\": ...}"),
    };
    Ok(GraphqlRequest {
        query: string(&mut parameters, "query")?,
        operation_name: string(&mut parameters, "operationName")?.filter(is_given),
        variables: object(parameters.remove("variables"), "variables")?,
        extensions: object(parameters.remove("extensions"), "extensions")?,
        document_id: string(&mut parameters, "documentId")?.filter(is_given),
    })
}

/// Decodes the query string of a GET; `variables` and `extensions` are JSON text in it.
///
/// `max_depth` as in [`decode_post`].
///
/// # Errors
///
/// `UNAUTHENTICATED` as [`refuse_key_in_url`]; `BAD_REQUEST` for a bad escape, bad UTF-8, a parameter given
/// twice, and as [`decode_post`] for the JSON in it.
pub fn decode_get(query_string: &str, max_depth: usize) -> Result<GraphqlRequest, Rejection> {
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
            return malformed(format!("the parameter `{name}` is given twice"));
        }
    }
    Ok(GraphqlRequest {
        query,
        operation_name: operation_name.filter(is_given),
        variables: json_parameter(variables, "variables", max_depth)?,
        extensions: json_parameter(extensions, "extensions", max_depth)?,
        document_id: document_id.filter(is_given),
    })
}

#[expect(clippy::ptr_arg, reason = "it is the predicate of an `Option<String>`")]
fn is_given(text: &String) -> bool {
    !text.is_empty()
}

fn bad<T>(message: impl Into<Cow<'static, str>>) -> Result<T, Rejection> {
    Err(Rejection::new(Code::BadRequest, message))
}

fn malformed<T>(message: impl Into<Cow<'static, str>>) -> Result<T, Rejection> {
    Err(Rejection::malformed_request(message))
}

fn is_json(content_type: &str) -> bool {
    let Ok(media) = MediaType::parse(content_type) else {
        return false;
    };
    let is_utf8 =
        |(name, value): (Name<'_>, mediatype::Value<'_>)| name != CHARSET || is_utf8(&value.unquoted_str());
    media.essence() == MediaType::new(APPLICATION, JSON) && media.params().all(is_utf8)
}

fn string(parameters: &mut Map<String, Value>, name: &'static str) -> Result<Option<String>, Rejection> {
    match parameters.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => malformed(format!("`{name}` is not a string")),
    }
}

fn object(value: Option<Value>, name: &'static str) -> Result<Map<String, Value>, Rejection> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::String(text)) if text.is_empty() => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map),
        Some(_) => malformed(format!("`{name}` is not a JSON object")),
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
mod tests;
