//! Imports as REST answers them: a query string in, the JSON text of a page or of a record out.
//!
//! [`parse`] reads a whole query string and reports every fault in it at once; [`list()`] and [`record`] answer. Filters
//! and orders mean what they mean in GraphQL, as both are lowered in `resources::filter` and `sort`. Deliberately absent: HTTP.

mod changes;
mod counts;
mod filters;
mod fuzz;
mod names;
mod page;
mod parameter_errors;
mod query;
mod question;
#[cfg(test)]
mod tests;
mod time;

pub use changes::{ChangeKind, LAST_EVENT_ID, change, parse_changes};
pub use counts::{ImportCounts, UNITS, parse_counts};
pub use fuzz::fuzz_query;
pub use page::{
    BOUNDS, BoundOperator, FilteredBy, Page, Record, SEARCHES, SearchName, SortDirection, SortedBy,
};
pub use parameter_errors::ParameterErrors;
pub use question::{DEFAULT_PER_PAGE, PER_PAGE, Question, parse};

use crate::auth::Viewer;
use crate::list::{self, Projection};
use crate::resources::imports::Column;
use crate::resources::imports::counts::{self as counted, CountsError};
use crate::store::query::table::Fields;
use crate::store::{Store, StoreError, query as tables};

/// The page that a question asks for, as JSON.
///
/// # Errors
///
/// [`StoreError`].
pub async fn list(store: &Store, viewer: &Viewer, question: &Question) -> Result<Vec<u8>, StoreError> {
    let projection = Projection {
        rows: Some(Fields::ALL),
        flags: false,
        count: true,
    };
    let listing = list::list(store, viewer, &question.filter, &question.window, projection).await?;
    Ok(json(&Page::new(question, &listing)))
}

/// The counts that a question asks for, as JSON.
///
/// # Errors
///
/// [`CountsError`].
pub async fn counts(
    store: &Store,
    viewer: &Viewer,
    question: &counted::Question,
) -> Result<Vec<u8>, CountsError> {
    let counts = counted::count(store, viewer, question).await?;
    Ok(json(&ImportCounts::from(&counts)))
}

/// The caller's import with this id, as JSON, if there is one.
///
/// # Errors
///
/// [`StoreError`].
pub async fn record(store: &Store, viewer: &Viewer, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let found = tables::by_ids::<Column>(store, viewer, &[id], Fields::ALL).await?;
    Ok(found.first().map(|import| json(&Record(import))))
}

fn json(answer: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(answer).expect("an answer has string keys only, and memory takes every byte")
}
