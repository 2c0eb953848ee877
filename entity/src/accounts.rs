//! Accounts: whose imports are whose.

use sea_orm::entity::prelude::*;

use crate::Instant;

/// An account, a customer of the platform.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    /// The account's id, given by the database.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// SHA-256 of the account token, 32 bytes.
    pub token_hash: Vec<u8>,
    /// When it was created.
    pub created_at: Instant,
}

/// Deliberately none: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
