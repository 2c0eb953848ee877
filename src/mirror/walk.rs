//! The three walks over an upstream's list, as pure steps: what to ask for next, and how far one is with a page.
//!
//! Two walk over all imports by id: the first fills the mirror, later ones find what is gone. The third asks for changes, by
//! the time of the change: since the newest that was seen, less an overlap for what becomes visible late. No step looks at a
//! clock of this machine; how long a walk has lasted so far comes with the page.

use std::time::Duration;

use entity::Instant;

use super::page::Page;
use crate::store::mirror::{Ends, Phase, Progress};

/// Records a page, the most that the API gives.
pub const PER_PAGE: usize = 100;

/// A walk over an upstream's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// All imports, for the first time.
    Backfill,
    /// What has changed.
    Poll,
    /// All imports, to find what is gone.
    Reconcile,
}

/// How far one is with a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The state to store with it.
    pub progress: Progress,
    /// Between which ids it has all that are there, where that is to be compared.
    pub whole: Option<(i64, i64)>,
    /// What ends with it.
    pub ends: Ends,
}

/// One run of a poll's pages without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// What the runs before have followed to, where it is not the first of its poll.
    pub before: Option<Instant>,
    /// How long it has lasted when the page at hand had come.
    pub elapsed: Duration,
}

impl Walk {
    /// Where it goes on; `None`: at its start.
    #[must_use]
    pub fn cursor(self, progress: &Progress) -> Option<&str> {
        match self {
            Self::Poll => progress.poll_cursor.as_deref(),
            Self::Backfill | Self::Reconcile => progress.walk_cursor.as_deref(),
        }
    }

    /// The parameters of its next page.
    #[must_use]
    pub fn query(self, progress: &Progress) -> String {
        let mut query = format!("per_page={PER_PAGE}");
        match self {
            Self::Backfill | Self::Reconcile => query += "&sort%5Bid%5D=asc",
            Self::Poll => {
                query += "&sort%5Bupdated_at%5D=asc";
                if let Some(since) = progress.poll_since {
                    // Filters are not part of a cursor. The offset is `Z`, so nothing needs to be escaped.
                    query += &format!("&filter%5Bupdated_at%5D%5Bgte%5D={since}");
                }
            }
        }
        if let Some(cursor) = self.cursor(progress) {
            query += "&start_cursor=";
            query += &escaped(cursor);
        }
        query
    }

    /// How far one is with a page of it.
    ///
    /// # Errors
    ///
    /// Why the page can't be one of this walk.
    pub fn step(self, progress: &Progress, page: &Page, segment: Segment) -> Result<Step, String> {
        let next = page.next_cursor.as_deref();
        if next.is_some() && next == self.cursor(progress) {
            return Err("`next_cursor` is the cursor of this same page".to_owned());
        }
        if next.is_some() && page.ids.is_empty() && page.has_all_ids {
            return Err("an empty page with a `next_cursor`".to_owned());
        }
        let newest = page.rows.iter().map(|row| row.updated_at).max();
        let mut after = Progress {
            newest_updated_at: progress.newest_updated_at.max(newest),
            ..progress.clone()
        };
        let (whole, ends) = match self {
            Self::Poll => (None, poll(progress, &mut after, page, segment)),
            Self::Backfill | Self::Reconcile => self.by_id(progress, &mut after, page)?,
        };
        Ok(Step {
            progress: after,
            whole,
            ends,
        })
    }

