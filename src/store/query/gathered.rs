//! The rows of a page statement, each decoded as it comes, and the count in its last column.

use keyset::Plan;
use sea_orm::{DbErr, QueryResult};

use super::table::{Column, Fields, Table};
use super::{Fetched, Unreadable, rows, unsigned};
use crate::auth::Viewer;
use crate::store::fetch::RowSink;
use crate::store::{Store, StoreError};

/// What was read so far.
pub(super) struct Decoded<T> {
    account_id: i64,
    fields: Fields,
    /// Whether a column tells rows that were found from the last one looked at.
    is_search: bool,
    is_counted: bool,
    rows: Vec<T>,
    /// The last row that a search looked at.
    reached: Option<T>,
    count: u64,
    /// What is wrong with the first row that could not be decoded.
    failure: Option<DbErr>,
    /// Values that could not be read, or only in part.
    unreadable: Vec<Unreadable>,
}

impl<T: Table> Decoded<T> {
    /// Nothing yet, of a statement that selects `fields`, of a search whether a row was found, and where `is_counted` a
    /// count.
    pub(super) fn new(
        viewer: &Viewer,
        limit: usize,
        fields: Fields,
        is_search: bool,
        is_counted: bool,
    ) -> Self {
        Self {
            account_id: viewer.account_id(),
            fields,
            is_search,
            is_counted,
            rows: Vec::with_capacity(limit),
            reached: None,
            count: 0,
            failure: None,
            unreadable: Vec::new(),
        }
    }

    fn decode(&mut self, row: &QueryResult) -> Result<(), DbErr> {
        let place = || self.fields.iter::<T::Column>().count();
        // Every row has the same count, and NULL says that there is none.
        if self.is_counted && self.rows.is_empty() {
            let count: Option<i64> = row.try_get_by_index(place() + usize::from(self.is_search))?;
            self.count = unsigned(count.unwrap_or(0))?;
        }
        let is_found = !self.is_search || row.try_get_by_index::<i32>(place())? == 1;
        match rows::decode(row, self.account_id, self.fields, &mut self.unreadable) {
            Ok(decoded) if is_found => self.rows.push(decoded),
            Ok(decoded) => self.reached = Some(decoded),
            Err(unreadable) => {
                self.unreadable.push(unreadable.clone());
                return Err(unreadable.into());
            }
        }
        Ok(())
    }

    /// The same, once operators know of what could not be read. A row that fails its request is logged with the request.
    pub(super) fn told(self, store: &Store) -> Self {
        for unreadable in &self.unreadable {
            store.metrics().unreadable(unreadable.column);
        }
        if self.failure.is_none() {
            store.replaced.tell(&self.unreadable);
        }
        self
    }

    /// What was read, as it came.
    pub(super) fn rows(self) -> Result<Vec<T>, StoreError> {
        match self.failure {
            Some(failure) => Err(failure.into()),
            None => Ok(self.rows),
        }
    }

    /// What was read, in the order of `plan`.
    pub(super) fn fetched<C: Column<Row = T>>(mut self, plan: &Plan<C>) -> Result<Fetched<T>, StoreError>
    where
        T: Table<Column = C>,
    {
        let count = self.count;
        let reached = self.reached.take();
        let mut rows = self.rows()?;
        // A subquery's order survives in practice, in SQLite without a promise; this costs one comparison a row.
        if !rows.is_sorted_by(|left, right| plan.order().compare(left, right).is_lt()) {
            rows.sort_by(|left, right| plan.order().compare(left, right));
        }
        Ok(Fetched { rows, count, reached })
    }
}

impl<T: Table> RowSink for Decoded<T> {
    fn take(&mut self, row: QueryResult) {
        if self.failure.is_none() {
            self.failure = self.decode(&row).err();
        }
    }
}
