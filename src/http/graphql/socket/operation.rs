//! An operation over a WebSocket: the same road as a request's, and its answer as messages.
//!
//! Takes the payload of `subscribe`. A query is answered by `next` and `complete`, a subscription by a `next` for each
//! event; what does not run by `error`. A subscription that goes on from a point and cannot now, through no fault of its
//! own, closes the connection with 1013, as clients give up after `error`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use std::vec;

use axum::body::{Bytes, to_bytes};
use entity::imports;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, unfold};
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use graphql_transport_ws::{Close, Event};

use super::session::{Session, key_ended};
use crate::changes::{self, Subscriber};
use crate::config::HttpStatuses;
use crate::error::{Code, GraphqlError, Rejection};
use crate::graphql::execute::{Plan, Subscription, SubscriptionPlan};
use crate::http::admission::{self, Caller};
use crate::http::deadline::Deadline;
use crate::http::event_stream::{self, Meter, NotOpened};
use crate::http::graphql::answer::{self, Style};
use crate::http::graphql::check::{Checked, check};
use crate::http::graphql::{Kind, run};
use crate::http::negotiate::{AnswerForm, MediaType};
use crate::http::request_id::RequestId;
use crate::http::{Gateway, graphql_request};
use crate::json::Json;
use crate::load::streams::Place;
use crate::resources::{FieldError, ListItems};

/// The events of an operation.
pub(super) enum Operation {
    /// It is checked, and a query runs.
    Beginning(BoxFuture<'static, Operation>),
    /// These are left.
    Ending(vec::IntoIter<Event>),
    /// It is told of changes.
    Following(BoxStream<'static, Event>),
}

impl Stream for Operation {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        loop {
            match &mut *self {
                Self::Beginning(beginning) => *self = ready!(beginning.poll_unpin(cx)),
                Self::Ending(events) => return Poll::Ready(events.next()),
                Self::Following(events) => return events.poll_next_unpin(cx),
            }
        }
    }
}

/// Why an operation does not run.
enum Refused {
    /// By its document, or by what it asks for.
    Faults(Vec<GraphqlError>),
    /// Before that, or by the state of the service.
    Rejected(Rejection),
    /// And the connection ends.
    Closed(Close),
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// What an operation came to.
struct Begun {
    operation: Operation,
    kind: Kind,
    code: Option<Code>,
}

impl Operation {
    /// Begins the operation of a payload.
    pub(super) fn begin(gateway: Arc<Gateway>, session: Arc<Session>, payload: String) -> Self {
        Self::Beginning(Box::pin(begin(gateway, session, payload)))
    }

