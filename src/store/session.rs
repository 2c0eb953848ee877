//! How every connection to a PostgreSQL server is made, and what is set on it once it is there.
//!
//! Takes the settings of a store; gives connections, or pools of them, that are all alike. What is set is set by a
//! statement and not in the start-up message, where a pooler such as PgBouncer refuses what it does not know.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use tokio::time::timeout;

use super::url::postgres::{ServerUrl, Target};
use super::url::{self, UrlError};
use super::{Settings, StoreError};

/// The way to a server.
#[derive(Clone, Debug)]
pub(super) struct Session {
    options: PgConnectOptions,
    connect_timeout: Option<Duration>,
    target: Target,
    /// One statement that sets everything.
    set_up: Arc<str>,
    place: Arc<str>,
}

impl Session {
    /// For connections that write, and for those of commands.
    ///
    /// # Errors
    ///
    /// That of the URL.
    pub(super) fn writing(settings: &Settings) -> Result<Self, StoreError> {
        Self::new(settings, &[])
    }

    /// For the connections that only read; only a change of the schema keeps them out.
    ///
    /// # Errors
    ///
    /// That of the URL.
    pub(super) fn reading(settings: &Settings) -> Result<Self, StoreError> {
        let more = [
            ("lock_timeout", settings.lock_timeout.as_millis().to_string()),
            ("default_transaction_read_only", "on".to_owned()),
        ];
        Self::new(settings, &more)
    }

    fn new(settings: &Settings, more: &[(&'static str, String)]) -> Result<Self, StoreError> {
        let url = url::read_postgres(&settings.url).map_err(of_url)?;
        let options = options(&url).map_err(StoreError::no_connection)?;
        let always = [
            (
                "statement_timeout",
                settings.statement_timeout.as_millis().to_string(),
            ),
            (
                "idle_in_transaction_session_timeout",
                settings.idle_transaction_timeout.as_millis().to_string(),
            ),
            // Each part of a statement that sorts names the index of its order. Where the planner takes an account for a small
            // one it would rather read another index whole, by several workers, and sort it.
            ("enable_sort", "off".to_owned()),
            ("max_parallel_workers_per_gather", "0".to_owned()),
            // Compiling a statement takes longer than any of these runs.
            ("jit", "off".to_owned()),
            // The server's side of a connection whose other side is gone without a word.
            ("tcp_keepalives_idle", "10".to_owned()),
            ("tcp_keepalives_interval", "5".to_owned()),
            ("tcp_keepalives_count", "3".to_owned()),
        ];
        let set = always.iter().chain(more);
        let set: Vec<_> = set
            .map(|(name, value)| format!("set_config('{name}', '{value}', false)"))
            .collect();
        Ok(Self {
            options,
            connect_timeout: url.connect_timeout,
            target: url.target,
            set_up: format!("SELECT {}", set.join(", ")).into(),
            place: url.place.into(),
        })
    }

    /// The server, for people.
    pub(super) fn place(&self) -> &Arc<str> {
        &self.place
    }

    /// A new connection.
    ///
    /// # Errors
    ///
    /// The driver's; also where the server is not what `target_session_attrs` asks for.
    pub(super) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let connecting = self.options.connect();
        let mut connection = match self.connect_timeout {
            None => connecting.await?,
            Some(limit) => timeout(limit, connecting).await.map_err(|_| late(limit))??,
        };
        set_up(&mut connection, self.target, &self.set_up).await?;
        Ok(connection)
    }

    /// A pool, which has no connection yet. Who asks it for a connection waits no longer than one may take.
    pub(super) fn pool(&self, options: PgPoolOptions) -> PgPool {
        let (target, text) = (self.target, Arc::clone(&self.set_up));
        let allowed = options.get_acquire_timeout();
        let limit = self
            .connect_timeout
            .map_or(allowed, |timeout| timeout.min(allowed));
        options
            .acquire_timeout(limit)
            .after_connect(move |connection, _| {
                let text = Arc::clone(&text);
                Box::pin(async move { set_up(connection, target, &text).await })
            })
            .connect_lazy_with(self.options.clone())
    }
}

fn options(url: &ServerUrl) -> Result<PgConnectOptions, sqlx::Error> {
    let mut options: PgConnectOptions = url.for_driver.parse()?;
    if !url.is_named && url::variable("PGAPPNAME").is_none() {
        options = options.application_name("imports-gateway");
    }
    if !url.has_root {
        // The driver would read PGSSLROOTCERT, also where `sslrootcert=system` leaves it out or it is empty.
        options = options.ssl_root_cert_from_pem(Vec::new());
    }
    Ok(options
        .extra_float_digits(None)
        .statement_cache_capacity(512)
        .disable_statement_logging())
}

/// Makes sure of the server, and sets what every connection has.
async fn set_up(connection: &mut PgConnection, target: Target, text: &str) -> Result<(), sqlx::Error> {
    if target != Target::Any {
        let (is_standby, is_read_only): (bool, bool) =
            sqlx::query_as(WHAT).fetch_one(&mut *connection).await?;
        let (is_right, wanted) = match target {
            Target::Any => (true, "any"),
            Target::ReadWrite => (!is_read_only, "read-write"),
            Target::ReadOnly => (is_read_only, "read-only"),
            Target::Primary => (!is_standby, "primary"),
            Target::Standby => (is_standby, "standby"),
        };
        if !is_right {
            let kind = if is_standby { "a standby" } else { "a primary" };
            let how = if is_read_only { "read-only" } else { "read-write" };
            let reason =
                format!("the server is {kind}, {how}, and target_session_attrs={wanted} asks for another");
            return Err(sqlx::Error::Configuration(reason.into()));
        }
    }
    connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await?;
    Ok(())
}

const WHAT: &str = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'";

fn late(limit: Duration) -> sqlx::Error {
    let reason = format!("no connection within connect_timeout={}", limit.as_secs());
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, reason))
}

fn of_url(error: UrlError) -> StoreError {
    StoreError::no_connection(sqlx::Error::Configuration(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pool_gives_up_when_a_connection_takes_longer_than_connect_timeout() {
        // It takes connections, and says nothing over them.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = silent.local_addr().unwrap();
        let url = format!("postgres://gateway@{address}/imports?connect_timeout=1");
        let session = Session::writing(&Settings::new(url)).unwrap();
        for allowed in [Duration::from_secs(3600), Duration::from_millis(100)] {
            let pool = session.pool(PgPoolOptions::new().acquire_timeout(allowed));
            let given_up = timeout(Duration::from_secs(60), pool.acquire()).await;
            let error = given_up
                .expect("the pool goes on after connect_timeout")
                .unwrap_err();
            assert!(matches!(error, sqlx::Error::PoolTimedOut), "{error}");
        }
    }
}
