//! An upstream and a network that fail all the time, and processes that end at any moment: nothing is lost, nothing is written
//! twice, nobody asks too much.

use std::collections::HashMap;
use std::io::Read as _;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use entity::imports;

use super::proxy::{Act, Seen, answer};
use super::{Mirror, Running, Upstream};
use crate::databases::execute;
use crate::gauntlet;
use crate::rng::Rng;
use crate::waiting::{self, eventually_blocking};

/// Requests a second.
const RATE: usize = 40;

/// What an upstream at its worst does to a request.
fn worst(mut rng: Rng) -> impl FnMut(&Seen) -> Act + Send {
    let last: Arc<Mutex<HashMap<String, String>>> = Arc::default();
    let storm = |status: &str, after: &str| answer(status, after, r#"{"error": "slow down"}"#);
    move |seen| match rng.below(60) {
        0 => storm("429 Too Many Requests", "Retry-After: 0\r\n"),
        1 => storm("429 Too Many Requests", "Retry-After: soon\r\n"),
        2 => storm(
            "429 Too Many Requests",
            "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        ),
        3 => storm(
            "503 Service Unavailable",
            "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 09:49:37 GMT\r\n",
        ),
        4 => storm("503 Service Unavailable", ""),
        5 => answer("500 Internal Server Error", "", ""),
        6 => answer("200 OK", "", "<html>"),
        7 | 8 => Act::Cut(rng.below(40_000)),
        9 => Act::Reset,
        10 if rng.one_in(4) => Act::Silence,
        10 if rng.one_in(4) => Act::HeadOnly,
        // The page before, once more.
        11 | 12 => {
            let sort = sort(seen);
            let last = Arc::clone(&last);
            Act::Change(Box::new(move |body| {
                last.lock().unwrap().get(&sort).cloned().unwrap_or(body)
            }))
        }
        _ => {
            let (sort, last) = (sort(seen), Arc::clone(&last));
            Act::Change(Box::new(move |body| {
                last.lock().unwrap().insert(sort, body.clone());
                body
            }))
        }
    }
}

fn sort(seen: &Seen) -> String {
    let parts = seen.query.split('&');
    let sort = parts.filter(|part| part.starts_with("sort"));
    sort.collect::<Vec<_>>().join("&")
}

/// No second, both its ends counted, has more requests than the rate says.
fn assert_within_the_rate(seen: &[Seen]) {
    for span in seen.windows(RATE + 1) {
        let length = span[RATE].at - span[0].at;
        assert!(
            length > Duration::from_secs(1),
            "{} requests in {length:?}",
            RATE + 1
        );
    }
}

#[tokio::test]
async fn a_mirror_that_is_killed_again_and_again_below_the_worst_upstream_ends_as_it_is() {
    let seed = gauntlet::seed(190);
    let (rows, kills) = (gauntlet::mirror_rows(), gauntlet::mirror_kills());
    for mirror in Mirror::on_each().await {
        let upstream = Upstream::with(rows).await;
        let mut rng = Rng::new(seed);
        upstream.proxy.act(worst(Rng::new(seed + 1)));
        let options =
            format!("--rate {RATE}/s --lease 1s --overlap 5s --reconcile-every 1s --upstream-timeout 1s");
        for _ in 0..kills {
            let mode = if rng.one_in(2) { "--once" } else { "--every 1s" };
            let mut process = mirror.start(&upstream, &format!("{mode} {options}"));
            let end = Instant::now() + Duration::from_millis(rng.below(2_000) as u64);
            while Instant::now() < end {
                upstream.live(&mut rng, 30).await;
                let all = upstream.rows().await;
                upstream.remove(&[rng.pick(&all).id]).await;
                thread::sleep(Duration::from_millis(rng.below(200) as u64));
            }
            // It may have ended by itself.
            let _ = process.0.kill();
            process.wait();
            mirror.end_lease().await;
            gauntlet::add("mirrors killed", 1);
        }
        assert_within_the_rate(&upstream.proxy.seen());
        let asked = upstream.proxy.seen().len();
        upstream.proxy.act(|_| Act::Pass);
        // What the last changes left is followed; what is gone, two whole walks find.
        for _ in 0..3 {
            mirror.done(
                &upstream,
                &format!(
                    "--once --rate off {}",
                    &options[options.find("--lease").unwrap()..]
                ),
            );
            thread::sleep(Duration::from_millis(1_010));
        }
        mirror.assert_same(&upstream).await;
        gauntlet::add("requests to upstreams at their worst", asked as u64);
        println!(
            "{asked} requests, {kills} kills, {} rows",
            mirror.rows().await.len()
        );
    }
}

#[tokio::test]
async fn no_page_but_the_current_one_is_asked_for_twice_whenever_it_is_killed() {
    let mut rng = Rng::new(gauntlet::seed(192));
    for mirror in Mirror::on_each().await {
        let upstream = Upstream::with(2_450).await;
        let mut kills = 0;
        loop {
            let mut process = mirror.start(&upstream, "--once --rate 60/s --lease 1s");
            thread::sleep(Duration::from_millis(40 + rng.below(400) as u64));
            let is_at_its_end = process.0.try_wait().unwrap().is_some();
            let _ = process.0.kill();
            process.wait();
            mirror.end_lease().await;
            if is_at_its_end {
                break;
            }
            kills += 1;
        }
        mirror.assert_same(&upstream).await;
        assert!(kills > 0);
        for sort in ["sort%5Bid%5D=asc", "sort%5Bupdated_at%5D=asc"] {
            let seen = upstream.proxy.seen();
            let pages = seen.iter().filter(|seen| seen.query.contains(sort));
            let mut order: Vec<&str> = Vec::new();
            for page in pages {
                let place = order.iter().position(|known| *known == page.query);
                match place {
                    Some(place) => assert_eq!(place + 1, order.len(), "asked for again after a later one"),
                    None => order.push(&page.query),
                }
            }
            assert!(order.len() > 10 || sort.contains("updated_at"), "{order:?}");
        }
    }
}

/// A process whose log is read.
fn watched(
    mirror: &Mirror,
    upstream: &Upstream,
    options: &str,
) -> (Running, std::sync::mpsc::Receiver<String>) {
    let mut command = mirror.command(upstream, options);
    let mut process = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = waiting::lines(process.stderr.take().unwrap());
    (Running(process), log)
}

#[tokio::test]
async fn a_halted_process_that_wakes_up_writes_nothing_and_a_second_one_takes_over() {
    for mirror in Mirror::on_each().await {
        let upstream = Upstream::with(120).await;
        let mut newest = upstream.rows().await[50].clone();
        (newest.note, newest.updated_at) = (Some("before".to_owned()), entity::Instant::now());
        upstream.put(&[newest.clone()]).await;
        let every = "--every 1s --rate off --lease 1s --upstream-timeout 60s";
        // The first poll's answer is on its way, with what the row was.
        let (is_up, is_held) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (up, held) = (Arc::clone(&is_up), Arc::clone(&is_held));
        upstream.proxy.act(move |seen| {
            let is_poll = seen.query.contains("updated_at%5D=asc");
            match is_poll && !held.swap(is_poll, Ordering::Relaxed) {
                true => Act::Hold(Arc::clone(&up)),
                false => Act::Pass,
            }
        });
        let (first, log) = watched(&mirror, &upstream, every);
        eventually_blocking("a poll under way", || match is_held.load(Ordering::Relaxed) {
            true => Ok(()),
            false => Err(format!("{:?}", log.try_iter().collect::<Vec<_>>())),
        });
        // The proxy has the answer soon, and nothing else happens meanwhile.
        thread::sleep(Duration::from_millis(300));
        first.signal("STOP");
        // Changed without a later time: of two of one version the later arrival stays.
        let text = format!("UPDATE imports SET note = 'after' WHERE id = {}", newest.id);
        assert_eq!(execute(&upstream.store, &text, Vec::new()).await, Ok(1));
        let (second, second_log) = watched(&mirror, &upstream, every);
        let stored = async || {
            let rows = mirror.rows().await;
            let note = rows
                .iter()
                .find(|row| row.id == newest.id)
                .and_then(|row| row.note.clone());
            note.unwrap_or_default()
        };
        waiting::eventually("the second process polls", async || {
            waiting::is(stored().await, &"after".to_owned())
                .map_err(|was| format!("{was} {:?}", second_log.try_iter().collect::<Vec<_>>()))
        })
        .await;
        is_up.store(true, Ordering::Relaxed);
        first.signal("CONT");
        let told = waiting::line(&log, |line| {
            line.contains("has taken the lease over").then_some(())
        });
        assert!(told.is_some(), "it does not notice");
        assert_eq!(stored().await, "after", "a stale page was written");
        mirror.assert_same(&upstream).await;
        // And the other way round.
        drop(second);
        let took_over = waiting::line(&log, |line| line.contains("the lease is held").then_some(()));
        assert!(took_over.is_some(), "it does not take over");
    }
}

#[tokio::test]
async fn told_to_stop_it_gives_the_lease_back_and_ends_well() {
    let upstream = Upstream::with(5).await;
    for mirror in Mirror::on_each().await {
        for signal in ["TERM", "INT"] {
            let mut command = mirror.command(&upstream, "--every 1h --lease 30s");
            let process = command
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut process = Running(process);
            eventually_blocking("the first poll", || {
                waiting::is(
                    mirror.status().get("PHASE").cloned(),
                    &Some("following".to_owned()),
                )?;
                waiting::is(mirror.status()["POLLED"] == "-", &false)
            });
            process.signal(signal);
            let mut said = String::new();
            process
                .0
                .stdout
                .take()
                .unwrap()
                .read_to_string(&mut said)
                .unwrap();
            assert_eq!(process.wait(), Some(0));
            assert!(said.ends_with("; stopped\n"), "{said}");
            assert_eq!(mirror.status()["HOLDER"], "-");
        }
    }
}

#[tokio::test]
async fn a_mirror_without_a_page_for_two_intervals_is_told_as_stalled() {
    let upstream = Upstream::with(5).await;
    for mirror in Mirror::on_each().await {
        let process = mirror.start(&upstream, "--every 1s --rate off --lease 1s");
        eventually_blocking("the first poll", || {
            waiting::is(mirror.status().get("COMPLETE").cloned(), &Some("yes".to_owned()))
        });
        drop(process);
        assert_eq!(mirror.status()["PHASE"], "following");
        let backend = mirror.store.backend();
        let back = match backend {
            sea_orm::DbBackend::Sqlite => "last_page_at - 60000000",
            _ => "last_page_at - interval '1 minute'",
        };
        let text = format!("UPDATE mirrors SET last_page_at = {back}");
        assert_eq!(execute(&mirror.store, &text, Vec::new()).await, Ok(1));
        assert_eq!(mirror.status()["PHASE"], "stalled");
    }
}

#[tokio::test]
async fn pages_in_any_order_and_again_give_the_same_table() {
    use imports_gateway::store::mirror::{
        Attempt, Ends, PageWrite, Phase, Progress, Spent, Wanted, attempt, commit_page,
    };
    let mut rng = Rng::new(gauntlet::seed(191));
    for mirror in Mirror::on_each().await {
        // Three versions of ten rows.
        let version = |id: i64, version: i64| imports::Model {
            note: Some(format!("version {version}")),
            updated_at: crate::databases::instant(1_790_000_000_000_000 + version),
            ..crate::app::row(1, id)
        };
        let pages: Vec<Vec<imports::Model>> = (0..3)
            .flat_map(|number| [0, 5].map(|first| (first..first + 5).map(|id| version(id, number)).collect()))
            .collect();
        let wanted = Wanted {
            account_id: 1,
            upstream: "http://a",
            holder: "",
            length: Duration::from_secs(30),
            interval: None,
        };
        let Attempt::Held(lease, _) = attempt(&mirror.store, &wanted, None).await.unwrap() else {
            panic!("the lease is free");
        };
        let progress = Progress {
            phase: Phase::Following,
            walk: 0,
            walk_cursor: None,
            walk_last_id: None,
            followed_to: None,
            poll_since: None,
            poll_cursor: None,
            poll_followed_to: None,
            newest_updated_at: None,
        };
        for _ in 0..10 {
            let mut order: Vec<usize> = (0..pages.len()).chain(0..pages.len()).collect();
            for at in (1..order.len()).rev() {
                order.swap(at, rng.below(at + 1));
            }
            for at in order {
                let write = PageWrite {
                    rows: &pages[at],
                    rejects: &[],
                    progress: &progress,
                    spent: &Spent::default(),
                    ids: &[],
                    whole: None,
                    ends: Ends::Nothing,
                    has_rejects: false,
                    has_absences: false,
                };
                commit_page(&mirror.store, &lease, &write).await.unwrap();
            }
            let newest: Vec<_> = (0..10).map(|id| version(id, 2)).collect();
            assert_eq!(mirror.rows().await, newest);
            execute(&mirror.store, "DELETE FROM imports", Vec::new())
                .await
                .unwrap();
        }
    }
}
