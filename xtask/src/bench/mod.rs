//! `cargo xtask bench`: what a page costs, against a bare endpoint and another GraphQL server, in one run.
//!
//! Takes a size and a patience; fills a temporary PostgreSQL (kept under `target/bench/` for the next run of the same
//! size), runs every case in turn as often as told, and writes `target/bench/report.md` with its charts. The cases take
//! turns so that what else the machine does meets all of them alike. Deliberately absent: a verdict in the exit status;
//! figures depend on the machine, and the report says how they stand to what is wanted.

mod cases;
mod chart;
mod client;
mod cluster;
mod figures;
mod find;
mod first;
mod fixture;
mod hostile;
mod live;
mod load;
mod process;
mod report;
mod servers;
mod shapes;

use std::{
    fs,
    path::{Path, PathBuf},
};

use self::{cases::CONNECTIONS, cluster::Cluster, figures::Summary};
use crate::{
    Failure,
    cargo::{shown, target},
    options::number,
    system::{Need, meet},
};

/// What is measured, and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Options {
    /// Imports in the large account; the others share half as many.
    rows: u64,
    /// How long one run of a case is. **Unit**: seconds.
    seconds: u32,
    repetitions: u32,
    postgraphile: bool,
    shapes: bool,
    load: bool,
    hostile: bool,
    find: bool,
    live: bool,
    /// An earlier release build of the gateway, which is asked for the same pages.
    against: Option<PathBuf>,
}

impl Options {
    fn parse(words: &[String]) -> Result<Self, Failure> {
        let mut options = Self {
            rows: 2_000_000,
            seconds: 5,
            repetitions: 3,
            postgraphile: true,
            shapes: true,
            load: true,
            hostile: true,
            find: true,
            live: true,
            against: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--rows" => options.rows = number(word, words.next(), 20_000..=1_000_000_000)?,
                "--seconds" => options.seconds = number(word, words.next(), 1..=600)?,
                "--repetitions" => options.repetitions = number(word, words.next(), 1..=100)?,
                "--no-postgraphile" => options.postgraphile = false,
                "--no-shapes" => options.shapes = false,
                "--no-load" => options.load = false,
                "--no-hostile" => options.hostile = false,
                "--no-find" => options.find = false,
                "--no-live" => options.live = false,
                "--against" => {
                    let file = words.next().map(PathBuf::from).filter(|file| file.is_file());
                    let file =
                        file.ok_or_else(|| Failure::Usage(format!("{word} needs a program's file")))?;
                    options.against = Some(file);
                }
                other => return Err(Failure::Usage(format!("`bench` has no option `{other}`"))),
            }
        }
        Ok(options)
    }
}

/// Measures, and writes the report.
///
/// # Errors
///
/// Usage; failure where anything that is needed can't be built, started or asked.
pub(crate) fn run(words: &[String]) -> Result<(), Failure> {
    let options = Options::parse(words)?;
    let needs = [Need::Postgres, Need::Wrk, Need::Node];
    let needs = needs.iter().filter(|need| match need {
        Need::Node => options.postgraphile && options.load,
        Need::Wrk => options.load || options.hostile,
        Need::Postgres | Need::PgBouncer | Need::Python | Need::Chromium | Need::Shell | Need::Proxies => {
            true
        }
    });
    needs.copied().try_for_each(meet).map_err(Failure::Failed)?;
    let text = measure(&options).map_err(Failure::Failed)?;
    println!(
        "\n{text}\nwritten to {}",
        shown(&target().join("bench/report.md"))
    );
    Ok(())
}

