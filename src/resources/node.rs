//! `node` and `nodes`: anything that has a global id, by that id.
//!
//! An id of another account, of another type, malformed or unknown gives null, all alike: one statement with the
//! caller's account in it decides, or none.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, ID, OutputType, Positioned, ServerResult, Value};

use super::account::{self, Account};
use super::imports::{Import, fields, row_id};
use super::{Caller, Failure};
use crate::json::Json;
use crate::selection::collect::Selected;
use crate::selection::compiled::{Selection, Unlisted};
use crate::selection::declare::{self, Declared};
use crate::store;

/// The interface `Node`.
#[derive(Debug)]
pub struct Node;

impl OutputType for Node {
    fn type_name() -> Cow<'static, str> {
        "Node".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        declare::interface::<Self>(
            registry,
            "Something with a global id, which `node` finds again.",
            &[("id", "Opaque, for refetching with `node`.", ID::create_type_info)],
            &[
                Declared::<Import>::create_type_info,
                Declared::<Account>::create_type_info,
            ],
        )
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        declare::not_executed(field)
    }
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

/// Reads the nodes of `ids` and writes them as a list; null where there is none.
///
/// # Errors
///
/// Too many ids; what the database says. Nothing has been written then.
pub async fn nodes(
    caller: Caller<'_>,
    selected: &SelectedNode,
    ids: &[ID],
    json: &mut Json,
) -> Result<(), Failure> {
    caller.list_items.check("ids", ids)?;
    let nodes = Nodes::read(caller, selected, ids).await?;
    json.list(ids, |json, id| nodes.write(id, json));
    Ok(())
}

/// Reads the node of an id and writes it; null where there is none.
///
/// # Errors
///
/// What the database says. Nothing has been written then.
pub async fn node(
    caller: Caller<'_>,
    selected: &SelectedNode,
    id: &ID,
    json: &mut Json,
) -> Result<(), Failure> {
    let nodes = Nodes::read(caller, selected, std::slice::from_ref(id)).await?;
    nodes.write(id, json);
    Ok(())
}

/// The nodes that some ids can be.
struct Nodes<'a> {
    caller: Caller<'a>,
    selected: &'a SelectedNode,
    /// By id.
    imports: Vec<entity::imports::Model>,
    account_id: String,
}

impl<'a> Nodes<'a> {
    async fn read(caller: Caller<'a>, selected: &'a SelectedNode, ids: &[ID]) -> Result<Self, Failure> {
        let mut asked: Vec<i64> = ids.iter().filter_map(|id| row_id(id)).collect();
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

    fn write(&self, id: &ID, json: &mut Json) {
        if **id == self.account_id {
            return self.selected.account.write(self.caller.viewer, json);
        }
        let place = |row| self.imports.binary_search_by_key(&row, |import| import.id).ok();
        match row_id(id).and_then(place) {
            Some(place) => self.selected.import.write(&self.imports[place], json),
            None => json.null(),
        }
    }
}
