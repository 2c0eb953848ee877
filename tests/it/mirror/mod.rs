//! A gateway that keeps an account in step with another: the real program as the upstream and as the mirror, and a proxy
//! between them that fails in every way an upstream or a network does.

mod beside;
mod chaos;
mod manners;
mod proxy;
mod staleness;
mod tls;
mod walks;

use std::process::{Child, Command, Stdio};

use entity::{ImportStatus, Instant, imports};
use imports_gateway::store::{Store, accounts};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use self::proxy::Proxy;
use crate::databases::{self, Database, execute, fresh, instant, sqlite};
use crate::rng::Rng;
use crate::server::{Server, furnish, program};
use crate::waiting;

/// A gateway with one account that others mirror, and a proxy before it.
struct Upstream {
    store: Store,
    proxy: Proxy,
    key: String,
    account_token: String,
    _server: Server,
}

impl Upstream {
    async fn with(rows: u64) -> Self {
        let database = sqlite();
        let tenants = furnish(&database.url, &[rows]).await;
        let (key, account_token) = (tenants[0].key.clone(), tenants[0].account_token.clone());
        let store = databases::open(&database.url).await;
        let mut server = Server::over(&database.url, &["--rate-limit", "off"], tenants);
        server.keep(database);
        Self {
            store,
            proxy: Proxy::before(&server.address),
            key,
            account_token,
            _server: server,
        }
    }

    async fn rows(&self) -> Vec<imports::Model> {
        all(&self.store).await
    }

    /// Changes rows, or adds them.
    async fn put(&self, rows: &[imports::Model]) {
        for rows in rows.chunks(2_000) {
            assert_eq!(self.store.replace_older(rows).await.unwrap(), rows.len() as u64);
        }
    }

    async fn remove(&self, ids: &[i64]) {
        for id in ids {
            let text = format!("DELETE FROM imports WHERE id = {id}");
            assert_eq!(execute(&self.store, &text, Vec::new()).await, Ok(1));
        }
    }

    /// Moves some rows on to now, and adds a few: what a live service does.
    async fn live(&self, rng: &mut Rng, changes: usize) {
        let rows = self.rows().await;
        let mut ids: Vec<i64> = (0..changes).map(|_| rng.pick(&rows).id).collect();
        ids.sort_unstable();
        ids.dedup();
        let now = Instant::now();
        let changed = rows.iter().filter(|row| ids.binary_search(&row.id).is_ok());
        let mut changed: Vec<_> = changed
            .map(|row| imports::Model {
                note: Some(format!("changed {}", rng.below(1_000_000))),
                status: *rng.pick(&ImportStatus::ALL),
                updated_at: now,
                ..row.clone()
            })
            .collect();
        let last = rows.last().unwrap();
        changed.extend((1..=rng.below(4) as i64).map(|more| imports::Model {
            id: last.id + more,
            created_at: now,
            updated_at: now,
            ..last.clone()
        }));
        self.put(&changed).await;
    }
}

/// An account of a database, which is to become a mirror.
struct Mirror {
    store: Store,
    database: Database,
}

impl Mirror {
    async fn on(database: Database) -> Self {
        let store = database.migrated().await;
        accounts::create(&store, "Mirror", instant(0)).await.unwrap();
        Self { store, database }
    }

    async fn on_each() -> Vec<Self> {
        let mut mirrors = Vec::new();
        for database in fresh().await {
            mirrors.push(Self::on(database).await);
        }
        mirrors
    }

    async fn rows(&self) -> Vec<imports::Model> {
        all(&self.store).await
    }

    /// `sync` of this account from an upstream, by its proxy, with more options.
    fn command(&self, upstream: &Upstream, options: &str) -> Command {
        let mut command = program(&["sync", "--account", "1", "--upstream", &upstream.proxy.url()]);
        command
            .args(options.split_whitespace())
            .env("DATABASE_URL", &self.database.url)
            .env("GATEWAY_UPSTREAM_KEY", &upstream.key)
            .env("NO_COLOR", "1");
        command
    }

    /// A run to its end: exit status, output and error.
    fn run(&self, upstream: &Upstream, options: &str) -> (Option<i32>, String, String) {
        let output = waiting::output(&mut self.command(upstream, options));
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// The output of a run that succeeds.
    fn done(&self, upstream: &Upstream, options: &str) -> String {
        let (code, output, error) = self.run(upstream, options);
        assert_eq!(code, Some(0), "{output}{error}");
        output
    }

    /// A process that is ended when it is dropped.
    fn start(&self, upstream: &Upstream, options: &str) -> Running {
        let mut command = self.command(upstream, options);
        let spawned = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Running(spawned.unwrap())
    }

    /// Lets the lease of a process that was killed end at once: that others wait for it is another test's.
    async fn end_lease(&self) {
        let past = match self.store.backend() {
            sea_orm::DbBackend::Sqlite => "0",
            _ => "'epoch'",
        };
        let text = format!("UPDATE mirrors SET lease_until = {past}");
        execute(&self.store, &text, Vec::new()).await.unwrap();
    }

    /// The cells of the first mirror's line of `sync status`, by their heads; empty where there is none.
    fn status(&self) -> std::collections::HashMap<String, String> {
        let mut command = program(&["sync", "status"]);
        let output = waiting::output(command.env("DATABASE_URL", &self.database.url));
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines = text.lines().map(str::split_whitespace);
        let (head, line) = (lines.next().unwrap(), lines.next());
        let line = line.into_iter().flatten();
        head.map(str::to_owned).zip(line.map(str::to_owned)).collect()
    }

    async fn assert_same(&self, upstream: &Upstream) {
        let (theirs, ours) = (upstream.rows().await, self.rows().await);
        let different = theirs.iter().zip(&ours).find(|(theirs, ours)| theirs != ours);
        assert!(
            theirs == ours,
            "{} rows upstream, {} here; the first difference: {different:?}",
            theirs.len(),
            ours.len()
        );
    }
}

/// A process of `sync`.
struct Running(Child);

impl Running {
    fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let told = waiting::output(kill.args(["-s", name, &self.0.id().to_string()]));
        assert!(told.status.success(), "{told:?}");
    }

    /// How it ended, by itself or by a signal.
    fn wait(&mut self) -> Option<i32> {
        waiting::ended("sync", &mut self.0).unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// All imports of the account that both sides number 1.
async fn all(store: &Store) -> Vec<imports::Model> {
    imports::Entity::find()
        .filter(imports::Column::AccountId.eq(1))
        .order_by_asc(imports::Column::Id)
        .all(store.database())
        .await
        .unwrap()
}