    fn by_id(
        self,
        progress: &Progress,
        after: &mut Progress,
        page: &Page,
    ) -> Result<(Option<(i64, i64)>, Ends), String> {
        let last_id = progress.walk_last_id;
        let is_ordered = page.ids.is_sorted_by(|one, next| one < next);
        if !is_ordered || page.ids.first().copied() < last_id && !page.ids.is_empty() {
            return Err("the page is not in the order of ids, or begins before the one before".to_owned());
        }
        let last = page.ids.last().copied().max(last_id);
        let is_last = page.next_cursor.is_none();
        after.walk_cursor.clone_from(&page.next_cursor);
        after.walk_last_id = last.filter(|_| !is_last);
        if self == Self::Backfill {
            if is_last {
                after.phase = Phase::Following;
                return Ok((None, Ends::Backfill));
            }
            return Ok((None, Ends::Nothing));
        }
        let from = last_id.map_or(i64::MIN, |id| id.saturating_add(1));
        let to = if is_last { Some(i64::MAX) } else { last };
        // Where the id of a record is unknown, nothing is known to be absent.
        let whole = to.filter(|_| page.has_all_ids).map(|to| (from, to));
        if is_last {
            after.phase = Phase::Following;
        }
        Ok((whole, if is_last { Ends::Reconcile } else { Ends::Nothing }))
    }
}

/// A poll's rows come by the time of their change, so up to the newest one of a page all were seen, but for those that
/// became visible behind the walk's back. The upstream's clock was there, or further, when the page was read; so it was there
/// less the time that has gone by since, when this run of the walk began. Everything older than that, less the overlap, had
/// become visible before any page of this run was read.
fn poll(progress: &Progress, after: &mut Progress, page: &Page, segment: Segment) -> Ends {
    let newest = page.rows.iter().map(|row| row.updated_at).max();
    let began = newest.map(|newest| earlier(newest, segment.elapsed));
    let reached = match (began, segment.before) {
        (Some(began), Some(before)) => Some(began.min(before)),
        (began, before) => began.or(before).or(progress.poll_followed_to),
    };
    match &page.next_cursor {
        Some(cursor) => {
            after.poll_cursor = Some(cursor.clone());
            after.poll_followed_to = reached;
            Ends::Nothing
        }
        None => {
            // A poll that found nothing takes nothing back.
            after.followed_to = progress.followed_to.max(reached.or(progress.poll_followed_to));
            after.poll_since = None;
            after.poll_cursor = None;
            after.poll_followed_to = None;
            Ends::Poll
        }
    }
}

/// The instant so long before another; the first there is where none is.
#[must_use]
pub fn earlier(instant: Instant, by: Duration) -> Instant {
    let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Instant::from_micros(instant.micros().saturating_sub(by)).unwrap_or(Instant::MIN)
}

