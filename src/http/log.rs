//! The log line of an answer, at the level of its code.
//!
//! Takes what was answered and how long it took; says nothing that the caller wrote. A fault of ours is no error here: it
//! was logged as one with its cause, where it was turned into what the caller is told.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use tracing::Level;

use crate::error::Code;

/// How the metrics count an answer.
pub(super) fn label(response: &Response, code: Option<Code>) -> &'static str {
    match code {
        Some(code) => code.row().label,
        None if response.status() == StatusCode::NOT_MODIFIED => "not_modified",
        None => "ok",
    }
}

/// Logs an answer of an API; `kind` is what was asked of it.
pub(super) fn answered(
    api: &'static str,
    kind: &'static str,
    response: &Response,
    code: Option<Code>,
    took: Duration,
    request_id: Option<&str>,
) {
    let (status, took_us) = (response.status().as_u16(), took.as_micros());
    let level = code.map_or(Level::DEBUG, |code| code.row().level);
    let code = code.map(Code::name);
    match level {
        Level::WARN => tracing::warn!(request_id, status, kind, code, took_us, "{api}"),
        _ => tracing::debug!(request_id, status, kind, code, took_us, "{api}"),
    }
}
