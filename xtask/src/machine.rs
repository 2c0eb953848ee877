//! When and where something was measured.
//!
//! Reads `/proc`, so Linux only; what can't be read is left out.

use std::{fs, process::Command, thread};

/// The date, the processor, the memory and the load average, in a line without an end.
pub(crate) fn machine() -> String {
    let date = Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output();
    let date = date.map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned());
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("processor unknown", |(_, model)| model);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes: f64 = memory
        .lines()
        .find_map(|line| {
            line.strip_prefix("MemTotal:")?
                .trim()
                .strip_suffix(" kB")?
                .parse()
                .ok()
        })
        .unwrap_or_default();
    let cores = thread::available_parallelism().map_or(0, |cores| cores.get());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split(' ').take(3).collect();
    format!(
        "{}; {model}, {cores} cores, {:.0} GiB; load average at the end {}",
        date.unwrap_or_default(),
        kilobytes / f64::from(1 << 20),
        load.join(" ")
    )
}
