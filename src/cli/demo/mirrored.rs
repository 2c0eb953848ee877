//! `demo --mirror`: two services in one process. One stands for somebody else's, with imports that move; the other is its
//! mirror, which is what one looks at.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use entity::Instant;
use tokio::sync::oneshot;

use super::{ACCOUNTS, Tenant, open, welcome};
use crate::app;
use crate::cli::mirror::{self, Mirrored, Secret};
use crate::cli::output;
use crate::cli::serve::{self, Signals};
use crate::config::Config;
use crate::mirror::run::Options;
use crate::store::{Store, accounts, tokens};

/// How often the mirrors ask for changes.
const EVERY: Duration = Duration::from_secs(2);
/// The demo's imports are there as soon as they have changed.
const OVERLAP: Duration = Duration::from_secs(10);
/// How often the mirrors look for what is gone.
const RECONCILE_EVERY: Duration = Duration::from_secs(300);

/// Serves both until told to stop: `store` has the imports, a mirror of which is served as `config` says.
pub(super) async fn run(
    config: &Config,
    folder: &Path,
    store: Store,
    keys: &[Tenant],
    signals: Signals,
) -> anyhow::Result<()> {
    let theirs = {
        let mut theirs = config.clone();
        theirs.listen = "127.0.0.1:0"
            .parse()
            .map_err(|_| anyhow!("an address of our own"))?;
        theirs.metrics_listen = None;
        // What a mirror asks is within its own rate.
        theirs.limits.rate_limit = None;
        theirs
    };
    let documents = |config: &Config| app::documents(config).map_err(serve::settings_or_fault);
    let (their_documents, our_documents) = (documents(&theirs)?, documents(config)?);
    let (sender, listening) = oneshot::channel();
    let their_signals = Signals::new()?;
    let upstream = serve::serve(
        &theirs,
        their_documents,
        store,
        &[],
        their_signals,
        None,
        |address| {
            // Nobody listens any more where the mirror has failed.
            let _ = sender.send(address);
            Ok(())
        },
    );
    let mirror = async {
        let address = listening.await.context("the upstream has not come up")?;
        let store = open(config, folder, "mirror.db").await?;
        let (mirrors, tenants) = mirrors(&store, address, keys).await?;
        let first = tenants.first().map(|(.., key)| key.reveal());
        serve::serve(config, our_documents, store, &mirrors, signals, first, |ours| {
            output::print(&format!("listening on http://{ours}\n"))?;
            output::print(&welcome(ours, &tenants))?;
            output::print(&told_of_upstream(address, keys))
        })
        .await
    };
    tokio::try_join!(upstream, mirror).map(drop)
}

/// An account for each of the upstream's, and a mirror of it.
async fn mirrors(
    store: &Store,
    upstream: SocketAddr,
    keys: &[Tenant],
) -> anyhow::Result<(Vec<Mirrored>, Vec<Tenant>)> {
    let url = format!("http://{upstream}");
    let (mut mirrors, mut tenants) = (Vec::new(), Vec::new());
    for (name, (_, rows, their_key)) in ACCOUNTS.into_iter().zip(keys) {
        let now = Instant::now();
        let (account_id, _) = accounts::create(store, name, now).await?;
        let created = tokens::create(store, account_id, "demo", None, now).await?;
        let (_, key) = created.context("the account was made just now")?;
        tenants.push((name, *rows, key));
        mirrors.push(Mirrored {
            upstream: url.parse()?,
            key: Secret::Known(their_key.reveal().to_owned()),
            account_token: Secret::Nowhere,
            authorities: None,
            timeout: Duration::from_secs(30),
            options: Options {
                account_id,
                holder: mirror::holder(),
                every: Some(EVERY),
                rate: None,
                overlap: OVERLAP,
                reconcile_every: RECONCILE_EVERY,
                max_pages: None,
                lease: Duration::from_secs(15),
            },
        });
    }
    Ok((mirrors, tenants))
}

fn told_of_upstream(address: SocketAddr, keys: &[Tenant]) -> String {
    let key = keys.first().map_or("", |(.., key)| key.reveal());
    format!(
        "These are mirrors: their imports are copied every {every} s from another service, which is\n\
         http://{address}/ (API key {key}). Their age is in\n\n  \
         {{ viewer {{ mirror {{ phase ageSeconds isComplete upstream }} }} }}\n\n",
        every = EVERY.as_secs()
    )
}
