//! `serve`: the service itself.
//!
//! Takes settings; checks them all before anything starts, opens the database, and serves until it is told to stop. A
//! server database that is away does not keep the service from starting; one whose schema can be read and is outdated
//! does.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::{Context as _, bail};
use migration::Status;
use sea_orm::DbBackend;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use super::mirror::kept::Kept;
use super::mirror::{Mirrored, file};
use super::{WrongSettings, database, output};
use crate::app::{self, AppError, NoAnswer};
use crate::config::listen::Listen;
use crate::config::{self, Config};
use crate::graphql::documents::Documents;
use crate::http::{self, Gateway, Readiness};
use crate::store::{HealthCheck, Store, StoreError, mirror};
use crate::telemetry;

/// Settings of the service.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Bring the schema of a server database up before serving, under a lock.
    // Alone it means on. A word of its own stands behind `=`, so that what follows is not taken for it.
    #[arg(
        long,
        env = "GATEWAY_MIGRATE",
        value_name = "on|off",
        default_value = "off",
        default_missing_value = "on",
        num_args = 0..=1,
        require_equals = true
    )]
    pub(super) migrate: String,

    /// A TOML file of mirrors: accounts that are kept in step with other services while this one runs.
    #[arg(long, env = "GATEWAY_MIRROR", value_name = "FILE")]
    pub(super) mirror: Option<PathBuf>,

    #[command(flatten)]
    pub(super) settings: config::Settings,
}

/// How long a server database is waited for at the start, before the service goes on without it.
const FIRST_LOOK: Duration = Duration::from_secs(3);
/// How long until a migration is tried again while the database is away.
const MIGRATE_PAUSE: Duration = Duration::from_secs(1);

/// Runs the command, until SIGTERM or SIGINT.
///
/// # Errors
///
/// [`WrongSettings`], all of them at once; an outdated schema; an address that is taken.
pub async fn run(args: Args, url: String) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let (config, migrate, mirrors) = checked(&args, &url)?;
    let documents = app::documents(&config).map_err(settings_or_fault)?;
    telemetry::start(config.log_format);
    let store = Store::open(&config.store).await?;
    let prepared = signals.unless_stopped(prepare(&store, migrate)).await;
    let Some(prepared) = prepared else {
        return Ok(store.close().await?);
    };
    prepared?;
    serve(&config, documents, store, &mirrors, signals, None, |address| {
        output::print(&format!("listening on http://{address}\n"))
    })
    .await
}

/// All settings, whether to migrate, and the mirrors.
fn checked(args: &Args, url: &str) -> Result<(Config, bool, Vec<Mirrored>), WrongSettings> {
    let migrate = config::switch("--migrate", &args.migrate);
    let settings = args.settings.check(url);
    let mirrors = args.mirror.as_deref().map_or(Ok(Vec::new()), file::read);
    match (settings, migrate, mirrors) {
        (Ok(config), Ok(migrate), Ok(mirrors)) => Ok((config, migrate, mirrors)),
        (settings, migrate, mirrors) => {
            let mut faults = settings.err().unwrap_or_default();
            faults.extend(migrate.err());
            faults.extend(mirrors.err().unwrap_or_default());
            Err(WrongSettings(faults.join("; ")))
        }
    }
}

