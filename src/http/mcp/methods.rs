//! The methods: what each answers, and what it costs.
//!
//! Every method takes its turn and is paid for, as a request of GraphQL or REST is: a tool costs what its field of `Query`
//! costs, the schema what introspection does, anything else a point.

use axum::http::request::Parts;
use serde_json::{Map, Value, json};

use super::Mcp;
use super::answer::{Done, RpcError, SERVER};
use super::edition::{Edition, HANDSHAKE, supported};
use super::message::Call;
use super::tools::Fault;
use crate::error::{Code, Rejection};
use crate::http::Gateway;
use crate::http::admission::Caller;
use crate::http::deadline::Deadline;
use crate::http::request_id::RequestId;
use crate::json::Json;
use crate::resources::{self, FieldError, ListItems};

/// The resource that there is.
const SCHEMA_URI: &str = "imports-gateway:///schema.graphql";
/// The price of the schema. **Unit**: points.
const SCHEMA_COST: u64 = 10;

const CAPABILITIES: &str = r#"{"tools":{},"resources":{}}"#;
const INSTRUCTIONS: &str = "Imports are files that were uploaded, and what became of them. Lists are paged: give nextCursor as \
    after until it is null. A call costs points of the account; a refusal says how many seconds to wait.";

/// Answers a request.
///
/// # Errors
///
/// A method or a tool that there is not, wrong parameters; a spent budget, an overload, and what the database says.
pub(super) async fn run(
    gateway: &Gateway,
    mcp: &Mcp,
    caller: &mut Caller,
    deadline: Deadline,
    parts: &Parts,
    edition: Edition,
    call: &Call,
) -> Result<Done, RpcError> {
    let is_schema_shown = gateway.limits.introspection;
    let (cost, members) = match (call.method.as_str(), edition) {
        ("tools/call", _) => return call_tool(gateway, mcp, caller, deadline, parts, call).await,
        ("server/discover", Edition::Stateless) => (
            1,
            format!(
                "\"supportedVersions\":{},\"capabilities\":{CAPABILITIES},\"instructions\":{},",
                Value::from(supported()),
                Value::from(INSTRUCTIONS),
            ),
        ),
        ("initialize", Edition::Handshake) => (1, initialized(call)),
        ("ping", Edition::Handshake) => (1, String::new()),
        ("tools/list", _) if call.param("cursor").is_none() => (1, mcp.tools.listed().to_owned()),
        ("resources/list", _) if call.param("cursor").is_none() => (1, resources(is_schema_shown)),
        ("resources/templates/list", _) if call.param("cursor").is_none() => {
            (1, "\"resourceTemplates\":[],".to_owned())
        }
        ("tools/list" | "resources/list" | "resources/templates/list", _) => {
            caller.charge_refusal(gateway);
            return Err(RpcError::params(
                "`cursor` is of no list of this server: all are whole on their first page",
            ));
        }
        ("resources/read", _) => match call.param("uri").and_then(Value::as_str) {
            Some(SCHEMA_URI) if is_schema_shown => (SCHEMA_COST, schema(&gateway.sdl)),
            Some(_) => {
                caller.charge_refusal(gateway);
                return Err(RpcError::resource());
            }
            None => {
                caller.charge_refusal(gateway);
                return Err(RpcError::params("`uri` must be a string"));
            }
        },
        _ => {
            caller.charge_refusal(gateway);
            return Err(RpcError::method());
        }
    };
    let _permit = caller.permit(gateway, cost).await?;
    let mut done = Done::cacheable(&members);
    done.is_cacheable = !matches!(call.method.as_str(), "initialize" | "ping");
    Ok(done)
}

/// The version is the one that the client named, or the newest of its kind.
fn initialized(call: &Call) -> String {
    let asked = call.param("protocolVersion").and_then(Value::as_str);
    let version = HANDSHAKE
        .iter()
        .find(|version| Some(**version) == asked)
        .unwrap_or(&HANDSHAKE[0]);
    format!(
        "\"protocolVersion\":\"{version}\",\"capabilities\":{CAPABILITIES},\"serverInfo\":{SERVER},\"instructions\":{},",
        Value::from(INSTRUCTIONS),
    )
}

