//! What a process holds on to: memory, open files, threads; and that its log tells of nothing that it must not.
//!
//! Reads `/proc`, so Linux only. Measured all along; judged are the end of the warm-up against the end under load, where
//! the soak is long enough to have a warm-up, and what is left after the clients have gone. Deliberately absent: a bound on
//! what a process takes when it starts, which the bench measures.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use super::peace::Peace;
use crate::gauntlet;
use crate::server::{Client, Server};
use crate::waiting::eventually_blocking;

/// When a process counts as warm: after a fifth of the soak, and after this at the least.
const WARM_AFTER: Duration = Duration::from_secs(60);
/// A shorter soak has no warm-up: its caches fill up to the end.
const WARM_UP_FROM: Duration = Duration::from_secs(180);
/// What the resident memory may grow by from the warm-up to the end. **Unit**: percent.
const GROWTH_PERCENT: u64 = 10;
/// Growth up to here is noise: one large body makes the memory swing by as much. **Unit**: bytes.
const GROWTH_NOISE: u64 = 16 << 20;
/// What the memory of its own may grow by from the start to the end, warm-up and all. **Unit**: bytes.
const GROWTH: u64 = 64 << 20;
/// Files and threads that may be more at the end than before: pools open and close what they need, on SQLite three files a
/// connection.
const MORE_FILES: u64 = 16;
const MORE_THREADS: u64 = 8;
/// And in a soak without a warm-up, whose first measurement may come before the pools have opened anything: eight
/// connections, each to a SQLite file of three parts and with a thread of its own.
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
            "{} MiB resident, {mib} MiB of its own, {} files, {} threads",
            self.resident >> 20,
            self.files,
            self.threads
        )
    }
}

impl Held {
    fn by(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        // Of a process that has ended only its exit status is left.
        assert!(status.contains("VmRSS:"), "the process has ended");
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

    fn is_within(self, most: Self) -> bool {
        self.resident <= most.resident
            && self.memory <= most.memory
            && self.files <= most.files
            && self.threads <= most.threads
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

/// What was held at the start, when warm, at the end under load, and at the most.
pub(super) struct Gauges {
    start: Held,
    /// At the end of the warm-up; none in a soak without one.
    warm: Option<Held>,
    end: Held,
    most: Held,
}

impl Gauges {
    /// Measures until all is over; panics where the process has ended, or the log tells of a panic, or tells a key.
    pub(super) fn while_it_lasts(peace: &Peace, server: &Server) -> Self {
        let (length, started) = (peace.left(), Instant::now());
        let mut samples: Vec<(Duration, Held)> = Vec::new();
        loop {
            samples.push((started.elapsed(), Held::by(server.pid())));
            is_sound(server);
            if !peace.wait(EVERY) {
                break;
            }
        }
        // Medians, as single moments swing.
        let between = |from: Duration, to: Duration| {
            let within = samples.iter().filter(|(at, _)| (from..to).contains(at));
            median(within.map(|(_, held)| *held).collect())
        };
        let (tenth, forever) = (length / 10, Duration::MAX);
        let warm_after = WARM_AFTER.max(length / 5);
        let most = samples
            .iter()
            .fold(Held::default(), |most, (_, held)| most.or_more(*held));
        let gauges = Self {
            start: between(tenth, tenth * 2).unwrap_or(most),
            warm: between(warm_after, warm_after + tenth).filter(|_| length >= WARM_UP_FROM),
            end: between(tenth * 9, forever).unwrap_or(most),
            most,
        };
        gauges.start.tell("at the start");
        if let Some(warm) = gauges.warm {
            warm.tell("at warm-up");
        }
        gauges.end.tell("at the end, under load");
        gauges.most.tell("at the most");
        gauges
    }

    /// Panics where a warm process has grown, or where one whose clients have gone still runs something, or holds more than
    /// it held at first.
    pub(super) fn holds_on_to_nothing(&self, server: &Server, operating: &str) {
        let most = self.most_at_the_end();
        if self.warm.is_some() {
            assert!(
                self.end.is_within(most),
                "under load the process grew: {self}; it may hold {most}"
            );
        }
        let held = eventually_blocking("a process that has settled", || {
            let held = Held::by(server.pid());
            let is_idle = ["imports_gateway_running", "imports_gateway_waiting"]
                .iter()
                .all(|name| gauge(operating, name) == 0);
            if is_idle && held.is_within(most) {
                return Ok(held);
            }
            Err(format!(
                "the process holds {held}, and may hold {most}; runs nothing: {is_idle}\n{self}"
            ))
        });
        held.tell("at the end");
        is_sound(server);
    }

    /// What may be held at the end, under load and after it.
    fn most_at_the_end(&self) -> Held {
        let (resident, before, files, threads) = match self.warm {
            Some(warm) => (most_resident(warm.resident), warm, MORE_FILES, MORE_THREADS),
            None => (u64::MAX, self.start, FIRST_FILES, FIRST_THREADS),
        };
        Held {
            resident,
            memory: self.start.memory + GROWTH,
            files: before.files + files,
            threads: before.threads + threads,
        }
    }
}

impl fmt::Display for Gauges {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let warm = self.warm.map_or("no warm-up".to_owned(), |warm| warm.to_string());
        let (start, end, most) = (self.start, self.end, self.most);
        write!(
            text,
            "at the start {start}; warm {warm}; at the end under load {end}; at the most {most}"
        )
    }
}

/// What may be resident at the end for what was resident at the warm-up.
fn most_resident(warm: u64) -> u64 {
    warm + (warm * GROWTH_PERCENT / 100).max(GROWTH_NOISE)
}

/// The median of each number; none of no samples.
fn median(samples: Vec<Held>) -> Option<Held> {
    let middle = |number: fn(&Held) -> u64| {
        let mut numbers: Vec<u64> = samples.iter().map(number).collect();
        numbers.sort_unstable();
        numbers.get(numbers.len() / 2).copied()
    };
    Some(Held {
        resident: middle(|held| held.resident)?,
        memory: middle(|held| held.memory)?,
        files: middle(|held| held.files)?,
        threads: middle(|held| held.threads)?,
    })
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

#[test]
fn growth_over_a_tenth_is_found_unless_it_is_noise() {
    let mib = |mib: u64| mib << 20;
    assert_eq!(most_resident(mib(400)), mib(440));
    assert_eq!(most_resident(mib(50)), mib(66));
    let held = |resident| Held {
        resident,
        ..Held::default()
    };
    let most = Held {
        resident: mib(66),
        ..Held::default()
    };
    assert!(held(mib(66)).is_within(most) && !held(mib(66) + 1).is_within(most));
    let swinging = vec![held(3), held(900), held(5), held(4), held(1)];
    assert_eq!(median(swinging).map(|held| held.resident), Some(4));
    assert!(median(Vec::new()).is_none());
}
