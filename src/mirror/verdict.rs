//! What an answer of an upstream means: a page, a wait, or that it is of no use to ask again.

use std::time::{Duration, SystemTime};

use hyper::StatusCode;
use hyper::header::LOCATION;

use super::backoff;
use super::client::{Answer, Fault};
use super::page::{self, Page};

/// What is to be done after a request.
#[derive(Debug)]
pub enum Verdict {
    /// Store this.
    Page(Page),
    /// The upstream does not take the cursor: begin the walk again.
    CursorRefused(String),
    /// Ask again, not before this time has gone by where it is named.
    Again {
        /// Why.
        reason: String,
        /// What the upstream asks for.
        asked: Option<Duration>,
    },
    /// Another try would give the same; who asks over and over may still do so.
    Useless(String),
    /// The key is refused.
    KeyRefused(String),
}

/// The longest part of an answer that a reason repeats, in letters.
const QUOTED: usize = 120;

/// What comes of a request for a page of `per_page` records, with a cursor or without.
#[must_use]
pub fn judge(
    answered: Result<Answer, Fault>,
    account_id: i64,
    per_page: usize,
    had_cursor: bool,
    now: SystemTime,
) -> Verdict {
    let answer = match answered {
        Ok(answer) => answer,
        Err(fault) => return again(fault.to_string(), None),
    };
    let asked = backoff::asked(&answer.headers, now);
    match answer.status {
        StatusCode::OK => match page::parse(&answer.body, account_id, per_page) {
            Ok(page) => Verdict::Page(page),
            Err(reason) => again(reason, None),
        },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Verdict::KeyRefused(told(&answer)),
        StatusCode::BAD_REQUEST if had_cursor => Verdict::CursorRefused(told(&answer)),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            again(told(&answer), asked)
        }
        status if status.is_server_error() => again(told(&answer), asked),
        status if status.is_redirection() => {
            let to = answer
                .headers
                .get(LOCATION)
                .map(|to| to.as_bytes().escape_ascii().to_string());
            let to = to.map_or(String::new(), |to| format!(" to {}", start(&to)));
            Verdict::Useless(format!(
                "the upstream redirects ({status}){to}, which is not followed"
            ))
        }
        _ => Verdict::Useless(told(&answer)),
    }
}

fn again(reason: String, asked: Option<Duration>) -> Verdict {
    Verdict::Again { reason, asked }
}

fn told(answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = start(&text).escape_debug().to_string().replace("\\\"", "\"");
    let status = answer.status.as_u16();
    if text.is_empty() {
        format!("the upstream answers {status}")
    } else {
        format!("the upstream answers {status}: {text}")
    }
}

fn start(text: &str) -> String {
    let mut letters = text.chars();
    let mut start: String = letters.by_ref().take(QUOTED).collect();
    if letters.next().is_some() {
        start.push('…');
    }
    start
}
