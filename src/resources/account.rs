//! The account that the caller's key belongs to.

use async_graphql::ID;

use crate::auth::Viewer;
use crate::relay::{self, GlobalRow};
use crate::scalars::BigInt;
use crate::selection::table::{Object as _, object};

object! {
    /// An account, a customer of the platform.
    pub Account<'a>(&'a Viewer) is "Node" is "_Entity";

    /// Opaque, for refetching.
    "id": ID = |viewer, json| json.plain(node_id(viewer).as_bytes());
    /// The account's id in the database.
    "databaseId": BigInt = |viewer, json| json.number_string(viewer.account_id());
    /// What people call it.
    "name": String = |viewer, json| json.string(viewer.account_name());
}

/// The `id` of the caller's account.
#[must_use]
pub fn node_id(viewer: &Viewer) -> String {
    let account_id = viewer.account_id();
    let row = GlobalRow {
        account_id,
        id: account_id,
    };
    relay::node_id(Account::NAME, row)
}
