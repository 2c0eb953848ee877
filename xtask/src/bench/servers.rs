//! The servers that are compared: built, started, and ended when dropped.
//!
//! Takes a filled cluster; gives a [`Target`] each. The gateway runs as it is shipped; only the rate limit may be lifted.

use std::path::{Path, PathBuf};

use super::{
    cluster::{Cluster, free_port},
    fixture::ACCOUNT,
    load::Target,
    process::Process,
};
use crate::{
    cargo::{cargo, finish, program, root, target},
    pages,
    watch::Watch,
};

/// Where a release build of ours is.
fn built(name: &str) -> PathBuf {
    target().join("release").join(name)
}

/// Builds the gateway and the floor; gives where the gateway is.
///
/// # Errors
///
/// Where either doesn't build.
pub(super) fn build() -> Result<PathBuf, String> {
    finish(&mut cargo(&["build", "--release", "--bin", "imports-gateway"]))?;
    // The same folder, so that what both depend on is built once.
    finish(
        cargo(&[
            "build",
            "--release",
            "--locked",
            "--manifest-path",
            "benches/Cargo.toml",
            "--package",
            "floor",
        ])
        .arg("--target-dir")
        .arg(target()),
    )?;
    Ok(built("imports-gateway"))
}

/// A running server and what to measure of it.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) target: Target,
    _process: Process,
}

fn serve(
    name: &'static str,
    command: std::process::Command,
    cluster: &Cluster,
    key: Option<String>,
) -> Result<Server, String> {
    let (process, address) = Process::serve(name, command)?;
    Ok(Server {
        target: Target {
            name,
            address,
            key,
            server_pid: process.pid(),
            database_pid: cluster.pid(),
        },
        _process: process,
    })
}

/// What an account may spend at the gateway.
#[derive(Clone, Copy, Debug)]
pub(super) enum RateLimit {
    /// All it wants.
    Off,
    /// As much as the gateway is shipped with.
    Default,
}

/// A build of the gateway, with the database role `url` names.
///
/// # Errors
///
/// Where it doesn't start.
pub(super) fn gateway(
    name: &'static str,
    cluster: &Cluster,
    binary: &Path,
    url: &str,
    key: &str,
    log: &Path,
    rate_limit: RateLimit,
) -> Result<Server, String> {
    let log = std::fs::File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut command = program(&binary.to_string_lossy());
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("DATABASE_URL", url)
        .stderr(log);
    match rate_limit {
        RateLimit::Off => command.env("GATEWAY_RATE_LIMIT", "off"),
        RateLimit::Default => command.env_remove("GATEWAY_RATE_LIMIT"),
    };
    serve(name, command, cluster, Some(key.to_owned()))
}

/// A build of the gateway that lets in as many streams as come.
///
/// # Errors
///
/// Where it doesn't start.
pub(super) fn gateway_for_streams(
    cluster: &Cluster,
    binary: &Path,
    url: &str,
    log: &Path,
) -> Result<Server, String> {
    let log = std::fs::File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut command = program(&binary.to_string_lossy());
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--rate-limit", "off"])
        .args([
            "--connections",
            "20000",
            "--streams",
            "20000",
            "--streams-per-account",
            "2000",
        ])
        .env("DATABASE_URL", url)
        .stderr(log);
    serve("gateway", command, cluster, None)
}

/// The bare REST endpoint.
///
/// # Errors
///
/// Where it doesn't start.
pub(super) fn floor(cluster: &Cluster) -> Result<Server, String> {
    let mut command = program(&built("floor").to_string_lossy());
    command.args([&cluster.url(), &ACCOUNT.to_string(), "127.0.0.1:0"]);
    serve("bare REST", command, cluster, None)
}

/// PostGraphile, as its lock file names it.
///
/// # Errors
///
/// Where it can't be installed or doesn't start.
pub(super) fn postgraphile(cluster: &Cluster) -> Result<Server, String> {
    let folder = "benches/postgraphile";
    crate::node::install(&Watch::shown(), pages::LIMIT, folder)?;
    let mut command = program("node");
    command
        .current_dir(root().join(folder))
        .args(["server.mjs", &cluster.url(), &free_port()?.to_string()])
        .env("NODE_ENV", "production")
        .env("GRAPHILE_ENV", "production");
    serve("PostGraphile 5", command, cluster, None)
}
