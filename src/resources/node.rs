//! `node` and `nodes`: anything that has a global id, by that id.
//!
//! An id of another account, of another type, malformed or unknown gives null, all alike: one statement with the
//! caller's account in it decides, or none.

use async_graphql::{Context, ID, Interface, Value};

use super::account::Account;
use super::imports::{Import, fields};
use super::{Failure, parts};
use crate::relay;
use crate::selection::{Composite, Written, collect};
use crate::store::imports::Fields;
use crate::store::{self};

/// Something with a global id, which `node` finds again.
#[derive(Clone, Debug, Interface)]
#[graphql(field(name = "id", ty = "&ID", desc = "Opaque, for refetching with `node`."))]
pub enum Node {
    /// An import.
    Import(Import),
    /// The caller's account.
    Account(Account),
}

/// The nodes of `ids`, in their order; null where there is none.
pub(crate) async fn nodes(context: &Context<'_>, ids: &[ID]) -> Result<Vec<Option<Written<Node>>>, Failure> {
    let (store, viewer) = parts(context)?;
    let selected_import = collect(context, "Import");
    let selected_account = collect(context, "Account");
    let wanted: Vec<_> = ids.iter().map(|id| relay::row_id("Import", id)).collect();
    let mut asked: Vec<i64> = wanted.iter().flatten().copied().collect();
    asked.sort_unstable();
    asked.dedup();
    let fields = fields(&selected_import).unwrap_or(Fields::NONE);
    let mut imports = store::imports::by_ids(store, viewer, &asked, fields).await?;
    imports.sort_unstable_by_key(|import| import.id);
    let account = Account::of(viewer);
    let node = |(id, row): (&ID, &Option<i64>)| -> Option<Value> {
        if *id == account.id {
            return Some(account.write(&selected_account));
        }
        let found = imports.binary_search_by_key(&(*row)?, |import| import.id).ok()?;
        Some(super::imports::Row(&imports[found]).write(&selected_import))
    };
    Ok(ids
        .iter()
        .zip(&wanted)
        .map(node)
        .map(|value| value.map(Written::new))
        .collect())
}
