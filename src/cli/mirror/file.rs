//! The file of `serve --mirror`: which accounts are mirrors, of whom, and how.
//!
//! Takes TOML: a table `[[mirror]]` an account, whose keys are named as the options of `sync`. Gives the mirrors, or everything
//! that is wrong with them. It names files of keys, and has no place for a key; no value of it is ever repeated.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{
    LEASE, Mirrored, OVERLAP, RATE, RECONCILE_EVERY, RateLimit, Secret, UPSTREAM_TIMEOUT, holder, lease, rate,
};
use crate::cli::duration;
use crate::mirror::run::Options;
use crate::mirror::upstream::{Upstream, UpstreamError};

/// The keys of a mirror.
const KEYS: [&str; 12] = [
    "account",
    "upstream",
    "every",
    "upstream_key_file",
    "upstream_account_token_file",
    "upstream_ca_file",
    "upstream_timeout",
    "rate",
    "overlap",
    "reconcile_every",
    "max_pages",
    "lease",
];
/// How often changes are asked for where nothing else is said.
const EVERY: &str = "5m";

/// The mirrors of a file; the files that they name are there and are what they should be.
///
/// # Errors
///
/// Everything that is wrong, one sentence each.
pub fn read(file: &Path) -> Result<Vec<Mirrored>, Vec<String>> {
    let wrong = |what: String| vec![format!("--mirror {what}")];
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|error| wrong(format!("cannot be read: {}", error.kind())))?;
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    let mirrors =
        parse(&text, folder).map_err(|faults| faults.into_iter().flat_map(&wrong).collect::<Vec<_>>())?;
    let faults = mirrors.iter().filter_map(|mirror| mirror.client().err());
    let faults: Vec<String> = faults.flatten().flat_map(&wrong).collect();
    if faults.is_empty() {
        Ok(mirrors)
    } else {
        Err(faults)
    }
}

fn parse(text: &str, folder: &Path) -> Result<Vec<Mirrored>, Vec<String>> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        // What the parser says of a value may repeat it.
        vec![format!("is not TOML: line {line}")]
    })?;
    let mut faults: Vec<String> = table
        .keys()
        .filter(|key| *key != "mirror")
        .map(|key| {
            format!(
                "has no setting `{}`; each mirror is a table `[[mirror]]`",
                key.escape_debug()
            )
        })
        .collect();
    let entries = match table.get("mirror") {
        Some(Value::Array(entries)) if !entries.is_empty() => entries.as_slice(),
        _ => {
            faults.push("names no mirror: each is a table `[[mirror]]`".to_owned());
            &[]
        }
    };
    let mut mirrors: Vec<Mirrored> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let Value::Table(table) = entry else {
            faults.push(format!("mirror {}: must be a table", index + 1));
            continue;
        };
        let mut entry = Entry {
            table,
            name: format!("mirror {}", index + 1),
            folder,
            faults: &mut faults,
        };
        let Some(mirror) = entry.mirror() else { continue };
        let account_id = mirror.options.account_id;
        if mirrors.iter().any(|other| other.options.account_id == account_id) {
            entry.wrong("account", "is the account of another mirror, too");
        }
        mirrors.push(mirror);
    }
    if faults.is_empty() {
        Ok(mirrors)
    } else {
        Err(faults)
    }
}

/// A mirror of the file, as it is read.
struct Entry<'a> {
    table: &'a Table,
    name: String,
    folder: &'a Path,
    faults: &'a mut Vec<String>,
}

