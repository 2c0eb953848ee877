//! A subscription as an event stream: an answer an event. Its end is no `complete`, so that the client comes again, unless
//! nothing can follow.
//!
//! Source: GraphQL over Server-Sent Events, "Distinct connections mode".

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use entity::imports;

use super::answer::{self, Style};
use super::check::Checked;
use super::{Answered, Kind, refuse};
use crate::changes::{ChangesCursor, Event};
use crate::error::{Code, Rejection};
use crate::graphql::execute::{FailedField, Subscription, SubscriptionPlan};
use crate::http::admission::Caller;
use crate::http::event_stream::{self, Form, NotOpened};
use crate::http::negotiate::{self, AnswerForm, MediaType};
use crate::http::{Gateway, refusal};
use crate::json::Json;
use crate::resources::{FieldError, ListItems};

/// Opens the stream of a checked subscription.
///
/// # Errors
///
/// A refusal with a status of its own.
pub(super) async fn start(
    gateway: &Arc<Gateway>,
    caller: &mut Caller,
    plan: &SubscriptionPlan,
    checked: &Checked,
    parts: &Parts,
    mut style: Style,
) -> Result<Answered, Rejection> {
    if !negotiate::takes_event_streams(parts.headers.get_all(ACCEPT)) {
        caller.charge_refusal(gateway);
        return Ok(not_acceptable(&style));
    }
    style.form.media = MediaType::EventStream;
    let last = event_stream::last_event_id(&parts.headers);
    let document = checked.known.document().executable();
    let most = ListItems(gateway.documents.limits().list_items);
    let subscribed = plan.subscribe(document, &checked.variables, most);
    let subscription = match subscribed.and_then(|subscription| go_on(subscription, last)) {
        Ok(subscription) => subscription,
        Err(failed) => {
            caller.charge_refusal(gateway);
            return Ok(refuse(
                gateway,
                &[answer::without_path(&failed, style.request_id.as_ref())],
                &style,
            ));
        }
    };
    let (question, fields) = (subscription.question.clone(), subscription.fields());
    match event_stream::open(gateway, caller, checked.cost, question, fields, parts).await {
        Ok(opened) => {
            let answers = Answers {
                subscription,
                account_id: caller.viewer.account_id(),
                style,
            };
            Ok(Answered {
                response: opened.response(gateway, caller, &parts.headers, answers),
                kind: Kind::Subscription,
                code: None,
            })
        }
        // Who sends this header goes on by itself.
        Err(NotOpened::Rejected(rejection)) if last.is_some() && event_stream::is_passing(&rejection) => {
            Ok(Answered {
                response: event_stream::retry_later(),
                kind: Kind::Subscription,
                code: Some(rejection.code),
            })
        }
        Err(NotOpened::Draining) => Ok(Answered {
            response: event_stream::retry_later(),
            kind: Kind::Subscription,
            code: None,
        }),
        Err(NotOpened::Rejected(rejection)) => Err(rejection),
        Err(NotOpened::Expired) => {
            let failed = subscription.failed(FieldError::ChangesExpired);
            Ok(refuse(
                gateway,
                &[answer::without_path(&failed, style.request_id.as_ref())],
                &style,
            ))
        }
    }
}

/// The answer to a client that would wait for the end of the stream.
fn not_acceptable(style: &Style) -> Answered {
    let message = "a subscription is answered by an event stream; accept text/event-stream";
    let rejection = Rejection::new(Code::NotAcceptable, message);
    // Whatever else the client accepts: those that ask for multipart show the message of this one.
    let form = AnswerForm {
        media: MediaType::GraphqlResponse,
        ..style.form
    };
    Answered {
        response: refusal::graphql(&rejection, form, style.request_id.as_ref()),
        kind: Kind::RefusedDocument,
        code: Some(rejection.code),
    }
}

/// The subscription from the last event on that a client has had, which it says in a header where it goes on by itself.
fn go_on(mut subscription: Subscription, last: Option<&str>) -> Result<Subscription, FailedField> {
    let argument = "Last-Event-ID";
    match last.map(ChangesCursor::decode) {
        None => {}
        Some(Ok(after)) => subscription.question.after = Some(after),
        Some(Err(_)) => return Err(subscription.failed(FieldError::InvalidChangesCursor { argument })),
    }
    Ok(subscription)
}

/// The answers of a subscription.
struct Answers {
    subscription: Subscription,
    account_id: i64,
    style: Style,
}

impl Form for Answers {
    fn event(&self, event: &Event<imports::Model>, text: &mut Vec<u8>) {
        let mut json = Json::default();
        self.subscription.write(event, self.account_id, &mut json);
        answer::next(&json.into_bytes(), text);
    }

    fn expired(&self) -> Bytes {
        let failed = self.subscription.failed(FieldError::ChangesExpired);
        let body = answer::body(
            &[answer::without_path(&failed, self.style.request_id.as_ref())],
            None,
            &self.style,
        );
        answer::last_events(&body).into()
    }
}
