//! From a request's headers to its viewer, for every API alike.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use entity::Instant;

use super::Gateway;
use crate::auth::{self, AuthError, Viewer};
use crate::error::Rejection;
use crate::store::viewers::ViewerError;

/// The viewer of a GraphQL request. An account token of another account is as wrong as a wrong key.
///
/// **Errors**: `UNAUTHENTICATED`, or why the key could not be looked up.
pub(super) async fn viewer(gateway: &Gateway, headers: &HeaderMap) -> Result<Viewer, Rejection> {
    Ok(look_up(gateway, headers).await?)
}

/// The viewer of a REST request, or `None` where the account token is another account's: that account does not exist.
///
/// **Errors**: as [`viewer`].
pub(super) async fn rest_viewer(gateway: &Gateway, headers: &HeaderMap) -> Result<Option<Viewer>, Rejection> {
    match look_up(gateway, headers).await {
        Err(ViewerError::Refused(AuthError::WrongAccount)) => Ok(None),
        Err(error) => Err(error.into()),
        Ok(viewer) => Ok(Some(viewer)),
    }
}

async fn look_up(gateway: &Gateway, headers: &HeaderMap) -> Result<Viewer, ViewerError> {
    let key = auth::credentials(
        headers
            .get_all(AUTHORIZATION)
            .iter()
            .map(|value| value.as_bytes()),
    )?;
    let account_token = match headers.get("account-token").map(|value| value.to_str()) {
        None => None,
        Some(Ok(text)) => Some(text),
        Some(Err(_)) => return Err(AuthError::WrongAccount.into()),
    };
    gateway
        .viewers
        .viewer(&key, account_token, Instant::now(), std::time::Instant::now())
        .await
}
