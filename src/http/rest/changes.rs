//! `/api/v1/imports/changes`: what becomes of the caller's imports, as an event stream.
//!
//! Takes a request, gives a stream, or says why there is none.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use entity::imports;

use super::{Answered, counted, denied_as, problem, refused, told};
use crate::changes::Event;
use crate::error::{Code, Rejection};
use crate::http::admission::{self, Caller, Denied};
use crate::http::deadline::Deadline;
use crate::http::event_stream::{self, Form, NotOpened};
use crate::http::{Gateway, query_string};
use crate::resources::imports::rest;
use crate::store::query::table::Fields;

/// What a stream costs at its start, as a page of one import does. **Unit**: points.
const START_COST: u64 = 11;

/// What is said of a point that cannot be followed.
const EXPIRED: &str = "the changes after this event are no longer known; read the list anew, then follow it without Last-Event-ID";

/// The stream of the caller's changes.
pub(super) async fn changes(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let started = Instant::now();
    let parts = request.into_parts().0;
    let deadline = Deadline::of(&gateway);
    let answering = async {
        if let Err(rejection) = query_string::refuse_key_in_url(parts.uri.query().unwrap_or_default()) {
            return refused(&parts, &rejection);
        }
        match admission::enter(&gateway, &parts).await {
            Ok(mut caller) => {
                let answered = start(&gateway, &mut caller, &parts).await;
                told(&caller, answered)
            }
            Err(Denied::Rejected(rejection)) if event_stream::is_passing_for_a_key(&rejection) => {
                turned_away(&parts, &rejection)
            }
            Err(denied) => denied_as(&parts, denied),
        }
    };
    let answered = deadline.bound(answering).await;
    let answered = answered.unwrap_or_else(|rejection| turned_away(&parts, &rejection));
    counted(&gateway, &parts, started, answered)
}

async fn start(gateway: &Arc<Gateway>, caller: &mut Caller, parts: &Parts) -> Answered {
    let last = event_stream::last_event_id(&parts.headers);
    let most_items = gateway.documents.limits().list_items;
    let question = match rest::parse_changes(parts.uri.query(), last, most_items) {
        Ok(question) => question,
        Err(faults) => {
            caller.charge_refusal(gateway);
            return (problem::bad_request(&faults), Some(Code::BadRequest));
        }
    };
    match event_stream::open(gateway, caller, START_COST, question, Fields::ALL, parts).await {
        Ok(opened) => {
            let response = opened.response(gateway, caller, &parts.headers, Records);
            (response, None)
        }
        Err(NotOpened::Draining) => (event_stream::retry_later(), None),
        Err(NotOpened::Rejected(rejection)) if event_stream::is_passing(&rejection) => {
            turned_away(parts, &rejection)
        }
        Err(NotOpened::Rejected(rejection)) => refused(parts, &rejection),
        Err(NotOpened::Expired) => refused(parts, &Rejection::new(Code::ChangesExpired, EXPIRED)),
    }
}

/// Refuses for now. A client that goes on by itself never comes back after any status but 200.
fn turned_away(parts: &Parts, rejection: &Rejection) -> Answered {
    if comes_back(parts) {
        (event_stream::retry_later(), Some(rejection.code))
    } else {
        refused(parts, rejection)
    }
}

/// Whether a client goes on from an event that it had, as far as its request says so.
fn comes_back(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    event_stream::last_event_id(&parts.headers).is_some()
        || query.split('&').any(|one| one.starts_with(rest::LAST_EVENT_ID))
}

/// Events with records in REST's form.
struct Records;

impl Form for Records {
    fn event(&self, event: &Event<imports::Model>, text: &mut Vec<u8>) {
        text.extend_from_slice(b"data: ");
        text.extend(rest::change(event));
        text.push(b'\n');
    }
}
