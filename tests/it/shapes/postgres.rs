//! Buffers of each statement on PostgreSQL, under generic and custom plans alike.

use std::collections::{BTreeSet, HashMap};

use entity::{Instant, accounts, api_tokens};
use imports_gateway::auth::Viewer;
use imports_gateway::resources::imports::Column;
use imports_gateway::store::Store;
use imports_gateway::store::query::table::{Column as _, Fields};
use imports_gateway::store::query::{PageQuery, page};
use imports_gateway::store::statement_kind::{Named, StatementKind};
use keyset::{Check, Direction, PageRequest};
use sea_orm::{ConnectionTrait as _, Statement, Value};
use serde_json::Value as Json;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Executor as _, Postgres, Row as _};
use tokio::sync::OnceCell;

use super::questions::{self, COUNT_CAP, Question, filter, order, range};
use super::table::{self, ACCOUNT, TIES};
use super::{count_statement, page_statements, status_counts_statement};
use crate::databases;

/// A page as large as the default.
const SIZE: usize = 50;
const SMALL_ROWS: u32 = 10_000;
const LARGE_ROWS: u32 = 100_000;
const MODES: [&str; 2] = ["force_generic_plan", "force_custom_plan"];
const BACKEND: sea_orm::DbBackend = sea_orm::DbBackend::Postgres;

/// What a statement did.
struct Cost {
    buffers: i64,
    rows: i64,
    /// The kinds of plan nodes and the indexes that they read.
    nodes: String,
}

/// One connection that explains statements.
struct Server {
    connection: PoolConnection<Postgres>,
    prepared: HashMap<String, usize>,
}

impl Server {
    async fn of(store: &Store) -> Self {
        let pool = store.database().get_postgres_connection_pool();
        Self {
            connection: pool.acquire().await.unwrap(),
            prepared: HashMap::new(),
        }
    }

    async fn mode(&mut self, mode: &str) {
        self.run(&format!("SET plan_cache_mode = {mode}")).await;
    }

    async fn run(&mut self, text: &str) {
        self.connection
            .execute(sqlx::raw_sql(AssertSqlSafe(text.to_owned())))
            .await
            .unwrap();
    }

    /// Runs a statement under EXPLAIN, prepared as the driver prepares it.
    async fn explain(&mut self, statement: &Statement) -> Cost {
        let values = statement.values.as_ref().map_or(&[][..], |values| &values.0);
        let (types, literals): (Vec<_>, Vec<_>) = values.iter().map(typed).unzip();
        let next = self.prepared.len();
        let known = self.prepared.get(&statement.sql).copied();
        if known.is_none() {
            let text = format!("PREPARE q{next} ({}) AS {}", types.join(", "), statement.sql);
            self.run(&text).await;
            self.prepared.insert(statement.sql.clone(), next);
        }
        let text = format!(
            "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE q{} ({})",
            known.unwrap_or(next),
            literals.join(", ")
        );
        let row = self
            .connection
            .fetch_one(sqlx::raw_sql(AssertSqlSafe(text)))
            .await
            .unwrap();
        let json: Json = serde_json::from_str(row.get_unchecked::<&str, _>(0)).unwrap();
        let plan = &json[0]["Plan"];
        let mut nodes = String::new();
        collect(plan, &mut nodes);
        Cost {
            buffers: number(plan, "Shared Hit Blocks") + number(plan, "Shared Read Blocks"),
            rows: number(plan, "Actual Rows"),
            nodes,
        }
    }
}

fn number(plan: &Json, name: &str) -> i64 {
    plan[name].as_i64().unwrap()
}

fn collect(plan: &Json, nodes: &mut String) {
    for name in ["Node Type", "Index Name"] {
        if let Some(text) = plan[name].as_str() {
            nodes.push_str(text);
            nodes.push(' ');
        }
    }
    for part in plan["Plans"].as_array().into_iter().flatten() {
        collect(part, nodes);
    }
}

