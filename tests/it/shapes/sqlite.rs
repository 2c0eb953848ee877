//! Work of each statement on SQLite: which indexes it walks, and how many instructions of its machine that takes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use entity::imports;
use imports_gateway::resources::imports::Column;
use imports_gateway::store::Store;
use imports_gateway::store::changes::{Point, Scope, after_statement, seen_statement};
use imports_gateway::store::statement_kind::StatementKind;
use keyset::Direction;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, Value};
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Executor as _, Sqlite};

use super::questions::{self, COUNT_CAP, filter, order, range};
use super::table::{self, TIES};
use super::{page_statements, status_counts_statement};
use crate::databases;

/// Instructions are counted by as many.
const STEP: u64 = 10;
/// As many instructions at most for a row of nine columns that is read and given.
const ROW: u64 = 60;
/// As many more for each walk that it is merged with.
const MERGE: u64 = 10;

async fn filled(rows: i64) -> (databases::Database, Store) {
    let database = databases::sqlite();
    let store = table::patient(&database.url).await;
    migration::up(store.database()).await.unwrap();
    table::fill(&store, rows).await;
    (database, store)
}

/// The steps of a statement's plan, one a line.
async fn explained(store: &Store, statement: &Statement) -> String {
    let explain = Statement {
        sql: format!("EXPLAIN QUERY PLAN {}", statement.sql),
        ..statement.clone()
    };
    let rows = store.database().query_all_raw(explain).await.unwrap();
    let steps = rows
        .iter()
        .map(|row| row.try_get_by_index::<String>(3).unwrap() + "\n");
    steps.collect()
}

/// One connection that counts the instructions of a statement.
struct Machine {
    connection: PoolConnection<Sqlite>,
    steps: Arc<AtomicU64>,
}

impl Machine {
    async fn of(store: &Store) -> Self {
        let pool = store.database().get_sqlite_connection_pool();
        let mut connection = pool.acquire().await.unwrap();
        let steps = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&steps);
        let count = move || {
            counter.fetch_add(1, Ordering::Relaxed);
            true
        };
        connection
            .lock_handle()
            .await
            .unwrap()
            .set_progress_handler(STEP as i32, count);
        Self { connection, steps }
    }

    /// Rows given and instructions run, by a statement that is prepared already.
    ///
    /// The first run prepares it. Where the connection is new, or another one has changed the schema, SQLite then reads the
    /// whole schema, by statements of its own: that is a cost of the connection, not of the statement.
    async fn run(&mut self, statement: &Statement) -> (usize, u64) {
        self.run_once(statement).await;
        self.run_once(statement).await
    }

    async fn run_once(&mut self, statement: &Statement) -> (usize, u64) {
        let before = self.steps.load(Ordering::Relaxed);
        let mut query = sqlx::query(AssertSqlSafe(statement.sql.clone()));
        for value in statement.values.iter().flat_map(|values| &values.0) {
            query = match value {
                Value::BigInt(number) => query.bind(*number),
                Value::String(text) => query.bind(text.clone()),
                other => panic!("no statement binds {other:?}"),
            };
        }
        let rows = self.connection.fetch_all(query).await.unwrap();
        (rows.len(), STEP * (self.steps.load(Ordering::Relaxed) - before))
    }
}

/// Whether the steps only search the table, and sort nothing.
fn walks_only(steps: &str) -> bool {
    !steps.contains("TEMP B-TREE") && !steps.contains("SCAN imports")
}

#[tokio::test]
async fn what_is_counted_of_a_statement_is_the_same_on_a_new_connection_and_after_a_change_of_the_schema() {
    let (database, store) = filled(2_000).await;
    let question = &questions::strict(&store, 2_000, 20).await[0];
    let statement = &page_statements(DbBackend::Sqlite, &question.plan, None)[0].statement;
    // A store of its own, so that its connection has run nothing yet.
    let other = table::patient(&database.url).await;
    let mut machine = Machine::of(&other).await;
    let (rows, instructions) = machine.run(statement).await;
    assert!(rows > 0 && instructions > 0);
    // The counter ticks every few instructions: between two runs it may tick once more or less.
    let is_same = |(again, more): (usize, u64)| again == rows && more.abs_diff(instructions) <= STEP;
    let again = machine.run(statement).await;
    assert!(is_same(again), "{instructions}, then {again:?}");
    for change in ["CREATE TABLE other (id INTEGER)", "ANALYZE", "DROP TABLE other"] {
        databases::execute(&store, change, Vec::new()).await.unwrap();
        let again = machine.run(statement).await;
        assert!(is_same(again), "{change}: {instructions}, then {again:?}");
    }
}

