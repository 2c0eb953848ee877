//! Builds every part of the service from its settings; the only file that knows them all.
//!
//! Tests and `serve` come in by the same door: [`gateway`] for what answers, [`watch()`] for the readiness behind it.

use std::sync::Arc;
use std::time::Duration;

use graphql_limits::SchemaTypesError;
use tokio::sync::watch::{self, Sender};

use crate::changes::{Feed, FeedSettings, Tags};
use crate::config::{Config, Limits, TrustMode};
use crate::graphql::documents::{Documents, Trust, TrustedError};
use crate::graphql::{schema, validation};
use crate::host::Hosts;
use crate::http::cors::Origins;
use crate::http::layers::HeadLimits;
use crate::http::mcp::Mcp;
use crate::http::{Gateway, Readiness, RequestLimits};
use crate::load::budget::Budgets;
use crate::load::failed_keys::FailedKeys;
use crate::load::permits::{PermitLimits, Permits};
use crate::load::streams::{StreamLimits, Streams};
use crate::store::held_tokens::HeldTokens;
use crate::store::token_cache::TokenCache;
use crate::store::{Store, StoreError};

/// How often the database is looked at.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// How long one look may take, a new connection and the question.
const LOOK_LIMIT: Duration = Duration::from_secs(3);

/// Why there is no service with these settings.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The schema cannot be read back from its own text: a fault of ours.
    #[error("the schema cannot be read back")]
    Types(#[from] SchemaTypesError),
    /// A document of the manifest is refused.
    #[error("--trusted-documents")]
    Trusted(#[from] TrustedError),
}

/// Why the database gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// In one line, for operators.
    pub reason: String,
    /// Whether nothing is known but that the time was up.
    pub is_timeout: bool,
}

impl From<StoreError> for NoAnswer {
    fn from(error: StoreError) -> Self {
        Self {
            reason: error.reason(),
            is_timeout: error.is_timeout(),
        }
    }
}

/// The stores of documents, with the trusted ones checked. It needs no database.
///
/// # Errors
///
/// [`AppError`].
pub fn documents(config: &Config) -> Result<Documents, AppError> {
    let types = if config.federation {
        validation::federated_types(&schema::federated_sdl())?
    } else {
        validation::types(&schema::sdl())?
    };
    let documents = Documents::new(types, document_limits(&config.limits), config.introspection);
    let Some((trusted, mode)) = &config.trusted_documents else {
        return Ok(documents);
    };
    let trust = match mode {
        TrustMode::Log => Trust::Log,
        TrustMode::Enforce => Trust::Enforce,
    };
    Ok(documents.trust(trust, trusted, &schema::build())?)
}

/// A gateway over an open store, and the end that says whether it is ready.
#[must_use]
pub fn gateway(config: &Config, documents: Documents, store: Store) -> (Arc<Gateway>, Sender<Readiness>) {
    let limits = &config.limits;
    let (sender, readiness) = watch::channel(Readiness::Starting);
    let (schema, sdl) = if config.federation {
        (schema::build_federated(), schema::federated_sdl())
    } else {
        (schema::build(), schema::sdl())
    };
    let permits = PermitLimits {
        running: limits.running,
        waiting: limits.waiting,
        wait: limits.wait,
    };
    let mcp = config.mcp.then(|| {
        let hosts = Hosts::new(config.mcp_hosts.clone(), config.listen.is_loopback());
        Mcp::new(&schema, documents.types(), hosts)
    });
    let trusted = format!("{:?}", config.trusted_documents);
    let gateway = Gateway {
        tags: Tags::new(&[env!("CARGO_PKG_VERSION"), &sdl, &trusted]),
        tokens: TokenCache::new(store.clone()),
        held_tokens: HeldTokens::new(store.clone()),
        streams: Streams::new(StreamLimits {
            all: limits.streams,
            account: limits.streams_per_account,
        }),
        sockets: Streams::new(StreamLimits {
            // All are connections, which have a limit of their own.
            all: usize::MAX,
            account: limits.sockets_per_account,
        }),
        changes: Feed::new(
            store.clone(),
            FeedSettings {
                interval: limits.change_interval,
                retention: limits.change_retention,
            },
        ),
        metrics: Arc::clone(store.metrics()),
        store,
        schema,
        sdl,
        documents,
        permits: Permits::new(permits),
        budgets: Budgets::new(limits.rate_limit, limits.cost, config.rate_limit_fields),
        failed_keys: FailedKeys::new(limits.failed_keys),
        limits: request_limits(config),
        mcp,
        readiness,
    };
    (Arc::new(gateway), sender)
}

fn document_limits(limits: &Limits) -> graphql_limits::Limits {
    graphql_limits::Limits {
        document_bytes: limits.document_bytes,
        tokens: limits.tokens,
        brackets: limits.brackets,
        depth: limits.depth,
        introspection_depth: limits.introspection_depth,
        aliases: limits.aliases,
        root_fields: limits.root_fields,
        directives: limits.directives,
        directives_per_location: limits.directives_per_place,
        operations: limits.operations,
        fragments: limits.fragments,
        expanded_nodes: limits.expanded_nodes,
        variables: limits.variables,
        variable_depth: limits.variable_depth,
        list_items: limits.list_items,
        cost: limits.cost,
        errors: limits.errors,
        ..graphql_limits::Limits::default()
    }
}

