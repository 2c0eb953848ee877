//! A process that is measured: started, asked for its processor time and memory, ended.
//!
//! Reads `/proc`, so Linux only. Deliberately absent: sampling; only differences of totals are used.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// Clock ticks a second in `/proc/PID/stat`: fixed by Linux for programs.
const TICKS: u64 = 100;

/// A started process; it is told to end when dropped, and waited for.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    signal: &'static str,
}

impl Process {
    /// Starts a process that ends by `signal`.
    ///
    /// # Errors
    ///
    /// Where it can't be started.
    pub(super) fn start(name: &str, mut command: Command, signal: &'static str) -> Result<Self, String> {
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("{name} can't be started: {error}"))?;
        Ok(Self { child, signal })
    }

    /// Starts a server and waits until it prints `listening on http://ADDRESS`; gives the address too.
    ///
    /// # Errors
    ///
    /// Where it ends before.
    pub(super) fn serve(name: &str, mut command: Command) -> Result<(Self, String), String> {
        command.stdout(Stdio::piped());
        let mut process = Self::start(name, command, "TERM")?;
        let output = process.child.stdout.take().map(BufReader::new);
        let mut lines = output.into_iter().flat_map(BufRead::lines).map_while(Result::ok);
        let address = lines.find_map(|line| Some(line.strip_prefix("listening on http://")?.to_owned()));
        // It may go on printing without waiting for a reader.
        thread::spawn(move || lines.for_each(drop));
        let address = address.ok_or_else(|| format!("{name} ended before it listened"))?;
        Ok((process, address))
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-s", self.signal, &pid]).status();
        if !told.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// The processor time that a process has used, its ended children's included. **Unit**: microseconds.
pub(super) fn cpu(pid: u32) -> u64 {
    stat(pid).map_or(0, |stat| stat.ticks_with_ended) * (1_000_000 / TICKS)
}

/// The processor time of a process and of all its children. **Unit**: microseconds.
pub(super) fn cpu_of_family(pid: u32) -> u64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let children = pids.filter_map(stat).filter(|stat| stat.parent == pid);
    cpu(pid) + children.map(|stat| stat.ticks).sum::<u64>() * (1_000_000 / TICKS)
}

/// The resident memory of a process. **Unit**: bytes.
pub(super) fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?
            .trim()
            .strip_suffix(" kB")?
            .parse::<u64>()
            .ok()
    });
    kilobytes.unwrap_or_default() * 1024
}

/// Waits a moment, for what ends a run to settle.
pub(super) fn settle() {
    thread::sleep(Duration::from_millis(200));
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    ticks: u64,
    ticks_with_ended: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Source: proc_pid_stat(5): the name may hold anything, the state follows its last bracket.
fn parse(line: &str) -> Option<Stat> {
    let fields: Vec<&str> = line.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let own = ticks(11)? + ticks(12)?;
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        ticks: own,
        ticks_with_ended: own + ticks(13)? + ticks(14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_brackets_in_its_name_is_read() {
        let line = "12 (a) (b) S 7 12 12 0 -1 4194560 1 2 3 4 50 6 7 8 20 0 1 0 100 1000";
        let stat = parse(line);
        assert_eq!(
            stat,
            Some(Stat {
                parent: 7,
                ticks: 56,
                ticks_with_ended: 71
            })
        );
        assert_eq!(parse("12 (a"), None);
    }

    #[test]
    fn this_process_has_memory_and_a_family() {
        let own = std::process::id();
        assert!(resident(own) > 100_000);
        // In this order: time goes on between the two.
        let alone = cpu(own);
        assert!(cpu_of_family(own) >= alone);
    }
}