/// The type and the literal of a value.
fn typed(value: &Value) -> (&'static str, String) {
    match value {
        Value::BigInt(Some(number)) => ("bigint", number.to_string()),
        Value::String(Some(text)) => ("text", format!("'{text}'")),
        Value::Array(_, Some(texts)) => {
            let texts = texts.iter().map(|text| typed(text).1);
            let texts = texts.collect::<Vec<_>>().join(", ");
            ("text[]", format!("ARRAY[{texts}]"))
        }
        Value::ChronoDateTimeUtc(Some(instant)) => ("timestamptz", format!("'{}'", instant.to_rfc3339())),
        other => panic!("no statement binds {other:?}"),
    }
}

/// A page and its neighbour, eight buffers a status (or for all rows), and ten; a 25th of what is counted beside it.
fn bound(question: &Question, counted: bool) -> i64 {
    let walks = question.statuses.max(1) as i64;
    let page = question.size as i64 + 1 + 8 * walks + 10;
    if counted {
        page + (COUNT_CAP / 25) as i64
    } else {
        page
    }
}

/// The store of a filled table, which all tests share and none changes.
async fn filled(rows: u32) -> Store {
    static SMALL: OnceCell<String> = OnceCell::const_new();
    static LARGE: OnceCell<String> = OnceCell::const_new();
    let cell = if rows == SMALL_ROWS { &SMALL } else { &LARGE };
    let url = cell.get_or_init(async || {
        let database = databases::postgres().await;
        let store = table::patient(&database.url).await;
        migration::up(store.database()).await.unwrap();
        table::fill(&store, rows.into()).await;
        // Where it is there, no statement but those that are meant to may read it.
        migration::search_index::build(store.database()).await.unwrap();
        database.url
    });
    table::patient(url.await).await
}

/// The faults of all that was asked, at once.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn expect(&mut self, holds: bool, mode: &str, name: &str, cost: &Cost, bound: i64) {
        if !holds {
            self.0.push(format!(
                "{mode}, {name}: {} of {bound}, {}",
                cost.buffers, cost.nodes
            ));
        }
    }

    fn done(self) {
        assert!(
            self.0.is_empty(),
            "{} faults:\n{}",
            self.0.len(),
            self.0.join("\n")
        );
    }
}

#[tokio::test]
async fn a_page_in_a_strict_sort_reads_as_many_buffers_as_the_page_is_long() {
    let store = filled(LARGE_ROWS).await;
    let mut server = Server::of(&store).await;
    let questions = questions::strict(&store, LARGE_ROWS.into(), SIZE).await;
    assert!(questions.len() > 500, "{}", questions.len());
    let mut faults = Faults::default();
    for mode in MODES {
        server.mode(mode).await;
        for (number, question) in questions.iter().enumerate() {
            let count = Some(&question.count).filter(|_| number % 3 == 0);
            let statements = page_statements(BACKEND, &question.plan, count);
            assert_eq!(statements.len(), 1, "{}", question.name);
            let cost = server.explain(&statements[0].statement).await;
            let bound = bound(question, count.is_some());
            let walks = !cost.nodes.contains("Seq") && !cost.nodes.contains("Sort");
            faults.expect(cost.buffers <= bound && walks, mode, &question.name, &cost, bound);
        }
    }
    faults.done();
}

#[tokio::test]
async fn a_count_reads_a_25th_of_what_it_counts() {
    let store = filled(LARGE_ROWS).await;
    let mut server = Server::of(&store).await;
    let questions = questions::strict(&store, LARGE_ROWS.into(), 5).await;
    let mut faults = Faults::default();
    for mode in MODES {
        server.mode(mode).await;
        for question in questions.iter().step_by(5) {
            let cost = server
                .explain(&count_statement(BACKEND, &question.count).statement)
                .await;
            let bound = (COUNT_CAP / 25) as i64 + 8 * question.statuses as i64 + 10;
            faults.expect(cost.buffers <= bound, mode, &question.name, &cost, bound);
        }
        for ranges in [
            vec![],
            vec![range(Column::CreatedAt, Some(20), None)],
            vec![range(Column::UpdatedAt, Some(20), Some(80))],
        ] {
            let filter = filter(None, ranges);
            let named = status_counts_statement(BACKEND, &filter, COUNT_CAP + 1);
            let cost = server.explain(&named.statement).await;
            let bound = 10 * ((COUNT_CAP + 1) as i64 / 25 + 8) + 10;
            faults.expect(cost.buffers <= bound, mode, &format!("{filter:?}"), &cost, bound);
        }
    }
    faults.done();
}

