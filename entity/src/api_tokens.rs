//! API tokens: the keys that callers send, as hashes.

use sea_orm::entity::prelude::*;

use crate::Instant;

/// An API key of one account. The key itself is stored nowhere.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_tokens")]
pub struct Model {
    /// The token's id, given by the database.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The account whose imports the key reads.
    pub account_id: i64,
    /// What people call it.
    pub name: String,
    /// SHA-256 of the key, 32 bytes.
    pub hash: Vec<u8>,
    /// When it was created.
    pub created_at: Instant,
    /// From when on it is refused; `None`: never.
    pub expires_at: Option<Instant>,
    /// When it was revoked; `None`: it was not.
    pub revoked_at: Option<Instant>,
}

/// Deliberately none: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