#[tokio::test]
async fn a_page_in_a_strict_sort_walks_indexes_and_runs_as_long_as_the_page() {
    let (_database, store) = filled(20_000).await;
    let mut machine = Machine::of(&store).await;
    let mut texts = BTreeSet::new();
    let mut faults = Vec::new();
    for (number, question) in questions::strict(&store, 20_000, 50).await.iter().enumerate() {
        let count = Some(&question.count).filter(|_| number % 3 == 0);
        let named = &page_statements(DbBackend::Sqlite, &question.plan, count)[0];
        if texts.insert(named.statement.sql.clone()) {
            let steps = explained(&store, &named.statement).await;
            if !walks_only(&steps) {
                faults.push(format!("{}:\n{steps}{}", question.name, named.statement.sql));
            }
        }
        let (_, instructions) = machine.run(&named.statement).await;
        let counted = if count.is_some() {
            COUNT_CAP as u64 / 4 + 10
        } else {
            0
        };
        let walks = question.statuses.max(1) as u64;
        let bound = (ROW + MERGE * walks) * (question.plan.limit() as u64 + 5 + 2 * walks + counted);
        if instructions > bound {
            faults.push(format!("{}: {instructions} of {bound}", question.name));
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[tokio::test]
async fn counts_of_each_status_walk_indexes() {
    let (_database, store) = filled(2_000).await;
    for ranges in [
        vec![],
        vec![range(Column::CreatedAt, Some(20), None)],
        vec![range(Column::UpdatedAt, Some(20), Some(80))],
    ] {
        let named = status_counts_statement(DbBackend::Sqlite, &filter(None, ranges), COUNT_CAP + 1);
        let steps = explained(&store, &named.statement).await;
        assert!(walks_only(&steps), "{steps}");
        assert!(steps.contains("COVERING INDEX imports_status_"), "{steps}");
    }
}

#[tokio::test]
async fn a_table_ten_times_larger_runs_as_many_instructions() {
    let (_small_database, small) = filled(2_000).await;
    let (_large_database, large) = filled(20_000).await;
    let mut machines = [Machine::of(&small).await, Machine::of(&large).await];
    let questions = [
        questions::strict(&small, 2_000, 20).await,
        questions::strict(&large, 20_000, 20).await,
    ];
    for (in_small, in_large) in questions[0].iter().zip(&questions[1]).step_by(7) {
        let mut ran = Vec::new();
        for (machine, question) in machines.iter_mut().zip([in_small, in_large]) {
            let named = &page_statements(DbBackend::Sqlite, &question.plan, None)[0];
            ran.push(machine.run(&named.statement).await);
        }
        // Where the small table has fewer rows to give, there is nothing to compare.
        if ran[0].0 == ran[1].0 {
            // The rows that a merge takes from one status or another are not the same, so it compares a little more.
            let more = 20 * (1 + in_large.statuses as u64) * STEP;
            assert!(ran[1].1 <= ran[0].1 + more, "{}: {ran:?}", in_large.name);
        }
    }
}

#[tokio::test]
async fn what_is_asked_of_the_feed_costs_the_same_with_ten_times_as_many_notes() {
    for is_counted in [false, true] {
        let ran = [
            instructions_of_the_feed(2_000, is_counted).await,
            instructions_of_the_feed(20_000, is_counted).await,
        ];
        for (small, large) in ran[0].iter().zip(&ran[1]) {
            assert!(*large <= small + 20 * STEP, "counted: {is_counted}: {ran:?}");
        }
    }
}

/// Of what is asked of the feed behind a table of so many rows of one account; `is_counted`: by an operator's ANALYZE.
async fn instructions_of_the_feed(rows: i64, is_counted: bool) -> Vec<u64> {
    let database = databases::sqlite();
    let store = table::patient(&database.url).await;
    migration::up(store.database()).await.unwrap();
    // What `migrate` leaves may be counted: a table of one note.
    store.database().execute_unprepared("ANALYZE").await.unwrap();
    store.close().await.unwrap();
    let store = table::patient(&database.url).await;
    table::insert(&store, rows).await;
    let others = format!(
        "DELETE FROM imports WHERE account_id <> {}; DELETE FROM import_changes WHERE account_id <> {}",
        table::ACCOUNT,
        table::ACCOUNT
    );
    store.database().execute_unprepared(&others).await.unwrap();
    if is_counted {
        store.database().execute_unprepared("ANALYZE").await.unwrap();
    }
    // As a process does that begins now.
    let store = table::patient(&database.url).await;
    let mut machine = Machine::of(&store).await;
    let ends = "SELECT min(sequence), max(sequence), count(*) FROM import_changes";
    let ends = Statement::from_string(DbBackend::Sqlite, ends);
    let ends = store.database().query_one_raw(ends).await.unwrap().unwrap();
    let point = |place| Point {
        transaction: 0,
        sequence: ends.try_get_by_index(place).unwrap(),
        noted_at: 0,
    };
    assert!(ends.try_get_by_index::<i64>(2).unwrap() > rows / 2);
    let (first, last) = (point(0), point(1));
    let (sqlite, id) = (DbBackend::Sqlite, table::ACCOUNT);
    let scope = Scope::Account { id, until: last };
    let asked = [
        seen_statement::<imports::Model>(sqlite, id, None),
        seen_statement::<imports::Model>(sqlite, id, Some(last)),
        after_statement::<imports::Model>(sqlite, first, scope, 20),
        after_statement::<imports::Model>(sqlite, first, Scope::All, 20),
        // Behind all but the last, where a reader of the feed stands.
        after_statement::<imports::Model>(sqlite, last, Scope::All, 20),
    ];
    let mut instructions = Vec::new();
    for named in asked {
        instructions.push(machine.run(&named.statement).await.1);
    }
    instructions
}

#[tokio::test]
async fn a_page_in_another_order_sorts_no_more_than_its_ties() {
    let (_database, store) = filled(20_000).await;
    let mut machine = Machine::of(&store).await;
    let mut faults = Vec::new();
    for keys in [
        [
            (Column::CreatedAt, Direction::Desc),
            (Column::UpdatedAt, Direction::Desc),
        ],
        [
            (Column::CreatedAt, Direction::Desc),
            (Column::UpdatedAt, Direction::Asc),
        ],
        [(Column::CreatedAt, Direction::Asc), (Column::Id, Direction::Desc)],
        [(Column::UpdatedAt, Direction::Desc), (Column::Id, Direction::Asc)],
    ] {
        let order = order(&keys);
        for statuses in questions::status_sets().into_iter().step_by(4) {
            let filter = filter(statuses.as_deref(), Vec::new());
            for depth in [0, 6_000, 11_000] {
                let cursor = table::position(&store, &order, depth).await;
                let name = format!("{keys:?} {statuses:?} {depth}");
                for question in questions::both_ways(&name, &order, &filter, Some(&cursor), 50) {
                    let named = &page_statements(DbBackend::Sqlite, &question.plan, None)[0];
                    let (_, instructions) = machine.run(&named.statement).await;
                    let walks = question.statuses.max(1) as u64;
                    let bound = 2
                        * (ROW + MERGE * walks)
                        * (question.plan.limit() as u64 + TIES as u64 + 5 + 6 * walks);
                    if instructions > bound {
                        let steps = explained(&store, &named.statement).await;
                        faults.push(format!("{}: {instructions} of {bound}\n{steps}", question.name));
                    }
                }
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[tokio::test]
async fn a_range_beside_another_sort_reads_one_index_and_the_rows_of_the_page() {
    let (_database, store) = filled(2_000).await;
    let three = questions::status_sets().swap_remove(3);
    for (column, other) in [
        (Column::CreatedAt, Column::UpdatedAt),
        (Column::UpdatedAt, Column::CreatedAt),
        (Column::Id, Column::UpdatedAt),
    ] {
        let order = order(&[(column, Direction::Desc)]);
        let cursor = table::position(&store, &order, 600).await;
        for statuses in [None, three.as_deref()] {
            let filter = filter(statuses, vec![range(other, Some(30), Some(60))]);
            for question in questions::both_ways("", &order, &filter, Some(&cursor), 50) {
                for named in page_statements(DbBackend::Sqlite, &question.plan, Some(&question.count)) {
                    let steps = explained(&store, &named.statement).await;
                    let by_id = named.kind == StatementKind::Walk && column == Column::Id;
                    let searches = steps.lines().filter(|step| step.contains("SEARCH imports"));
                    // The walk by id reads the table itself; every other look at it is for a row of the page.
                    let in_table = searches.filter(|step| !step.contains("COVERING")).count();
                    let expected = match named.kind {
                        StatementKind::Probe => 0,
                        _ if by_id => 1 + statuses.map_or(1, <[_]>::len),
                        _ => 1,
                    };
                    assert_eq!(
                        in_table, expected,
                        "{:?} by {column:?}\n{steps}{}",
                        named.kind, named.statement.sql
                    );
                    assert!(!steps.contains("SCAN imports"), "{steps}");
                }
            }
        }
    }
}
