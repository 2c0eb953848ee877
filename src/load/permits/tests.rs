//! What `permits` promises.

use std::pin::Pin;
use std::task::Poll;

use futures_util::poll;

use super::*;

type Acquiring = Pin<Box<dyn Future<Output = Result<Permit, Overloaded>>>>;

fn permits(running: usize, waiting: usize) -> Permits {
    Permits::new(PermitLimits {
        running,
        waiting,
        wait: Duration::from_secs(600),
    })
}

/// A request that stands in the queue, or is refused at once.
async fn queued(permits: &Permits, account: i64) -> Result<Acquiring, Overloaded> {
    let permits = permits.clone();
    let mut acquiring: Acquiring = Box::pin(async move { permits.acquire(account).await });
    match poll!(&mut acquiring) {
        Poll::Pending => Ok(acquiring),
        Poll::Ready(result) => Err(result.expect_err("no permit is free")),
    }
}

async fn is_running(acquiring: &mut Acquiring) -> Option<Permit> {
    match poll!(acquiring) {
        Poll::Ready(result) => Some(result.expect("not refused")),
        Poll::Pending => None,
    }
}

#[tokio::test]
async fn a_permit_comes_back_when_it_is_dropped() {
    let permits = permits(2, 0);
    let first = permits.acquire(1).await.expect("free");
    let _second = permits.acquire(1).await.expect("free");
    assert_eq!((permits.running(), permits.waiting()), (2, 0));
    assert_eq!(permits.acquire(1).await.expect_err("full"), Overloaded);
    drop(first);
    assert_eq!(permits.running(), 1);
    assert!(permits.acquire(1).await.is_ok());
}

#[tokio::test]
async fn one_that_waits_gets_the_permit_that_is_dropped() {
    let permits = permits(1, 1);
    let running = permits.acquire(1).await.expect("free");
    let mut next = queued(&permits, 1).await.expect("room to wait");
    assert_eq!(permits.waiting(), 1);
    assert!(queued(&permits, 1).await.is_err());
    drop(running);
    let _permit = is_running(&mut next).await.expect("its turn");
    assert_eq!((permits.running(), permits.waiting()), (1, 0));
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_refused_and_leaves_the_queue() {
    let permits = Permits::new(PermitLimits {
        running: 1,
        waiting: 1,
        wait: Duration::from_millis(5),
    });
    let _running = permits.acquire(1).await.expect("free");
    assert_eq!(permits.acquire(1).await.expect_err("too long"), Overloaded);
    assert_eq!((permits.running(), permits.waiting()), (1, 0));
}

#[tokio::test]
async fn one_that_goes_away_leaves_the_queue_to_the_others() {
    let permits = permits(1, 3);
    let running = permits.acquire(1).await.expect("free");
    let gone = queued(&permits, 1).await.expect("room to wait");
    let mut stays = queued(&permits, 2).await.expect("room to wait");
    drop(gone);
    assert_eq!(permits.waiting(), 1);
    drop(running);
    assert!(is_running(&mut stays).await.is_some());
}

#[tokio::test]
async fn a_permit_handed_to_one_that_goes_away_is_not_lost() {
    let permits = permits(1, 3);
    let running = permits.acquire(1).await.expect("free");
    let handed = queued(&permits, 1).await.expect("room to wait");
    let mut next = queued(&permits, 1).await.expect("room to wait");
    drop(running);
    drop(handed);
    let permit = is_running(&mut next).await.expect("its turn");
    drop(permit);
    assert_eq!((permits.running(), permits.waiting()), (0, 0));
}

#[tokio::test]
async fn a_permit_passes_over_one_that_has_just_given_up() {
    let permits = permits(1, 3);
    let running = permits.acquire(1).await.expect("free");
    let (_, given_up) = permits.0.lock().push(1);
    drop(given_up);
    let mut next = queued(&permits, 2).await.expect("room to wait");
    drop(running);
    let permit = is_running(&mut next).await.expect("its turn");
    drop(permit);
    assert_eq!((permits.running(), permits.waiting()), (0, 0));
}

#[tokio::test]
async fn accounts_take_turns_whatever_each_has_queued() {
    let permits = permits(1, 16);
    let mut running = permits.acquire(1).await.expect("free");
    let mut waiting = Vec::new();
    for account in [1, 1, 1, 2, 3, 2] {
        waiting.push((account, queued(&permits, account).await.expect("room to wait")));
    }
    let mut order = Vec::new();
    while !waiting.is_empty() {
        drop(running);
        let mut next = None;
        for (place, (_, acquiring)) in waiting.iter_mut().enumerate() {
            if let Some(permit) = is_running(acquiring).await {
                assert!(next.replace((place, permit)).is_none(), "one permit, one request");
            }
        }
        let (place, permit) = next.expect("somebody runs");
        order.push(waiting.remove(place).0);
        running = permit;
    }
    assert_eq!(order, [1, 2, 3, 1, 2, 1]);
}

#[tokio::test]
async fn a_full_queue_makes_room_at_the_cost_of_the_account_with_most_in_it() {
    let permits = permits(1, 4);
    let running = permits.acquire(1).await.expect("free");
    let mut flood = Vec::new();
    for _ in 0..4 {
        flood.push(queued(&permits, 1).await.expect("room to wait"));
    }
    assert!(queued(&permits, 1).await.is_err());
    let _second = queued(&permits, 2).await.expect("room is made");
    let _other = queued(&permits, 2).await.expect("room is made");
    assert!(queued(&permits, 2).await.is_err(), "both have as much");
    assert_eq!(permits.waiting(), 4);
    let refused = [flood.pop(), flood.pop()];
    for newest in refused.into_iter().flatten() {
        assert_eq!(newest.await.expect_err("sent away"), Overloaded);
    }
    drop(running);
    assert!(is_running(&mut flood[0]).await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_permit_is_lost_or_doubled_under_contention() {
    let permits = Permits::new(PermitLimits {
        running: 3,
        waiting: 8,
        wait: Duration::from_micros(50),
    });
    let tasks: Vec<_> = (0..16)
        .map(|account| {
            let permits = permits.clone();
            tokio::spawn(async move {
                for _ in 0..200 {
                    let permit = permits.acquire(account % 3).await;
                    assert!(permits.running() <= 3);
                    tokio::task::yield_now().await;
                    drop(permit);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no task fails");
    }
    assert_eq!((permits.running(), permits.waiting()), (0, 0));
    assert!(permits.0.lock().by_account.is_empty() && permits.0.lock().turns.is_empty());
}
