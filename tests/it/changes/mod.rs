//! The change feed: what writers leave in it, and what those who listen are told.

mod followers;
mod graphql;
mod outages;
mod stream;
mod websocket;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use entity::imports;
use imports_gateway::changes::{ChangesCursor, Ended, Event, Feed, FeedSettings, Subscriber};
use imports_gateway::resources::imports::Column;
use imports_gateway::store::Store;
use imports_gateway::store::changes::{self, Note, Old, Scope};
use imports_gateway::store::query::table::Fields;
use keyset::{Filter, Value};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, TransactionTrait as _};

use crate::databases::{self, Database, execute, literal};
use crate::gauntlet;
use crate::waiting::{self, PATIENCE};

const SETTINGS: FeedSettings = FeedSettings {
    interval: Duration::from_millis(20),
    retention: Duration::from_secs(86_400),
};

/// A fresh database of each kind, each with a store.
async fn stores() -> Vec<(Store, Database)> {
    let mut stores = Vec::new();
    for database in databases::fresh().await {
        stores.push((database.migrated().await, database));
    }
    stores
}

/// Runs a statement of an application.
async fn write(store: &Store, text: &str) {
    execute(store, text, Vec::new())
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
}

/// An import's row as SQL.
fn values(store: &Store, account_id: i64, id: i64, status: &str) -> String {
    let at = literal(store, 1_790_000_000_000_000 + id * 1_000_000);
    format!("({account_id}, {id}, 'file {id}.csv', 1, 'VehicleImport', '{status}', {at}, {at})")
}

const INTO: &str =
    "INTO imports (account_id, id, file_name, file_size, type, status, created_at, updated_at) VALUES";

/// Everything that was noted behind a point.
async fn noted(store: &Store, from: changes::Point) -> Vec<Note<imports::Model>> {
    let notes = changes::after::<imports::Model>(store, from, Scope::All, 1000)
        .await
        .unwrap();
    assert!(notes.is_known);
    notes.notes
}

/// A note as text: account, id and what the row was.
fn shown(note: &Note<imports::Model>) -> String {
    let old = match &note.old {
        Old::Absent => "absent",
        Old::Row(old) => old.status.name(),
        Old::Unreadable => "unreadable",
    };
    let number = |number: Option<i64>| number.map_or("-".to_owned(), |number| number.to_string());
    format!("{}/{} {old}", number(note.account_id), number(note.id))
}

/// The newest point, once it is the place of the last thing written.
async fn newest(store: &Store) -> changes::Point {
    changes::newest::<imports::Model>(store).await.unwrap().notes[0].point
}

/// Waits until nothing that was written can be preceded any more: other databases of the cluster may hold the horizon.
async fn noted_in_time(store: &Store, from: changes::Point, count: usize) -> Vec<String> {
    let what = format!("{count} notes");
    let found = waiting::eventually(&what, async || {
        let found = noted(store, from).await;
        if found.len() >= count {
            Ok(found)
        } else {
            Err(format!("{found:?}"))
        }
    });
    found.await.iter().map(shown).collect()
}

