//! Agreement: each database gives for a plan what the plan gives in memory.

use case_folding::{Place, Term};
use entity::{ImportStatus, Instant, imports};
use imports_gateway::auth::Viewer;
use imports_gateway::resources::imports::Column;
use imports_gateway::store::query::table::{Column as _, Fields};
use imports_gateway::store::query::{NameCount, count, counts, page};
use keyset::{
    Check, Direction, Filter, Key, Order, PageRequest, Plan, Position, Range, Reading, SeekBound, Side, Value,
};

use crate::app::{TestApp, row};
use crate::databases::instant;
use crate::gauntlet;
use crate::rng::Rng;

/// Few distinct instants, so that most rows tie; the first and the last that there are among them.
const MOMENTS: [i64; 6] = [
    Instant::MIN.micros(),
    -1,
    0,
    1,
    1_790_000_000_000_000,
    Instant::MAX.micros(),
];

/// Where a range can begin or end: also just beyond the last instant.
const EDGES: [i64; 7] = [
    MOMENTS[0],
    MOMENTS[1],
    0,
    MOMENTS[3],
    2,
    MOMENTS[4],
    MOMENTS[5] + 1,
];

/// Names of files: letters that databases fold otherwise, signs of their patterns, and one too long for an index.
fn names() -> Vec<String> {
    let long = format!("{}Fuel.csv", "Ünterlägen ".repeat(120));
    let names = [
        "Fuel May.csv",
        "FUEL.CSV",
        "ΟΔΟΣΑ.csv",
        "οδος.csv",
        "İstanbul.csv",
        "ıspanak.csv",
        "INDEX.csv",
        "Straße.csv",
        "STRASSE.csv",
        "\u{212A}elvin.csv",
        "kelvin.csv",
        "ЁЛКА 100%.csv",
        "ёлка_1.csv",
        "a*b?[c].csv",
        "a\\b.csv",
        "車両一覧.csv",
        "Ⱥ.csv",
        "-- x",
        "long ſ.csv",
        &long,
    ];
    names.map(str::to_owned).to_vec()
}

/// Terms that are in some of them, in one or in none.
const TERMS: [&str; 24] = [
    "fuel",
    "FUEL",
    "csv",
    "οδος",
    "ΔΟΣ",
    "i",
    "İ",
    "ı",
    "ß",
    "ss",
    "k",
    "ёлка",
    "%",
    "_",
    "*",
    "?[",
    "]",
    "\\",
    "車",
    "ⱥ",
    "--",
    "s",
    "none of them",
    ".CSV",
];

/// Types: one is longer than what an index holds of it, and another differs behind that alone.
fn types() -> Vec<String> {
    let long = "Type".repeat(80);
    vec![
        "VehicleImport".to_owned(),
        "vehicleimport".to_owned(),
        "Type, with \"signs\"".to_owned(),
        format!("{long}A"),
        format!("{long}B"),
    ]
}

/// Up to two checks, each of another column.
fn checks(rng: &mut Rng) -> Vec<Check<Column>> {
    let mut checks = Vec::new();
    if rng.one_in(3) {
        let types = types();
        let texts = (0..1 + rng.below(2)).map(|_| rng.pick(&types).clone());
        let mut texts: Vec<_> = texts.collect();
        texts.dedup();
        if rng.one_in(4) {
            texts = vec!["NoType".to_owned()];
        }
        let (column, is_excluded) = (Column::Kind, rng.one_in(2));
        checks.push(Check::OneOfTexts {
            column,
            texts,
            is_excluded,
        });
    }
    if rng.one_in(3) {
        let place = *rng.pick(&[Place::Anywhere, Place::Start]);
        let (column, term) = (Column::FileName, Term::new(rng.pick::<&str>(&TERMS), place));
        checks.push(Check::Matches { column, term });
    } else if rng.one_in(3) {
        let (column, is_null) = (Column::CompletedAt, rng.one_in(2));
        checks.push(Check::IsNull { column, is_null });
    }
    checks
}

