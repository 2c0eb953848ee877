//! The laws of keyset paging, by property test: no database, only rows, orders, filters and pages.

use std::collections::BTreeSet;

use case_folding::{Place, Term};
use keyset::{
    Check, Column, CursorError, Direction, Filter, Key, Kind, MAX_CURSOR_BYTES, Order, OrderError, Page,
    PageRequest, Position, Range, Reading, Row, SeekBound, Side, Value, decode, encode, encode_row,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Col {
    Id,
    Created,
    Updated,
    Status,
    Account,
    Ended,
    Name,
}

impl Column for Col {
    fn code(self) -> u8 {
        self as u8
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::Id, Self::Created, Self::Updated, Self::Status]
            .get(usize::from(code))
            .copied()
    }

    fn kind(self) -> Kind {
        match self {
            Self::Id | Self::Account => Kind::Int,
            Self::Created | Self::Updated | Self::Ended => Kind::Instant,
            Self::Status | Self::Name => Kind::Name,
        }
    }

    fn is_unique(self) -> bool {
        self == Self::Id
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Import {
    account: i64,
    id: i64,
    created: i64,
    updated: i64,
    status: &'static str,
    ended: Option<i64>,
    name: &'static str,
}

impl Row<Col> for Import {
    fn value(&self, column: Col) -> Value {
        match column {
            Col::Id => Value::Int(self.id),
            Col::Created => Value::Instant(self.created),
            Col::Updated => Value::Instant(self.updated),
            Col::Status => Value::Name(self.status),
            Col::Account => Value::Int(self.account),
            Col::Ended => self.ended.map_or(Value::Name(""), Value::Instant),
            Col::Name => Value::Name(""),
        }
    }

    fn text(&self, column: Col) -> &str {
        match column {
            Col::Status => self.status,
            Col::Name => self.name,
            _ => "",
        }
    }

    fn is_null(&self, column: Col) -> bool {
        column == Col::Ended && self.ended.is_none()
    }
}

const STATUSES: [&str; 3] = ["new", "failed", "complete"];
const NAMES: [&str; 4] = ["Fuel May.csv", "FUEL.csv", "ΟΔΟΣ.csv", "50%_x"];
const TIE_BREAK: Key<Col> = Key {
    column: Col::Id,
    direction: Direction::Desc,
};

fn rows() -> impl Strategy<Value = Vec<Import>> {
    // Few distinct instants: ties are the rule. The last one is far away, at the edge of what is allowed.
    let instant = || prop_oneof![0..6_i64, Just(Value::MAX_INSTANT), Just(Value::MIN_INSTANT)];
    let others = || (proptest::option::of(0..6_i64), select(&NAMES));
    vec(
        (1..3_i64, instant(), instant(), select(&STATUSES), others()),
        0..40,
    )
    .prop_map(|rows| {
        let import = |(index, (account, created, updated, status, (ended, name))): (usize, _)| {
            let id = 2 * index as i64 + 1;
            Import {
                account,
                id,
                created,
                updated,
                status,
                ended,
                name,
            }
        };
        rows.into_iter().enumerate().map(import).collect()
    })
}

fn order() -> impl Strategy<Value = Order<Col>> {
    let columns = subsequence(vec![Col::Created, Col::Updated, Col::Id], 0..=3).prop_shuffle();
    (columns, any::<[bool; 3]>()).prop_map(|(columns, descending)| {
        let direction = |down: bool| if down { Direction::Desc } else { Direction::Asc };
        let keys = columns.into_iter().zip(descending).map(|(column, down)| Key {
            column,
            direction: direction(down),
        });
        Order::new(&keys.collect::<Vec<_>>(), TIE_BREAK).expect("no column twice, none of names")
    })
}

fn filter() -> impl Strategy<Value = Filter<Col>> {
    let end = || proptest::option::of((-1..7_i64).prop_map(Value::Instant));
    let range = |column| (end(), end()).prop_map(move |(from, until)| Range { column, from, until });
    let ranges = (
        proptest::option::of(range(Col::Created)),
        proptest::option::of(range(Col::Updated)),
        proptest::option::weighted(0.2, range(Col::Ended)),
    );
    let statuses = subsequence(STATUSES.to_vec(), 0..=3);
    let names = |names: Vec<&'static str>| (Col::Status, names.into_iter().map(Value::Name).collect());
    let one_of = proptest::option::of(statuses.prop_map(names));
    (ranges, one_of, checks()).prop_map(|((created, updated, ended), one_of, checks)| Filter {
        equals: vec![(Col::Account, Value::Int(1))],
        ranges: created.into_iter().chain(updated).chain(ended).collect(),
        one_of,
        checks,
    })
}

fn checks() -> impl Strategy<Value = Vec<Check<Col>>> {
    let term = (select(vec!["fuel", "ος", "%_", "f", "none"]), any::<bool>());
    let check = prop_oneof![
        any::<bool>().prop_map(|is_null| Check::IsNull {
            column: Col::Ended,
            is_null
        }),
        (subsequence(NAMES.to_vec(), 0..=3), any::<bool>()).prop_map(|(texts, is_excluded)| {
            Check::OneOfTexts {
                column: Col::Name,
                texts: texts.into_iter().map(str::to_owned).collect(),
                is_excluded,
            }
        }),
        term.prop_map(|(term, starts)| Check::Matches {
            column: Col::Name,
            term: Term::new(term, if starts { Place::Start } else { Place::Anywhere }),
        }),
    ];
    vec(check, 0..2)
}

/// The whole list, by sorting: nothing of the paging engine but the order's comparison.
fn list(rows: &[Import], filter: &Filter<Col>, order: &Order<Col>) -> Vec<Import> {
    let mut list: Vec<_> = rows.iter().filter(|row| filter.eval(row)).cloned().collect();
    list.sort_by(|left, right| order.compare(left, right));
    list
}

/// What a store does with a window, on rows in memory.
fn fetch(rows: &[Import], filter: &Filter<Col>, window: &PageRequest<Col>) -> (Page<Import>, bool, usize) {
    let select =
        |plan: Option<keyset::Plan<Col>>| plan.map_or(Vec::new(), |plan| plan.select(rows.iter().cloned()));
    let page = window.page(select(window.rows_plan(filter)), None);
    let behind = page
        .has_preceding
        .unwrap_or_else(|| !select(window.preceding_plan(filter)).is_empty());
    let count = select(window.count_plan(filter, 7)).len();
    (page, behind, count)
}

/// The rows of a window, and the last one looked at where a store stops after `entries` rows that checks pass over or not.
fn fetch_some(
    rows: &[Import],
    filter: &Filter<Col>,
    window: &PageRequest<Col>,
    entries: usize,
) -> (Vec<Import>, Option<Import>) {
    let Some(plan) = window.rows_plan(filter) else {
        return (Vec::new(), None);
    };
    let unchecked = Filter {
        checks: Vec::new(),
        ..filter.clone()
    };
    let all = window.rows_plan(&unchecked).expect("it has fewer conditions");
    let all = keyset::Plan::new(
        all.filter(),
        all.order().clone(),
        all.from().cloned(),
        all.until().cloned(),
        entries,
    );
    let read = all.expect("it was one before").select(rows.iter().cloned());
    let found: Vec<_> = read
        .iter()
        .filter(|row| filter.eval(row))
        .take(plan.limit())
        .cloned()
        .collect();
    let is_cut = read.len() == entries && found.len() < plan.limit();
    let reached = read.into_iter().last().filter(|_| is_cut);
    (found, reached)
}

fn position(order: &Order<Col>, row: &Import) -> Position<Col> {
    let text = encode(&order.position(row));
    decode(&text, TIE_BREAK).expect("a cursor of ours")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn walking_forward_gives_the_sorted_list(rows in rows(), order in order(), filter in filter(), size in 1..9_usize) {
        let (mut walked, mut after) = (Vec::new(), None);
        loop {
            let window = PageRequest::between(order.clone(), after.clone(), None, Reading::Forward, size);
            let (page, behind, _) = fetch(&rows, &filter, &window);
            prop_assert_eq!(behind, !walked.is_empty());
            prop_assert!(page.rows.len() == size || page.lookahead.is_none());
            after = page.rows.last().map(|row| position(&order, row));
            walked.extend(page.rows);
            if page.lookahead.is_none() { break; }
        }
        prop_assert_eq!(walked, list(&rows, &filter, &order));
    }

    #[test]
    fn walking_backward_gives_the_sorted_list(rows in rows(), order in order(), filter in filter(), size in 1..9_usize) {
        let (mut walked, mut before) = (Vec::new(), None);
        loop {
            let window = PageRequest::between(order.clone(), None, before.clone(), Reading::Backward, size);
            let (page, behind, _) = fetch(&rows, &filter, &window);
            prop_assert_eq!(behind, !walked.is_empty());
            before = page.rows.first().map(|row| position(&order, row));
            walked.splice(0..0, page.rows);
            if page.lookahead.is_none() { break; }
        }
        prop_assert_eq!(walked, list(&rows, &filter, &order));
    }

    #[test]
    fn walking_pages_that_are_cut_gives_the_sorted_list(
        rows in rows(), order in order(), filter in filter(), size in 1..6_usize, entries in 2..9_usize, backward: bool,
    ) {
        let (mut walked, mut bound) = (Vec::new(), None);
        let reading = if backward { Reading::Backward } else { Reading::Forward };
        loop {
            let (after, before) = if backward { (None, bound.clone()) } else { (bound.clone(), None) };
            let window = PageRequest::between(order.clone(), after, before, reading, size);
            let (found, reached) = fetch_some(&rows, &filter, &window, entries);
            let page = window.page(found, reached);
            prop_assert!(page.reached.is_none() || page.is_cut && page.rows.len() < size);
            let mut last = page.rows.last();
            if backward { last = page.rows.first(); }
            bound = page.reached.as_ref().or(last).map(|row| position(&order, row)).or(bound);
            if backward { walked.splice(0..0, page.rows); } else { walked.extend(page.rows); }
            if page.lookahead.is_none() && !page.is_cut { break; }
        }
        prop_assert_eq!(walked, list(&rows, &filter, &order));
    }

    #[test]
    fn following_positions_behind_what_was_looked_at_gives_the_sorted_list(
        rows in rows(), order in order(), filter in filter(), size in 1..6_usize, entries in 2..9_usize,
    ) {
        let (mut walked, mut start) = (Vec::new(), None);
        loop {
            let window = PageRequest::starting_at(order.clone(), start.clone(), size);
            let (found, reached) = fetch_some(&rows, &filter, &window, entries);
            let page = window.page(found, reached);
            let behind = page.reached.as_ref().or(page.rows.last().filter(|_| page.is_cut));
            start = page.lookahead.as_ref().map(|row| position(&order, row))
                .or(behind.map(|row| position(&order, row).next()));
            walked.extend(page.rows);
            if start.is_none() { break; }
        }
        prop_assert_eq!(walked, list(&rows, &filter, &order));
    }

    #[test]
    fn behind_a_place_come_the_rows_at_its_value_and_behind_it(
        rows in rows(), order in order(), value in prop_oneof![
            -1..7_i64, Just(Value::MAX_INSTANT), Just(Value::MIN_INSTANT),
        ],
    ) {
        let key = order.keys()[0];
        let value = match key.column.kind() { Kind::Int => Value::Int(value), _ => Value::Instant(value) };
        let (at, front) = (Position::at(order.clone(), value), Position::in_front_of(order.clone(), value));
        let mut expected: Vec<_> = rows.iter().filter(|row| key.direction.apply(row.value(key.column).cmp(&value)).is_ge()).cloned().collect();
        expected.sort_by(|left, right| order.compare(left, right));
        for window in [
            PageRequest::between(order.clone(), front.clone(), None, Reading::Forward, 100),
            PageRequest::starting_at(order.clone(), Some(at.clone()), 100),
        ] {
            let (page, behind, _) = fetch(&rows, &Filter::default(), &window);
            prop_assert_eq!(&page.rows, &expected);
            prop_assert_eq!(behind, expected.len() < rows.len());
        }
        for place in front.into_iter().chain([at]) {
            let text = encode(&place);
            prop_assert_eq!(decode(&text, TIE_BREAK), Ok(place));
        }
    }

    #[test]
    fn following_the_row_after_a_page_gives_the_sorted_list(
        rows in rows(), order in order(), filter in filter(), size in 1..9_usize,
    ) {
        let (mut walked, mut start) = (Vec::new(), None);
        loop {
            let window = PageRequest::starting_at(order.clone(), start.clone(), size);
            let (page, _, count) = fetch(&rows, &filter, &window);
            let left = list(&rows, &filter, &order).len() - walked.len();
            prop_assert_eq!(count, left.min(7));
            start = page.lookahead.as_ref().map(|row| position(&order, row));
            walked.extend(page.rows);
            if start.is_none() { break; }
        }
        prop_assert_eq!(walked, list(&rows, &filter, &order));
    }

    #[test]
    fn a_page_its_flags_and_its_count_are_those_of_an_oracle(
        rows in rows(), order in order(), filter in filter(), size in 0..9_usize, backward: bool,
        bounds in any::<[Option<(proptest::sample::Index, bool)>; 2]>(), deleted in any::<[bool; 2]>(),
    ) {
        // Bounds are positions of any row of the table: of another filter, of another account, or deleted since.
        let mut kept = rows.clone();
        let mut bound = |pick: Option<(proptest::sample::Index, bool)>, delete: bool| {
            let (index, given) = pick?;
            if rows.is_empty() || !given { return None; }
            let row = index.get(&rows).clone();
            if delete { kept.retain(|other| *other != row); }
            Some(row)
        };
        let (after, before) = (bound(bounds[0], deleted[0]), bound(bounds[1], deleted[1]));
        let list = list(&kept, &filter, &order);
        let passed = |row: &Import| after.as_ref().is_some_and(|after| order.compare(row, after).is_le());
        let reached = |row: &Import| before.as_ref().is_some_and(|before| order.compare(row, before).is_ge());
        let between: Vec<_> = list.iter().filter(|row| !passed(row) && !reached(row)).cloned().collect();
        let crossed = matches!((&after, &before), (Some(a), Some(b)) if order.compare(a, b).is_ge());
        let expected = match (crossed, backward) {
            (true, _) => &[],
            (false, false) => &between[..size.min(between.len())],
            (false, true) => &between[between.len() - size.min(between.len())..],
        };
        // Where the page, or the gap that stands for it, lies in the list.
        let start = match expected.first() {
            Some(first) => list.iter().position(|row| row == first).expect("of the list"),
            None if backward && !crossed => list.iter().filter(|row| !reached(row)).count(),
            None => list.iter().filter(|row| passed(row)).count(),
        };
        let reading = if backward { Reading::Backward } else { Reading::Forward };
        let at = |row: &Option<Import>| row.as_ref().map(|row| position(&order, row));
        let window = PageRequest::between(order.clone(), at(&after), at(&before), reading, size);
        let (page, behind, count) = fetch(&kept, &filter, &window);
        let beyond = page.lookahead.is_some();
        let (previous, next) = if window.reading() == Reading::Forward { (behind, beyond) } else { (beyond, behind) };
        prop_assert_eq!(&page.rows[..], expected);
        prop_assert_eq!(previous, start > 0);
        prop_assert_eq!(next, start + expected.len() < list.len());
        prop_assert_eq!(count, if crossed { 0 } else { between.len().min(7) });
    }

    #[test]
    fn inserting_or_deleting_before_the_cursor_changes_nothing_after_it(
        rows in rows(), order in order(), filter in filter(), at in any::<proptest::sample::Index>(),
        created in 0..6_i64, updated in 0..6_i64, delete: bool,
    ) {
        prop_assume!(!rows.is_empty());
        let cursor = at.get(&rows);
        let window = PageRequest::between(order.clone(), Some(position(&order, cursor)), None, Reading::Forward, 100);
        let (earlier, ..) = fetch(&rows, &filter, &window);
        let mut changed = rows.clone();
        if delete {
            changed.retain(|row| order.compare(row, cursor).is_gt());
        } else {
            let row = Import { account: 1, id: 2, created, updated, status: "new", ended: None, name: "" };
            prop_assume!(order.compare(&row, cursor).is_lt());
            changed.push(row);
        }
        let (later, ..) = fetch(&changed, &filter, &window);
        prop_assert_eq!(earlier.rows, later.rows);
    }

    #[test]
    fn the_merged_plan_selects_what_filter_and_cuts_say(
        rows in rows(), order in order(), filter in filter(), picks in any::<[Option<proptest::sample::Index>; 2]>(),
        sides in any::<[bool; 2]>(),
    ) {
        let side = |after: bool| if after { Side::After } else { Side::Before };
        let cut = |n: usize| picks[n].filter(|_| !rows.is_empty())
            .map(|pick| SeekBound::at(&order.position(pick.get(&rows)), side(sides[n])));
        let (from, until) = (cut(0), cut(1));
        let meets = |row: &Import| {
            filter.eval(row)
                && from.as_ref().is_none_or(|cut| cut.predicate_after(&order).eval(row))
                && until.as_ref().is_none_or(|cut| cut.predicate_before(&order).eval(row))
        };
        let mut expected: Vec<_> = rows.iter().filter(|row| meets(row)).cloned().collect();
        expected.sort_by(|left, right| order.compare(left, right));
        let plan = keyset::Plan::new(&filter, order.clone(), from.clone(), until.clone(), 1000);
        let selected = plan.map_or(Vec::new(), |plan| plan.select(rows.iter().cloned()));
        prop_assert_eq!(selected, expected);
    }

    #[test]
    fn decode_after_encode_is_identity(id: i64, created in Value::MIN_INSTANT..=Value::MAX_INSTANT, order in order()) {
        let row = Import { account: 1, id, created, updated: created, status: "new", ended: None, name: "" };
        let position = order.position(&row);
        let text = encode(&position);
        prop_assert!(text.len() <= MAX_CURSOR_BYTES);
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
        prop_assert!(text.starts_with(|first: char| first.is_ascii_alphabetic()));
        prop_assert_eq!(decode(&text, TIE_BREAK), Ok(position));
    }

    #[test]
    fn any_single_damaged_byte_is_refused(id: i64, created in 0..1_000_000_i64, order in order()) {
        let text = encode(&order.position(&Import { account: 1, id, created, updated: 9, status: "new", ended: None, name: "" }));
        for index in 0..text.len() {
            for byte in (0..=0x7f_u8).filter(|byte| *byte != text.as_bytes()[index]) {
                let mut damaged = text.clone().into_bytes();
                damaged[index] = byte;
                let damaged = String::from_utf8(damaged).expect("ASCII");
                prop_assert_eq!(decode::<Col>(&damaged, TIE_BREAK), Err(CursorError), "{}", damaged);
            }
        }
        for length in 0..text.len() {
            prop_assert_eq!(decode::<Col>(&text[..length], TIE_BREAK), Err(CursorError));
            prop_assert_eq!(decode::<Col>(&text[length..], TIE_BREAK).is_ok(), length == 0);
        }
        for appended in ["A", "=", "==", " ", "\0"] {
            prop_assert_eq!(decode::<Col>(&format!("{text}{appended}"), TIE_BREAK), Err(CursorError));
        }
    }

    #[test]
    fn no_text_makes_decode_panic_and_only_encoded_text_decodes(text in "\\PC{0,60}|[A-Za-z0-9_-]{0,60}") {
        if let Ok(position) = decode::<Col>(&text, TIE_BREAK) {
            prop_assert_eq!(encode(&position), text);
        }
    }

    #[test]
    fn a_row_has_the_cursor_of_its_position(rows in rows(), order in order()) {
        for row in &rows {
            let text = encode_row(&order, row);
            prop_assert_eq!(text.as_str(), encode(&order.position(row)));
        }
    }

    #[test]
    fn a_forged_cursor_with_a_right_checksum_names_a_sound_position_or_none(body in vec(any::<u8>(), 0..40)) {
        use base64::Engine as _;
        let mut bytes = body.clone();
        bytes.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        if let Ok(position) = decode::<Col>(&text, TIE_BREAK) {
            prop_assert_eq!(encode(&position), text);
            prop_assert_eq!(position.values().len(), position.order().keys().len());
        }
    }

    #[test]
    fn reversing_an_order_twice_gives_it_back_and_once_reverses_every_pair(rows in rows(), order in order()) {
        prop_assert_eq!(order.reversed().reversed(), order.clone());
        for pair in rows.windows(2) {
            let (forward, back) = (order.compare(&pair[0], &pair[1]), order.reversed().compare(&pair[0], &pair[1]));
            prop_assert_eq!(forward, back.reverse());
        }
    }

    #[test]
    fn named_keys_give_the_order_back(order in order()) {
        prop_assert_eq!(Order::new(order.named_keys(), TIE_BREAK), Ok(order));
    }

    #[test]
    fn cuts_are_ordered_as_the_rows_behind_them(rows in rows(), order in order(), filter in filter()) {
        let lead = order.keys()[0].column;
        let ranges = filter.ranges.iter().filter(|range| range.column == lead).copied();
        let positions = rows.iter().map(|row| order.position(row));
        let mut cuts: Vec<SeekBound> = positions
            .flat_map(|position| [SeekBound::at(&position, Side::Before), SeekBound::at(&position, Side::After)])
            .collect();
        for range in ranges {
            let alone = Filter { ranges: vec![range], ..Filter::default() };
            let Some(plan) = keyset::Plan::new(&alone, order.clone(), None, None, 1) else { continue };
            cuts.extend(plan.from().into_iter().chain(plan.until()).cloned());
        }
        for pair in cuts.iter().flat_map(|left| cuts.iter().map(move |right| (left, right))) {
            let behind = |cut: &SeekBound| -> BTreeSet<i64> {
                let predicate = cut.predicate_after(&order);
                rows.iter().filter(|row| predicate.eval(row)).map(|row| row.id).collect()
            };
            if pair.0.compare(pair.1, &order).is_le() {
                prop_assert!(behind(pair.0).is_superset(&behind(pair.1)), "{:?}", pair);
            }
            prop_assert_eq!(pair.0.compare(pair.1, &order), pair.1.compare(pair.0, &order).reverse());
        }
    }
}

#[test]
fn a_key_named_twice_is_refused_wherever_it_stands() {
    let key = |column| Key {
        column,
        direction: Direction::Asc,
    };
    let twice = [key(Col::Id), key(Col::Created), key(Col::Created)];
    assert_eq!(
        Order::new(&twice, TIE_BREAK),
        Err(OrderError::Repeated(Col::Created))
    );
    assert_eq!(
        Order::new(&[key(Col::Status)], TIE_BREAK),
        Err(OrderError::NotSortable(Col::Status))
    );
}

#[test]
fn keys_after_a_unique_one_and_a_spelled_out_tie_break_change_nothing() {
    let asc = |column| Key {
        column,
        direction: Direction::Asc,
    };
    let short = Order::new(&[asc(Col::Created)], TIE_BREAK);
    assert_eq!(Order::new(&[asc(Col::Created), asc(Col::Id)], TIE_BREAK), short);
    assert_eq!(
        Order::new(&[asc(Col::Created), asc(Col::Id), asc(Col::Updated)], TIE_BREAK),
        short
    );
    assert_eq!(
        Order::new(&[], TIE_BREAK).map(|order| order.keys().to_vec()),
        Ok(vec![TIE_BREAK])
    );
}
