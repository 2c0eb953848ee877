//! What good clients notice of bad ones.
//!
//! Takes the filled cluster and the built gateway, gives a [`Siege`] a case: a gateway of its own is asked good
//! questions alone, then the same ones beside hostile clients, and so on in turn, so that what else the machine does
//! meets both alike. The hostile clients are threads of this process and share its processors with all else: what they
//! use themselves counts against the gateway. Deliberately absent: accounts in the tests' sense; here only time counts.

mod bombs;
mod clients;
mod wire;

use std::path::Path;

use self::clients::{Attack, Tally};
use super::{
    Options, cases,
    client::Request,
    cluster::Cluster,
    figures::Ratio,
    fixture::{self, ACCOUNT, OTHERS, Positions},
    load::{self, Load, Sample},
    servers::{self, RateLimit, Server},
};

/// Connections of the good clients.
const CONNECTIONS: u32 = 8;
/// How long each of the victims' connections waits before it asks again: together they stay far below what their
/// accounts may spend. **Unit**: milliseconds.
const PAUSE_MS: u32 = 10;
/// A hundred times what an account may spend in a second, in pages of a hundred points. **Unit**: requests a second.
const FLOOD: u32 = 1_000;

/// One case: the same good questions alone and beside hostile clients.
#[derive(Debug)]
pub(super) struct Siege {
    pub(super) name: &'static str,
    pub(super) alone: Vec<Sample>,
    pub(super) beside: Vec<Sample>,
    /// What became of the hostile clients, all repetitions together.
    pub(super) tally: Tally,
}

/// Runs both cases.
///
/// # Errors
///
/// In words, also where a good question was not answered.
pub(super) fn measure(
    cluster: &Cluster,
    binary: &Path,
    positions: &Positions,
    options: &Options,
    folder: &Path,
) -> Result<Vec<Siege>, String> {
    let key = fixture::key(cluster, binary, ACCOUNT)?;
    let serve = |rate_limit| {
        let log = folder.join("hostile.log");
        servers::gateway("gateway", cluster, binary, &cluster.url(), &key, &log, rate_limit)
    };
    // No limit on spending here: the guard and the door are all that stands in the way.
    let server = serve(RateLimit::Off)?;
    let good = Load {
        requests: &cases::pages(&positions.spread, 50, &[], ""),
        connections: CONNECTIONS,
        pause_ms: 0,
    };
    let attack = || Attack::all_kinds(&server.target.address, &key);
    let name = "bombs, a large body, slow headers, a slow body";
    let hostile = besiege(name, &server, &good, &attack, options, folder)?;
    drop(server);

    let server = serve(RateLimit::Default)?;
    let victims = victims(cluster, binary)?;
    let good = Load {
        requests: &victims,
        connections: CONNECTIONS,
        pause_ms: PAUSE_MS,
    };
    let attack = || Attack::flood(&server.target.address, &key, FLOOD);
    let name = "an account at a hundred times its share";
    let flooded = besiege(name, &server, &good, &attack, options, folder)?;
    Ok(vec![hostile, flooded])
}

/// A first page of five of each of the other accounts.
fn victims(cluster: &Cluster, binary: &Path) -> Result<Vec<Request>, String> {
    let ask = |account| {
        let key = fixture::key(cluster, binary, account)?;
        Ok(cases::page(5, None, &[], "").with_key(key))
    };
    (ACCOUNT + 1..=ACCOUNT + OTHERS as i64).map(ask).collect()
}

fn besiege(
    name: &'static str,
    server: &Server,
    good: &Load<'_>,
    attack: &dyn Fn() -> Attack,
    options: &Options,
    folder: &Path,
) -> Result<Siege, String> {
    let mut siege = Siege {
        name,
        alone: Vec::new(),
        beside: Vec::new(),
        tally: Tally::default(),
    };
    load::run(&server.target, good, 1, folder)?;
    for repetition in 1..=options.repetitions {
        let alone = load::run(&server.target, good, options.seconds, folder)?;
        let hostile = attack();
        let beside = load::run(&server.target, good, options.seconds, folder);
        siege.tally.add(&hostile.end());
        let beside = beside?;
        println!(
            "{repetition}/{}  {name}: p50 {:.2} beside {:.2} ms alone, p99 {:.2} beside {:.2} ms alone",
            options.repetitions,
            beside.p50_us / 1e3,
            alone.p50_us / 1e3,
            beside.p99_us / 1e3,
            alone.p99_us / 1e3
        );
        siege.alone.push(alone);
        siege.beside.push(beside);
    }
    Ok(siege)
}

/// How much longer good clients wait beside hostile ones, and what is wanted.
pub(super) fn ratios(sieges: &[Siege]) -> Vec<Ratio> {
    let each = |siege: &Siege, figure: fn(&Sample) -> f64| -> Vec<f64> {
        let pairs = siege.beside.iter().zip(&siege.alone);
        pairs
            .map(|(beside, alone)| figure(beside) / figure(alone))
            .collect()
    };
    let [hostile, flooded] = sieges else {
        return Vec::new();
    };
    vec![
        Ratio::new(
            "p50 beside hostile clients / alone",
            &each(hostile, |sample| sample.p50_us),
            1.5,
            2.0,
        ),
        Ratio::new(
            "p99 beside a flooding account / alone",
            &each(flooded, |sample| sample.p99_us),
            1.25,
            1.5,
        ),
    ]
}
