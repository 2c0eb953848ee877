//! What a process holds on to: memory, open files, threads; and that its log tells of nothing that it must not.
//!
//! Reads `/proc`, so Linux only. Three measurements: at the start, once everything has been warmed up, in the middle,
//! and at the end, after the clients have gone. Deliberately absent: a bound on the first, which the bench measures.

use std::fmt;
use std::fs;
use std::time::Duration;

use super::peace::Peace;
use crate::gauntlet;
use crate::server::{Client, Server};
use crate::waiting::eventually_blocking;

/// What the memory of its own may grow by from the start to the end: caches of statements and pages fill up.
/// **Unit**: bytes.
const GROWTH: u64 = 64 << 20;
/// And from the middle on, when most of that has been done: twice what large bodies make it swing by. **Unit**: bytes.
const LATE_GROWTH: u64 = 32 << 20;
/// In a soak of this length at least; in a shorter one caches are still filling up.
const LATE_FROM: Duration = Duration::from_secs(120);
/// Files and threads that may be more at the end than at the start: pools open and close what they need.
const MORE_FILES: u64 = 8;
const MORE_THREADS: u64 = 8;
/// And in a short soak, whose first measurement may come before the pools have opened anything: eight connections, each
/// to a SQLite file of three parts and with a thread of its own.
const FIRST_FILES: u64 = MORE_FILES + 8 * 3;
const FIRST_THREADS: u64 = MORE_THREADS + 8;
const EVERY: Duration = Duration::from_millis(500);

/// What a process holds at one moment.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    /// What is resident, files that are mapped and all. **Unit**: bytes.
    resident: u64,
    /// What is resident of its own: the heap and the stacks. **Unit**: bytes.
    memory: u64,
    files: u64,
    threads: u64,
}

impl fmt::Display for Held {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = self.memory >> 20;
        write!(
            text,
            "{mib} MiB of its own, {} files, {} threads",
            self.files, self.threads
        )
    }
}

impl Held {
    fn by(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let number = |name: &str| -> u64 {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .expect(name);
            line.trim().trim_end_matches(" kB").parse().unwrap()
        };
        Self {
            resident: number("VmRSS:") * 1024,
            memory: number("RssAnon:") * 1024,
            files: fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() as u64,
            threads: number("Threads:"),
        }
    }

    fn tell(self, when: &str) {
        gauntlet::peak(&format!("memory resident {when}, KiB"), self.resident >> 10);
        gauntlet::peak(&format!("memory of its own {when}, KiB"), self.memory >> 10);
        gauntlet::peak(&format!("open files {when}"), self.files);
        gauntlet::peak(&format!("threads {when}"), self.threads);
    }

    fn or_more(self, other: Self) -> Self {
        Self {
            resident: self.resident.max(other.resident),
            memory: self.memory.max(other.memory),
            files: self.files.max(other.files),
            threads: self.threads.max(other.threads),
        }
    }
}

/// What was held at the start, in the middle, and at the most.
pub(super) struct Gauges {
    start: Held,
    middle: Held,
    most: Held,
    /// What may be held at the end.
    most_at_the_end: Held,
}

impl Gauges {
    /// Measures until all is over; panics where the log tells of a panic, or tells a key.
    pub(super) fn while_it_lasts(peace: &Peace, server: &Server) -> Self {
        let length = peace.left();
        let mut start: Option<Held> = None;
        let mut middle: Option<Held> = None;
        let mut most = Held::by(server.pid());
        while peace.wait(EVERY) {
            let held = Held::by(server.pid());
            most = most.or_more(held);
            if peace.left() < length.mul_f64(0.9) {
                start.get_or_insert(held);
            }
            if peace.left() < length / 2 {
                middle.get_or_insert(held);
            }
            is_sound(server);
        }
        let (start, middle) = (start.unwrap_or(most), middle.unwrap_or(most));
        start.tell("at the start");
        middle.tell("in the middle");
        most.tell("at the most");
        Self {
            start,
            middle,
            most,
            most_at_the_end: bound(length, start, middle),
        }
    }

    /// Panics unless a process whose clients have gone holds about what it held at first, and runs nothing any more.
    pub(super) fn holds_on_to_nothing(&self, server: &Server, operating: &str) {
        let most = self.most_at_the_end;
        let held = eventually_blocking("a process that has settled", || {
            let held = Held::by(server.pid());
            let is_idle = ["imports_gateway_running", "imports_gateway_waiting"]
                .iter()
                .all(|name| gauge(operating, name) == 0);
            let is_small =
                held.memory <= most.memory && held.files <= most.files && held.threads <= most.threads;
            if is_idle && is_small {
                return Ok(held);
            }
            Err(format!(
                "the process holds {held}, and may hold {most}; runs nothing: {is_idle}\n\
                 at the start it held {}, in the middle {}, at the most {}",
                self.start, self.middle, self.most
            ))
        });
        held.tell("at the end");
        is_sound(server);
    }
}

/// What may be held at the end of a soak of a length, for what was held at its start and in its middle.
fn bound(length: Duration, start: Held, middle: Held) -> Held {
    let is_long = length >= LATE_FROM;
    let late = if is_long {
        middle.memory + LATE_GROWTH
    } else {
        u64::MAX
    };
    let (files, threads) = if is_long {
        (MORE_FILES, MORE_THREADS)
    } else {
        (FIRST_FILES, FIRST_THREADS)
    };
    Held {
        resident: u64::MAX,
        memory: (start.memory + GROWTH).min(late),
        files: start.files + files,
        threads: start.threads + threads,
    }
}

fn gauge(operating: &str, name: &str) -> u64 {
    let text = Client::new(operating, None).get("/metrics").text();
    let line = text.lines().find(|line| line.starts_with(name)).expect(name);
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Reads what the log has said since it was last read.
fn is_sound(server: &Server) {
    let log = server.written_log();
    assert!(!log.contains("panicked"), "{log}");
    for tenant in &server.tenants {
        let is_told = log.contains(&tenant.key) || log.contains(&tenant.account_token);
        assert!(!is_told, "a key in the log");
    }
}
