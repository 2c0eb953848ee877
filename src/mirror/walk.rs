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
