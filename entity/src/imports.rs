//! Imports: the files that customers upload, one row a job.

use sea_orm::entity::prelude::*;

use crate::{ImportStatus, Instant};

/// An import of one account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "imports")]
pub struct Model {
    /// The account that the import belongs to.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: i64,
    /// The import's id, unique in its account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// When it ended; `None` while it has not.
    pub completed_at: Option<Instant>,
    /// The name of the uploaded file.
    pub file_name: String,
    /// The file's size. **Unit**: bytes, at least 0.
    pub file_size: i64,
    /// What the customer or the import itself noted.
    pub note: Option<String>,
    /// What is imported, such as `VehicleImport`. An open set.
    #[sea_orm(column_name = "type", enum_name = "Type")]
    pub kind: String,
    /// Its state.
    pub status: ImportStatus,
    /// When it was created.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

/// Deliberately none: the account is a scope, never a join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