impl Entry<'_> {
    fn wrong(&mut self, key: &str, what: &str) {
        let Self { name, .. } = self;
        self.faults.push(format!("{name}: `{key}` {what}"));
    }

    /// Each setting is read, whatever is wrong with those before.
    fn mirror(&mut self) -> Option<Mirrored> {
        let before = self.faults.len();
        let unknown = self.table.keys().filter(|key| !KEYS.contains(&key.as_str()));
        for key in unknown.cloned().collect::<Vec<_>>() {
            self.wrong(&key.escape_debug().to_string(), "is no setting of a mirror");
        }
        let account_id = self.number("account");
        if account_id.is_none() && !self.table.contains_key("account") {
            self.wrong("account", "is missing");
        }
        let upstream = self.parsed("upstream", None, |text| {
            text.parse::<Upstream>()
                .map_err(|error: UpstreamError| error.to_string())
        });
        let duration = |text: &str| duration::parse(text).map_err(|error| error.to_string());
        let every = self.parsed("every", Some(EVERY), duration);
        let timeout = self.parsed("upstream_timeout", Some(UPSTREAM_TIMEOUT), duration);
        let overlap = self.parsed("overlap", Some(OVERLAP), duration);
        let reconcile_every = self.parsed("reconcile_every", Some(RECONCILE_EVERY), duration);
        let lease = self.parsed("lease", Some(LEASE), lease);
        let rate: Option<RateLimit> = self.parsed("rate", Some(RATE), rate);
        let key = self.file("upstream_key_file");
        if key.is_none() && !self.table.contains_key("upstream_key_file") {
            self.wrong("upstream_key_file", "is missing");
        }
        let account_token = self.file("upstream_account_token_file");
        let authorities = self.file("upstream_ca_file");
        let max_pages = self.number("max_pages");
        if max_pages.is_some_and(|pages| pages < 1) {
            self.wrong("max_pages", "must be 1 or more");
        }
        if self.faults.len() > before {
            return None;
        }
        let secret = |file: Option<(String, PathBuf)>| match file {
            Some((setting, path)) => Secret::File { setting, path },
            None => Secret::Nowhere,
        };
        Some(Mirrored {
            upstream: upstream?,
            key: secret(key),
            account_token: secret(account_token),
            authorities,
            timeout: timeout?,
            options: Options {
                account_id: account_id?,
                holder: holder(),
                every: Some(every?),
                rate: rate?.0,
                overlap: overlap?,
                reconcile_every: reconcile_every?,
                max_pages: max_pages.and_then(|pages| u64::try_from(pages).ok()),
                lease: lease?,
            },
        })
    }

    fn number(&mut self, key: &str) -> Option<i64> {
        match self.table.get(key)? {
            Value::Integer(number) => Some(*number),
            _ => {
                self.wrong(key, "must be a whole number");
                None
            }
        }
    }

    fn text(&mut self, key: &str) -> Option<String> {
        match self.table.get(key)? {
            Value::String(text) => Some(text.clone()),
            _ => {
                self.wrong(key, "must be a text in quotes");
                None
            }
        }
    }

    fn parsed<T>(
        &mut self,
        key: &str,
        default: Option<&str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let is_there = self.table.contains_key(key);
        let text = match default {
            Some(default) if !is_there => default.to_owned(),
            None if !is_there => {
                self.wrong(key, "is missing");
                return None;
            }
            _ => self.text(key)?,
        };
        match parse(&text) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.wrong(key, &format!("is wrong: {fault}"));
                None
            }
        }
    }

    /// The file that a setting names; it stands beside the file of the mirrors, where it is named without its folder.
    fn file(&mut self, key: &str) -> Option<(String, PathBuf)> {
        let path = self.folder.join(self.text(key)?);
        Some((format!("{}: `{key}`", self.name), path))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn faults(text: &str) -> Vec<String> {
        parse(text, Path::new("")).map(|_| ()).expect_err(text)
    }

    #[test]
    fn what_is_left_out_has_the_defaults_of_sync() {
        let text = "[[mirror]]\naccount = 3\nupstream = 'https://a.example'\nupstream_key_file = 'key'\n\
                    [[mirror]]\naccount = 4\nupstream = 'http://b'\nupstream_key_file = '/k'\nrate = 'off'\nmax_pages = 2\n\
                    every = '1m'\nlease = '3s'\nupstream_ca_file = 'ca'";
        let mirrors = parse(text, Path::new("folder")).unwrap();
        let [first, second] = mirrors.as_slice() else {
            panic!("{mirrors:?}");
        };
        let path = |secret: &Secret| match secret {
            Secret::File { path, .. } => path.clone(),
            _ => panic!("a file"),
        };
        assert_eq!(path(&first.key), Path::new("folder/key"));
        assert_eq!(path(&second.key), Path::new("/k"));
        let Options {
            account_id,
            every,
            rate,
            overlap,
            lease,
            max_pages,
            ..
        } = &first.options;
        assert_eq!((*account_id, *max_pages), (3, None));
        assert_eq!(rate.unwrap(), "20/min".parse().unwrap());
        assert_eq!(*every, Some(Duration::from_secs(300)));
        assert_eq!(
            (*overlap, *lease),
            (Duration::from_secs(600), Duration::from_secs(15))
        );
        assert!(second.options.rate.is_none() && second.options.max_pages == Some(2));
        assert_eq!(second.authorities.as_ref().unwrap().1, Path::new("folder/ca"));
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once_and_nothing_is_repeated() {
        let text = "interval = 'secret'\n[[mirror]]\naccount = 'secret'\nupstream = 'secret'\nevery = 'secret'\nrate = 'secret'\n\
                    overlap = 5\nlease = '1h'\nmax_pages = 0\nupstream_key = 'secret'\n\
                    [[mirror]]\naccount = 1\nupstream = 'http://a'\nupstream_key_file = 'k'\n\
                    [[mirror]]\naccount = 1\nupstream = 'http://a'\nupstream_key_file = 'k'";
        let told = faults(text).join("\n");
        for expected in [
            "no setting `interval`",
            "mirror 1: `upstream_key` is no setting",
            "mirror 1: `account` must be a whole number",
            "mirror 1: `upstream` is wrong: must be http",
            "mirror 1: `every` is wrong: a duration is",
            "mirror 1: `rate` is wrong",
            "mirror 1: `overlap` must be a text",
            "mirror 1: `lease` is wrong: must be from 1s to 30s",
            "mirror 1: `max_pages` must be 1",
            "mirror 1: `upstream_key_file` is missing",
            "mirror 3: `account` is the account of another mirror",
        ] {
            assert!(told.contains(expected), "{expected} in\n{told}");
        }
        assert!(!told.contains("secret"), "{told}");
        let told = faults("[[mirror]]\nupstream_key_file = secret\n");
        assert_eq!(told, ["is not TOML: line 2"]);
        for none in ["", "mirror = []", "mirror = 1"] {
            assert_eq!(faults(none), ["names no mirror: each is a table `[[mirror]]`"]);
        }
        assert_eq!(faults("mirror = [1]"), ["mirror 1: must be a table"]);
    }
}
