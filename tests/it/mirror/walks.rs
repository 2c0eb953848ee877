//! The three walks: the first, polls for changes, and those that find what is gone.

use std::sync::{Arc, Mutex};

use entity::{Instant, imports};

use super::proxy::Act;
use super::{Mirror, Upstream};
use crate::app::row;
use crate::databases::{execute, instant};

const ONCE: &str = "--once --rate off --lease 1s";
/// Every run walks over everything.
const WALKING: &str = "--once --rate off --lease 1s --reconcile-every 1s --overlap 1s";

fn micros(row: &imports::Model) -> i64 {
    row.updated_at.micros()
}

#[tokio::test]
async fn a_mirror_becomes_what_its_upstream_is_and_follows_it() {
    for mirror in Mirror::on_each().await {
        let upstream = Upstream::with(1_234).await;
        assert!(
            mirror
                .done(&upstream, ONCE)
                .contains("1234 stored, 0 passed over")
        );
        mirror.assert_same(&upstream).await;
        // Nothing new is one request, and writes no row.
        upstream.proxy.forget();
        assert_eq!(
            mirror.done(&upstream, "--once --rate off --overlap 1s"),
            "1 pages: 0 stored, 0 passed over as older, 0 removed, 0 refused\n"
        );
        assert_eq!(upstream.proxy.seen().len(), 1);
        let mut changed = upstream.rows().await;
        changed.retain(|row| row.id % 5 == 0);
        let now = Instant::now();
        changed
            .iter_mut()
            .for_each(|row| (row.note, row.updated_at) = (Some("new".to_owned()), now));
        upstream.put(&changed).await;
        mirror.done(&upstream, ONCE);
        mirror.assert_same(&upstream).await;
        let status = mirror.status();
        assert_eq!(
            (status["PHASE"].as_str(), status["COMPLETE"].as_str()),
            ("following", "yes")
        );
        assert_eq!((status["ERROR"].as_str(), status["HOLDER"].as_str()), ("-", "-"));
    }
}

#[tokio::test]
async fn thousands_of_changes_at_one_instant_are_all_followed() {
    let upstream = Upstream::with(0).await;
    let at = |ids: std::ops::Range<i64>, micros: i64| {
        let rows = ids.map(|id| imports::Model {
            updated_at: instant(micros),
            ..row(1, id)
        });
        rows.collect::<Vec<_>>()
    };
    let tie = 1_800_000_000_000_000;
    upstream.put(&at(1..1_501, tie)).await;
    for mirror in Mirror::on_each().await {
        // Three pages at a time: a poll goes on in the midst of the tie.
        let options = format!("{ONCE} --max-pages 3 --overlap 1s");
        for _ in 0..12 {
            mirror.done(&upstream, &options);
        }
        mirror.assert_same(&upstream).await;
    }
    // Those that come later, at the very instant of the newest: `>=`, not `>`.
    for (mirror, first) in Mirror::on_each().await.into_iter().zip([2_000, 4_000]) {
        mirror.done(&upstream, ONCE);
        upstream.put(&at(first..first + 1_001, tie)).await;
        mirror.done(&upstream, &ONCE.replace("--once", "--once --overlap 1s"));
        mirror.assert_same(&upstream).await;
    }
}

#[tokio::test]
async fn what_becomes_visible_late_is_found_within_the_overlap() {
    let upstream = Upstream::with(300).await;
    for (mirror, id) in Mirror::on_each()
        .await
        .into_iter()
        .zip([7_000_000_001, 7_000_000_101])
    {
        mirror.done(&upstream, ONCE);
        let newest = upstream.rows().await.iter().map(micros).max().unwrap();
        let later = |id, seconds: i64| imports::Model {
            updated_at: instant(newest + seconds * 1_000_000),
            ..row(1, id)
        };
        // Exactly as late as the overlap allows: `>=`, not `>`.
        upstream.put(&[later(id + 2, -60)]).await;
        mirror.done(&upstream, &format!("{ONCE} --overlap 1m"));
        mirror.assert_same(&upstream).await;
        upstream.put(&[later(id, 100)]).await;
        mirror.done(&upstream, ONCE);
        // A transaction that began a minute before, and ends only now.
        upstream.put(&[later(id + 1, 40)]).await;
        mirror.done(&upstream, "--once --rate off --overlap 2m");
        mirror.assert_same(&upstream).await;
        upstream.remove(&[id, id + 1, id + 2]).await;
    }
}

