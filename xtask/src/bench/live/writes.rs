//! What the notes cost who writes: commits of one row by pgbench, and `load`, by turns with and without the triggers.

use std::{fs, time::Instant};

use super::Setting;
use crate::bench::{cluster::Cluster, figures::Ratio, fixture};

const NOTED: &str = "bench_noted";
const PLAIN: &str = "bench_plain";
/// Imports that are there before, one of which each commit changes.
const ROWS: u64 = 100_000;
/// Of a load.
const RECORDS: u64 = 100_000;
const WITHOUT_TRIGGERS: &str = "DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'imports'::regclass AND NOT tgisinternal LOOP
        EXECUTE format('DROP TRIGGER %I ON imports', name);
    END LOOP; END $$";
const UPDATE: &str = "\\set id random(1, 100000)
UPDATE imports SET status = CASE status WHEN 'failed' THEN 'complete' ELSE 'failed' END, updated_at = now()
WHERE account_id = 1 AND id = (SELECT id FROM imports WHERE account_id = 1 AND id >= (:id * :step) ORDER BY id LIMIT 1);
";

/// # Errors
///
/// In words.
pub(super) fn measure(setting: &Setting<'_>) -> Result<Vec<Ratio>, String> {
    println!("noting");
    let cluster = setting.cluster;
    let measured = commits(setting).and_then(|mut ratios| {
        ratios.extend(loads(setting)?);
        Ok(ratios)
    });
    for database in [NOTED, PLAIN] {
        cluster.make_database(database)?;
        cluster.drop_database(database)?;
    }
    measured
}

/// A database with an account that has no imports yet.
fn made(setting: &Setting<'_>, database: &str) -> Result<String, String> {
    let cluster = setting.cluster;
    cluster.make_database(database)?;
    cluster.drop_database(database)?;
    cluster.make_database(database)?;
    let url = cluster.url_to("gateway", database);
    fixture::command(setting.gateway, &url, &["migrate", "up"])?;
    fixture::command(setting.gateway, &url, &["account", "create", "--name", "Written"])?;
    if database == PLAIN {
        cluster.ask_to(database, WITHOUT_TRIGGERS)?;
    }
    Ok(url)
}

fn commits(setting: &Setting<'_>) -> Result<Vec<Ratio>, String> {
    let cluster = setting.cluster;
    for database in [NOTED, PLAIN] {
        let url = made(setting, database)?;
        let rows = ROWS.to_string();
        fixture::command(
            setting.gateway,
            &url,
            &["seed", "--account", "1", "--rows", &rows],
        )?;
        cluster.ask_to(database, "VACUUM ANALYZE")?;
    }
    let script = setting.folder.join("live-update.sql");
    fs::write(&script, UPDATE).map_err(|error| format!("{}: {error}", script.display()))?;
    let step = cluster.ask_to(NOTED, &format!("SELECT max(id) / {ROWS} FROM imports"))?;
    let mut ratios = Vec::new();
    for (clients, name) in [
        (1, "commits a second with notes / without, 1 writer"),
        (4, "commits a second with notes / without, 4 writers"),
        (16, "commits a second with notes / without, 16 writers"),
    ] {
        let mut each = Vec::new();
        for _ in 0..setting.repetitions.max(5) {
            let run =
                |database| cluster.pgbench(database, &script, &[("step", &step)], clients, setting.seconds);
            let (noted, plain) = (run(NOTED)?, run(PLAIN)?);
            println!("  {clients:>2} writers: {noted:>8.0} /s with notes, {plain:>8.0} /s without");
            each.push(noted / plain);
        }
        ratios.push(Ratio::new(name, &each, 0.8, 0.7));
    }
    Ok(ratios)
}

fn loads(setting: &Setting<'_>) -> Result<Vec<Ratio>, String> {
    let file = setting.folder.join("live.ndjson");
    records(setting.cluster, &file)?;
    let path = file.to_string_lossy().into_owned();
    let mut each = Vec::new();
    for _ in 0..setting.repetitions.max(5) {
        let rate = |database| -> Result<f64, String> {
            let url = made(setting, database)?;
            let start = Instant::now();
            fixture::command(setting.gateway, &url, &["load", "--account", "1", &path])?;
            Ok(RECORDS as f64 / start.elapsed().as_secs_f64())
        };
        let (noted, plain) = (rate(NOTED)?, rate(PLAIN)?);
        println!("  load: {noted:>8.0} /s with notes, {plain:>8.0} /s without");
        each.push(noted / plain);
    }
    let _ = fs::remove_file(&file);
    Ok(vec![Ratio::new("load with notes / without", &each, 0.8, 0.7)])
}

/// As many records as a load has, of those that the other database was filled with.
fn records(cluster: &Cluster, file: &std::path::Path) -> Result<(), String> {
    let text = cluster.ask_to(
        NOTED,
        &format!(
            "SELECT json_build_object('id', id, 'completed_at', completed_at, 'file_name', file_name,
                    'file_size', file_size::text, 'note', note, 'type', type, 'status', status,
                    'created_at', created_at, 'updated_at', updated_at)
             FROM imports WHERE account_id = 1 ORDER BY id LIMIT {RECORDS}"
        ),
    )?;
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}