/// Serves an open store, and keeps its mirrors, until `signals` says to stop; `told` is called with the address once the service
/// answers. `demo_key` goes into the pages.
///
/// # Errors
///
/// An address that is taken, and those of `told`.
pub(super) async fn serve(
    config: &Config,
    documents: Documents,
    store: Store,
    mirrors: &[Mirrored],
    mut signals: Signals,
    demo_key: Option<&str>,
    told: impl FnOnce(SocketAddr) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let listener = listen(&config.listen)?;
    let operating = config.metrics_listen.as_ref().map(listen).transpose()?;
    let address = listener.local_addr()?;
    let (gateway, readiness) = app::gateway(config, documents, store.clone());
    let kept = Kept::start(mirrors, &store);
    let draining = readiness.clone();
    let health_check = Arc::new(store.health_check());
    let watched = Arc::downgrade(&gateway);
    let watching = tokio::spawn(app::watch(readiness, move || {
        look(store.clone(), Arc::clone(&health_check), Weak::clone(&watched))
    }));
    let trimming = tokio::spawn(Arc::clone(&gateway.changes).keep_short());
    let limits = app::connection_limits(&config.limits);
    let operating = operating.map(|listener| {
        let door = http::metrics::operating_door(Arc::clone(&gateway));
        if let Ok(address) = listener.local_addr() {
            tracing::info!("operators are answered on http://{address}");
        }
        tokio::spawn(async move { http_server::serve(listener, door, &limits, std::future::pending()).await })
    });
    let door = http::door(Arc::clone(&gateway), demo_key);
    told(address)?;
    let delay = config.limits.shutdown_delay;
    let mirroring = kept.stop();
    let stop = async move {
        let is_patient = signals.stop().await;
        // At once, so that another service has them soon.
        mirroring.stop();
        watching.abort();
        trimming.abort();
        draining.send_replace(Readiness::Draining);
        if is_patient && !delay.is_zero() {
            tracing::info!(
                ?delay,
                "stopping: unready, still serving, so that balancers notice first"
            );
            let _ = tokio::time::timeout(delay, signals.stop()).await;
        }
        tracing::info!("stopping: no new connections, finishing what runs");
    };
    let drained = http_server::serve(listener, door, &limits, stop).await;
    kept.ended().await;
    tracing::info!(?drained, "stopped");
    if let Some(operating) = operating {
        operating.abort();
    }
    close(gateway).await;
    Ok(())
}

/// Listens on the first address of those that a host has that can be had.
fn listen(on: &Listen) -> anyhow::Result<TcpListener> {
    let cannot = || format!("cannot listen on {on}");
    bind_first(on.addresses().with_context(cannot)?).with_context(cannot)
}

/// Only an address that this machine does not have is passed over: one that is taken must not lead to a service that
/// listens where nobody looks.
fn bind_first(addresses: impl IntoIterator<Item = SocketAddr>) -> io::Result<TcpListener> {
    let mut refused = io::Error::new(ErrorKind::AddrNotAvailable, "the name has no address");
    for address in addresses {
        match http_server::bind(address) {
            Err(error) if !matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) => {
                refused = error;
            }
            bound => return bound,
        }
    }
    Err(refused)
}

/// What is wrong with a setting is wrong usage; a schema that does not read back is a fault of ours.
pub(super) fn settings_or_fault(error: AppError) -> anyhow::Error {
    match error {
        AppError::Types(error) => error.into(),
        error => WrongSettings(format!("{:#}", anyhow::Error::new(error))).into(),
    }
}

/// SQLite's file is made and migrated; a server database is migrated where that is asked for, else only looked at. The
/// schema is read first, and nothing is written where nothing is pending.
async fn prepare(store: &Store, migrate: bool) -> anyhow::Result<()> {
    let migrates = store.backend() == DbBackend::Sqlite || migrate;
    let looked = tokio::time::timeout(FIRST_LOOK, status(store)).await;
    let looked = looked.unwrap_or_else(|_| Err("it takes too long".to_owned()));
    match looked {
        Ok(status) => {
            database::learn(store, &status);
            tell_newer(&status);
            if !status.is_outdated() {
                return Ok(());
            }
            if !migrates {
                let pending = status.known.iter().filter(|(_, applied)| !applied).count();
                bail!(
                    "the database schema is outdated ({pending} changes are pending): run `imports-gateway migrate up` \
                     first, or serve with --migrate"
                )
            }
            let migrated = migration::up(store.database()).await;
            migrated
                .map_err(|error| store.fault(error))
                .context("cannot migrate")
        }
        Err(reason) if store.backend() == DbBackend::Sqlite => {
            bail!("the database is not available: {reason}")
        }
        Err(reason) => {
            tracing::warn!(%reason, "the database does not answer; serving unready");
            if migrate {
                tokio::spawn(migrate_later(store.clone()));
            }
            Ok(())
        }
    }
}