fn table(account_id: i64, rng: &mut Rng) -> Vec<imports::Model> {
    let (names, types) = (names(), types());
    let import = |id| imports::Model {
        id,
        file_name: rng.pick(&names).clone(),
        kind: rng.pick(&types).clone(),
        completed_at: (!rng.one_in(3)).then(|| instant(*rng.pick(&MOMENTS))),
        status: *rng.pick(&ImportStatus::ALL),
        created_at: instant(*rng.pick(&MOMENTS)),
        updated_at: instant(*rng.pick(&MOMENTS)),
        ..row(account_id, 7)
    };
    (-20..20).chain([i64::MIN, i64::MAX]).map(import).collect()
}

/// The order of up to three columns, each in either direction.
fn order(rng: &mut Rng) -> Order<Column> {
    let mut columns = Column::SORTABLE.to_vec();
    let mut keys = Vec::new();
    for _ in 0..rng.below(4) {
        let column = columns.remove(rng.below(columns.len()));
        let direction = *rng.pick(&[Direction::Asc, Direction::Desc]);
        keys.push(Key { column, direction });
    }
    Order::new(&keys, Column::TIE_BREAK).unwrap()
}

fn statuses(mask: usize) -> Vec<Value> {
    let all = ImportStatus::ALL.iter().enumerate();
    all.filter(|(place, _)| mask & 1 << place != 0)
        .map(|(_, status)| Value::Name(status.name()))
        .collect()
}

/// A filter within the account, with up to three ranges and two checks; where `mask` is given, of those statuses alone.
fn filter(account_id: i64, mask: Option<usize>, rng: &mut Rng) -> Filter<Column> {
    let mut ranges = Vec::new();
    for column in [Column::CreatedAt, Column::UpdatedAt, Column::CompletedAt] {
        let mut edge = || (!rng.one_in(3)).then(|| Value::Instant(*rng.pick(&EDGES)));
        let (from, until) = (edge(), edge());
        if rng.one_in(if column == Column::CompletedAt { 5 } else { 2 }) {
            ranges.push(Range { column, from, until });
        }
    }
    Filter {
        equals: vec![(Column::AccountId, Value::Int(account_id))],
        ranges,
        one_of: mask.map(|mask| (Column::Status, statuses(mask))),
        checks: checks(rng),
    }
}

fn position(order: &Order<Column>, rows: &[imports::Model], rng: &mut Rng) -> Option<Position<Column>> {
    (!rng.one_in(3)).then(|| order.position(rng.pick(rows)))
}

/// The database and the same rows in memory: those of the caller's account, and of another with the same ids.
struct Both {
    app: TestApp,
    viewer: Viewer,
    rows: Vec<imports::Model>,
}

impl Both {
    async fn on_each(rng: &mut Rng) -> Vec<Self> {
        let mut all = Vec::new();
        for app in TestApp::on_each().await {
            let (ours, theirs) = (app.account("Acme").await, app.account("Bolt").await);
            let mut rows = table(ours.id, rng);
            rows.extend(table(theirs.id, rng));
            app.fill(&rows).await;
            let viewer = app.viewer(&ours).await;
            all.push(Self { app, viewer, rows });
        }
        all
    }

    /// Holds the rows of a plan, and of a second plan the number, against those in memory.
    async fn agree(&self, plan: &Plan<Column>, counted: Option<&Plan<Column>>) {
        let store = &self.app.store;
        let expected = plan.select(self.rows.iter().cloned());
        let found = page(store, &self.viewer, plan, Fields::ALL, counted)
            .await
            .unwrap();
        assert_eq!(found.rows, expected, "{plan:#?}");
        assert_eq!(
            count(store, plan).await.unwrap(),
            expected.len() as u64,
            "{plan:#?}"
        );
        let number = counted.map_or(0, |plan| plan.select(&self.rows).len());
        assert_eq!(found.count, number as u64, "{plan:#?} {counted:#?}");
        gauntlet::add("plans compared with memory", 1);
    }
}