fn request_limits(config: &Config) -> RequestLimits {
    let limits = &config.limits;
    RequestLimits {
        body_bytes: limits.body_bytes,
        body_timeout: limits.body_timeout,
        request_timeout: limits.request_timeout,
        head: HeadLimits {
            uri_bytes: limits.uri_bytes,
            headers: limits.headers,
            header_bytes: limits.header_bytes,
        },
        introspection: config.introspection,
        get: config.get,
        shutdown_delay: limits.shutdown_delay,
        stream_lifetime: limits.stream_lifetime,
        socket: socket_limits(limits),
        http_statuses: config.http_statuses,
        metrics_apart: config.metrics_listen.is_some(),
        trusted_proxies: config.trusted_proxies.clone(),
        origins: Origins::new(config.cors_origins.clone()),
    }
}

/// What a WebSocket may cost.
fn socket_limits(limits: &Limits) -> graphql_transport_ws::Limits {
    let usual = graphql_transport_ws::Limits::default();
    let message_bytes = limits.socket_message_bytes;
    // Whatever the size of a message, a few of them are within what may be sent in ten seconds.
    let few_messages = (message_bytes as u64).saturating_mul(4);
    graphql_transport_ws::Limits {
        init_timeout: limits.socket_init_timeout,
        message_bytes,
        bytes_in_ten_seconds: usual.bytes_in_ten_seconds.max(few_messages),
        operations: limits.socket_operations,
        ping_interval: limits.socket_ping_interval,
        send_timeout: limits.write_timeout,
        lifetime: Some(limits.stream_lifetime),
        ..usual
    }
}

/// What connections may cost.
#[must_use]
pub fn connection_limits(limits: &Limits) -> http_server::Limits {
    http_server::Limits {
        connections: limits.connections,
        connections_per_address: limits.connections_per_address,
        header_timeout: limits.header_timeout,
        idle_timeout: limits.idle_timeout,
        write_idle_timeout: limits.write_timeout,
        headers: limits.headers,
        header_bytes: limits.header_bytes,
        drain_timeout: limits.drain_timeout,
        ..http_server::Limits::default()
    }
}

/// Looks at the database every second, for ever, and tells what it sees.
///
/// `current` says whether the schema is what this program needs; or, where the database gives no answer, why. As long as
/// it gives none, a time-out does not replace what is known of that.
pub async fn watch<F>(sender: Sender<Readiness>, current: impl Fn() -> F)
where
    F: Future<Output = Result<bool, NoAnswer>>,
{
    loop {
        let looked = tokio::time::timeout(LOOK_LIMIT, current()).await;
        let looked = looked.unwrap_or_else(|_| {
            Err(NoAnswer {
                reason: "it takes too long".to_owned(),
                is_timeout: true,
            })
        });
        let is_timeout = looked.as_ref().is_err_and(|none| none.is_timeout);
        let seen = match looked {
            Ok(true) => Readiness::Ready,
            Ok(false) => Readiness::SchemaOutdated,
            Err(none) => Readiness::DatabaseAway(none.reason),
        };
        sender.send_if_modified(|readiness| {
            let is_known = is_timeout && matches!(readiness, Readiness::DatabaseAway(_));
            let changed = *readiness != seen && !is_known;
            if changed {
                match &seen {
                    Readiness::DatabaseAway(reason) => {
                        tracing::warn!(%reason, "the database does not answer")
                    }
                    Readiness::SchemaOutdated => tracing::warn!("the database schema is outdated"),
                    _ => tracing::info!("the database answers and its schema is current"),
                }
                *readiness = seen;
            }
            changed
        });
        tokio::time::sleep(WATCH_INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn no_answer(reason: &str, is_timeout: bool) -> Result<bool, NoAnswer> {
        let reason = reason.to_owned();
        Err(NoAnswer { reason, is_timeout })
    }

    #[tokio::test]
    async fn a_time_out_replaces_no_reason_and_a_reason_replaces_a_time_out() {
        let away = |reason: &str| Readiness::DatabaseAway(reason.to_owned());
        for (looks, kept) in [
            ([no_answer("full", false), no_answer("late", true)], "full"),
            ([no_answer("late", true), no_answer("full", false)], "full"),
            ([no_answer("full", false), no_answer("gone", false)], "gone"),
        ] {
            let (sender, readiness) = watch::channel(Readiness::Starting);
            let left = Mutex::new(looks.into_iter());
            let (told, mut over) = watch::channel(false);
            // What comes when the looks are over is never seen: they have been taken in by then.
            let watching = watch(sender, || {
                let look = left.lock().unwrap().next();
                let _ = told.send(look.is_none());
                async move {
                    match look {
                        Some(look) => look,
                        None => std::future::pending().await,
                    }
                }
            });
            tokio::select! {
                () = watching => {}
                over = over.wait_for(|is_over| *is_over) => assert!(*over.unwrap()),
            }
            assert_eq!(*readiness.borrow(), away(kept));
        }
    }
}
