//! The account that the caller's key belongs to.

use async_graphql::ID;

use crate::auth::Viewer;
use crate::relay;
use crate::scalars::BigInt;
use crate::selection::table::{Field, Object, leaf};

/// The type `Account`; an account is written from its [`Viewer`].
#[derive(Debug)]
pub struct Account;

impl Object for Account {
    const NAME: &'static str = "Account";
    const DESCRIPTION: &'static str = "An account, a customer of the platform.";
    const IMPLEMENTS: &'static [&'static str] = &["Node"];
    const FIELDS: &'static [Field<Self>] = &[
        leaf::<Self, ID>("id", "Opaque, for refetching with `node`.", |viewer, json| {
            json.plain(node_id(viewer).as_bytes());
        }),
        leaf::<Self, BigInt>(
            "databaseId",
            "The account's id in the database.",
            |viewer, json| {
                json.number_string(viewer.account_id());
            },
        ),
        leaf::<Self, String>("name", "What people call it.", |viewer, json| {
            json.string(viewer.account_name());
        }),
    ];
    type Source<'a> = &'a Viewer;
}

/// The `id` of the caller's account.
#[must_use]
pub fn node_id(viewer: &Viewer) -> String {
    relay::node_id(Account::NAME, viewer.account_id())
}
