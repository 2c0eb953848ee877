//! Accounts, tokens, and the cache that turns keys into viewers.

use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use imports_gateway::auth::{AuthError, Key};
use imports_gateway::store::held_tokens::{HeldToken, HeldTokens};
use imports_gateway::store::token_cache::{MAX_AGE, TokenCache, ViewerError};
use imports_gateway::store::{Settings, Store, accounts, tokens};
use sea_orm::Statement;
use tokio::task::JoinHandle;

use crate::databases::{self, Database, execute, instant};
use crate::waiting::{PATIENCE, eventually, is};

const NEARLY: Duration = MAX_AGE.saturating_sub(Duration::from_millis(1));

/// An account of a name with one key that never expires.
async fn account(store: &Store, name: &str) -> (i64, Key) {
    let (id, _) = accounts::create(store, name, instant(0)).await.unwrap();
    let (_, key) = tokens::create(store, id, "", None, instant(0))
        .await
        .unwrap()
        .unwrap();
    (id, key)
}

/// What is awaited, if it comes at all.
async fn within<T>(ended: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, ended)
        .await
        .expect("a token's holder is told of its end")
}

fn refused(result: Result<imports_gateway::auth::Viewer, ViewerError>) -> AuthError {
    match result {
        Err(ViewerError::Refused(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_made_is_found_and_only_hashes_are_stored() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let (id, account_token) = accounts::create(&store, "Acme 'quoted'; --", instant(5))
            .await
            .unwrap();
        let made = tokens::create(&store, id, "ci", Some(instant(9)), instant(6))
            .await
            .unwrap();
        let (token_id, key) = made.unwrap();

        let before = store.statements();
        let (token, account) = tokens::find(&store, &key.hash()).await.unwrap().unwrap();
        assert_eq!(store.statements(), before + 1);

        assert_eq!((account.id, account.name.as_str()), (id, "Acme 'quoted'; --"));
        assert_eq!(account.token_hash, account_token.hash());
        assert_eq!(account.created_at, instant(5));
        assert_eq!(
            (token.id, token.account_id, token.name.as_str()),
            (token_id, id, "ci")
        );
        assert_eq!(token.hash, key.hash());
        assert_eq!(
            (token.created_at, token.expires_at),
            (instant(6), Some(instant(9)))
        );
        assert_eq!(token.revoked_at, None);
        assert_eq!(accounts::get(&store, id).await.unwrap(), Some(account.clone()));
        assert_eq!(accounts::list(&store).await.unwrap(), [account]);
        assert_eq!(tokens::list(&store).await.unwrap(), [token]);
    }
}

#[tokio::test]
async fn what_is_not_there_is_none() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        assert_eq!(accounts::get(&store, 1).await.unwrap(), None);
        assert!(accounts::list(&store).await.unwrap().is_empty());
        assert!(
            tokens::create(&store, 1, "", None, instant(0))
                .await
                .unwrap()
                .is_none()
        );
        assert!(tokens::list(&store).await.unwrap().is_empty());
        assert!(
            tokens::find(&store, &Key::generate().hash())
                .await
                .unwrap()
                .is_none()
        );
        assert!(!tokens::revoke(&store, 1, instant(0)).await.unwrap());
    }
}

#[tokio::test]
async fn accounts_and_tokens_are_listed_by_their_ids() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let (first, _) = account(&store, "zeta").await;
        let (second, _) = account(&store, "alpha").await;
        let listed = accounts::list(&store).await.unwrap();
        assert_eq!(
            listed.iter().map(|one| one.id).collect::<Vec<_>>(),
            [first, second]
        );
        let listed = tokens::list(&store).await.unwrap();
        assert_eq!(
            listed.iter().map(|one| one.account_id).collect::<Vec<_>>(),
            [first, second]
        );
    }
}

#[tokio::test]
async fn a_token_is_revoked_once_and_keeps_its_first_instant() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let (_, key) = account(&store, "Acme").await;
        let (_, other) = account(&store, "Bolt").await;
        let (token, _) = tokens::find(&store, &key.hash()).await.unwrap().unwrap();
        assert!(tokens::revoke(&store, token.id, instant(7)).await.unwrap());
        assert!(tokens::revoke(&store, token.id, instant(8)).await.unwrap());
        let (token, _) = tokens::find(&store, &key.hash()).await.unwrap().unwrap();
        assert_eq!(token.revoked_at, Some(instant(7)));
        let (untouched, _) = tokens::find(&store, &other.hash()).await.unwrap().unwrap();
        assert_eq!(untouched.revoked_at, None);
    }
}

