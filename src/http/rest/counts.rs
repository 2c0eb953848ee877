//! `/api/v1/imports/counts`: how many imports the caller has over time.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;

use super::{Answered, admit, age, conditional, counted, json, problem, refused, request_id, told, with_age};
use crate::error::{Code, Rejection};
use crate::http::Gateway;
use crate::http::admission::Caller;
use crate::http::conditional::Conditional;
use crate::http::deadline::Deadline;
use crate::resources::imports::counts::{CountsError, clock_offset};
use crate::resources::imports::rest::{self, ParameterErrors};
use crate::store::query::is_search;

/// What counts cost. **Unit**: points.
const COUNTS_COST: u64 = 40;

/// How many imports the caller has over time.
pub(super) async fn counts(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let started = Instant::now();
    let parts = request.into_parts().0;
    let deadline = Deadline::of(&gateway);
    let answering = async {
        match admit(&gateway, &parts).await {
            Ok(mut caller) => {
                let age = age(&gateway, &caller);
                let answered = counts_of(&gateway, deadline, &mut caller, &parts).await;
                told(&caller, with_age(age, answered))
            }
            Err(answered) => answered,
        }
    };
    let answered = deadline.bound(answering).await;
    let answered = answered.unwrap_or_else(|rejection| refused(&parts, &rejection));
    counted(&gateway, &parts, started, answered)
}

async fn counts_of(gateway: &Gateway, deadline: Deadline, caller: &mut Caller, parts: &Parts) -> Answered {
    let most_items = gateway.documents.limits().list_items;
    let bad = |faults: &ParameterErrors| (problem::bad_request(faults), Some(Code::BadRequest));
    let question = match rest::parse_counts(parts.uri.query(), most_items) {
        Ok(question) => question,
        Err(faults) => {
            caller.charge_refusal(gateway);
            return bad(&faults);
        }
    };
    let permit = caller.permit(gateway, COUNTS_COST).await;
    let _permit = match permit {
        Ok(permit) => permit,
        Err(rejection) => return refused(parts, &rejection),
    };
    let store = deadline.store(gateway);
    let query = parts.uri.query().unwrap_or_default();
    let offset = clock_offset(&question).to_be_bytes();
    // A search may end by the clock.
    let conditional = if is_search(&question.filter) {
        Conditional::default()
    } else {
        match conditional(gateway, &store, caller, parts, &[query.as_bytes(), &offset]).await {
            Ok(conditional) => conditional,
            Err(answered) => return answered,
        }
    };
    if let Some(response) = conditional.not_modified(false) {
        caller.refund(gateway);
        return (response, None);
    }
    match rest::counts(&store, &caller.viewer, &question).await {
        Ok(counts) => {
            let not_modified = conditional.not_modified(true);
            (
                not_modified.unwrap_or_else(|| conditional.mark(json(counts))),
                None,
            )
        }
        Err(CountsError::TooMany(error)) => bad(&ParameterErrors::one("by", error.to_string())),
        Err(CountsError::Store(error)) => refused(parts, &Rejection::of_store(&error, request_id(parts))),
    }
}