fn resources(is_schema_shown: bool) -> String {
    let schema = json!({
        "uri": SCHEMA_URI,
        "name": "schema.graphql",
        "description": "The GraphQL schema of this service, whose `imports` the tools read.",
        "mimeType": SCHEMA_TYPE,
    });
    let listed: Vec<_> = Some(schema).filter(|_| is_schema_shown).into_iter().collect();
    format!("\"resources\":{},", Value::from(listed))
}

const SCHEMA_TYPE: &str = "application/graphql";

fn schema(sdl: &str) -> String {
    let content = json!([{ "uri": SCHEMA_URI, "mimeType": SCHEMA_TYPE, "text": sdl }]);
    format!("\"contents\":{content},")
}

async fn call_tool(
    gateway: &Gateway,
    mcp: &Mcp,
    caller: &mut Caller,
    deadline: Deadline,
    parts: &Parts,
    call: &Call,
) -> Result<Done, RpcError> {
    let none = Map::new();
    let tool = call
        .param("name")
        .and_then(Value::as_str)
        .and_then(|name| mcp.tools.find(name));
    let arguments = match call.param("arguments") {
        None => Some(&none),
        Some(given) => given.as_object(),
    };
    let (Some(tool), Some(arguments)) = (tool, arguments) else {
        caller.charge_refusal(gateway);
        return Err(RpcError::params(match tool {
            None => "`name` must be that of a tool in tools/list",
            Some(_) => "`arguments` must be an object",
        }));
    };
    let documents = &gateway.documents;
    let checked = match tool.check(arguments, documents.types(), documents.limits()) {
        Ok(checked) => checked,
        Err(fault) => {
            caller.charge_refusal(gateway);
            return Ok(faulty(&fault));
        }
    };
    let _permit = caller.permit(gateway, checked.cost).await?;
    let store = deadline.store(gateway);
    let asked = resources::Caller {
        store: &store,
        viewer: &caller.viewer,
        changes: &gateway.changes,
        list_items: ListItems(documents.limits().list_items),
    };
    let ran = mcp.tools.run(tool, &checked, asked).await;
    let request_id = parts.extensions.get::<RequestId>().map(RequestId::as_str);
    match ran {
        Ok(json) => Ok(structured(json)),
        Err(error) => match refused(error, request_id) {
            Ok(fault) => {
                caller.refund(gateway);
                Ok(faulty(&fault))
            }
            Err(rejection) => Err(rejection.into()),
        },
    }
}

/// A value of an argument that is wrong, or why there is no answer.
fn refused(error: FieldError, request_id: Option<&str>) -> Result<Fault, Rejection> {
    let code = match &error {
        FieldError::Input { .. } => Code::BadUserInput,
        FieldError::InvalidCursor { .. } | FieldError::InvalidChangesCursor { .. } => Code::InvalidCursor,
        FieldError::CursorMismatch { .. } => Code::CursorMismatch,
        FieldError::ChangesExpired => Code::ChangesExpired,
        FieldError::Store(error) => return Err(Rejection::of_store(error, request_id)),
        FieldError::Internal(cause) => {
            tracing::error!(request_id, cause, "a tool failed");
            return Err(Rejection::new(Code::InternalServerError, "internal error"));
        }
    };
    let message = match &error {
        FieldError::Input { argument, message } if !message.contains(argument) => {
            format!("`{argument}`: {message}")
        }
        _ => error.to_string(),
    };
    Ok(Fault { code, message })
}

/// What a tool gives: as JSON, and again as text for clients that read that alone.
fn structured(json: Json) -> Done {
    let structured = json.into_bytes();
    let mut members = Json::with_capacity(structured.len() * 5 / 2);
    members.raw("\"structuredContent\":");
    let text = String::from_utf8_lossy(&structured);
    members.raw(&text);
    members.raw(",\"content\":[{\"type\":\"text\",\"text\":");
    members.string(&text);
    members.raw("}],");
    Done {
        members,
        is_cacheable: false,
        code: None,
    }
}

/// What is wrong with a tool's arguments: an answer that a model reads, and can mend.
fn faulty(fault: &Fault) -> Done {
    let mut members = Json::default();
    members.raw("\"isError\":true,\"content\":[{\"type\":\"text\",\"text\":");
    members.string(&fault.message);
    members.raw("}],");
    Done {
        members,
        is_cacheable: false,
        code: Some(fault.code),
    }
}
