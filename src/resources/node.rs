//! `node` and `nodes`: anything that has a global id, by that id.
//!
//! An id of another account, of another type, malformed or unknown gives null, all alike. The account that an id names
//! is compared with the caller's first, so that nothing is read for a foreign one; for the caller's own ids one statement
//! with the caller's account in it decides.

use async_graphql::{ID, Interface};

use super::account::{self, Account};
use super::imports::{Import, fields, row_id};
use super::{Caller, Failure};
use crate::json::Json;
use crate::selection::collect::Selected;
use crate::selection::compiled::{Selection, Unlisted};
use crate::selection::declare::Declared;
use crate::store;

/// Something with a global id, which `node` finds again.
#[derive(Debug, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque, for refetching with `node`."))]
pub enum Node {
    /// An import.
    Import(Declared<Import>),
    /// The caller's account.
    Account(Declared<Account>),
}

/// What is selected of a node, for each type that it may have.
#[derive(Debug)]
pub struct SelectedNode {
    import: Selection<Import>,
    account: Selection<Account>,
}

impl SelectedNode {
    /// Compiles what is selected.
    ///
    /// # Errors
    ///
    /// [`Unlisted`].
    pub fn compile(selected: &Selected<'_>) -> Result<Self, Unlisted> {
        Ok(Self {
            import: Selection::compile(selected)?,
            account: Selection::compile(selected)?,
        })
    }
}

/// The nodes that some ids can be.
pub struct Nodes<'a> {
    caller: Caller<'a>,
    selected: &'a SelectedNode,
    /// By id.
    imports: Vec<entity::imports::Model>,
    account_id: String,
}

impl<'a> Nodes<'a> {
    /// Reads the nodes of `ids`.
    ///
    /// # Errors
    ///
    /// Too many ids; what the database says.
    pub async fn read(caller: Caller<'a>, selected: &'a SelectedNode, ids: &[ID]) -> Result<Self, Failure> {
        caller.list_items.check("ids", ids)?;
        let mut asked: Vec<i64> = ids.iter().filter_map(|id| row_id(caller.viewer, id)).collect();
        asked.sort_unstable();
        asked.dedup();
        let fields = fields(&selected.import);
        let mut imports = store::imports::by_ids(caller.store, caller.viewer, &asked, fields).await?;
        imports.sort_unstable_by_key(|import| import.id);
        Ok(Self {
            caller,
            selected,
            imports,
            account_id: account::node_id(caller.viewer),
        })
    }

    /// Writes the node of one of the ids; null where there is none.
    pub fn write(&self, id: &ID, json: &mut Json) {
        if **id == self.account_id {
            return self.selected.account.write(self.caller.viewer, json);
        }
        let place = |row| self.imports.binary_search_by_key(&row, |import| import.id).ok();
        match row_id(self.caller.viewer, id).and_then(place) {
            Some(place) => self.selected.import.write(&self.imports[place], json),
            None => json.null(),
        }
    }
}