#[tokio::test]
async fn an_account_needs_a_name() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        assert!(accounts::create(&store, "", instant(0)).await.is_err());
        assert!(accounts::list(&store).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn each_key_leads_to_its_own_account_alone() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let (id, account_token) = accounts::create(&store, "Acme", instant(0)).await.unwrap();
        let (token_id, key) = tokens::create(&store, id, "", None, instant(0))
            .await
            .unwrap()
            .unwrap();
        let (other_id, other) = account(&store, "Bolt").await;
        let (cache, tick) = (TokenCache::new(store), Tick::now());

        let viewer = cache.viewer(&key, None, instant(0), tick).await.unwrap();
        assert_eq!((viewer.account_id(), viewer.account_name()), (id, "Acme"));
        assert_eq!(viewer.token_id(), token_id);
        let viewer = cache.viewer(&other, None, instant(0), tick).await.unwrap();
        assert_eq!((viewer.account_id(), viewer.account_name()), (other_id, "Bolt"));

        let sent = Some(account_token.reveal());
        assert!(cache.viewer(&key, sent, instant(0), tick).await.is_ok());
        let found = cache.viewer(&other, sent, instant(0), tick).await;
        assert_eq!(refused(found), AuthError::WrongAccount);
    }
}

#[tokio::test]
async fn an_answer_is_read_once_in_four_seconds_whether_the_key_is_known_or_not() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let (_, key) = account(&store, "Acme").await;
        let stranger = Key::generate();
        let (cache, tick) = (TokenCache::new(store.clone()), Tick::now());
        let before = store.statements();
        for age in [Duration::ZERO, Duration::from_secs(1), NEARLY] {
            assert!(cache.viewer(&key, None, instant(0), tick + age).await.is_ok());
            let found = cache.viewer(&stranger, None, instant(0), tick + age).await;
            assert_eq!(refused(found), AuthError::Unknown);
        }
        assert_eq!(store.statements(), before + 2);
        assert!(cache.viewer(&key, None, instant(0), tick + MAX_AGE).await.is_ok());
        let found = cache.viewer(&stranger, None, instant(0), tick + MAX_AGE).await;
        assert_eq!(refused(found), AuthError::Unknown);
        assert_eq!(store.statements(), before + 4);
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_once_the_answer_is_four_seconds_old() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let (_, key) = account(&store, "Acme").await;
        let (cache, tick) = (TokenCache::new(store.clone()), Tick::now());
        let viewer = cache.viewer(&key, None, instant(0), tick).await.unwrap();
        assert!(
            tokens::revoke(&store, viewer.token_id(), instant(1))
                .await
                .unwrap()
        );
        let found = cache.viewer(&key, None, instant(1), tick + MAX_AGE).await;
        assert_eq!(refused(found), AuthError::Revoked);
        // A process that had not met the key refuses it at once.
        let found = TokenCache::new(store).viewer(&key, None, instant(1), tick).await;
        assert_eq!(refused(found), AuthError::Revoked);
    }
}

#[tokio::test]
async fn expiry_is_checked_each_time_however_fresh_the_answer_is() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let (id, _) = account(&store, "Acme").await;
        let made = tokens::create(&store, id, "", Some(instant(100)), instant(0))
            .await
            .unwrap();
        let (cache, tick, (_, key)) = (TokenCache::new(store), Tick::now(), made.unwrap());
        assert!(cache.viewer(&key, None, instant(99), tick).await.is_ok());
        let found = cache.viewer(&key, None, instant(100), tick).await;
        assert_eq!(refused(found), AuthError::Expired);
    }
}

#[tokio::test]
async fn requests_for_one_key_at_once_share_a_statement() {
    for database in databases::fresh().await {
        let (store, key, busy) = with_one_busy_connection(&database).await;
        let (cache, tick) = (TokenCache::new(store.clone()), Tick::now());
        let before = store.statements();
        let mut all = join_all((0..50).map(|_| cache.viewer(&key, None, instant(0), tick)));
        tokio::select! {
            biased;
            found = &mut all => panic!("without a connection: {found:?}"),
            () = std::future::ready(()) => {}
        }
        busy.abort();
        assert!(all.await.iter().all(Result::is_ok));
        assert_eq!(store.statements(), before + 1);
    }
}

#[tokio::test]
async fn what_is_held_is_asked_for_together_and_told_of_its_end() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let (account_id, account_token) = accounts::create(&store, "A", instant(0)).await.unwrap();
        let make = async |expires_at| {
            let made = tokens::create(&store, account_id, "", expires_at, instant(0)).await;
            made.unwrap().unwrap().0
        };
        let (kept, revoked, expired, gone) = (
            make(None).await,
            make(None).await,
            make(Some(instant(9))).await,
            make(None).await,
        );
        let held = HeldTokens::new(store.clone());
        let hold = |id| held.hold(id, account_id, None);
        let mut keeping: Vec<_> = (0..100).map(|_| hold(kept)).collect();
        keeping.push(held.hold(kept, account_id, Some(account_token.reveal().into())));
        let mut ending = vec![hold(revoked), hold(revoked), hold(expired), hold(gone)];
        // Of another account, and with another account's token.
        ending.push(held.hold(kept, account_id + 1, None));
        let (_, other) = accounts::create(&store, "B", instant(0)).await.unwrap();
        ending.push(held.hold(kept, account_id, Some(other.reveal().into())));

        let before = store.statements();
        assert!(tokens::revoke(&store, revoked, instant(1)).await.unwrap());
        let delete = format!("DELETE FROM api_tokens WHERE id = {gone}");
        assert_eq!(execute(&store, &delete, vec![]).await, Ok(1));
        let ended = join_all(ending.iter_mut().map(HeldToken::ended));
        within(ended).await;
        for one in &mut keeping {
            assert!(one.ended().now_or_never().is_none());
        }
        // Each would have asked by itself.
        let asked = store.statements() - before;
        assert!((1..10).contains(&asked), "{asked}");

        // Nobody is asked for any more where nothing is held, and who comes then is told, too.
        drop((keeping, ending));
        eventually("the end of what asks", async || is(Arc::strong_count(&held), &1)).await;
        let mut last = held.hold(revoked, account_id, None);
        within(last.ended()).await;
    }
}