#[tokio::test]
async fn a_page_in_another_order_reads_the_page_and_its_ties() {
    let store = filled(LARGE_ROWS).await;
    let mut server = Server::of(&store).await;
    let mut faults = Faults::default();
    for keys in [
        vec![
            (Column::CreatedAt, Direction::Desc),
            (Column::UpdatedAt, Direction::Desc),
        ],
        vec![
            (Column::CreatedAt, Direction::Desc),
            (Column::UpdatedAt, Direction::Asc),
        ],
        vec![(Column::CreatedAt, Direction::Asc), (Column::Id, Direction::Desc)],
        vec![
            (Column::UpdatedAt, Direction::Asc),
            (Column::CreatedAt, Direction::Desc),
        ],
        vec![(Column::UpdatedAt, Direction::Desc), (Column::Id, Direction::Asc)],
    ] {
        let order = order(&keys);
        for statuses in questions::status_sets()
            .into_iter()
            .skip(1)
            .step_by(2)
            .chain([None])
        {
            let filter = filter(statuses.as_deref(), vec![range(keys[0].0, Some(5), None)]);
            for depth in [None, Some(30_000), Some(55_000)] {
                let cursor = match depth {
                    Some(depth) => Some(table::position(&store, &order, depth).await),
                    None => None,
                };
                let name = format!("{keys:?} {statuses:?} {depth:?}");
                for question in questions::both_ways(&name, &order, &filter, cursor.as_ref(), SIZE) {
                    let named = &page_statements(BACKEND, &question.plan, None)[0];
                    for mode in MODES {
                        server.mode(mode).await;
                        let cost = server.explain(&named.statement).await;
                        // Each walk sorts groups together until it has 32 rows.
                        let least = 32 * question.statuses.max(1) as i64;
                        let bound = bound(&question, false) + TIES as i64 + least;
                        let walks = !cost.nodes.contains("Seq");
                        faults.expect(cost.buffers <= bound && walks, mode, &question.name, &cost, bound);
                    }
                }
            }
        }
    }
    faults.done();
}

/// What a form on two columns may read with its count, where `entries` are in its range: a 25th of them twice, and for
/// each row of the page the way to it.
fn filtered_bound(named: &Named, question: &Question, entries: i64) -> i64 {
    let walks = 2 * 8 * question.statuses.max(1) as i64;
    let looked_up = 5 * question.plan.limit() as i64;
    let by_id = question.plan.order().keys()[0].column == Column::Id;
    match named.kind {
        StatementKind::Probe => 2 * (10_001 / 25) + walks,
        // The primary key holds no instant, so each entry leads to a row.
        StatementKind::Walk if by_id => 10_000 + 10_000 / 25 + looked_up + entries / 25 + walks,
        StatementKind::Walk => 10_000 / 25 + looked_up + entries / 25 + walks,
        _ => 2 * entries / 25 + looked_up + walks,
    }
}

#[tokio::test]
async fn a_range_beside_another_sort_reads_the_range_in_the_index_alone() {
    let store = filled(LARGE_ROWS).await;
    let mut server = Server::of(&store).await;
    let mut faults = Faults::default();
    let three = questions::status_sets().swap_remove(3);
    for (column, other) in [
        (Column::CreatedAt, Column::UpdatedAt),
        (Column::UpdatedAt, Column::CreatedAt),
        (Column::Id, Column::UpdatedAt),
    ] {
        let order = order(&[(column, Direction::Desc)]);
        let middle = table::position(&store, &order, 30_000).await;
        for (statuses, from, until, cursor) in [
            (None, Some(50), Some(52), None),
            (None, Some(10), Some(12), Some(&middle)),
            (None, Some(30), None, Some(&middle)),
            (three.as_deref(), Some(50), Some(52), Some(&middle)),
            (three.as_deref(), None, Some(90), None),
        ] {
            let filter = filter(statuses, vec![range(other, from, until)]);
            let name = format!("{column:?}, {statuses:?}, {other:?} {from:?} {until:?}");
            for question in questions::both_ways(&name, &order, &filter, cursor, SIZE) {
                let statements = page_statements(BACKEND, &question.plan, Some(&question.count));
                for (place, named) in statements.iter().enumerate() {
                    // Behind probe, walk and range there is the part of the order on one side of the cursor.
                    let percent = if place == 3 {
                        60
                    } else {
                        until.unwrap_or(100) - from.unwrap_or(0)
                    };
                    let bound = filtered_bound(named, &question, 600 * (percent + 2) + TIES as i64);
                    let name = format!("{:?} {place}, {}", named.kind, question.name);
                    for mode in MODES {
                        server.mode(mode).await;
                        let cost = server.explain(&named.statement).await;
                        let walks = !cost.nodes.contains("Seq") && !cost.nodes.contains("Bitmap");
                        faults.expect(cost.buffers <= bound && walks, mode, &name, &cost, bound);
                    }
                }
            }
        }
    }
    faults.done();
}