fn measure(options: &Options) -> Result<String, String> {
    let folder = target().join("bench");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let binary = servers::build()?;
    let cluster = Cluster::start(&folder.join(format!("postgres-{}", options.rows)))?;
    fixture::fill(&cluster, &binary, options.rows)?;
    let key = fixture::key(&cluster, &binary, fixture::ACCOUNT)?;
    let serve = |name, binary: &Path| {
        servers::gateway(
            name,
            &cluster,
            binary,
            &cluster.url(),
            &key,
            &folder.join(format!("{name}.log")),
            servers::RateLimit::Off,
        )
    };
    let gateway = serve("gateway", &binary)?;
    println!("drawing positions");
    let positions = fixture::positions(&cluster, &gateway.target, options.rows)?;

    let mut summaries = Vec::new();
    let mut memory = Vec::new();
    let mut first = None;
    if options.load {
        let floor = servers::floor(&cluster)?;
        let postgraphile = options
            .postgraphile
            .then(|| servers::postgraphile(&cluster))
            .transpose()?;
        let earlier = options.against.as_deref();
        let earlier = earlier
            .map(|binary| serve("earlier-gateway", binary))
            .transpose()?;
        let targets = cases::Targets {
            floor: &floor.target,
            gateway: &gateway.target,
            earlier: earlier.as_ref().map(|server| &server.target),
            postgraphile: postgraphile.as_ref().map(|server| &server.target),
        };
        let cases = cases::all(&targets, &positions, &statuses(&cluster)?)?;
        summaries = take_turns(&cases, options, &folder)?;
        first = Some(first::measure(&gateway.target, &positions, options.repetitions)?);
        let servers = [
            Some(&gateway),
            earlier.as_ref(),
            Some(&floor),
            postgraphile.as_ref(),
        ];
        memory.extend(
            servers
                .into_iter()
                .flatten()
                .map(|server| (server.target.name, process::resident(server.target.server_pid))),
        );
    }
    drop(gateway);
    let resident = memory.first().map_or(0, |(_, bytes)| *bytes);
    let mut ratios = if options.load {
        figures::ratios(&summaries, resident)
    } else {
        Vec::new()
    };
    ratios.extend(first);
    let sieges = if options.hostile {
        println!("besieging");
        hostile::measure(&cluster, &binary, &positions, options, &folder)?
    } else {
        Vec::new()
    };
    ratios.extend(hostile::ratios(&sieges));
    let shapes = if options.shapes {
        println!("explaining");
        shapes::measure(&cluster, &binary, &key, &positions, &folder)?
    } else {
        Vec::new()
    };
    let found = if options.find {
        let setting = find::Setting {
            cluster: &cluster,
            gateway: &binary,
            earlier: options.against.as_deref(),
            key: &key,
            folder: &folder,
            rows: options.rows,
            repetitions: options.repetitions,
        };
        find::measure(&setting)?
    } else {
        find::Found::default()
    };
    ratios.extend(found.ratios.iter().cloned());
    if options.live {
        ratios.extend(live::measure(&live::Setting {
            cluster: &cluster,
            gateway: &binary,
            folder: &folder,
            repetitions: options.repetitions,
            seconds: options.seconds,
        })?);
    }
    let version = cluster.ask("SHOW server_version")?;
    let settings = format!(
        "PostgreSQL {version}; {} imports in one account, {} over ten others; pages from positions drawn over the whole \
         account, depth {} for the deep ones; {} repetitions of {} s, {CONNECTIONS} connections unless stated, \
         the client on the same machine.",
        chart::number(options.rows as f64),
        chart::number((options.rows / 2) as f64),
        chart::number(positions.depth as f64),
        options.repetitions,
        options.seconds
    );
    report::write(
        &folder,
        &report::Report {
            settings,
            summaries: &summaries,
            ratios: &ratios,
            memory: &memory,
            sieges: &sieges,
            shapes: &shapes,
            found: &found,
        },
    )
}

/// Two of the usual statuses and the rarest that there is.
fn statuses(cluster: &Cluster) -> Result<Vec<String>, String> {
    let counted = format!(
        "SELECT status FROM imports WHERE account_id = {} GROUP BY status ORDER BY count(*) DESC",
        fixture::ACCOUNT
    );
    let answer = cluster.ask(&counted)?;
    let all: Vec<&str> = answer.lines().collect();
    match all.as_slice() {
        [first, second, .., last] => Ok([*first, *second, *last].map(str::to_owned).to_vec()),
        _ => Err(format!("too few statuses among the imports: {answer}")),
    }
}

/// Every case once a repetition, after a first short turn that warms up and isn't counted.
fn take_turns(cases: &[cases::Case], options: &Options, folder: &Path) -> Result<Vec<Summary>, String> {
    let run = |case: &cases::Case, seconds| {
        let load = load::Load {
            requests: &case.requests,
            connections: case.connections,
            pause_ms: 0,
        };
        load::run(&case.target, &load, seconds, folder)
    };
    for case in cases {
        run(case, 1)?;
    }
    let mut summaries: Vec<Summary> = cases
        .iter()
        .map(|case| Summary {
            name: case.name,
            samples: Vec::new(),
        })
        .collect();
    for repetition in 1..=options.repetitions {
        for (case, summary) in cases.iter().zip(&mut summaries) {
            let sample = run(case, options.seconds)?;
            println!(
                "{repetition}/{}  {:<42} {:>8.0} /s  {:>5.0} + {:>4.0} µs  p99 {:>6.2} ms",
                options.repetitions,
                case.name,
                sample.rate,
                sample.server_cpu_us,
                sample.database_cpu_us,
                sample.p99_us / 1e3
            );
            summary.samples.push(sample);
        }
    }
    Ok(summaries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options, Failure> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Options::parse(&words)
    }

    #[test]
    fn options_are_read_and_anything_else_is_wrong_usage() {
        let options = parse(&[
            "--rows",
            "50000",
            "--no-shapes",
            "--no-hostile",
            "--no-find",
            "--seconds",
            "2",
        ])
        .expect("options");
        assert_eq!(
            (options.rows, options.seconds, options.repetitions),
            (50_000, 2, 3)
        );
        assert!(!options.shapes && !options.hostile && !options.find && options.postgraphile);
        for words in [
            &["--rows"][..],
            &["--rows", "1"],
            &["--seconds", "x"],
            &["--fast"],
            &["50000"],
            &["--against"],
            &["--against", "no-such-file"],
        ] {
            assert!(matches!(parse(words), Err(Failure::Usage(_))), "{words:?}");
        }
    }
}
