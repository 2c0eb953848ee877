//! What the indexes cost who stores: `load` of the same file, by turns, into empty databases.

use std::{fs, time::Instant};

use super::Setting;
use crate::bench::{figures::Ratio, fixture};

const NOW: &str = "load";
const TRIGRAMS: &str = "load, with the index of trigrams";
const EARLIER: &str = "load, earlier build";

/// The records of a load at the most.
const RECORDS: u64 = 200_000;

/// Records a second, a repetition each.
pub(super) type Rates = Vec<(&'static str, Vec<f64>)>;

/// Loads; the databases are dropped again.
///
/// # Errors
///
/// In words.
pub(super) fn measure(setting: &Setting<'_>) -> Result<Rates, String> {
    println!("loading");
    let cluster = setting.cluster;
    let records = setting.rows.min(RECORDS);
    let text = cluster.ask(&format!(
        "SELECT json_build_object('id', id, 'completed_at', completed_at, 'file_name', file_name,
                'file_size', file_size::text, 'note', note, 'type', type, 'status', status,
                'created_at', created_at, 'updated_at', updated_at)
         FROM imports WHERE account_id = {} ORDER BY id LIMIT {records}",
        fixture::ACCOUNT
    ))?;
    let file = setting.folder.join("find.ndjson");
    fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    let path = file.to_string_lossy().into_owned();
    let mut builds = vec![
        (NOW, setting.gateway, "bench_load", &["migrate", "up"][..]),
        (
            TRIGRAMS,
            setting.gateway,
            "bench_load_trigrams",
            &["migrate", "up", "--search-index", "trigram"],
        ),
    ];
    if let Some(earlier) = setting.earlier {
        builds.push((EARLIER, earlier, "bench_load_earlier", &["migrate", "up"]));
    }
    let mut rates: Rates = builds.iter().map(|(name, ..)| (*name, Vec::new())).collect();
    for _ in 0..setting.repetitions {
        for ((_, gateway, database, migrate), (name, rates)) in builds.iter().zip(&mut rates) {
            cluster.make_database(database)?;
            let url = cluster.url_to("gateway", database);
            fixture::command(gateway, &url, migrate)?;
            fixture::command(gateway, &url, &["account", "create", "--name", "Loaded"])?;
            let start = Instant::now();
            fixture::command(gateway, &url, &["load", "--account", "1", &path])?;
            let rate = records as f64 / start.elapsed().as_secs_f64();
            println!("  {name:<40} {rate:>9.0} /s");
            rates.push(rate);
            cluster.drop_database(database)?;
        }
    }
    let _ = fs::remove_file(&file);
    Ok(rates)
}

/// How they stand to each other.
pub(super) fn ratios(rates: &Rates) -> Vec<Ratio> {
    let of = |name: &str| {
        rates
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, rates)| rates)
    };
    let mut ratios = Vec::new();
    for (name, one, other, goal, floor) in [
        ("load / an earlier build", NOW, EARLIER, 0.85, 0.7),
        ("load with the index of trigrams / load", TRIGRAMS, NOW, 0.5, 0.4),
    ] {
        if let (Some(one), Some(other)) = (of(one), of(other)) {
            let each: Vec<f64> = one.iter().zip(other).map(|(one, other)| one / other).collect();
            ratios.push(Ratio::new(name, &each, goal, floor));
        }
    }
    ratios
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_are_compared_with_their_neighbours_where_both_ran() {
        let rates = vec![(NOW, vec![100.0, 200.0]), (TRIGRAMS, vec![60.0, 100.0])];
        let ratios = ratios(&rates);
        assert_eq!(ratios.len(), 1);
        assert_eq!((ratios[0].lowest, ratios[0].highest), (0.5, 0.6));
    }
}