#[tokio::test]
async fn a_request_that_gives_up_leaves_nothing_behind() {
    for database in databases::fresh().await {
        let (store, key, busy) = with_one_busy_connection(&database).await;
        let (cache, tick) = (TokenCache::new(store.clone()), Tick::now());
        let before = store.statements();
        for _ in 0..20 {
            tokio::select! {
                biased;
                found = cache.viewer(&key, None, instant(0), tick) => panic!("without a connection: {found:?}"),
                () = std::future::ready(()) => {}
            }
        }
        busy.abort();
        assert!(cache.viewer(&key, None, instant(0), tick).await.is_ok());
        // Each began anew, as nobody waited for the one before.
        assert_eq!(store.statements(), before + 21);
    }
}

#[tokio::test]
async fn a_waiter_takes_over_from_the_request_that_gave_up() {
    for database in databases::fresh().await {
        let (store, key, busy) = with_one_busy_connection(&database).await;
        let (cache, tick) = (TokenCache::new(store.clone()), Tick::now());
        let before = store.statements();
        let mut first = Box::pin(cache.viewer(&key, None, instant(0), tick));
        let mut second = Box::pin(cache.viewer(&key, None, instant(0), tick));
        tokio::select! {
            biased;
            found = &mut first => panic!("without a connection: {found:?}"),
            found = &mut second => panic!("without a connection: {found:?}"),
            () = std::future::ready(()) => {}
        }
        drop(first);
        busy.abort();
        assert!(second.await.is_ok());
        assert_eq!(store.statements(), before + 1);
    }
}

/// A store with a key, whose only connection is taken, so that no look-up can end.
async fn with_one_busy_connection(database: &Database) -> (Store, Key, JoinHandle<()>) {
    let (_, key) = account(&database.migrated().await, "Acme").await;
    let settings = Settings {
        max_connections: 1,
        acquire_timeout: Duration::from_secs(60),
        statement_timeout: Duration::from_secs(60),
        ..Settings::new(&database.url)
    };
    let store = Store::open(&settings).await.unwrap();
    let statement = Statement::from_string(store.backend(), ENDLESS);
    let endless = imports_gateway::store::statement_kind::Named {
        kind: imports_gateway::store::statement_kind::StatementKind::Page,
        statement,
    };
    let reader = store.clone();
    let busy = tokio::spawn(async move {
        let _ = reader.rows(endless).await;
    });
    eventually("the only connection taken", async || {
        let pool = store.pool();
        is(pool.open as usize - pool.idle, &1)
    })
    .await;
    (store, key, busy)
}

const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE i < 0";

#[tokio::test]
async fn while_the_database_is_away_nothing_older_than_four_seconds_is_used() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let (_, key) = account(&store, "Acme").await;
        let (cache, tick) = (TokenCache::new(store.clone()), Tick::now());
        assert!(cache.viewer(&key, None, instant(0), tick).await.is_ok());
        store.close().await.unwrap();
        assert!(cache.viewer(&key, None, instant(0), tick + NEARLY).await.is_ok());
        let found = cache.viewer(&key, None, instant(0), tick + MAX_AGE).await;
        assert!(matches!(found, Err(ViewerError::Store(_))), "{found:?}");
    }
}

#[tokio::test]
async fn waiters_share_a_failure_and_it_is_not_remembered() {
    let mut settings = Settings::new("postgres://nobody@127.0.0.1:1/none");
    settings.acquire_timeout = Duration::from_millis(50);
    let store = Store::open(&settings).await.unwrap();
    let (cache, tick, key) = (TokenCache::new(store.clone()), Tick::now(), Key::generate());
    for round in 1..=2 {
        let found = join_all((0..50).map(|_| cache.viewer(&key, None, instant(0), tick))).await;
        assert!(found.iter().all(|one| matches!(one, Err(ViewerError::Store(_)))));
        assert_eq!(store.statements(), round);
    }
}

#[tokio::test]
async fn hashes_have_32_bytes_and_no_two_tokens_share_one() {
    for database in databases::fresh().await {
        let store = database.migrated().await;
        let (id, key) = account(&store, "Acme").await;
        let text = "INSERT INTO api_tokens (account_id, name, hash, created_at) SELECT $1, '', $2, created_at
                    FROM accounts";
        let twice = execute(&store, text, vec![id.into(), key.hash().to_vec().into()]).await;
        assert!(twice.unwrap_err().to_lowercase().contains("unique"));
        let short = execute(&store, text, vec![id.into(), vec![0_u8; 31].into()]).await;
        assert!(short.unwrap_err().to_lowercase().contains("check"));
    }
}
