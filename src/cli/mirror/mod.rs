//! A mirror as `sync` and `serve --mirror` are told of it: what is asked of whom, how, and with which keys.
//!
//! Takes settings that were read, gives a client and the options of a run, or everything that is wrong at once. Keys come from
//! files or the environment, never from the command line, which other users of a machine can read.

pub mod file;
pub mod kept;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::duration;
use crate::mirror::budget::{Rate, RateError};
use crate::mirror::client::Client;
use crate::mirror::holder::LONGEST_LEASE;
use crate::mirror::run::Options;
use crate::mirror::upstream::{Keys, Upstream};

/// The default of `--rate`.
pub const RATE: &str = "20/min";
/// The default of `--overlap`.
pub const OVERLAP: &str = "10m";
/// The default of `--reconcile-every`.
pub const RECONCILE_EVERY: &str = "24h";
/// The default of `--upstream-timeout`.
pub const UPSTREAM_TIMEOUT: &str = "30s";
/// The default of `--lease`.
pub const LEASE: &str = "15s";

/// One mirror, with all that can be known of it before its files are read.
#[derive(Clone, Debug)]
pub struct Mirrored {
    /// Where its imports come from.
    pub upstream: Upstream,
    /// The key, and the setting that it is read from.
    pub key: Secret,
    /// The account token, where one is asked for.
    pub account_token: Secret,
    /// Certificates to trust in place of the public ones, and the setting that names them.
    pub authorities: Option<(String, PathBuf)>,
    /// How long connecting, the head of an answer and its body may take, each.
    pub timeout: Duration,
    /// What is mirrored, and how.
    pub options: Options,
}

/// Where a secret is read from.
#[derive(Clone)]
pub enum Secret {
    /// A file that a setting names.
    File {
        /// The setting.
        setting: String,
        /// The file.
        path: PathBuf,
    },
    /// A variable of the environment.
    Variable(&'static str),
    /// Nowhere.
    Nowhere,
    /// It is known.
    Known(String),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret")
    }
}

impl Secret {
    fn read(&self) -> Result<Option<String>, String> {
        match self {
            Self::File { setting, path } => {
                let bytes = read(setting, path)?;
                let text = String::from_utf8(bytes);
                text.map(Some)
                    .map_err(|_| format!("{setting}: the file is no text"))
            }
            Self::Variable(name) => Ok(std::env::var(name).ok().filter(|text| !text.is_empty())),
            Self::Nowhere => Ok(None),
            Self::Known(text) => Ok(Some(text.clone())),
        }
    }

    /// What it is called where it is wrong.
    fn name(&self) -> &str {
        match self {
            Self::File { setting, .. } => setting,
            Self::Variable(name) => name,
            Self::Nowhere | Self::Known(_) => "the key",
        }
    }
}

fn read(setting: &str, path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{setting}: the file cannot be read: {}", error.kind()))
}

impl Mirrored {
    /// A client with the keys that its files hold now.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, one sentence each; no key is repeated.
    pub fn client(&self) -> Result<Client, Vec<String>> {
        let mut faults = Vec::new();
        let mut good = |read: Result<Option<String>, String>| read.map_err(|fault| faults.push(fault)).ok();
        let (key, token) = (good(self.key.read()), good(self.account_token.read()));
        let authorities = self.authorities.as_ref();
        let authorities = authorities.map(|(setting, path)| read(setting, path)).transpose();
        let authorities = authorities.map_err(|fault| faults.push(fault)).ok();
        let mut keys = None;
        if let (Some(key), Some(token)) = (&key, &token) {
            match key {
                None => faults.push(
                    "no key: name a file with --upstream-key-file, or set GATEWAY_UPSTREAM_KEY".to_owned(),
                ),
                Some(key) => match Keys::new(key, token.as_deref()) {
                    Ok(made) => keys = Some(made),
                    Err(error) => {
                        let is_key = Keys::new(key, None).is_err();
                        let wrong = if is_key { &self.key } else { &self.account_token };
                        faults.push(format!("{}: {error}", wrong.name()));
                    }
                },
            }
        }
        if let Some(authorities) = &authorities
            && let Err(error) = Client::check_authorities(authorities.as_deref())
        {
            let setting = self.authorities.as_ref().map_or("", |(setting, _)| setting);
            faults.push(format!("{setting}: {error}"));
        }
        let (Some(keys), Some(authorities), true) = (keys, authorities, faults.is_empty()) else {
            return Err(faults);
        };
        let upstream = self.upstream.clone();
        let client = Client::new(upstream, keys, self.timeout, authorities.as_deref());
        client.map_err(|error| vec![error.to_string()])
    }
}

/// This process, for people who ask who holds a lease.
#[must_use]
pub fn holder() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}:{}", host.trim(), std::process::id())
}

/// A rate, or none.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit(pub Option<Rate>);

/// A rate, or `off`.
///
/// # Errors
///
/// What it must be.
pub fn rate(text: &str) -> Result<RateLimit, String> {
    match text {
        "off" => Ok(RateLimit(None)),
        text => text
            .parse()
            .map(|rate| RateLimit(Some(rate)))
            .map_err(|error: RateError| format!("{error}, or `off`")),
    }
}

/// How long a lease lasts.
///
/// # Errors
///
/// What it must be.
pub fn lease(text: &str) -> Result<Duration, String> {
    let lease = duration::parse(text).map_err(|error| error.to_string())?;
    let allowed = Duration::from_secs(1)..=LONGEST_LEASE;
    allowed
        .contains(&lease)
        .then_some(lease)
        .ok_or_else(|| "must be from 1s to 30s".to_owned())
}