#[tokio::test]
async fn whatever_an_application_writes_is_noted_with_what_it_was() {
    for (store, _database) in stores().await {
        let is_sqlite = store.backend() == DbBackend::Sqlite;
        let from = newest(&store).await;
        let row = |id, status| values(&store, 7, id, status);
        let mut expected = Vec::new();
        let mut step = async |text: String, notes: &[&str]| {
            write(&store, &text).await;
            expected.extend(notes.iter().map(|note| (*note).to_owned()));
            assert_eq!(
                noted_in_time(&store, from, expected.len()).await,
                expected,
                "{text}"
            );
        };
        step(
            format!("INSERT {INTO} {}, {}", row(1, "new"), row(2, "queued")),
            &["7/1 absent", "7/2 absent"],
        )
        .await;
        step(
            "UPDATE imports SET status = 'failed' WHERE id = 1".to_owned(),
            &["7/1 new"],
        )
        .await;
        step("UPDATE imports SET note = 'x' WHERE id > 100".to_owned(), &[]).await;
        let upsert = format!(
            "INSERT {INTO} {} ON CONFLICT (account_id, id) DO UPDATE SET status = excluded.status",
            row(1, "complete")
        );
        // Noted before the insert turns into an update, and once more there.
        let notes: &[&str] = if is_sqlite {
            &["7/1 failed", "7/1 failed"]
        } else {
            &["7/1 failed"]
        };
        step(upsert, notes).await;
        let moved = ["7/9 absent", "7/2 queued"];
        step("UPDATE imports SET id = 9 WHERE id = 2".to_owned(), &moved).await;
        step("DELETE FROM imports WHERE id = 9".to_owned(), &["7/9 queued"]).await;
        if is_sqlite {
            step(
                format!("INSERT OR REPLACE {INTO} {}", row(1, "new")),
                &["7/1 complete"],
            )
            .await;
            step(
                format!("INSERT OR IGNORE {INTO} {}", row(1, "failed")),
                &["7/1 new"],
            )
            .await;
            step(format!("INSERT {INTO} {}", row(3, "queued")), &["7/3 absent"]).await;
            step(
                "UPDATE OR REPLACE imports SET id = 3 WHERE id = 1".to_owned(),
                &["7/3 queued", "7/1 new"],
            )
            .await;
        } else {
            step("TRUNCATE imports".to_owned(), &["-/- absent"]).await;
        }
    }
}

#[tokio::test]
async fn a_writer_needs_no_right_of_the_feed_and_its_own_names_do_not_get_in_the_way() {
    if !gauntlet::tests_on("postgresql") {
        return;
    }
    let database = databases::postgres().await;
    let store = database.migrated().await;
    let from = newest(&store).await;
    // A table of the same name in front of ours, and a function that would be called by its name alone.
    let role = format!("writer_{}", std::process::id());
    for text in [
        format!("CREATE ROLE {role}"),
        format!("GRANT INSERT, UPDATE, DELETE, SELECT ON imports TO {role}"),
        format!("GRANT ALL ON SCHEMA public TO {role}"),
    ] {
        write(&store, &text).await;
    }
    let row = values(&store, 7, 1, "new");
    let block = format!(
        "DO $$ BEGIN SET LOCAL ROLE {role};
         CREATE TEMP TABLE import_changes (account_id text); SET LOCAL search_path = pg_temp, public;
         INSERT {INTO} {row}; END $$"
    );
    write(&store, &block).await;
    assert_eq!(noted_in_time(&store, from, 1).await, ["7/1 absent"]);
    write(&store, &format!("DROP OWNED BY {role}")).await;
    write(&store, &format!("DROP ROLE {role}")).await;
}

fn is_failed() -> Filter<Column> {
    Filter {
        one_of: Some((Column::Status, vec![Value::Name("failed")])),
        ..Filter::default()
    }
}

/// The next events of a subscriber.
async fn next(subscriber: &mut Subscriber<imports::Model>) -> Result<Vec<Event<imports::Model>>, Ended> {
    tokio::time::timeout(PATIENCE, subscriber.next())
        .await
        .expect("events in time")
}

/// Applies events to what a client has.
fn apply(list: &mut BTreeMap<i64, String>, events: &[Event<imports::Model>]) {
    for event in events {
        match &event.row {
            Some(row) => list.insert(event.id, row.status.name().to_owned()),
            None => list.remove(&event.id),
        };
    }
}

async fn subscribe(
    feed: &Arc<Feed<imports::Model>>,
    after: Option<ChangesCursor>,
) -> Subscriber<imports::Model> {
    feed.subscribe(7, is_failed(), Fields::NONE, after).await.unwrap()
}

