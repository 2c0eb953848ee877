//! `cargo xtask demo`: builds the pages and the gateway, and becomes `imports-gateway demo`.
//!
//! Takes the arguments to pass on. Deliberately absent: options of its own, and a process in between: Ctrl-C and the
//! exit status are the gateway's.

use std::os::unix::process::CommandExt;

use crate::{
    Failure,
    cargo::cargo,
    pages,
    system::{Need, meet},
    watch::Watch,
};

/// Runs the demo in place of this process.
///
/// # Errors
/// Only where cargo can't be started; a build that fails ends this process with cargo's status.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    meet(Need::Node)
        .and_then(|()| pages::build(&Watch::shown(), pages::LIMIT))
        .map_err(Failure::Failed)?;
    println!("building the gateway: minutes at first, then seconds");
    // `cargo run` too replaces itself by the program that it has built.
    let error = cargo(&["run", "--bin", "imports-gateway", "--", "demo"])
        .args(arguments)
        .exec();
    Err(Failure::Failed(format!("cargo can't be started: {error}")))
}
