//! The rules of the architecture that a compiler doesn't hold: imports go down only, each file says what it is for, files stay
//! short, the README's links lead somewhere.
//!
//! Each rule is a function from text to faults, tried on small texts with a planted fault, then on the repository.
//! Deliberately absent: what a lint of the compiler or of clippy can say.

mod imports;

use std::{
    fs,
    path::{Path, PathBuf},
};

use self::imports::layering_faults;

/// What the crates that are pure may depend on, but for their tests: no databases, and, where the name does not say so, no
/// HTTP, async or clocks.
const PURE: [(&str, &[&str]); 5] = [
    ("keyset", &["base64", "case-folding", "crc32fast"]),
    ("crates/case-folding", &[]),
    (
        "crates/graphql-limits",
        &[
            "async-graphql-parser",
            "async-graphql-value",
            "serde_json",
            "thiserror",
        ],
    ),
    (
        "crates/graphql-transport-ws",
        &[
            "bytes",
            "futures-util",
            "http",
            "hyper",
            "hyper-util",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tokio-tungstenite",
        ],
    ),
    (
        "crates/http-server",
        &[
            "bytes",
            "http",
            "http-body",
            "hyper",
            "hyper-util",
            "tokio",
            "tracing",
        ],
    ),
];

/// The longest file under `src` and `crates`, in lines: one this long ought to be two. Files of unit tests are let off.
const LINES_CAP: usize = 400;

#[test]
fn imports_go_down_only() {
    let faults: Vec<String> = rust_files("src")
        .iter()
        .flat_map(|file| layering_faults(&below_src(file), &read(file)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn pure_crates_depend_on_nothing_but_what_is_listed() {
    for (folder, allowed) in PURE {
        let manifest = read(&root().join(folder).join("Cargo.toml"));
        let mut found = dependencies(&manifest);
        assert_eq!(found.is_empty(), allowed.is_empty(), "{folder}");
        found.retain(|name| !allowed.contains(name));
        assert!(found.is_empty(), "{folder}: {found:?}");
    }
}

#[test]
fn every_crate_below_crates_is_held_pure() {
    let entries = fs::read_dir(root().join("crates")).expect("a folder of the repository");
    for entry in entries {
        let name = entry.expect("an entry").file_name();
        let folder = format!("crates/{}", name.to_string_lossy());
        assert!(
            PURE.iter().any(|(pure, _)| *pure == folder),
            "{folder} is not listed"
        );
    }
}

#[test]
fn each_file_opens_with_what_it_is_for() {
    let files: Vec<PathBuf> = ["src", "crates", "keyset", "entity", "migration", "xtask", "tests"]
        .into_iter()
        .flat_map(rust_files)
        .collect();
    assert!(files.len() > 8, "only {} files found", files.len());
    let silent: Vec<_> = files
        .iter()
        .filter(|file| !read(file).starts_with("//! "))
        .collect();
    assert!(silent.is_empty(), "without `//!` on the first line: {silent:#?}");
}

#[test]
fn no_source_file_is_longer_than_the_cap() {
    let files = ["src", "crates"].into_iter().flat_map(rust_files);
    let is_test = |file: &PathBuf| {
        file.ends_with("tests.rs") || file.components().any(|part| part.as_os_str() == "tests")
    };
    let long: Vec<_> = files
        .filter(|file| !is_test(file) && read(file).lines().count() > LINES_CAP)
        .collect();
    assert!(long.is_empty(), "more than {LINES_CAP} lines: {long:#?}");
}

#[test]
fn links_of_the_readme_lead_to_files() {
    // There is nothing to hold as long as it isn't written.
    let Ok(readme) = fs::read_to_string(root().join("README.md")) else {
        return;
    };
    let broken: Vec<_> = relative_links(&readme)
        .into_iter()
        .filter(|link| !root().join(link).exists())
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The dependencies in a manifest, but those of tests.
fn dependencies(manifest: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut is_open = false;
    for line in manifest.lines().map(str::trim) {
        let name = if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            is_open = header.ends_with("dependencies") && !header.ends_with("dev-dependencies");
            header
                .split_once("dependencies.")
                .filter(|(start, _)| !start.ends_with("dev-"))
                .map_or("", |(_, name)| name)
        } else if is_open && !line.starts_with('#') {
            line.split(['.', '=', ' ']).next().unwrap_or_default()
        } else {
            ""
        };
        if !name.is_empty() {
            found.push(name);
        }
    }
    found
}

/// The targets of a Markdown text's links, but addresses and headings of the text itself.
fn relative_links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ', '#']).next())
        .filter(|link| !link.is_empty() && !link.contains(':'))
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn below_src(file: &Path) -> String {
    let path = file.strip_prefix(root().join("src")).expect("a file under src");
    path.to_str().expect("a plain name").replace('\\', "/")
}

/// The Rust files in a folder at the top of the repository, in all its folders.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default();
            if path.is_dir() && name != "node_modules" && name != "target" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort_unstable();
    files
}

mod rules {
    use super::*;

    #[test]
    fn dependencies_are_read_however_they_are_written_but_not_those_of_tests() {
        let plain = "[package]\nname = \"keyset\"\n[dependencies]\nbase64.workspace = true\nsea-orm = \"2\"\n[lints]\na = 1";
        assert_eq!(dependencies(plain), ["base64", "sea-orm"]);
        let table =
            "[dependencies.tokio]\nversion = \"1\"\n[target.'cfg(unix)'.dependencies]\nsqlx.workspace = true";
        assert_eq!(dependencies(table), ["tokio", "sqlx"]);
        let tests = "[dev-dependencies]\ntokio = \"1\"\n[dev-dependencies.sqlx]\nversion = \"0.9\"";
        assert!(dependencies(tests).is_empty());
    }

    #[test]
    fn links_are_read_without_addresses_and_headings() {
        let text = "[a](src/list.rs) [b](https://example.com/x) [c](#limits) ![d](docs/x.png \"title\") [e](LICENSE#top)";
        assert_eq!(relative_links(text), ["src/list.rs", "docs/x.png", "LICENSE"]);
    }
}