#[tokio::test]
async fn who_listens_is_told_of_what_enters_and_leaves_the_list_and_of_nothing_else() {
    for (store, _database) in stores().await {
        let feed = Feed::new(store.clone(), SETTINGS);
        let mut subscriber = subscribe(&feed, None).await;
        let mut list = BTreeMap::new();
        write(
            &store,
            &format!(
                "INSERT {INTO} {}, {}",
                values(&store, 7, 1, "new"),
                values(&store, 7, 2, "failed")
            ),
        )
        .await;
        write(
            &store,
            &format!("INSERT {INTO} {}", values(&store, 8, 3, "failed")),
        )
        .await;
        let events = next(&mut subscriber).await.unwrap();
        apply(&mut list, &events);
        assert_eq!(list, BTreeMap::from([(2, "failed".to_owned())]), "{events:?}");
        assert_eq!(events.len(), 1);
        // In the list neither before nor after; then the one that a client must hear of.
        write(&store, "UPDATE imports SET status = 'queued' WHERE id = 1").await;
        write(&store, "UPDATE imports SET status = 'complete' WHERE id = 2").await;
        let gone = next(&mut subscriber).await.unwrap();
        assert_eq!(
            gone.iter()
                .map(|event| (event.id, event.row.is_some()))
                .collect::<Vec<_>>(),
            [(2, false)]
        );
        write(&store, "UPDATE imports SET status = 'failed' WHERE id = 1").await;
        write(&store, "DELETE FROM imports WHERE id = 1").await;
        // From the first event on everything comes again to another process, as one state.
        let elsewhere = Feed::new(store.clone(), SETTINGS);
        let mut resumed = subscribe(&elsewhere, Some(events[0].cursor)).await;
        loop {
            let events = next(&mut resumed).await.unwrap();
            apply(&mut list, &events);
            if !list.contains_key(&2) && events.iter().any(|event| event.id == 1) {
                break;
            }
        }
        assert_eq!(list, BTreeMap::new());
    }
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_not_passed_by() {
    if !gauntlet::tests_on("postgresql") {
        return;
    }
    let database = databases::postgres().await;
    let (store, other) = (database.migrated().await, database.open().await);
    let feed = Feed::new(store.clone(), SETTINGS);
    let mut subscriber = subscribe(&feed, None).await;
    let late = other.database().begin().await.unwrap();
    late.execute_unprepared(&format!("INSERT {INTO} {}", values(&store, 7, 1, "failed")))
        .await
        .unwrap();
    write(
        &store,
        &format!("INSERT {INTO} {}", values(&store, 7, 2, "failed")),
    )
    .await;
    let early = tokio::time::timeout(Duration::from_millis(300), subscriber.next()).await;
    assert!(early.is_err(), "{early:?}");
    assert!(feed.age() >= Duration::from_millis(250), "{:?}", feed.age());
    // Transactions in other databases of the server may be older than it at first.
    let process = late
        .query_one_raw(Statement::from_string(
            DbBackend::Postgres,
            "SELECT pg_backend_pid()",
        ))
        .await
        .unwrap()
        .unwrap();
    let process: i32 = process.try_get_by_index(0).unwrap();
    let name = store.database().query_one_raw(Statement::from_string(
        DbBackend::Postgres,
        "SELECT current_database()::text, current_user::text",
    ));
    let name = name.await.unwrap().unwrap();
    let (database_name, user): (String, String) = (
        name.try_get_by_index(0).unwrap(),
        name.try_get_by_index(1).unwrap(),
    );
    let expected =
        format!("the transaction of process {process} of {user:?} in the database {database_name:?}");
    waiting::eventually("the late transaction is the oldest", async || {
        let holder = changes::holder(&store).await.unwrap();
        waiting::is(holder.map(|holder| holder.to_string()), &Some(expected.clone()))
    })
    .await;
    late.commit().await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(next(&mut subscriber).await.unwrap().iter().map(|event| event.id));
    }
    assert_eq!(seen, [1, 2]);
}

