//! The questions: plans as a list makes them.

use case_folding::{Place, Term};
use entity::ImportStatus;
use imports_gateway::resources::imports::Column;
use imports_gateway::store::Store;
use imports_gateway::store::query::table::Column as _;
use keyset::{Check, Direction, Filter, Key, Order, PageRequest, Plan, Position, Range, Reading, Value};

use super::table::{self, ACCOUNT};

/// What a count counts at most.
pub(super) const COUNT_CAP: usize = 500;

/// A page that is asked for, and in words which.
pub(super) struct Question {
    pub(super) name: String,
    pub(super) plan: Plan<Column>,
    pub(super) count: Plan<Column>,
    pub(super) statuses: usize,
    /// Rows of the page.
    pub(super) size: usize,
}

/// The sets of statuses, smallest first: none (all rows), a common one, a rare one, three, nine, ten.
pub(super) fn status_sets() -> Vec<Option<Vec<ImportStatus>>> {
    let set = |skipped: usize, taken: usize| {
        let chosen = ImportStatus::ALL.into_iter().skip(skipped).take(taken);
        Some(chosen.collect())
    };
    vec![
        None,
        Some(vec![ImportStatus::Complete]),
        Some(vec![ImportStatus::RollingBack]),
        set(3, 3),
        set(1, 9),
        set(0, 10),
    ]
}

pub(super) fn filter(statuses: Option<&[ImportStatus]>, ranges: Vec<Range<Column>>) -> Filter<Column> {
    let names = |statuses: &[ImportStatus]| {
        let names = statuses.iter().map(|status| Value::Name(status.name()));
        (Column::Status, names.collect())
    };
    Filter {
        equals: vec![(Column::AccountId, Value::Int(ACCOUNT))],
        ranges,
        one_of: statuses.map(names),
        checks: Vec::new(),
    }
}

/// Terms that no name has, that one has, that all have; of signs alone, of one letter, of pieces that never meet, and the
/// longest one.
pub(super) fn terms() -> [String; 7] {
    let terms = [
        "entries-fuel",
        "vehicles-77777.",
        "vehicles",
        "--",
        "v",
        "csv-vehicles",
    ];
    let [none, one, all, signs, letter, apart] = terms.map(str::to_owned);
    [none, one, all, signs, letter, apart, "v".repeat(256)]
}

/// The account's rows that meet a check.
pub(super) fn checked(check: Check<Column>) -> Filter<Column> {
    Filter {
        checks: vec![check],
        ..filter(None, Vec::new())
    }
}

/// A check of the names for a term.
pub(super) fn named(term: &str) -> Check<Column> {
    Check::Matches {
        column: Column::FileName,
        term: Term::new(term, Place::Anywhere),
    }
}

/// A range of a column between two shares of the table, in percent.
pub(super) fn range(column: Column, from: Option<i64>, until: Option<i64>) -> Range<Column> {
    let instant = |percent: i64| Value::Instant(table::instant_at(percent));
    Range {
        column,
        from: from.map(instant),
        until: until.map(instant),
    }
}

pub(super) fn order(keys: &[(Column, Direction)]) -> Order<Column> {
    let keys: Vec<_> = keys
        .iter()
        .map(|(column, direction)| Key {
            column: *column,
            direction: *direction,
        })
        .collect();
    Order::new(&keys, Column::TIE_BREAK).unwrap()
}

/// Each strict sort, direction, set of statuses, depth, way of reading and range on the sort's own column.
pub(super) async fn strict(store: &Store, rows: u64, size: usize) -> Vec<Question> {
    let mut questions = Vec::new();
    for column in Column::SORTABLE.iter().copied() {
        let mut ranges = vec![Vec::new()];
        if column != Column::Id {
            ranges.push(vec![range(column, Some(45), Some(55))]);
            ranges.push(vec![range(column, Some(5), None)]);
        }
        for direction in [Direction::Asc, Direction::Desc] {
            let order = order(&[(column, direction)]);
            let mut cursors = vec![None];
            for depth in [1, rows * 3 / 10, rows * 6 / 10 - 2] {
                cursors.push(Some(table::position(store, &order, depth).await));
            }
            for statuses in status_sets() {
                for ranges in &ranges {
                    let filter = filter(statuses.as_deref(), ranges.clone());
                    for (depth, cursor) in cursors.iter().enumerate() {
                        let name = format!(
                            "{column:?} {direction:?}, {} statuses, range {ranges:?}, depth {depth}",
                            statuses.as_ref().map_or(0, Vec::len)
                        );
                        questions.extend(both_ways(&name, &order, &filter, cursor.as_ref(), size));
                    }
                }
            }
        }
    }
    questions
}

/// The page behind a cursor, and the one in front of it.
pub(super) fn both_ways(
    name: &str,
    order: &Order<Column>,
    filter: &Filter<Column>,
    cursor: Option<&Position<Column>>,
    size: usize,
) -> Vec<Question> {
    let ways = [Reading::Forward, Reading::Backward].into_iter();
    let question = |reading| {
        let (after, before) = match reading {
            Reading::Forward => (cursor.cloned(), None),
            Reading::Backward => (None, cursor.cloned()),
        };
        let window = PageRequest::between(order.clone(), after, before, reading, size);
        Some(Question {
            name: format!("{name}, {reading:?}"),
            // None where the cursor lies outside the range: no statement is run.
            plan: window.rows_plan(filter)?,
            count: window.count_plan(filter, COUNT_CAP)?,
            statuses: filter.one_of.as_ref().map_or(0, |(_, statuses)| statuses.len()),
            size,
        })
    };
    ways.filter_map(question).collect()
}
