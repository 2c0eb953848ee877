//! The account that the caller's key belongs to, and how its mirror stands where it is one.

use async_graphql::ID;

use crate::auth::Viewer;
use crate::relay::{self, GlobalRow};
use crate::scalars::BigInt;
use crate::selection::declare::Declared;
use crate::selection::table::{Needs, Object as _, object};
use crate::store::mirror::Standing;

use super::mirror::Mirror;

/// What an account is written from.
#[derive(Clone, Copy, Debug)]
pub struct AccountAnswer<'a> {
    viewer: &'a Viewer,
    mirror: Option<&'a Standing>,
}

impl<'a> AccountAnswer<'a> {
    /// The caller's account; `mirror` only where it is needed.
    #[must_use]
    pub const fn new(viewer: &'a Viewer, mirror: Option<&'a Standing>) -> Self {
        Self { viewer, mirror }
    }
}

object! {
    /// An account, a customer of the platform.
    pub Account<'a>(AccountAnswer<'a>) is "Node" is "_Entity";

    /// Opaque, for refetching.
    "id": ID = |account, json| json.plain(node_id(account.viewer).as_bytes());
    /// The account's id in the database.
    "databaseId": BigInt = |account, json| json.number_string(account.viewer.account_id());
    /// What people call it.
    "name": String = |account, json| json.string(account.viewer.account_name());
    /// How far behind its upstream it is; null where its imports are not another service's.
    "mirror": Option<Declared<Mirror>> => Mirror = |mirror, account, json| match account.mirror {
        Some(standing) => mirror.write(standing, json),
        None => json.null(),
    }, needs Needs::MIRROR;
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
