//! A root field that stands in several places runs once.
//!
//! Fields under one response key are one field, and are paid for as one; the library resolves each place for itself and
//! merges what comes back. Here the place that comes first runs, with all that the places select together, and the
//! others wait for its answer, which merged with itself is the same. A plan has merged them before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, Name};
use tokio::sync::OnceCell;

use crate::json::Json;
use crate::resources::Failure;

/// What a field came to: a value for each place of its list, or one value; `None` is null.
pub(super) type Outcome = Result<Vec<Option<Json>>, Failure>;

/// What the root fields of one request came to, by response key. Every request has its own.
#[derive(Debug, Default)]
pub struct Once(Mutex<HashMap<Name, Arc<OnceCell<Outcome>>>>);

impl Once {
    fn cell(&self, key: &Name) -> Arc<OnceCell<Outcome>> {
        // A panic leaves no entry half-made.
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cells.entry(key.clone()).or_default())
    }
}

/// What the root field comes to that `context` resolves: of all its places only one runs `resolve`.
///
/// **Errors**: those of `resolve`; [`Failure::Unwired`].
pub(super) async fn once(context: &Context<'_>, resolve: impl Future<Output = Outcome>) -> Outcome {
    let once = context.data_opt::<Once>().ok_or(Failure::Unwired("answers"))?;
    let cell = once.cell(&context.item.node.response_key().node);
    cell.get_or_init(|| resolve).await.clone()
}
