//! Whether the index of trigrams answers a search: where it has few matches, and finds them in time.
//!
//! The index bounds rows and not work. Pieces that are common and never meet make it read many blocks for no row, and of a
//! term that all names have it reads every entry before it gives the first. So it is asked within a time of its own; what it
//! does not answer then is left to the walk, and not asked again for a while: who turns the pages of a search would wait
//! for it on each. What it is asked is how many matches there are; those are then one more source of the plan.

use case_folding::Term;
use keyset::{Filter, Value};
use tokio::time::Instant;

use super::narrowest;
use super::scan::{self, Source};
use super::table::Column;
use crate::store::statement_kind::Named;
use crate::store::{Store, StoreError};

/// A search that the index may be asked about.
pub(super) struct Search<'a, C> {
    account_id: i64,
    column: C,
    term: &'a Term,
}

impl<'a, C: Column> Search<'a, C> {
    /// That of a filter, where it has one and the index serves its term.
    pub(super) fn of(store: &Store, filter: &'a Filter<C>) -> Option<Self> {
        let (column, term) = scan::searched(filter)?;
        let account_id = filter.equals.iter().find_map(|equal| match equal {
            (column, Value::Int(id)) if *column == C::ACCOUNT => Some(*id),
            _ => None,
        })?;
        let is_served = store.trigrams.serves(account_id, term, Instant::now());
        is_served.then_some(Self {
            account_id,
            column,
            term,
        })
    }

    /// Its matches.
    pub(super) fn source(&self) -> Source<C> {
        Source::Matching(self.column)
    }

    /// Its matches, where `probe` finds in time that they are few.
    ///
    /// # Errors
    ///
    /// [`StoreError`], but for the probe's own time.
    pub(super) async fn narrow(&self, store: &Store, probe: Named) -> Result<Option<Source<C>>, StoreError> {
        let asked = narrowest(store, probe, &[self.source()], Some(store.trigrams.timeout)).await;
        let is_over = || store.deadline.is_some_and(|deadline| deadline <= Instant::now());
        let narrow = match asked {
            Err(StoreError::TimedOut(_)) if !is_over() => None,
            asked => asked?,
        };
        if narrow.is_none() {
            store.trigrams.failed(self.account_id, self.term, Instant::now());
        }
        Ok(narrow)
    }
}
