//! What every answer must be, whatever was asked: a documented status and body, small, and silent about our inside.

use imports_gateway::config::HttpStatuses;
use imports_gateway::error::{Class, Code};
use serde_json::Value;

use crate::server::{Answer, Ask};

/// In bytes.
const LARGEST_ANSWER: usize = 64 * 1024;
/// The most errors in one answer.
const MOST_ERRORS: usize = 10;
/// Words of our inside. One that stands in the request may be quoted back.
const INSIDE: [&str; 20] = [
    "SELECT ",
    "sqlx",
    "sqlite",
    "SQLite",
    "postgres",
    "panicked",
    "src/",
    ".rs:",
    "RUST_BACKTRACE",
    "Some(",
    "Err(",
    "Ok(",
    "None)",
    "Error {",
    "Error(",
    "{ kind:",
    "no such table",
    "at or near",
    "igw_",
    "iga_",
];

/// Panics unless an answer is one that the service documents.
#[track_caller]
pub(crate) fn judge(ask: &Ask, answer: &Answer) {
    let explain = || format!("{}\n{ask:?}\n{}", answer.status, answer.text());
    assert!(
        answer.body.len() <= LARGEST_ANSWER,
        "{} bytes to {ask:?}",
        answer.body.len()
    );
    silent(ask, answer);
    if answer.body.is_empty() && !answer.headers.iter().any(|(name, _)| name == "x-request-id") {
        // The parser of HTTP itself answers without a body, and closes.
        assert!(matches!(answer.status, 400 | 414 | 431), "{}", explain());
        assert_eq!(answer.header("connection"), Some("close"), "{}", explain());
        return;
    }
    assert_eq!(
        answer.header("x-content-type-options"),
        Some("nosniff"),
        "{}",
        explain()
    );
    if ask.method == "HEAD" || answer.body.is_empty() {
        return;
    }
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
        panic!("no JSON: {}", explain());
    };
    let is_sound = match ask.target.split(|byte| *byte == b'?').next() {
        Some(b"/graphql") => graphql(answer.status, &body),
        // Under a damaged target, such as an absolute one, either may be meant.
        _ => rest(answer.status, &body) || graphql(answer.status, &body),
    };
    assert!(is_sound, "{}", explain());
}

fn silent(ask: &Ask, answer: &Answer) {
    let mut asked = ask.bytes("");
    asked.extend_from_slice(&percent_decoded(&ask.target));
    let asked = String::from_utf8_lossy(&asked).into_owned();
    let text = answer.text();
    for word in INSIDE {
        assert!(
            !text.contains(word) || asked.contains(word),
            "`{word}` in the answer to {ask:?}\n{text}"
        );
    }
}

fn percent_decoded(target: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(target);
    imports_gateway::http::query_string::percent_decode(&text).map_or(Vec::new(), |it| it.as_bytes().to_vec())
}

fn graphql(status: u16, body: &Value) -> bool {
    let errors = body["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let codes: Option<Vec<Code>> = errors.iter().map(code).collect();
    let Some(codes) = codes else { return false };
    let has_data = body.get("data").is_some();
    match codes.first() {
        None => status == 200 && has_data,
        Some(_) if codes.len() > MOST_ERRORS => false,
        Some(_) if has_data => {
            matches!(status, 200 | 294) && errors.iter().all(|error| error["path"].is_array())
        }
        Some(first) => {
            let statuses = HttpStatuses::Edition2026;
            let is_own = status == first.status_by(statuses).as_u16();
            // JSON that is no request, and a body that comes too late.
            is_own
                || (*first == Code::BadRequest && matches!(status, 408 | 422))
                || (status == 200 && first.row().class == Class::Request)
        }
    }
}

/// The code of an error that has all that an error has.
fn code(error: &Value) -> Option<Code> {
    error["message"].as_str().filter(|message| !message.is_empty())?;
    let name = error["extensions"]["code"].as_str()?;
    Code::ALL.into_iter().find(|code| code.name() == name)
}

fn rest(status: u16, body: &Value) -> bool {
    match status {
        200 => body["records"].is_array() || body["id"].is_i64(),
        400 => body["errors"].as_object().is_some_and(|errors| {
            (1..=MOST_ERRORS).contains(&errors.len())
                && errors.values().all(|messages| {
                    messages
                        .as_array()
                        .is_some_and(|all| !all.is_empty() && all.iter().all(Value::is_string))
                })
        }),
        429 => body["error"].is_string(),
        401 | 404 | 405 | 413 | 414 | 415 | 431 => {
            body["status"] == status
                && ["title", "detail", "instance"]
                    .iter()
                    .all(|it| body[it].is_string())
        }
        _ => false,
    }
}
