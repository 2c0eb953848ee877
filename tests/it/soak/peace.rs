//! Whether anything is broken on purpose right now, and so which answers may be refusals; and when all of it is over.
//!
//! Takes the injector's word, gives every client's judgement. Deliberately absent: a guess; an answer that came while
//! nothing was broken must be a good one, one that met a fault may be one of the documented refusals.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::gauntlet;
use crate::server::{Answer, Ask, Client};

/// Between two requests of one client, so that the machine is not busy with nothing else.
const PAUSE: Duration = Duration::from_millis(30);

/// The state of a soak, which all its clients share.
pub(super) struct Peace {
    end: Instant,
    is_over: AtomicBool,
    /// Odd while something is broken; each fault makes it two more.
    broken: AtomicU64,
}

impl Peace {
    /// Nothing broken, until an instant.
    pub(super) fn until(end: Instant) -> Self {
        Self {
            end,
            is_over: AtomicBool::new(false),
            broken: AtomicU64::new(0),
        }
    }

    /// Whether everybody is to stop.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire) || Instant::now() >= self.end
    }

    /// How much of the soak is left.
    pub(super) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Runs one part of the soak; where it panics, the others stop too, so that the finding is told at once.
    pub(super) fn keep<T>(&self, part: impl FnOnce() -> T) -> T {
        catch_unwind(AssertUnwindSafe(part)).unwrap_or_else(|panic| {
            self.is_over.store(true, Ordering::Release);
            resume_unwind(panic)
        })
    }

    /// Marks that something is broken from now on, or that all is well again.
    pub(super) fn turn(&self) {
        self.broken.fetch_add(1, Ordering::AcqRel);
    }

    /// What is to be compared with [`Peace::was_broken_since`].
    pub(super) fn mark(&self) -> u64 {
        self.broken.load(Ordering::Acquire)
    }

    /// Whether anything was broken at any moment since a mark.
    pub(super) fn was_broken_since(&self, mark: u64) -> bool {
        mark % 2 == 1 || self.mark() != mark
    }

    /// Whether anything is broken now.
    pub(super) fn is_broken(&self) -> bool {
        self.mark() % 2 == 1
    }

    /// Waits as a client does between requests, or until the end.
    pub(super) fn pause(&self) {
        thread::sleep(PAUSE);
    }

    /// Waits, but not beyond the end; whether there is time left.
    pub(super) fn wait(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        while Instant::now() < until && !self.is_over() {
            thread::sleep(Duration::from_millis(50).min(time));
        }
        !self.is_over()
    }

    /// The answer to one request, and whether it may be a refusal, as it met a fault.
    ///
    /// A connection that the service had closed meanwhile, as it does with idle ones, is replaced once.
    pub(super) fn ask(&self, client: &mut Client, ask: &Ask) -> (Answer, bool) {
        let mark = self.mark();
        let answer = client.try_ask(ask).or_else(|| client.try_ask(ask));
        let answer = answer.unwrap_or_else(|| panic!("twice no answer to {ask:?}"));
        (answer, self.was_broken_since(mark))
    }

    /// The good answer to a sound request, asked for again as long as a fault has it refused; none once all is over.
    pub(super) fn insist(&self, client: &mut Client, ask: &Ask) -> Option<Value> {
        loop {
            let (answer, may_refuse) = self.ask(client, ask);
            self.pause();
            if answer.status == 200 && answer.code().is_empty() {
                gauntlet::add("sound requests answered well", 1);
                return Some(answer.json());
            }
            let when = if may_refuse {
                "not as documented, amid a fault"
            } else {
                "while nothing was broken"
            };
            assert!(
                may_refuse && is_refusal(&answer),
                "refused {when}: {} {}\n{ask:?}",
                answer.status,
                answer.text()
            );
            gauntlet::add("sound requests refused amid a fault", 1);
            if self.is_over() {
                return None;
            }
        }
    }
}

/// Whether an answer is one of those that a lost or busy database has documented, in GraphQL or REST.
pub(super) fn is_refusal(answer: &Answer) -> bool {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = body["errors"][0]["extensions"]["code"].as_str();
    match answer.status {
        503 => {
            answer.header("retry-after").is_some()
                && (matches!(code, Some("SERVICE_UNAVAILABLE" | "OVERLOADED")) || body["status"] == 503)
        }
        504 => code == Some("TIMEOUT") || body["status"] == 504,
        _ => false,
    }
}
