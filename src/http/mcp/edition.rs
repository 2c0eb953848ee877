//! Which edition of the protocol a message is of: 2026-07-28, where every request says so itself, or one of the editions
//! before it, which begin with `initialize`.
//!
//! Takes headers and a message, gives an [`Edition`]. Nothing is remembered from one request to the next.
//!
//! Source: Model Context Protocol, revision 2026-07-28, "Versioning and Compatibility" and "Streamable HTTP", "Request
//! Metadata".

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::RpcError;
use super::message::Call;

/// An edition, or several that are answered alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edition {
    /// 2026-07-28: each request names its version and its client's capabilities.
    Stateless,
    /// Those before: a client begins with `initialize`. There is no session behind it.
    Handshake,
}

/// The edition without a handshake.
pub(super) const STATELESS: &str = "2026-07-28";
/// The editions with one that are served, newest first.
pub(super) const HANDSHAKE: [&str; 2] = ["2025-11-25", "2025-06-18"];

const VERSION_HEADER: &str = "mcp-protocol-version";
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";

/// Every version, newest first.
pub(super) fn supported() -> Vec<&'static str> {
    [STATELESS].into_iter().chain(HANDSHAKE).collect()
}

/// The edition of a request. Without a version anywhere it is of those with a handshake.
///
/// # Errors
///
/// A header that is missing, given twice or unlike the body (-32020), a version that is not served (-32022), metadata that
/// is incomplete (-32602).
pub(super) fn of_request(headers: &HeaderMap, call: &Call) -> Result<Edition, RpcError> {
    let header = single(headers, VERSION_HEADER)?;
    let meta = call.param("_meta");
    let in_body = meta.and_then(|meta| meta.get(VERSION_KEY));
    let version = match (header, in_body) {
        (Some(header), None) if header == STATELESS => {
            let message = format!("`params._meta` must have `{VERSION_KEY}` and `{CAPABILITIES_KEY}`");
            return Err(RpcError::params(message));
        }
        (Some(header), None) => return of_version(header),
        (None, None) => return Ok(Edition::Handshake),
        (_, Some(Value::String(version))) => version.as_str(),
        (_, Some(_)) => {
            return Err(RpcError::params(format!(
                "`params._meta.{VERSION_KEY}` must be a string"
            )));
        }
    };
    if header != Some(version) {
        return Err(RpcError::header(
            "the header MCP-Protocol-Version must be the version in `params._meta`",
        ));
    }
    let edition = of_version(version)?;
    if edition == Edition::Stateless {
        if !meta.is_some_and(|meta| meta.get(CAPABILITIES_KEY).is_some_and(Value::is_object)) {
            return Err(RpcError::params(format!(
                "`params._meta` must have the object `{CAPABILITIES_KEY}`"
            )));
        }
        check_routing(headers, call)?;
    }
    Ok(edition)
}

/// The edition of a notification, for which no metadata is asked.
///
/// # Errors
///
/// As [`of_request`].
pub(super) fn of_notification(headers: &HeaderMap) -> Result<Edition, RpcError> {
    single(headers, VERSION_HEADER)?.map_or(Ok(Edition::Handshake), of_version)
}

fn of_version(version: &str) -> Result<Edition, RpcError> {
    if version == STATELESS {
        Ok(Edition::Stateless)
    } else if HANDSHAKE.contains(&version) {
        Ok(Edition::Handshake)
    } else {
        let message = format!(
            "this protocol version is not served; use {}",
            supported().join(" or ")
        );
        // Only as much of it as a version has.
        let requested: String = version.chars().take(32).collect();
        Err(RpcError::version(
            message,
            json!({ "supported": supported(), "requested": requested }),
        ))
    }
}

/// Refuses headers that say another thing than the body, for what stands between client and server reads them alone.
fn check_routing(headers: &HeaderMap, call: &Call) -> Result<(), RpcError> {
    if single(headers, "mcp-method")? != Some(call.method.as_str()) {
        return Err(RpcError::header(
            "the header Mcp-Method must be the `method` of the message",
        ));
    }
    let key = match call.method.as_str() {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        _ => return Ok(()),
    };
    let in_body = call.param(key).and_then(Value::as_str);
    let header = single(headers, "mcp-name")?;
    if in_body.is_some() && header.and_then(decoded).as_deref() != in_body {
        return Err(RpcError::header(format!(
            "the header Mcp-Name must be `params.{key}`"
        )));
    }
    Ok(())
}

/// The value of a header that may be given once.
fn single<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, RpcError> {
    let mut values = headers.get_all(name).iter();
    match (values.next().map(|value| value.to_str()), values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(value)), None) => Ok(Some(value)),
        _ => Err(RpcError::header(format!(
            "the header {name} must be given once, in visible ASCII"
        ))),
    }
}

/// A header's value, plain or as `=?base64?...?=`.
fn decoded(value: &str) -> Option<String> {
    let Some(encoded) = value
        .strip_prefix("=?base64?")
        .and_then(|rest| rest.strip_suffix("?="))
    else {
        return Some(value.to_owned());
    };
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}
