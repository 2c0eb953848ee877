//! `node` and `nodes`: anything that has a global id, by that id; and `_entities`, by the representations that a federation
//! gateway makes of type and id.
//!
//! An id of another account, of another type, malformed or unknown gives null, all alike. The account that an id names
//! is compared with the caller's first, so that nothing is read for a foreign one; for the caller's own ids one statement
//! with the caller's account in it decides.

use async_graphql::{Any, ID, Interface, Union};
use async_graphql_value::ConstValue;
use keyset::Value;

use super::account::{self, Account, AccountAnswer};
use super::imports::Import;
use super::table::{fields, row_id};
use super::{Caller, FieldError, mirror};
use crate::auth::Viewer;
use crate::json::Json;
use crate::selection::collect::Selected;
use crate::selection::compiled::{Selection, Unlisted};
use crate::selection::declare::Declared;
use crate::selection::table::Object;
use crate::store::mirror::Standing;
use crate::store::query;
use crate::store::query::table::{Column as _, Table};

/// Something with a global id, by which it is found again.
#[derive(Debug, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque, for refetching."))]
pub enum Node {
    /// An import.
    Import(Declared<Import>),
    /// The caller's account.
    Account(Declared<Account>),
}

/// Something that a federation gateway finds again by its type and `id`.
#[derive(Debug, Union)]
#[graphql(name = "_Entity")]
pub enum Entity {
    /// An import.
    Import(Declared<Import>),
    /// The caller's account.
    Account(Declared<Account>),
}

/// The global id of the entity that each representation names; `None` where it can be none of the caller's.
///
/// A representation is an object with `__typename` and `id`, both strings, the id of that type and of the caller's account.
/// Other keys are fields that the gateway has of the entity, and say nothing here.
#[must_use]
pub fn entity_ids(viewer: &Viewer, representations: &[Any]) -> Vec<Option<ID>> {
    let account_id = account::node_id(viewer);
    let id = |Any(representation): &Any| {
        let ConstValue::Object(object) = representation else {
            return None;
        };
        let (Some(ConstValue::String(type_name)), Some(ConstValue::String(id))) =
            (object.get("__typename"), object.get("id"))
        else {
            return None;
        };
        let is_of_type = match type_name.as_str() {
            Import::NAME => row_id::<Import>(viewer, id).is_some(),
            Account::NAME => *id == account_id,
            _ => false,
        };
        is_of_type.then(|| ID::from(id.as_str()))
    };
    representations.iter().map(id).collect()
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
    imports: Found<entity::imports::Model>,
    account_id: String,
    mirror: Option<Standing>,
}

impl<'a> Nodes<'a> {
    /// Reads the nodes of `ids`, however many they are.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn read(
        caller: Caller<'a>,
        selected: &'a SelectedNode,
        ids: &[ID],
    ) -> Result<Self, FieldError> {
        let account_id = account::node_id(caller.viewer);
        let mirror = if ids.iter().any(|id| **id == account_id) {
            mirror::standing(caller, selected.account.needs()).await?
        } else {
            None
        };
        Ok(Self {
            caller,
            selected,
            imports: Found::read(caller, &selected.import, ids).await?,
            account_id,
            mirror,
        })
    }

    /// Writes the node of one of the ids; null where there is none.
    pub fn write(&self, id: &ID, json: &mut Json) {
        if **id == self.account_id {
            let account = AccountAnswer::new(self.caller.viewer, self.mirror.as_ref());
            return self.selected.account.write(account, json);
        }
        let (viewer, selected) = (self.caller.viewer, self.selected);
        match self.imports.get::<Import>(viewer, id) {
            Some(import) => selected.import.write(import, json),
            None => json.null(),
        }
    }
}

/// The rows of a table that some ids name, by id.
struct Found<T>(Vec<T>);

impl<T: Table> Found<T> {
    async fn read<O: Object>(
        caller: Caller<'_>,
        selected: &Selection<O>,
        ids: &[ID],
    ) -> Result<Self, FieldError> {
        let Caller { store, viewer, .. } = caller;
        let mut asked: Vec<i64> = ids.iter().filter_map(|id| row_id::<O>(viewer, id)).collect();
        asked.sort_unstable();
        asked.dedup();
        let mut rows = query::by_ids::<T::Column>(store, viewer, &asked, fields(selected)).await?;
        rows.sort_unstable_by_key(|row| row.value(T::Column::ID));
        Ok(Self(rows))
    }

    fn get<O: Object>(&self, viewer: &Viewer, id: &ID) -> Option<&T> {
        let id = Value::Int(row_id::<O>(viewer, id)?);
        let place = self
            .0
            .binary_search_by_key(&id, |row| row.value(T::Column::ID))
            .ok()?;
        self.0.get(place)
    }
}
