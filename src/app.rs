//! Builds every part of the service from its settings; the only file that knows them all.
//!
//! Tests and `serve` come in by the same door: [`gateway`] for the router, [`watch`] for the readiness behind it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::{self, Sender};

use crate::graphql::guard::{Types, TypesError, instant};
use crate::graphql::schema;
use crate::http::{Gateway, Readiness, RequestLimits};
use crate::store::Store;
use crate::store::viewers::Viewers;

/// How often the database is looked at.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// A gateway over an open store, and the end that says whether it is ready.
///
/// **Errors**: [`TypesError`] where the schema cannot be read back from its own text: a fault of ours.
pub fn gateway(store: Store, limits: RequestLimits) -> Result<(Arc<Gateway>, Sender<Readiness>), TypesError> {
    let sdl = schema::sdl();
    let types = Types::from_sdl(&sdl, instant::is_instant)?;
    let (sender, readiness) = watch::channel(Readiness::Starting);
    let viewers = Viewers::new(store.clone());
    let schema = schema::build();
    Ok((
        Arc::new(Gateway {
            store,
            viewers,
            schema,
            sdl,
            types,
            limits,
            readiness,
        }),
        sender,
    ))
}

/// Looks at the database every second, for ever, and tells what it sees.
///
/// `current` says whether the schema is what this program needs; it fails where the database gives no answer.
pub async fn watch<F>(sender: Sender<Readiness>, current: impl Fn() -> F)
where
    F: Future<Output = Option<bool>>,
{
    loop {
        let looked = tokio::time::timeout(WATCH_INTERVAL * 2, current()).await;
        let seen = match looked {
            Ok(Some(true)) => Readiness::Ready,
            Ok(Some(false)) => Readiness::SchemaOutdated,
            Ok(None) | Err(_) => Readiness::DatabaseAway,
        };
        sender.send_if_modified(|readiness| {
            let changed = *readiness != seen;
            if changed {
                tracing::info!(from = ?*readiness, to = ?seen, "readiness changed");
                *readiness = seen;
            }
            changed
        });
        tokio::time::sleep(WATCH_INTERVAL).await;
    }
}