#[tokio::test]
async fn a_row_that_moves_while_it_is_read_is_not_lost() {
    for mirror in Mirror::on_each().await {
        let upstream = Arc::new(Upstream::with(950).await);
        let (writer, runtime) = (Arc::clone(&upstream), tokio::runtime::Handle::current());
        let moved = Mutex::new(0);
        // Behind each page a row that was read moves to the end, and one that was not comes to the front of its id.
        upstream.proxy.act(move |_| {
            let mut moved = moved.lock().unwrap();
            *moved += 1;
            let (count, writer) = (*moved, Arc::clone(&writer));
            if count < 40 {
                let task = runtime.spawn(async move {
                    let rows = writer.rows().await;
                    let now = Instant::now();
                    let picked = [rows[count * 7 % 90].clone(), rows[rows.len() - 1 - count].clone()];
                    let changed = picked.map(|row| imports::Model {
                        note: Some(format!("moved {count}")),
                        updated_at: now,
                        ..row
                    });
                    writer.put(&changed).await;
                });
                while !task.is_finished() {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
            }
            Act::Pass
        });
        let mut child = mirror.command(&upstream, ONCE);
        let done = tokio::task::spawn_blocking(move || crate::waiting::output(&mut child))
            .await
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        mirror.assert_same(&upstream).await;
        upstream.proxy.act(|_| Act::Pass);
    }
}

#[tokio::test]
async fn what_changes_behind_the_first_walk_is_found_by_the_first_poll() {
    for mirror in Mirror::on_each().await {
        let upstream = Arc::new(Upstream::with(350).await);
        mirror.done(&upstream, &format!("{ONCE} --max-pages 2"));
        let mut rows = upstream.rows().await;
        let newest = rows.iter().map(micros).max().unwrap();
        // One that was read already, and, much later, one that was not.
        for (at, seconds) in [(5, 10), (340, 100_000)] {
            let row = &mut rows[at];
            (row.note, row.updated_at) = (Some("later".to_owned()), instant(newest + seconds * 1_000_000));
            upstream.put(std::slice::from_ref(row)).await;
        }
        mirror.done(&upstream, &format!("{ONCE} --overlap 1s"));
        mirror.assert_same(&upstream).await;
    }
}

#[tokio::test]
async fn what_two_walks_in_a_row_do_not_find_is_removed_and_half_a_walk_removes_nothing() {
    let upstream = Upstream::with(620).await;
    for mirror in Mirror::on_each().await {
        mirror.done(&upstream, ONCE);
        pause();
        let before = upstream.rows().await;
        let gone: Vec<i64> = before.iter().map(|row| row.id).step_by(50).collect();
        upstream.remove(&gone).await;
        assert!(mirror.done(&upstream, WALKING).contains("0 removed"), "one walk");
        pause();
        // The poll takes one page, the walk goes on for three of its seven.
        assert!(
            mirror
                .done(&upstream, &format!("{WALKING} --max-pages 4"))
                .contains("0 removed"),
            "half a walk"
        );
        assert_eq!(mirror.rows().await.len(), before.len());
        assert_eq!(mirror.status()["PHASE"], "reconciling");
        // One of those is there again before the second walk ends.
        let back: Vec<_> = before.iter().filter(|row| row.id == gone[1]).cloned().collect();
        let now = Instant::now();
        upstream
            .put(
                &back
                    .iter()
                    .map(|row| imports::Model {
                        updated_at: now,
                        ..row.clone()
                    })
                    .collect::<Vec<_>>(),
            )
            .await;
        let done = mirror.done(&upstream, WALKING);
        assert!(done.contains(&format!("{} removed", gone.len() - 1)), "{done}");
        mirror.assert_same(&upstream).await;
        assert_eq!(mirror.status()["REMOVED"], (gone.len() - 1).to_string());
    }
}

/// Until a walk is due again.
fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(1_010));
}

