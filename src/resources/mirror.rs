//! How far behind its upstream an account is whose imports are another service's.

use async_graphql::Enum;

use super::{Caller, FieldError};
use crate::scalars::DateTime;
use crate::selection::table::{Needs, object};
use crate::store::mirror::{self, Standing};

/// What a mirror does at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MirrorPhase {
    /// Its first walk over all imports is not at its end: some are not there yet.
    Backfill,
    /// Changes are asked for.
    Following,
    /// Changes are asked for, and between that a walk over all imports goes on, to find what is gone.
    Reconciling,
    /// Two intervals, and at least 10 s, have gone by without a page of the upstream's.
    Stalled,
}

object! {
    /// Where an account's imports come from, and how far behind they are.
    pub Mirror<'a>(&'a Standing);

    /// The URL in front of the REST API that the imports come from.
    "upstream": String = |standing, json| json.string(&standing.upstream);
    /// What it does at present.
    "phase": MirrorPhase = |standing, json| json.upper(standing.phase_name());
    /// When the upstream's changes were last read to their end, by the clock of the database; null where they never were.
    "lastPolledAt": Option<DateTime> = |standing, json| match standing.last_polled_at {
        Some(instant) => json.plain(&instant.to_text()),
        None => json.null(),
    };
    /// How long ago that was, in whole seconds: what was changed upstream before that is here. Null where it never was.
    "ageSeconds": Option<i32> = |standing, json| match standing.polled_ago {
        Some(ago) => json.number(i32::try_from(ago.as_secs()).unwrap_or(i32::MAX).into()),
        None => json.null(),
    };
    /// Whether the first walk over all imports has come to its end.
    "isComplete": bool = |standing, json| json.boolean(standing.is_complete);
}

/// How the mirror of the caller's account stands; `None` where that is not needed, or the account is none.
///
/// # Errors
///
/// What the database says.
pub async fn standing(caller: Caller<'_>, needs: Needs) -> Result<Option<Standing>, FieldError> {
    if !needs.has(Needs::MIRROR) {
        return Ok(None);
    }
    let Caller { store, viewer, .. } = caller;
    Ok(mirror::standing(store, viewer.account_id()).await?)
}
