//! The laws of paging through the whole service: any walk is the sorted, filtered list.
//!
//! The oracle is a vector, filtered and sorted here by comparisons of its own; it shares nothing with the service but
//! the cursors, whose text it foretells.

use std::cmp::Ordering;
use std::fmt::Write as _;

use entity::{ImportStatus, Instant, imports};
use imports_gateway::resources::imports::sort;
use imports_gateway::store::imports::Column;
use keyset::{Direction, Key};
use serde_json::{Value as Json, json};

use crate::app::{Caller, TestApp, row};
use crate::chance::Chance;
use crate::databases::{self, Database, execute, instant};

const DOCUMENT: &str = "query (
    $first: Int, $after: String, $last: Int, $before: String, $filter: ImportFilter, $sort: [ImportSort!]
) {
    imports(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
        edges { cursor node { databaseId } }
        nodes { databaseId createdAt updatedAt status }
        pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
        estimatedRemainingCount
    }
}";

/// A moment on which 500 imports were created.
const BUSY: i64 = 1_790_000_000_000_000;

const CAP: usize = 500;

/// 10,000 imports: 500 created on one instant, thousands one microsecond apart, changes in another order and with ties.
fn many(account_id: i64, chance: &mut Chance) -> Vec<imports::Model> {
    let import = |id: i64| {
        let created_at = match id {
            ..=5_000 => BUSY + (id - 4_000) * (id % 7 - 3),
            5_001..=5_500 => BUSY,
            5_501..=8_500 => BUSY + 8_500 - id,
            _ => BUSY + chance.below(2_000) as i64 * 1_000 - 1_000_000,
        };
        let updated_at = BUSY + 10_000_000 + chance.below(3_000) as i64;
        imports::Model {
            status: *chance.pick(&ImportStatus::ALL),
            created_at: instant(created_at),
            updated_at: instant(updated_at),
            ..row(account_id, id)
        }
    };
    (1..=10_000).map(import).collect()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Field {
    Id,
    CreatedAt,
    UpdatedAt,
}

impl Field {
    const ALL: [Self; 3] = [Self::Id, Self::CreatedAt, Self::UpdatedAt];

    fn of(self, import: &imports::Model) -> i64 {
        match self {
            Self::Id => import.id,
            Self::CreatedAt => import.created_at.micros(),
            Self::UpdatedAt => import.updated_at.micros(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::CreatedAt => "createdAt",
            Self::UpdatedAt => "updatedAt",
        }
    }

    fn column(self) -> Column {
        match self {
            Self::Id => Column::Id,
            Self::CreatedAt => Column::CreatedAt,
            Self::UpdatedAt => Column::UpdatedAt,
        }
    }
}

/// A sort as a client writes it: fields, and whether each descends.
#[derive(Clone, Debug)]
struct Sort(Vec<(Field, bool)>);

impl Sort {
    fn any(chance: &mut Chance) -> Self {
        let mut fields = Field::ALL.to_vec();
        let mut keys = Vec::new();
        for _ in 0..chance.below(4) {
            let place = chance.below(fields.len());
            keys.push((fields.remove(place), chance.one_in(2)));
        }
        Self(keys)
    }

    fn argument(&self) -> Json {
        let direction = |descends| if descends { "DESC" } else { "ASC" };
        self.0
            .iter()
            .map(|(field, descends)| json!({field.name(): direction(*descends)}))
            .collect()
    }

    fn compare(&self, left: &imports::Model, right: &imports::Model) -> Ordering {
        let descends = self.0.last().is_none_or(|(_, descends)| *descends);
        let tie_break = (Field::Id, descends);
        for (field, descends) in self.0.iter().chain([&tie_break]) {
            let ordering = field.of(left).cmp(&field.of(right));
            if ordering.is_ne() {
                return if *descends { ordering.reverse() } else { ordering };
            }
        }
        Ordering::Equal
    }

    /// The text that an edge of this import must have.
    fn cursor(&self, import: &imports::Model) -> String {
        let key = |(field, descends): &(Field, bool)| Key {
            column: field.column(),
            direction: if *descends {
                Direction::Desc
            } else {
                Direction::Asc
            },
        };
        let keys: Vec<_> = self.0.iter().map(key).collect();
        keyset::encode(&sort::order(&keys).unwrap().position(import))
    }
}

/// A filter as a client writes it. **Unit**: instants in nanoseconds.
#[derive(Clone, Debug, Default)]
struct Filter {
    statuses: Option<Vec<ImportStatus>>,
    bounds: Vec<(Field, Bound)>,
}

#[derive(Clone, Copy, Debug)]
enum Bound {
    Lt(i64),
    Lte(i64),
    Gt(i64),
    Gte(i64),
    Between(i64, i64),
}

impl Filter {
    fn any(chance: &mut Chance, rows: &[imports::Model]) -> Self {
        let moment = |chance: &mut Chance, field: Field| {
            let near = field.of(chance.pick(rows));
            let nanos = chance.pick(&[0, 0, 1, 500, 999]);
            (near + chance.below(3) as i64 - 1) * 1_000 + nanos
        };
        let mut filter = Self::default();
        if !chance.one_in(3) {
            let count = 1 + chance.below(5);
            let status = |_| *chance.pick(&ImportStatus::ALL);
            filter.statuses = Some((0..count).map(status).collect());
        }
        for field in [Field::CreatedAt, Field::UpdatedAt] {
            let bound = match chance.below(10) {
                0 => Bound::Lt(moment(chance, field)),
                1 => Bound::Lte(moment(chance, field)),
                2 => Bound::Gt(moment(chance, field)),
                3 => Bound::Gte(moment(chance, field)),
                4 => Bound::Between(moment(chance, field), moment(chance, field)),
                _ => continue,
            };
            filter.bounds.push((field, bound));
        }
        filter
    }

    fn admits(&self, import: &imports::Model) -> bool {
        let has_status = self
            .statuses
            .as_ref()
            .is_none_or(|statuses| statuses.contains(&import.status));
        has_status
            && self.bounds.iter().all(|(field, bound)| {
                let at = field.of(import) * 1_000;
                match *bound {
                    Bound::Lt(end) => at < end,
                    Bound::Lte(end) => at <= end,
                    Bound::Gt(start) => at > start,
                    Bound::Gte(start) => at >= start,
                    Bound::Between(start, end) => (start..end).contains(&at),
                }
            })
    }

    fn argument(&self) -> Json {
        let mut argument = json!({});
        if let Some(statuses) = &self.statuses {
            let names: Vec<_> = statuses
                .iter()
                .map(|status| status.name().to_uppercase())
                .collect();
            argument["status"] = json!({ "include": names });
        }
        for (field, bound) in &self.bounds {
            argument[field.name()] = match *bound {
                Bound::Lt(end) => json!({"lt": text(end)}),
                Bound::Lte(end) => json!({"lte": text(end)}),
                Bound::Gt(start) => json!({"gt": text(start)}),
                Bound::Gte(start) => json!({"gte": text(start)}),
                Bound::Between(start, end) => json!({"between": {"gte": text(start), "lt": text(end)}}),
            };
        }
        argument
    }
}

/// An instant with nine digits.
fn text(nanos: i64) -> String {
    let mut text = Instant::from_micros(nanos.div_euclid(1_000)).unwrap().to_string();
    text.truncate(text.len() - 1);
    write!(text, "{:03}Z", nanos.rem_euclid(1_000)).unwrap();
    text
}

/// The list that the service pages, and one question about it.
struct Walk<'a> {
    app: &'a TestApp,
    caller: &'a Caller,
    sort: &'a Sort,
    filter: &'a Filter,
    list: Vec<&'a imports::Model>,
}

/// A page by its place in the list.
#[derive(Clone, Copy, Debug)]
struct Expected {
    start: usize,
    end: usize,
    count: usize,
}

impl<'a> Walk<'a> {
    fn new(
        app: &'a TestApp,
        caller: &'a Caller,
        rows: impl IntoIterator<Item = &'a imports::Model>,
        sort: &'a Sort,
        filter: &'a Filter,
    ) -> Self {
        let mut list: Vec<_> = rows.into_iter().filter(|row| filter.admits(row)).collect();
        list.sort_by(|left, right| sort.compare(left, right));
        Self {
            app,
            caller,
            sort,
            filter,
            list,
        }
    }

    /// Asks for a page, and holds all of it against the list.
    async fn check(&self, mut paging: Json, expected: Expected) {
        paging["filter"] = self.filter.argument();
        let data = self.app.data(&self.caller.key, DOCUMENT, paging.clone()).await;
        let rows = &self.list[expected.start..expected.end];
        let edges: Vec<_> = rows
            .iter()
            .map(|row| json!({"cursor": self.sort.cursor(row), "node": {"databaseId": row.id.to_string()}}))
            .collect();
        let nodes: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({
                    "databaseId": row.id.to_string(),
                    "createdAt": row.created_at.to_string(),
                    "updatedAt": row.updated_at.to_string(),
                    "status": row.status.name().to_uppercase(),
                })
            })
            .collect();
        let page_info = json!({
            "hasPreviousPage": expected.start > 0,
            "hasNextPage": expected.end < self.list.len(),
            "startCursor": edges.first().map(|edge| &edge["cursor"]),
            "endCursor": edges.last().map(|edge| &edge["cursor"]),
        });
        let page = json!({
            "edges": edges,
            "nodes": nodes,
            "pageInfo": page_info,
            "estimatedRemainingCount": expected.count.min(CAP),
        });
        assert!(
            data["imports"] == page,
            "{paging}\nof {:?}\nexpected {expected:?} {page:#}\nfound {:#}",
            self.sort,
            data["imports"]
        );
    }

    /// Pages through the list from its start, or its end, or from a position; `most` pages at the most.
    async fn walk(&self, backward: bool, size: usize, from: Option<&imports::Model>, most: usize) {
        let length = self.list.len();
        let [size_argument, bound_argument] = if backward {
            ["last", "before"]
        } else {
            ["first", "after"]
        };
        let mut place = match from {
            None if backward => length,
            None => 0,
            Some(row) => self.place(row, !backward),
        };
        let mut cursor = from.map(|row| self.sort.cursor(row));
        for page in 0..most {
            let mut paging = json!({size_argument: size, bound_argument: cursor});
            // A cursor carries its sort: every other page leaves it out.
            if cursor.is_none() || page % 2 == 0 {
                paging["sort"] = self.sort.argument();
            }
            let expected = if backward {
                Expected {
                    start: place.saturating_sub(size),
                    end: place,
                    count: place,
                }
            } else {
                Expected {
                    start: place,
                    end: length.min(place + size),
                    count: length - place,
                }
            };
            self.check(paging, expected).await;
            place = if backward { expected.start } else { expected.end };
            if place == if backward { 0 } else { length } {
                return;
            }
            cursor = Some(
                self.sort
                    .cursor(self.list[if backward { place } else { place - 1 }]),
            );
        }
    }

    /// How many rows of the list lie before a position; that row too, where it is `included`.
    fn place(&self, row: &imports::Model, included: bool) -> usize {
        self.list.partition_point(|other| {
            let ordering = self.sort.compare(other, row);
            ordering.is_lt() || included && ordering.is_eq()
        })
    }

    /// Asks for the rows between two positions.
    async fn window(
        &self,
        backward: bool,
        size: usize,
        after: Option<&imports::Model>,
        before: Option<&imports::Model>,
    ) {
        let low = after.map_or(0, |row| self.place(row, true));
        let high = before.map_or(self.list.len(), |row| self.place(row, false));
        let crossed = matches!((after, before), (Some(after), Some(before)) if self.sort.compare(after, before).is_ge());
        let expected = match (crossed, backward) {
            (true, _) => Expected {
                start: low,
                end: low,
                count: 0,
            },
            (false, false) => Expected {
                start: low,
                end: high.min(low + size),
                count: high - low,
            },
            (false, true) => Expected {
                start: low.max(high.saturating_sub(size)),
                end: high,
                count: high - low,
            },
        };
        let cursor = |row: Option<&imports::Model>| row.map(|row| self.sort.cursor(row));
        let paging = json!({
            if backward { "last" } else { "first" }: size,
            "after": cursor(after),
            "before": cursor(before),
            "sort": self.sort.argument(),
        });
        self.check(paging, expected).await;
    }
}