/// Blocks that 50,000 entries of an index with the folded name take, and the page's rows. The walk is done once for the page
/// and its count, and once to find its end.
fn search_bound(limit: usize) -> i64 {
    let walk = 50_000 / 40;
    2 * walk + 5 * limit as i64 + 40
}

#[tokio::test]
async fn a_search_reads_no_more_than_its_bound_whatever_it_finds() {
    let store = filled(LARGE_ROWS).await;
    let mut server = Server::of(&store).await;
    let mut faults = Faults::default();
    for column in Column::SORTABLE.iter().copied() {
        let order = order(&[(column, Direction::Desc)]);
        for term in questions::terms() {
            let filter = questions::checked(questions::named(&term));
            let name = format!("{column:?}, {:.20}", term);
            for question in questions::both_ways(&name, &order, &filter, None, SIZE) {
                let statements = page_statements(BACKEND, &question.plan, Some(&question.count));
                let kinds: Vec<_> = statements.iter().map(|named| named.kind).collect();
                assert_eq!(kinds, [StatementKind::Search], "{name}");
                let bound = search_bound(question.plan.limit());
                for mode in MODES {
                    server.mode(mode).await;
                    let cost = server.explain(&statements[0].statement).await;
                    // What was found is sorted, which is little; nothing else is.
                    let nodes = cost.nodes.replacen("Sort CTE Scan", "CTE Scan", 1);
                    let walks = ["Seq", "Sort", "Bitmap"].iter().all(|node| !nodes.contains(node));
                    let covered = cost.nodes.contains("Index Only Scan");
                    faults.expect(
                        cost.buffers <= bound && walks && covered,
                        mode,
                        &question.name,
                        &cost,
                        bound,
                    );
                }
            }
        }
    }
    faults.done();
}

/// Blocks that a term of few names takes in the index of trigrams, and the way to its rows.
const RARE: i64 = 300;