#[tokio::test]
async fn any_plan_gives_the_rows_that_it_gives_in_memory() {
    let mut rng = Rng::new(gauntlet::seed(3));
    for both in Both::on_each(&mut rng).await {
        // Every set of statuses once, the empty one and all ten among them, each with another order, ranges and cuts.
        for mask in 0..1 << ImportStatus::ALL.len() {
            let filter = filter(both.viewer.account_id(), Some(mask), &mut rng);
            let order = order(&mut rng);
            let mut cut = || {
                let position = position(&order, &both.rows, &mut rng)?;
                Some(SeekBound::at(&position, *rng.pick(&[Side::Before, Side::After])))
            };
            let (from, until) = (cut(), cut());
            let limit = 1 + rng.below(102);
            match Plan::new(&filter, order.clone(), from.clone(), until.clone(), limit) {
                Some(plan) => both.agree(&plan, None).await,
                None => {
                    // No plan: then no row meets it.
                    let met = |row: &&imports::Model| {
                        let behind = |cut: &SeekBound| cut.predicate_after(&order).eval(row);
                        let ahead = |cut: &SeekBound| cut.predicate_before(&order).eval(row);
                        filter.eval(row) && from.iter().all(behind) && until.iter().all(ahead)
                    };
                    assert_eq!(both.rows.iter().find(met), None, "{filter:?} {from:?} {until:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_page_and_its_count_in_one_statement_are_those_of_two() {
    let mut rng = Rng::new(gauntlet::seed(4));
    for both in Both::on_each(&mut rng).await {
        for _ in 0..600 {
            let mask = (!rng.one_in(2)).then(|| rng.below(1 << ImportStatus::ALL.len()));
            let filter = filter(both.viewer.account_id(), mask, &mut rng);
            let order = order(&mut rng);
            let (near, far) = (
                position(&order, &both.rows, &mut rng),
                position(&order, &both.rows, &mut rng),
            );
            let size = rng.below(30);
            let window = match rng.below(3) {
                0 => PageRequest::starting_at(order, near, size),
                1 => PageRequest::between(order, near, far, Reading::Forward, size),
                _ => PageRequest::between(order, near, far, Reading::Backward, size),
            };
            let Some(plan) = window.rows_plan(&filter) else {
                continue;
            };
            let cap = *rng.pick(&[1, 5, 20, 500]);
            let counted = window.count_plan(&filter, cap);
            both.agree(&plan, counted.as_ref()).await;
            if let Some(plan) = window.preceding_plan(&filter) {
                both.agree(&plan, None).await;
            }
        }
    }
}

#[tokio::test]
async fn the_counts_of_the_statuses_are_those_of_memory() {
    let mut rng = Rng::new(gauntlet::seed(5));
    for both in Both::on_each(&mut rng).await {
        for cap in [1, 2, 3, 501].repeat(60) {
            let mask = (!rng.one_in(3)).then(|| rng.below(1 << ImportStatus::ALL.len()));
            let filter = filter(both.viewer.account_id(), mask, &mut rng);
            let of = |status| {
                let rows = both
                    .rows
                    .iter()
                    .filter(|row| row.status == status && filter.eval(row));
                rows.count().min(cap) as u64
            };
            let expected = ImportStatus::ALL.map(of);
            let names = &ImportStatus::NAMES;
            let found = counts(&both.app.store, &filter, Column::Status, names, cap)
                .await
                .unwrap();
            let expected = expected.map(|count| NameCount { count, is_cut: false });
            assert_eq!(found, expected, "{filter:#?}");
        }
    }
}

#[tokio::test]
async fn only_the_fields_that_are_asked_for_or_compared_are_read() {
    let mut rng = Rng::new(gauntlet::seed(6));
    for both in Both::on_each(&mut rng).await {
        let key = Key {
            column: Column::CreatedAt,
            direction: Direction::Asc,
        };
        let order = Order::new(&[key], Column::TIE_BREAK).unwrap();
        let filter = filter(both.viewer.account_id(), Some(0b11), &mut Rng::new(1));
        let filter = Filter {
            ranges: Vec::new(),
            checks: Vec::new(),
            ..filter
        };
        let plan = Plan::new(&filter, order, None, None, 100).unwrap();
        let asked = Fields::NONE.with(Column::FileSize);
        let found = page(&both.app.store, &both.viewer, &plan, asked, None).await;
        let read = |row: imports::Model| imports::Model {
            completed_at: None,
            file_name: String::new(),
            note: None,
            kind: String::new(),
            status: ImportStatus::New,
            updated_at: Instant::MIN,
            ..row
        };
        let expected: Vec<_> = plan
            .select(both.rows.iter().cloned())
            .into_iter()
            .map(read)
            .collect();
        assert!(!expected.is_empty());
        assert_eq!(found.unwrap().rows, expected);
    }
}
