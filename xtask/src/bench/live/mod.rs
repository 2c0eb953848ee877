//! What living lists cost: idle streams in memory and statements, one change to many who listen, and the notes of writers.
//!
//! Takes the cluster and the gateway; works in databases of its own, which are dropped again. Deliberately absent: clients that
//! are slow, and transports other than the event stream, of which the others are forms.

mod streams;
mod writes;

use std::path::Path;

use super::{cluster::Cluster, figures::Ratio};

/// What is measured with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) gateway: &'a Path,
    pub(super) folder: &'a Path,
    pub(super) repetitions: u32,
    /// How long one run of writers is. **Unit**: seconds.
    pub(super) seconds: u32,
}

/// Measures everything.
///
/// # Errors
///
/// In words.
pub(super) fn measure(setting: &Setting<'_>) -> Result<Vec<Ratio>, String> {
    println!("following");
    let mut ratios = streams::measure(setting)?;
    ratios.extend(writes::measure(setting)?);
    Ok(ratios)
}