#[tokio::test]
async fn a_search_by_the_index_of_trigrams_reads_what_is_rare_alone_and_the_table_once_at_the_most() {
    let mut faults = Faults::default();
    for rows in [SMALL_ROWS, LARGE_ROWS] {
        let store = filled(rows).await;
        let mut server = Server::of(&store).await;
        let blocks =
            "SELECT (pg_relation_size('imports') + pg_relation_size('imports_name_trigrams')) / 8192";
        let statement = Statement::from_string(BACKEND, blocks);
        let blocks = store.database().query_one_raw(statement).await.unwrap().unwrap();
        let blocks: i64 = blocks.try_get_by_index(0).unwrap();
        let [none, one, all, signs, letter, apart, long] = questions::terms();
        assert!(signs.len() < 3 && letter.len() < 3, "they are never asked of it");
        let one = one.replace("77777", &(rows * 4 / 5 + 1).to_string());
        for (term, is_rare) in [
            (none, true),
            (one, true),
            (long, true),
            (all, false),
            (apart, false),
        ] {
            for column in Column::SORTABLE.iter().copied() {
                let order = order(&[(column, Direction::Desc)]);
                let filter = questions::checked(questions::named(&term));
                let name = format!("{rows}, {column:?}, {:.20}", term);
                for question in questions::both_ways(&name, &order, &filter, None, SIZE) {
                    let count = Some(&question.count);
                    let query = PageQuery::new(BACKEND, &question.plan, Fields::ALL, count).with_trigrams();
                    let statements: Vec<_> = query.forms().map(|form| query.statement(form)).collect();
                    let kinds: Vec<_> = statements.iter().map(|named| named.kind).collect();
                    let [glance, trigrams, _, range] = statements.as_slice() else {
                        panic!("{kinds:?}");
                    };
                    assert_eq!(
                        kinds,
                        [
                            StatementKind::Glance,
                            StatementKind::Trigrams,
                            StatementKind::Search,
                            StatementKind::Range
                        ]
                    );
                    let looked_up = 5 * question.plan.limit() as i64;
                    // A range that is not rare is never run.
                    let bounds = [
                        (glance, Some(2 * 5_000 / 40 + looked_up + 40)),
                        (trigrams, Some(if is_rare { RARE } else { blocks + RARE })),
                        (range, is_rare.then_some(2 * RARE)),
                    ];
                    for mode in MODES {
                        server.mode(mode).await;
                        for (named, bound) in bounds {
                            let Some(bound) = bound else { continue };
                            let cost = server.explain(&named.statement).await;
                            let name = format!("{:?}, {}", named.kind, question.name);
                            let is_by_index = !is_rare
                                || named.kind == StatementKind::Glance
                                || cost.nodes.contains("imports_name_trigrams");
                            faults.expect(cost.buffers <= bound && is_by_index, mode, &name, &cost, bound);
                        }
                    }
                }
            }
        }
    }
    faults.done();
}

#[tokio::test]
async fn a_check_is_probed_in_its_index_and_walked_along_the_sort() {
    let store = filled(LARGE_ROWS).await;
    let mut server = Server::of(&store).await;
    let mut faults = Faults::default();
    let of_type = |text: &str, is_excluded| Check::OneOfTexts {
        column: Column::Kind,
        texts: vec![text.to_owned(), "Another".to_owned()],
        is_excluded,
    };
    let ended = |is_null| Check::IsNull {
        column: Column::CompletedAt,
        is_null,
    };
    // Of no row, of every row; with and without an index of its own.
    for (name, check, index) in [
        ("a type of no row", of_type("None", false), "imports_type"),
        (
            "a type of all rows",
            of_type("VehicleImport", false),
            "imports_type",
        ),
        ("without a type of no row", of_type("None", true), ""),
        ("not ended, all rows", ended(true), "imports_completed"),
    ] {
        for column in Column::SORTABLE.iter().copied() {
            let order = order(&[(column, Direction::Asc)]);
            let filter = questions::checked(check.clone());
            for question in questions::both_ways(name, &order, &filter, None, SIZE) {
                let statements = page_statements(BACKEND, &question.plan, None);
                for named in &statements {
                    let bound = match named.kind {
                        StatementKind::Probe => 2 * (10_001 / 20) + 40,
                        StatementKind::Walk => 10_000 + 10_000 / 20 + 5 * question.plan.limit() as i64 + 40,
                        // What follows where neither was enough reads as much as there is.
                        _ => continue,
                    };
                    for mode in MODES {
                        server.mode(mode).await;
                        let cost = server.explain(&named.statement).await;
                        let name = format!("{:?} by {column:?}, {}", named.kind, question.name);
                        let walks = !cost.nodes.contains("Seq");
                        let probed = named.kind != StatementKind::Probe || cost.nodes.contains(index);
                        faults.expect(
                            cost.buffers <= bound && walks && probed,
                            mode,
                            &name,
                            &cost,
                            bound,
                        );
                    }
                }
            }
        }
    }
    faults.done();
}

