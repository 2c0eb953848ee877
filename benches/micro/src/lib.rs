//! What the benchmarks in process share: the question that a list page asks, and the worst documents. Run them with
//! `cargo bench --manifest-path benches/Cargo.toml --package micro --target-dir target`.

mod documents;

pub use documents::{bombs, worst};

/// A page of imports with all nine fields, as the dashboards of the clients ask for it.
pub const PAGE: &str = "query ImportsPage($first: Int, $after: String, $filter: ImportFilter) {
  imports(first: $first, after: $after, filter: $filter, sort: [{createdAt: DESC}]) {
    edges {
      cursor
      node { databaseId completedAt fileName fileSize note type status createdAt updatedAt }
    }
    pageInfo { hasNextPage endCursor }
  }
}";
