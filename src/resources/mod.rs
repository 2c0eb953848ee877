//! What the API is about, one folder a table.
//!
//! Takes arguments as a client wrote them; gives answers or a [`FieldError`]. Deliberately absent: transport, codes and
//! statuses; those hang on a failure in `error`.

pub mod account;
pub mod arguments;
pub mod connection;
pub mod filter;
pub mod imports;
pub mod mirror;
pub mod node;
pub mod sort;
pub mod table;

use std::sync::Arc;

use crate::auth::Viewer;
use crate::changes::Feed;
use crate::store::{Store, StoreError};

/// Why a field has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FieldError {
    /// An argument of the right type has a wrong value.
    #[error("{message}")]
    Input {
        /// The dotted path from the field's argument.
        argument: &'static str,
        /// What is wrong, and what would be right.
        message: String,
    },
    /// A cursor that is cut, damaged or empty. One text for all, so that nothing can be learned from it; what it says of the
    /// empty one is for clients that make it of the null that an empty page has.
    #[error(
        "`{argument}` is no cursor of this API. Use a cursor exactly as an edge or pageInfo gave it; where that is null, \
         leave `{argument}` out or send null: an empty text is no cursor."
    )]
    InvalidCursor {
        /// The argument that held it.
        argument: &'static str,
    },
    /// A cursor of another order than the list's.
    #[error(
        "`{argument}` is a cursor of another sort. Leave `sort` out to go on in the cursor's own sort, or start \
         without a cursor."
    )]
    CursorMismatch {
        /// The argument that held it.
        argument: &'static str,
    },
    /// A cursor of changes that is none.
    #[error(
        "`{argument}` is no cursor of changes. Use one exactly as an event or `changesCursor` gave it, or leave `{argument}` \
         out to hear of what changes from now on."
    )]
    InvalidChangesCursor {
        /// The argument that held it, or the header.
        argument: &'static str,
    },
    /// The changes after a cursor are no longer kept, or it is of another history of the database.
    #[error(
        "the changes after this cursor are no longer known; read the list anew, then follow it from its `changesCursor`"
    )]
    ChangesExpired,
    /// The database gave no answer.
    #[error("the database gave no answer")]
    Store(#[source] Arc<StoreError>),
    /// A fault of ours, in words for the log.
    #[error("{0}")]
    Internal(String),
}

impl From<StoreError> for FieldError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// How many items a list in an argument may have.
#[derive(Clone, Copy, Debug)]
pub struct ListItems(pub usize);

impl ListItems {
    /// Refuses a longer list.
    ///
    /// # Errors
    ///
    /// [`FieldError::Input`].
    pub(crate) fn check<T>(self, argument: &'static str, list: &[T]) -> Result<(), FieldError> {
        let Self(most) = self;
        if list.len() <= most {
            return Ok(());
        }
        let message = format!("`{argument}` has too many items; at most {most} are accepted.");
        Err(FieldError::Input { argument, message })
    }
}

/// What every answer needs: where to read, for whom, and how much may be asked for.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    /// Where to read.
    pub store: &'a Store,
    /// For whom.
    pub viewer: &'a Viewer,
    /// What becomes of imports.
    pub changes: &'a Feed<entity::imports::Model>,
    /// How long a list in an argument may be.
    pub list_items: ListItems,
}
