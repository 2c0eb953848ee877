//! The judgement of a walk.
//!
//! Takes a walk and everything written meanwhile, gives each place where the walk breaks a rule; none where some order of
//! the events explains every answer. Pure. The service's own comparisons are not used: sorts and filters are those of
//! the laws' oracle.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use entity::imports;

use super::history::{Moment, Page, Walk, Writes};
use super::rules::PageRules;
use super::violation::{Rule, Violation};

/// Each place where a walk breaks a rule.
pub(crate) fn judge(walk: &Walk, writes: &Writes) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut from = None;
    for (place, page) in walk.pages.iter().enumerate() {
        PageRules::new(walk, writes, page, place + 1, from).check(&mut found);
        from = end(walk, page).or(from);
    }
    repeated(walk, &mut found);
    cursor_texts(walk, &mut found);
    lost(walk, writes, from, &mut found);
    found
}

/// How two rows follow each other in the direction of a walk.
pub(super) fn compare(walk: &Walk, left: &imports::Model, right: &imports::Model) -> Ordering {
    let ordering = walk.sort.compare(left, right);
    if walk.backward {
        ordering.reverse()
    } else {
        ordering
    }
}

/// The row from which the next page is asked for.
pub(super) fn end<'a>(walk: &Walk, page: &'a Page) -> Option<&'a imports::Model> {
    let end = if walk.backward {
        page.rows.first()
    } else {
        page.rows.last()
    };
    end.map(|(row, _)| row)
}

/// The rows of a walk with their cursors and the numbers of their pages.
fn shown(walk: &Walk) -> impl Iterator<Item = (&imports::Model, &str, usize)> {
    let pages = walk.pages.iter().enumerate();
    pages.flat_map(|(place, page)| {
        page.rows
            .iter()
            .map(move |(row, cursor)| (row, cursor.as_str(), place + 1))
    })
}

/// A row whose sort keys changed in between may be shown again; at the same place in the order it may not.
fn repeated(walk: &Walk, found: &mut Vec<Violation>) {
    let mut seen: BTreeMap<i64, Vec<(&imports::Model, usize)>> = BTreeMap::new();
    for (row, _, page) in shown(walk) {
        let before = seen.entry(row.id).or_default();
        if let Some((_, first)) = before
            .iter()
            .find(|(other, _)| walk.sort.compare(other, row).is_eq())
        {
            let text = format!("import {} was on page {first} already", row.id);
            found.push(Violation {
                rule: Rule::Repeated,
                page,
                text,
            });
        }
        before.push((row, page));
    }
}

/// A cursor is one text for each place in the order, the same every time.
fn cursor_texts(walk: &Walk, found: &mut Vec<Violation>) {
    let mut places: BTreeMap<&str, &imports::Model> = BTreeMap::new();
    let mut texts: BTreeMap<i64, (&imports::Model, &str)> = BTreeMap::new();
    for (row, cursor, page) in shown(walk) {
        let place = places.entry(cursor).or_insert(row);
        let (other, text) = texts.entry(row.id).or_insert((row, cursor));
        let is_same_place = walk.sort.compare(other, row).is_eq();
        if !walk.sort.compare(place, row).is_eq() || is_same_place && *text != cursor {
            let text = format!("import {} has the cursor {cursor}, which is not its own", row.id);
            found.push(Violation {
                rule: Rule::CursorText,
                page,
                text,
            });
        }
        (*other, *text) = (row, cursor);
    }
}

/// Every row that stood throughout a whole walk is on one of its pages; throughout a walk that was broken off, every such
/// row up to where it was broken off.
fn lost(walk: &Walk, writes: &Writes, end: Option<&imports::Model>, found: &mut Vec<Violation>) {
    let (Some(first), Some(last)) = (walk.pages.first(), walk.pages.last()) else {
        return;
    };
    let (from, to): (Moment, Moment) = (first.invoked, last.returned);
    let is_whole = !last.goes_on(walk.backward);
    let shown: BTreeSet<i64> = shown(walk).map(|(row, _, _)| row.id).collect();
    for key in writes.keys(walk.account_id) {
        let Some(row) = writes.stood(key, from, to) else {
            continue;
        };
        let is_reached = is_whole || end.is_some_and(|end| compare(walk, row, end).is_le());
        if is_reached && walk.filter.admits(row) && !shown.contains(&row.id) {
            let text = format!("import {} stood throughout and is on no page", row.id);
            found.push(Violation {
                rule: Rule::Lost,
                page: walk.pages.len(),
                text,
            });
        }
    }
}
