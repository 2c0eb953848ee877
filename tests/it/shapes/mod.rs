//! What each statement of a list costs: bounded by the page, whatever the table, on both databases.
//!
//! [`questions`] are plans as a list makes them; [`table`] is what they are asked of. The statements are those of the
//! queries that the service itself runs. Costs are counted, never timed.

mod agree;
mod postgres;
mod questions;
mod sqlite;
mod table;

use entity::ImportStatus;
use imports_gateway::resources::imports::Column;
use imports_gateway::store::query::table::Fields;
use imports_gateway::store::query::{CountQuery, CountsQuery, PageQuery};
use imports_gateway::store::statement_kind::Named;
use keyset::{Filter, Plan};
use sea_orm::DbBackend;

/// Every statement that may be run for a page of whole rows, in the order in which they are tried.
fn page_statements(backend: DbBackend, plan: &Plan<Column>, count: Option<&Plan<Column>>) -> Vec<Named> {
    let query = PageQuery::new(backend, plan, Fields::ALL, count);
    query.forms().map(|form| query.statement(form)).collect()
}

/// The statement that counts a plan that takes no probe.
fn count_statement(backend: DbBackend, plan: &Plan<Column>) -> Named {
    match CountQuery::new(backend, plan) {
        CountQuery::Statement(named) => named,
        other => panic!("no single statement counts {plan:?}: {other:?}"),
    }
}

/// The statement that counts each status of a filter that some row can meet.
fn status_counts_statement(backend: DbBackend, filter: &Filter<Column>, cap: usize) -> Named {
    let query = CountsQuery::new(filter, None, Column::Status, &ImportStatus::NAMES, cap);
    query.statement(backend).expect("a filter that can be met")
}