#[tokio::test]
async fn a_table_ten_times_larger_costs_the_height_of_its_indexes() {
    let (small, large) = (filled(SMALL_ROWS).await, filled(LARGE_ROWS).await);
    let mut servers = [Server::of(&small).await, Server::of(&large).await];
    let questions = [
        questions::strict(&small, SMALL_ROWS.into(), 20).await,
        questions::strict(&large, LARGE_ROWS.into(), 20).await,
    ];
    let mut faults = Faults::default();
    for mode in MODES {
        for server in &mut servers {
            server.mode(mode).await;
        }
        for (in_small, in_large) in questions[0].iter().zip(&questions[1]).step_by(7) {
            assert_eq!(in_small.name.len(), in_large.name.len());
            let mut costs = Vec::new();
            for (server, question) in servers.iter_mut().zip([in_small, in_large]) {
                let named = &page_statements(BACKEND, &question.plan, Some(&question.count))[0];
                costs.push(server.explain(&named.statement).await);
            }
            // Where the small table has fewer rows to give, there is nothing to compare.
            if costs[0].rows == costs[1].rows {
                let walks = in_large.statuses.max(1) as i64;
                let bound = costs[0].buffers + 2 * 2 * walks + 4;
                faults.expect(costs[1].buffers <= bound, mode, &in_large.name, &costs[1], bound);
            }
        }
    }
    faults.done();
}

#[tokio::test]
async fn there_are_few_texts_whatever_the_values() {
    let store = filled(SMALL_ROWS).await;
    let mut texts = BTreeSet::new();
    for size in [0, 1, 17, 50, 100] {
        for depth in [0, 1, 50, 500] {
            let order = order(&[(Column::CreatedAt, Direction::Desc)]);
            let position = table::position(&store, &order, depth).await;
            let window = PageRequest::between(
                order.clone(),
                Some(position),
                None,
                keyset::Reading::Forward,
                size,
            );
            let filter = filter(None, vec![range(Column::UpdatedAt, Some(3), None)]);
            let plan = window.rows_plan(&filter).unwrap();
            let count = window.count_plan(&filter, COUNT_CAP);
            let named = page_statements(BACKEND, &plan, count.as_ref());
            texts.extend(named.into_iter().map(|named| named.statement.sql));
        }
    }
    assert_eq!(
        texts.len(),
        4,
        "a probe, a walk and one range a source: {texts:#?}"
    );
}

/// A caller of the large account.
fn viewer() -> Viewer {
    let account = accounts::Model {
        id: ACCOUNT,
        name: "Large".to_owned(),
        token_hash: Vec::new(),
        created_at: Instant::MIN,
    };
    let token = api_tokens::Model {
        id: 1,
        account_id: ACCOUNT,
        name: String::new(),
        hash: Vec::new(),
        created_at: Instant::MIN,
        expires_at: None,
        revoked_at: None,
    };
    Viewer::admit(&token, &account, None, Instant::MIN).unwrap()
}

#[tokio::test]
async fn a_wide_range_is_walked_and_read_whole_only_where_its_rows_lie_far() {
    let store = filled(LARGE_ROWS).await;
    for (direction, from, statements) in [
        // Narrow: a probe, and the range. Wide and near: a probe, and the walk. Wide and far: all three.
        (Direction::Desc, 95, 2),
        (Direction::Desc, 70, 2),
        (Direction::Asc, 70, 3),
    ] {
        let order = order(&[(Column::UpdatedAt, direction)]);
        let filter = filter(None, vec![range(Column::CreatedAt, Some(from), None)]);
        let window = PageRequest::between(order, None, None, keyset::Reading::Forward, SIZE);
        let plan = window.rows_plan(&filter).unwrap();
        let count = window.count_plan(&filter, COUNT_CAP).unwrap();
        let before = store.statements();
        let found = page(&store, &viewer(), &plan, Fields::ALL, Some(&count))
            .await
            .unwrap();
        assert_eq!(store.statements() - before, statements, "{direction:?} {from}");
        let whole = page_statements(BACKEND, &plan, None).pop().unwrap();
        assert_eq!(whole.kind, StatementKind::Range);
        let expected = store.database().query_all_raw(whole.statement).await.unwrap();
        let expected: Vec<i64> = expected
            .iter()
            .map(|row| row.try_get_by_index(0).unwrap())
            .collect();
        assert_eq!(found.rows.iter().map(|row| row.id).collect::<Vec<_>>(), expected);
        assert_eq!((found.rows.len(), found.count), (SIZE + 1, COUNT_CAP as u64));
    }
}
