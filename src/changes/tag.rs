//! The entity tag of an answer: whether what an account's imports are would give the same one again.
//!
//! Takes what was asked; gives a [`Tag`] of it, of the account's changes as a snapshot saw them, of the API's form and of the
//! database. Read *before* the answer, it never claims to be newer than that: an answer that is read later may show more than its
//! tag says, which costs a needless answer, and never hides a change.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::DbBackend;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::store::changes::{self, Point};
use crate::store::query::table::Table;
use crate::store::{Store, StoreError};

/// How long no tag is given after the database refused to say what is seen.
const PAUSE: Duration = Duration::from_secs(10);
const DIGEST: usize = 15;
const ANCHOR: usize = 24;

/// What an answer was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    digest: [u8; DIGEST],
    /// Of an account without notes: a note that must still be there for the tag to say anything.
    anchor: Option<Point>,
}

impl Tag {
    /// Its text: letters, digits, `-` and `_`.
    #[must_use]
    pub fn encode(self) -> String {
        let mut bytes = self.digest.to_vec();
        if let Some(anchor) = self.anchor {
            bytes.extend(anchor.transaction.to_be_bytes());
            bytes.extend(anchor.sequence.to_be_bytes());
            bytes.extend(anchor.noted_at.to_be_bytes());
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The tag of a text; `None` for what [`encode`](Self::encode) does not give.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > (DIGEST + ANCHOR).div_ceil(3) * 4 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&digest, anchor) = bytes.split_first_chunk::<DIGEST>()?;
        let anchor = match anchor.as_chunks::<8>() {
            ([], []) => None,
            (&[transaction, sequence, noted_at], []) => Some(Point {
                transaction: u64::from_be_bytes(transaction),
                sequence: i64::from_be_bytes(sequence),
                noted_at: i64::from_be_bytes(noted_at),
            }),
            _ => return None,
        };
        Some(Self { digest, anchor })
    }
}

/// What was found out about a request before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The tag of the answer.
    pub tag: Tag,
    /// Whether it is one of those that the client has: then it is that very tag.
    pub is_known: bool,
}

/// What gives tags.
#[derive(Debug)]
pub struct Tags {
    form: [u8; 32],
    /// A file has no name of its own, and may come back older than it was: its tags are those of one process.
    process: u64,
    paused_at: Mutex<Option<Instant>>,
}

impl Tags {
    /// Tags of an API whose answers have the form that these texts describe.
    #[must_use]
    pub fn new(form: &[&str]) -> Self {
        Self {
            form: digest(form.iter().map(|text| text.as_bytes())),
            process: rand::random(),
            paused_at: Mutex::default(),
        }
    }

    /// The tag of the answer to a request of an account, and whether the client has it; `None` where there is none: on a
    /// standby, under row security, without the triggers, for a while after the database refused the question.
    ///
    /// `request` is all else that decides the answer, `listed` what the client has. One statement; a second one where it has
    /// several of an account without notes.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where the database gives nothing else either.
    pub async fn look<T: Table>(
        &self,
        store: &Store,
        account_id: i64,
        request: &[&[u8]],
        listed: &[Tag],
    ) -> Result<Option<Look>, StoreError> {
        if self.is_paused() {
            return Ok(None);
        }
        let mut anchor = listed.iter().find_map(|tag| tag.anchor);
        loop {
            let seen = match changes::seen::<T>(store, account_id, anchor).await {
                Ok(Some(seen)) => seen,
                Ok(None) => return Ok(None),
                Err(error @ (StoreError::Unavailable { .. } | StoreError::Busy)) => return Err(error),
                Err(error) => {
                    tracing::debug!(reason = %error.reason(), "no entity tags are given for a while");
                    *self.paused() = Some(Instant::now());
                    return Ok(None);
                }
            };
            let (account, history) = (account_id.to_be_bytes(), seen.history.to_be_bytes());
            let process = match store.backend() {
                DbBackend::Sqlite => self.process.to_be_bytes(),
                _ => [0; 8],
            };
            let about: [&[u8]; 5] = [&self.form, &account, &history, &process, seen.state.as_bytes()];
            let whole = digest(about.into_iter().chain(request.iter().copied()));
            let digest = *whole.first_chunk().unwrap_or(&[0; DIGEST]);
            let tag = Tag {
                digest,
                anchor: seen.anchor,
            };
            // Of an account without notes the client's anchor is an older one.
            let is_alike = |one: &&Tag| one.digest == digest && one.anchor.is_some() == tag.anchor.is_some();
            let known = listed.iter().find(is_alike);
            return Ok(Some(match known {
                Some(known) if known.anchor.is_none() || known.anchor == anchor && seen.is_known => Look {
                    tag: *known,
                    is_known: true,
                },
                Some(known) if known.anchor != anchor => {
                    anchor = known.anchor;
                    continue;
                }
                _ => Look { tag, is_known: false },
            }));
        }
    }

    fn is_paused(&self) -> bool {
        self.paused().is_some_and(|at| at.elapsed() < PAUSE)
    }

    fn paused(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.paused_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The digest of texts, each told from its neighbours.
fn digest<'a>(texts: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_comes_back_and_nothing_else_is_one() {
        let digest = [7; DIGEST];
        let anchor = Point {
            transaction: u64::MAX,
            sequence: -1,
            noted_at: 1_790_000_000_000_000,
        };
        for anchor in [None, Some(anchor)] {
            let tag = Tag { digest, anchor };
            let text = tag.encode();
            assert_eq!(Tag::decode(&text), Some(tag));
            for damaged in [&text[1..], &format!("{text}A"), &format!("{text}AAAA")] {
                assert_eq!(Tag::decode(damaged), None, "{damaged}");
            }
        }
        for text in ["", "*", "x", "é", &"A".repeat(1000)] {
            assert_eq!(Tag::decode(text), None, "{text}");
        }
    }

    #[test]
    fn texts_are_told_from_their_neighbours() {
        let of = |texts: &[&str]| digest(texts.iter().map(|text| text.as_bytes()));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a"]), of(&["a", ""]));
    }
}