#[tokio::test]
async fn a_point_that_is_trimmed_or_broken_or_of_another_history_has_ended() {
    for (store, _database) in stores().await {
        let feed = Feed::new(store.clone(), SETTINGS);
        let start = feed.position().await.unwrap();
        write(
            &store,
            &format!("INSERT {INTO} {}", values(&store, 7, 1, "failed")),
        )
        .await;
        let mut subscriber = subscribe(&feed, Some(start)).await;
        let cursor = next(&mut subscriber).await.unwrap()[0].cursor;
        // Another account's break is none of ours.
        changes::expire::<imports::Model>(&store, Some(8)).await.unwrap();
        write(&store, "UPDATE imports SET note = 'x'").await;
        next(&mut subscriber).await.unwrap();
        changes::expire::<imports::Model>(&store, Some(7)).await.unwrap();
        assert!(matches!(next(&mut subscriber).await, Err(Ended::Expired)));
        let elsewhere = Feed::new(store.clone(), SETTINGS);
        let mut resumed = subscribe(&elsewhere, Some(cursor)).await;
        assert!(matches!(next(&mut resumed).await, Err(Ended::Expired)));
        // A point behind all that there is, or another note in the place of one: the database was restored to what it was before.
        let ahead = changes::Point {
            sequence: cursor.point.sequence + 1_000_000,
            transaction: cursor.point.transaction + 1_000_000,
            ..cursor.point
        };
        let after = ChangesCursor {
            point: ahead,
            ..feed.position().await.unwrap()
        };
        let refused = feed.subscribe(7, is_failed(), Fields::NONE, Some(after)).await;
        assert!(matches!(refused, Err(Ended::Expired)));
        let mut other = feed.position().await.unwrap();
        other.point.noted_at -= 1;
        let mut other = subscribe(&feed, Some(other)).await;
        assert!(matches!(other.ready().await, Err(Ended::Expired)));
        let other = ChangesCursor {
            history: cursor.history ^ 1,
            ..cursor
        };
        let refused = feed.subscribe(7, is_failed(), Fields::NONE, Some(other)).await;
        assert!(matches!(refused, Err(Ended::Expired)));

        // What is trimmed ends the points before the last note that stays.
        let kept = feed.position().await.unwrap();
        write(&store, "UPDATE imports SET note = 'y'").await;
        noted_in_time(&store, kept.point, 1).await;
        let kept = newest(&store).await;
        while changes::trim::<imports::Model>(&store, Duration::ZERO, 2)
            .await
            .unwrap()
            > 0
        {}
        let left = noted(&store, kept).await;
        assert!(left.is_empty(), "{left:?}");
        let mut late = subscribe(&Feed::new(store.clone(), SETTINGS), Some(cursor)).await;
        assert!(matches!(next(&mut late).await, Err(Ended::Expired)));
        // A note of another time in the same place is another history.
        let moved = changes::Point {
            noted_at: kept.noted_at - 1,
            ..kept
        };
        let notes = changes::after::<imports::Model>(&store, moved, Scope::All, 9)
            .await
            .unwrap();
        assert!(!notes.is_known);
    }
}

#[tokio::test]
async fn rows_that_are_too_large_to_be_read_at_once_come_one_portion_after_the_other() {
    const LARGE: i64 = 24;
    for (store, _database) in stores().await {
        let start = Feed::<imports::Model>::new(store.clone(), SETTINGS)
            .position()
            .await
            .unwrap();
        for id in 0..LARGE {
            write(
                &store,
                &format!("INSERT {INTO} {}", values(&store, 7, id, "failed")),
            )
            .await;
        }
        // Each a megabyte: all of them are six times what is read at once.
        let text = match store.backend() {
            DbBackend::Sqlite => "UPDATE imports SET note = hex(zeroblob(524288))",
            _ => "UPDATE imports SET note = repeat('y', 1048576)",
        };
        write(&store, text).await;
        noted_in_time(&store, start.point, 2 * LARGE as usize).await;
        for is_live in [false, true] {
            let feed = Feed::new(store.clone(), SETTINGS);
            let after = (!is_live).then_some(start);
            let mut subscriber = feed.subscribe(7, is_failed(), Fields::ALL, after).await.unwrap();
            if is_live {
                write(
                    &store,
                    &text.replace("note =", "file_size = file_size + 1, note ="),
                )
                .await;
            }
            let (mut seen, mut portions) = (BTreeMap::new(), 0);
            while seen.len() < LARGE as usize {
                let events = next(&mut subscriber).await.unwrap();
                let bytes: usize = events
                    .iter()
                    .map(|event| event.row.as_ref().unwrap().note.as_ref().unwrap().len())
                    .sum();
                assert!(bytes <= 8 << 20, "{} events of {bytes} bytes", events.len());
                portions += 1;
                seen.extend(events.iter().map(|event| (event.id, ())));
            }
            assert!(portions >= 3, "{portions}");
        }
    }
}
