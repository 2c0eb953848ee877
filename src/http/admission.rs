//! Who comes in, on whose account, and when: the same for GraphQL and REST.
//!
//! Takes a request's head, gives a [`Caller`]: the key is checked (a wrong one counts against its address), then the
//! account's budget is looked at, both before a byte of the body is read. Once the cost is known it is charged, and the
//! request waits for its turn to run.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant as Tick;

use axum::extract::ConnectInfo;
use axum::http::header::{AUTHORIZATION, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use entity::Instant;

use super::Gateway;
use super::request_id::RequestId;
use crate::auth::{self, AuthError, Viewer};
use crate::client_address;
use crate::error::{Code, Rejection};
use crate::load::Limited;
use crate::load::budget::Remaining;
use crate::load::permits::{Overloaded, Permit};
use crate::store::held_tokens::HeldToken;
use crate::store::token_cache::ViewerError;

/// The header of an account's token.
pub(super) const ACCOUNT_TOKEN: HeaderName = HeaderName::from_static("account-token");
/// The header in which proxies say whom they speak for.
pub(super) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The headers that hold a caller's key.
pub(super) const CREDENTIALS: [HeaderName; 2] = [AUTHORIZATION, ACCOUNT_TOKEN];

/// These headers, in memory of their own: the others are freed with the request.
pub(super) fn kept(headers: &HeaderMap, names: impl IntoIterator<Item = HeaderName>) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in names {
        for value in headers.get_all(&name) {
            // What was a value is one.
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                kept.append(name.clone(), value);
            }
        }
    }
    kept
}

/// Someone with a key and something left to spend.
pub(super) struct Caller {
    pub(super) viewer: Viewer,
    remaining: Option<Remaining>,
    /// In points that were taken last.
    taken: u64,
}

/// Why a key is not let in.
pub(super) enum Denied {
    /// The account token is another account's.
    WrongAccount,
    /// Anything else.
    Rejected(Rejection),
}

impl From<Denied> for Rejection {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::WrongAccount => AuthError::WrongAccount.into(),
            Denied::Rejected(rejection) => rejection,
        }
    }
}

/// The caller of a request.
///
/// # Errors
///
/// `UNAUTHENTICATED` or, for an address that keeps failing, `RATE_LIMITED`; `RATE_LIMITED` for an account in
/// debt; why the key could not be looked up.
pub(super) async fn enter(gateway: &Gateway, parts: &Parts) -> Result<Caller, Denied> {
    let viewer = match look_up(gateway, &parts.headers).await {
        Ok(viewer) => viewer,
        Err(ViewerError::Refused(error)) => {
            if let Some(address) = address(gateway, parts)
                && let Err(limited) = gateway.failed_keys.record(address, Tick::now())
            {
                return Err(Denied::Rejected(limit(
                    gateway,
                    limited,
                    "too many requests without a valid API key came from this address",
                    None,
                )));
            }
            return Err(match error {
                AuthError::WrongAccount => Denied::WrongAccount,
                error => Denied::Rejected(error.into()),
            });
        }
        Err(ViewerError::Store(error)) => {
            let request_id = parts.extensions.get::<RequestId>().map(RequestId::as_str);
            return Err(Denied::Rejected(Rejection::of_store(&error, request_id)));
        }
    };
    let now = Tick::now();
    match gateway.budgets.admit(viewer.account_id(), now) {
        Ok(remaining) => Ok(Caller {
            viewer,
            remaining,
            taken: 0,
        }),
        Err(limited) => Err(Denied::Rejected(spent(
            gateway,
            viewer.account_id(),
            limited,
            now,
        ))),
    }
}

impl Caller {
    /// Takes a point for what is refused.
    pub(super) fn charge_refusal(&mut self, gateway: &Gateway) {
        self.remaining = gateway.budgets.charge(self.viewer.account_id(), 1, Tick::now());
    }

    /// Gives back what was taken for what did not run, but for the point that a refusal costs.
    pub(super) fn refund(&mut self, gateway: &Gateway) {
        let points = std::mem::take(&mut self.taken).saturating_sub(1);
        self.remaining = gateway
            .budgets
            .refund(self.viewer.account_id(), points, Tick::now());
    }