/// How the schema stands to this program, or why that is not known.
async fn status(store: &Store) -> Result<Status, String> {
    let status = if store.backend() == DbBackend::Sqlite {
        let status = migration::status(store.database()).await;
        status.map_err(|error| store.fault(error))
    } else {
        // Not over a writer's connection, which would count among those that a role may have.
        store
            .health_check()
            .look(async |db| migration::status(&db).await)
            .await
    };
    status.map_err(|error| error.reason())
}

fn tell_newer(status: &Status) {
    if !status.unknown.is_empty() {
        tracing::warn!(unknown = ?status.unknown, "the database schema is newer than this program");
    }
}

/// Migrates as soon as the database answers. Where that fails, the schema stays outdated, and the service unready.
async fn migrate_later(store: Store) {
    loop {
        tokio::time::sleep(MIGRATE_PAUSE).await;
        if let Err(reason) = status(&store).await {
            tracing::debug!(%reason, "not migrated yet");
            continue;
        }
        match migration::up(store.database())
            .await
            .map_err(|error| store.fault(error))
        {
            Ok(()) => return tracing::info!("the database schema is current"),
            Err(StoreError::Unavailable(cause)) => tracing::debug!(%cause, "not migrated yet"),
            Err(error) => return tracing::error!(cause = error.reason(), "cannot migrate"),
        }
    }
}

/// Looks at the schema and then, where that is what this program needs, at the mirrors. Where these cannot be read, imports can:
/// the service is ready, and the ages that it tells grow.
async fn look(
    store: Store,
    health_check: Arc<HealthCheck>,
    gateway: Weak<Gateway>,
) -> Result<bool, NoAnswer> {
    let is_current = schema_is_current(store, Arc::clone(&health_check)).await?;
    if is_current {
        let begun = Instant::now();
        let standings = health_check.look(async |db| mirror::standings(&db).await).await;
        match (standings, gateway.upgrade()) {
            (Ok(standings), Some(gateway)) => gateway.mirrors.see(begun, standings),
            (Err(error), _) => tracing::debug!(cause = error.reason(), "the mirrors cannot be looked at"),
            (Ok(_), None) => {}
        }
    }
    Ok(is_current)
}

/// Whether the schema is what this program needs; where the database gives no answer, why.
async fn schema_is_current(store: Store, health_check: Arc<HealthCheck>) -> Result<bool, NoAnswer> {
    let status = health_check.look(async |db| migration::status(&db).await).await;
    let status = status?;
    database::learn(&store, &status);
    if !status.unreadable.is_empty() {
        let tables = status.unreadable.join(", ");
        return Err(NoAnswer {
            reason: format!(
                "the role may not read {tables}; `imports-gateway migrate grants` prints what a role needs"
            ),
            is_timeout: false,
        });
    }
    Ok(!status.is_outdated())
}

/// What tells the service to stop. It is made before anything else, so that an early signal is heard too.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// Listens to the signals of this process from now on.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// What `work` gives; `None` where the service is told to stop before: then there is nothing to drain.
    pub(super) async fn unless_stopped<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            _ = self.stop() => {
                tracing::info!("stopped before anything was served");
                None
            }
        }
    }

    /// Waits for the next; whether it is one that an orchestrator sends, behind a balancer, and not a person.
    pub(super) async fn stop(&mut self) -> bool {
        tokio::select! {
            _ = self.interrupt.recv() => false,
            _ = self.terminate.recv() => true,
            _ = self.hangup.recv() => true,
        }
    }
}

async fn close(gateway: Arc<Gateway>) {
    let store = gateway.store.clone();
    drop(gateway);
    if let Err(error) = store.close().await {
        tracing::warn!(cause = %error, "the database was not closed in order");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_is_taken_is_an_error_and_one_that_is_absent_leads_to_the_next() {
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        let taken = http_server::bind(local).unwrap();
        let error = bind_first([taken.local_addr().unwrap(), local]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        // An address for documentation, which no machine has.
        let absent = SocketAddr::from(([192, 0, 2, 1], 0));
        let bound = bind_first([absent, local]).unwrap();
        assert_eq!(bound.local_addr().unwrap().ip(), local.ip());
        assert_eq!(
            bind_first([absent]).unwrap_err().kind(),
            ErrorKind::AddrNotAvailable
        );
        assert!(bind_first([]).is_err());
    }
}