#[tokio::test]
async fn a_page_that_lacks_rows_once_removes_nothing() {
    let upstream = Upstream::with(410).await;
    for mirror in Mirror::on_each().await {
        mirror.done(&upstream, ONCE);
        for _ in 0..3 {
            pause();
            // The upstream ends its list early, one walk of two.
            upstream.proxy.act(
                |seen| match seen.query.contains("sort%5Bid%5D=asc&start_cursor") {
                    true => Act::Change(Box::new(|_| r#"{"records": [], "next_cursor": null}"#.to_owned())),
                    false => Act::Pass,
                },
            );
            assert!(mirror.done(&upstream, WALKING).contains(" 0 removed"));
            pause();
            upstream.proxy.act(|_| Act::Pass);
            assert!(mirror.done(&upstream, WALKING).contains(" 0 removed"));
            mirror.assert_same(&upstream).await;
        }
    }
}

#[tokio::test]
async fn a_row_that_is_older_upstream_is_taken_back_by_the_second_walk_in_a_row() {
    let upstream = Upstream::with(120).await;
    for mirror in Mirror::on_each().await {
        mirror.done(&upstream, ONCE);
        // The upstream's clock was an hour ahead, and is right again.
        let mut row = upstream.rows().await[10].clone();
        let newest = upstream.rows().await.iter().map(micros).max().unwrap();
        (row.note, row.updated_at) = (Some("ahead".to_owned()), instant(newest + 3_600_000_000));
        upstream.put(std::slice::from_ref(&row)).await;
        mirror.done(&upstream, ONCE);
        let earlier = instant(newest + 60_000_000);
        let text = format!(
            "UPDATE imports SET note = 'right', updated_at = {} WHERE id = {}",
            earlier.micros(),
            row.id
        );
        assert_eq!(execute(&upstream.store, &text, Vec::new()).await, Ok(1));
        pause();
        mirror.done(&upstream, WALKING);
        let note = mirror.rows().await[10].note.clone();
        assert_eq!(note.as_deref(), Some("ahead"), "one walk decides nothing");
        pause();
        mirror.done(&upstream, WALKING);
        mirror.assert_same(&upstream).await;
    }
}

#[tokio::test]
async fn a_cursor_that_the_upstream_forgets_begins_the_walk_again() {
    let upstream = Upstream::with(450).await;
    for mirror in Mirror::on_each().await {
        mirror.done(&upstream, &format!("{ONCE} --max-pages 2"));
        assert_eq!(mirror.rows().await.len(), 200);
        let refused = Mutex::new(0);
        upstream.proxy.act(move |seen| {
            let mut refused = refused.lock().unwrap();
            if seen.query.contains("start_cursor") && *refused == 0 {
                *refused += 1;
                return super::proxy::answer(
                    "400 Bad Request",
                    "",
                    r#"{"errors": {"start_cursor": ["unknown"]}}"#,
                );
            }
            Act::Pass
        });
        mirror.done(&upstream, ONCE);
        mirror.assert_same(&upstream).await;
    }
}

#[tokio::test]
async fn the_change_feed_tells_of_what_has_changed_and_of_nothing_else() {
    let upstream = Upstream::with(230).await;
    for mirror in Mirror::on_each().await {
        let notes = async || {
            let text = "SELECT import_id FROM import_changes WHERE import_id IS NOT NULL";
            let statement = sea_orm::Statement::from_string(mirror.store.backend(), text);
            sea_orm::ConnectionTrait::query_all_raw(mirror.store.database(), statement)
                .await
                .unwrap()
                .len()
        };
        mirror.done(&upstream, ONCE);
        assert_eq!(notes().await, 230);
        pause();
        // Everything is read again, by the poll and by a walk.
        mirror.done(
            &upstream,
            "--once --rate off --overlap 3650d --reconcile-every 1s",
        );
        assert_eq!(notes().await, 230);
    }
}
