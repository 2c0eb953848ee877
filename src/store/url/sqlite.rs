//! URLs of SQLite files: `sqlite://FILE?mode=rwc`.
//!
//! Takes the text, gives a [`FileUrl`]; what would keep nothing is refused. No error repeats a value.

use super::UrlError;
use super::parameters::{decoded, shown};

/// A URL of a SQLite file that has been read.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::store) struct FileUrl {
    /// The same for the driver: a file is made unless the mode says otherwise.
    pub(in crate::store) for_driver: String,
    /// The file.
    pub(in crate::store) file: String,
    /// Whether nobody is said to write the file.
    pub(in crate::store) is_immutable: bool,
}

/// Reads a URL.
///
/// # Errors
///
/// [`UrlError`].
pub(in crate::store) fn read(url: &str) -> Result<FileUrl, UrlError> {
    let rest = url.strip_prefix("sqlite:").ok_or(UrlError::Scheme)?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (written, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let file = decoded(written).ok_or_else(|| wrong("the file's name is badly percent-encoded"))?;
    if file.is_empty() || file == ":memory:" {
        return Err(nothing_kept());
    }
    if file.starts_with("file:") {
        return Err(wrong("name the file itself, without `file:`"));
    }
    let (mut mode, mut is_immutable) = (None, false);
    for pair in parameters.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match (name, value) {
            ("mode", "memory") => return Err(nothing_kept()),
            ("mode", "ro" | "rw" | "rwc") => mode = Some(value),
            ("mode", _) => return Err(wrong("`mode` must be ro, rw or rwc")),
            ("cache", "private" | "shared") => {}
            ("cache", _) => return Err(wrong("`cache` must be private or shared")),
            ("immutable", "true" | "1") => is_immutable = true,
            ("immutable", "false" | "0") => is_immutable = false,
            ("immutable", _) => return Err(wrong("`immutable` must be true or false")),
            ("vfs", value) if !value.is_empty() => {}
            _ => return Err(wrong(&format!("there is no parameter {}", shown(name)))),
        }
    }
    if is_immutable && mode != Some("ro") {
        return Err(wrong(
            "`immutable=true` says that nobody writes the file: it needs `mode=ro`",
        ));
    }
    let for_driver = match (mode, parameters) {
        (Some(_), _) => format!("sqlite://{written}?{parameters}"),
        (None, "") => format!("sqlite://{written}?mode=rwc"),
        (None, _) => format!("sqlite://{written}?mode=rwc&{parameters}"),
    };
    Ok(FileUrl {
        for_driver,
        file,
        is_immutable,
    })
}

fn nothing_kept() -> UrlError {
    wrong("a database in memory keeps nothing: name a file")
}

fn wrong(reason: &str) -> UrlError {
    UrlError::Malformed(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_unless_the_mode_says_otherwise() {
        for (url, for_driver, file) in [
            ("sqlite://a.db", "sqlite://a.db?mode=rwc", "a.db"),
            ("sqlite:a.db", "sqlite://a.db?mode=rwc", "a.db"),
            ("sqlite:///srv/a.db", "sqlite:///srv/a.db?mode=rwc", "/srv/a.db"),
            ("sqlite://a%3Fb.db", "sqlite://a%3Fb.db?mode=rwc", "a?b.db"),
            (
                "sqlite:a.db?cache=private",
                "sqlite://a.db?mode=rwc&cache=private",
                "a.db",
            ),
            ("sqlite://a.db?mode=ro", "sqlite://a.db?mode=ro", "a.db"),
            (
                "sqlite://a.db?mode=rw&vfs=unix",
                "sqlite://a.db?mode=rw&vfs=unix",
                "a.db",
            ),
            (
                "sqlite://a.db?mode=ro&immutable=1",
                "sqlite://a.db?mode=ro&immutable=1",
                "a.db",
            ),
        ] {
            let read = read(url).map(|url| (url.for_driver, url.file));
            assert_eq!(read.ok(), Some((for_driver.to_owned(), file.to_owned())), "{url}");
        }
    }

    #[test]
    fn what_keeps_nothing_or_is_not_heeded_is_refused_by_name_and_without_its_value() {
        for (url, word) in [
            ("sqlite::memory:", "memory"),
            ("sqlite://:memory:", "memory"),
            ("sqlite://", "memory"),
            ("sqlite:", "memory"),
            ("sqlite://a.db?mode=memory", "memory"),
            ("sqlite://%3Amemory%3A", "memory"),
            ("sqlite:file:a.db", "file:"),
            ("sqlite://a.db?mode=hunter2", "`mode`"),
            ("sqlite://a.db?cache=hunter2", "`cache`"),
            ("sqlite://a.db?immutable=hunter2", "`immutable`"),
            ("sqlite://a.db?immutable=true", "mode=ro"),
            ("sqlite://a.db?mode=rwc&immutable=true", "mode=ro"),
            ("sqlite://a.db?journal=hunter2", "`journal`"),
            ("sqlite://a.db?Hunter2", "parameter"),
            ("sqlite://a%zzhunter2.db", "percent"),
        ] {
            let error = read(url).map_or_else(|error| error.to_string(), |read| format!("{read:?}"));
            assert!(
                error.contains(word) && !error.to_lowercase().contains("hunter2"),
                "{url}: {error}"
            );
        }
    }
}
