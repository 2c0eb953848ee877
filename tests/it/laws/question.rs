//! Questions as clients write them, and what each admits and how it sorts, by comparisons of our own.
//!
//! Takes random numbers, gives arguments and the judgement of single rows. Deliberately absent: pages.

use std::cmp::Ordering;
use std::fmt::Write as _;

use entity::{ImportStatus, Instant, imports};
use imports_gateway::resources::imports::Column;
use imports_gateway::resources::sort;
use keyset::{Direction, Key};
use serde_json::{Value as Json, json};

use crate::rng::Rng;

/// What imports are sorted by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Field {
    Id,
    CreatedAt,
    UpdatedAt,
}

impl Field {
    pub(crate) const ALL: [Self; 3] = [Self::Id, Self::CreatedAt, Self::UpdatedAt];

    pub(crate) fn of(self, import: &imports::Model) -> i64 {
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
pub(crate) struct Sort(pub(crate) Vec<(Field, bool)>);

impl Sort {
    pub(crate) fn any(rng: &mut Rng) -> Self {
        let mut fields = Field::ALL.to_vec();
        let mut keys = Vec::new();
        for _ in 0..rng.below(4) {
            let place = rng.below(fields.len());
            keys.push((fields.remove(place), rng.one_in(2)));
        }
        Self(keys)
    }

    pub(crate) fn argument(&self) -> Json {
        let direction = |descends| if descends { "DESC" } else { "ASC" };
        self.0
            .iter()
            .map(|(field, descends)| json!({field.name(): direction(*descends)}))
            .collect()
    }

    /// How two rows of one account, or two versions of one row, stand to each other. Keys behind the id decide nothing, as
    /// no two rows share one: whatever became of them, a row stays at its place.
    pub(crate) fn compare(&self, left: &imports::Model, right: &imports::Model) -> Ordering {
        let descends = self.0.last().is_none_or(|(_, descends)| *descends);
        let tie_break = (Field::Id, descends);
        for (field, descends) in self.0.iter().chain([&tie_break]) {
            let ordering = field.of(left).cmp(&field.of(right));
            if ordering.is_ne() {
                return if *descends { ordering.reverse() } else { ordering };
            }
            if *field == Field::Id {
                break;
            }
        }
        Ordering::Equal
    }

    /// The text that an edge of this import must have.
    pub(crate) fn cursor(&self, import: &imports::Model) -> String {
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
pub(crate) struct Filter {
    statuses: Option<Vec<ImportStatus>>,
    bounds: Vec<(Field, Bound)>,
    /// Whether the list is of what is left out, and the list.
    types: Option<(bool, Vec<String>)>,
    /// Whether the names begin with the term, and the term, in any case.
    term: Option<(bool, String)>,
    is_completed: Option<bool>,
    /// Of the end of an import.
    ended: Option<Bound>,
    /// Whether the statuses are those left out.
    is_excluded: bool,
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
    pub(crate) fn any(rng: &mut Rng, rows: &[imports::Model]) -> Self {
        let moment = |rng: &mut Rng, field: Field| {
            let near = field.of(rng.pick(rows));
            let nanos = rng.pick(&[0, 0, 1, 500, 999]);
            (near + rng.below(3) as i64 - 1) * 1_000 + nanos
        };
        let mut filter = Self::default();
        if !rng.one_in(3) {
            let count = 1 + rng.below(5);
            let status = |_| *rng.pick(&ImportStatus::ALL);
            filter.statuses = Some((0..count).map(status).collect());
        }
        for field in [Field::CreatedAt, Field::UpdatedAt] {
            let bound = match rng.below(10) {
                0 => Bound::Lt(moment(rng, field)),
                1 => Bound::Lte(moment(rng, field)),
                2 => Bound::Gt(moment(rng, field)),
                3 => Bound::Gte(moment(rng, field)),
                4 => Bound::Between(moment(rng, field), moment(rng, field)),
                _ => continue,
            };
            filter.bounds.push((field, bound));
        }
        filter.is_excluded = rng.one_in(3);
        filter.others(rng, rows);
        filter
    }

    /// Filters that no index serves in the order of a list, on one list in two.
    fn others(&mut self, rng: &mut Rng, rows: &[imports::Model]) {
        if rng.one_in(2) {
            return;
        }
        if rng.one_in(3) {
            let types: Vec<_> = (0..1 + rng.below(2))
                .map(|_| rng.pick(rows).kind.clone())
                .collect();
            self.types = Some((rng.one_in(2), types));
        }
        if rng.one_in(2) {
            let name: Vec<_> = rng.pick(rows).file_name.chars().collect();
            let starts = rng.one_in(3);
            let from = if starts { 0 } else { rng.below(name.len()) };
            let length = 1 + rng.below(name.len() - from);
            let term: String = name[from..from + length].iter().collect();
            let term = if rng.one_in(2) { term.to_uppercase() } else { term };
            self.term = Some((starts, term));
        }
        match rng.below(4) {
            0 => self.is_completed = Some(rng.one_in(2)),
            1 => {
                let near = rng.pick(rows).created_at.micros() * 1_000;
                self.ended = Some(if rng.one_in(2) {
                    Bound::Gte(near)
                } else {
                    Bound::Lt(near)
                });
            }
            _ => {}
        }
    }

    pub(crate) fn admits(&self, import: &imports::Model) -> bool {
        let has_status = self
            .statuses
            .as_ref()
            .is_none_or(|statuses| statuses.contains(&import.status) != self.is_excluded);
        let has_type = self
            .types
            .as_ref()
            .is_none_or(|(is_excluded, types)| types.contains(&import.kind) != *is_excluded);
        // The names of these rows have letters of one simple and one full folding alone.
        let name = import.file_name.to_lowercase();
        let has_name = self.term.as_ref().is_none_or(|(starts, term)| {
            let term = term.to_lowercase();
            if *starts {
                name.starts_with(&term)
            } else {
                name.contains(&term)
            }
        });
        let is_completed = self
            .is_completed
            .is_none_or(|asked| import.completed_at.is_some() == asked);
        let has_ended = self.ended.is_none_or(|bound| {
            let ended = import.completed_at.map(|ended| ended.micros() * 1_000);
            ended.is_some_and(|ended| match bound {
                Bound::Gte(start) => ended >= start,
                Bound::Lt(end) => ended < end,
                other => unreachable!("{other:?} is not asked of the end"),
            })
        });
        has_status
            && has_type
            && has_name
            && is_completed
            && has_ended
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

    pub(crate) fn argument(&self) -> Json {
        let mut argument = json!({});
        if let Some(statuses) = &self.statuses {
            let names: Vec<_> = statuses
                .iter()
                .map(|status| status.name().to_uppercase())
                .collect();
            argument["status"] = match self.is_excluded {
                false => json!({ "include": names }),
                true => json!({ "exclude": names }),
            };
        }
        if let Some((is_excluded, types)) = &self.types {
            argument["type"] = match is_excluded {
                false => json!({ "include": types }),
                true => json!({ "exclude": types }),
            };
        }
        if let Some((starts, term)) = &self.term {
            argument["fileName"] = match starts {
                false => json!({ "contains": term }),
                true => json!({ "startsWith": term }),
            };
        }
        if let Some(is_completed) = self.is_completed {
            argument["isCompleted"] = json!(is_completed);
        }
        match self.ended {
            Some(Bound::Gte(start)) => argument["completedAt"] = json!({"gte": text(start)}),
            Some(Bound::Lt(end)) => argument["completedAt"] = json!({"lt": text(end)}),
            _ => {}
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

#[test]
fn a_row_stays_at_its_place_whatever_becomes_of_keys_behind_its_id() {
    let before = crate::app::row(1, 5);
    let after = imports::Model {
        created_at: crate::app::row(1, 6).created_at,
        ..before.clone()
    };
    assert_ne!(before.created_at, after.created_at);
    let sorts = [
        (
            vec![(Field::Id, true), (Field::CreatedAt, false)],
            Ordering::Equal,
        ),
        (vec![(Field::CreatedAt, false), (Field::Id, true)], Ordering::Less),
    ];
    for (keys, expected) in sorts {
        assert_eq!(Sort(keys.clone()).compare(&before, &after), expected, "{keys:?}");
    }
}
