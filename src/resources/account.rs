//! The account that the caller's key belongs to.

use async_graphql::{ID, SimpleObject};

use crate::auth::Viewer;
use crate::json::Json;
use crate::relay::{self, GlobalRow};
use crate::scalars::BigInt;
use crate::selection::{Composite, Selected};

/// An account, a customer of the platform.
#[derive(Clone, Debug, SimpleObject)]
pub struct Account {
    /// Opaque, for refetching with `node`.
    pub id: ID,
    /// The account's id in the database.
    pub database_id: BigInt,
    /// What people call it.
    pub name: String,
}

impl Account {
    /// The caller's own account.
    #[must_use]
    pub fn of(viewer: &Viewer) -> Self {
        let account_id = viewer.account_id();
        let row = GlobalRow {
            account_id,
            id: account_id,
        };
        Self {
            id: ID(relay::node_id("Account", row)),
            database_id: BigInt::from(account_id),
            name: viewer.account_name().to_owned(),
        }
    }
}

impl Composite for Account {
    fn type_name(&self) -> &'static str {
        "Account"
    }

    fn field(&self, selected: &Selected, json: &mut Json) {
        match selected.name.as_str() {
            "id" => json.plain(self.id.as_bytes()),
            "databaseId" => self.database_id.write(json),
            "name" => json.string(&self.name),
            _ => json.null(),
        }
    }
}
