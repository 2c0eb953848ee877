//! `node` and `nodes`: anything that has a global id, by that id.
//!
//! An id of another account, of another type, malformed or unknown gives null, all alike. The account that an id names
//! is compared with the caller's first, so that nothing is read for a foreign one; for the caller's own ids one statement
//! with the caller's account in it decides.

use async_graphql::{ID, Interface};

use super::account::Account;
use super::imports::{self, Import, Row, fields};
use super::{Caller, Failure};
use crate::json::Json;
use crate::selection::{Composite, Selected};
use crate::store;
use crate::store::imports::Fields;

/// Something with a global id, which `node` finds again.
#[derive(Clone, Debug, Interface)]
#[graphql(field(name = "id", ty = "&ID", desc = "Opaque, for refetching with `node`."))]
pub enum Node {
    /// An import.
    Import(Import),
    /// The caller's account.
    Account(Account),
}

/// What is selected of a node, for each type that it may have.
#[derive(Clone, Debug)]
pub struct SelectedNode {
    /// Of an import.
    pub import: Vec<Selected>,
    /// Of an account.
    pub account: Vec<Selected>,
}

/// Writes the nodes of `ids`, each as an entry of its own; null where there is none.
///
/// **Errors**: too many ids; what the database says.
pub(crate) async fn nodes(
    caller: Caller<'_>,
    selected: &SelectedNode,
    ids: &[ID],
) -> Result<Vec<Option<Json>>, Failure> {
    caller.list_items.check("ids", ids)?;
    let wanted: Vec<_> = ids.iter().map(|id| imports::row_id(caller.viewer, id)).collect();
    let mut asked: Vec<i64> = wanted.iter().flatten().copied().collect();
    asked.sort_unstable();
    asked.dedup();
    let fields = fields(&selected.import).unwrap_or(Fields::NONE);
    let mut found = store::imports::by_ids(caller.store, caller.viewer, &asked, fields).await?;
    found.sort_unstable_by_key(|import| import.id);
    let account = Account::of(caller.viewer);
    let node = |(id, row): (&ID, &Option<i64>)| -> Option<Json> {
        let mut json = Json::default();
        if *id == account.id {
            account.write(&selected.account, &mut json);
        } else {
            let at = found.binary_search_by_key(&(*row)?, |import| import.id).ok()?;
            Row(&found[at]).write(&selected.import, &mut json);
        }
        Some(json)
    };
    Ok(ids.iter().zip(&wanted).map(node).collect())
}
