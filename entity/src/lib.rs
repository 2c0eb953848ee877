//! The SeaORM entities: [`accounts`], [`api_tokens`] and [`imports`], and the scalar types of their columns.
//!
//! Nothing clever: names and types of columns, as public as the tables themselves, which applications may write.

pub mod accounts;
pub mod api_tokens;
mod import_status;
pub mod imports;
mod instant;

pub use import_status::ImportStatus;
pub use instant::Instant;