/// A cursor as a part of a URL.
fn escaped(cursor: &str) -> String {
    let bytes = cursor.bytes();
    bytes
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use entity::{ImportStatus, imports};

    use super::*;

    const S: i64 = 1_000_000;

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(1_790_000_000 * S + seconds * S).unwrap()
    }

    fn start() -> Progress {
        Progress {
            phase: Phase::Following,
            walk: 3,
            walk_cursor: None,
            walk_last_id: None,
            followed_to: Some(at(0)),
            poll_since: None,
            poll_cursor: None,
            poll_followed_to: None,
            newest_updated_at: None,
        }
    }

    /// A page of rows: their ids and the seconds of their changes.
    fn page(rows: &[(i64, i64)], next: Option<&str>) -> Page {
        let row = |(id, seconds): &(i64, i64)| imports::Model {
            account_id: 1,
            id: *id,
            completed_at: None,
            file_name: String::new(),
            file_size: 0,
            note: None,
            kind: String::new(),
            status: ImportStatus::New,
            created_at: at(0),
            updated_at: at(*seconds),
        };
        Page {
            rows: rows.iter().map(row).collect(),
            rejects: Vec::new(),
            ids: rows.iter().map(|(id, _)| *id).collect(),
            has_all_ids: true,
            next_cursor: next.map(str::to_owned),
        }
    }

    fn segment(before: Option<i64>, elapsed: u64) -> Segment {
        Segment {
            before: before.map(at),
            elapsed: Duration::from_secs(elapsed),
        }
    }

    #[test]
    fn a_poll_asks_from_its_start_on_with_its_filter_on_every_page() {
        let mut progress = start();
        assert_eq!(
            Walk::Poll.query(&progress),
            "per_page=100&sort%5Bupdated_at%5D=asc"
        );
        (progress.poll_since, progress.poll_cursor) = (Some(at(0)), Some("a+b/é".to_owned()));
        assert_eq!(
            Walk::Poll.query(&progress),
            format!(
                "per_page=100&sort%5Bupdated_at%5D=asc&filter%5Bupdated_at%5D%5Bgte%5D={}&start_cursor=a%2Bb%2F%C3%A9",
                at(0)
            )
        );
        assert_eq!(Walk::Backfill.query(&progress), "per_page=100&sort%5Bid%5D=asc");
    }

    #[test]
    fn a_poll_has_followed_to_where_the_upstreams_clock_was_when_it_began() {
        let step =
            |progress: &Progress, page: &Page, segment| Walk::Poll.step(progress, page, segment).unwrap();
        // The last page came 40 s after the first was asked for: what became visible meanwhile may be 40 s old.
        let first = step(&start(), &page(&[(1, 60)], Some("a")), segment(None, 1));
        assert_eq!(first.progress.followed_to, Some(at(0)));
        let last = step(&first.progress, &page(&[(2, 100)], None), segment(None, 40));
        assert_eq!((last.progress.followed_to, last.ends), (Some(at(60)), Ends::Poll));
        assert_eq!(last.progress.newest_updated_at, Some(at(100)));
        // A run that another process went on with counts from where that one was.
        let last = step(&first.progress, &page(&[(2, 900)], None), segment(Some(59), 2));
        assert_eq!(last.progress.followed_to, Some(at(59)));
        // Nothing new, however slowly that came, takes nothing back; nor does an empty last page.
        let quiet = step(&start(), &page(&[(1, 0)], None), segment(None, 500));
        assert_eq!(quiet.progress.followed_to, Some(at(0)));
        let empty = step(&first.progress, &page(&[], None), segment(None, 2));
        assert_eq!(empty.progress.followed_to, Some(at(59)));
    }

    #[test]
    fn a_full_walk_knows_between_which_ids_a_page_is_whole() {
        let step = |progress: &Progress, page: &Page| Walk::Reconcile.step(progress, page, segment(None, 0));
        let mut progress = start();
        progress.phase = Phase::Reconciling;
        let first = step(&progress, &page(&[(5, 0), (9, 0)], Some("a"))).unwrap();
        assert_eq!((first.whole, first.ends), (Some((i64::MIN, 9)), Ends::Nothing));
        let next = step(&first.progress, &page(&[(20, 0)], Some("b"))).unwrap();
        assert_eq!(next.whole, Some((10, 20)));
        let last = step(&next.progress, &page(&[], None)).unwrap();
        assert_eq!((last.whole, last.ends), (Some((21, i64::MAX)), Ends::Reconcile));
        assert_eq!(
            (last.progress.phase, last.progress.walk_last_id),
            (Phase::Following, None)
        );
        // What is not known to be whole is not compared.
        let mut nameless = page(&[(30, 0)], Some("c"));
        nameless.has_all_ids = false;
        assert_eq!(step(&next.progress, &nameless).unwrap().whole, None);
    }

    #[test]
    fn a_page_that_cannot_be_the_next_is_refused() {
        let mut progress = start();
        (progress.walk_cursor, progress.walk_last_id) = (Some("a".to_owned()), Some(9));
        for (page, words) in [
            (page(&[(10, 0)], Some("a")), "this same page"),
            (page(&[], Some("b")), "empty page"),
            (page(&[(12, 0), (11, 0)], Some("b")), "order of ids"),
            (page(&[(8, 0), (10, 0)], None), "begins before"),
        ] {
            for walk in [Walk::Backfill, Walk::Reconcile] {
                let reason = walk.step(&progress, &page, segment(None, 0)).unwrap_err();
                assert!(reason.contains(words), "{reason}");
            }
        }
    }
}