    fn of(events: impl Into<Vec<Event>>) -> Self {
        Self::Ending(events.into().into_iter())
    }
}

async fn begin(gateway: Arc<Gateway>, session: Arc<Session>, payload: String) -> Operation {
    let started = Instant::now();
    let deadline = Deadline::of(&gateway);
    let mut goes_on = false;
    let answering = answer(&gateway, &session, &payload, deadline, &mut goes_on);
    let answered = deadline.bound(answering).await;
    let answered = answered.unwrap_or_else(|rejection| Err(rejection.into()));
    let request_id = session.head.extensions.get::<RequestId>();
    let begun = answered.unwrap_or_else(|refused| refused.told(goes_on, request_id));
    let (kind, label) = (
        begun.kind.label(),
        begun.code.map_or("ok", |code| code.row().label),
    );
    let took = started.elapsed();
    gateway.metrics.answered(kind, label, took);
    let (code, took_us) = (begun.code.map(Code::name), took.as_micros());
    let request_id = request_id.map(RequestId::as_str);
    tracing::debug!(request_id, kind, code, took_us, "graphql over a WebSocket");
    begun.operation
}

async fn answer(
    gateway: &Arc<Gateway>,
    session: &Session,
    payload: &str,
    deadline: Deadline,
    goes_on: &mut bool,
) -> Result<Begun, Refused> {
    let mut caller = match admission::enter(gateway, &session.head)
        .await
        .map_err(Rejection::from)
    {
        Ok(caller) => caller,
        Err(rejection) if rejection.code == Code::Unauthenticated => {
            return Err(Refused::Closed(key_ended()));
        }
        Err(rejection) => return Err(rejection.into()),
    };
    let limits = gateway.documents.limits();
    let checking = Instant::now();
    let decoded = graphql_request::decode_post(payload.as_bytes(), limits.variable_depth);
    let checked = decoded.and_then(|decoded| check(gateway, &decoded, false));
    gateway.metrics.stage("guard", checking.elapsed());
    // What is refused costs a point.
    let checked = match checked {
        Ok(Ok(checked)) => checked,
        Ok(Err(refused)) => {
            caller.charge_refusal(gateway);
            return Err(Refused::Faults(refused.faults));
        }
        Err(rejection) => {
            caller.charge_refusal(gateway);
            return Err(rejection.into());
        }
    };
    let plan = Arc::clone(&checked.plan);
    match &*plan {
        Plan::Query(plan) => {
            let style = Style {
                // No status is sent, so that data which holds nulls alone is data all the same.
                form: AnswerForm {
                    media: MediaType::Json,
                    statuses: HttpStatuses::Draft2025,
                },
                cost: None,
                most_errors: limits.errors,
                request_id: session.head.extensions.get().cloned(),
            };
            let _permit = caller.permit(gateway, checked.cost).await?;
            let answered = Box::pin(run(gateway, deadline, &caller, plan, &checked, &style)).await;
            if answered.kind == Kind::RefusedDocument {
                caller.refund(gateway);
            }
            // It is in memory as a whole.
            let body = to_bytes(answered.response.into_body(), usize::MAX).await;
            let next = Event::Next(body.unwrap_or_default());
            Ok(Begun {
                operation: Operation::of([next, Event::Complete]),
                kind: answered.kind,
                code: answered.code,
            })
        }
        Plan::Subscription(plan) => follow(gateway, session, &mut caller, plan, &checked, goes_on).await,
    }
}

async fn follow(
    gateway: &Arc<Gateway>,
    session: &Session,
    caller: &mut Caller,
    plan: &SubscriptionPlan,
    checked: &Checked,
    goes_on: &mut bool,
) -> Result<Begun, Refused> {
    let document = checked.known.document().executable();
    let most = ListItems(gateway.documents.limits().list_items);
    let subscription = match plan.subscribe(document, &checked.variables, most) {
        Ok(subscription) => subscription,
        Err(failed) => {
            caller.charge_refusal(gateway);
            let request_id = session.head.extensions.get();
            return Err(Refused::Faults(vec![answer::without_path(&failed, request_id)]));
        }
    };
    *goes_on = subscription.question.after.is_some();
    let (question, fields) = (subscription.question.clone(), subscription.fields());
    let opened = event_stream::open(gateway, caller, checked.cost, question, fields, &session.head).await;
    let request_id = session.head.extensions.get::<RequestId>();
    let (subscriber, place) = match opened {
        Ok(opened) => opened.into_subscriber(),
        Err(NotOpened::Rejected(rejection)) => return Err(rejection.into()),
        Err(NotOpened::Draining) => return Err(Refused::Closed(Close::new(1001, "Shutting down"))),
        Err(NotOpened::Expired) => {
            let failed = subscription.failed(FieldError::ChangesExpired);
            return Err(Refused::Faults(vec![answer::without_path(&failed, request_id)]));
        }
    };
    let following = Following {
        gateway: Arc::clone(gateway),
        account_id: caller.viewer.account_id(),
        request_id: request_id.cloned(),
        subscription,
        subscriber,
        read: Vec::new().into_iter(),
        meter: Meter::default(),
        _place: place,
    };
    let events = unfold(Box::new(following), |mut following| async move {
        let event = following.next().await;
        Some((event, following))
    });
    Ok(Begun {
        operation: Operation::Following(events.boxed()),
        kind: Kind::Subscription,
        code: None,
    })
}

impl Refused {
    /// What the client is told; `goes_on`: it had events before, and gives up only where there is no use in coming back.
    fn told(self, goes_on: bool, request_id: Option<&RequestId>) -> Begun {
        let (event, code) = match self {
            Self::Rejected(rejection) if goes_on && is_of_service(&rejection) => (
                Event::Close(Close::new(1013, rejection.message)),
                Some(rejection.code),
            ),
            Self::Rejected(rejection) => {
                let faults = [GraphqlError::of_refusal(&rejection)];
                (error(&faults, request_id), Some(rejection.code))
            }
            Self::Faults(faults) => {
                let code = faults.first().map(|fault| fault.code);
                (error(&faults, request_id), code)
            }
            Self::Closed(close) => (Event::Close(close), None),
        };
        Begun {
            operation: Operation::of([event]),
            kind: Kind::RefusedDocument,
            code,
        }
    }
}

fn error(faults: &[GraphqlError], request_id: Option<&RequestId>) -> Event {
    Event::Error(answer::errors(faults, request_id).into())
}

/// Whether it is the service that cannot now, and not the account that may not.
fn is_of_service(rejection: &Rejection) -> bool {
    event_stream::is_passing(rejection) && rejection.code != Code::RateLimited
}

/// A subscription under way.
struct Following {
    gateway: Arc<Gateway>,
    account_id: i64,
    request_id: Option<RequestId>,
    subscription: Subscription,
    subscriber: Subscriber<imports::Model>,
    /// What was read and is not sent yet. More is read only then: a client that takes nothing holds one reading at most.
    read: vec::IntoIter<changes::Event<imports::Model>>,
    meter: Meter,
    _place: Place,
}

impl Following {
    /// The next answer, or why there is none any more.
    async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.read.next() {
                let mut json = Json::default();
                self.subscription.write(&event, self.account_id, &mut json);
                self.meter.count(1, &self.gateway.budgets, self.account_id);
                return Event::Next(Bytes::from(json.into_bytes()));
            }
            match self.subscriber.next().await {
                Ok(events) => self.read = events.into_iter(),
                Err(_) => {
                    let failed = self.subscription.failed(FieldError::ChangesExpired);
                    let fault = answer::without_path(&failed, self.request_id.as_ref());
                    return error(&[fault], self.request_id.as_ref());
                }
            }
        }
    }
}