    /// Waits for the right to run something that costs so many points, and takes them once it may.
    ///
    /// # Errors
    ///
    /// `OVERLOADED`, which costs a point as whatever is refused; `RATE_LIMITED` where requests that were let in
    /// with this one have spent the last point.
    pub(super) async fn permit(&mut self, gateway: &Gateway, points: u64) -> Result<Permit, Rejection> {
        let account = self.viewer.account_id();
        let permit = gateway.permits.acquire(account).await.map_err(|overloaded| {
            self.charge_refusal(gateway);
            let mut rejection = Rejection::new(Code::Overloaded, overloaded.to_string());
            rejection.retry_after_s = Some(Overloaded::RETRY_AFTER_S);
            rejection.remaining = self.remaining;
            rejection
        })?;
        let now = Tick::now();
        match gateway.budgets.spend(account, points, now) {
            Ok(remaining) => {
                self.taken = points;
                self.remaining = remaining;
                Ok(permit)
            }
            Err(limited) => Err(spent(gateway, account, limited, now)),
        }
    }

    /// What is left of the account's budget.
    pub(super) fn remaining(&self) -> Option<Remaining> {
        self.remaining
    }

    /// Tells the caller what is left.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        tell(self.remaining, headers);
    }
}

/// Tells what is left of a budget in the headers of an answer.
pub(super) fn tell(remaining: Option<Remaining>, headers: &mut HeaderMap) {
    let Some(remaining) = remaining else { return };
    for (name, number) in remaining.older() {
        headers.insert(name, HeaderValue::from(number));
    }
    for (name, text) in remaining.newer().into_iter().flatten() {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
}

fn spent(gateway: &Gateway, account: i64, limited: Limited, now: Tick) -> Rejection {
    let remaining = gateway.budgets.remaining(account, now);
    limit(
        gateway,
        limited,
        "the account has spent its points for now",
        remaining,
    )
}

fn limit(gateway: &Gateway, limited: Limited, what: &str, remaining: Option<Remaining>) -> Rejection {
    gateway.metrics.rate_limited();
    // A WebSocket has no header `Retry-After`.
    let mut rejection = Rejection::new(Code::RateLimited, format!("{what}; {limited}"));
    rejection.retry_after_s = Some(limited.retry_after_s);
    rejection.remaining = remaining;
    rejection
}

async fn look_up(gateway: &Gateway, headers: &HeaderMap) -> Result<Viewer, ViewerError> {
    let key = auth::credentials(headers.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes))?;
    let mut account_tokens = headers.get_all(ACCOUNT_TOKEN).iter();
    let account_token = match (
        account_tokens.next().map(HeaderValue::to_str),
        account_tokens.next(),
    ) {
        (None, _) => None,
        (Some(Ok(text)), None) => Some(text),
        _ => return Err(AuthError::WrongAccount.into()),
    };
    gateway
        .tokens
        .viewer(&key, account_token, Instant::now(), Tick::now())
        .await
}

/// The key of a viewer who was let in by these headers, for what stays open under it.
pub(super) fn hold(gateway: &Gateway, viewer: &Viewer, headers: &HeaderMap) -> HeldToken {
    let account_token = headers.get(ACCOUNT_TOKEN).and_then(|value| value.to_str().ok());
    let account_token = account_token.map(Box::from);
    gateway
        .held_tokens
        .hold(viewer.token_id(), viewer.account_id(), account_token)
}

/// The client's address; `None` where there is no socket, as in a test.
fn address(gateway: &Gateway, parts: &Parts) -> Option<IpAddr> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    let forwarded = parts.headers.get_all(FORWARDED_FOR).iter();
    let forwarded: Vec<_> = forwarded
        .map(|value| value.to_str().unwrap_or_default())
        .collect();
    Some(client_address::behind_proxies(
        peer.ip(),
        forwarded.into_iter(),
        &gateway.limits.trusted_proxies,
    ))
}
