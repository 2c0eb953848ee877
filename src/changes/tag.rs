//! The entity tag of an answer: whether what an account's imports are would give the same one again.
//!
//! Takes what was asked; gives a [`Tag`] of it, of the account's changes as a snapshot saw them, of the API's form and of the
//! database. Read *before* the answer, it never claims to be newer than that: an answer that is read later may show more than its
//! tag says, which costs a needless answer, and never hides a change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::DbBackend;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::store::changes::{self, Ground, Point, Seen};
use crate::store::query::table::Table;
use crate::store::{Store, StoreError};

/// How long no tag is given after the database refused to say what is seen.
const PAUSE: Duration = Duration::from_secs(10);
/// How long what tags are true in is known for. Only a change of the schema in that time goes unseen.
const GROUND_KEPT: Duration = Duration::from_secs(1);
/// How often it is read for one request: it says nothing of a connection that was made later.
const GROUND_TRIES: usize = 3;
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
    kept: Mutex<Kept>,
    /// Whether somebody wrote when it was looked last.
    is_written: AtomicBool,
}

/// What need not be asked again.
#[derive(Debug, Default)]
struct Kept {
    ground: Option<KeptGround>,
    paused_at: Option<Instant>,
}

#[derive(Clone, Debug)]
struct KeptGround {
    ground: Option<Arc<Ground>>,
    read_at: Instant,
    /// How many connections had been made by then: a crash ends them all, so each that is older has seen none since.
    connections: u64,
}

impl Tags {
    /// Tags of an API whose answers have the form that these texts describe.
    #[must_use]
    pub fn new(form: &[&str]) -> Self {
        Self {
            form: digest(form.iter().map(|text| text.as_bytes())),
            process: rand::random(),
            kept: Mutex::default(),
            is_written: AtomicBool::new(false),
        }
    }

    /// The tag of the answer to a request of an account, and whether the client has it; `None` where there is none: on a
    /// standby, under row security, without the triggers, for a while after the database refused the question.
    ///
    /// `request` is all else that decides the answer, `listed` what the client has. One statement at rest, at most two while
    /// others write or where the account has no note; one more where what tags are true in was read a second ago.
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
        if self.kept().paused_at.is_some_and(|at| at.elapsed() < PAUSE) {
            return Ok(None);
        }
        match self.looked::<T>(store, account_id, request, listed).await {
            Err(error @ (StoreError::Unavailable { .. } | StoreError::Busy)) => Err(error),
            Err(error) => {
                tracing::debug!(reason = %error.reason(), "no entity tags are given for a while");
                self.kept().paused_at = Some(Instant::now());
                Ok(None)
            }
            looked => looked,
        }
    }

    async fn looked<T: Table>(
        &self,
        store: &Store,
        account_id: i64,
        request: &[&[u8]],
        listed: &[Tag],
    ) -> Result<Option<Look>, StoreError> {
        for _ in 0..GROUND_TRIES {
            let (ground, connections) = self.ground::<T>(store).await?;
            let Some(ground) = ground else { return Ok(None) };
            let look = self.on::<T>(&ground, store, account_id, request, listed).await?;
            if store.pool().begun == connections {
                return Ok(look);
            }
        }
        Ok(None)
    }

    /// What tags are true in, for connections of which no more than so many have been made.
    async fn ground<T: Table>(&self, store: &Store) -> Result<(Option<Arc<Ground>>, u64), StoreError> {
        let connections = store.pool().begun;
        let kept = self.kept().ground.clone();
        if let Some(kept) = kept
            && kept.connections == connections
            && kept.read_at.elapsed() < GROUND_KEPT
        {
            return Ok((kept.ground, connections));
        }
        let read_at = Instant::now();
        let ground = changes::ground::<T>(store).await?.map(Arc::new);
        self.kept().ground = Some(KeptGround {
            ground: ground.clone(),
            read_at,
            connections,
        });
        Ok((ground, connections))
    }

    /// The tag on this ground.
    async fn on<T: Table>(
        &self,
        ground: &Ground,
        store: &Store,
        account_id: i64,
        request: &[&[u8]],
        listed: &[Tag],
    ) -> Result<Option<Look>, StoreError> {
        let process = match store.backend() {
            DbBackend::Sqlite => self.process.to_be_bytes(),
            _ => [0; 8],
        };
        let digest_of = |seen: &Seen| {
            let account = account_id.to_be_bytes();
            let about: [&[u8]; 5] = [
                &self.form,
                &account,
                &process,
                ground.as_bytes(),
                seen.state.as_bytes(),
            ];
            let whole = digest(about.into_iter().chain(request.iter().copied()));
            *whole.first_chunk().unwrap_or(&[0; DIGEST])
        };
        let mut anchor = listed.iter().find_map(|tag| tag.anchor);
        let mut at_rest = None;
        if !self.is_written.load(Ordering::Relaxed) {
            at_rest = changes::seen_at_rest::<T>(store, account_id).await?;
        }
        loop {
            let seen = match at_rest.take() {
                Some(seen) => Some(seen),
                None => changes::seen::<T>(store, account_id, anchor).await?,
            };
            let Some(seen) = seen else { return Ok(None) };
            self.is_written.store(seen.is_written, Ordering::Relaxed);
            let tag = Tag {
                digest: digest_of(&seen),
                anchor: seen.anchor,
            };
            // Of an account without notes the client's anchor is an older one.
            let is_alike =
                |one: &&Tag| one.digest == tag.digest && one.anchor.is_some() == tag.anchor.is_some();
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

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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
