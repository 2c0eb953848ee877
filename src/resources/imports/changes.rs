//! Changes as GraphQL tells them: arguments in, one object a change out.

use async_graphql::{Enum, ID};
use entity::imports;
use keyset::Filter;

use super::{Column, Import, ImportFilter};
use crate::changes::{ChangesCursor, Event};
use crate::relay::{self, GlobalRow};
use crate::resources::{FieldError, ListItems, arguments};
use crate::scalars::BigInt;
use crate::selection::declare::Declared;
use crate::selection::table::{Object, object};

/// Changes that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangesQuestion {
    /// Of which imports, without the caller's scope.
    pub filter: Filter<Column>,
    /// From where on; `None`: from now on.
    pub after: Option<ChangesCursor>,
}

impl ChangesQuestion {
    /// What arguments of GraphQL ask for.
    ///
    /// # Errors
    ///
    /// What is wrong with the first that is wrong.
    pub fn of(
        after: Option<&str>,
        filter: Option<&ImportFilter>,
        most: ListItems,
    ) -> Result<Self, FieldError> {
        let filter = arguments::conditions::<Column>(filter, most)?.filter();
        let after = after.map(ChangesCursor::decode).transpose();
        let after = after.map_err(|_| FieldError::InvalidChangesCursor { argument: "after" })?;
        Ok(Self { filter, after })
    }
}

/// An event for the account that its import belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The event.
    pub event: &'a Event<imports::Model>,
    /// The account.
    pub account_id: i64,
}

impl Told<'_> {
    fn kind(self) -> ImportChangeKind {
        match self.event.row {
            Some(_) => ImportChangeKind::Upserted,
            None => ImportChangeKind::Removed,
        }
    }
}

object! {
    /// What became of an import of the filtered list. It has no `id`, by which clients would take it for the import.
    pub ImportChange<'a>(Told<'a>);

    /// Where the changes after this one begin: for `after`. It is the `id` of the event in an event stream, too.
    "cursor": String = |told, json| json.plain(told.event.cursor.encode().as_bytes());
    /// Whether the import is in the list, or has left it.
    "kind": ImportChangeKind = |told, json| json.upper(match told.kind() {
        ImportChangeKind::Upserted => "upserted",
        ImportChangeKind::Removed => "removed",
    });
    /// The import's id of the REST API.
    "databaseId": BigInt = |told, json| json.number_string(told.event.id);
    /// The `id` of the import where it is REMOVED, for clients that keep objects by it; null otherwise.
    "removedId": Option<ID> = |told, json| match told.kind() {
        ImportChangeKind::Upserted => json.null(),
        ImportChangeKind::Removed => {
            let row = GlobalRow { account_id: told.account_id, id: told.event.id };
            relay::write_node_id(<Import as Object>::NAME, row, json);
        }
    };
    /// The import as it is now; null where it is REMOVED.
    "import": Option<Declared<Import>> => Import = |import, told, json| match &told.event.row {
        Some(row) => import.write(row, json),
        None => json.null(),
    };
}

/// What became of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ImportChangeKind {
    /// It is in the filtered list, and looks like this.
    Upserted,
    /// It was in the filtered list, and has left it or is gone.
    Removed,
}
