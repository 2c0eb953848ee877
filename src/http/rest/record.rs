//! `/api/v1/imports/{id}`: one of the caller's imports.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::response::Response;

use super::{Answered, admit, age, conditional, counted, json, problem, refused, request_id, told, with_age};
use crate::error::Rejection;
use crate::http::Gateway;
use crate::http::admission::Caller;
use crate::http::deadline::Deadline;
use crate::resources::imports::rest;

/// One of the caller's imports; an id that is malformed is as absent as one that is not there.
pub(super) async fn record(
    State(gateway): State<Arc<Gateway>>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let parts = request.into_parts().0;
    let deadline = Deadline::of(&gateway);
    let id = id.ok().and_then(|Path(id)| row_id(&id));
    let answering = async {
        match admit(&gateway, &parts).await {
            Ok(mut caller) => {
                let age = age(&gateway, &caller);
                let answered = found(&gateway, deadline, &mut caller, &parts, id).await;
                told(&caller, with_age(age, answered))
            }
            Err(answered) => answered,
        }
    };
    let answered = deadline.bound(answering).await;
    let answered = answered.unwrap_or_else(|rejection| refused(&parts, &rejection));
    counted(&gateway, &parts, started, answered)
}

async fn found(
    gateway: &Gateway,
    deadline: Deadline,
    caller: &mut Caller,
    parts: &Parts,
    id: Option<i64>,
) -> Answered {
    let Some(id) = id else {
        caller.charge_refusal(gateway);
        return (problem::not_found(&parts.uri), None);
    };
    let permit = caller.permit(gateway, 1).await;
    let _permit = match permit {
        Ok(permit) => permit,
        Err(rejection) => return refused(parts, &rejection),
    };
    let store = deadline.store(gateway);
    let conditional = match conditional(gateway, &store, caller, parts, &[]).await {
        Ok(conditional) => conditional,
        Err(answered) => return answered,
    };
    if let Some(response) = conditional.not_modified(false) {
        return (response, None);
    }
    match rest::record(&store, &caller.viewer, id).await {
        Ok(Some(record)) => {
            let not_modified = conditional.not_modified(true);
            (
                not_modified.unwrap_or_else(|| conditional.mark(json(record))),
                None,
            )
        }
        Ok(None) => (problem::not_found(&parts.uri), None),
        Err(error) => refused(parts, &Rejection::of_store(&error, request_id(parts))),
    }
}

/// The id in a path, to the byte as the API writes it.
fn row_id(text: &str) -> Option<i64> {
    let id: i64 = text.parse().ok()?;
    (id.to_string() == text).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::row_id;

    #[test]
    fn an_id_is_read_only_as_the_api_writes_it() {
        for id in [i64::MIN, -1, 0, 1, 1_240_000_001, i64::MAX] {
            assert_eq!(row_id(&id.to_string()), Some(id));
        }
        for text in [
            "",
            "+1",
            "01",
            "-0",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "0x1",
            "١",
            "9223372036854775808",
            "a",
        ] {
            assert_eq!(row_id(text), None, "{text:?}");
        }
    }
}