/// Two accounts with the same ids, the second between the first's rows in every order.
async fn filled(database: Database, chance: &mut Chance) -> (TestApp, Caller, Vec<imports::Model>) {
    let app = TestApp::on(database, &[]).await;
    let caller = app.account("Acme").await;
    let other = app.account("Bolt").await;
    let rows = many(caller.id, chance);
    app.fill(&rows).await;
    app.fill(&many(other.id, chance)).await;
    (app, caller, rows)
}

async fn walking_gives_the_list(database: Database) {
    let mut chance = Chance::new(1);
    let (app, caller, rows) = filled(database, &mut chance).await;
    let busy = rows.iter().filter(|row| row.created_at.micros() == BUSY).count();
    assert!(busy >= 500, "{busy}");
    // The whole list in each order of one key, both ways, and pages of one row in the midst of the ties.
    for field in Field::ALL {
        for descends in [false, true] {
            let (sort, filter) = (Sort(vec![(field, descends)]), Filter::default());
            let walk = Walk::new(&app, &caller, &rows, &sort, &filter);
            assert_eq!(walk.list.len(), 10_000);
            walk.walk(descends, 100, None, usize::MAX).await;
            walk.walk(!descends, 1, Some(&rows[5_250]), 20).await;
            walk.walk(descends, 7, Some(&rows[5_001]), 20).await;
        }
    }
    for _ in 0..40 {
        let (sort, filter) = (Sort::any(&mut chance), Filter::any(&mut chance, &rows));
        let walk = Walk::new(&app, &caller, &rows, &sort, &filter);
        // All of a short list; of a long one a stretch in its midst.
        let size = 1 + chance.below(100);
        let from = (walk.list.len() > size * 30).then(|| chance.pick(&rows));
        walk.walk(chance.one_in(2), size, from, 31).await;
    }
    for _ in 0..40 {
        let (sort, filter) = (Sort::any(&mut chance), Filter::any(&mut chance, &rows));
        let walk = Walk::new(&app, &caller, &rows, &sort, &filter);
        for _ in 0..7 {
            let mut bound = || {
                let place = match chance.below(4) {
                    0 => return None,
                    // Often near each other, so that few rows lie between, or none, or they cross.
                    1 => 5_000 + chance.below(40),
                    _ => chance.below(10_000),
                };
                Some(&rows[place])
            };
            let (after, before) = (bound(), bound());
            let any = chance.below(101);
            let size = *chance.pick(&[0, 1, 2, 50, 100, any]);
            walk.window(chance.one_in(2), size, after, before).await;
        }
    }
}

