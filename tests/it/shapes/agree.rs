//! Each form of a page gives the rows that its plan gives in memory, whichever of them the probe would choose.

use entity::{ImportStatus, imports};
use imports_gateway::resources::imports::Column;
use imports_gateway::store::Store;
use imports_gateway::store::query::table::Column as _;
use imports_gateway::store::statement_kind::{Named, StatementKind};
use keyset::{Direction, Filter, PageRequest, Plan, Range, Reading, Value};
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use sea_orm::ConnectionTrait as _;

use super::page_statements;
use super::questions::{filter, order};
use crate::databases::{self, execute, instant, literal};

/// As many filled tables a database, and as many questions of each.
const TABLES: usize = 4;
const QUESTIONS: usize = 60;
/// What a count counts at most: fewer than there are rows.
const CAP: usize = 7;

fn rows() -> impl Strategy<Value = Vec<imports::Model>> {
    // Few distinct instants: ties are the rule.
    let row = (0..6_i64, 0..6_i64, 0..10_usize, 1..3_i64);
    proptest::collection::vec(row, 0..60).prop_map(|rows| {
        let import =
            |(id, (created, updated, status, account_id)): (i64, (i64, i64, usize, i64))| imports::Model {
                account_id,
                id,
                completed_at: None,
                file_name: "vehicles.csv".to_owned(),
                file_size: 1,
                note: None,
                kind: "VehicleImport".to_owned(),
                status: ImportStatus::ALL[status],
                created_at: instant(created),
                updated_at: instant(updated),
            };
        (1..).zip(rows).map(import).collect()
    })
}

/// A filter with at least one range, keys of an order, a row for a cursor, the way, and the page's size.
#[derive(Clone, Debug)]
struct Asked {
    filter: Filter<Column>,
    keys: Vec<(Column, Direction)>,
    cursor: Option<Index>,
    reading: Reading,
    size: usize,
}

fn asked() -> impl Strategy<Value = Asked> {
    let end = || proptest::option::of((-1..7_i64).prop_map(Value::Instant));
    let range = |column| (end(), end()).prop_map(move |(from, until)| Range { column, from, until });
    let ranges = (range(Column::CreatedAt), range(Column::UpdatedAt), 0..3_usize).prop_map(
        |(created, updated, which)| match which {
            0 => vec![created],
            1 => vec![updated],
            _ => vec![created, updated],
        },
    );
    let statuses = proptest::option::of(subsequence(ImportStatus::ALL.to_vec(), 1..=10));
    let direction = prop_oneof![Just(Direction::Asc), Just(Direction::Desc)];
    let columns = subsequence(Column::SORTABLE.to_vec(), 0..=3).prop_shuffle();
    let directions = proptest::collection::vec(direction, 3);
    let reading = prop_oneof![Just(Reading::Forward), Just(Reading::Backward)];
    let cursor = proptest::option::of(any::<Index>());
    (statuses, ranges, columns, directions, cursor, reading, 0..8_usize).prop_map(
        |(statuses, ranges, columns, directions, cursor, reading, size)| Asked {
            filter: filter(statuses.as_deref(), ranges),
            keys: columns.into_iter().zip(directions).collect(),
            cursor,
            reading,
            size,
        },
    )
}

async fn insert(store: &Store, rows: &[imports::Model]) {
    for row in rows {
        let text = format!(
            "INSERT INTO imports (account_id, id, file_name, file_size, type, status, created_at, updated_at)
             VALUES ({}, {}, '{}', {}, '{}', '{}', {}, {})",
            row.account_id,
            row.id,
            row.file_name,
            row.file_size,
            row.kind,
            row.status.name(),
            literal(store, row.created_at.micros()),
            literal(store, row.updated_at.micros()),
        );
        execute(store, &text, Vec::new()).await.unwrap();
    }
}

/// The ids that a statement gives, and the count in its last column where it has one.
async fn run(store: &Store, named: &Named, width: usize) -> (Vec<i64>, Option<i64>) {
    let found = store.database().query_all_raw(named.statement.clone()).await;
    let found = found.unwrap_or_else(|error| panic!("{error}: {}", named.statement.sql));
    let ids = found.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    let count = found.first().and_then(|row| row.try_get_by_index(width).unwrap());
    (ids, count)
}

fn ids(plan: &Plan<Column>, rows: &[imports::Model]) -> Vec<i64> {
    plan.select(rows).iter().map(|row| row.id).collect()
}

/// Holds every form to what the plan gives in memory; tells how many forms there were.
async fn hold(store: &Store, rows: &[imports::Model], asked: &Asked) -> usize {
    let order = order(&asked.keys);
    let cursor = asked
        .cursor
        .filter(|_| !rows.is_empty())
        .map(|index| order.position(index.get(rows)));
    let (after, before) = match asked.reading {
        Reading::Forward => (cursor, None),
        Reading::Backward => (None, cursor),
    };
    let window = PageRequest::between(order, after, before, asked.reading, asked.size);
    let (Some(plan), Some(count)) = (
        window.rows_plan(&asked.filter),
        window.count_plan(&asked.filter, CAP),
    ) else {
        return 0;
    };
    let expected = ids(&plan, rows);
    let expected_count = ids(&count, rows).len() as i64;
    let statements = page_statements(store.backend(), &plan, Some(&count));
    for named in &statements {
        if named.kind == StatementKind::Probe {
            continue;
        }
        let (found, found_count) = run(store, named, 9).await;
        assert_eq!(
            found,
            expected,
            "{asked:?} on {:?}\n{}",
            store.backend(),
            named.statement.sql
        );
        // Without a row nothing is counted; a walk that gave too few rows left it to another form.
        let is_counted =
            !found.is_empty() && (named.kind != StatementKind::Walk || found.len() == plan.limit());
        let counted = is_counted.then_some(expected_count);
        assert_eq!(
            found_count,
            counted,
            "{asked:?} on {:?}\n{}",
            store.backend(),
            named.statement.sql
        );
    }
    statements.len()
}

#[tokio::test]
async fn every_form_gives_the_rows_and_the_count_of_its_plan() {
    let mut runner = TestRunner::deterministic();
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let mut forms = 0;
        for _ in 0..TABLES {
            let rows = rows().new_tree(&mut runner).unwrap().current();
            execute(&store, "DELETE FROM imports", Vec::new()).await.unwrap();
            insert(&store, &rows).await;
            for _ in 0..QUESTIONS {
                let asked = asked().new_tree(&mut runner).unwrap().current();
                forms += hold(&store, &rows, &asked).await;
            }
        }
        assert!(forms > 2 * TABLES * QUESTIONS, "{forms}");
    }
}
