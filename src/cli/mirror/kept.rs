//! Mirrors that are kept beside the service, each by a task of its own.
//!
//! Takes mirrors and a store; asks their upstreams until told to stop. What goes wrong with one is logged, and that one is tried
//! again: neither the others nor the service notice. Several services share the work, as a mirror's lease has one holder.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Mirrored;
use crate::mirror::run::Sync;
use crate::store::Store;

/// How long until a mirror is tried again that does not go on by itself.
const PAUSE: Duration = Duration::from_secs(60);
/// How long the leases may take to be given back.
const RELEASE_LIMIT: Duration = Duration::from_secs(3);
/// How long until the database is asked again for the account.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// Mirrors at work.
#[derive(Debug)]
pub struct Kept {
    stopping: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Tells mirrors to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    /// Tells them, without waiting for it.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Kept {
    /// Starts them.
    #[must_use]
    pub fn start(mirrors: &[Mirrored], store: &Store) -> Self {
        let (stopping, stop) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for mirror in mirrors {
            if !mirror.upstream.is_encrypted() {
                let account_id = mirror.options.account_id;
                tracing::warn!(
                    account_id,
                    "the upstream is asked without TLS: its key can be read on the way"
                );
            }
            tasks.spawn(keep(store.clone(), mirror.clone(), stop.clone()));
        }
        Self { stopping, tasks }
    }

    /// What tells them to stop.
    #[must_use]
    pub fn stop(&self) -> Stop {
        Stop(self.stopping.clone())
    }

    /// Waits until they have stopped and given their leases back.
    pub async fn ended(mut self) {
        self.stopping.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(RELEASE_LIMIT, all).await.is_err() {
            tracing::warn!("the mirrors took too long to stop: their leases end by themselves");
        }
    }
}

/// Keeps one until told to stop.
async fn keep(store: Store, mirror: Mirrored, mut stop: watch::Receiver<bool>) {
    let account_id = mirror.options.account_id;
    loop {
        let Some(reason) = run(&store, &mirror, &mut stop).await else {
            return;
        };
        let wait = match reason {
            Ended::Database => DATABASE_PAUSE,
            Ended::Because(reason) => {
                tracing::error!(account_id, reason, wait = ?PAUSE, "a mirror does not go on");
                PAUSE
            }
        };
        tokio::select! {
            _ = stop.wait_for(|is_stopping| *is_stopping) => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Why a mirror does not go on by itself.
enum Ended {
    /// The database does not say whether there is such an account.
    Database,
    Because(String),
}

/// Works until something ends it; `None` where it was told to stop. Files of keys are read anew each time.
async fn run(store: &Store, mirror: &Mirrored, stop: &mut watch::Receiver<bool>) -> Option<Ended> {
    let account_id = mirror.options.account_id;
    let has_account = tokio::select! {
        _ = stop.wait_for(|is_stopping| *is_stopping) => return None,
        has_account = store.has_account(account_id) => has_account,
    };
    match has_account {
        Ok(true) => {}
        Ok(false) => return Some(Ended::Because("there is no such account".to_owned())),
        Err(error) => {
            tracing::debug!(account_id, cause = error.reason(), "the database gives no answer");
            return Some(Ended::Database);
        }
    }
    let client = match mirror.client() {
        Ok(client) => client,
        Err(faults) => return Some(Ended::Because(faults.join("; "))),
    };
    let mut sync = Sync::new(store, client, &mirror.options, |_, _| {});
    let ended = tokio::select! {
        ended = sync.run() => Some(ended),
        _ = stop.wait_for(|is_stopping| *is_stopping) => None,
    };
    sync.release().await;
    match ended? {
        Ok(()) => Some(Ended::Because("it has come to an end".to_owned())),
        Err(error) => Some(Ended::Because(error.to_string())),
    }
}