#[tokio::test]
async fn walking_the_pages_gives_the_sorted_filtered_list_on_sqlite() {
    walking_gives_the_list(databases::sqlite()).await;
}

#[tokio::test]
async fn walking_the_pages_gives_the_sorted_filtered_list_on_postgresql() {
    walking_gives_the_list(databases::postgres().await).await;
}

/// A list that changes under the reader: what lies before the cursor, and the cursor's own row.
#[tokio::test]
async fn what_changes_before_the_cursor_changes_nothing_after_it() {
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        let mut chance = Chance::new(2);
        for sort in [
            Sort(vec![]),
            Sort(vec![(Field::CreatedAt, false)]),
            Sort(vec![(Field::UpdatedAt, true), (Field::CreatedAt, false)]),
        ] {
            let text = "DELETE FROM imports";
            execute(&app.store, text, Vec::new()).await.unwrap();
            let mut rows = many(caller.id, &mut chance);
            rows.sort_by(|left, right| sort.compare(left, right));
            // Every third row is there; the others come later.
            let (mut there, mut later): (Vec<_>, Vec<_>) = rows
                .into_iter()
                .partition(|row| row.id % 3 == 0 && row.id > 9_000);
            later.retain(|row| row.id > 9_000);
            app.fill(&there).await;
            let mut cursor = there[20].clone();
            for _ in 0..25 {
                let is_before = |row: &imports::Model| sort.compare(row, &cursor).is_le();
                let after: Vec<_> = there.iter().filter(|row| !is_before(row)).cloned().collect();
                // Some rows come before the cursor, some go; sometimes the cursor's own.
                let coming: Vec<_> = later
                    .extract_if(.., |row| is_before(row) && chance.one_in(4))
                    .collect();
                app.fill(&coming).await;
                let going: Vec<_> = there
                    .extract_if(.., |row| is_before(row) && chance.one_in(3))
                    .collect();
                for row in &going {
                    let text = "DELETE FROM imports WHERE account_id = $1 AND id = $2";
                    let values = vec![row.account_id.into(), row.id.into()];
                    assert_eq!(execute(&app.store, text, values).await, Ok(1));
                }
                there.extend(coming);
                // Whatever size and filter the next page is asked with.
                let filter = if chance.one_in(2) {
                    Filter::default()
                } else {
                    Filter::any(&mut chance, &after)
                };
                let size = 1 + chance.below(9);
                let now = Walk::new(&app, &caller, &there, &sort, &filter);
                let unchanged = after.iter().filter(|row| filter.admits(row)).map(|row| row.id);
                let place = now.place(&cursor, true);
                assert!(now.list[place..].iter().map(|row| row.id).eq(unchanged));
                now.walk(false, size, Some(&cursor), 1).await;
                cursor = after[size.min(after.len() - 1)].clone();
            }
        }
    }
}
