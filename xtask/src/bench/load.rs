//! One run of `wrk` against one server, with requests of our own drawn at random.
//!
//! Takes requests, gives what `wrk` counted and what the processes used meanwhile. The requests are written into the
//! script's folder and formatted once, so that the client costs little. Deliberately absent: a rate; each connection
//! asks again as soon as it is answered, or a pause later.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use super::{
    client::Request,
    process::{cpu, cpu_of_family, settle},
};

/// Who is asked: where, with what key, and whose processor time counts.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) name: &'static str,
    pub(super) address: String,
    pub(super) key: Option<String>,
    pub(super) server_pid: u32,
    pub(super) database_pid: u32,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load<'a> {
    /// One of these each time.
    pub(super) requests: &'a [Request],
    pub(super) connections: u32,
    /// How long a connection waits before it asks again. **Unit**: milliseconds.
    pub(super) pause_ms: u32,
}

/// What one run showed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sample {
    /// Answers a second.
    pub(super) rate: f64,
    /// Half of the answers took less. **Unit**: microseconds.
    pub(super) p50_us: f64,
    /// All but one in a hundred took less. **Unit**: microseconds.
    pub(super) p99_us: f64,
    /// In microseconds of processor time an answer.
    pub(super) server_cpu_us: f64,
    /// In microseconds of processor time an answer, of all processes of the database.
    pub(super) database_cpu_us: f64,
    /// In bytes an answer, head included.
    pub(super) bytes: f64,
}

/// Asks for so many seconds.
///
/// # Errors
///
/// Where `wrk` can't run, or an answer was no success.
pub(super) fn run(target: &Target, load: &Load<'_>, seconds: u32, folder: &Path) -> Result<Sample, String> {
    let script = folder.join("load.lua");
    fs::write(&script, lua(target, load)).map_err(|error| format!("{}: {error}", script.display()))?;
    settle();
    let before = (cpu(target.server_pid), cpu_of_family(target.database_pid));
    let mut wrk = Command::new("wrk");
    wrk.args([
        "-t",
        "1",
        "-c",
        &load.connections.to_string(),
        "-d",
        &format!("{seconds}s"),
        "--timeout",
        "10s",
        "-s",
    ])
    .arg(&script)
    .arg(format!("http://{}/", target.address));
    let answer = wrk
        .output()
        .map_err(|error| format!("wrk can't be started: {error}"))?;
    settle();
    let after = (cpu(target.server_pid), cpu_of_family(target.database_pid));
    let text = String::from_utf8_lossy(&answer.stdout);
    let counted = read(&text).ok_or_else(|| format!("{}: wrk says:\n{text}", target.name))?;
    let each = |before: u64, after: u64| after.saturating_sub(before) as f64 / counted.answers;
    Ok(Sample {
        server_cpu_us: each(before.0, after.0),
        database_cpu_us: each(before.1, after.1),
        ..counted.sample
    })
}

/// The script: every request formatted once, one drawn each time, and a line of figures at the end.
fn lua(target: &Target, load: &Load<'_>) -> String {
    let mut script = String::from("local asked = {\n");
    for request in load.requests {
        let or_nil = |text: Option<&str>| text.map_or("nil".to_owned(), long_text);
        let (path, body) = (long_text(&request.path), or_nil(request.body.as_deref()));
        let key = request.key.as_ref().or(target.key.as_ref());
        let key = or_nil(key.map(|key| format!("Bearer {key}")).as_deref());
        let _ = writeln!(script, "  {{{path}, {body}, {key}}},");
    }
    script.push_str("}\nlocal formatted = {}\n");
    if load.pause_ms > 0 {
        let _ = writeln!(script, "function delay()\n  return {}\nend", load.pause_ms);
    }
    script.push_str("function init()\n  math.randomseed(7)\n");
    script.push_str(
        "  for i, one in ipairs(asked) do
    wrk.headers['Authorization'] = one[3]
    wrk.headers['Content-Type'] = one[2] and 'application/json' or nil
    formatted[i] = wrk.format(one[2] and 'POST' or 'GET', one[1], wrk.headers, one[2])
  end
end
function request()
  return formatted[math.random(#formatted)]
end
function done(summary, latency)
  local errors = summary.errors
  print(string.format('COUNTED %d %d %d %d %d %d', summary.requests, summary.duration, summary.bytes,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
",
    );
    script
}

/// A text between brackets that it doesn't hold itself.
fn long_text(text: &str) -> String {
    format!("[==[{text}]==]")
}

struct Counted {
    answers: f64,
    sample: Sample,
}

/// The figures that `wrk` counted itself; `None` where anything failed.
fn read(output: &str) -> Option<Counted> {
    let line = output.lines().find_map(|line| line.strip_prefix("COUNTED "))?;
    let numbers: Vec<f64> = line.split(' ').map_while(|number| number.parse().ok()).collect();
    let [answers, duration_us, bytes, errors, p50_us, p99_us] = numbers.try_into().ok()?;
    (answers > 0.0 && duration_us > 0.0 && errors == 0.0).then(|| Counted {
        answers,
        sample: Sample {
            rate: answers * 1e6 / duration_us,
            p50_us,
            p99_us,
            bytes: bytes / answers,
            ..Sample::default()
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_asked_with_its_own_key_or_the_targets() {
        let target = Target {
            name: "gateway",
            address: String::new(),
            key: Some("a".to_owned()),
            server_pid: 0,
            database_pid: 0,
        };
        let requests = [
            Request::get("/1".to_owned()),
            Request::get("/2".to_owned()).with_key("b".to_owned()),
        ];
        let load = Load {
            requests: &requests,
            connections: 1,
            pause_ms: 10,
        };
        let script = lua(&target, &load);
        for line in [
            "{[==[/1]==], nil, [==[Bearer a]==]}",
            "{[==[/2]==], nil, [==[Bearer b]==]}",
            "return 10",
        ] {
            assert!(script.contains(line), "{line}: {script}");
        }
    }

    #[test]
    fn a_run_with_any_error_gives_no_figures() {
        let good = "Running\nCOUNTED 1000 500000 2000000 0 900 2500\n";
        let sample = read(good).expect("figures").sample;
        assert_eq!((sample.rate, sample.bytes), (2000.0, 2000.0));
        assert_eq!((sample.p50_us, sample.p99_us), (900.0, 2500.0));
        for bad in [
            "COUNTED 1000 500000 2000000 1 900 2500",
            "COUNTED 0 500000 0 0 0 0",
            "unable to connect",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
