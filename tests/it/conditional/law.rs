//! The law: what a tag was given with is what is there whenever that tag is answered by 304.
//!
//! Random writes, in transactions that stay open for a while, are rolled back or commit late where the database has such; between
//! them every target is asked for, once without a tag and once with each of the last ones. No two states look alike, as each
//! write leaves a number of its own.

use std::collections::VecDeque;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, TransactionTrait as _};

use super::{COUNTS, GRAPHQL, LIST, Service, header, is_sqlite, service};
use crate::databases;
use crate::rng::Rng;
use imports_gateway::store::{Store, changes};

const STEPS: usize = 300;
/// How many tags of a target are remembered.
const TAGS: usize = 6;
/// The rows that are written to.
const ROWS: usize = 12;

/// What a client had of a target, by tag.
type Had = VecDeque<(String, Vec<u8>)>;

#[tokio::test]
async fn no_tag_is_answered_by_304_once_the_answer_is_another_one() {
    for database in databases::fresh().await {
        let writers = database.migrated().await;
        let service = service(database, &[]).await;
        let mut rng = Rng::new(18);
        let mut open = Vec::new();
        let mut had = [LIST, COUNTS, GRAPHQL].map(|target| (target, Had::new()));
        let (mut same, mut other) = (0, 0);
        for step in 0..STEPS {
            step_of(&service, &writers, &mut open, &mut rng, step).await;
            for (target, had) in &mut had {
                let now = service.get(target, &[]).await;
                assert_eq!(now.status, 200);
                for (tag, body) in had.iter() {
                    let again = service.get(target, &[tag]).await;
                    if again.status == 304 {
                        same += 1;
                        assert_eq!(*body, now.body, "step {step}: {target} {tag}");
                    } else {
                        other += 1;
                        assert_eq!(again.body, now.body, "step {step}: nobody else writes");
                    }
                }
                if let Some(tag) = header(&now, "etag") {
                    had.push_back((tag.to_owned(), now.body.to_vec()));
                    while had.len() > TAGS {
                        had.pop_front();
                    }
                }
            }
        }
        // Both happen often enough for the law to say something.
        assert!(same > STEPS / 4 && other > STEPS, "{same} {other}");
    }
}

/// Writes something, or begins, commits or rolls back a transaction.
async fn step_of(
    service: &Service,
    writers: &Store,
    open: &mut Vec<DatabaseTransaction>,
    rng: &mut Rng,
    step: usize,
) {
    let account = if rng.one_in(3) {
        service.theirs.id
    } else {
        service.mine.id
    };
    let id = 1 + rng.below(ROWS);
    let at = databases::literal(writers, 1_790_000_000_000_000 + step as i64);
    let text = match rng.below(6) {
        0 => format!("DELETE FROM imports WHERE account_id = {account} AND id = {id}"),
        1 => format!("UPDATE imports SET note = 'all {step}' WHERE account_id = {account}"),
        2 => format!(
            "UPDATE imports SET note = 'moved {step}', id = {} WHERE account_id = {account} AND id = {id}",
            100 + step
        ),
        _ => format!(
            "INSERT INTO imports (account_id, id, file_name, file_size, type, status, created_at, updated_at, note) VALUES \
             ({account}, {id}, 'f', 1, 'VehicleImport', 'new', {at}, {at}, 'new {step}') \
             ON CONFLICT (account_id, id) DO UPDATE SET note = 'again {step}', updated_at = excluded.updated_at"
        ),
    };
    let most_open = if is_sqlite(&service.app) { 0 } else { 3 };
    match rng.below(10) {
        // Nothing: what was answered is the same.
        0..3 => {}
        3 | 4 if open.len() < most_open => {
            let transaction = writers.database().begin().await.unwrap();
            transaction.execute_unprepared(super::MAY_IDLE).await.unwrap();
            // Rows of its own: none waits for another.
            let own = format!(
                "INSERT INTO imports (account_id, id, file_name, file_size, type, status, created_at, updated_at) VALUES \
                 ({account}, {}, 'f', 1, 'VehicleImport', 'failed', {at}, {at})",
                1000 + step
            );
            transaction.execute_unprepared(&own).await.unwrap();
            open.push(transaction);
        }
        5 if !open.is_empty() => {
            let late = open.remove(rng.below(open.len()));
            late.commit().await.unwrap();
        }
        6 if !open.is_empty() => {
            let late = open.remove(rng.below(open.len()));
            late.rollback().await.unwrap();
        }
        7 => {
            changes::trim::<entity::imports::Model>(writers, Duration::ZERO, 1 + rng.below(50))
                .await
                .unwrap();
        }
        8 if rng.one_in(4) => changes::expire::<entity::imports::Model>(writers, Some(account))
            .await
            .unwrap(),
        _ => writers
            .database()
            .execute_unprepared(&text)
            .await
            .map(drop)
            .unwrap(),
    }
}
